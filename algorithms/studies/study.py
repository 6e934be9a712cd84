"""The words of a study: hypotheses, estimates, verdicts, findings."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Self

from matplotlib.figure import Figure
from pydantic import model_validator

from algorithms import workers
from algorithms.frozen import Frozen
from algorithms.studies.data import Row, Rows
from algorithms.studies.names import StudyText, text_of

SWEEP = "sweep"
"""Name of the only preset of a study that a file describes."""

Verdict = Literal["holds", "does not hold", "undecided"]
Outcome = Literal["holds", "does not hold", "undecided", "mixed"]


class StudyConfig(Frozen):
    """What a preset of a study sets; a subclass for each study."""

    @model_validator(mode="after")
    def _nothing_is_empty(self) -> Self:
        for name, field_info in type(self).model_fields.items():
            if field_info.default and getattr(self, name) in ((), {}):
                raise ValueError(f"{name} must not be empty")
        return self


@dataclass(frozen=True)
class Estimate:
    """A measured number with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        if math.isnan(self.value):
            return "not measurable"
        if math.isnan(self.low) or math.isnan(self.high):
            return f"{self.value:.3g}, no interval"
        return f"{self.value:.3g} [{self.low:.3g}, {self.high:.3g}]"


@dataclass(frozen=True)
class Hypothesis:
    """A statement about a number that is to be measured, written before the run.

    Attributes:
        quantity: name of the number, a key of `Findings.measured`.
        text: the statement in words.
        low, high: the range in which the number lies if the statement is true; infinite ends are
            allowed.
        source: ``"claim"``, a claim of the lecture (the study's question), or ``"prediction"``,
            what we expect, for which the ledger keeps score.
        claim: which one of the lecture, such as ``"C13"``.
        seen: what had been seen of this number, or of one near it, when the range was written; such
            a prediction does not count in the ledger.
    """

    quantity: str
    text: str
    low: float
    high: float
    source: Literal["claim", "prediction"]
    claim: str = ""
    seen: str = ""

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"{self.quantity}: low must lie below high")

    def verdict(self, measured: Estimate | None) -> Verdict:
        """Holds if the whole interval lies in the range, fails if none of it does."""
        if measured is None or not measured.low <= measured.high:  # nan too
            return "undecided"
        if self.low <= measured.low and measured.high <= self.high:
            return "holds"
        if measured.high < self.low or self.high < measured.low:
            return "does not hold"
        return "undecided"


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure with the numbers that it shows.

    Attributes:
        name: of its files.
        caption: what it shows, a sentence or two.
        figure: the drawing; see `algorithms.studies.charts`.
        rows: what is drawn, stored as CSV beside it.
    """

    name: str
    caption: str
    figure: Figure
    rows: Sequence[Row]


@dataclass(frozen=True)
class Sheet:
    """A table.

    Attributes:
        name: of its CSV file.
        caption: what it says.
        rows: all with the same keys, which are the headings.
    """

    name: str
    caption: str
    rows: Sequence[Row]


@dataclass(frozen=True, eq=False)
class Findings:
    """What the rows of all cells came to.

    Attributes:
        measured: estimates by quantity; one that could not be measured is left out.
        pictures, sheets: shown in this order.
        remarks: what else is to be said, a sentence each.
    """

    measured: Mapping[str, Estimate]
    pictures: Sequence[Picture] = ()
    sheets: Sequence[Sheet] = ()
    remarks: Sequence[str] = ()


@dataclass(frozen=True)
class CellFolder:
    """Where a cell may keep what it needs to go on, and how it tells how far it is.

    Attributes:
        name: of the cell.
        path: a folder of its own, which outlives a stop.
        begins, ends: what part of the cell this one speaks for, shares of the whole.
    """

    name: str
    path: Path
    begins: float = 0.0
    ends: float = 1.0

    def part(self, begins: float, ends: float) -> CellFolder:
        """The same folder for a piece of the work, which tells its own share, 0 to 1."""
        span = self.ends - self.begins
        return replace(self, begins=self.begins + span * begins, ends=self.begins + span * ends)

    def show(self, share: float, text: str = "") -> None:
        """Report that `share` of the work, 0 to 1, is done."""
        whole = self.begins + (self.ends - self.begins) * share
        workers.report(CellProgress(self.name, whole, text))

    def tell(self, share: float, text: str = "") -> None:
        """Like `show`, and end the cell if the study is to stop.

        Raises:
            Stopped: it is; the cell's rows are not stored.
        """
        self.show(share, text)
        if workers.should_stop():
            raise Stopped


@dataclass(frozen=True)
class CellProgress:
    """Told by a worker: how far a cell is."""

    name: str
    share: float
    text: str


class Stopped(Exception):
    """The study was asked to stop."""


@dataclass(frozen=True)
class Study:
    """One question about learning.

    Attributes:
        name: on the command line.
        axes: the variables, what is varied first, what is measured last.
        hypotheses: claims first, then predictions.
        config: class of its presets.
        presets: ``"quick"`` for minutes on two cores, ``"full"`` for hours, ``"tiny"`` for tests.
        cells: the cells of a configuration by name, as keywords of `measure`.
        measure: a cell: ``measure(config, folder, **cell)`` gives its rows.
        analyse: findings from the rows of all cells.
        parent: name of the study that led to this one.
        claims: of the lecture that it is about.
        words: title, question, theory, method, and what was not tested; None: those of
            ``texts/NAME.md``.
        command: that repeats a run; empty: that of a study which comes with GoZoo.
    """

    name: str
    axes: tuple[str, ...]
    hypotheses: tuple[Hypothesis, ...]
    config: type[StudyConfig]
    presets: Mapping[str, StudyConfig]
    cells: Callable[[Any], Mapping[str, Mapping[str, Any]]]
    measure: Callable[..., Sequence[Row]]
    analyse: Callable[[Rows, Any], Findings]
    parent: str | None = None
    claims: tuple[str, ...] = ()
    words: StudyText | None = None
    command: str = ""

    @property
    def text(self) -> StudyText:
        """Title, question, theory, method, and what was not tested."""
        return self.words or text_of(self.name)


@dataclass(frozen=True)
class Judged:
    """A hypothesis with what was measured, and whether it was written before the run."""

    hypothesis: Hypothesis
    measured: Estimate | None
    before: bool = True
    verdict: Verdict = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "verdict", self.hypothesis.verdict(self.measured))


def judge(
    study: Study, findings: Findings, stated: Collection[Mapping[str, Any]] | None = None
) -> list[Judged]:
    """Hold every hypothesis against what was measured.

    Args:
        study: whose.
        findings: of a run.
        stated: the hypotheses with which the run began, as stored; None: the study's. They are
            told in the words of then. One whose range or quantity is not among them was written
            after the run.
    """
    known = map(asdict, study.hypotheses) if stated is None else stated
    texts = {_bounds(each): each["text"] for each in known}
    return [
        Judged(
            replace(each, text=texts.get(bounds, each.text)),
            findings.measured.get(each.quantity),
            bounds in texts,
        )
        for each, bounds in ((each, _bounds(asdict(each))) for each in study.hypotheses)
    ]


def _bounds(hypothesis: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(hypothesis[name] for name in ("quantity", "source", "low", "high"))


def outcome(verdicts: Sequence[Verdict]) -> Outcome:
    """The outcome of a study from the verdicts on its claims."""
    kinds = set(verdicts)
    return kinds.pop() if len(kinds) == 1 else "mixed" if kinds else "undecided"
