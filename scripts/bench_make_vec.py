#!/usr/bin/env python3
"""How much faster many environments are on several threads: gymnasium.make_vec beside single environments.

    .venv/bin/python scripts/bench_make_vec.py [--num-envs 16] [--threads 2] [--steps 30] [--rounds 5]

All three ways do the same steps in turn, round by round; printed are medians over the rounds. Wall time: it takes that
many idle cores to see what threads gain.
"""
import argparse
import os
import statistics
import time

import gymnasium as gym
import numpy as np

import deerbench  # noqa: F401  (registers the environments)

ENV_ID = "deerbench/Tabletop-D-v0"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("num-envs", 16), ("threads", 2), ("steps", 30), ("rounds", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    n = options.num_envs

    singles = [gym.make(ENV_ID) for _ in range(n)]
    one = gym.make_vec(ENV_ID, num_envs=n, num_threads=1)
    many = gym.make_vec(ENV_ID, num_envs=n, num_threads=options.threads)
    actions = np.random.default_rng(0).uniform(-1, 1, (options.steps, n, 7)).astype(np.float32)

    def run_singles() -> None:
        for row in actions:
            for env, action in zip(singles, row, strict=True):
                env.step(action)

    def run(envs: gym.vector.VectorEnv) -> None:
        for row in actions:
            envs.step(row)

    ways = {
        f"{n} single environments": run_singles,
        "make_vec, 1 thread": lambda: run(one),
        f"make_vec, {options.threads} threads": lambda: run(many),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.rounds):
        for i, env in enumerate(singles):
            env.reset(seed=i)
        one.reset(seed=0)
        many.reset(seed=0)
        for name, work in ways.items():
            start = time.perf_counter()
            work()
            times[name].append((time.perf_counter() - start) / (options.steps * n) * 1e3)
    single, alone, threaded = times.values()
    print(f"{len(os.sched_getaffinity(0))} cores; a control step of one environment with both cameras:")
    for name, values in times.items():
        print(f"  {name:28} {statistics.median(values):7.2f} ms")
    for name, base in (("single environments", single), ("one thread", alone)):
        gain = statistics.median(a / b for a, b in zip(base, threaded, strict=True))
        print(f"  {options.threads} threads are {gain:.2f} times as fast as {name}")


if __name__ == "__main__":
    main()
