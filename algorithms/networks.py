"""Networks: one set of weights for every board size, with heads for policy, value and more.

The trunk is a residual tower with global pooling (the default), a plain residual tower, or a
transformer over the points of the board. Pooling after KataGo (Wu 2019, "Accelerating
Self-Play Learning in Go", section 3.3 and appendix A): it lets distant parts of the board affect
each other within one block, and makes the heads independent of the board's size. There is no
batch normalisation: the last convolution of each block begins at zero instead, so that the tower
begins as the identity (Zhang et al. 2019, "Fixup"), and a position's output does not depend on
its batch.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from algorithms.frozen import Frozen
from goenv.rules import MAX_SIZE

# Planes that every network reads, in this order. The first three sum to the mask of the board.
NETWORK_PLANES = ("own", "opponent", "empty", "komi", "legal")


class NetworkConfig(Frozen):
    """Shape of the network."""

    trunk: Literal["pooling", "residual", "transformer"] = Field(
        "pooling", description="pooling: residual tower with global pooling; residual; transformer"
    )
    blocks: int = Field(3, ge=1, le=80, description="residual or attention blocks")
    channels: int = Field(32, ge=4, le=1024, description="channels of the trunk")
    pooling_every: int = Field(
        2, ge=1, description="in a pooling trunk every k-th block pools, the first is one"
    )
    attention_heads: int = Field(4, ge=1, le=64, description="of a transformer; divide channels")
    head_channels: int = Field(16, ge=1, le=512, description="channels of the heads")
    separate: bool = Field(False, description="a trunk of its own for the value")
    auxiliary: bool = Field(
        True,
        description="heads for the final ownership and score: further targets, and what a "
        "score_weight of the search asks for",
    )

    @model_validator(mode="after")
    def _heads_divide(self) -> NetworkConfig:
        if self.trunk == "transformer" and self.channels % self.attention_heads:
            raise ValueError(
                f"attention_heads must divide channels, {self.channels}; got {self.attention_heads}"
            )
        return self


class Outputs(NamedTuple):
    """What a network says of B positions, from the side of the player to move.

    Attributes:
        policy: logits [B, A]; the last is the pass; illegal moves are not masked here.
        value: the value as a logit [B]: the win probability is its sigmoid, so the value in [-1, 1]
            is tanh(logit / 2).
        ownership: logits [B, N, N] that a point ends as own area; None without auxiliary heads.
        score: final score in points over the side of the board, [B]; None likewise.
    """

    policy: Tensor
    value: Tensor
    ownership: Tensor | None = None
    score: Tensor | None = None


def pool(features: Tensor, mask: Tensor | None) -> Tensor:
    """Global features [B, 3C] of [B, C, N, N]: mean, mean scaled by the side, and maximum.

    Args:
        features: feature maps, zero off the board.
        mask: [B, 1, N, N], 1 on the board; None if every point of the array is on it.
    """
    if mask is None:
        area: Tensor | int = features.shape[-1] ** 2
        scale: Tensor | float = (features.shape[-1] - 9) / 10
        on_board = features
    else:
        area = mask.sum(dim=(2, 3))
        scale = (area.sqrt() - 9) / 10
        # Off the board subtract much, so that the maximum is one of the board's.
        on_board = features - 1e4 * (1 - mask)
    mean = features.sum(dim=(2, 3)) / area
    # This operator is several times as fast as amax over two dimensions.
    largest = F.adaptive_max_pool2d(on_board, 1).flatten(1)
    return torch.cat([mean, mean * scale, largest], dim=1)


def _masked(features: Tensor, mask: Tensor | None) -> Tensor:
    return features if mask is None else features * mask


class Block(nn.Module):
    """Two 3x3 convolutions beside a skip connection, with or without global pooling between."""

    def __init__(self, channels: int, pooling: bool):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.pooled = nn.Linear(3 * channels, channels) if pooling else None
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """[B, C, N, N] to the same."""
        y = F.relu(self.first(x))
        if self.pooled is not None:
            y = y + self.pooled(pool(_masked(y, mask), mask))[:, :, None, None]
            y = F.relu(y)
        x = F.relu(x + self.second(_masked(y, mask)))
        return _masked(x, mask)


class AttentionBlock(nn.Module):
    """Attention among all points of the board, then two layers at each of them (pre-norm).

    Attention adds a learned bias by how far two points lie apart in rows and in columns, so it
    fits boards of every size (as relative positions in Liu et al. 2021, "Swin Transformer").
    """

    def __init__(self, channels: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(channels)
        self.attend = nn.Linear(channels, 3 * channels)
        self.project = nn.Linear(channels, channels)
        self.bias = nn.Parameter(torch.zeros(heads, 2 * MAX_SIZE - 1, 2 * MAX_SIZE - 1))
        self.norm_point = nn.LayerNorm(channels)
        self.widen = nn.Linear(channels, 2 * channels)
        self.narrow = nn.Linear(2 * channels, channels)
        for layer in (self.project, self.narrow):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """[B, C, N, N] to the same."""
        batch, channels, size, _ = x.shape
        points = x.flatten(2).transpose(1, 2)
        shape = (batch, size * size, 3, self.heads, channels // self.heads)
        query, key, value = self.attend(self.norm(points)).view(shape).permute(2, 0, 3, 1, 4)
        bias = self._bias(size).to(query.dtype)[None]
        if mask is not None:
            bias = bias - 1e4 * (1 - mask.flatten(2)[:, :, None, :]).to(query.dtype)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        points = points + self.project(mixed.transpose(1, 2).flatten(2))
        points = points + self.narrow(F.gelu(self.widen(self.norm_point(points))))
        x = points.transpose(1, 2).reshape(batch, channels, size, size)
        return _masked(x, mask)

    def _bias(self, size: int) -> Tensor:
        """[heads, P, P]: what is added for a pair of points."""
        rows = torch.arange(size, device=self.bias.device).repeat_interleave(size)
        columns = torch.arange(size, device=self.bias.device).repeat(size)
        down = rows[:, None] - rows[None] + MAX_SIZE - 1
        right = columns[:, None] - columns[None] + MAX_SIZE - 1
        return self.bias[:, down, right]


class Trunk(nn.Module):
    """From planes [B, 5, N, N] to features [B, C, N, N]."""

    def __init__(self, config: NetworkConfig):
        super().__init__()
        self.stem = nn.Conv2d(len(NETWORK_PLANES), config.channels, 3, padding=1)
        self.blocks = nn.ModuleList()
        for index in range(config.blocks):
            if config.trunk == "transformer":
                self.blocks.append(AttentionBlock(config.channels, config.attention_heads))
            else:
                pooling = config.trunk == "pooling" and index % config.pooling_every == 0
                self.blocks.append(Block(config.channels, pooling))

    def forward(self, planes: Tensor, mask: Tensor | None) -> Tensor:
        """See the class."""
        x = _masked(F.relu(self.stem(planes)), mask)
        for block in self.blocks:
            x = block(x, mask)
        return x


class PolicyHead(nn.Module):
    """Features to logits [B, A]."""

    def __init__(self, channels: int, width: int):
        super().__init__()
        self.features = nn.Conv2d(channels, width, 1)
        self.pooled = nn.Linear(3 * width, width)
        self.points = nn.Conv2d(width, 1, 1)
        self.passing = nn.Linear(3 * width, 1)
        _begin_small(self.points, self.passing)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """See the class."""
        features = _masked(F.relu(self.features(x)), mask)
        pooled = pool(features, mask)
        features = F.relu(features + self.pooled(pooled)[:, :, None, None])
        return torch.cat([self.points(features).flatten(1), self.passing(pooled)], dim=1)


class ValueHead(nn.Module):
    """Features to a value logit [B], and to ownership [B, N, N] and score [B] if asked for."""

    def __init__(self, channels: int, width: int, auxiliary: bool):
        super().__init__()
        self.features = nn.Conv2d(channels, width, 1)
        self.hidden = nn.Linear(3 * width, 2 * width)
        self.value = nn.Linear(2 * width, 1)
        self.score = nn.Linear(2 * width, 1) if auxiliary else None
        self.ownership = nn.Conv2d(width, 1, 1) if auxiliary else None
        _begin_small(*filter(None, (self.value, self.score, self.ownership)))

    def forward(
        self, x: Tensor, mask: Tensor | None, auxiliary: bool
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """Value, ownership and score; see the class."""
        features = _masked(F.relu(self.features(x)), mask)
        hidden = F.relu(self.hidden(pool(features, mask)))
        value = self.value(hidden).squeeze(1)
        if not auxiliary or self.ownership is None or self.score is None:
            return value, None, None
        return value, self.ownership(features).squeeze(1), self.score(hidden).squeeze(1)


def _begin_small(*layers: nn.Module) -> None:
    """Begin with an even policy, a value of one half, and nothing to say of the rest."""
    for layer in layers:
        nn.init.normal_(layer.weight, std=0.01)  # type: ignore[arg-type]
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]


class Network(nn.Module):
    """Policy, value and auxiliary outputs of positions; see `Outputs`."""

    def __init__(self, config: NetworkConfig):
        super().__init__()
        self.config = config
        self.trunk = Trunk(config)
        self.value_trunk = Trunk(config) if config.separate else None
        self.policy_head = PolicyHead(config.channels, config.head_channels)
        self.value_head = ValueHead(config.channels, config.head_channels, config.auxiliary)

    def forward(self, planes: Tensor, padded: bool = False, auxiliary: bool = False) -> Outputs:
        """Judge positions.

        Args:
            planes: `NETWORK_PLANES`, [B, 5, N, N].
            padded: whether some boards are smaller than the array; masks then keep the padding
                out of the result.
            auxiliary: whether to give ownership and score as well.
        """
        mask = planes[:, :3].sum(dim=1, keepdim=True) if padded else None
        x = self.trunk(planes, mask)
        policy = self.policy_head(x, mask)
        if self.value_trunk is not None:
            x = self.value_trunk(planes, mask)
        return Outputs(policy, *self.value_head(x, mask, auxiliary))


def parameter_count(network: nn.Module) -> int:
    """Number of trainable parameters."""
    return sum(parameter.numel() for parameter in network.parameters())
