"""Checkpoints on disk: written so that a stop at any instant loses none, read without executing.

A checkpoint is a folder ``checkpoints/NNNNNN`` (the number of steps taken) with

    weights.safetensors   the network; its header says how to build it and how it plays
    NAME.safetensors      another network of the learner that plays, if it has such
    state.safetensors     arrays that resuming needs (optimiser, replay, running games, ...)
    state.json            numbers that resuming needs, and where the arrays belong

and ``checkpoints/latest`` links to the newest. Everything is written into a folder beside,
synced, and renamed; loading parses safetensors and JSON and runs no code from the files.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from algorithms.frozen import Frozen
from algorithms.model import Model
from algorithms.networks import NetworkConfig
from algorithms.players import PlayConfig

WEIGHTS, ARRAYS, NUMBERS = "weights.safetensors", "state.safetensors", "state.json"
FORMAT = 1
# Key that marks the place of an array among the numbers.
_MARK = "$array"


class CheckpointError(ValueError):
    """A file that is no readable checkpoint; the message names it and what is wrong."""


class WeightsHeader(Frozen):
    """What a weights file says about itself."""

    format: int = FORMAT
    algorithm: str
    size: int
    network: NetworkConfig
    play: PlayConfig


def save_weights(path: Path, model: Model, header: WeightsHeader) -> None:
    """Write a network to a safetensors file."""
    weights = {name: value.contiguous() for name, value in model.state_dict().items()}
    save_file(weights, path, metadata={"gozoo": header.model_dump_json()})


def load_weights(path: Path) -> tuple[Model, WeightsHeader]:
    """Read a network from a safetensors file.

    Raises:
        CheckpointError: it is missing, no safetensors file, or does not fit its header.
    """
    if path.is_dir():
        path = path / WEIGHTS
    metadata, weights = _read_safetensors(path)
    if "gozoo" not in metadata:
        raise CheckpointError(f"{path} was not written by GoZoo: its header has no entry 'gozoo'")
    try:
        header = WeightsHeader.model_validate_json(metadata["gozoo"])
    except ValidationError as error:
        raise CheckpointError(f"the header of {path} does not fit: {error}") from None
    if header.format != FORMAT:
        raise CheckpointError(f"{path} has format {header.format}; this version reads {FORMAT}")
    model = Model(header.network)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(f"the weights in {path} do not fit its header: {error}") from None
    for name, value in weights.items():
        if not value.isfinite().all():
            raise CheckpointError(f"{path} is of no use: {name} holds what is no number (nan, inf)")
    return model, header


def save_checkpoint(
    folder: Path,
    step: int,
    model: Model,
    header: WeightsHeader,
    state: dict[str, Any],
    notes: dict[str, dict[str, Any]] | None = None,
    companions: dict[str, tuple[Model, WeightsHeader]] | None = None,
) -> Path:
    """Write checkpoint number `step` into `folder` and point ``latest`` at it.

    Args:
        folder: the run's ``checkpoints``.
        step: its number.
        model, header: as for `save_weights`.
        state: nested dicts of arrays, tensors, numbers, strings, None and lists of these scalars.
        notes: further JSON files by name; they stay when the state is dropped.
        companions: other networks that play, by name; they stay too.

    Raises:
        TypeError: the state holds something else.
        ValueError: ``latest`` is this step already; to replace it would not be safe from a kill.
    """
    final = folder / f"{step:06d}"
    beside = folder / f".{step:06d}.partial"
    if (folder / "latest").resolve() == final.resolve():
        raise ValueError(f"there is a checkpoint of step {step} in {folder}")
    arrays: dict[str, torch.Tensor] = {}
    numbers = _split(state, "", arrays)
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    save_weights(beside / WEIGHTS, model, header)
    for name, (companion, its_header) in (companions or {}).items():
        save_weights(beside / f"{name}.safetensors", companion, its_header)
    save_file(arrays, beside / ARRAYS)
    (beside / NUMBERS).write_text(json.dumps({"format": FORMAT, "state": numbers}))
    for name, note in (notes or {}).items():
        (beside / name).write_text(json.dumps(note))
    for path in (*beside.iterdir(), beside):
        _sync(path)
    if final.exists():  # left by a stop before `latest` could name it
        shutil.rmtree(final)
    beside.rename(final)
    point_latest(final)
    return final


def point_latest(path: Path) -> None:
    """Let ``latest`` beside a checkpoint name it."""
    latest, link = path.with_name("latest"), path.with_name(".latest.partial")
    if latest.is_dir() and not latest.is_symlink():  # somebody copied what the link had named
        shutil.rmtree(latest)
    link.unlink(missing_ok=True)
    link.symlink_to(path.name)
    link.replace(latest)
    _sync(path.parent)


def numbered(folder: Path) -> list[Path]:
    """The checkpoints in a run's ``checkpoints``, in the order of their steps."""
    return sorted(folder.glob("[0-9]*"), key=lambda path: int(path.name))


def latest_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint in a run's ``checkpoints``; None if there is none.

    That is where ``latest`` points. A copy of a run may have lost the link, or have a copy in its
    place: then it is the last one that can be resumed from, or failing that the last.
    """
    link = folder / "latest"
    if link.is_symlink() and link.exists():
        return link.resolve()
    found = numbered(folder)
    whole = [path for path in found if (path / NUMBERS).exists()]
    return (whole or found)[-1] if found else None


def load_state(path: Path) -> dict[str, Any]:
    """The state that `save_checkpoint` wrote; arrays come back as numpy arrays.

    Raises:
        CheckpointError: the files are missing or damaged.
    """
    file = path / NUMBERS
    try:
        numbers = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise CheckpointError(f"{file} is no readable JSON file: {reason}") from None
    if not isinstance(numbers, dict) or not isinstance(numbers.get("state"), dict):
        raise CheckpointError(f"{file} was not written by GoZoo: it has no format and state")
    if numbers.get("format") != FORMAT:
        raise CheckpointError(
            f"{file} has format {numbers.get('format')}; this version reads {FORMAT}"
        )
    _, arrays = _read_safetensors(path / ARRAYS)
    try:
        return _join(numbers["state"], arrays)
    except (KeyError, TypeError) as error:
        raise CheckpointError(f"{file} names the array {error}, which {ARRAYS} lacks") from None


def _read_safetensors(path: Path) -> tuple[dict[str, str], dict[str, torch.Tensor]]:
    """Header and arrays of a safetensors file."""
    if not path.is_file():
        raise CheckpointError(f"there is no file {path}")
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
        return metadata, load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is no readable safetensors file: {error}") from None


def list_companions(path: Path) -> dict[str, Path]:
    """Files of the other networks in a checkpoint, by name."""
    files = sorted(path.glob("*.safetensors"))
    return {file.stem: file for file in files if file.name not in (WEIGHTS, ARRAYS)}


def drop_state(path: Path) -> None:
    """Keep only the weights of a checkpoint."""
    for name in (NUMBERS, ARRAYS):
        (path / name).unlink(missing_ok=True)


def _split(value: Any, key: str, arrays: dict[str, torch.Tensor]) -> Any:
    """Move arrays out of nested dicts into `arrays`, leaving their key behind."""
    if isinstance(value, dict):
        for name in value:
            if not isinstance(name, str) or "/" in name or name == _MARK:
                raise TypeError(f"a checkpoint cannot hold the key {name!r} at {key or '/'}")
        return {name: _split(item, f"{key}/{name}", arrays) for name, item in value.items()}
    # Arrays that share memory are written apart.
    if isinstance(value, np.ndarray):
        arrays[key] = torch.from_numpy(np.array(value, order="C"))
        return {_MARK: key}
    if isinstance(value, torch.Tensor):
        arrays[key] = value.detach().cpu().clone(memory_format=torch.contiguous_format)
        return {_MARK: key}
    if isinstance(value, np.generic):
        value = value.item()
    for item in value if isinstance(value, (list, tuple)) else (value,):
        if item is not None and not isinstance(item, (bool, int, float, str)):
            raise TypeError(f"a checkpoint cannot hold {type(item).__name__} at {key}")
    return value


def _join(value: Any, arrays: dict[str, torch.Tensor]) -> Any:
    if isinstance(value, dict):
        if list(value) == [_MARK]:
            return arrays[value[_MARK]].numpy()
        return {name: _join(item, arrays) for name, item in value.items()}
    return value


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
