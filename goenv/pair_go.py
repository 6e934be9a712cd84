"""Pair Go: two players a side, who take turns and may not talk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pettingzoo.utils.wrappers import OrderEnforcingWrapper

from goenv.observations import DEFAULT_PLANES
from goenv.pettingzoo_env import GoAECEnv
from goenv.rules import BLACK, WHITE, Superko
from goenv.seat_env import Policy, SeatEnv, checked_policy


def pair_go_env(**arguments: Any) -> OrderEnforcingWrapper:
    """Pair Go for PettingZoo: a `PairGoAECEnv` that complains about calls out of order.

    Args:
        arguments: those of `goenv.aec_env`, by name.

    Raises:
        ValueError: an argument is wrong; the message names it.
    """
    return OrderEnforcingWrapper(PairGoAECEnv(**arguments))


class PairGoAECEnv(GoAECEnv):
    """Pair Go for the agents ``black_0``, ``white_0``, ``black_1`` and ``white_1``; no wrappers.

    They move in this order throughout, whoever passes; two passes in a row, one of each colour,
    end the game. All of them see the board, each from the side of its colour, and nothing else:
    there is no channel between partners, so a player must infer from the moves what its partner
    is up to. On turn, `last_2` is the partner's last move, `last_4` the agent's own.

    Spaces, arguments and infos are those of `goenv.GoAECEnv`. Partners always get the same
    reward, also where one of them has lost the game by an illegal action.

    ## Version History
    * v0: the first.
    """

    metadata: dict[str, Any] = {**GoAECEnv.metadata, "name": "goenv_pair_go_v0"}  # noqa: RUF012
    colours: ClassVar[dict[str, int]] = {
        "black_0": BLACK,
        "white_0": WHITE,
        "black_1": BLACK,
        "white_1": WHITE,
    }
    maker: ClassVar[str] = "pair_go_env"


class PairGoEnv(SeatEnv):
    """Pair Go for one agent; policies play its partner and its opponents. Id ``goenv/PairGo-v0``.

    A step plays the agent's move and those of the three others. The agent has the seat
    ``black_0`` or ``white_0`` of `goenv.PairGoAECEnv`.

    ## Action space, observation space, rewards, end

    Those of `goenv.GoEnv`: planes from the agent's own side and a mask, its reward at the end.

    ## Start

    An empty board; if the agent is White, ``black_0`` has moved.

    ## Info

    ``action_mask``, ``colour`` (the agent's), ``to_play`` (a colour) and ``ply``; at the end
    ``score`` (Black minus White minus komi, points), and ``illegal_action`` (True) where the agent
    lost by one.

    ## Arguments

    Args:
        size, komi, superko, suicide, max_moves, colour: see `goenv.GoEnv`.
        partner: ``"random"``, uniform over the mask, or a callable
            ``(observation, info, rng) -> action`` that gets what its own seat sees; rng is
            `np_random`.
        opponents: one of the same for both opponents, or a sequence of two: who moves right after
            the agent, and the other.
        illegal_action, planes, layout, dtype, reward, render_mode: see `goenv.GoEnv`.

    Raises:
        ValueError: an argument is wrong; the message names it.

    ## Version history

    * v0: the first.
    """

    def __init__(
        self,
        size: int = 9,
        komi: float = 7.5,
        superko: Superko = "positional",
        suicide: bool = True,
        max_moves: int | None = None,
        partner: Literal["random"] | Policy = "random",
        opponents: Literal["random"] | Policy | Sequence[Literal["random"] | Policy] = "random",
        colour: Literal["black", "white", "random"] = "black",
        illegal_action: Literal["raise", "lose"] = "raise",
        planes: str | Sequence[str] = DEFAULT_PLANES,
        layout: Literal["NCHW", "NHWC"] = "NCHW",
        dtype: type | None = None,
        reward: Literal["outcome", "score", "score_difference"] = "outcome",
        render_mode: str | None = None,
    ):
        pair: Sequence[Any] = (opponents, opponents)
        if isinstance(opponents, Sequence) and not isinstance(opponents, str):
            pair = opponents
        if len(pair) != 2:
            raise ValueError(f"opponents must be one policy or two, got {len(pair)}")
        game = PairGoAECEnv(
            size=size,
            komi=komi,
            superko=superko,
            suicide=suicide,
            max_moves=max_moves,
            planes=planes,
            layout=layout,
            dtype=dtype,
            reward=reward,
            illegal_action=illegal_action,
        )
        super().__init__(
            game,
            opponents=[checked_policy("opponents", policy) for policy in pair],
            partners=[checked_policy("partner", partner)],
            colour=colour,
            render_mode=render_mode,
        )
