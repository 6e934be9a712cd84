"""The report of a study, as a page and as Markdown, with its figures and numbers beside."""

from __future__ import annotations

import html
import json
import math
import re
import shlex
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

from algorithms.report import figures
from algorithms.report.markup import place_figure, table
from algorithms.studies.data import Row, write_rows
from algorithms.studies.study import Findings, Judged, Study

_OUTCOMES = {
    "holds": "The claim holds.",
    "does not hold": "The claim does not hold.",
    "undecided": "Undecided.",
}


def write_report(
    study: Study,
    plan: dict[str, Any],
    findings: Findings,
    judged: Sequence[Judged],
    result: dict[str, Any],
    folder: Path,
) -> Path:
    """Write ``index.html``, ``report.md``, ``figures/`` and ``tables/``.

    Args:
        study: which.
        plan: what was stored before the run.
        findings: what came of it.
        judged: the hypotheses.
        result: as stored.
        folder: of the report, over an older one.

    Returns:
        The page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for picture in findings.pictures:
        figures.save(picture.figure, folder / "figures" / picture.name, png=True)
        write_rows(folder / "figures" / f"{picture.name}.csv", list(picture.rows))
    for sheet in findings.sheets:
        write_rows(folder / "tables" / f"{sheet.name}.csv", list(sheet.rows))
    verdicts = _verdict_rows(judged)
    write_rows(folder / "tables" / "verdicts.csv", verdicts)
    (folder / "report.md").write_text(
        _markdown(study, plan, findings, verdicts, result), encoding="utf-8"
    )
    page = folder / "index.html"
    beside = page.with_suffix(".partial")
    beside.write_text(_page(study, plan, findings, verdicts, result, folder), encoding="utf-8")
    beside.replace(page)
    return page


def outcome_text(result: dict[str, Any]) -> str:
    """What came of the claims, in a sentence."""
    if result["outcome"] in _OUTCOMES:
        return _OUTCOMES[result["outcome"]]
    of_source: dict[str, list[str]] = {}
    for each in result["verdicts"]:
        of_source.setdefault(each["source"], []).append(each["verdict"])
    verdicts = of_source.get("claim") or of_source["prediction"]
    hold, fail, rest = map(verdicts.count, ("holds", "does not hold", "undecided"))
    return f"Mixed. Claims that hold: {hold}; that do not hold: {fail}; undecided: {rest}."


def command_of(study: Study, plan: dict[str, Any]) -> str:
    """The command that repeats a run."""
    if study.command:
        return study.command
    preset = study.presets.get(plan["preset"])
    stock = {} if preset is None else preset.model_dump(mode="json")
    changed = [
        shlex.quote(f"{key}={json.dumps(value, separators=(',', ':'))}")
        for key, value in plan["config"].items()
        if key not in stock or stock[key] != value
    ]
    return " ".join([f"gozoo study {study.name} --preset {plan['preset']}", *changed])


def _verdict_rows(judged: Sequence[Judged]) -> list[Row]:
    return [
        {
            "hypothesis": each.hypothesis.text,
            "from": _source(each),
            "number": each.hypothesis.quantity,
            "expected": f"{_end(each.hypothesis.low)} to {_end(each.hypothesis.high)}",
            "measured": "–" if each.measured is None else str(each.measured),
            "verdict": each.verdict,
        }
        for each in judged
    ]


def _source(judged: Judged) -> str:
    hypothesis = judged.hypothesis
    words = "the lecture" if hypothesis.source == "claim" else "our prediction"
    words += f" ({hypothesis.claim})" if hypothesis.claim else ""
    if not judged.before:
        return f"{words}; range written after this run"
    return f"{words}; range written {hypothesis.seen}" if hypothesis.seen else words


def _end(value: float) -> str:
    return f"{value:g}" if math.isfinite(value) else ("∞" if value > 0 else "−∞")


def _facts(plan: dict[str, Any], result: dict[str, Any]) -> str:
    machine = plan["machine"]
    hours = result["cpu_seconds"] / 3600
    spent = f"{hours:.1f} hours" if hours >= 1 else f"{result['cpu_seconds'] / 60:.1f} minutes"
    return (
        f"{machine['cores']} cores of {machine['processor']}, {machine['device']}; "
        f"torch {machine['torch']}; {spent} of one core in all"
    )


def _markdown(
    study: Study,
    plan: dict[str, Any],
    findings: Findings,
    verdicts: Sequence[Row],
    result: dict[str, Any],
) -> str:
    text = study.text
    parts = [
        f"# {text.title}",
        f"**Question.** {text.question}",
        f"**Outcome.** {outcome_text(result)}",
        "## Hypotheses, as written before the run",
        _markdown_table(verdicts),
    ]
    if "On paper" in text.sections:
        parts += ["## On paper", text.sections["On paper"]]
    parts += ["## Method", text.sections["Method"], "## Results"]
    for picture in findings.pictures:
        parts.append(f"![{picture.caption}](figures/{picture.name}.png)")
        parts.append(f"*{picture.caption}* [numbers](figures/{picture.name}.csv)")
    for sheet in findings.sheets:
        parts.append(f"{sheet.caption} [numbers](tables/{sheet.name}.csv)")
        parts.append(_markdown_table(sheet.rows))
    parts += findings.remarks
    parts += [
        "## What was not tested", text.sections["What was not tested"], "## Repeat it",
        f"    {command_of(study, plan)}", f"Measured on {_facts(plan, result)}.",
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _markdown_table(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    names = list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "| " + " | ".join("---" for _ in names) + " |"]
    lines += ["| " + " | ".join(_text(row[name]) for name in names) + " |" for row in rows]
    return "\n".join(lines)


def _text(value: Any) -> str:
    if isinstance(value, float):
        return "–" if math.isnan(value) else f"{value:.3g}"
    return str(value)


def _page(
    study: Study,
    plan: dict[str, Any],
    findings: Findings,
    verdicts: Sequence[Row],
    result: dict[str, Any],
    folder: Path,
) -> str:
    pictures = [
        place_figure(
            picture.figure, folder / "figures" / f"{picture.name}.svg", picture.caption, True
        )
        + f'<p class="caption">{html.escape(picture.caption)} '
        + f'<a href="figures/{picture.name}.csv">numbers</a></p>'
        for picture in findings.pictures
    ]
    sheets = [
        _table(sheet.rows)
        + f'<p class="caption">{html.escape(sheet.caption)} '
        + f'<a href="tables/{sheet.name}.csv">numbers</a></p>'
        for sheet in findings.sheets
    ]
    templates = resources.files("algorithms.report") / "templates"
    text = study.text
    theory = text.sections.get("On paper", "")
    if theory:
        theory = f"<section><h2>On paper</h2>{_prose(theory)}</section>"
    fields = {
        "css": (templates / "report.css").read_text(encoding="utf-8"),
        "name": html.escape(study.name),
        "eyebrow": html.escape(" · ".join([plan["preset"], *study.claims])),
        "title": html.escape(text.title),
        "question": html.escape(text.question),
        "outcome": outcome_text(result),
        "verdicts": _table(verdicts),
        "theory": theory,
        "method": _prose(text.sections["Method"]),
        "results": "".join(pictures + sheets) + _prose("\n\n".join(findings.remarks)),
        "not_tested": _prose(text.sections["What was not tested"]),
        "command": html.escape(command_of(study, plan)),
        "facts": html.escape(_facts(plan, result)),
    }
    return Template((templates / "study.html").read_text(encoding="utf-8")).substitute(fields)


def _table(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    cells = [("", [html.escape(_text(value)) for value in row.values()]) for row in rows]
    return table([html.escape(name) for name in rows[0]], cells)


def _prose(text: str) -> str:
    """Paragraphs, lists and code of the Markdown that studies are written in."""
    parts = []
    for block in re.split(r"\n\s*\n", text.strip()):
        marked = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(block, quote=False))
        marked = re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", marked)
        if block.startswith("- "):
            items = re.split(r"(?:^|\n)- ", marked)[1:]
            parts.append("<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>")
        elif block:
            parts.append(f"<p>{marked}</p>")
    return "".join(parts)
