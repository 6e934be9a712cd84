"""Bits a sample at the best length of a step, found elsewhere than it is measured."""

from __future__ import annotations

import numpy as np

from algorithms.studies.data import Rows


def best_of_others(part: Rows, cautious: bool = False) -> np.ndarray:
    """Bits a sample of each replicate, float64 [R], at the step that the others find best.

    Args:
        part: of one method: rows with replicate, step, bits and samples; steps double.
        cautious: take half of that step. Where a step that is too long costs far more than one
            that is right gains, as for networks, few accidents decide the mean otherwise; half
            the best step of a parabola has three quarters of the gain.
    """
    steps = sorted(part.values_of("step"))
    columns = [part.where(step=step) for step in steps]
    table = np.stack([each.column("bits") / each.column("samples") for each in columns], axis=1)
    best = (table.sum(axis=0) - table).argmax(axis=1)
    best = np.maximum(best - cautious, 0)
    return table[np.arange(len(table)), best]
