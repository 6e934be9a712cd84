"""Configuration files: what is right is read exactly, what is wrong is named with its remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from algorithms.compare_config import CompareConfig
from algorithms.config import ConfigError, TrainConfig, dump_config, load_config, validate
from algorithms.learners import LEARNERS
from goenv import Rules

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))
TRAIN = """
name: one
game: {size: 3, komi: 0.5}
budget: {env_steps: 100}
learner: {algorithm: alphazero, search: {simulations: 8}}
"""


def load_text(tmp_path, text, overrides=()):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    return load_config(TrainConfig, path, overrides)


# What is right


def test_a_gumbel_root_explores_in_training(tmp_path):
    def search_of(*overrides):
        return load_text(tmp_path, TRAIN, overrides).learner.search

    assert search_of().gumbel_scale == 0
    gumbel = search_of("learner.search.root=gumbel")
    assert (gumbel.gumbel_scale, gumbel.value_scale, gumbel.noise_fraction) == (1.0, 0.6, 0.0)
    given = "learner.search={root: gumbel, gumbel_scale: 0.5, value_scale: 0.1}"
    assert (search_of(given).gumbel_scale, search_of(given).value_scale) == (0.5, 0.1)
    assert load_text(tmp_path, TRAIN, ["learner.play.root=gumbel"]).learner.play.gumbel_scale == 0


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_the_presets_load(path):
    data = yaml.safe_load(path.read_text())
    config = load_config(CompareConfig if "learners" in data else TrainConfig, path)
    assert config.name == path.stem
    assert config.game.rules().max_moves is not None


def test_there_are_presets():
    assert CONFIGS


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["learner.search.simulations=16", "learner.network.blocks=1"],
        ["learner.start.komis=[0.5, -3, 25]", "budget.flops=1e12", "game.max_moves=7"],
        ["learner.start={sizes: {2: 1, 3: 0.5}, komis_by_size: {2: [1, 2.5]}}"],
        ["learner.search.root=gumbel", "learner.search.noise_fraction=0", "learner.workers=2"],
        ["name=a.b-c_9", "checkpoints.seconds=0.5", "game.superko=simple", "game.suicide=false"],
    ],
)
def test_a_stored_configuration_is_read_back_equal(tmp_path, overrides):
    config = load_text(tmp_path, TRAIN, overrides)
    assert load_text(tmp_path, dump_config(config)) == config


def test_counts_may_be_written_with_an_exponent(tmp_path):
    text = TRAIN.replace("env_steps: 100", "env_steps: 1e6")
    assert load_text(tmp_path, text).budget.env_steps == 1_000_000
    assert load_text(tmp_path, text, ["budget.samples=2e3"]).budget.samples == 2000
    with pytest.raises(ConfigError, match="env_steps"):
        load_text(tmp_path, text, ["budget.env_steps=1e-1"])


def test_values_are_those_of_the_file_and_its_overrides(tmp_path):
    config = load_text(
        tmp_path,
        TRAIN,
        ["learner.search.simulations=16", "learner.play.temperature=0.5", "game.komi=-2",
         "learner.start.komis=[1, 2.5]", "budget.seconds=60", "seed=11"],
    )  # fmt: skip
    assert config.learner.search.simulations == 16
    assert (config.learner.search.root, config.learner.search.interior) == ("puct", "puct")
    assert config.learner.play.temperature == 0.5
    assert config.learner.start.komis == (1.0, 2.5)
    assert config.budget.limits() == {"env_steps": 100, "seconds": 60.0}
    assert (config.seed, config.game.komi, config.game.size) == (11, -2.0, 3)
    assert config.game.rules() == Rules(3, -2.0, max_moves=21)


def test_an_override_can_exchange_the_algorithm_and_empty_a_group(tmp_path):
    text = TRAIN.replace(", search: {simulations: 8}", "")
    config = load_text(tmp_path, text, ["learner.algorithm=reinforce", "learner.games=6"])
    assert (config.learner.algorithm, config.learner.games) == ("reinforce", 6)
    config = load_text(tmp_path, text + "checkpoints:\n", ["checkpoints.snapshots=2"])
    assert config.checkpoints.snapshots == 2


# What is wrong: (overrides, words that the message must hold)

WRONG_VALUES = {
    "unknown key": (["bugdet.flops=1"], ["bugdet", "did you mean 'budget'"]),
    "unknown key in a group": (["game.sise=5"], ["game.sise", "did you mean 'size'"]),
    "unknown key, far from any": (
        ["game.qqq=5"],
        ["game.qqq", "size, komi, superko, suicide, max_moves"],
    ),
    "unknown setting of a learner": (
        ["learner.search.simulation=5"],
        ["learner.search.simulation", "did you mean 'simulations'"],
    ),
    "a setting of the search beside it": (
        ["learner.simulations=5"],
        ["learner.simulations", "did you mean", "'learner.search.simulations'"],
    ),
    "a key of a group, outside of it": (["workers=2"], ["did you mean 'learner.workers'?"]),
    "a group named after the algorithm": (
        ["alphazero.games=5"],
        ["\n  alphazero: unknown key", "learner"],
    ),
    "settings below the algorithm's name": (
        ["learner.alphazero.games=5"],
        ["learner.alphazero: unknown key", "self_play"],
    ),
    "settings of another algorithm": (["learner.pool_size=5"], ["learner.pool_size"]),
    "more workers than games": (
        ["learner.workers=3", "learner.self_play.games=2"],
        ["learner", "workers", "self_play.games, 2", "got 3"],
    ),
    "a Gumbel root that stops early": (
        ["learner.search={root: gumbel, stop_early: true}"],
        ["learner.search", "stop_early"],
    ),
    "false concessions of no game": (
        ["learner.self_play={false_concessions: 0.05, played_out: 0}"],
        ["learner.self_play", "false_concessions", "played_out"],
    ),
    "playouts that do not count": (
        ["learner.leaf.playouts=policy"],
        ["learner.leaf", "playouts", "playout_weight 0"],
    ),
    "a player that keeps its tree": (
        ["learner.play.reuse=true"],
        ["learner.play", "reuse", "search.reuse", "gozoo gtp"],
    ),
    "komis of a size that is not played": (
        ["learner.start.komis_by_size={2: [0.5]}"],
        ["start.komis_by_size", "no game of size 2", "there are 3"],
    ),
    "a size of training games": (
        ["learner.start.sizes={1: 1}"],
        ["learner.start.sizes", "size", "2 to 25"],
    ),
    "a size larger than the game's": (
        ["learner.start.sizes={5: 1}"],
        ["start.sizes", "the game has size 3, got 5"],
    ),
    "weight of a size": (["learner.start.sizes={3: 0}"], ["learner.start.sizes", "above 0"]),
    "komi by size": (
        ["learner.start.komis_by_size={3: [0.3]}"],
        ["learner.start.komis_by_size", "multiple of 0.5", "0.3"],
    ),
    "wrong type": (["game.size=big"], ["game.size", "integer", "'big'"]),
    "a fraction for a whole number": (["game.size=3.5"], ["game.size", "integer", "3.5"]),
    "a number for a group": (["game=5"], ["game: this is a group of keys", "{size: 5}", "got 5"]),
    "a number for a list": (["learner.start.komis=3"], ["start.komis: this is a list", "[0.5"]),
    "a list for a group": (["learner=[alphazero]"], ["learner"]),
    "nothing for a group": (["budget="], ["budget"]),
    "wrong algorithm": (
        ["learner.algorithm=alphago"],
        ["learner", "'alphago'", "alphazero", "reinforce"],
    ),
    "size 50": (["game.size=50"], ["game", "size", "2 to 25", "50"]),
    "size 1": (["game.size=1"], ["game", "size", "2 to 25"]),
    "komi 7.3": (["game.komi=7.3"], ["game", "komi", "multiple of 0.5", "7.3"]),
    "superko": (["game.superko=none"], ["game.superko", "'positional'", "'none'"]),
    "max_moves": (["game.max_moves=0"], ["game", "max_moves", "from 1 to"]),
    "budget without limits": (["budget={}"], ["budget", "at least one limit", "flops", "seconds"]),
    "negative budget": (["budget.env_steps=-1"], ["budget.env_steps", "greater than 0", "-1"]),
    "endless budget": (["budget.seconds=.inf"], ["budget.seconds", "finite"]),
    "negative seed": (["seed=-1"], ["seed", "greater than or equal to 0"]),
    "komi of training games": (
        ["learner.start.komis=[0.5, 0.3]"],
        ["learner.start", "komi", "multiple of 0.5", "0.3"],
    ),
    "no simulations": (["learner.search.simulations=0"], ["learner.search.simulations", "1"]),
    "temperature": (["learner.play.temperature=.nan"], ["learner.play.temperature"]),
    "name": (["name=a/b"], ["name", "letters, digits", "a/b"]),
    "name of a parent folder": (["name=.."], ["name"]),
}


@pytest.mark.parametrize(("overrides", "words"), WRONG_VALUES.values(), ids=WRONG_VALUES)
def test_a_wrong_value_is_named_with_what_would_be_right(tmp_path, overrides, words):
    with pytest.raises(ConfigError) as caught:
        load_text(tmp_path, TRAIN, overrides)
    message = str(caught.value)
    for word in [*words, "config.yaml"]:
        assert word in message, message
    assert len(message.splitlines()) <= 3, message


@pytest.mark.parametrize("key", ["name", "budget", "learner", "learner.algorithm"])
def test_a_missing_key_is_named(tmp_path, key):
    data = yaml.safe_load(TRAIN)
    group = data
    for part in key.split(".")[:-1]:
        group = group[part]
    del group[key.split(".")[-1]]
    with pytest.raises(ConfigError) as caught:
        load_text(tmp_path, yaml.safe_dump(data))
    assert key.split(".")[-1] in str(caught.value)
    assert "missing" in str(caught.value)


def test_all_that_is_wrong_is_told_at_once(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load_text(tmp_path, TRAIN, ["seed=-1", "budget.env_steps=x", "learner.workers=0"])
    for key in ("seed", "budget.env_steps", "learner.workers"):
        assert f"  {key}: " in str(caught.value)


WRONG_OVERRIDES = {
    "no =": ("game.size", ["'game.size'", "game.size=7"]),
    "no key": ("=5", ["'=5'", "game.size=7"]),
    "an empty part": ("game..size=5", ["game..size=5"]),
    "into a value": ("name.first=x", ["name.first", "name", "'one'"]),
    "into a list": ("learner.start.komis.0=1", ["learner.start.komis.0", "[0.5]"]),
    "no YAML": ("game.size=[3", ["game.size", "YAML", "'[3'"]),
}


@pytest.mark.parametrize(("override", "words"), WRONG_OVERRIDES.values(), ids=WRONG_OVERRIDES)
def test_a_wrong_override_is_quoted(tmp_path, override, words):
    text = TRAIN.replace("alphazero,", "alphazero, start: {komis: [0.5]},")
    with pytest.raises(ConfigError) as caught:
        load_text(tmp_path, text, [override])
    for word in words:
        assert word in str(caught.value), str(caught.value)


WRONG_FILES = {
    "empty": (b"", "keys and values"),
    "a list": (b"- name: one\n", "keys and values"),
    "a word": (b"hello", "keys and values"),
    "syntax": (b"name: [one\nbudget: 3", "not valid YAML"),
    "tabs": (b"game:\n\tsize: 3", "not valid YAML"),
    "binary": (b"\x80\x04\x95\xff\xfe", "not a text file"),
    "zero bytes": (b"\x00\x01\x02", "not valid YAML"),
    "code": (b"name: !!python/object/apply:os.getcwd []", "not valid YAML"),
    "numbers for keys": (b"5: 6", "5"),
}


@pytest.mark.parametrize(("content", "words"), WRONG_FILES.values(), ids=WRONG_FILES)
def test_a_file_that_is_no_configuration(tmp_path, content, words):
    path = tmp_path / "odd.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_config(TrainConfig, path)
    assert "odd.yaml" in str(caught.value)
    assert words in str(caught.value)


def test_no_file_and_a_folder(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere.yaml: No such file"):
        load_config(TrainConfig, tmp_path / "nowhere.yaml")
    with pytest.raises(ConfigError, match=r"is a folder, not.*; a YAML file is wanted"):
        load_config(TrainConfig, tmp_path)
    (tmp_path / "config.yaml").touch()
    with pytest.raises(ConfigError, match=r"is a folder.*the one in it is .*config\.yaml"):
        load_config(TrainConfig, tmp_path)


def test_the_error_names_its_source():
    with pytest.raises(ConfigError, match="the game does not fit"):
        validate(TrainConfig, {}, "the game")


@pytest.mark.parametrize("name", sorted(LEARNERS))
def test_one_key_of_a_part_leaves_the_learners_other_defaults(name):
    """``learner.q.batch_size=64`` changes nothing else of NFSP's own settings of q."""
    kind = LEARNERS[name][1]
    usual = kind(algorithm=name)
    for part, field in kind.model_fields.items():
        if not isinstance(field.default, BaseModel):
            continue
        own = getattr(usual, part)
        for key in type(own).model_fields:
            value = getattr(own, key)
            if isinstance(value, BaseModel):
                continue
            changed = kind.model_validate({"algorithm": name, part: {key: value}})
            assert getattr(changed, part) == own, f"{part}.{key}"


def test_the_usual_noise_is_for_the_usual_root():
    make = LEARNERS["alphazero"][1].model_validate
    assert make({"algorithm": "alphazero", "search": {"simulations": 8}}).search.noise_fraction > 0
    gumbel = make({"algorithm": "alphazero", "search": {"root": "gumbel"}}).search
    assert (gumbel.noise_fraction, gumbel.simulations) == (0, 32)


def test_a_last_batch_of_one_move_is_refused(tiny):
    ppo = {"games": 3, "moves": 3, "batch_size": 8}
    with pytest.raises(ValidationError, match="moves of an update is left"):
        tiny("best_response", learner={"algorithm": "best_response", "ppo": ppo})
