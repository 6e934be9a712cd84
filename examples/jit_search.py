"""A player of one's own in compiled code: flat Monte Carlo over goenv's kernels.

It tries every legal move with random playouts and takes the one that wins most of them. Against
uniformly random moves on 5x5 it wins all of 40 games in about 10 seconds.

    python examples/jit_search.py
"""

import numpy as np
from numba import njit

import goenv
from goenv.board import final_score, play
from goenv.history import STREAM
from goenv.legality import LEGAL, legality
from goenv.random_play import play_out
from goenv.state import TO_PLAY, copy_game, pass_action


@njit
def best_action(games, game, scratch, playouts, move_limit):
    """The action whose playouts score best for the player to move in a running game.

    `scratch` holds one game on a board as large, with room for `move_limit` + 1 moves.
    """
    colour = games.info[game, TO_PLAY]
    best, best_value = pass_action(games), -2.0
    for action in range(pass_action(games) + 1):
        if legality(games, game, action) != LEGAL:
            continue
        value = 0.0
        for _ in range(playouts):
            # The random stream is copied too: put it back, or all playouts would be the same.
            stream = scratch.words[0, STREAM]
            copy_game(games, game, scratch, 0)
            scratch.words[0, STREAM] = stream
            play(scratch, 0, action)
            play_out(scratch, 0, move_limit)
            value += np.sign(colour * final_score(scratch, 0)) / playouts
        if value > best_value:
            best, best_value = action, value
    return best


def main(num_games=40, playouts=30, size=5, komi=0.5, seed=0):
    """Plays against random moves with changing colours; prints and returns the share of wins."""
    rules = goenv.Rules(size=size, komi=komi, max_moves=4 * size * size)
    move_limit = 3 * size * size
    batch = goenv.GoBatch(num_games, rules, seed)
    scratch = goenv.GoBatch(1, rules, seed + 1)
    scratch.make_room(5 * rules.max_moves)
    searcher = np.where(np.arange(num_games) % 2 == 0, goenv.BLACK, goenv.WHITE)
    while not batch.done.all():
        actions = batch.random_actions()
        for game in np.flatnonzero(~batch.done & (batch.to_play == searcher)):
            actions[game] = best_action(batch.games, game, scratch.games, playouts, move_limit)
        batch.step(actions)
    wins = float((batch.outcome() == searcher).mean())
    print(f"flat Monte Carlo with {playouts} playouts a move won {wins:.0%} of {num_games} games")
    return wins


if __name__ == "__main__":
    main()
