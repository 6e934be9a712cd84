"""Many games of Go as one Gymnasium vector environment, native over GoBatch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space

from goenv.arguments import checked_actions
from goenv.batch import GoBatch
from goenv.game_loops import judge_games
from goenv.illegal import REASONS, IllegalActionError
from goenv.observations import DEFAULT_PLANES, read_view
from goenv.renderer import VECTOR_MODES, Renderer
from goenv.rules import Rules, Superko
from goenv.seat_kernels import (
    BOTH_SEATS,
    act_games,
    answer_games,
    begin_games,
    pay_games,
    show_games,
)
from goenv.seats import (
    COLOUR_CODES,
    REWARDS,
    Observation,
    Opponent,
    check_choice,
    check_colour,
    let_opponent_play,
    spaces_of,
    starting_position,
    stream_seed,
)
from goenv.state import ENDED, FORFEITED, RUNNING, STATUS, TO_PLAY, TRUNCATED
from goenv.threads import for_games


class GoVectorEnv(gymnasium.vector.VectorEnv):
    """B games of Go, stepped in compiled calls, parallel over games (`goenv.set_num_threads`).

    What ``gymnasium.make_vec("goenv/Go-v0", num_envs=B)`` makes.

    ## Action Space
    ``MultiDiscrete([N * N + 1] * B)``.

    ## Observation Space
    ``Dict(observation=Box [B, C, N, N], action_mask=Box int8 [B, N * N + 1])``; the planes are
    those of `goenv.GoEnv`.

    ## Rewards, Starting State, Episode End, Information
    Those of `goenv.GoEnv`, batched as Gymnasium does it: an info ``x`` comes with a bool [B] ``_x``
    that says in which games it is set.

    **One seat** (`opponent` given): each game behaves exactly as a GoEnv of its own; seeded with
    s, game i as a GoEnv seeded with s + i (a callable opponent gets one generator for all).

    **Both seats** (``opponent=None``): each step plays one ply of each game for the player on
    turn. The observation is from the side of the player who moves *next*
    (``infos["to_play"]``); the reward belongs to the player who *has just* moved
    (``infos["mover"]``, 0 in a game that this step has begun). The opponent's reward is its
    negative. So a step's reward goes with the observation *before* that step, and whoever
    bootstraps from the observation after it must negate its value: it is the other player's.

    ## Arguments

    Args:
        num_envs: B, number of games.
        size, komi, superko, suicide, max_moves, illegal_action, planes: see `GoEnv`. Where
            `illegal_action` is ``"raise"``, an illegal action stops the whole step: nothing is
            played in any game, and the IllegalActionError names the game.
        opponent: ``"random"``; a callable ``(batch, rng) -> actions int [B]``, given all games,
            those in which it is not on turn shown as finished (their actions are ignored); or
            None: both seats.
        colour: the agent's seat, ``"black"``, ``"white"`` or ``"random"``: drawn for each game.
            Without meaning where both seats are played.
        autoreset_mode: what becomes of a finished game, as Gymnasium defines it.
            ``NEXT_STEP``: the next step begins it anew; its action is ignored, its reward 0.
            ``SAME_STEP``: begun anew at once; the end is in ``infos["final_obs"]``
            (object [B]) and ``infos["final_info"]``. ``DISABLED``: begin it yourself with
            ``reset(options={"reset_mask": bool [B]})`` before the next step.
        render_mode: ``"ansi"``, ``"rgb_array"`` or ``"svg"``, as in `GoEnv`: `render` returns a
            tuple of B frames; or None.

    Raises:
        ValueError: an argument is wrong; the message names it.

    ## Version History
    * v0: the first.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012
        "render_modes": VECTOR_MODES,
        "render_fps": 4,
        "autoreset_mode": AutoresetMode.NEXT_STEP,
    }

    def __init__(
        self,
        num_envs: int = 1,
        size: int = 9,
        komi: float = 7.5,
        superko: Superko = "positional",
        suicide: bool = True,
        max_moves: int | None = None,
        opponent: Literal["random"] | Opponent | None = "random",
        colour: Literal["black", "white", "random"] = "black",
        illegal_action: Literal["raise", "lose"] = "raise",
        planes: str | Sequence[str] = DEFAULT_PLANES,
        layout: Literal["NCHW", "NHWC"] = "NCHW",
        dtype: type | None = None,
        reward: Literal["outcome", "score", "score_difference"] = "outcome",
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        render_mode: str | None = None,
    ):
        rules = Rules(size, komi, superko, suicide, max_moves)
        if opponent is not None:
            check_colour(colour, rules)
        check_choice("illegal_action", illegal_action, ("raise", "lose"))
        check_choice("reward", reward, REWARDS)
        if opponent != "random" and opponent is not None and not callable(opponent):
            raise ValueError(
                "opponent must be 'random', a callable (batch, rng) -> actions, or None for "
                f"both seats, got {opponent!r}"
            )
        self._renderer = Renderer(render_mode, VECTOR_MODES, 'make_vec(..., render_mode="ansi")')
        self._view = read_view(planes, dtype, layout)
        self.batch = GoBatch(num_envs, rules)
        self.num_envs, self.render_mode = self.batch.num_games, render_mode
        if autoreset_mode not in (*AutoresetMode, *(mode.value for mode in AutoresetMode)):
            raise ValueError(
                f"autoreset_mode must be one of {', '.join(map(str, AutoresetMode))}, "
                f"got {autoreset_mode!r}"
            )
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = {**self.metadata, "autoreset_mode": self.autoreset_mode}
        self.single_observation_space, self.single_action_space = spaces_of(rules, self._view)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self._opponent = opponent
        self._both = opponent is None
        self._choice = BOTH_SEATS if self._both else COLOUR_CODES[colour]
        self._illegal_loses = illegal_action == "lose"
        self._shape = (self.num_envs, *self._view.shape(rules.size))
        # The scores, Black's, that differences start from.
        self._reward, self._earlier = REWARDS[reward], np.zeros(self.num_envs)
        # Whom the rewards belong to: the agents, or the players who moved last.
        self._colours = np.zeros(self.num_envs, np.int64)
        self._everywhere = np.ones(self.num_envs, np.bool_)
        self._begun = False

    # ---- Gymnasium's protocol ---------------------------------------------------------------

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin all games, or those that ``options["reset_mask"]``, bool [B], selects.

        Args:
            seed: game i is seeded with seed + i, or with its item of a sequence (None: its
                stream goes on). It determines all that follows.
            options: ``{"reset_mask": ...}``; infos then hold only the games begun. With it or
                without, a position for all that begin; see `GoEnv.reset`. Games that begin by
                themselves begin as ever.

        Raises:
            ValueError: a wrong number of seeds, or a wrong option; all games stand as before.
        """
        given = dict(options or {})
        which = self._everywhere.copy()
        if "reset_mask" in given:
            which = self._checked_mask(given.pop("reset_mask"))
        position = starting_position(given, self.batch.rules[0])
        seeds = self._checked_seeds(seed)
        if not self._begun:
            which = self._everywhere.copy()
            self.batch.seed(stream_seed(self))
        self._seed(seed, seeds, which)
        self._begun = True
        self._begin(which, position)
        planes, mask = self._observe(self._everywhere)
        return {"observation": planes, "action_mask": mask}, self._infos(which, mask)

    def step(
        self, actions: np.ndarray
    ) -> tuple[Observation, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Play an action in each game, int [B]; see the class for what is whose.

        Raises:
            IllegalActionError: an action is illegal (see `illegal_action`), or the opponent's:
                that ends all games, as any error of the opponent does.
            ResetNeeded: no game has begun, or one is over and must be reset by hand.
            ValueError: the actions have a wrong type or shape.
        """
        actions = checked_actions(actions, self.num_envs)
        batch, total = self.batch, self.num_envs
        over = batch.done
        if not self._begun or (self.autoreset_mode == AutoresetMode.DISABLED and over.any()):
            games = over.nonzero()[0].tolist() if self._begun else "all"
            raise gymnasium.error.ResetNeeded(f"reset these games first: {games}")
        verdicts = np.empty(total, np.int64)  # LEGAL in finished games
        for_games(judge_games, total, batch.num_actions, *batch.games, actions, verdicts)
        if not self._illegal_loses and verdicts.any():
            game = int(verdicts.nonzero()[0][0])
            raise IllegalActionError(game, int(actions[game]), REASONS[int(verdicts[game])])

        batch.make_room()
        if over.any():
            self._run(begin_games, over, self._choice, self._colours, self._earlier)
        self._run(act_games, over, actions, verdicts, self._both, self._colours)
        self._answer()
        rewards, scores = np.empty(total), np.empty(total)
        pay = (self._colours, self._reward, self._earlier, rewards, scores)
        self._run(pay_games, over, *pay)
        status = batch.games.info[:, STATUS]
        over, truncated, illegal = status != RUNNING, status == TRUNCATED, status == FORFEITED
        terminated = over & ~truncated
        planes, mask = self._observe(self._everywhere)
        ends = _select({"score": scores}, over) | _select({"illegal_action": illegal}, illegal)
        infos: dict[str, Any] = {}
        if self.autoreset_mode == AutoresetMode.SAME_STEP and over.any():
            infos["final_obs"], infos["_final_obs"] = _final_observations(planes, mask, over), over
            infos["final_info"] = self._infos(over, mask.copy()) | ends
            infos["_final_info"] = over.copy()
            self._begin(over)
            self._observe(over, planes, mask)
            ends = {}
        infos.update(self._infos(self._everywhere, mask) | ends)
        observation = {"observation": planes, "action_mask": mask}
        return observation, rewards, terminated, truncated, infos

    def action_masks(self) -> np.ndarray:
        """Legal actions of all games, bool [B, A]."""
        return self.batch.legal_actions()

    def render(self) -> tuple[Any, ...] | None:
        """The positions of all B games in the form that `render_mode` names."""
        return self._renderer.frames(self.batch)

    # ---- its pieces -------------------------------------------------------------------------

    def _run(self, kernel: Callable, *arguments: Any) -> None:
        """Call a kernel on all games, on the threads allowed."""
        batch = self.batch
        for_games(kernel, self.num_envs, batch.num_actions, batch.games, *arguments)

    def _begin(self, which: np.ndarray, position: tuple[np.ndarray, int] | None = None) -> None:
        """Start the selected games, with the opponent's first move where it begins."""
        self.batch.make_room()
        self._run(begin_games, which, self._choice, self._colours, self._earlier)
        if position is not None:
            for game in which.nonzero()[0].tolist():
                self.batch.set_position(game, *position)
        self._answer()

    def _answer(self) -> None:
        """Let the opponent play wherever it is on turn."""
        batch = self.batch
        if self._both:
            return
        if self._opponent == "random":
            batch.make_room()
            self._run(answer_games, self._colours)
            return
        info = batch.games.info
        running = info[:, STATUS] == RUNNING
        waiting = running & (info[:, TO_PLAY] == self._colours)
        if waiting.sum() == running.sum():
            return
        # To the opponent, the games in which the agent is on turn are finished ones.
        info[waiting, STATUS] = ENDED
        try:
            let_opponent_play(batch, self._opponent, self.np_random)  # type: ignore[arg-type]
        except BaseException:
            self._begun = False  # no agent is to go on with the opponent's stones
            raise
        finally:
            batch.games.info[waiting, STATUS] = RUNNING

    def _observe(self, which, planes=None, mask=None) -> tuple[np.ndarray, np.ndarray]:
        """Planes [B, C, N, N] and masks int8 [B, A] of the selected games."""
        view = self._view
        planes = np.empty(self._shape, view.dtype) if planes is None else planes
        shape = (self.num_envs, self.batch.num_actions)
        mask = np.empty(shape, np.int8) if mask is None else mask
        flat = planes.reshape(self.num_envs, -1)
        seats = (self._both, self._colours, view.codes, view.channels_last)
        self._run(show_games, which, *seats, flat, mask.view(np.uint8))
        return planes, mask

    def _infos(self, which: np.ndarray, mask: np.ndarray) -> dict[str, Any]:
        """What the infos of the selected games tell in any state."""
        values = {
            "action_mask": mask,
            "mover" if self._both else "colour": self._colours.astype(np.int8),
            "to_play": self.batch.to_play,
            "ply": self.batch.ply,
        }
        return _select(values, which)

    def _checked_seeds(
        self, seed: int | Sequence[int | None] | None
    ) -> Sequence[int | None] | None:
        """A seed for each game, as many as there are games; None for none."""
        if seed is None:
            return None
        if isinstance(seed, (int, np.integer)):
            return range(int(seed), int(seed) + self.num_envs)
        seeds = list(seed)
        if len(seeds) != self.num_envs:
            raise ValueError(f"{self.num_envs} games need as many seeds, got {len(seeds)}")
        return seeds

    def _seed(self, seed: Any, seeds: Sequence[int | None] | None, which: np.ndarray) -> None:
        """Set the streams of the selected games as `GoBatch.seed` sets that of a single one."""
        if seeds is None:
            return
        chosen = zip(seeds, which, strict=True)
        self.batch.seed([item if selected else None for item, selected in chosen])
        known = [item for item in seeds if item is not None]
        if which.all() and known:
            if isinstance(seed, (int, np.integer)):
                super().reset(seed=int(seed))
            else:
                self.np_random = np.random.default_rng(known)

    def _checked_mask(self, mask: Any) -> np.ndarray:
        shape = (self.num_envs,)
        if not isinstance(mask, np.ndarray) or mask.shape != shape or mask.dtype != np.bool_:
            raise ValueError(f"options['reset_mask'] must be a bool array of shape {shape}")
        if not mask.any():
            raise ValueError("options['reset_mask'] must select at least one game")
        return mask.copy()


def _select(values: dict[str, np.ndarray], which: np.ndarray) -> dict[str, Any]:
    """Infos of the selected games as Gymnasium batches them: zeros in the others."""
    infos: dict[str, Any] = {}
    games = which.nonzero()[0]
    for name, value in values.items() if games.size else ():
        if games.size < which.size:
            chosen = np.zeros_like(value)
            chosen[games] = value[games]
            value = chosen
        infos[name], infos[f"_{name}"] = value, which.copy()
    return infos


def _final_observations(planes: np.ndarray, mask: np.ndarray, over: np.ndarray) -> np.ndarray:
    """Copies of the observations of the games that are over, object [B]; None in the others."""
    games = over.nonzero()[0]
    seen = zip(planes[games], mask[games], strict=True)
    final = np.full(over.size, None, object)
    final[games] = [{"observation": image, "action_mask": legal} for image, legal in seen]
    return final
