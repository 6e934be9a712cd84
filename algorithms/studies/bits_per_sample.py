"""Bits learned from a label, a search's target and a reward, over the pass rate (claim C17)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from pydantic import Field

from algorithms.studies import charts
from algorithms.studies.best_steps import best_of_others, near_best_of_twins
from algorithms.studies.data import Row, Rows
from algorithms.studies.estimates import exponent, jackknife_ratio, mean_of
from algorithms.studies.known_moves import (
    KnownMoves,
    entropy,
    fall,
    known_moves,
    label_change,
    pass_rate_policies,
    reward_fall,
    search_targets,
)
from algorithms.studies.single_steps import (
    NETWORK_STEPS,
    SmallNetwork,
    draw_answers,
    tensors_of,
)
from algorithms.studies.study import (
    CellFolder,
    Estimate,
    Findings,
    Hypothesis,
    Picture,
    Sheet,
    Study,
    StudyConfig,
)

METHODS = {
    "label": "label",
    "gumbel": "search that tries all moves",
    "puct": "search by the prior (PUCT)",
    "reward": "reward",
    "reward - mean": "reward − pass rate",
}
"""Every source of a sample's update, and how figures call it."""

_STEPS = np.append(0, 2.0 ** np.arange(-6, 11))  # of tables; 0: none at all
_SMALL = 0.05


class BitsConfig(StudyConfig):
    """Settings."""

    rates: tuple[float, ...] = Field(
        (1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 0.5, 0.7, 0.9),
        description="pass rates of the tables",
    )
    positions: int = Field(300, ge=8, description="positions of a replicate, for tables")
    replicates: int = Field(8, ge=2, description="independent replicates")
    simulations: int = Field(64, ge=2, description="of the searches")
    trained: tuple[int, ...] = Field((0, 15, 60, 250), description="steps that networks have had")
    answers: tuple[int, ...] = Field(
        (1, 2, 4, 6), description="positions whose moves must all be right for the reward"
    )
    network_positions: int = Field(1000, ge=8, description="positions of a replicate, for networks")
    network_replicates: int = Field(16, ge=2, description="independent replicates of networks")
    right: int = Field(512, ge=1, description="right answers, in expectation, for a network's step")


def cells(config: BitsConfig) -> dict[str, dict[str, Any]]:
    """A cell for the tables of each pass rate, and for networks of each amount of training."""
    found: dict[str, dict[str, Any]] = {
        f"network-{steps}": {"steps": steps} for steps in config.trained
    }
    return found | {f"tables-{rate:g}": {"rate": rate} for rate in config.rates}


def measure(
    config: BitsConfig, folder: CellFolder, steps: int | None = None, rate: float | None = None
) -> list[Row]:
    """Rows of one pass rate of tables, or of networks after so many steps."""
    known = known_moves()
    if rate is not None:
        return _tables(config, folder, known, rate)
    assert steps is not None, "a cell is one or the other"
    return _networks(config, folder, known, steps)


def _row(**given: Any) -> Row:
    """A row: of one replicate, method and length of step."""
    empty = {"steps": -1, "answer": 1, "samples": 1.0, "batch": 0}
    return {**empty, **given}


def _tables(config: BitsConfig, folder: CellFolder, known: KnownMoves, rate: float) -> list[Row]:
    """Each position has logits of its own and gets one sample; expectations are exact."""
    rng = np.random.default_rng([1, round(1e6 * rate)])
    rows = []
    for replicate in range(config.replicates):
        part = known.some(rng.choice(len(known.right), config.positions, replace=False))
        policy = pass_rate_policies(part.legal, part.right, rate, rng)
        targets = {
            "label": np.eye(policy.shape[1])[part.right],
            **{
                rule: search_targets(part, policy, rule, config.simulations, rng)
                for rule in ("gumbel", "puct")
            },
        }
        for step in (*_STEPS, _SMALL):
            falls = {
                kind: fall(policy, step * label_change(policy, target), part.right).mean()
                for kind, target in targets.items()
            }
            falls["reward"] = reward_fall(policy, part.right, step, False).mean()
            falls["reward - mean"] = reward_fall(policy, part.right, step, True).mean()
            rows += [
                _row(replicate=replicate, rate=rate, surprise=-np.log2(rate), method=kind,
                     step=float(step), bits=float(bits))
                for kind, bits in falls.items()
            ]  # fmt: skip
        folder.tell((replicate + 1) / config.replicates)
    return rows


def _networks(config: BitsConfig, folder: CellFolder, known: KnownMoves, steps: int) -> list[Row]:
    """One step of a network on as many samples as give `right` right answers, in expectation."""
    rng = np.random.default_rng([2, steps])
    rows = []
    for replicate in range(config.network_replicates):
        shuffled = rng.permutation(len(known.right))
        part = known.some(shuffled[: config.network_positions])
        rest = known.some(shuffled[config.network_positions :])
        learner = SmallNetwork(1000 * steps + replicate)
        planes, right = tensors_of(part)
        learner.train(*tensors_of(rest), steps, rng)
        with torch.no_grad():
            policy = learner.log_policy(planes).exp().double().numpy()
        policy /= policy.sum(axis=1, keepdims=True)
        chance = policy[np.arange(len(part.right)), part.right]
        surprise = float(-np.log2(chance).mean())
        targets = {
            "label": np.eye(policy.shape[1])[part.right],
            "gumbel": search_targets(part, policy, "gumbel", config.simulations, rng),
        }
        for answer, batch in itertools.product(config.answers, (0, 1)):
            rate = float(chance.mean() ** answer)
            weights, samples = {}, {}
            for kind, target in targets.items():
                met = rng.integers(len(right), size=config.right * answer)
                count = np.bincount(met, minlength=len(right))
                weights[kind], samples[kind] = count[:, None] * target, float(config.right)
            tried = max(1, round(config.right / rate))
            hits, draws = draw_answers(policy, part.right, answer, tried, rng)
            weights["reward"] = hits
            weights["reward - mean"] = hits - rate * draws
            samples |= {"reward": float(tried), "reward - mean": float(tried)}
            for kind, weight in weights.items():
                falls = learner.falls(planes, right, weight / config.right)
                rows += [
                    _row(replicate=replicate, rate=rate, surprise=answer * surprise, method=kind,
                         step=float(step), bits=float(bits) * len(right), steps=steps,
                         answer=answer, samples=samples[kind], batch=batch)
                    for step, bits in zip(NETWORK_STEPS, falls, strict=True)
                ]  # fmt: skip
        folder.tell((replicate + 1) / config.network_replicates)
    return rows


def analyse(rows: Rows, config: BitsConfig) -> Findings:
    """Bits a sample at the best step, the reward's over the label's, and figures."""
    tables: dict[str, dict[float, np.ndarray]] = {}
    swept = Rows([row for row in rows if row["steps"] < 0 and row["step"] != _SMALL])
    for (rate, kind), part in swept.groups("rate", "method").items():
        tables.setdefault(kind, {})[rate] = best_of_others(part)
    networks: dict[tuple[int, int], dict[str, np.ndarray]] = {}
    places: dict[tuple[int, int], tuple[float, float]] = {}
    learners = Rows([row for row in rows if row["steps"] >= 0])
    for (answer, steps, kind), part in learners.groups("answer", "steps", "method").items():
        networks.setdefault((answer, steps), {})[kind] = near_best_of_twins(part)
        places[answer, steps] = tuple(part.column(n).mean() for n in ("rate", "surprise"))
    rates = sorted(config.rates)
    # Drawn from the easy to the hard, so that lines end where they are far apart.
    falling, line = rates[::-1], np.geomspace(rates[-1], rates[0], 60)
    most, coin = list(-np.log2(line)), list(entropy(line))
    over_most = list(entropy(line) / -np.log2(line))
    bits = {
        METHODS[kind]: (falling, [mean_of(tables[kind][p]) for p in falling]) for kind in METHODS
    }
    over = {"table": (falling, [_over(tables, p) for p in falling])}
    for answer in config.answers:
        points = sorted(
            (
                (places[answer, steps][0], _ratio(networks[answer, steps], "reward - mean"))
                for steps in config.trained
            ),
            key=lambda point: -point[0],
        )
        over[f"network, {answer} right"] = ([x for x, _ in points], [y for _, y in points])
    pictures = [
        Picture(
            "bits",
            "By how many bits the surprise of the right move falls a sample, at the best length of "
            "a step; tables. Dashed: -log2 p, and the entropy of a coin with bias p. Not drawn: "
            "where the best step is none.",
            charts.line_chart(bits, "pass rate p", "bits a sample", True, True,
                              {"-log2 p": (list(line), most), "H(p)": (list(line), coin)}, 4.2,
                              Axes.invert_xaxis),
            charts.rows_of(bits, "rate", "bits"),
        ),
        Picture(
            "reward-over-label",
            "Bits of a rewarded sample (less the pass rate) over those of a label. Networks: a "
            "reward for so many right moves together. Dashed: p, and H(p) over -log2 p.",
            charts.line_chart(over, "pass rate p", "reward / label", True, True,
                              {"p": (list(line), list(line)),
                               "H/-log2 p": (list(line), over_most)}, 4.2,
                              Axes.invert_xaxis),
            charts.rows_of(over, "rate", "ratio"),
        ),
    ]  # fmt: skip
    sheets = [
        Sheet("tables", "Bits a sample at the best step. Costs: how many simulations, each a pass "
              "of the network, a search's label may cost until the reward's samples are as good.",
              [_table_row(tables, p) for p in rates]),
        Sheet("networks", "Bits a sample of all positions, at an eighth of the best step.", [
            {"steps": steps, "answer": answer, "pass rate": places[answer, steps][0],
             "surprise": places[answer, steps][1],
             **{METHODS[kind]: float(values.mean()) for kind, values in found.items()}}
            for (answer, steps), found in networks.items()
        ]),
    ]  # fmt: skip
    return Findings(_measured(rows, tables, networks, places, config), pictures, sheets)


def _over(tables: Mapping[str, Mapping[float, np.ndarray]], rate: float) -> Estimate:
    return mean_of(tables["reward - mean"][rate] / tables["label"][rate])


def _ratio(found: Mapping[str, np.ndarray], kind: str) -> Estimate:
    """Of mean bits, a method's over the label's."""
    both = np.stack([found[kind], found["label"]], axis=1)

    def ratio(drawn: list[np.ndarray]) -> float:
        own, label = drawn[0].mean(axis=0)
        return float(own / label) if label > 0 else np.nan

    return jackknife_ratio(ratio, [both])


def _table_row(tables: Mapping[str, Mapping[float, np.ndarray]], rate: float) -> Row:
    means = {kind: float(found[rate].mean()) for kind, found in tables.items()}
    # A rewarded sample costs one pass to draw the move; the step itself costs both alike.
    may_cost = means["gumbel"] / max(means["reward - mean"], 1e-12)
    return {
        "pass rate": rate, "-log2 p": -float(np.log2(rate)), "H(p)": float(entropy(rate)),
        **{METHODS[kind]: means[kind] for kind in METHODS}, "simulations until even": may_cost,
    }  # fmt: skip


def _measured(
    rows: Rows,
    tables: Mapping[str, Mapping[float, np.ndarray]],
    networks: Mapping[tuple[int, int], Mapping[str, np.ndarray]],
    places: Mapping[tuple[int, int], tuple[float, float]],
    config: BitsConfig,
) -> dict[str, Estimate]:
    """The numbers that hypotheses ask for."""
    rates = sorted(config.rates)
    found = {
        "label over its surprise": mean_of(
            np.concatenate([tables["label"][p] / -np.log2(p) for p in rates])
        )
    }
    for p in (0.001, 0.5, 0.9):
        if p in rates:
            found[f"reward over the coin's entropy, p = {p:g}"] = mean_of(
                tables["reward - mean"][p] / entropy(p)
            )
    for kind in ("gumbel", "puct"):
        if 0.001 in rates:
            found[f"{kind} over the surprise, p = 0.001"] = mean_of(
                tables[kind][0.001] / -np.log2(0.001)
            )
    low = [p for p in rates if p <= 0.01]
    if len(low) > 1:
        found["exponent of the reward's bits"] = exponent(
            low, [tables["reward - mean"][p] for p in low]
        )
    small = rows.where(steps=-1, step=_SMALL)
    ratios = [
        small.where(method="reward - mean", rate=p).column("bits")
        / small.where(method="label", rate=p).column("bits") / p
        for p in rates
    ]  # fmt: skip
    found["small steps, reward over label and p"] = mean_of(np.concatenate(ratios))
    pairs = [
        np.stack([networks[key]["reward - mean"], networks[key]["label"]], axis=1) for key in places
    ]
    x = [rate for rate, _ in places.values()]
    found["networks, exponent of reward over label"] = exponent(x, pairs)

    def relative(curve: np.ndarray) -> Estimate:
        def middle(drawn: list[np.ndarray]) -> float:
            means = np.array([d.mean(axis=0) for d in drawn])
            if not (means > 0).all():
                return np.nan
            return float(np.exp(np.log(means[:, 0] / means[:, 1] / curve).mean()))

        return jackknife_ratio(middle, pairs)

    claimed = np.array([entropy(rate) / surprise for rate, surprise in places.values()])
    found["networks, measured over claimed"] = relative(claimed)
    found["networks, a right answer over a label"] = relative(np.array(x))
    return found


def _claim(quantity: str, text: str, low: float, high: float) -> Hypothesis:
    return Hypothesis(quantity, text, low, high, "claim", "C17")


def _predict(quantity: str, text: str, low: float, high: float) -> Hypothesis:
    return Hypothesis(quantity, text, low, high, "prediction")


_COIN = "reward over the coin's entropy, p = "

STUDY = Study(
    name="bits-per-sample",
    parent="variance-vs-length",
    axes=("pass rate p", "source of the update", "fall of the surprise a sample"),
    claims=("C17",),
    hypotheses=(
        _claim("label over its surprise", "A label gives -log2 p bits a sample.", 0.9, 1.1),
        _claim(f"{_COIN}0.001", "A reward gives the entropy of a coin with bias p: where it is "
               "rarely earned,", 0.8, 1.25),
        _claim(f"{_COIN}0.5", "where it is earned half of the time,", 0.8, 1.25),
        _claim(f"{_COIN}0.9", "and where it is nearly sure.", 0.8, 1.25),
        _claim("exponent of the reward's bits", "Reinforcement starves at low pass rates: its bits "
               "fall nearly in proportion to p.", 0.8, 1.0),
        _claim("gumbel over the surprise, p = 0.001", "Search never starts from zero success: its "
               "target gives a good part of the bits of a label.", 0.25, 1.1),
        _claim("networks, measured over claimed", "For networks too a rewarded sample is to a "
               "label as the coin's entropy to -log2 p.", 0.5, 2.0),
        _predict(f"{_COIN}0.001", "p times -log2 p: a success gives what a label gives, a failure "
                 "nothing.", 0.85, 0.9),
        _predict(f"{_COIN}0.5", "Failures teach where one move has half of the probability.",
                 0.8, 1.02),
        _predict(f"{_COIN}0.9", "No sample gives more than the surprise that is left: "
                 "-log2 p is a third of the entropy.", 0.27, 0.34),
        _predict("exponent of the reward's bits", "That of p log p.", 0.83, 0.87),
        _predict("small steps, reward over label and p", "With equal small steps it is p times "
                 "the label's.", 0.9, 1.1),
        _predict("gumbel over the surprise, p = 0.001", "A search that tries every move at the "
                 "root finds most of the right ones.", 0.3, 0.95),
        _predict("puct over the surprise, p = 0.001", "A search led by the prior starves with it: "
                 "at 64 simulations it hardly tries what the policy thinks hopeless.", 0, 0.05),
        _predict("networks, exponent of reward over label", "In proportion to the pass rate.",
                 0.85, 1.25),
        _predict("networks, a right answer over a label", "A right answer is worth less than a "
                 "label: it comes where the policy knows already.", 0.2, 0.9),
    ),
    config=BitsConfig,
    presets={
        "quick": BitsConfig(),
        "full": BitsConfig(
            positions=1000, replicates=16, network_replicates=32, simulations=128,
            network_positions=2000,
        ),
        "tiny": BitsConfig(
            rates=(0.001, 0.01, 0.5, 0.9), positions=8, replicates=2, network_replicates=2,
            simulations=4, trained=(0, 5), answers=(1, 2), network_positions=16, right=4,
        ),
    },
    cells=cells,
    measure=measure,
    analyse=analyse,
)  # fmt: skip
