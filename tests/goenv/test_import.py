"""What ``import goenv`` brings along, how long it takes, and what it says while it compiles."""

import os
import subprocess
import sys

import pettingzoo
import pytest

from goenv import compile_notice


def run(code, **environment):
    """Run a program in a fresh interpreter; returns what it printed, and on stderr."""
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout, result.stderr


def test_import_is_light():
    heavy = ("torch", "pettingzoo", "matplotlib", "scipy.stats", "pydantic", "baselines")
    heavy += ("algorithms", "wandb", "pygame")
    code = f"import sys, goenv; print([name for name in {heavy} if name in sys.modules])"
    assert run(code)[0].strip() == "[]"


def test_import_is_quick():
    # Processor time, so that other work on the machine does not count.
    code = "import time; s = time.process_time(); import goenv; print(time.process_time() - s)"
    assert min(float(run(code)[0]) for _ in range(3)) < 1.0


def test_public_names():
    code = (
        "import goenv, sys\n"
        "for name in goenv.__all__: getattr(goenv, name)\n"
        "assert 'pettingzoo' in sys.modules\n"
        "try: goenv.nothing\n"
        "except AttributeError as error: print(error)\n"
    )
    assert run(code)[0].strip() == "module 'goenv' has no attribute 'nothing'"


@pytest.mark.skipif(not hasattr(pettingzoo, "register"), reason="PettingZoo has no registry yet")
@pytest.mark.parametrize(
    "imports",
    [
        "import pettingzoo, goenv",
        "import goenv, pettingzoo, goenv.pettingzoo_ids",
        "import goenv, pettingzoo; goenv.aec_env",
        "import goenv.pair_go, pettingzoo",
    ],
)
def test_ids_in_pettingzoos_registry(imports):
    code = (
        f"{imports}\n"
        "for name in ('Go', 'PairGo', 'PhantomGo'):\n"
        "    print(pettingzoo.make('aec', f'goenv/{name}-v0', size=3))\n"
    )
    out, error = run(code, PYTHONWARNINGS="error::UserWarning")
    assert out.split() == ["goenv_go_v0", "goenv_pair_go_v0", "goenv_phantom_go_v0"]
    assert error == ""


@pytest.fixture
def fresh_cache(tmp_path):
    return {"NUMBA_CACHE_DIR": str(tmp_path), "GOENV_QUIET": "0"}


def test_compilation_is_announced_once(fresh_cache):
    code = (
        "import numba, goenv\n"
        "numba.njit(lambda x: x + 1)(1)\n"  # somebody else's kernel is none of our business
        "print('before', file=__import__('sys').stderr)\n"
        "goenv.GoBatch(1, goenv.Rules(size=2))\n"
    )
    assert run(code, **fresh_cache)[1].splitlines() == ["before", compile_notice.MESSAGES["goenv"]]
    assert run(code, **fresh_cache)[1].splitlines() == ["before"]


@pytest.mark.parametrize("module", ["goenv.board", "algorithms.search.tree"])
def test_the_announcement_can_be_silenced(monkeypatch, capsys, module):
    class Dispatcher:
        @staticmethod
        def py_func():
            pass

    class Event:
        data = {"dispatcher": Dispatcher}  # noqa: RUF012

    Dispatcher.py_func.__module__ = module
    message = compile_notice.MESSAGES[module.partition(".")[0]]
    for quiet, expected in (("1", ""), ("0", message + "\n")):
        monkeypatch.setenv("GOENV_QUIET", quiet)
        listener = compile_notice._Listener()
        listener.on_start(Event)
        listener.on_start(Event)
        assert capsys.readouterr().err == expected
