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


def best_of_twins(part: Rows) -> np.ndarray:
    """Bits a sample of each replicate, float64 [R], at the step that its other half finds best.

    For replicates that differ in the step that is best, such as networks: those of one network
    are measured twice, on samples and held-back positions that have nothing in common.

    Args:
        part: as above, with batch, 0 or 1. The mean over both is given.
    """
    first, second = (_by_step(part.where(batch=batch)) for batch in (0, 1))
    each = np.arange(len(first))
    return (first[each, second.argmax(axis=1)] + second[each, first.argmax(axis=1)]) / 2


def _by_step(part: Rows) -> np.ndarray:
    """Bits a sample [R, steps]."""
    columns = [part.where(step=step) for step in sorted(part.values_of("step"))]
    return np.stack([each.column("bits") / each.column("samples") for each in columns], axis=1)
