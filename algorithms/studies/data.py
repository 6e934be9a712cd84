"""Rows of numbers: from cells to CSV files and back, and picked out by what they say."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Row = Mapping[str, Any]
"""One line of a table: texts and numbers by name."""


class Rows:
    """Rows with the same keys.

    Args:
        rows: the rows.
    """

    def __init__(self, rows: Sequence[Row]):
        self._rows = list(rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def where(self, **wanted: Any) -> Rows:
        """The rows that have these values."""
        return Rows([r for r in self._rows if all(r[key] == v for key, v in wanted.items())])

    def column(self, name: str) -> np.ndarray:
        """A column: float64 if all of it is numbers."""
        values = [row[name] for row in self._rows]
        return np.array(values) if values else np.zeros(0)

    def values_of(self, name: str) -> list[Any]:
        """The different values of a column, in the order of their first occurrence."""
        return list(dict.fromkeys(row[name] for row in self._rows))

    def groups(self, *names: str) -> dict[tuple, Rows]:
        """The rows parted by the values of some columns, in the order of their first occurrence."""
        parts: dict[tuple, list[Row]] = {}
        for row in self._rows:
            parts.setdefault(tuple(row[name] for name in names), []).append(row)
        return {key: Rows(rows) for key, rows in parts.items()}


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Store rows as CSV, whole or not at all; floats keep all their digits.

    Raises:
        ValueError: rows have different keys.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    header = list(rows[0]) if rows else []
    beside = path.with_suffix(".partial")
    with beside.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, header)
        table.writeheader()
        for row in rows:
            if set(row) != set(header):
                raise ValueError(f"rows differ in their keys: {sorted(row)} and {sorted(header)}")
            table.writerow({key: _plain(value) for key, value in row.items()})
    beside.replace(path)


def read_rows(path: Path) -> list[Row]:
    """Rows that `write_rows` stored, packed (``.gz``) or not; what looks like a number is one.

    Raises:
        ValueError: a row has more or fewer values than there are names.
    """
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    table = csv.DictReader(io.StringIO(text, newline=""))
    rows = list(table)
    if any(None in row or None in row.values() for row in rows):
        raise ValueError("a row is not whole")
    return [{key: _read(value) for key, value in row.items()} for row in rows]


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _read(text: str) -> Any:
    if text in ("True", "False"):
        return text == "True"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
