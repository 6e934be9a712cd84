"""Bits a sample at the best length of a step, found elsewhere than it is measured."""

from __future__ import annotations

import numpy as np

from algorithms.studies.data import Rows


def best_of_others(part: Rows) -> np.ndarray:
    """Bits a sample of each replicate, float64 [R], at the step that the others find best.

    Args:
        part: of one method: rows with replicate, step, bits and samples.
    """
    table = _by_step(part)
    best = (table.sum(axis=0) - table).argmax(axis=1)
    return table[np.arange(len(table)), best]


def near_best_of_twins(part: Rows, halvings: int = 2) -> np.ndarray:
    """Bits a sample of each replicate, float64 [R], at a quarter of its other half's best step.

    For replicates that differ in the step that is best, such as networks: each is measured twice,
    on samples and held-back positions that have nothing in common. What is best for few samples is
    often too long for others, which costs far more than the right step gains; of a parabola's
    gain a quarter of the best step has 44 %, whatever the source of the sample.

    Args:
        part: as above, with batch, 0 or 1. The mean over both is given. Steps double.
        halvings: of the best step.
    """
    first, second = (_by_step(part.where(batch=batch)) for batch in (0, 1))
    each = np.arange(len(first))
    of_first, of_second = (_shortened(found.argmax(axis=1), halvings) for found in (first, second))
    return (first[each, of_second] + second[each, of_first]) / 2


def _shortened(best: np.ndarray, halvings: int) -> np.ndarray:
    """Indices of steps; no step at all, 0, stays one."""
    return np.where(best == 0, 0, np.maximum(best - halvings, 1))


def _by_step(part: Rows) -> np.ndarray:
    """Bits a sample [R, steps]."""
    columns = [part.where(step=step) for step in sorted(part.values_of("step"))]
    return np.stack([each.column("bits") / each.column("samples") for each in columns], axis=1)
