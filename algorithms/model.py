"""A network in use: trained in float32, evaluated in what is fastest, and every pass charged.

To whom, `algorithms.budget.charging` says.
"""

from __future__ import annotations

import contextlib
import copy
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from algorithms.allocation import keep_freed_memory
from algorithms.budget import charged
from algorithms.evaluator import require_finite, with_score
from algorithms.networks import NETWORK_PLANES, Network, NetworkConfig, Outputs
from algorithms.symmetry import symmetries_by_size
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
    """FLOPs of one position on a board of side `size`: (forward, forward and backward).

    The backward pass is that of all heads there are.
    """
    with torch.random.fork_rng(devices=[]):  # whoever asks first must not play otherwise for it
        network = Network(config)
    planes = torch.zeros(1, len(NETWORK_PLANES), size, size)
    with FlopCounterMode(display=False) as forward, torch.no_grad():
        network(planes)
    with FlopCounterMode(display=False) as both, torch.enable_grad():
        sum(out.sum() for out in network(planes, auxiliary=True) if out is not None).backward()
    return forward.get_total_flops(), both.get_total_flops()


class Model:
    """A network and its copy for inference.

    Args:
        config: shape of the network.
        seed: of the initial weights.
        device: where it computes; by default the GPU if there is one.
        averaging: if above 0, players have an average of the weights over training, which keeps
            this share of itself at each update (as KataGo's players have); 0: the latest weights.
        compiled: whether inference goes through `torch.compile`.

    Raises:
        ValueError: there is no C++ compiler, which compiled inference needs on a CPU.
    """

    def __init__(
        self,
        config: NetworkConfig,
        seed: int = 0,
        device: torch.device | None = None,
        averaging: float = 0.0,
        compiled: bool = False,
    ) -> None:
        self.config = config
        self.device = default_device() if device is None else device
        if self.device.type == "cpu":
            keep_freed_memory()
        self.dtype = fast_dtype(self.device)
        self.averaging = averaging
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = Network(config)
        self.network = network.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._average = copy.deepcopy(self.network).requires_grad_(False) if averaging else None
        self._inference = copy.deepcopy(self.network).to(self.dtype).eval().requires_grad_(False)
        self._judge: Callable[..., Outputs] = self._inference
        if compiled:
            compiler = os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++")
            if self.device.type == "cpu" and shutil.which(compiler) is None:
                raise ValueError(f"compile: there is no C++ compiler {compiler!r} on this machine")
            # Batches vary a little in size: one program for all of them.
            self._judge = torch.compile(self._inference, dynamic=True)
        self._stale = self._held = False

    def evaluate(
        self, planes: np.ndarray, padded: bool = False, score_weight: float = 0.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Policy logits float32 [B, A] and values float32 [B] in [-1, 1]; charged.

        Args:
            planes: `NETWORK_PLANES`, [B, 5, N, N].
            padded: whether some boards are smaller than the array.
            score_weight: share of the score in a value, see `with_score`; above 0 only with
                auxiliary heads.

        Raises:
            NotFiniteError: the network says no numbers, as one whose training diverged.
        """
        self.refresh()
        inputs = torch.from_numpy(planes).to(self.device, self.dtype)
        with torch.inference_mode():
            inputs = inputs.contiguous(memory_format=torch.channels_last)
            out = self._judge(inputs, padded, auxiliary=score_weight > 0)
            logits = out.policy.float().cpu().numpy()
            values = torch.tanh(out.value.float() / 2).cpu().numpy()
            if out.score is not None:
                sides = out.score.float().cpu().numpy()
                values = with_score(values, sides, np.float32(score_weight))
        require_finite(logits, values)
        ledger = charged()
        if ledger is not None:
            forward, _ = flops_per_position(self.config, planes.shape[-1])
            ledger.charge_evaluations(len(planes), forward)
        return logits, values

    def forward(self, planes: Tensor, padded: bool = False) -> Outputs:
        """What the network says, auxiliary outputs included, with gradients, in float32; charged.

        Gradients are expected to be taken once.
        """
        on_device = planes.to(self.device).contiguous(memory_format=torch.channels_last)
        with self._autocast():
            out = self.network(on_device, padded, auxiliary=True)
        ledger = charged()
        if ledger is not None:
            _, both = flops_per_position(self.config, planes.shape[-1])
            ledger.charge_samples(len(planes), both)
        ownership = None if out.ownership is None else out.ownership.float()
        score = None if out.score is None else out.score.float()
        return Outputs(out.policy.float(), out.value.float(), ownership, score)

    def updated(self) -> None:
        """Take note that the network's weights have changed by a step of training."""
        self._stale = True
        if self._average is not None:
            with torch.no_grad():
                average = list(self._average.parameters())
                torch._foreach_lerp_(average, list(self.network.parameters()), 1 - self.averaging)

    def refresh(self) -> None:
        """Bring the copy for inference up to date, but not while it is `held`."""
        if not self._stale or self._held:
            return
        with torch.no_grad():
            source = self.network if self._average is None else self._average
            pairs = zip(self._inference.parameters(), source.parameters(), strict=True)
            for target, weights in pairs:
                target.copy_(weights)
        self._stale = False

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Evaluate with the weights of now, whatever training does to the network meanwhile."""
        self.refresh()
        self._held = True
        try:
            yield
        finally:
            self._held = False

    def state_dict(self) -> dict[str, Tensor]:
        """A copy of the player's weights, under the network's names."""
        return _copied(self.network if self._average is None else self._average)

    def load_state_dict(self, weights: dict[str, Tensor]) -> None:
        """Take over weights; their names and shapes must fit the network's."""
        self.network.load_state_dict(weights)
        if self._average is not None:
            self._average.load_state_dict(weights)
        self._stale = True

    def trained_weights(self) -> dict[str, Tensor]:
        """The weights that training goes on from, where those of the player are an average."""
        return {} if self._average is None else _copied(self.network)

    def load_trained_weights(self, weights: dict[str, Tensor]) -> None:
        """Take over what `trained_weights` returned, after `load_state_dict`."""
        if weights:
            self.network.load_state_dict(weights)

    def _autocast(self) -> contextlib.AbstractContextManager:
        if self.dtype == torch.float32:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, self.dtype)


def _copied(network: Network) -> dict[str, Tensor]:
    weights = network.state_dict()
    return {name: value.detach().to("cpu", copy=True) for name, value in weights.items()}


class NetworkEvaluator:
    """The `Evaluator` of a model.

    Args:
        model: the network.
        score_weight: share of the score in a value; see `SearchConfig`.
        symmetries: K, in how many of the board's eight symmetries a position is evaluated; logits
            and values are means over them.

    Raises:
        ValueError: the network has no head for the score, and it is asked for.
    """

    def __init__(self, model: Model, score_weight: float = 0.0, symmetries: int = 1):
        if score_weight > 0 and not model.config.auxiliary:
            raise ValueError("score_weight: this network has no auxiliary head for the score")
        self.model, self._score_weight, self._symmetries = model, score_weight, symmetries

    def evaluate(self, batch: GoBatch, games: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Evaluator`."""
        padded = bool((batch.sizes < batch.max_size).any())
        planes = observe(batch, games)
        if self._symmetries == 1:
            return self.model.evaluate(planes, padded, self._score_weight)
        count, turns = len(games), self._symmetries
        indices = symmetries_by_size(batch.max_size)[batch.sizes[games], :turns]  # [n, K, A]
        flat = planes.reshape(count, 1, len(NETWORK_PLANES), batch.num_actions - 1)
        turned = np.take_along_axis(flat, indices[:, :, None, :-1], axis=3)
        logits, values = self.model.evaluate(
            turned.reshape(count * turns, *planes.shape[1:]), padded, self._score_weight
        )
        back = np.empty((count, turns, batch.num_actions), np.float32)
        np.put_along_axis(back, indices, logits.reshape(back.shape), axis=2)
        return back.mean(axis=1), values.reshape(count, turns).mean(axis=1)

    def seed(self, rng: np.random.Generator) -> None:
        """There is nothing random."""


def observe(batch: GoBatch, games: np.ndarray) -> np.ndarray:
    """`NETWORK_PLANES` of some games, float32 [n, C, N, N]."""
    planes = np.empty((len(games), *_VIEW.shape(batch.max_size)), np.float32)
    flat = planes.reshape(len(games), len(NETWORK_PLANES) * (batch.num_actions - 1))
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
