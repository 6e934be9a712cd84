"""Studies: verdicts, estimates with known answers, and every study at its smallest."""

from __future__ import annotations

import json
import math
import os
import re

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from algorithms.cli import app
from algorithms.cli_shared import console
from algorithms.config import ConfigError
from algorithms.display import Display
from algorithms.model import Model
from algorithms.networks import NetworkConfig
from algorithms.studies import ledger, publishing
from algorithms.studies.catalogue import all_studies, find_study
from algorithms.studies.charts import line_chart
from algorithms.studies.data import Rows, read_rows, write_rows
from algorithms.studies.estimates import mean_of
from algorithms.studies.games import fit_values, play, values_of
from algorithms.studies.gradients import GradientSums, game_gradients, gram_rows, moments
from algorithms.studies.ledger import draw, entries, predictions
from algorithms.studies.names import NAMES
from algorithms.studies.report import outcome_text
from algorithms.studies.running import report_study, run_study
from algorithms.studies.study import Estimate, Hypothesis, outcome
from goenv import BLACK, Rules

SMALL = NetworkConfig(blocks=1, channels=4, head_channels=4)


def hypothesis(low, high):
    return Hypothesis("x", "x lies there", low, high, "claim", "C1")


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        (Estimate(1.0, 0.9, 1.1), "holds"),
        (Estimate(1.0, 0.4, 1.1), "undecided"),
        (Estimate(2.0, 1.6, 2.4), "does not hold"),
        (Estimate(1.0, math.nan, math.nan), "undecided"),
        (None, "undecided"),
    ],
)
def test_a_verdict_needs_the_whole_interval(measured, verdict):
    assert hypothesis(0.5, 1.5).verdict(measured) == verdict


def test_a_range_upside_down_is_refused():
    with pytest.raises(ValueError, match="low must lie below high"):
        hypothesis(2, 1)


def test_outcomes():
    assert outcome(["holds", "holds"]) == "holds"
    assert outcome(["holds", "undecided"]) == "mixed"
    assert outcome([]) == "undecided"


@pytest.mark.parametrize(
    ("claims", "text"),
    [
        (["does not hold", "does not hold"], "The claim does not hold."),
        (["does not hold", "undecided", "undecided"],
         "Mixed. Claims that hold: 0; that do not hold: 1; undecided: 2."),
    ],
)  # fmt: skip
def test_an_outcome_is_said_plainly(claims, text):
    verdicts = [{"source": "claim", "verdict": each} for each in claims]
    verdicts.append({"source": "prediction", "verdict": "holds"})
    assert outcome_text({"outcome": outcome(claims), "verdicts": verdicts}) == text


def test_rows_come_back_as_they_were(tmp_path):
    rows = [{"name": "a,b", "n": 3, "x": 0.1, "flag": True, "far": math.inf}]
    write_rows(tmp_path / "rows.csv", rows)
    assert read_rows(tmp_path / "rows.csv") == rows
    with pytest.raises(ValueError, match="differ"):
        write_rows(tmp_path / "rows.csv", [{"a": 1}, {"b": 2}])


def test_rows_are_picked_and_parted():
    rows = Rows([{"a": 1, "b": "x"}, {"a": 2, "b": "x"}, {"a": 1, "b": "y"}])
    assert rows.where(a=1).column("b").tolist() == ["x", "y"]
    assert {key: len(part) for key, part in rows.groups("b").items()} == {("x",): 2, ("y",): 1}


def test_a_logarithmic_axis_leaves_out_what_it_cannot_show():
    points = [Estimate(1.0, -2.0, 3.0), Estimate(-1.0, -2.0, 0.0), Estimate(100.0, 50.0, math.inf)]
    figure = line_chart({"a": ([1, 2, 4], points), "b": ([1], [Estimate(0, 0, 0)])}, "x", "y",
                        log_y=True)  # fmt: skip
    axes = figure.axes[0]
    (line,) = axes.lines
    assert np.array_equal(line.get_ydata(), [1.0, np.nan, 100.0], equal_nan=True)  # a gap
    assert axes.get_ylim()[0] > 0.01
    assert {text.get_text() for text in axes.texts} == {"● a"}


def test_moments_of_known_vectors():
    # Gradients with mean (2, 0, 0, ...) and unit noise in 50 directions: signal 4, variance 50.
    rng = np.random.default_rng(2)
    blocks = []
    for _ in range(40):
        vectors = rng.normal(size=(25, 50))
        vectors[:, 0] += 2
        total = torch.from_numpy(vectors.sum(axis=0)).float()
        blocks.append({"k": GradientSums(total, float((vectors**2).sum()), 25)})
    inner, squares = np.zeros((40, 40)), np.zeros(40)
    for row in gram_rows(blocks):
        inner[row["i"], row["j"]] = inner[row["j"], row["i"]] = row["inner"]
        squares[row["i"]] += row["squares"]
    found = moments(inner, squares, 25)
    signal = mean_of(found.signal_of)
    assert signal.low < 4 < signal.high
    assert signal.high - signal.low < 1
    assert found.variance == pytest.approx(50, rel=0.05)
    # Without a mean there is no signal, and noise does not pass for one.
    for block in blocks:
        block["k"].total[0] = 0
    inner = np.array([[float(a["k"].total @ b["k"].total) for b in blocks] for a in blocks])
    assert abs(moments(inner, squares - 25 * 5, 25).signal) < 0.2


@pytest.fixture(scope="module")
def played():
    model = Model(SMALL, seed=3)
    rng = np.random.default_rng(0)
    return model, play(model, Rules(3, komi=0.5, max_moves=6), 400, rng, passes=False)


def test_games_of_a_forced_length(played):
    _, games = played
    assert (games.length == 6).all()
    assert (games.action < 9).all()
    assert (games.colour[games.at == 0] == BLACK).all()
    ends = np.sign(games.lead[:, -1] - 0.5)
    assert np.array_equal(ends, games.outcome)
    assert (games.lead[:, 0] == 0).all()
    assert (games.lead[:, 1] == 9).all()  # a single stone owns the board


def test_gradients_of_games(played):
    model, games = played
    signs = np.random.default_rng(5).choice([-1.0, 1.0], size=len(games.action))
    z = games.colour * games.outcome[games.game]

    def surrogates(log_pi, at):
        chosen = log_pi.gather(1, torch.from_numpy(games.action[at])[:, None])[:, 0]
        return {
            "outcome": (torch.from_numpy(z[at]).float() * chosen).sum(),
            "signs": (torch.from_numpy(signs[at]).float() * chosen).sum(),
            "twice": 2 * (torch.from_numpy(z[at]).float() * chosen).sum(),
            "entropy": (log_pi.exp() * log_pi).sum(),
        }

    sums = game_gradients(model, games, surrogates)
    assert sums["twice"].squares == pytest.approx(4 * sums["outcome"].squares, rel=1e-4)
    # One reward at the end: squared lengths add up over the moves, whatever the outcome.
    assert sums["outcome"].squares == pytest.approx(sums["signs"].squares, rel=0.15)
    # The sum over games is the gradient of the sum.
    planes, allowed = torch.from_numpy(games.planes), torch.from_numpy(games.allowed)
    logits = model.network(planes).policy.masked_fill(~allowed, -1e9).log_softmax(1)
    chosen = logits.gather(1, torch.from_numpy(games.action)[:, None])[:, 0]
    parameters = list(model.network.parameters())
    parts = torch.autograd.grad(
        (torch.from_numpy(z).float() * chosen).sum(), parameters, allow_unused=True
    )
    whole = torch.cat(
        [
            (torch.zeros_like(p) if g is None else g).flatten()
            for p, g in zip(parameters, parts, strict=True)
        ]
    )
    assert torch.allclose(sums["outcome"].total, whole, atol=1e-3)


def test_a_value_is_learned_for_whoever_moves(played):
    _, games = played
    value = Model(SMALL, seed=4)
    before = values_of(value, games)
    fit_values(value, games, 150, np.random.default_rng(0))
    z = games.colour * games.outcome[games.game]
    assert np.corrcoef(values_of(value, games), z)[0, 1] > 0.3
    assert abs(np.corrcoef(before, z)[0, 1]) < 0.3


@pytest.fixture(scope="module", params=NAMES)
def run(request, tmp_path_factory):
    study = find_study(request.param)
    folder = tmp_path_factory.mktemp("studies") / study.name
    page = run_study(
        study, "tiny", study.presets["tiny"], folder, 1, Display(console), lambda: False
    )
    return study, folder, page


def test_every_study_runs_and_reports(run):
    study, folder, page = run
    text = page.read_text()
    assert study.text.title in text
    result = json.loads((folder / "result.json").read_text())
    assert len(result["verdicts"]) == len(study.hypotheses)
    assert result["not_measured"] == []
    pictures = list((folder / "report" / "figures").glob("*.svg"))
    assert pictures
    for picture in pictures:  # the numbers and a file for slides beside each
        assert picture.with_suffix(".csv").stat().st_size > 0
        assert picture.with_suffix(".png").stat().st_size > 0


def test_a_report_follows_from_the_stored_numbers(run):
    study, folder, page = run
    before = page.read_text(), (folder / "report" / "report.md").read_text()
    page.unlink()
    report_study(study, folder)
    assert (page.read_text(), (folder / "report" / "report.md").read_text()) == before


def test_a_run_goes_on_where_it_was(run):
    study, folder, _ = run
    lost = sorted((folder / "data").glob("*.csv"))[0]
    others = {p: p.stat().st_mtime_ns for p in (folder / "data").glob("*.csv") if p != lost}
    rows = read_rows(lost)
    lost.unlink()
    with pytest.raises(ConfigError, match=r"lacks 1 cells"):
        report_study(study, folder)
    quiet = Display(console)
    assert run_study(study, "tiny", study.presets["tiny"], folder, 1, quiet, lambda: False)
    assert {p: p.stat().st_mtime_ns for p in others} == others
    timeless = [{k: v for k, v in row.items() if k != "seconds"} for row in rows]
    again = [{k: v for k, v in row.items() if k != "seconds"} for row in read_rows(lost)]
    assert again == timeless  # a cell depends on its configuration alone


@pytest.mark.parametrize("run", NAMES[:1], indirect=True)
def test_a_published_run_is_one_that_a_report_can_be_drawn_from(run, tmp_path, monkeypatch):
    study, folder, _ = run
    for module in (publishing, ledger):
        monkeypatch.setattr(module, "PUBLISHED", tmp_path / "results")
    page = publishing.publish(folder, tmp_path)
    text, home = page.read_text(), tmp_path / study.name
    links = re.findall(r"\]\((.*?)\)", text)
    assert len(links) >= 4
    assert all((tmp_path / link).stat().st_size > 0 for link in links)
    report_study(study, home)
    assert (home / "report" / "report.md").read_text() == text.replace(f"({study.name}/", "(")
    with pytest.raises(ConfigError, match="is what was published"):
        publishing.publish(home, tmp_path)
    listed = {entry.study.name: entry for entry in ledger.entries(tmp_path / "none")}
    assert listed[study.name].where == "published"
    assert listed[study.name].result["preset"] == "tiny"


def test_another_configuration_is_refused(run):
    study, folder, _ = run
    with pytest.raises(ConfigError, match=r"another config: .* there, .* here\)"):
        run_study(study, "quick", study.presets["quick"], folder, 1, Display(console), lambda: True)


def test_hypotheses_are_numbers_with_a_source():
    for study in all_studies():
        assert {each.source for each in study.hypotheses} >= {"prediction"}
        assert all(each.claim for each in study.hypotheses if each.source == "claim")
        assert {"quick", "full", "tiny"} == set(study.presets)
        assert study.parent is None or study.parent in NAMES[: NAMES.index(study.name)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["variance-vs-length", "--preset", "huge"], "one of quick, full, tiny"),
        (["variance-vs-length", "blocks=none"], "blocks"),
        (["variance-vs-length", "block=3"], "did you mean 'blocks'"),
        (["report", "nowhere"], "holds no run of a study"),
        (["search-improves", "games=1000"], "there are not 500 distinct openings"),
        (["search-improves", "size=6"], "3, 4, 5 or 7"),
        (["soft-or-hard", "simulations=[8,4]"], "must increase"),
        (["search-hurts", "played_out=[0,1]"], "0.1 and 1 among them"),
        (["search-hurts", "played_out=[0,0.1,0.102,1]"], "differ by a whole per cent"),
        (["same-budget", "sizes=[5,5]"], "2 or 3"),
        (["bits-per-sample", "rates=[0.5,2]"], "rates.1: Input should be less than 1"),
        (["variance-vs-length", "lengths=[]"], "lengths must not be empty"),
        (["variance-vs-length", "lengths=[0]"], "greater than or equal to 4"),
        (["who-gets-the-credit", "games={3: 8}"], "boards 3 and 5"),
        (["who-gets-the-credit", "further=[]"], "further must not be empty"),
    ],
)
def test_bad_input_is_told(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["study", *arguments])
    assert isinstance(result.exception, ConfigError)
    assert message in str(result.exception)
    assert not list(tmp_path.iterdir())


def test_the_ledger_lists_every_study(tmp_path):
    result = CliRunner().invoke(app, ["study", "list", "--runs", str(tmp_path)])
    assert result.exit_code == 0
    assert all(name in result.output for name in NAMES)


def test_the_ledger_prefers_what_was_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(ledger, "PUBLISHED", tmp_path / "none")
    for number, (preset, verdict) in enumerate([("quick", "holds"), ("tiny", "undecided")]):
        path = tmp_path / preset / "result.json"
        path.parent.mkdir()
        verdicts = [
            {"source": source, "verdict": verdict, "before": before, "seen": seen}
            # One that was written after the run, or when something had been seen, does not count.
            for source, before, seen in (
                ("claim", True, ""),
                ("prediction", True, ""),
                ("prediction", False, ""),
                ("prediction", True, "after a quick run"),
            )
        ]
        result = {
            "study": "search-hurts", "preset": preset, "outcome": verdict, "verdicts": verdicts,
        }  # fmt: skip
        path.write_text(json.dumps(result))
        os.utime(path, (number, number))  # the tiny one is the newer one
    listed = entries(tmp_path)
    assert [each.where for each in listed if each.result] == [str(tmp_path / "quick")]
    assert predictions(listed) == (1, 0, 0)
    label = next(branch.label for branch in tree_of(draw(listed)) if "hurts" in str(branch.label))
    assert str(label).startswith("search-hurts: holds (quick) [C5]\n")


def tree_of(tree):
    """All branches."""
    return [below for branch in tree.children for below in (branch, *tree_of(branch))]


def test_it_leaves_out_rounding_errors_and_what_is_infinite_but_nothing_else():
    values = [1.0, 1e-12, 0.0, math.inf, math.nan, 100.0]
    series = {"a": (range(6), [Estimate(v, v, v) for v in values])}
    figure = line_chart(series, "x", "y", log_y=True)
    (line,) = [each for each in figure.axes[0].lines if each.get_marker() != "None"]
    assert line.get_xdata()[np.isfinite(line.get_ydata())].tolist() == [0, 5]
