"""The network: a residual tower with global pooling, one set of weights for every board size.

After KataGo (Wu 2019, "Accelerating Self-Play Learning in Go", section 3.3 and appendix A):
global pooling lets distant parts of the board affect each other within one block, and makes the
heads independent of the board's size. There is no batch normalisation: the last convolution of
each block begins at zero instead, so that the tower begins as the identity (Zhang et al. 2019,
"Fixup"), and a position's output does not depend on its batch.
"""

from __future__ import annotations

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn import functional as F

# Planes that every network reads, in this order. The first three sum to the mask of the board.
NETWORK_PLANES = ("own", "opponent", "empty", "komi", "legal")


class NetworkConfig(BaseModel):
    """Shape of the network."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    blocks: int = Field(3, ge=1, le=80, description="residual blocks")
    channels: int = Field(32, ge=4, le=1024, description="channels of the tower")
    pooling_every: int = Field(
        2, ge=0, description="every k-th block pools globally, the first is one; 0: none does"
    )
    head_channels: int = Field(16, ge=1, le=512, description="channels of the two heads")


def pool(features: Tensor, mask: Tensor | None) -> Tensor:
    """Global features [B, 3C] of [B, C, N, N]: mean, mean scaled by the side, and maximum.

    Args:
        features: feature maps, zero off the board.
        mask: [B, 1, N, N], 1 on the board; None if every point of the array is on it.
    """
    if mask is None:
        # The pooling operators are ten times as fast as mean and amax over two dimensions.
        mean = F.adaptive_avg_pool2d(features, 1).flatten(1)
        largest = F.adaptive_max_pool2d(features, 1).flatten(1)
        return torch.cat([mean, mean * ((features.shape[-1] - 9) / 10), largest], dim=1)
    area = mask.sum(dim=(2, 3))
    mean = features.sum(dim=(2, 3)) / area
    scaled = mean * ((area.sqrt() - 9) / 10)
    # Off the board subtract much, so that the maximum is one of the board's.
    largest = F.adaptive_max_pool2d(features - 1e4 * (1 - mask), 1).flatten(1)
    return torch.cat([mean, scaled, largest], dim=1)


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
            y = y + self.pooled(pool(y if mask is None else y * mask, mask))[:, :, None, None]
            y = F.relu(y)
        if mask is not None:
            y = y * mask
        x = F.relu(x + self.second(y))
        return x if mask is None else x * mask


class Network(nn.Module):
    """Policy logits and value of a position.

    Input planes are `NETWORK_PLANES`, [B, 5, N, N]. Output: policy logits [B, N * N + 1] (the
    last is the pass; illegal moves are not masked here) and the value as a logit [B]: the win
    probability of the player to move is its sigmoid, so the value in [-1, 1] is tanh(logit / 2).
    """

    def __init__(self, config: NetworkConfig):
        super().__init__()
        self.config = config
        channels, heads = config.channels, config.head_channels
        self.stem = nn.Conv2d(len(NETWORK_PLANES), channels, 3, padding=1)
        every = config.pooling_every
        self.blocks = nn.ModuleList(
            Block(channels, pooling=every > 0 and index % every == 0)
            for index in range(config.blocks)
        )
        self.policy_features = nn.Conv2d(channels, heads, 1)
        self.policy_pooled = nn.Linear(3 * heads, heads)
        self.policy_points = nn.Conv2d(heads, 1, 1)
        self.policy_pass = nn.Linear(3 * heads, 1)
        self.value_features = nn.Conv2d(channels, heads, 1)
        self.value_hidden = nn.Linear(3 * heads, 2 * heads)
        self.value_out = nn.Linear(2 * heads, 1)
        # Begin with an even policy and a value of one half.
        for layer in (self.policy_points, self.policy_pass, self.value_out):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, planes: Tensor, padded: bool = False) -> tuple[Tensor, Tensor]:
        """Policy logits [B, A] and value logits [B].

        Args:
            planes: [B, 5, N, N].
            padded: whether some boards are smaller than the array; masks then keep the padding
                out of the result.
        """
        mask = planes[:, :3].sum(dim=1, keepdim=True) if padded else None
        x = F.relu(self.stem(planes))
        if mask is not None:
            x = x * mask
        for block in self.blocks:
            x = block(x, mask)

        policy = F.relu(self.policy_features(x))
        if mask is not None:
            policy = policy * mask
        pooled = pool(policy, mask)
        policy = F.relu(policy + self.policy_pooled(pooled)[:, :, None, None])
        points = self.policy_points(policy).flatten(1)
        logits = torch.cat([points, self.policy_pass(pooled)], dim=1)

        value = F.relu(self.value_features(x))
        if mask is not None:
            value = value * mask
        hidden = F.relu(self.value_hidden(pool(value, mask)))
        return logits, self.value_out(hidden).squeeze(1)


def parameter_count(network: nn.Module) -> int:
    """Number of trainable parameters."""
    return sum(parameter.numel() for parameter in network.parameters())
