"""Writing the file of a study of one's own, which `sweep` runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from algorithms.config import ConfigError, TrainConfig, load_config, override, validate
from algorithms.studies.names import NAMES
from algorithms.studies.sweep import SweepConfig


def write_sweep(
    path: Path,
    training: Path,
    overrides: Sequence[str],
    axes: Sequence[str],
    settings: dict[str, Any],
) -> Path:
    """Check a sweep and write it as YAML, short: what a file leaves out stays left out.

    Args:
        path: where; there must be nothing.
        training: YAML file of what is trained.
        overrides: ``dotted.key=value``, set in it.
        axes: each as ``dotted.key=value,value,...``.
        settings: the other fields of `SweepConfig`. A parent must be a study that comes with GoZoo,
            or one of one's own in the same folder.

    Returns:
        The path.

    Raises:
        ConfigError: the file is there already, or the sweep cannot be run.
    """
    if path.exists():
        raise ConfigError(f"{path} is there already: choose another name, or delete it")
    parent = settings.get("parent")
    if parent and parent not in NAMES and not path.with_name(f"{parent}.yaml").is_file():
        raise ConfigError(
            f"--parent: {parent!r} is no study: there are {', '.join(NAMES)}, and those of your "
            f"own whose files lie beside {path}"
        )
    load_config(TrainConfig, training, overrides)  # errors that name the file
    base = yaml.safe_load(training.read_text(encoding="utf-8"))
    for each in overrides:
        override(base, each)
    varied = dict(map(_read_axis, axes))
    if len(varied) < len(axes):
        raise ConfigError("--axis: the two keys are the same")
    data = {key: value for key, value in settings.items() if value is not None}
    data |= {"axes": varied, "training": base}
    validate(SweepConfig, data, "the study")
    text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100)
    head = f"# A study of one's own: gozoo study run {path.name}\n"
    path.write_text(head + text, encoding="utf-8")
    return path


def _read_axis(text: str) -> tuple[str, list[Any]]:
    key, separator, written = text.partition("=")
    values = [_read_value(part.strip()) for part in written.split(",")]
    if not separator or not key.strip() or "" in map(str, values):
        raise ConfigError(f"--axis: one looks like learner.reuse=2,4,8, got {text!r}")
    return key.strip(), values


def _read_value(text: str) -> Any:
    try:
        value = yaml.safe_load(text) if text else ""
        return float(value) if isinstance(value, str) and value else value  # 1e12, too
    except (yaml.YAMLError, ValueError):
        return text
