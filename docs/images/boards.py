"""Draws the boards of docs/rendering.md, beside this file: ``python docs/images/boards.py``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import goenv
from goenv.coordinates import COLUMNS
from goenv.raster import load_pygame

SIZE = 9
GAME = "E5 G6 C4 G4 E7 G7 C6 F3 E3 E2 D2 F2 F8 G8 F5 G5 D3 F7 E8 H9 F9"
MOVES = GAME.split()
PLAYOUTS = 4000


def action_of(name: str) -> int:
    """The action with a name such as ``"E5"``."""
    return (SIZE - int(name[1:])) * SIZE + COLUMNS.index(name[0])


def main() -> None:
    """Write board.svg, board_heat.svg, board_ownership.svg and rgb_array.png."""
    folder = Path(__file__).parent
    batch = goenv.GoBatch(1, goenv.Rules(size=SIZE, komi=7.0))
    for name in MOVES:
        batch.step(np.array([action_of(name)]))

    ends = batch.take([0] * PLAYOUTS)
    ends.seed(1)
    ends.play_out()
    ownership = ends.boards().mean(axis=0)

    # How often random playouts are won after each move, made into a policy.
    legal = np.flatnonzero(batch.legal_actions()[0])
    tries = batch.take(np.zeros(len(legal) * PLAYOUTS, int))
    tries.seed(2)
    mover = int(batch.to_play[0])
    tries.step(np.repeat(legal, PLAYOUTS))
    tries.play_out()
    value = mover * tries.outcome().reshape(len(legal), PLAYOUTS).mean(axis=1)
    policy = np.zeros(batch.num_actions)
    policy[legal] = np.exp(18 * (value - value.max()))
    policy /= policy.sum()

    pictures = {
        "board": goenv.game_svg(batch),
        "board_heat": goenv.game_svg(batch, heat=policy, numbers=True, title="Policy"),
        "board_ownership": goenv.game_svg(batch, heat=ownership, heat_scale=1, title="Ownership"),
    }
    for name, picture in pictures.items():
        (folder / f"{name}.svg").write_text(picture + "\n", encoding="utf-8")

    env = goenv.GoEnv(size=SIZE, komi=7.0, opponent=scripted, render_mode="rgb_array")
    env.reset()
    for name in MOVES[:-1:2]:
        env.step(action_of(name))
    pixels = env.render()
    pygame = load_pygame()
    surface = pygame.image.frombuffer(pixels.tobytes(), pixels.shape[1::-1], "RGB")
    pygame.image.save(surface, str(folder / "rgb_array.png"))


def scripted(batch: goenv.GoBatch, rng: np.random.Generator) -> np.ndarray:
    """White's moves of the game, then passes."""
    ply = int(batch.ply[0])
    return np.array([action_of(MOVES[ply]) if ply < len(MOVES) else SIZE * SIZE])


if __name__ == "__main__":
    main()
