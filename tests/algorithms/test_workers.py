"""Work in other processes: news arrive, errors are told, nothing is left running."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

from algorithms.workers import Finished, WorkerError, run_cells

CELLS = """
import os, signal, time
from pathlib import Path
from algorithms import workers

def square(number):
    workers.report(("began", number))
    return number * number

def fail(number, folder):
    if number == 0:
        raise LookupError("cell 0 failed")
    return wait(number, folder)

def wait(number, folder):
    Path(folder, f"began-{number}").touch()
    end = time.monotonic() + 20
    while not workers.should_stop():
        assert time.monotonic() < end, "it was not told to stop"
        time.sleep(0.01)
    Path(folder, f"stopped-{number}").touch()

def die(number):
    os.kill(os.getpid(), signal.SIGKILL)

def nest(number):
    own = list(workers.run_cells(square, [{"number": number}, {"number": 2 * number}], 5))
    workers.report(("nested", os.getpid(), own))
    return workers.should_stop()

def nest_and_wait(folder):
    work = [{"number": n, "folder": folder} for n in range(2)]
    list(workers.run_cells(wait, work, 1, workers.should_stop))
    Path(folder, f"nested-{os.getpid()}").touch()

def linger(folder):
    Path(folder, f"worker-{os.getpid()}").touch()
    time.sleep(60)
"""


@pytest.fixture
def cells(tmp_path, monkeypatch):
    """A module with functions to run; workers import it by name."""
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "cells_of_tests.py").write_text(CELLS)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "cells_of_tests", raising=False)
    import cells_of_tests

    return cells_of_tests


def test_every_cell_reports_and_returns(cells):
    news = list(run_cells(cells.square, [{"number": n} for n in range(5)], workers=2))
    finished = {item.index: item.result for item in news if isinstance(item, Finished)}
    assert finished == {n: n * n for n in range(5)}
    assert sorted(item for item in news if not isinstance(item, Finished)) == [
        ("began", n) for n in range(5)
    ]
    # What a cell reported comes before its end.
    for n in range(5):
        assert news.index(("began", n)) < news.index(Finished(n, n * n))


def test_no_cells_no_processes():
    assert list(run_cells(print, [], workers=2)) == []


def test_cells_of_a_cell_run_in_its_process_and_tell_it_alone(cells):
    news = list(run_cells(cells.nest, [{"number": 3}, {"number": 5}], workers=1))
    assert [item.result for item in news if isinstance(item, Finished)] == [False, False]
    told = [item for item in news if not isinstance(item, Finished)]
    assert len({process for _, process, _ in told} | {os.getpid()}) == 2
    assert [own for *_, own in told] == [
        [("began", n), Finished(0, n * n), ("began", 2 * n), Finished(1, 4 * n * n)] for n in (3, 5)
    ]


def test_cells_of_a_cell_stop_with_it(cells, tmp_path):
    began = tmp_path / "began-0"
    list(run_cells(cells.nest_and_wait, [{"folder": str(tmp_path)}], 1, began.exists))
    assert sorted(path.name.split("-")[0] for path in tmp_path.glob("*-*")) == [
        "began", "nested", "stopped",
    ]  # fmt: skip


def test_an_error_in_a_cell_is_raised_and_the_others_are_stopped(cells, tmp_path):
    work = [{"number": n, "folder": str(tmp_path)} for n in (1, 0, 2, 3)]
    with pytest.raises(LookupError, match="cell 0 failed"):
        list(run_cells(cells.fail, work, workers=2))
    assert sorted(path.name for path in tmp_path.glob("*-*")) == ["began-1", "stopped-1"]


def test_a_worker_that_dies_is_an_error(cells):
    with pytest.raises(WorkerError, match="a worker process died"):
        list(run_cells(cells.die, [{"number": 1}], workers=1))


def test_a_worker_that_dies_of_the_same_stop_is_none(cells):
    assert list(run_cells(cells.die, [{"number": 1}], 1, lambda: True)) == []
    asked = iter([False])
    assert list(run_cells(cells.die, [{"number": 1}], 1, lambda: next(asked, True))) == []


def test_once_stopped_no_cell_is_begun_and_running_ones_end(cells, tmp_path):
    work = [{"number": n, "folder": str(tmp_path)} for n in range(4)]
    news = list(run_cells(cells.wait, work, 2, lambda: len(list(tmp_path.glob("began-*"))) == 2))
    assert news == [Finished(0, None), Finished(1, None)] or news == [
        Finished(1, None), Finished(0, None),
    ]  # fmt: skip
    assert len(list(tmp_path.glob("stopped-*"))) == 2


SCRIPT = """
import sys, time
sys.path.insert(0, {modules!r})
if __name__ == "__mp_main__":
    open({folder!r} + "/importing", "w").close()
    time.sleep({pause})
import signal
import cells_of_tests
from algorithms.workers import run_cells
if __name__ == "__main__":
    asked = []
    signal.signal(signal.SIGINT, lambda *_: asked.append(1))
    cells = [dict(number=n, folder={folder!r}) for n in range(2)]
    list(run_cells(getattr(cells_of_tests, {function!r}), {cells}, 1, lambda: bool(asked)))
    print("clean")
"""


def start(cells, folder, function, work, pause=0.0):
    script = folder / "script.py"
    modules = os.path.dirname(cells.__file__)
    script.write_text(
        SCRIPT.format(
            modules=modules, folder=str(folder), function=function, cells=work, pause=pause
        )
    )
    return subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.01)


def test_ctrl_c_while_a_worker_starts_is_left_to_the_parent(cells, tmp_path):
    """A terminal sends it to all processes, also to one that has not got to its first line."""
    process = start(cells, tmp_path, "wait", "cells", pause=0.5)
    try:
        wait_for((tmp_path / "importing").exists)
        os.killpg(process.pid, signal.SIGINT)
        out, error = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, out) == (0, "clean\n"), error
    assert error == ""


@pytest.mark.skipif(not os.path.exists("/proc"), reason="looks at processes in /proc")
def test_workers_end_when_their_parent_is_killed(cells, tmp_path):
    process = start(cells, tmp_path, "linger", f"[dict(folder={str(tmp_path)!r})]")
    try:
        wait_for(lambda: list(tmp_path.glob("worker-*")))
        worker = int(next(tmp_path.glob("worker-*")).name.removeprefix("worker-"))
        os.kill(worker, 0)  # it lives
    finally:
        process.kill()

    def ended():
        try:
            with open(f"/proc/{worker}/stat") as file:
                return file.read().rsplit(")", 1)[1].split()[0] == "Z"
        except FileNotFoundError:
            return True

    try:
        wait_for(ended, 10)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
        process.communicate()
