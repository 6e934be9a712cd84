"""What a study tells: its settings, its command, its rows, what was written before the run."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict

import pytest
from typer.testing import CliRunner

from algorithms.cli import app
from algorithms.config import ConfigError, override
from algorithms.studies.catalogue import find_study
from algorithms.studies.report import _verdict_rows, command_of
from algorithms.studies.running import report_study
from algorithms.studies.study import Estimate, Findings, judge


def test_settings_are_listed():
    result = CliRunner().invoke(app, ["study", "soft-or-hard", "--settings", "seeds=2"])
    assert result.exit_code == 0
    config = find_study("soft-or-hard").presets["quick"]
    lines = {line.split()[0]: line for line in result.output.splitlines()[1:] if line.strip()}
    assert all(key in lines for key in type(config).model_fields)
    assert lines["seeds"].split()[1] == "2"
    assert lines["simulations"].split()[1] == "[4,16,64]"


@pytest.mark.parametrize("text", ["garbage", "", "cell,seconds\n", "cell,seconds,a\nT8-51,1.0"])
def test_damaged_rows_are_named(text, tmp_path):
    study = find_study("one-good-move")
    config = study.presets["tiny"]
    name = next(iter(study.cells(config)))
    plan = {"study": study.name, "preset": "tiny", "config": config.model_dump(mode="json")}
    (tmp_path / "data").mkdir()
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    for cell in study.cells(config):
        (tmp_path / "data" / f"{cell}.csv").write_text(f"cell,seconds\n{cell},1.0\n")
    (tmp_path / "data" / f"{name}.csv").write_text(text)
    with pytest.raises(ConfigError, match=f"{name}.csv is damaged"):
        report_study(study, tmp_path)


def test_a_command_can_be_pasted():
    study = find_study("bits-per-sample")
    config = study.presets["tiny"].model_dump(mode="json") | {"rates": [0.01, 0.5]}
    command = command_of(study, {"preset": "tiny", "config": config})
    words = shlex.split(command)
    assert words[:5] == ["gozoo", "study", "bits-per-sample", "--preset", "tiny"]
    data = study.presets["tiny"].model_dump(mode="json")
    for word in words[5:]:
        override(data, word)
    assert data == config


def test_hypotheses_that_were_written_after_a_run_are_marked():
    study = find_study("one-good-move")
    findings = Findings({"games, outcome": Estimate(6000, 5500, 6500)})
    stated = [json.loads(json.dumps(asdict(each))) for each in study.hypotheses]
    assert all(each.before for each in judge(study, findings, stated))
    moved = [each | {"high": 1.0} if each["quantity"] == "games, outcome" else each
             for each in stated]  # fmt: skip
    late = [each for each in judge(study, findings, moved) if not each.before]
    assert [(each.hypothesis.quantity, each.verdict) for each in late] == [
        ("games, outcome", "holds"),
    ]  # fmt: skip


def test_what_had_been_seen_is_told():
    study = find_study("one-good-move")
    (claim,) = [each for each in judge(study, Findings({}))
                if each.hypothesis.quantity == "positions taught, search"]  # fmt: skip
    (row,) = _verdict_rows([claim])
    assert row["from"] == (
        "the lecture (C14); range written after a run of the longest game alone, in which the "
        "claim held"
    )


def test_hypotheses_are_told_as_they_were_written_before_the_run():
    study = find_study("one-good-move")
    stated = [asdict(each) | {"text": f"once: {each.text}"} for each in study.hypotheses]
    told = judge(study, Findings({}), stated)
    assert [each.hypothesis.text for each in told] == [each["text"] for each in stated]
    assert all(each.before for each in told)
