"""Studies written as YAML: one training configuration, one or two of its settings varied."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import numpy as np
from pydantic import Field, model_validator

from algorithms.config import NAME, ConfigError, TrainConfig, validate
from algorithms.exactness import can_be_exact
from algorithms.registry import AgentError, make_agent
from algorithms.studies import charts
from algorithms.studies.contrasts import FORM, Contrast, Scalar, is_positive, read_contrast
from algorithms.studies.data import Row, Rows
from algorithms.studies.estimates import mean_of, win_rate_gain, win_rate_of
from algorithms.studies.names import NAMES, StudyText
from algorithms.studies.study import (
    SWEEP,
    CellFolder,
    Estimate,
    Findings,
    Picture,
    Sheet,
    Study,
    StudyConfig,
)
from algorithms.studies.trials import exact_judgement, pick_snapshots, train_in_cell, win_rates
from baselines.openings import make_openings

EXACT = "exact"
_RATES = ("mistake_rate", "blunder_rate")


class SweepConfig(StudyConfig):
    """A question that is answered by training one configuration in several variants."""

    name: str = Field(pattern=NAME, description="of the study")
    question: str = Field(min_length=1)
    parent: str | None = Field(None, description="name of the study that led to this one")
    training: TrainConfig = Field(description="what is trained; its name and seed do not count")
    axes: dict[str, Annotated[tuple[Scalar, ...], Field(min_length=1)]] = Field(
        min_length=1, max_length=2, description="dotted keys of the training, and their values"
    )
    seeds: int = Field(3, ge=1, description="trainings of each variant")
    against: str = Field(description="the opponent by whom players are measured, or 'exact'")
    games: int = Field(100, ge=2, multiple_of=2, description="that each player plays against it")
    opening_moves: int = Field(2, ge=0, description="random moves that open each pair of games")
    snapshots: int = Field(3, ge=1, description="of each run that are measured, with the last")
    hypotheses: tuple[str, ...] = Field((), description=f"each as {FORM}")

    @model_validator(mode="after")
    def _can_be_run(self) -> SweepConfig:
        if self.name in NAMES:
            raise ValueError(f"name: {self.name!r} is a study that comes with GoZoo")
        if len(set(map(self._short, self.axes))) < len(self.axes):
            raise ValueError("axes: the last parts of the two keys must differ")
        for key, values in self.axes.items():
            if len(set(map(_plain, values))) < len(values):
                raise ValueError(f"axes: the values of {key} must differ")
            if len(values) < 2:
                raise ValueError(f"axes: {key} needs two values or more, to be varied")
            if key == "seed":
                raise ValueError("axes: seeds are varied by `seeds`, for every variant alike")
        if self.against != EXACT:
            try:
                make_agent(self.against)
            except AgentError as error:
                raise ValueError(f"against: {error}") from None
        for changes in self.variants().values():
            rules = self.run(changes, 0).game.rules()
            if self.against != EXACT:
                make_openings(self.games // 2, self.opening_moves, rules, 0)
            elif not can_be_exact(rules):
                raise ValueError(
                    "against: 'exact' needs a board of 3x3 or 2x2 with superko: simple"
                )
        self.contrasts()
        return self

    @staticmethod
    def _short(key: str) -> str:
        return key.rpartition(".")[2]

    @property
    def measures(self) -> tuple[str, ...]:
        """What is measured; the first is meant where a hypothesis names none."""
        return _RATES if self.against == EXACT else ("win_rate",)

    def variants(self) -> dict[str, dict[str, Any]]:
        """What each variant changes, by its name, such as ``simulations=8,blocks=2``."""
        found: dict[str, dict[str, Any]] = {"": {}}
        for key, values in self.axes.items():
            found = {
                f"{name},{self._short(key)}={_plain(value)}".lstrip(","): {**changes, key: value}
                for name, changes in found.items()
                for value in values
            }
        return found

    def contrasts(self) -> list[Contrast]:
        """What the hypotheses are about.

        Raises:
            ValueError: one has another form, or names what there is not.
        """
        first = next(iter(self.axes.values()))
        return [
            read_contrast(each, self.measures, list(self.variants()), first)
            for each in self.hypotheses
        ]

    def run(self, changes: Mapping[str, Any], seed: int) -> TrainConfig:
        """The configuration of one training.

        Raises:
            ValueError: a change does not fit.
        """
        data = self.training.model_dump(mode="json")
        for key, value in changes.items():
            *groups, last = key.split(".")
            node: Any = data
            for group in groups:
                node = node.get(group) if isinstance(node, dict) else None
            if not isinstance(node, dict) or last not in node:
                raise ValueError(f"axes: the training has no key {key}{_suggest(key, data)}")
            node[last] = value
        data |= {"name": "run", "seed": seed, "sample_games": 0}
        try:
            return validate(TrainConfig, data, f"the variant {dict(changes)}")
        except ConfigError as error:
            raise ValueError(str(error)) from None


def _suggest(key: str, data: Mapping[str, Any]) -> str:
    """The key of a training that was probably meant."""
    keys = list(_dotted(data))
    same = [each for each in keys if each.endswith("." + key.rpartition(".")[2])]
    meant = same[:3] or difflib.get_close_matches(key, keys, n=1)
    return f"; did you mean {' or '.join(meant)}?" if meant else ""


def _dotted(data: Mapping[str, Any]) -> Iterator[str]:
    for key, value in data.items():
        yield key
        if isinstance(value, Mapping):
            yield from (f"{key}.{below}" for below in _dotted(value))


def estimate(contrast: Contrast, finals: Rows, config: SweepConfig) -> Estimate:
    """The number that a hypothesis is about, from the rows of the last snapshots."""
    by_cell = {
        cell: rows.column(contrast.measure) for (cell,), rows in finals.groups("variant").items()
    }
    if contrast.first is not None:
        second = None if contrast.second is None else by_cell[contrast.second]
        return difference(by_cell[contrast.first], second, contrast.measure, config)
    # Of each seed the least-squares slope over the logarithm of the first axis.
    values = next(iter(config.axes.values()))
    table = np.stack(list(by_cell.values())).reshape(len(values), -1, config.seeds).mean(axis=1)
    return mean_of(np.polyfit(np.log2(np.array(values, float)), table, 1)[0])


def difference(
    first: np.ndarray, second: np.ndarray | None, measure: str, config: SweepConfig
) -> Estimate:
    """A measure of a variant, [seeds], or by how much it is larger than another's."""
    if measure == "win_rate":
        if second is None:
            return win_rate_of(first.tolist(), config.games)
        return win_rate_gain(first.tolist(), second.tolist(), config.games)
    return mean_of(first if second is None else first - second)


def _plain(value: Scalar) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def cells(config: SweepConfig) -> dict[str, dict[str, Any]]:
    """A cell for each variant and seed."""
    return {
        f"{re.sub('[^A-Za-z0-9.]+', '-', name)}-seed{seed}": {"variant": name, "seed": seed}
        for seed in range(config.seeds)
        for name in config.variants()
    }


def measure(config: SweepConfig, folder: CellFolder, variant: str, seed: int) -> list[Row]:
    """Train one variant and hold its snapshots against the opponent, or the truth: a row each."""
    changes = config.variants()[variant]
    run = config.run(changes, seed)
    taken = pick_snapshots(train_in_cell(run, folder.part(0, 0.8)), config.snapshots)
    rules, judging = run.game.rules(), folder.part(0.8, 1)
    agents = [make_agent(str(snapshot.path)) for snapshot in taken]
    if config.against == EXACT:
        found: list[dict[str, float]] = []
        for done, agent in enumerate(agents):
            part = judging.part(done / len(agents), (done + 1) / len(agents))
            judgement = exact_judgement(agent, rules, part)
            found.append({name: getattr(judgement, name) for name in _RATES})
    else:
        opponent = make_agent(config.against)
        pairs = [(agent, opponent) for agent in agents]
        rates = win_rates(pairs, rules, config.games, config.opening_moves, 1000 + seed, judging)
        found = [{"win_rate": rate} for rate in rates]
    return [
        {
            "variant": variant, "seed": seed, "final": snapshot is taken[-1],
            "place": place, "step": snapshot.step,
            "flops": snapshot.spent["flops"], "samples": snapshot.spent["samples"],
            "env_steps": snapshot.spent["env_steps"], **measured,
        }
        for place, (snapshot, measured) in enumerate(zip(taken, found, strict=True))
    ]  # fmt: skip


def analyse(rows: Rows, config: SweepConfig) -> Findings:
    """Every hypothesis' number, the measures over the first axis, and over the budget."""
    finals = rows.where(final=True)
    measured = {
        each.hypothesis.quantity: estimate(each, finals, config) for each in config.contrasts()
    }
    pictures, sheet = [], []
    for name in config.measures:
        pictures += _pictures(rows, finals, name, config)
    for (variant,), part in finals.groups("variant").items():
        row: dict[str, Any] = {"variant": variant, "seeds": len(part)}
        for name in config.measures:
            found = difference(part.column(name), None, name, config)
            row |= {name: found.value, f"{name} low": found.low, f"{name} high": found.high}
        sheet.append(row | {"FLOPs": part.column("flops").mean(),
                            "moves played": part.column("env_steps").mean()})  # fmt: skip
    caption = "Each variant's last snapshots: means over seeds with 95 % intervals."
    remarks = []
    if "seconds" in config.training.budget.limits():
        remarks.append(
            "The budget is in seconds: what a training got depends on the machine and on what ran "
            "beside it, and the run does not repeat."
        )
    return Findings(measured, pictures, [Sheet("variants", caption, sheet)], remarks)


def _pictures(rows: Rows, finals: Rows, name: str, config: SweepConfig) -> list[Picture]:
    """One measure over the first axis, and over the budget."""
    (key, values), *others = config.axes.items()
    other = dict(others) or {"": (None,)}
    (second, lines), label = next(iter(other.items())), name.replace("_", " ")
    variants = config.variants()
    positive = [float(value) for value in values if is_positive(value)]
    numbers = len(positive) == len(values)
    x = positive if numbers else list(range(len(values)))
    short = key.rpartition(".")[2]
    of_axis: charts.Series = {
        f"{second.rpartition('.')[2]} {_plain(line)}" if second else short: (
            x,
            [
                difference(finals.where(variant=cell).column(name), None, name, config)
                for value in values
                for cell, changes in variants.items()
                if changes == {key: value, **({second: line} if second else {})}
            ],
        )
        for line in lines
    }
    marks = "" if numbers else ": " + ", ".join(f"{i} {_plain(v)}" for i, v in enumerate(values))
    slug = name.replace("_", "-")
    pictures = [
        Picture(
            slug, f"{label} of the last snapshots over {key}{marks}.",
            charts.line_chart(of_axis, f"{short}{marks}", label, log_x=numbers),
            charts.rows_of(of_axis, short, name),
        )
    ]  # fmt: skip
    of_budget: charts.Series = {
        cell: (
            [part.column("flops").mean() for part in mine.groups("place").values()],
            [
                difference(part.column(name), None, name, config)
                for part in mine.groups("place").values()
            ],
        )
        for (cell,), mine in rows.groups("variant").items()
    }
    if config.snapshots > 1 and len(of_budget) <= 8:
        pictures.append(
            Picture(
                f"{slug}-over-budget", f"{label} over the FLOPs spent.",
                charts.line_chart(of_budget, "FLOPs", label, height=4.0),
                charts.rows_of(of_budget, "FLOPs", name),
            )
        )  # fmt: skip
    return pictures


def sweep_study(config: SweepConfig) -> Study:
    """The study that a sweep is."""
    hypotheses = sorted(
        (each.hypothesis for each in config.contrasts()), key=lambda each: each.source
    )
    return Study(
        name=config.name,
        axes=(*config.axes, *config.measures),
        hypotheses=tuple(hypotheses),
        config=SweepConfig,
        presets={SWEEP: config},
        cells=cells,
        measure=measure,
        analyse=analyse,
        parent=config.parent,
        claims=tuple(dict.fromkeys(each.claim for each in hypotheses if each.claim)),
        words=_words(config),
        command=f"gozoo study run {config.name}.yaml",
    )


def _words(config: SweepConfig) -> StudyText:
    game, budget = config.training.game, config.training.budget.limits()
    spent = ", ".join(f"{value:.3g} {name}" for name, value in budget.items())
    varied = "; ".join(
        f"`{key}` of {', '.join(map(_plain, values))}" for key, values in config.axes.items()
    )
    if config.against == EXACT:
        judged = (
            "Players are held against the exact truth: the share of the positions they visit "
            "against themselves in which their move gives up points (mistake rate), or a win or "
            "a draw (blunder rate)."
        )
    else:
        judged = (
            f"Players meet `{config.against}` in {config.games} games, both colours from each "
            f"opening of {config.opening_moves} random moves."
        )
    method = (
        f"`{config.training.learner.algorithm}` on {game.size}x{game.size}, komi {game.komi:g}, "
        f"{spent} a training, {config.seeds} seeds of each variant. Varied: {varied}. {judged}\n\n"
        "Intervals are 95 %, over seeds (Student's t); those of win rates are never narrower than "
        "the number of games permits (Wilson). Differences are taken seed by seed. A slope is per "
        "doubling of the first axis."
    )
    return StudyText(
        config.name,
        config.question,
        {"Method": method, "What was not tested": "Other boards, budgets and settings than these."},
    )
