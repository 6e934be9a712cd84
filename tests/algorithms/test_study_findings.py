"""What the studies of search and training conclude from rows whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from algorithms.studies import same_budget, search_hurts, search_improves, soft_or_hard
from algorithms.studies.data import Rows
from algorithms.studies.study import judge

SEEDS = range(3)
NUDGE = {0: -0.005, 1: 0.0, 2: 0.005}  # what seeds differ by


def verdicts(study, rows, config):
    findings = study.analyse(Rows(rows), config)
    judged = {each.hypothesis.quantity: each.verdict for each in judge(study, findings)}
    assert set(judged) <= set(findings.measured)
    return findings, judged


def test_search_improves():
    config = search_improves.ImprovesConfig(seeds=3, stages=1, simulations=(4, 16), games=2000)
    curves = {
        (0, "before"): [0.5, 0.7, 0.8], (0, "after"): [0.7, 0.75, 0.8],
        (1, "before"): [0.5, 0.7, 0.8], (1, "after"): [0.6, 0.75, 0.8],
    }  # fmt: skip
    rows = [
        {"seed": seed, "stage": stage, "flops": 1e9 * stage, "when": when, "simulations": count,
         "rate": rate + NUDGE[seed] * (count > 0 or when == "after"),
         "held_back": 1.5 - 0.2 * (when == "after"), "positions": 100,
         "held_back_positions": 18, "passes": float(stage == 0 and seed == 2)}
        for seed in SEEDS
        for (stage, when), curve in curves.items()
        for count, rate in zip((0, 4, 16), curve, strict=True)
    ]  # fmt: skip
    findings, judged = verdicts(search_improves.STUDY, rows, config)
    found = {name: estimate.value for name, estimate in findings.measured.items()}
    assert found == pytest.approx({
        "climb": 0.8, "worst step": 0.1, "start": 0.65, "lift": 0.025,
        "last step less first step": -0.1, "start, untrained": 0.7, "start, trained": 0.6,
        "start, untrained less trained": 0.1,
        "doublings saved, trained": np.log2(5) / 2,  # halfway to four simulations
        "lift at the most simulations, trained": 0.0, "cross-entropy, after less before": -0.2,
    }, abs=0.002)  # fmt: skip
    assert {judged[name] for name in ("climb", "worst step", "start", "lift")} == {"holds"}
    assert judged["doublings saved, trained"] == "does not hold"
    # Seed 2 passes before it is trained: told, with what the others come to.
    assert [row["passes before"] for row in findings.sheets[0].rows] == pytest.approx([1 / 3, 0])
    (remark,) = findings.remarks
    assert "1 of 3 seeds" in remark
    assert "0.698" in remark
    gains = [row["gain of searches"] for row in findings.sheets[0].rows]
    assert [gain.split()[0] for gain in gains] == ["0.025", "0.025"]
    # Networks that have learned to pass, and one stage more, from which the untrained one is left.
    again = [{**row, "stage": row["stage"] * 2, "passes": 0.9 * (row["when"] == "after")}
             for row in rows]  # fmt: skip
    middle = [{**row, "stage": 1} for row in again if row["stage"] == 2]
    three = config.model_copy(update={"stages": 2})
    findings, _ = verdicts(
        search_improves.STUDY,
        sorted(again + middle, key=lambda row: (row["seed"], row["stage"], row["when"] == "after")),
        three,
    )
    assert sum("a pass in 90% of early positions" in text for text in findings.remarks) == 3
    assert findings.remarks[-1].startswith(
        "Without the untrained network the raw policy of after wins 0.6 "
    )
    assert "searches win 0.025 " in findings.remarks[-1]
    # More games at the start narrow its interval, and no other.
    many, _ = verdicts(
        search_improves.STUDY, rows, config.model_copy(update={"start_games": 200_000})
    )
    few, _ = verdicts(search_improves.STUDY, rows, config.model_copy(update={"start_games": 20}))
    width = {
        name: [found.measured[name].high - found.measured[name].low for found in (few, many)]
        for name in ("start", "climb")
    }
    assert width["start"][1] < 0.5 * width["start"][0]
    assert width["climb"][1] == width["climb"][0]
    # Upside down, nothing of it holds.
    worse = [{**row, "rate": 1 - row["rate"]} for row in rows]
    _, judged = verdicts(search_improves.STUDY, worse, config)
    assert {judged[name] for name in ("climb", "worst step", "start", "lift")} == {"does not hold"}


@pytest.mark.parametrize(
    ("rates", "claims"),
    [
        ((0.3, 0.7, 0.8), ("holds", "holds", "holds")),
        ((0.7, 0.7, 0.8), ("does not hold", "holds", "undecided")),
        ((0.6, 0.4, 0.8), ("does not hold", "does not hold", "does not hold")),
    ],
)
def test_search_hurts(rates, claims):
    config = search_hurts.HurtsConfig(seeds=3, simulations=(4,), games=200)
    late = {0.0: 0.4, 0.1: 0.12, 1.0: 0.1}
    rows = [
        {"played_out": share, "seed": seed, "simulations": count,
         "over_raw": rate + NUDGE[seed] if count else 0.5, "against_anchor": 0.4 + 0.5 * share,
         "early_error": 0.2, "middle_error": 0.2, "late_error": late[share] + NUDGE[seed],
         "length": 30 * (0.3 + 0.7 * share), "conceded": 1 - share, "moves": 1000}
        for share, rate in zip((0.0, 0.1, 1.0), rates, strict=True)
        for seed in SEEDS
        for count in (0, 4, 16)
    ]  # fmt: skip
    findings, judged = verdicts(search_hurts.STUDY, rows, config)
    asked = ("search over raw, none played out", "search over raw, a tenth played out", "repair")
    assert tuple(judged[name] for name in asked) == claims
    assert findings.measured["repair"].value == pytest.approx(rates[1] - rates[0])
    measured = findings.measured
    assert measured["late error, none less all played out"].value == pytest.approx(0.3)
    assert measured["late error, a tenth less all played out"].value == pytest.approx(0.02)
    assert measured["strength, a tenth less none played out"].value == pytest.approx(0.05)
    assert measured["length of games, none over all played out"].value == pytest.approx(0.3)


def test_soft_or_hard():
    config = soft_or_hard.SoftOrHardConfig(seeds=3, simulations=(4, 64), games=400)
    soft_wins = {4: 0.4, 64: 0.7}
    rows = [
        {"simulations": count, "seed": seed, "kind": kind, "place": place, "moves": 100 * place,
         # With 64 simulations the first games end after the first snapshot.
         "samples": 0 if place < 1 + (count == 64) else 1000 * place,
         # Only the last snapshots count.
         "soft_over_hard": soft_wins[count] + NUDGE[seed] if place == 2 else 0.5,
         "points_over_hard": 0.1 + soft_wins[count] + NUDGE[seed] if place == 2 else 0.5,
         "against_anchor": 0.3, "points_against_anchor": 0.4,
         "early_passes": {"soft": 0.6, "hard": 0.1}[kind] + NUDGE[seed] if count == 4 else 0.0,
         "target_entropy": count / 64 + 0.4 * (2 - place) + NUDGE[seed],
         "policy_entropy": {"soft": 1.5, "hard": 1.2}[kind] + NUDGE[seed]}
        for count in (4, 64)
        for seed in SEEDS
        for kind in ("soft", "hard")
        for place in (0, 1, 2)
    ]  # fmt: skip
    findings, judged = verdicts(soft_or_hard.STUDY, rows, config)
    found = {name: estimate.value for name, estimate in findings.measured.items()}
    assert found == pytest.approx({
        "soft over hard": 0.55, "soft over hard, few simulations": 0.4,
        "soft over hard, many simulations": 0.7,
        "points only, soft over hard": 0.65,
        "points only, soft over hard, few simulations": 0.5,
        "points only, soft over hard, many simulations": 0.8,
        "early passes, soft less hard, few simulations": 0.5,
        "entropy of visits, few less many simulations": -60 / 64,
        "entropy of visits, end less beginning": -0.8,
        "entropy of the policy, soft less hard": 0.3,
    })  # fmt: skip
    assert judged.pop("points only, soft over hard, few simulations") == "undecided"
    assert set(judged.values()) == {"holds"}
    pictures = {picture.name: picture.rows for picture in findings.pictures}

    def drawn(name, series, column="rate"):
        return pytest.approx([row[column] for row in pictures[name] if row["series"] == series])

    # Untrained networks are one and the same: not drawn, whatever they have played.
    assert drawn("soft-over-hard", "4 simulations") == [0.5, 0.4]
    assert drawn("soft-over-hard", "64 simulations") == [0.7]
    assert drawn("points-only", "64 simulations") == [0.8]
    # How entropies begin is; a later snapshot before the first step would say it twice.
    assert drawn("entropy", "soft, 4 simulations", "moves") == [0, 100, 200]
    assert drawn("entropy", "soft, 64 simulations", "moves") == [0, 200]
    assert drawn("early-passes", "soft, 4 simulations") == [0.6, 0.6, 0.6]
    table = findings.sheets[0].rows
    assert [(row["simulations"], row["both play their"]) for row in table] == [
        (4, "likeliest move"), (4, "likeliest point"),
        (64, "likeliest move"), (64, "likeliest point"),
    ]  # fmt: skip
    assert [row["soft over hard"] for row in table] == pytest.approx([0.4, 0.5, 0.7, 0.8])


def zoo(order, reversed_by_clock=False, seeds=SEEDS):
    """Rows of both comparisons: each learner stands 100 Elo above the next; random at 0.

    In the draws all but random are off by the same, and besides each by 10 either way.
    """
    rng = np.random.default_rng(0)
    shared = 200 * rng.standard_normal(400)
    rows = []
    for board in (1, 0):
        for currency in ("flops", "seconds"):
            names = order[::-1] if currency == "seconds" and reversed_by_clock else order
            players = [("random", "anchor", 0, "")]
            for place, name in enumerate(names):
                elo, kind = 100 * (len(names) - place), KINDS.get(name, "final")
                players += [(name, kind, elo, seed) for seed in seeds]
            draws = {
                name: " ".join(f"{elo + common + own:.0f}" for common, own in zip(
                    shared * (kind != "anchor"), 10 * rng.choice((-1, 1), 400), strict=True))
                for name, kind, elo, _ in players
            }  # fmt: skip
            rows += [
                {"board": board, "currency": currency, "name": f"{name}{seed}", "group": name,
                 "draws": draws[name],
                 "kind": kind, "learner": name.partition(" ")[0] if kind != "anchor" else "",
                 "seed": seed, "share": 1.0 if kind == "final" else "", "elo": elo,
                 "flops": 1e9, "env_steps": 10, "spent_seconds": 1.0, "group_elo": elo,
                 "group_low": elo - 30, "group_high": elo + 30,
                 "blunder_rate": (0.5 - elo / 2000 + NUDGE[seed or 0]) if board == 0 else ""}
                for name, kind, elo, seed in players
            ]  # fmt: skip
    return rows


KINDS = {same_budget.RAW: "raw", "league (best response)": "companion"}
ORDER = ["alphazero", same_budget.RAW, "best_response", "league", "reinforce_gae", "reinforce",
         "nfsp", "q_learning"]  # fmt: skip


def test_same_budget():
    config = same_budget.SameBudgetConfig(seeds=3)
    findings, judged = verdicts(same_budget.STUDY, zoo(ORDER), config)
    measured = findings.measured
    assert measured["raw AlphaZero less REINFORCE"].value == 400
    # What all draws have in common is in no difference; what is of each is.
    assert measured["raw AlphaZero less REINFORCE"].low == pytest.approx(400 - 20)
    assert measured["raw AlphaZero less REINFORCE"].high == pytest.approx(400 + 20)
    assert measured["best response less REINFORCE"].value == 300
    assert measured["AlphaZero less the best other, by FLOPs"].value == 200
    assert measured["GAE less the winner's moves"].value == 100
    assert measured["NFSP less REINFORCE"].value == -100
    assert measured["Q-learning less random"].value == 100
    assert measured["blunders of AlphaZero"].value == pytest.approx(0.1)
    assert measured["blunders of REINFORCE less AlphaZero"].value == pytest.approx(0.25)
    assert measured["agreement of FLOPs and seconds"].value == pytest.approx(1)
    assert judged["raw AlphaZero less REINFORCE"] == "holds"
    assert judged["blunders of AlphaZero"] == "does not hold"
    table = findings.sheets[0].rows
    assert [row["player"] for row in table] == [*ORDER, "random"]


def test_same_budget_by_the_clock():
    config = same_budget.SameBudgetConfig(seeds=3)
    measured = same_budget.STUDY.analyse(Rows(zoo(ORDER, True)), config).measured
    assert measured["agreement of FLOPs and seconds"].value == pytest.approx(-1)
    assert measured["AlphaZero less the best other, by FLOPs"].value == 200
    assert measured["AlphaZero less the best other, by seconds"].value == -700


@pytest.mark.parametrize(
    ("order", "searching", "raw"),
    [
        (["league (best response)", *ORDER], -100, -200),  # the best is a companion
        (["alphazero", "league (best response)", *ORDER[1:]], 100, -100),
        (["q_learning", *ORDER[:-1]], -100, -200),
        ([*ORDER, "league (best response)"], 200, 100),  # its own raw policy is no other
    ],
)
def test_the_best_other_may_be_a_companion(order, searching, raw):
    config = same_budget.SameBudgetConfig(seeds=3)
    _, judged = verdicts(same_budget.STUDY, zoo(order), config)
    measured = same_budget.STUDY.analyse(Rows(zoo(order)), config).measured
    assert measured["AlphaZero less the best other, by FLOPs"].value == searching
    assert measured["raw AlphaZero less the best other, by FLOPs"].value == raw
    above = judged["raw AlphaZero less the best other, by FLOPs"]
    assert above == ("holds" if raw > 0 else "does not hold")


def test_a_best_other_that_is_not_a_learner_does_not_count():
    """An anchor, or an earlier snapshot, stands above all."""
    config = same_budget.SameBudgetConfig(seeds=3)
    rows = zoo(["league@50%", *ORDER])
    rows = [
        {**row, "kind": "snapshot", "draws": "", "share": 0.5}
        if row["group"] == "league@50%"
        else {**row, "elo": 2000, "group_elo": 2000} if row["group"] == "random" else row
        for row in rows
    ]  # fmt: skip
    measured = same_budget.STUDY.analyse(Rows(rows), config).measured
    assert measured["AlphaZero less the best other, by FLOPs"].value == 200


def test_a_single_seed_concludes_nothing():
    config = same_budget.SameBudgetConfig(seeds=1)
    _, judged = verdicts(same_budget.STUDY, zoo(ORDER, seeds=range(1)), config)
    assert set(judged.values()) == {"undecided"}
