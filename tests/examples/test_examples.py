"""Each example runs, with a budget so small that it shows no more than that."""

import importlib.util
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "examples"

# Packages that an example needs beyond `gozoo[dev]`, with how to get them.
NEEDS = {
    "sb3_maskable_ppo": (("sb3_contrib",), "gozoo[examples]"),
    "torchrl_rollout": (("torchrl", "tensordict"), "gozoo[examples]"),
    "rllib_ppo": (("ray.rllib",), "ray[rllib]"),
    "cleanrl_ppo": (("torch",), "gozoo[zoo]"),
    "my_learner": (("torch",), "gozoo[zoo]"),
}


def load(name):
    """The example as a module; the test is skipped if a package is missing."""
    packages, source = NEEDS.get(name, ((), ""))
    for package in packages:
        pytest.importorskip(
            package, reason=f'examples/{name}.py needs {package}: pip install "{source}"'
        )
    spec = importlib.util.spec_from_file_location(f"example_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_example_is_tested_and_documented():
    tested = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    page = (FOLDER.parent / "docs" / "examples.md").read_text(encoding="utf-8")
    for path in FOLDER.glob("*.py"):
        assert path.stem in tested
        assert f"examples/{path.name}" in page


def test_jit_search(capsys):
    wins = load("jit_search").main(num_games=6, playouts=10)
    assert wins >= 5 / 6
    assert "of 6 games" in capsys.readouterr().out


def test_pettingzoo_loop():
    wins = load("pettingzoo_loop").main(num_games=10)
    assert set(wins) == {"black_0", "white_0"}
    assert sum(wins.values()) == 10


def test_cleanrl_ppo():
    before, after = load("cleanrl_ppo").main(total_timesteps=8192, games=32)
    assert 0 <= before <= 1
    assert 0 <= after <= 1


def test_sb3_maskable_ppo():
    before, after = load("sb3_maskable_ppo").main(total_timesteps=2048, games=4)
    assert 0 <= before <= 1
    assert 0 <= after <= 1


def test_torchrl_rollout():
    games, wins = load("torchrl_rollout").main(frames=200)
    assert games > 0
    assert 0 <= wins <= 1


def test_rllib_ppo():
    first, last = load("rllib_ppo").main(iterations=1, batch=1000)
    assert 0 <= first == last <= 1


def test_my_learner():
    """Trained in a comparison by `tests/algorithms/test_learners_of_others.py`."""
    learner, config = load("my_learner").LEARNER
    assert config().algorithm == "imitation"
    assert callable(learner)
