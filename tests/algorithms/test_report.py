"""The numbers of a report against counts by hand, from a made-up comparison."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from made_comparison import Comparison, Page, interval, number

from algorithms.judging import Player
from algorithms.report.curves import learning_curves, thin
from algorithms.report.headline import make_headline
from algorithms.report.standings import make_standings
from baselines.arena import GameRecord, summarise
from baselines.groups import GroupRating
from goenv import Rules


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Comparison, Page]:
    comparison = Comparison(tmp_path_factory.mktemp("comparison"))
    return comparison, comparison.write()


def test_headline_is_made_from_the_ratings(made):
    comparison, page = made
    [headline] = page.texts["h1"]
    ratings = {rating.name: rating for rating in comparison.ratings.groups}
    best, second = ratings["alphazero"], ratings["reinforce"]
    difference = best.elo - second.elo
    assert difference > 0
    assert headline.startswith("After 2.0 × 10¹² FLOPs a run on 5×5, alphazero rates ")
    assert f"rates {round(difference)} Elo [" in headline
    assert "above reinforce" in headline
    assert ("do not overlap" in headline) == (best.low > second.high)
    shown = re.search(r"Elo \[(.*?)\]", headline)
    low, high = interval(shown[1])
    assert low < difference < high
    [remark] = page.texts["remark"]
    rate = comparison.rate_between("alphazero", "reinforce")
    assert f"won {100 * rate:.1f} % of 16" in remark


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ((100, 60, 140), "do not overlap."),
        ((100, 60, 210), "overlap, but that of the difference excludes 0."),
        ((280, 200, 360), "overlap: the order is open."),
    ],
)
def test_headline_says_whether_intervals_overlap(tmp_path, second, said):
    made = Comparison(tmp_path, shares=lambda *_: (0.0, 1.0), seeds=(0,), match_games=0)
    groups = [
        GroupRating("alphazero", ("alphazero-seed0@100%",), 300, 200, 400, (300,), 8),
        GroupRating("reinforce", ("reinforce-seed0@100%",), *second, (second[0],), 8),
    ]
    rng = np.random.default_rng(0)
    draws = [rng.normal((g.low + g.high) / 2, (g.high - g.low) / 3.92, 2000) for g in groups]
    ratings = replace(made.ratings, groups=groups, draws=np.stack(draws, axis=1))
    standings = make_standings(made.config, made.players, made.records, groups)
    headline, remark = make_headline(made.config, standings, made.records, made.players, ratings)
    assert headline.endswith(f"above reinforce; their 95 % intervals {said}")
    assert "300 Elo [200, 400]" in remark
    assert "one seed" in remark


def test_ranking_table(made):
    comparison, page = made
    rows = page.rows("ranking")
    assert len(rows) == len(comparison.ratings.groups)
    ratings = {rating.name: rating for rating in comparison.ratings.groups}
    elos = [ratings[row["player"]].elo for row in rows]
    assert elos == sorted(elos, reverse=True)
    ranks = [int(row[""]) for row in rows if row[""]]
    assert ranks == [1, 2, 3, 4, 5]  # two learners, a raw policy, two anchors
    for row in rows:
        rating = ratings[row["player"]]
        assert number(row["Elo"]) == round(rating.elo)
        assert int(row["games"]) == rating.games
        if rating.name == "random":
            assert row["95 % interval"] == "zero"
            assert row["% against random"] == "–"
        else:
            assert interval(row["95 % interval"]) == [round(rating.low), round(rating.high)]
            rate = comparison.rate_between(rating.name, "random")
            assert row["% against random"] == f"{100 * rate:.1f}"
        rate = comparison.rate_between(rating.name, None)
        assert row["% against all"] == f"{100 * rate:.1f}"
    [final] = [row for row in rows if row["player"] == "reinforce"]
    assert final["seeds"] == "2"
    assert final["FLOPs"] == "2.0 × 10¹²"
    assert final["env. steps"] == "1,500"  # the median of 1000 and 2000
    assert final["seconds"] == "7.5"
    hidden = [given for tag, given in page.attributes if given.get("class") == "snapshot"]
    assert len(hidden) == 4


def test_matches_table(made):
    comparison, page = made
    rows = {row["player"]: row for row in page.rows("matches")}
    assert len(rows) == 3
    for player, opponent, records in comparison.matches:
        row, summary = rows[player.name], summarise(records, player.name)
        assert row["opponent"] == opponent
        counts = [int(row[name]) for name in ("games", "wins", "draws", "losses")]
        assert counts == [summary.games, summary.wins, summary.draws, summary.losses]
        assert row["% won"] == f"{100 * summary.rate:.1f}"
        assert interval(row["95 % interval"]) == [round(100 * end, 1) for end in summary.interval]
        assert row["% as Black"] == f"{100 * summary.as_black:.1f}"
        assert row["% as White"] == f"{100 * summary.as_white:.1f}"
        assert number(row["mean score"]) == pytest.approx(summary.score, abs=0.051)
    pooled = rows["alphazero, all seeds"]
    wins = sum(summarise(records, player.name).wins for player, _, records in comparison.matches)
    assert (int(pooled["games"]), int(pooled["wins"])) == (12, wins)


def test_crossplay_matrix(made):
    comparison, page = made
    main, surprises, every = page.tables["crossplay"]
    assert len(main) == len(surprises) == 1 + 5
    assert len(every) == 1 + len(comparison.ratings.groups)
    for table in (main, every):
        for name, *cells in table[1:]:
            for other, cell in zip(table[0][1:], cells, strict=True):
                rate = comparison.rate_between(name, other)
                assert cell == ("·" if rate is None else f"{100 * rate:.0f}")
    for name, *cells in surprises[1:]:
        for other, cell in zip(surprises[0][1:], cells, strict=True):
            rate = comparison.rate_between(name, other)
            if rate is None:
                assert cell == "·"
            else:
                surplus = rate - comparison.expected_between(name, other)
                assert number(cell) == pytest.approx(100 * surplus, abs=0.51)
    titles = [given["title"] for tag, given in page.attributes if tag == "td" and "title" in given]
    assert any(re.match(r"alphazero against reinforce: 16 games, \d+ won", t) for t in titles)


def test_tables_as_csv(made):
    comparison, _ = made
    ranking = {row["name"]: row for row in comparison.table("ranking.csv")}
    for rating in comparison.ratings.groups:
        row = ranking[rating.name]
        assert float(row["elo"]) == rating.elo
        assert float(row["high"]) == rating.high
        assert float(row["against_all"]) == comparison.rate_between(rating.name, None)
    assert ranking["alphazero"]["kind"] == "final"
    assert ranking["alphazero (raw policy)"]["kind"] == "raw"
    assert ranking["alphazero@50%"]["kind"] == "snapshot"
    assert ranking["alphazero@50%"]["rank"] == ""
    assert float(ranking["alphazero@50%"]["flops"]) == 1e12

    crossplay = comparison.table("crossplay.csv")
    for row in crossplay:
        expected = comparison.ratings.players.expected_score(row["player"], row["opponent"])
        assert float(row["expected"]) == pytest.approx(expected)
        assert float(row["surplus"]) == pytest.approx(float(row["rate"]) - expected)
    superiority = comparison.table("superiority.csv")
    names = [rating.name for rating in comparison.ratings.groups]
    table = comparison.ratings.superiority()
    assert len(superiority) == len(names) * (len(names) - 1)
    for row in superiority:
        place = names.index(row["player"]), names.index(row["opponent"])
        assert float(row["likelihood"]) == table[place]
    drawn = [[float(row[name]) for name in names] for row in comparison.table("draws.csv")]
    assert drawn == comparison.ratings.draws.tolist()
    assert sum(int(row["games"]) for row in crossplay) == 2 * len(comparison.records)
    row = crossplay[0]
    met = [r for r in comparison.records if {r.black, r.white} == {row["player"], row["opponent"]}]
    assert int(row["games"]) == len(met)
    assert int(row["wins"]) == sum(r.outcome(row["player"]) == 1 for r in met)
    assert int(row["draws"]) == sum(r.score == 0 for r in met)

    players = comparison.table("players.csv")
    assert [row["name"] for row in players] == [player.name for player in comparison.players]
    assert sum(int(row["wins"]) for row in players) == sum(
        int(row["losses"]) for row in players
    )  # fmt: skip
    curves = comparison.table("curves.csv")
    assert len(curves) == 2 * 2 * 3
    assert {row["share"] for row in curves} == {"0.0", "0.5", "1.0"}
    assert len(comparison.table("matches.csv")) == 3


def test_curves_and_training_figures(made):
    comparison, page = made
    radios = [given["value"] for tag, given in page.attributes if given.get("name") == "currency"]
    assert radios == ["flops", "env_steps", "seconds", "samples"]  # no evaluations were spent
    panels = [given for _, given in page.attributes if "data-currency" in given]
    assert [given["data-currency"] for given in panels] == radios
    assert not any("hidden" in given for given in panels)  # without script all are shown
    figures = comparison.folder / "report" / "figures"
    names = {path.name for path in figures.iterdir()}
    assert {"ranking.svg", "ranking.png", "curves-flops.png", "training-reinforce.svg"} <= names
    texts = page.texts["text"]
    assert "policy loss" in texts
    assert "games" not in texts  # never changes
    assert "value loss" not in texts  # never a number

    curves = learning_curves(
        comparison.config, comparison.players, comparison.ratings.groups, "env_steps"
    )
    elo = {row["name"]: float(row["elo"]) for row in comparison.table("players.csv")}
    mean = curves[0].mean
    assert mean[0].tolist() == [0, 750, 1500]
    finals = [elo[f"alphazero-seed{seed}@100%"] for seed in (0, 1)]
    assert mean[1, 2] == pytest.approx(np.mean(finals))
    [final] = [rating for rating in comparison.ratings.groups if rating.name == "alphazero"]
    assert mean[2:, 2].tolist() == [final.low, final.high]


def test_one_learner_one_seed_and_nothing_else(tmp_path):
    made = Comparison(
        tmp_path, ("reinforce",), (3,), ("random",), lambda *_: (0.0, 1.0), match_games=0
    )
    shutil.rmtree(tmp_path / "runs")
    page = made.write()
    [headline] = page.texts["h1"]
    assert "against random, the anchor" in headline
    assert made.table("matches.csv") == []
    assert "training" not in page.tables
    assert len(page.rows("ranking")) == 3


def test_cut_short_and_without_games(tmp_path):
    made = Comparison(
        tmp_path,
        shares=lambda learner, seed: (0.0, 0.2) if seed else (0.0, 0.5, 1.0),
        match_games=0,
    )
    idle = Player("idle", "gnugo", group="idle")
    made.players.append(idle)
    page = made.write()
    assert "at most" in page.texts["h1"][0]
    assert (
        "2 runs of 4 stopped before the budget was spent, at 20 % of it" in page.texts["remark"][0]
    )
    [row] = [row for row in made.table("players.csv") if row["name"] == "idle"]
    assert (row["games"], row["elo"], row["rate"]) == ("0", "", "")
    curves = learning_curves(made.config, made.players, made.ratings.groups, "flops")
    for curve in curves:
        assert curve.mean[0].tolist() == [0, 4e11]  # as far as both seeds went
        assert np.isnan(curve.mean[2:]).all()


def test_draws_count_half(tmp_path):
    made = Comparison(tmp_path, seeds=(0,), shares=lambda *_: (1.0,), match_games=2)
    rules = Rules(size=5, komi=0.0)
    drawn = GameRecord("alphazero-seed0@100%", "uct:50", rules, (25, 25), 0, 0, 0.0, False)
    made.records.append(drawn)
    made.matches = [(made.matches[0][0], "uct:50", [drawn])]
    page = made.write()
    [row] = page.rows("matches")
    assert [row[name] for name in ("wins", "draws", "losses", "% won", "mean score")] == [
        "0", "1", "0", "50.0", "+0.0"
    ]  # fmt: skip
    assert row["% as White"] == "–"
    assert any("1 drawn" in given.get("title", "") for _, given in page.attributes)


def test_forfeits_are_counted_and_their_scores_are_not(tmp_path):
    made = Comparison(tmp_path, seeds=(0,), shares=lambda *_: (1.0,), match_games=2)
    assert "forfeited" not in made.write().texts["eyebrow"][0]
    played = GameRecord("alphazero-seed0@100%", "uct:50", Rules(size=5, komi=0.0), (25, 25), 0, 0,
                        3.0, False)  # fmt: skip
    lost = replace(played, score=20.0, gave_up=1, reason="crash")
    made.records += [lost, replace(lost, reason="resignation")]
    made.matches = [(made.matches[0][0], "uct:50", [played, lost])]
    page = made.write()
    told = f"{len(made.records)} rated games, 1 of them forfeited"
    assert page.texts["eyebrow"][0].endswith(told)
    [row] = page.rows("matches")
    assert [row[name] for name in ("games", "wins", "losses", "mean score", "forfeits")] == [
        "2", "1", "1", "+3.0", "1"
    ]  # fmt: skip
    assert made.table("matches.csv")[0]["forfeits"] == "1"


def test_thin_keeps_few_points_and_averages_many():
    steps = np.arange(5.0)
    x, y = thin(np.column_stack([steps, 2 * steps]))
    assert x.tolist() == steps.tolist()
    steps = np.arange(3000.0)
    x, y = thin(np.column_stack([steps, 2 * steps]))
    assert len(x) == 300
    assert x[0] == 4.5
    assert y[0] == 9.0
