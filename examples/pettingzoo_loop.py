"""PettingZoo's own tutorial loop, with two agents that take random legal actions.

    python examples/pettingzoo_loop.py

It plays 100 games on 5x5 in about a second. With `goenv.compat.pettingzoo_go_v5` the same loop
takes what was written for PettingZoo's `go_v5`.
"""

import goenv


def main(num_games=100, size=5, komi=0.5, seed=42):
    """Plays the games; prints and returns how many each agent won."""
    env = goenv.aec_env(size=size, komi=komi, max_moves=4 * size * size)
    wins = dict.fromkeys(env.possible_agents, 0)
    for agent in env.possible_agents:
        env.action_space(agent).seed(seed)
    for _ in range(num_games):
        env.reset(seed=seed)
        for agent in env.agent_iter():
            observation, reward, termination, truncation, _ = env.last()
            if termination or truncation:
                action = None  # this agent's game is over
                wins[agent] += reward > 0
            else:
                action = env.action_space(agent).sample(observation["action_mask"])
            env.step(action)
    env.close()
    print(f"Black won {wins['black_0']} of {num_games} games, White {wins['white_0']}")
    return wins


if __name__ == "__main__":
    main()
