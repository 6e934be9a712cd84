"""Games that a fixed policy plays against itself, with all that studies ask of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from algorithms.checkpoint import load_weights
from algorithms.model import Model, observe
from algorithms.networks import NetworkConfig
from algorithms.search import Search
from algorithms.shipped import locate
from baselines.agent import sample_actions
from goenv import GoBatch, Rules

Tell = Callable[[float], None]
"""Told often what share of a piece of work is done, 0 to 1; what it raises ends the work."""


def in_silence(share: float) -> None:
    """A `Tell` to whom nobody listens."""


def part_of(tell: Tell, number: int, parts: int) -> Tell:
    """For part `number` of so many equal ones: tells of the whole when told of the part."""
    return lambda share: tell((number + share) / parts)


@dataclass(frozen=True)
class PlayedGames:
    """G games of up to T moves, M moves in all, in the order in which they were played.

    Attributes:
        planes: float32 [M, C, N, N], the position before each move.
        game: int64 [M], which game.
        at: int64 [M], number of the move in its game.
        action: int64 [M].
        colour: int8 [M], who moved.
        allowed: bool [M, A], the actions that the policy could draw.
        target: float32 [M, A], what a search of the position made of the policy; [M, 0] without.
        length: int64 [G].
        outcome: float64 [G], Black's.
        lead: float64 [G, T + 1], Black's area less White's before the first move and after each;
            constant past the end.
    """

    planes: np.ndarray
    game: np.ndarray
    at: np.ndarray
    action: np.ndarray
    colour: np.ndarray
    allowed: np.ndarray
    target: np.ndarray
    length: np.ndarray
    outcome: np.ndarray
    lead: np.ndarray

    def table(self, values: np.ndarray) -> np.ndarray:
        """Numbers of moves [M] by game and place in it, float64 [G, T], 0 past the end."""
        spread = np.zeros((len(self.length), int(self.length.max())))
        spread[self.game, self.at] = values
        return spread

    def moves_of(self, game: int) -> np.ndarray:
        """The moves of one game, in order, int64."""
        return np.flatnonzero(self.game == game)


def make_policy(name: str) -> Model:
    """The network of a policy: a fresh small one for ``"untrained"``, or that of a player.

    Args:
        name: ``"untrained"``, or what `algorithms.shipped.locate` finds, such as ``az:5``.
    """
    if name == "untrained":
        return Model(NetworkConfig(blocks=3, channels=32, head_channels=16), seed=0)
    return load_weights(locate(name))[0]


def log_policy(model: Model, planes: Tensor, allowed: Tensor) -> Tensor:
    """Log-probabilities float32 [B, A] over the allowed actions, at full precision."""
    logits = model.network(planes.to(model.device)).policy
    return logits.masked_fill(~allowed.to(model.device), -1e9).log_softmax(dim=1)


def play(
    model: Model,
    rules: Rules,
    games: int,
    rng: np.random.Generator,
    passes: bool = True,
    search: Search | None = None,
    opening: int = 0,
    tell: Tell = in_silence,
    start: GoBatch | None = None,
    first: np.ndarray | None = None,
) -> PlayedGames:
    """Let the policy of a network play both sides, its moves drawn at temperature 1.

    Args:
        model: the network.
        rules: of the games; `max_moves` must be set.
        games: how many.
        rng: of all draws.
        passes: whether the policy may pass where it has another move. If not, games last
            `max_moves` moves, those of the opening included.
        search: asked for a target in every position; its pass counts for nothing without `passes`.
        opening: moves drawn evenly that come before; they are no moves of the policy's.
        tell: told before each move the share of `max_moves` that is played.
        start: where games begin, by the same rules; None: the empty board.
        first: actions int [games] with which they begin; None: those of the policy.
    """
    assert rules.max_moves is not None
    seed = int(rng.integers(2**63))
    batch = GoBatch(games, rules, seed) if start is None else start.clone()
    parts = []
    length = np.zeros(games, np.int64)
    for _ in range(opening):
        legal = batch.legal_actions()
        legal[:, -1] = ~legal[:, :-1].any(axis=1)
        batch.step(np.argmax(legal * rng.random(legal.shape), axis=1))
    most = rules.max_moves - opening
    lead = np.repeat((batch.score() + batch.komi)[:, None], most + 1, axis=1)
    for ply in range(most):
        tell(ply / most)
        running = np.flatnonzero(~batch.done)
        if len(running) == 0:
            break
        legal = batch.legal_actions()
        if not passes:
            legal[:, -1] = ~legal[:, :-1].any(axis=1)
        planes, allowed = observe(batch, running), legal[running]
        with torch.no_grad():
            logits = log_policy(model, torch.from_numpy(planes), torch.from_numpy(allowed))
        chosen = sample_actions(logits.cpu().numpy(), rng)
        if first is not None and ply == 0:
            chosen = first
        target = np.zeros((len(running), 0), np.float32)
        if search is not None:
            found = np.where(allowed, search.run(batch, rng).policy[running], 0)
            total = found.sum(axis=1, keepdims=True)
            # A search that wants nothing but the forbidden pass has nothing to teach.
            even = allowed / allowed.sum(axis=1, keepdims=True)
            target = np.where(total > 0, found / np.maximum(total, 1e-9), even).astype(np.float32)
        at, colour = length[running].copy(), batch.to_play[running]
        parts.append((planes, running, at, chosen, colour, allowed, target))
        actions = np.full(games, batch.num_actions - 1)
        actions[running] = chosen
        length[running] += 1
        batch.step(actions)
        lead[:, ply + 1 :] = (batch.score() + batch.komi)[:, None]
    planes, game, at, action, colour, allowed, target = map(
        np.concatenate, zip(*parts, strict=True)
    )
    return PlayedGames(
        planes=planes,
        game=game,
        at=at,
        action=action,
        colour=colour,
        allowed=allowed,
        target=target,
        length=length,
        outcome=batch.outcome().astype(np.float64),
        lead=lead[:, : length.max() + 1],
    )


def log_policy_in(model: Model, played: PlayedGames) -> np.ndarray:
    """Log-probabilities float32 [M, A] over the allowed actions in the positions of games."""
    planes, allowed = torch.from_numpy(played.planes), torch.from_numpy(played.allowed)
    with torch.no_grad():
        return log_policy(model, planes, allowed).cpu().numpy()


def early_passes(log_pi: np.ndarray, played: PlayedGames) -> float:
    """The share of early positions in which a policy's likeliest move is a pass.

    Early are the first N² / 2 moves of a game, when there is still much to win.

    Args:
        log_pi: the policy in the positions of the games, see `log_policy_in`.
        played: the games.
    """
    points = played.planes.shape[-1] ** 2
    return float((log_pi[played.at < points // 2].argmax(axis=1) == points).mean())


def fit_values(
    model: Model, played: PlayedGames, steps: int, rng: np.random.Generator, batch_size: int = 512
) -> float:
    """Train a network's value on the outcomes of games, for whoever is to move.

    Returns:
        The mean loss of the last tenth of the steps, nats; knowing nothing is worth 0.693.
    """
    optimiser = torch.optim.AdamW(model.network.parameters(), lr=2e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    won = ((1 + played.colour * played.outcome[played.game]) / 2).astype(np.float32)
    losses = []
    for _ in range(steps):
        chosen = rng.integers(len(won), size=batch_size)
        out = model.forward(torch.from_numpy(played.planes[chosen]))
        goal = torch.from_numpy(won[chosen]).to(out.value.device)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(out.value, goal)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        model.updated()
        losses.append(loss.item())
    return float(np.mean(losses[-max(1, steps // 10) :]))


def log_policy_of(model: Model, batch: GoBatch) -> np.ndarray:
    """Log-probabilities float64 [B, A] in the games of a batch, all running."""
    planes = torch.from_numpy(observe(batch, np.arange(len(batch))))
    with torch.no_grad():
        logs = log_policy(model, planes, torch.from_numpy(batch.legal_actions()))
    return logs.double().cpu().numpy()


def values_of(model: Model, played: PlayedGames, batch_size: int = 4096) -> np.ndarray:
    """Values float64 [M] of the positions for whoever is to move, in [-1, 1]."""
    parts = [
        model.evaluate(played.planes[first : first + batch_size])[1]
        for first in range(0, len(played.planes), batch_size)
    ]
    return np.concatenate(parts).astype(np.float64)
