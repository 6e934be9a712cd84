"""Studies of one's own: the file, its hypotheses, the commands."""

from __future__ import annotations

import json

import numpy as np
import pytest
import yaml

from algorithms.config import ConfigError, TrainConfig, dump_config, validate
from algorithms.studies import ledger
from algorithms.studies.data import Rows
from algorithms.studies.ledger import draw, entries
from algorithms.studies.sweep import SweepConfig, analyse, cells, sweep_study

KEY, OTHER = "learner.search.simulations", "learner.batch_size"


@pytest.fixture
def sweep(tiny):
    """Plain data of a sweep, with changes: ``sweep(seeds=2)``."""

    def make(**changes):
        data = {
            "name": "mine", "question": "Do more simulations help?",
            "training": tiny.data("alphazero", budget={"env_steps": 60}),
            "axes": {KEY: [2, 4, 8]}, "seeds": 2, "against": "uct:2", "games": 4, "snapshots": 2,
            **changes,
        }  # fmt: skip
        return validate(SweepConfig, data, "the sweep")

    return make


def rows_of(config, measure):
    """A last and an earlier snapshot of each variant and seed; `measure` by changes and seed."""
    return Rows([
        {"variant": name, "seed": seed, "final": final, "place": int(final), "step": 1,
         "flops": 1e9 * (1 + final), "samples": 1, "env_steps": 10,
         "win_rate": measure(changes, seed) if final else 0.1}
        for seed in range(config.seeds)
        for name, changes in config.variants().items()
        for final in (False, True)
    ])  # fmt: skip


def test_a_cell_for_each_variant_and_seed(sweep):
    config = sweep(axes={KEY: [2, 4], OTHER: [4, 8]})
    assert list(config.variants()) == [
        f"simulations={a},batch_size={b}" for a in (2, 4) for b in (4, 8)
    ]
    assert len(cells(config)) == 8
    run = config.run(config.variants()["simulations=4,batch_size=8"], 1)
    assert (run.learner.search.simulations, run.learner.batch_size, run.seed) == (4, 8, 1)


def test_differences_have_the_sign_of_what_comes_first(sweep):
    config = sweep(
        seeds=3,
        games=200,
        opening_moves=4,  # of which there are enough for so many games
        hypotheses=[
            "simulations=8 - simulations=2 in 0.1..: more is better",
            "win_rate of simulations=2 - simulations=8 in 0..1: (C8) less is better",
            "simulations=4 in 0.4..0.6: the middle",
            "slope in 0.05..0.15: a tenth a doubling",
        ],
    )
    rows = rows_of(config, lambda changes, seed: 0.1 * np.log2(changes[KEY]) + 0.3 + 0.001 * seed)
    measured = analyse(rows, config).measured
    assert measured["win_rate of simulations=8 - simulations=2"].value == pytest.approx(0.2)
    assert measured["win_rate of simulations=2 - simulations=8"].high < 0
    assert measured["win_rate of simulations=4"].value == pytest.approx(0.501)
    assert measured["win_rate of slope"].value == pytest.approx(0.1)
    study = sweep_study(config)
    verdicts = [each.verdict(measured[each.quantity]) for each in study.hypotheses]
    assert verdicts == ["does not hold", "holds", "holds", "holds"]  # the claim comes first
    assert study.claims == ("C8",)


def test_a_slope_is_the_mean_over_the_second_axis(sweep):
    config = sweep(axes={KEY: [2, 4, 8], OTHER: [4, 8]}, hypotheses=["slope in 0..1: up"])
    slopes = {4: 0.1, 8: 0.02}
    rows = rows_of(config, lambda c, seed: slopes[c[OTHER]] * np.log2(c[KEY]) + 0.1 * seed)
    assert analyse(rows, config).measured["win_rate of slope"].value == pytest.approx(0.06)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "soft-or-hard"}, "comes with GoZoo"),
        ({"axes": {"learner.speed": [1, 2]}}, "no key learner.speed"),
        ({"axes": {"learner.search.simulation": [1, 2]}}, "mean learner.search.simulations"),
        ({"axes": {"batch_size": [1, 2]}}, "did you mean learner.batch_size"),
        ({"axes": {KEY: [0, 2]}}, "simulations"),
        ({"axes": {"learner.search.simulations": [2], "learner.play.simulations": [2]}}, "differ"),
        ({"axes": {}}, "axes"),
        ({"axes": {KEY: [2, 4, 2]}}, "values of learner.search.simulations must differ"),
        ({"axes": {KEY: [2]}}, "needs two values or more"),
        ({"axes": {"seed": [1, 2]}}, "seeds are varied by"),
        ({"against": "nobody", "games": 100}, "no agent is called 'nobody'"),
        ({"against": "exact"}, "3x3"),  # its superko is positional
        ({"games": 3}, "multiple of 2"),
        ({"games": 100}, "there are not 50 distinct openings of 2 moves on 3x3"),
        ({"hypotheses": ["more is better"]}, "one looks like"),
        ({"hypotheses": ["simulations=9 in 0..1: x"]}, "no variant is 'simulations=9'"),
        ({"hypotheses": ["blunder_rate of simulations=2 in 0..1: x"]}, "is not measured"),
        ({"hypotheses": ["simulations=2 in 1..0: x"]}, "low must lie below high"),
        ({"hypotheses": ["simulations=2 in a..b: x"]}, "a range looks like"),
        ({"hypotheses": ["slope - simulations=2 in 0..1: x"]}, "stands alone"),
        ({"axes": {"learner.symmetries": [True, False]}, "hypotheses": ["slope in 0..1: x"]},
         "positive numbers"),
    ],
)  # fmt: skip
def test_what_cannot_be_run_is_refused(sweep, changes, message):
    with pytest.raises(ConfigError, match=message):
        sweep(**changes)


def test_names_of_variants_are_those_of_the_file(sweep):
    config = sweep(axes={"learner.symmetries": [True, False], "budget.flops": [1, 2.5]})
    assert list(config.variants())[:2] == ["symmetries=true,flops=1", "symmetries=true,flops=2.5"]
    name = "symmetries=true,flops=1 - symmetries=false,flops=1"
    (contrast,) = config.model_copy(update={"hypotheses": (f"{name} in ..0: x",)}).contrasts()
    assert (contrast.hypothesis.low, contrast.hypothesis.high) == (-np.inf, 0)
    # What is stored in a plan reads back as the same sweep.
    assert validate(SweepConfig, json.loads(config.model_dump_json()), "x") == config


def test_from_a_question_to_a_report(tiny, gozoo, store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ledger, "PUBLISHED", tmp_path / "none")
    game = {"size": 2, "komi": 0.5, "superko": "simple", "max_moves": 12}
    base = tiny("alphazero", game=game, budget={"env_steps": 60})
    file = store(yaml.safe_load(dump_config(base)), "base.yaml")
    new = ("study", "new", "mine", "--question", "Do more simulations help?", "--config", file,
           "--axis", f"{KEY}=2,4", "--axis", f"{OTHER}=4,8", "--seeds", 2, "--against", "exact",
           "--snapshots", 2,
           "--parent", "search-improves", "--hypothesis",
           "blunder_rate of simulations=2,batch_size=4 - simulations=4,batch_size=4 in -99..99: x",
           "learner.reuse=3")  # fmt: skip
    answer = gozoo(*new)
    assert answer.code == 0, answer.error
    assert "gozoo study run mine.yaml" in answer.out
    written = yaml.safe_load((tmp_path / "mine.yaml").read_text())
    assert (written["axes"], written["snapshots"]) == ({KEY: [2, 4], OTHER: [4, 8]}, 2)
    assert TrainConfig.model_validate(written["training"]).learner.reuse == 3
    assert "already" in gozoo(*new).error

    answer = gozoo("study", "run", "mine.yaml", "--workers", 1, "--runs", "runs")
    assert answer.code == 0, answer.error
    folder = tmp_path / "runs" / "mine"
    page = (folder / "report" / "index.html").read_text()
    assert "Do more simulations help?" in page
    assert "gozoo study run mine.yaml" in page
    result = json.loads((folder / "result.json").read_text())
    assert (result["outcome"], result["not_measured"]) == ("holds", [])
    before = {path: path.stat().st_mtime_ns for path in (folder / "data").iterdir()}
    assert len(before) == 8
    assert gozoo("study", "run", "mine.yaml", "--runs", "runs").code == 0
    assert {path: path.stat().st_mtime_ns for path in (folder / "data").iterdir()} == before
    assert gozoo("study", "report", folder).code == 0
    assert (folder / "report" / "index.html").read_text() == page

    listed = gozoo("study", "list", "--runs", "runs").out
    assert "mine: holds (sweep)" in listed
    assert "predictions: 1 came true" in listed
    # It stands under its parent.
    tree = draw(entries(tmp_path / "runs"))
    parent = next(branch for branch in tree.children if "search-improves" in str(branch.label))
    assert any("mine" in str(branch.label) for branch in parent.children)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--axis", "learner.reuse"), "one looks like learner.reuse=2,4,8"),
        (
            ("--axis", "learner.reuse=2,4", "--parent", "serch-improves"),
            "'serch-improves' is no study",
        ),
    ],
)
def test_what_cannot_be_read_is_refused(
    arguments, error, gozoo, store, tiny, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    file = store(yaml.safe_load(dump_config(tiny("alphazero"))), "base.yaml")
    answer = gozoo("study", "new", "mine", "--question", "x", "--config", file, *arguments,
                   "--against", "random")  # fmt: skip
    assert error in answer.error
    assert not (tmp_path / "mine.yaml").exists()
