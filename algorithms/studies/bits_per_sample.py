"""Bits learned from a label, a search's target and a reward, over the pass rate (claim C17)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from matplotlib.axes import Axes
from pydantic import Field

from algorithms.studies import charts
from algorithms.studies.best_steps import best_of_others
from algorithms.studies.data import Row, Rows
from algorithms.studies.estimates import exponent, mean_of
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
from algorithms.studies.network_bits import Pool, claimed, of_many, of_one
from algorithms.studies.network_numbers import METHODS, NetworkNumbers
from algorithms.studies.single_steps import NETWORK_STEPS, HeldBack, SmallNetwork, tensors_of
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

_STEPS = np.append(0, 2.0 ** np.arange(-6, 11))  # of tables; 0: none at all
_SMALL = 0.05


_Rate = Annotated[float, Field(gt=0, lt=1)]
_Whole = Annotated[int, Field(ge=0)]
_Count = Annotated[int, Field(ge=1)]


class BitsConfig(StudyConfig):
    """Settings."""

    rates: tuple[_Rate, ...] = Field(
        (1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 0.5, 0.7, 0.9),
        min_length=1,
        description="pass rates of the tables",
    )
    positions: int = Field(300, ge=8, description="positions of a replicate, for tables")
    replicates: int = Field(8, ge=2, description="independent replicates")
    simulations: int = Field(64, ge=2, description="of the searches")
    trained: tuple[_Whole, ...] = Field(
        (0, 60, 250), min_length=1, description="steps that networks have had"
    )
    answers: tuple[_Count, ...] = Field(
        (1, 2, 4),
        min_length=1,
        description="positions whose moves must all be right for the reward",
    )
    many: tuple[_Count, ...] = Field(
        (8, 64, 512, 4096),
        min_length=1,
        description="samples of single moves for one step of a network",
    )
    networks: int = Field(8, ge=2, description="independent networks")
    network_positions: int = Field(
        1500,
        ge=8,
        description="positions that a network's samples are drawn from, and as many held "
        "back, twice",
    )
    few: int = Field(128, ge=4, description="held-back positions for which all steps are tried")
    draws: int = Field(20, ge=1, description="single samples of each kind, twice a network")
    draws_of_many: int = Field(5, ge=1, description="of several samples, likewise")


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
    empty = {"steps": -1, "answer": 1, "samples": 1, "batch": 0}
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
                _row(replicate=replicate, rate=rate, coin=float(entropy(rate)),
                     surprise=-np.log2(rate), method=kind, step=float(step), bits=float(bits))
                for kind, bits in falls.items()
            ]  # fmt: skip
        folder.tell((replicate + 1) / config.replicates)
    return rows


def _networks(config: BitsConfig, folder: CellFolder, known: KnownMoves, steps: int) -> list[Row]:
    """One step of a network: on one sample, and on several."""
    rng = np.random.default_rng([2, steps])
    rows: list[Row] = []
    for replicate in range(config.networks):
        shuffled = rng.permutation(len(known.right))
        parts = shuffled[: 4 * config.network_positions].reshape(4, -1)
        learner = SmallNetwork(1000 * steps + replicate)
        rest = known.some(shuffled[4 * config.network_positions :])
        learner.train(*tensors_of(rest), steps, rng)
        for batch in (0, 1):
            part, held = (known.some(chosen) for chosen in parts[2 * batch : 2 * batch + 2])
            planes, _ = tensors_of(part)
            policy = learner.policy(planes)
            targets = {
                "label": np.eye(policy.shape[1])[part.right],
                "gumbel": search_targets(part, policy, "gumbel", config.simulations, rng),
            }
            asked = HeldBack(learner, *tensors_of(held), config.few)
            pool = Pool(learner, asked, planes, part.right, policy, targets)
            for answer in config.answers:
                rate, coin, surprise = claimed(pool, answer, rng)
                found = [(1, *each) for each in of_one(pool, answer, config.draws, rng)]
                if answer == 1:
                    found += [
                        (samples, *each)
                        for samples in config.many
                        for each in of_many(pool, samples, config.draws_of_many, rng)
                    ]
                rows += [
                    _row(replicate=replicate, rate=rate, coin=coin, surprise=surprise, method=kind,
                         step=float(step), bits=float(bits), steps=steps, answer=answer,
                         samples=samples, batch=batch)
                    for samples, kind, curve in found
                    for step, bits in zip(NETWORK_STEPS, curve, strict=True)
                ]  # fmt: skip
            folder.tell((replicate + (batch + 1) / 2) / config.networks)
    return rows


def analyse(rows: Rows, config: BitsConfig) -> Findings:
    """Bits a sample at the best step, the reward's over the label's, and figures."""
    tables: dict[str, dict[float, np.ndarray]] = {}
    swept = Rows([row for row in rows if row["steps"] < 0 and row["step"] != _SMALL])
    for (rate, kind), part in swept.groups("rate", "method").items():
        tables.setdefault(kind, {})[rate] = best_of_others(part)
    networks = NetworkNumbers(
        Rows([row for row in rows if row["steps"] >= 0]),
        config.trained,
        config.answers,
        config.many,
    )
    rates = sorted(config.rates)
    # Drawn from the easy to the hard, so that lines end where they are far apart.
    falling, line = rates[::-1], np.geomspace(rates[-1], rates[0], 60)
    most, coin = list(-np.log2(line)), list(entropy(line))
    over_most = list(entropy(line) / -np.log2(line))
    bits = {
        METHODS[kind]: (falling, [mean_of(tables[kind][p]) for p in falling]) for kind in METHODS
    }
    over = {"table": (falling, [_over(tables, p) for p in falling])}
    over |= {f"network, {steps} steps": networks.over_rates(steps) for steps in config.trained}
    several = {
        f"{METHODS[kind]}, {steps} steps": networks.over_samples(steps, kind)
        for steps in sorted({min(config.trained), max(config.trained)})
        for kind in ("label", "reward - mean")
    }
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
            "Bits of one rewarded sample (less the pass rate) over those of one label. Networks: a "
            "reward for so many right moves together. Dashed: p, and H(p) over -log2 p.",
            charts.line_chart(over, "pass rate p", "reward / label", True, True,
                              {"p": (list(line), list(line)),
                               "H/-log2 p": (list(line), over_most)}, 4.2,
                              Axes.invert_xaxis),
            charts.rows_of(over, "rate", "ratio"),
        ),
        Picture(
            "samples",
            "Bits a sample of a network's step over those of one label alone, for steps on ever "
            "more samples. Level: noise limits the step, and every sample counts in full. Falling: "
            "what the samples have in common limits it, and more of them add little.",
            charts.line_chart(several, "samples of a step", "bits a sample / one label", True, True,
                              None, 4.2),
            charts.rows_of(several, "samples", "share"),
        ),
    ]  # fmt: skip
    sheets = [
        Sheet("tables", "Bits a sample at the best step; how many p labels the reward less p is "
              "worth. Costs: how many simulations, each a pass of the network, a search's label "
              "may cost until the reward's samples are as good.",
              [_table_row(tables, p) for p in rates]),
        Sheet("networks", "Bits of one sample, the mean fall over held-back positions in "
              "millionths of a bit, at a quarter of the best step.", networks.sheet_of_one()),
        Sheet("samples", "Bits a sample of steps on several samples, over those of one label.",
              networks.sheet_of_many()),
    ]  # fmt: skip
    return Findings(_measured(rows, tables, config) | networks.measured(), pictures, sheets)


def _over(tables: Mapping[str, Mapping[float, np.ndarray]], rate: float) -> Estimate:
    return mean_of(tables["reward - mean"][rate] / tables["label"][rate])


def _table_row(tables: Mapping[str, Mapping[float, np.ndarray]], rate: float) -> Row:
    means = {kind: float(found[rate].mean()) for kind, found in tables.items()}
    # A rewarded sample costs one pass to draw the move; the step itself costs both alike.
    may_cost = means["gumbel"] / max(means["reward - mean"], 1e-12)
    return {
        "pass rate": rate, "-log2 p": -float(np.log2(rate)), "H(p)": float(entropy(rate)),
        **{METHODS[kind]: means[kind] for kind in METHODS},
        "in p labels": means["reward - mean"] / means["label"] / rate,
        "simulations until even": may_cost,
    }  # fmt: skip


def _measured(
    rows: Rows,
    tables: Mapping[str, Mapping[float, np.ndarray]],
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
        _claim(f"{_COIN}0.001", "A reward gives the entropy of a coin with bias p, where it is "
               "rarely earned.", 0.8, 1.25),
        _claim(f"{_COIN}0.5", "A reward gives the entropy of a coin with bias p, where it is "
               "earned half of the time.", 0.8, 1.25),
        _claim(f"{_COIN}0.9", "A reward gives the entropy of a coin with bias p, where it is "
               "nearly sure.", 0.8, 1.25),
        _claim("exponent of the reward's bits", "Reinforcement starves at low pass rates: its bits "
               "fall nearly in proportion to p.", 0.8, 1.0),
        _claim("gumbel over the surprise, p = 0.001", "Search never starts from zero success: its "
               "target gives a good part of the bits of a label.", 0.25, 1.1),
        _claim("networks, measured over claimed, untrained", "For networks that have not learned a "
               "rewarded sample is to a label as the coin's entropy to -log2 p.",
               0.5, 2.0),
        _claim("networks, measured over claimed, trained", "For trained networks a rewarded sample "
               "is to a label as the coin's entropy to -log2 p.", 0.5, 2.0),
        _predict(f"{_COIN}0.001", "Where it is rarely earned a reward gives p times -log2 p: a "
                 "success gives what a label gives, a failure nothing.", 0.85, 0.9),
        _predict(f"{_COIN}0.5", "Failures teach where one move has half of the probability.",
                 0.8, 1.02),
        _predict(f"{_COIN}0.9", "No sample gives more than the surprise that is left: "
                 "-log2 p is a third of the entropy.", 0.27, 0.34),
        _predict("exponent of the reward's bits",
                 "The reward's bits fall like p log p.", 0.83, 0.87),
        _predict("small steps, reward over label and p",
                 "With equal small steps a reward gives p times "
                 "what a label gives.", 0.9, 1.1),
        _predict("gumbel over the surprise, p = 0.001", "A search that tries every move at the "
                 "root finds most of the right ones.", 0.3, 0.95),
        _predict("puct over the surprise, p = 0.001", "A search led by the prior starves with it: "
                 "at 64 simulations it hardly tries what the policy thinks hopeless.", 0, 0.05),
        _predict("networks, exponent of reward over label, untrained",
                 "An untrained network's bits from "
                 "a reward fall in proportion to the pass rate.", 0.9, 1.1),
        _predict("networks, exponent of reward over label, trained",
                 "A trained network's bits from "
                 "a reward fall in proportion to the pass rate.",
                 0.85, 1.15),
        _predict("networks, a right answer over a label, untrained", "Where noise limits the step "
                 "a right answer is worth nearly a label: all moves are about as likely.",
                 0.5, 1.1),
        _predict("networks, a right answer over a label, trained",
                 "After training a right answer is worth somewhat "
                 "less than a label: it comes where the policy knows already, which a longer step "
                 "makes "
                 "good in part.", 0.4, 1.1),
        _predict("networks, 512 rewards over 512 labels, untrained", "Where noise no longer limits "
                 "the labels' step, rewards are worth more than p labels (p = 1/4).", 0.45, 1.1),
    ),
    config=BitsConfig,
    presets={
        "quick": BitsConfig(),
        "full": BitsConfig(
            positions=1000, replicates=16, networks=16, draws=40, draws_of_many=10, few=200,
        ),
        "tiny": BitsConfig(
            rates=(0.001, 0.01, 0.5, 0.9), positions=8, replicates=2, networks=2, simulations=4,
            trained=(0, 5), answers=(1, 2), many=(4, 512), network_positions=16, few=8, draws=2,
            draws_of_many=2,
        ),
    },
    cells=cells,
    measure=measure,
    analyse=analyse,
)  # fmt: skip
