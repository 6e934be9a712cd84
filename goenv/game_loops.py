"""Compiled loops over the games of a batch, from `first` to `last` - 1 (see `goenv.threads`).

They take the arrays of `Games` one by one: from Python, numba is four times as long with a tuple.
"""

from __future__ import annotations

from goenv.board import final_score, play
from goenv.kernel import kernel
from goenv.legality import LEGAL, legality
from goenv.random_play import play_out, random_legal_action
from goenv.state import (
    GRID,
    RUNNING,
    SIZE,
    STATUS,
    STONE,
    Games,
    copy_game,
    pass_action,
    start,
)


@kernel
def start_games(first, last, cells, bits, words, info, neighbours, mask):
    """Start the games that `mask`, bool [B], selects."""
    games = Games(cells, bits, words, info, neighbours)
    for game in range(first, last):
        if mask[game]:
            start(games, game)


@kernel
def judge_games(first, last, cells, bits, words, info, neighbours, actions, verdicts):
    """Legality of an action in each running game; LEGAL in finished ones."""
    games = Games(cells, bits, words, info, neighbours)
    for game in range(first, last):
        verdicts[game] = LEGAL
        if games.info[game, STATUS] == RUNNING:
            verdicts[game] = legality(games, game, actions[game])


@kernel
def step_games(cells, bits, words, info, neighbours, actions):
    """Play an action in each running game if all are legal; else return a game where one is not.

    -1 if all were played.
    """
    games = Games(cells, bits, words, info, neighbours)
    for game in range(actions.shape[0]):
        if info[game, STATUS] == RUNNING and legality(games, game, actions[game]) != LEGAL:
            return game
    for game in range(actions.shape[0]):
        if info[game, STATUS] == RUNNING:
            play(games, game, actions[game])
    return -1


@kernel
def play_chosen(cells, bits, words, info, neighbours, chosen, actions):
    """Play an action in each of the games `chosen`, which are running; see `step_games`."""
    games = Games(cells, bits, words, info, neighbours)
    for row in range(chosen.shape[0]):
        if legality(games, chosen[row], actions[row]) != LEGAL:
            return chosen[row]
    for row in range(chosen.shape[0]):
        play(games, chosen[row], actions[row])
    return -1


@kernel
def play_randomly(cells, bits, words, info, neighbours, game, moves):
    """Play random legal actions in one game, up to so many or to its end; returns how many."""
    games = Games(cells, bits, words, info, neighbours)
    for played in range(moves):
        if info[game, STATUS] != RUNNING:
            return played
        play(games, game, random_legal_action(games, game))
    return moves


@kernel
def play_games(first, last, cells, bits, words, info, neighbours, actions):
    """Play a legal action in each running game."""
    games = Games(cells, bits, words, info, neighbours)
    for game in range(first, last):
        if games.info[game, STATUS] == RUNNING:
            play(games, game, actions[game])


@kernel
def play_moves(games, game, actions):
    """Play actions, int64 [moves], one after the other; returns how many of them were legal."""
    for ply in range(actions.shape[0]):
        if legality(games, game, actions[ply]) != LEGAL:
            return ply
        play(games, game, actions[ply])
    return actions.shape[0]


@kernel
def score_games(first, last, cells, bits, words, info, neighbours, out):
    """Black's area minus White's area minus komi, into `out` float64 [B]."""
    games = Games(cells, bits, words, info, neighbours)
    for game in range(first, last):
        out[game] = final_score(games, game)


@kernel
def draw_actions(first, last, cells, bits, words, info, neighbours, out):
    """A random legal action of each running game, the pass in finished ones; `out` int64 [B]."""
    games = Games(cells, bits, words, info, neighbours)
    for game in range(first, last):
        running = games.info[game, STATUS] == RUNNING
        out[game] = random_legal_action(games, game) if running else pass_action(games)


@kernel
def play_out_games(first, last, cells, bits, words, info, neighbours, move_limit):
    """A random playout from each running game; see `goenv.random_play.play_out`."""
    games = Games(cells, bits, words, info, neighbours)
    for game in range(first, last):
        play_out(games, game, move_limit)


@kernel
def unpad_boards(games, out):
    """The boards of all games into `out` int8 [B, N, N], which holds zeros."""
    for game in range(out.shape[0]):
        size, grid = games.info[game, SIZE], games.info[game, GRID]
        for y in range(size):
            for x in range(size):
                out[game, y, x] = games.cells[game, y * grid + x, STONE]


@kernel
def copy_games(source, from_games, target, to_games):
    """Copy games into slots of `target`; both lists int64 of one length. See `copy_game`."""
    for index in range(from_games.shape[0]):
        copy_game(source, from_games[index], target, to_games[index])
