"""Compiled pieces of the three environments: what a seat sees, does and wins."""

from __future__ import annotations

from numba import njit

from goenv.board import action_cell, final_score, play
from goenv.legality import GAME_OVER, LEGAL, legality
from goenv.observations import legal_row, observe_game
from goenv.random_play import random_below, random_legal_cell
from goenv.state import ENDED, FORFEITED, PLY, RUNNING, STATUS, TO_PLAY, start

# Who has a seat, beside the colours BLACK and WHITE.
DRAWN = 0  # the agent's colour is drawn for each game
BOTH_SEATS = 2

# ---- one game ---------------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def begin_game(games, game, choice):
    """Start a game; returns the agent's colour, drawn from the game's stream if DRAWN."""
    start(games, game)
    if choice == DRAWN:
        return 1 - 2 * random_below(games.words, game, 2)
    return choice


@njit(cache=True, nogil=True)
def answer_randomly(games, game, colour):
    """Play at random, uniformly over the legal actions, where `colour` is not on turn."""
    info = games.info
    if info[game, STATUS] == RUNNING and info[game, TO_PLAY] != colour:
        play(games, game, random_legal_cell(games, game))


@njit(cache=True, nogil=True)
def observe_seat(games, game, colour, codes, planes, mask, row):
    """Planes [C, N, N] and legal actions [A] as `colour` sees them, on turn or not.

    Nothing is legal for a player who is not on turn.
    """
    info = games.info
    to_play, status = info[game, TO_PLAY], info[game, STATUS]
    if to_play != colour:
        info[game, TO_PLAY] = colour
        info[game, STATUS] = ENDED
    observe_game(games, game, codes, planes, row)
    legal_row(games, game, mask, row)
    info[game, TO_PLAY], info[game, STATUS] = to_play, status


# ---- the only game of GoEnv and of the PettingZoo environment -----------------------------------


@njit(cache=True, nogil=True)
def begin(games, choice, random_reply):
    """Start the game, with the random opponent's first move if it has Black; see `begin_game`."""
    colour = begin_game(games, 0, choice)
    if random_reply:
        answer_randomly(games, 0, colour)
    return colour


@njit(cache=True, nogil=True)
def act(games, action, illegal_loses):
    """Play an action, or lose by it; returns the verdict on it."""
    cell = action_cell(games, 0, action)
    verdict = legality(games, 0, cell)
    if verdict == LEGAL:
        play(games, 0, cell)
    elif illegal_loses and verdict != GAME_OVER:
        games.info[0, STATUS] = FORFEITED
    return verdict


@njit(cache=True, nogil=True)
def show(games, colour, codes, planes, mask):
    """Write the observation; returns (status, to play, ply, score if over)."""
    channels, rows, columns = planes.shape
    planes = planes.reshape((1, channels, rows, columns))
    observe_seat(games, 0, colour, codes, planes, mask.reshape((1, mask.shape[0])), 0)
    info = games.info
    score = final_score(games, 0) if info[0, STATUS] != RUNNING else 0.0
    return info[0, STATUS], info[0, TO_PLAY], info[0, PLY], score


@njit(cache=True, nogil=True)
def act_answer_show(games, action, illegal_loses, colour, codes, planes, mask):
    """A whole step against the random opponent in one call, which is most of its cost."""
    verdict = act(games, action, illegal_loses)
    if verdict == LEGAL:
        answer_randomly(games, 0, colour)
    status, to_play, ply, score = show(games, colour, codes, planes, mask)
    return verdict, status, to_play, ply, score


# ---- the games `first` to `last` - 1 of the vector environment ----------------------------------


@njit(cache=True, nogil=True)
def begin_games(first, last, games, which, choice, colours):
    """Start the games that `which` selects; nobody has played in them yet."""
    for game in range(first, last):
        if which[game]:
            colours[game] = begin_game(games, game, choice)
            if choice == BOTH_SEATS:
                colours[game] = 0


@njit(cache=True, nogil=True)
def act_games(first, last, games, skip, actions, verdicts, both_seats, colours):
    """Play the actions, or lose by them; `colours` become the movers' where both seats play."""
    for game in range(first, last):
        if skip[game]:
            continue
        if both_seats:
            colours[game] = games.info[game, TO_PLAY]
        if verdicts[game] == LEGAL:
            play(games, game, action_cell(games, game, actions[game]))
        else:
            games.info[game, STATUS] = FORFEITED


@njit(cache=True, nogil=True)
def answer_games(first, last, games, colours):
    """Play at random where `colours` are not on turn."""
    for game in range(first, last):
        answer_randomly(games, game, colours[game])


@njit(cache=True, nogil=True)
def show_games(first, last, games, which, both_seats, colours, codes, planes, mask):
    """Observations of the selected games, from the agent's side or that of who is on turn."""
    for game in range(first, last):
        if which[game]:
            colour = games.info[game, TO_PLAY] if both_seats else colours[game]
            observe_seat(games, game, colour, codes, planes, mask, game)


@njit(cache=True, nogil=True)
def pay_games(first, last, games, colours, rewards, scores):
    """Rewards of `colours` and scores of the games that are over; zeros in the others.

    A forfeit is theirs: only the agent, or the last mover, can have lost by an illegal action.
    """
    for game in range(first, last):
        rewards[game], scores[game] = 0.0, 0.0
        status = games.info[game, STATUS]
        if status != RUNNING:
            scores[game] = final_score(games, game)
            points = scores[game] * colours[game]
            rewards[game] = (points > 0) - (points < 0)
            if status == FORFEITED:
                rewards[game] = -1.0
