"""Compiled pieces of the three environments: what a seat sees, does and wins."""

from __future__ import annotations

from goenv.board import final_score, play
from goenv.kernel import inlined, kernel
from goenv.legality import GAME_OVER, LEGAL, legality
from goenv.observations import legal_row, observe_game
from goenv.random_play import random_below, random_legal_action
from goenv.state import (
    ENDED,
    FORFEITED,
    KOMI2,
    PLY,
    RUNNING,
    SIZE,
    STATUS,
    TO_PLAY,
    Games,
    start,
)

# Who has a seat, beside the colours BLACK and WHITE.
DRAWN = 0  # the agent's colour is drawn for each game
BOTH_SEATS = 2

# What a reward is; see `goenv.seats.REWARDS`.
OUTCOME, SCORE, SCORE_DIFFERENCE = 0, 1, 2

# ---- one game ---------------------------------------------------------------------------------


@kernel
def begin_game(games, game, choice):
    """Start a game; returns the agent's colour, drawn from the game's stream if DRAWN."""
    start(games, game)
    if choice == DRAWN:
        return 1 - 2 * random_below(games.words, game, 2)
    return choice


@inlined
def answer_randomly(games, game, colour):
    """Play at random, uniformly over the legal actions, where `colour` is not on turn."""
    info = games.info
    if info[game, STATUS] == RUNNING and info[game, TO_PLAY] != colour:
        play(games, game, random_legal_action(games, game))


@inlined
def observe_seat(games, game, colour, codes, channels_last, planes, mask, row):
    """Planes, flat, and legal actions [A] as `colour` sees them, on turn or not.

    Nothing is legal for a player who is not on turn.
    """
    info = games.info
    to_play, status = info[game, TO_PLAY], info[game, STATUS]
    if to_play != colour:
        info[game, TO_PLAY] = colour
        info[game, STATUS] = ENDED
    observe_game(games, game, codes, planes, row, channels_last)
    legal_row(games, game, mask, row)
    info[game, TO_PLAY], info[game, STATUS] = to_play, status


@inlined
def pay(games, game, colour, kind, earlier):
    """Reward of `colour` for what happened since its last one, and the score, Black's, now.

    A forfeit is that of `colour`: only the agent, or the last mover, can have lost by an illegal
    action. In points that counts as the whole board and komi.

    Args:
        kind: OUTCOME, SCORE or SCORE_DIFFERENCE.
        earlier: the score, Black's, that SCORE_DIFFERENCE starts from.

    Returns:
        The reward, and the score in points; 0 in a running game if `kind` does not need it.
    """
    info = games.info
    status = info[game, STATUS]
    if status == RUNNING and kind != SCORE_DIFFERENCE:
        return 0.0, 0.0
    score = final_score(games, game)
    points = score * colour
    if status == FORFEITED:
        points = -(info[game, SIZE] ** 2 + 0.5 * abs(info[game, KOMI2]))
    if kind == OUTCOME:
        return float((points > 0) - (points < 0)), score
    return points - (earlier * colour if kind == SCORE_DIFFERENCE else 0.0), score


@kernel
def act(games, game, action, illegal_loses):
    """Play an action, or lose by it; returns the verdict on it."""
    verdict = legality(games, game, action)
    if verdict == LEGAL:
        play(games, game, action)
    elif illegal_loses and verdict != GAME_OVER:
        games.info[game, STATUS] = FORFEITED
    return verdict


# ---- a whole call of GoEnv; arrays one by one as in game_loops -----------------------------------


@kernel
def turn(
    cells, bits, words, info, neighbours,
    game, acts, action, illegal_loses, random_reply,
    colour, codes, channels_last, planes, mask, kind, earlier
):  # fmt: skip
    """Play an action if one `acts`, let the random opponent reply if it does, and look.

    All in one kernel, which is compiled once and called once a step: that is most of its cost.

    Returns:
        The verdict on the action, and (status, to play, ply, reward, score).
    """
    games = Games(cells, bits, words, info, neighbours)
    verdict = LEGAL
    if acts:
        verdict = act(games, game, action, illegal_loses)
    if random_reply and verdict == LEGAL:
        answer_randomly(games, game, colour)
    observe_seat(games, game, colour, codes, channels_last, planes, mask, game)
    reward, score = pay(games, game, colour, kind, earlier)
    return verdict, (info[game, STATUS], info[game, TO_PLAY], info[game, PLY], reward, score)


# ---- the games `first` to `last` - 1 of the vector environment ----------------------------------


@kernel
def begin_games(first, last, games, which, choice, colours, earlier):
    """Start the games that `which` selects; nobody has played in them yet."""
    for game in range(first, last):
        if which[game]:
            colours[game] = begin_game(games, game, choice)
            earlier[game] = 0.0
            if choice == BOTH_SEATS:
                colours[game] = 0


@kernel
def act_games(first, last, games, skip, actions, verdicts, both_seats, colours):
    """Play the actions, or lose by them; `colours` become the movers' where both seats play."""
    for game in range(first, last):
        if skip[game]:
            continue
        if both_seats:
            colours[game] = games.info[game, TO_PLAY]
        if verdicts[game] == LEGAL:
            play(games, game, actions[game])
        else:
            games.info[game, STATUS] = FORFEITED


@kernel
def answer_games(first, last, games, colours):
    """Play at random where `colours` are not on turn."""
    for game in range(first, last):
        answer_randomly(games, game, colours[game])


@kernel
def show_games(first, last, games, which, both_seats, colours, codes, channels_last, planes, mask):
    """Observations of the selected games, from the agent's side or that of who is on turn."""
    for game in range(first, last):
        if which[game]:
            colour = games.info[game, TO_PLAY] if both_seats else colours[game]
            observe_seat(games, game, colour, codes, channels_last, planes, mask, game)


@kernel
def pay_games(first, last, games, skip, colours, kind, earlier, rewards, scores):
    """Rewards of `colours`, but none where `skip`; scores of games that are over, else 0."""
    for game in range(first, last):
        rewards[game], scores[game] = 0.0, 0.0
        if not skip[game]:
            reward, score = pay(games, game, colours[game], kind, earlier[game])
            rewards[game], earlier[game] = reward, score
            if games.info[game, STATUS] != RUNNING:
                scores[game] = score
