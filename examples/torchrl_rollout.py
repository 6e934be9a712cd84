"""goenv in TorchRL: a masked policy collects games as a TensorDict.

    pip install "gozoo[examples]"
    python examples/torchrl_rollout.py

It takes a few seconds. The policy is an untrained network: it wins about half of its games
against random moves, and never plays what the mask forbids, which would raise an error.
"""

import gymnasium
import torch
from tensordict.nn import ProbabilisticTensorDictModule, TensorDictModule, TensorDictSequential
from torch import nn
from torchrl.envs import GymWrapper
from torchrl.modules import MaskedCategorical


def make_env():
    """One seat, drawn for each game; actions are numbers, as in goenv."""
    env = gymnasium.make("goenv:goenv/Go-v0", size=5, komi=0.5, max_moves=100, colour="random")
    return GymWrapper(env, categorical_action_encoding=True)


def make_policy():
    """Planes and mask in, an action that the mask allows out."""
    network = nn.Sequential(nn.Flatten(-3), nn.Linear(75, 64), nn.ReLU(), nn.Linear(64, 26))
    logits = TensorDictModule(
        lambda planes: network(planes.float()), in_keys=["observation"], out_keys=["logits"]
    )
    draw = ProbabilisticTensorDictModule(
        in_keys={"logits": "logits", "mask": "allowed"},
        out_keys=["action"],
        distribution_class=MaskedCategorical,
        default_interaction_type="random",
    )
    as_bool = TensorDictModule(
        lambda mask: mask.bool(), in_keys=["action_mask"], out_keys=["allowed"]
    )
    return TensorDictSequential(logits, as_bool, draw)


def main(frames=3000, seed=0):
    """Collects `frames` steps; prints and returns games finished and the share of wins."""
    torch.manual_seed(seed)
    env = make_env()
    env.set_seed(seed)
    with torch.no_grad():
        data = env.rollout(frames, make_policy(), break_when_any_done=False)
    done, reward = data["next", "done"].squeeze(-1), data["next", "reward"].squeeze(-1)
    games, wins = int(done.sum()), int((reward[done] > 0).sum())
    print(f"{data.shape[0]} steps, {games} games, {wins} won")
    return games, wins / max(games, 1)


if __name__ == "__main__":
    main()
