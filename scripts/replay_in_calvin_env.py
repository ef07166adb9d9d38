#!/usr/bin/env python3
"""Holds deerbench's simulator and expert against the real calvin_env: does what the expert did here count there?

usage: scripts/replay_in_calvin_env.py CALVIN_ENV_CHECKOUT [--assets DATA] [--per-task N] [--json]

In each of CALVIN's four scenes and for each task, deerbench's world and calvin_env are put into the same state by their
reset(robot_obs, scene_obs): a state in which the task can be done, brought about by the expert where it takes other tasks
first. A step without motion gives the hand its command back, which a reset does not. In deerbench's world the expert does
the task; its actions are then executed in calvin_env without looking (open loop), and calvin_env's own oracle says whether
the task was done at the last step. Both start in fresh worlds, because what a reset leaves depends on what went before.

Prints how many of the tasks that the expert did here are confirmed there, by task and scene, and in how many of them every
number observed after the last step has the same bits. Exit code 1 if less than --least are confirmed, 2 if something is missing.
Needs the deerbench package, pybullet, scipy and PyYAML; runs on one core.
"""
import argparse
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
from calvin_env_checkout import CalvinEnv, MissingImports, require_imports

MAX_STEPS = 360  # as any policy under evaluation


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", help="folder of calvin_env: holds calvin_env/ and conf/")
    parser.add_argument("--assets", help="CALVIN's data folder (default: the checkout's own)")
    parser.add_argument("--scenes", default="ABCD", help="letters (default ABCD)")
    parser.add_argument("--tasks", help="names with commas between (default: all 34)")
    parser.add_argument("--per-task", type=int, default=1, help="starts of each task in each scene (default 1)")
    parser.add_argument("--noise", type=float, default=0, help="scale of random offsets in the expert's motion")
    parser.add_argument("--least", type=float, default=0.85, help="share to be confirmed (default 0.85)")
    parser.add_argument("--json", action="store_true", help="print the machine form on stdout")
    return parser.parse_args()


def at_rest(robot_obs):
    """The action that leaves the hand where it is and open or closed as it was observed."""
    return np.array([0, 0, 0, 0, 0, 0, robot_obs[14]])


def demonstrate(scene, task, start, noise, seed):
    """The expert at work. Returns a dictionary with the reset's arguments, its actions and what is observed after the last
    one, or None where it did not do the task or what comes before it."""
    from deerbench import _core

    state, before = start
    tabletop = _core.Tabletop(scene)
    tabletop.reset(*scene.initial_state(state))
    if any(_core.run_expert(tabletop, name, seed) for name in before):
        return None
    robot_obs, scene_obs = tabletop.robot_obs(), tabletop.scene_obs()
    tabletop.reset(robot_obs, scene_obs)
    tabletop.step(at_rest(robot_obs))
    expert = _core.Expert(tabletop, noise=noise)
    expert.reset(tabletop, task, seed)
    began, actions = tabletop.info(), []
    while len(actions) < MAX_STEPS:
        try:
            actions.append(expert.step(tabletop))
        except _core.Error:
            return None
        tabletop.step(actions[-1])
        if task in _core.completed_tasks(began, tabletop.info()):
            return {"robot_obs": robot_obs, "scene_obs": scene_obs, "actions": actions,
                    "after": np.concatenate([tabletop.robot_obs(), tabletop.scene_obs()])}
    return None


def replay(calvin_env, oracle, letter, task, demonstration):
    """Returns whether calvin_env's oracle confirms the task, and what is observed there after the last step."""
    env = calvin_env.make(letter)
    env.reset(robot_obs=demonstration["robot_obs"], scene_obs=demonstration["scene_obs"])
    env.step(at_rest(demonstration["robot_obs"]))
    began = env.get_info()
    for action in demonstration["actions"]:
        observation, _, _, info = env.step(action)
    confirmed = task in oracle.get_task_info_for_set(began, info, {task})
    return confirmed, np.concatenate([observation["robot_obs"], observation["scene_obs"]])


def run(options, progress):
    """One dictionary a subtask."""
    from deerbench import _core
    from deerbench.scenes import load_scene

    calvin_env = CalvinEnv(options.checkout, options.assets)
    if calvin_env.stand_ins:
        progress(f"stand-ins for what is not installed and not needed here: {', '.join(calvin_env.stand_ins)}")
    oracle = calvin_env.tasks()
    tasks = options.tasks.split(",") if options.tasks else list(_core.TASKS)
    results = []
    for letter in options.scenes:
        scene = load_scene(letter, calvin_env.assets)
        for task in tasks:
            starts = _core.task_starts(task)
            for i in range(options.per_task):
                result = {"scene": letter, "task": task, "done_here": False}
                demonstration = demonstrate(scene, task, starts[i * 7919 % len(starts)], options.noise, i)
                if demonstration:
                    confirmed, after = replay(calvin_env, oracle, letter, task, demonstration)
                    result.update(done_here=True, confirmed=bool(confirmed), steps=len(demonstration["actions"]),
                                  same_bits=bool(np.array_equal(after, demonstration["after"])),
                                  largest_difference=float(np.abs(after - demonstration["after"]).max()))
                results.append(result)
                progress(" ".join(f"{key} {value}" for key, value in result.items()))
    return results


def summarise(results, scenes):
    def count(chosen):
        done = [r for r in chosen if r["done_here"]]
        return {"tried": len(chosen), "done_here": len(done), "confirmed": sum(r["confirmed"] for r in done),
                "same_bits": sum(r["same_bits"] for r in done)}

    total = count(results)
    return {
        "schema": "deerbench.replay_in_calvin_env/1",
        **total,
        "rate": total["confirmed"] / max(total["done_here"], 1),
        "largest_difference": max((r["largest_difference"] for r in results if r["done_here"]), default=0.0),
        "per_scene": {letter: count([r for r in results if r["scene"] == letter]) for letter in scenes},
        "per_task": {task: {letter: count([r for r in results if r["task"] == task and r["scene"] == letter])
                            for letter in scenes} for task in dict.fromkeys(r["task"] for r in results)},
        "subtasks": results,
    }


def table(summary):
    """Confirmed there of done here, by task and scene."""
    scenes = list(summary["per_scene"])

    def cell(count):
        return f"{count['confirmed']}/{count['done_here']}"

    lines = [f"{'confirmed there / done here':28s}" + "".join(f"{letter:>9s}" for letter in scenes)]
    for task, counts in summary["per_task"].items():
        lines.append(f"{task:28s}" + "".join(f"{cell(counts[letter]):>9s}" for letter in scenes))
    lines.append(f"{'all':28s}" + "".join(f"{cell(summary['per_scene'][letter]):>9s}" for letter in scenes))
    lines.append(f"the expert did {summary['done_here']} of {summary['tried']} here; calvin_env's oracle confirms "
                 f"{summary['confirmed']} of {summary['done_here']} ({100 * summary['rate']:.1f} %); "
                 f"{summary['same_bits']} end with the same bits, largest difference {summary['largest_difference']:.2g}")
    return "\n".join(lines)


def main():
    options = arguments()
    # PyBullet and calvin_env print to stdout, which is for the result.
    stdout = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    began = time.monotonic()

    def progress(text):
        print(f"[{time.monotonic() - began:5.0f} s] {text}", file=sys.stderr, flush=True)

    try:
        require_imports({"deerbench": "deerbench"})
        results = run(options, progress)
    except (MissingImports, FileNotFoundError) as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        return 2
    summary = summarise(results, options.scenes)
    print(json.dumps(summary) if options.json else table(summary), file=stdout, flush=True)
    return 0 if summary["rate"] >= options.least else 1


if __name__ == "__main__":
    sys.exit(main())
