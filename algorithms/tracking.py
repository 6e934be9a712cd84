"""Metrics of a run: a file that is the truth, and views of it in TensorBoard and wandb."""

from __future__ import annotations

import json
import netrc
import os
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlparse

from algorithms.config import ConfigError


class Tracker(Protocol):
    """Takes the records of a run."""

    def log(self, step: int, spent: dict[str, float], metrics: dict[str, float]) -> None:
        """Take the record of one step."""
        ...

    def close(self) -> None:
        """Write out what is held back."""
        ...


class MetricsFile:
    """``metrics.jsonl``: one line a step, flushed at once.

    Args:
        path: the file; on resuming, records after step `last_step` are dropped, because the run
            repeats them, and so is a line that a stop has cut short.
        last_step: the step to continue from.
    """

    def __init__(self, path: Path, last_step: int):
        kept = [record for record in read_metrics(path) if record["step"] <= last_step]
        beside = path.with_suffix(".partial")
        beside.write_text("".join(json.dumps(record) + "\n" for record in kept))
        beside.replace(path)
        self._file = path.open("a", encoding="utf-8")

    def log(self, step: int, spent: dict[str, float], metrics: dict[str, float]) -> None:
        """See `Tracker`."""
        self._file.write(json.dumps({"step": step, "spent": spent, "metrics": metrics}) + "\n")
        self._file.flush()

    def close(self) -> None:
        """See `Tracker`."""
        self._file.close()


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Records of ``metrics.jsonl`` in order; a last line that was cut short is left out."""
    records: list[dict[str, Any]] = []
    if not path.exists():
        return records
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return records


class TensorBoard:
    """Event files in ``tensorboard/``; every metric over steps.

    Args:
        folder: of the run.
        last_step: the step to continue from; later records are hidden.
    """

    def __init__(self, folder: Path, last_step: int):
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise ConfigError(
                "TensorBoard is not installed: pip install 'gozoo[tracking]'"
            ) from None
        self._writer = SummaryWriter(str(folder / "tensorboard"), purge_step=last_step + 1)

    def log(self, step: int, spent: dict[str, float], metrics: dict[str, float]) -> None:
        """See `Tracker`."""
        for group, values in (("spent", spent), ("metrics", metrics)):
            for name, value in values.items():
                self._writer.add_scalar(f"{group}/{name}", value, step)

    def close(self) -> None:
        """See `Tracker`."""
        self._writer.close()


class WandB:
    """Weights & Biases, project ``gozoo``; offline unless an account is set up."""

    def __init__(self, folder: Path, name: str, config: dict[str, Any]):
        try:
            import wandb
        except ImportError:
            raise ConfigError(
                "Weights & Biases is not installed: pip install 'gozoo[tracking]'"
            ) from None
        mode: Any = os.environ.get("WANDB_MODE") or ("online" if _has_account() else "offline")
        try:
            self._run = wandb.init(
                project="gozoo",
                name=name,
                dir=str(folder),
                config=config,
                mode=mode,
                id=name,
                resume="allow",
                settings=wandb.Settings(silent=True),
            )
        except Exception as error:  # of many kinds: no network, a wrong key, odd settings
            raise ConfigError(f"Weights & Biases cannot begin: {error}") from error

    def log(self, step: int, spent: dict[str, float], metrics: dict[str, float]) -> None:
        """See `Tracker`."""
        flat = {f"spent/{name}": value for name, value in spent.items()}
        self._run.log({**flat, **metrics}, step=step)

    def close(self) -> None:
        """See `Tracker`."""
        self._run.finish()


def _has_account() -> bool:
    """Whether wandb knows a key; without one it would ask for it and wait."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = urlparse(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname
    try:
        return host in netrc.netrc().hosts
    except (OSError, netrc.NetrcParseError):
        return False
