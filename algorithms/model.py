"""A network in use: trained in float32, evaluated in what is fastest, and every pass charged."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from algorithms.budget import Ledger
from algorithms.networks import NETWORK_PLANES, Network, NetworkConfig
from goenv import GoBatch
from goenv.observations import observe_selected, read_view
from goenv.threads import for_games

_VIEW = read_view(NETWORK_PLANES, np.float32)
_LEGAL = NETWORK_PLANES.index("legal")


def default_device() -> torch.device:
    """The GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def fast_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where the hardware computes in it, else float32."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    has_bf16 = any(
        getattr(torch.cpu, name, bool)()
        for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    )
    return torch.bfloat16 if has_bf16 else torch.float32


@cache
def flops_per_position(config: NetworkConfig, size: int) -> tuple[int, int]:
    """FLOPs of one position on a board of side `size`: (forward, forward and backward)."""
    network = Network(config)
    planes = torch.zeros(1, len(NETWORK_PLANES), size, size)
    with FlopCounterMode(display=False) as forward, torch.no_grad():
        network(planes)
    with FlopCounterMode(display=False) as both:
        logits, values = network(planes)
        (logits.sum() + values.sum()).backward()
    return forward.get_total_flops(), both.get_total_flops()


class Model:
    """A network, its copy for inference, and the ledger that both charge.

    Args:
        config: shape of the network.
        seed: of the initial weights.
        device: where it computes; by default the GPU if there is one.
    """

    def __init__(
        self, config: NetworkConfig, seed: int = 0, device: torch.device | None = None
    ) -> None:
        self.config = config
        self.device = default_device() if device is None else device
        self.dtype = fast_dtype(self.device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = Network(config)
        self.network = network.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._inference = copy.deepcopy(self.network).to(self.dtype).eval().requires_grad_(False)
        self._stale = False
        self._ledger: Ledger | None = None

    @contextlib.contextmanager
    def charging(self, ledger: Ledger) -> Iterator[None]:
        """Within this context every pass is charged to `ledger`; outside it, to nobody."""
        self._ledger, before = ledger, self._ledger
        try:
            yield
        finally:
            self._ledger = before

    def evaluate(self, planes: np.ndarray, padded: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Policy logits float32 [B, A] and values float32 [B] in [-1, 1]; charged.

        Args:
            planes: `NETWORK_PLANES`, [B, 5, N, N].
            padded: whether some boards are smaller than the array.
        """
        if self._stale:
            self._refresh()
        inputs = torch.from_numpy(planes).to(self.device, self.dtype)
        with torch.inference_mode():
            logits, values = self._inference(
                inputs.contiguous(memory_format=torch.channels_last), padded
            )
            values = torch.tanh(values.float() / 2)
            result = logits.float().cpu().numpy(), values.cpu().numpy()
        if self._ledger is not None:
            forward, _ = flops_per_position(self.config, planes.shape[-1])
            self._ledger.charge_evaluations(len(planes), forward)
        return result

    def forward(self, planes: Tensor, padded: bool = False) -> tuple[Tensor, Tensor]:
        """Policy logits [B, A] and value logits [B] with gradients, in float32; charged.

        Gradients are expected to be taken once. See `Network` for the meaning of the value logit.
        """
        on_device = planes.to(self.device).contiguous(memory_format=torch.channels_last)
        with self._autocast():
            logits, values = self.network(on_device, padded)
        self._stale = True
        if self._ledger is not None:
            _, both = flops_per_position(self.config, planes.shape[-1])
            self._ledger.charge_samples(len(planes), both)
        return logits.float(), values.float()

    def state_dict(self) -> dict[str, Tensor]:
        """A copy of the weights, under the network's names."""
        weights = self.network.state_dict()
        return {name: value.detach().to("cpu", copy=True) for name, value in weights.items()}

    def load_state_dict(self, weights: dict[str, Tensor]) -> None:
        """Take over weights; their names and shapes must fit the network's."""
        self.network.load_state_dict(weights)
        self._stale = True

    def _autocast(self) -> contextlib.AbstractContextManager:
        if self.dtype == torch.float32:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, self.dtype)

    def _refresh(self) -> None:
        with torch.no_grad():
            pairs = zip(self._inference.parameters(), self.network.parameters(), strict=True)
            for target, source in pairs:
                target.copy_(source)
        self._stale = False


class NetworkEvaluator:
    """The `Evaluator` of a model."""

    def __init__(self, model: Model):
        self.model = model

    def evaluate(self, batch: GoBatch, games: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Evaluator`."""
        padded = bool((batch.sizes < batch.max_size).any())
        return self.model.evaluate(observe(batch, games), padded)

    def seed(self, rng: np.random.Generator) -> None:
        """There is nothing random."""


def observe(batch: GoBatch, games: np.ndarray) -> np.ndarray:
    """`NETWORK_PLANES` of some games, float32 [n, C, N, N]."""
    planes = np.empty((len(games), *_VIEW.shape(batch.max_size)), np.float32)
    flat = planes.reshape(len(games), -1)
    arguments = (*batch.games, np.asarray(games, np.int64), _VIEW.codes, flat, False)
    for_games(observe_selected, len(games), batch.num_actions, *arguments)
    return planes


def masked_log_policy(logits: Tensor, planes: Tensor) -> Tensor:
    """Log-probabilities [B, A] over the legal actions, which the planes name; illegal: -inf-like.

    Args:
        logits: [B, A].
        planes: `NETWORK_PLANES`, [B, 5, N, N]; the pass is legal.
    """
    illegal = planes[:, _LEGAL].flatten(1) < 0.5
    illegal = F.pad(illegal, (0, 1), value=False)
    # A large negative number in place of -inf: 0 * -inf would poison the loss.
    return F.log_softmax(logits.masked_fill(illegal.to(logits.device), -1e9), dim=1)
