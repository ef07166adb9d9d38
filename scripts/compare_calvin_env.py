#!/usr/bin/env python3
"""Times a control step of calvin_env (PyBullet) beside deerbench's, on the same assets with the same actions.

    scripts/compare_calvin_env.py CHECKOUT [--assets DIR] [--python PYTHON] [--scene D] [--steps 260] [--chunk N]
                                  [--timeout S] [--json] [--check]

CHECKOUT is a clone of https://github.com/mees/calvin_env; its data folder (or --assets) holds the assets. calvin_env needs
pybullet, hydra-core, opencv-python-headless, gym, gitpython, numpy-quaternion and scipy: --python names an interpreter that
has them, if this one does not. deerbench itself is imported by the interpreter that runs this script.

Everything runs on one thread. Each contender is a process of its own; they take turns, chunk by chunk, in an order that
is reversed each time, so that what else the machine does falls on all of them alike. What counts is CPU time; a ratio is the
median of the ratios of the chunks. The actions are those of deerbench's scripted expert.

    physics              targets, inverse kinematics and 8 substeps of 1/240 s
    step with cameras    action in; both cameras' colour and depth, state and info out

The table goes to standard error, --json prints it to standard output. --check: exit status 1 if a limit is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import select
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

TASKS = ("open_drawer", "turn_on_led", "move_slider_left", "lift_red_block_table", "turn_on_lightbulb",
         "lift_blue_block_slider", "close_drawer", "push_pink_block_right")
START = {"led": 0, "lightbulb": 0, "slider": "right", "drawer": "closed", "red_block": "table",
         "blue_block": "slider_right", "pink_block": "table", "grasped": 0}
STEPS_A_TASK = 60

# What each contender times. `cameras`: the whole step with both cameras; else the physics alone.
CONTENDERS = {
    "pybullet_physics": {"kind": "pybullet", "cameras": "", "label": "PyBullet: physics"},
    "deerbench_physics": {"kind": "deerbench", "cameras": "", "label": "deerbench: physics"},
    "own_physics": {"kind": "own", "cameras": "", "label": "deerbench, own scene: physics"},
    "pybullet_tiny": {"kind": "pybullet", "cameras": "tiny", "label": "PyBullet: step with cameras, TinyRenderer"},
    "pybullet_egl": {"kind": "pybullet", "cameras": "egl", "label": "PyBullet: step with cameras, EGL"},
    "deerbench_step": {"kind": "deerbench", "cameras": "egl look", "label": "deerbench: step with cameras, EGL look"},
    "own_step": {"kind": "own", "cameras": "own look", "label": "deerbench, own scene: step with cameras"},
}
# (figure, numerator, denominator, limit): the first two may be at most the limit, those of our own scene at least.
RATIOS = (
    ("step_vs_egl", "deerbench_step", "pybullet_egl", "at most", 1 / 20),
    ("step_vs_tiny", "deerbench_step", "pybullet_tiny", "at most", 1 / 15),
    ("physics_vs_pybullet", "deerbench_physics", "pybullet_physics", "at most", 0.9),
    ("own_physics_speedup", "deerbench_physics", "own_physics", "at least", 1.5),
    ("own_step_speedup", "deerbench_step", "own_step", None, None),
)
# import name -> what pip calls it
CALVIN_IMPORTS = {"numpy": "numpy", "scipy": "scipy", "pybullet": "pybullet", "hydra": "hydra-core", "omegaconf": "omegaconf",
                  "cv2": "opencv-python-headless", "gym": "gym", "git": "gitpython", "quaternion": "numpy-quaternion"}


class Unavailable(Exception):
    """A contender that cannot run here; the message says why."""


# ----------------------------------------------------------------------------------------------------------------------
# In the contenders' processes


class CalvinEnv:
    """calvin_env on PyBullet."""

    def __init__(self, job: dict[str, Any]) -> None:
        missing = []
        for name, package in CALVIN_IMPORTS.items():
            try:
                importlib.import_module(name)
            except ImportError as error:
                missing.append(f"{name} (pip install {package}; {error})")
        if missing:
            raise Unavailable(f"{sys.executable} lacks {', '.join(missing)}")
        sys.path.insert(0, job["checkout"])
        import hydra
        import pybullet
        from omegaconf import OmegaConf

        conf = Path(job["checkout"]) / "conf"
        robot = OmegaConf.merge(OmegaConf.load(conf / "robot/panda.yaml"), OmegaConf.load(conf / "robot/panda_longer_finger.yaml"))
        del robot["defaults"]
        cameras = {name: OmegaConf.load(conf / f"cameras/cameras/{name}.yaml") for name in ("static", "gripper")}
        config = OmegaConf.create({
            "cameras": cameras if job["cameras"] else {}, "robot": robot, "use_vr": False, "data_path": job["assets"],
            "scene": OmegaConf.load(conf / f"scene/calvin_scene_{job['scene']}.yaml"),
            "env": OmegaConf.load(conf / "env/play_table_env.yaml")})
        self._pybullet = pybullet
        self.array = importlib.import_module("numpy").array
        self._env = hydra.utils.instantiate(config.env, show_gui=False, use_vr=False, use_scene_info=True,
                                            use_egl=job["cameras"] == "egl")

    def reset(self, job: dict[str, Any]) -> None:
        self._env.reset(robot_obs=self.array(job["robot_obs"]), scene_obs=self.array(job["scene_obs"]))

    def step(self, action: Any) -> Any:
        return self._env.step(action)[0]

    def physics(self, action: Any) -> None:
        # The first half of PlayTableSimEnv.step.
        env = self._env
        env.robot.apply_action(action)
        for _ in range(env.action_repeat):
            self._pybullet.stepSimulation(physicsClientId=env.cid)

    def after_physics(self) -> None:
        self._env.scene.step()

    def state(self) -> dict[str, list[float]]:
        state = self._env.get_state_obs()
        return {name: [float(x) for x in state[name]] for name in ("robot_obs", "scene_obs")}


class DeerbenchEnv:
    """deerbench behind calvin_env's face, on CALVIN's assets or our own."""

    def __init__(self, job: dict[str, Any]) -> None:
        try:
            from deerbench.calvin import get_env
        except ImportError as error:
            raise Unavailable(f"{sys.executable} cannot import deerbench: {error}") from error
        self.array = importlib.import_module("numpy").array
        self._env = get_env(f"calvin_scene_{job['scene']}", assets=job["assets"] if job["kind"] == "deerbench" else None)

    def reset(self, job: dict[str, Any]) -> None:
        self._env.reset(robot_obs=self.array(job["robot_obs"]), scene_obs=self.array(job["scene_obs"]))

    def step(self, action: Any) -> Any:
        return self._env.step(action)[0]

    def physics(self, action: Any) -> None:
        self._env.tabletop.step(action)

    def after_physics(self) -> None:
        pass

    def state(self) -> dict[str, list[float]]:
        return {name: value.tolist() for name, value in self._env.get_state_obs().items()}


def plan(kind: str, scene: str, assets: str, steps: int) -> dict[str, Any]:
    """Where the expert starts in a scene and what it does there."""
    from deerbench import _core
    from deerbench.scenes import load_scene

    loaded = load_scene(scene, assets if kind == "deerbench" else None)
    robot_obs, scene_obs = loaded.initial_state(START)
    tabletop = _core.Tabletop(loaded)
    tabletop.reset(robot_obs, scene_obs)
    expert = _core.Expert(tabletop)
    actions: list[list[float]] = []
    while len(actions) < steps:
        before = len(actions)
        for task in TASKS:
            expert.reset(tabletop, task)
            start = tabletop.info()
            for _ in range(min(STEPS_A_TASK, steps - len(actions))):
                try:
                    actions.append(expert.step(tabletop).tolist())
                except _core.Error:
                    break
                tabletop.step(actions[-1])
                if task in _core.completed_tasks(start, tabletop.info()):
                    break
        if len(actions) == before:
            raise Unavailable(f"the expert finds nothing to do in scene {scene}")
    return {"robot_obs": robot_obs.tolist(), "scene_obs": scene_obs.tolist(), "actions": actions}


def work(answers: Any) -> None:
    """Serves one contender: a line in, a line out."""
    env: CalvinEnv | DeerbenchEnv | None = None
    job: dict[str, Any] = {}
    for line in sys.stdin:
        order = json.loads(line)
        try:
            if order["do"] == "plan":
                answer = plan(order["kind"], order["scene"], order["assets"], order["steps"])
            elif order["do"] == "make":
                job = order
                env = (CalvinEnv if job["kind"] == "pybullet" else DeerbenchEnv)(job)
                # A reset in place remembers what was before it: the same for all.
                env.reset(job)
                env.physics(env.array(job["warm_up"]))
                env.after_physics()
                env.reset(job)
                answer = {}
            else:
                assert env is not None
                cpu, wall = [], []
                for action in map(env.array, order["actions"]):
                    cpu_start, wall_start = time.process_time(), time.perf_counter()
                    if job["cameras"]:
                        env.step(action)
                    else:
                        env.physics(action)
                    cpu.append(1e3 * (time.process_time() - cpu_start))
                    wall.append(1e3 * (time.perf_counter() - wall_start))
                    if not job["cameras"]:
                        env.after_physics()
                answer = {"cpu_ms": cpu, "wall_ms": wall, "state": env.state()}
        except Unavailable as error:
            answer = {"unavailable": str(error)}
        except Exception as error:
            answer = {"unavailable": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


# ----------------------------------------------------------------------------------------------------------------------
# In the process that leads


class Worker:
    """A contender in a process of its own, of which the first word that it cannot go on is kept."""

    def __init__(self, python: str, timeout_s: float) -> None:
        self._log = tempfile.TemporaryFile()
        self._timeout_s = timeout_s
        one_thread = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
        read, write = os.pipe()
        # llvmpipe, Mesa's software renderer, draws in the calling thread with 0.
        self._process = subprocess.Popen(
            [python, __file__, "--worker", str(write)], stdin=subprocess.PIPE, stdout=self._log, stderr=self._log,
            pass_fds=[write], env={**os.environ, **one_thread, "LP_NUM_THREADS": "0"})
        os.close(write)
        self._answers = os.fdopen(read)

    def ask(self, **order: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write((json.dumps(order) + "\n").encode())
            self._process.stdin.flush()
        except BrokenPipeError:
            raise Unavailable(self._how_it_ended()) from None
        if not select.select([self._answers], [], [], self._timeout_s)[0]:
            self._process.kill()
            raise Unavailable(f"no answer in {self._timeout_s:g} s")
        line = self._answers.readline()
        if not line:
            raise Unavailable(self._how_it_ended())
        answer: dict[str, Any] = json.loads(line)
        if "unavailable" in answer:
            raise Unavailable(answer["unavailable"])
        return answer

    def log(self) -> str:
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def _how_it_ended(self) -> str:
        status = self._process.wait()
        how = f"signal {-status}" if status < 0 else f"exit status {status}"
        last = [line for line in self.log().splitlines() if line.strip()][-2:]
        return f"its process ended with {how}" + (f" after: {' | '.join(last)}" if last else "")

    def close(self) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # it has ended already
                self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()


def summarize(chunks: list[list[float]]) -> dict[str, float]:
    values = sorted(v for chunk in chunks for v in chunk)
    return {"median_ms": statistics.median(values), "p10_ms": values[len(values) // 10],
            "p90_ms": values[len(values) * 9 // 10], "mean_ms": statistics.fmean(values), "steps": len(values)}


def compare(cpu: dict[str, list[list[float]]]) -> list[dict[str, Any]]:
    """The ratios of which both sides were measured. `cpu`: by contender, the chunks' CPU times a step, ms."""
    ratios = []
    for name, above, below, sense, limit in RATIOS:
        if above not in cpu or below not in cpu:
            continue
        of_chunks = sorted(statistics.fmean(a) / statistics.fmean(b) for a, b in zip(cpu[above], cpu[below], strict=True))
        ratio = statistics.median(of_chunks)
        met = None if limit is None else (ratio <= limit if sense == "at most" else ratio >= limit)
        ratios.append({"name": name, "ratio": ratio, "least": of_chunks[0], "greatest": of_chunks[-1], "limit": limit,
                       "sense": sense, "met": met})
    return ratios


def largest_difference(a: dict[str, list[float]], b: dict[str, list[float]]) -> float:
    return max(abs(x - y) for name in a for x, y in zip(a[name], b[name], strict=True))


def print_table(report: dict[str, Any]) -> None:
    out = sys.stderr
    print(f"{'core-ms a control step, one thread':<46}{'median':>9}{'p10 to p90':>19}{'mean':>9}{'steps':>7}", file=out)
    for name, contender in CONTENDERS.items():
        if name in report["unavailable"]:
            print(f"{contender['label']:<46}  not measured: {report['unavailable'][name]}", file=out)
            continue
        t = report["timings"][name]
        spread = f"{t['p10_ms']:.3f} to {t['p90_ms']:.3f}"
        print(f"{contender['label']:<46}{t['median_ms']:>9.3f}{spread:>19}{t['mean_ms']:>9.3f}{t['steps']:>7}", file=out)
    print(file=out)
    print(f"{'ratio (median of chunks, least to greatest)':<46}{'':>9}{'':>19}{'limit':>16}", file=out)
    for r in report["ratios"]:
        spread = f"{r['least']:.4f} to {r['greatest']:.4f}"
        limit = "" if r["limit"] is None else f"{r['sense']} {r['limit']:.4f}"
        verdict = {None: "", True: "met", False: "MISSED"}[r["met"]]
        print(f"{r['name']:<46}{r['ratio']:>9.4f}{spread:>19}{limit:>17}  {verdict}", file=out)
    for name, difference in report["largest_state_difference"].items():
        print(f"after the last step, robot_obs and scene_obs of {name} differ by at most {difference:.2g}", file=out)
    if report["gl_renderer"]:
        print(f"EGL renderer: {report['gl_renderer']}", file=out)


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    workers: dict[str, Worker] = {}
    unavailable: dict[str, str] = {}
    try:
        planner = Worker(sys.executable, arguments.timeout)
        workers["planner"] = planner
        common = {"scene": arguments.scene, "assets": str(arguments.assets), "checkout": str(arguments.checkout)}
        plans = {kind: planner.ask(do="plan", kind=kind, steps=arguments.steps, **common) for kind in ("deerbench", "own")}
        plans["pybullet"] = plans["deerbench"]
        for name, contender in CONTENDERS.items():
            kind = contender["kind"]
            worker = Worker(arguments.python if kind == "pybullet" else sys.executable, arguments.timeout)
            workers[name] = worker
            start = {key: plans[kind][key] for key in ("robot_obs", "scene_obs")}
            try:
                worker.ask(do="make", kind=kind, cameras=contender["cameras"], warm_up=plans[kind]["actions"][0], **start, **common)
            except Unavailable as error:
                unavailable[name] = str(error)

        cpu: dict[str, list[list[float]]] = {}
        wall: dict[str, list[list[float]]] = {}
        states: dict[str, dict[str, list[float]]] = {}
        order = list(CONTENDERS)
        for first in range(0, arguments.steps, arguments.chunk):
            for name in order:
                if name in unavailable:
                    continue
                actions = plans[CONTENDERS[name]["kind"]]["actions"][first : first + arguments.chunk]
                try:
                    answer = workers[name].ask(do="run", actions=actions)
                except Unavailable as error:
                    unavailable[name] = str(error)
                    cpu.pop(name, None)
                    continue
                cpu.setdefault(name, []).append(answer["cpu_ms"])
                wall.setdefault(name, []).append(answer["wall_ms"])
                states[name] = answer["state"]
            order.reverse()
        egl_log = workers["pybullet_egl"].log()
    finally:
        for worker in workers.values():
            worker.close()

    # The first chunk warms up.
    cpu = {name: chunks[1:] for name, chunks in cpu.items()}
    renderer = [line.split("=", 1)[1] for line in egl_log.splitlines() if line.startswith("GL_RENDERER=")]
    # A step with cameras draws, which moves nothing: all of them end in one state.
    reference = next((n for n in ("pybullet_physics", "pybullet_tiny", "pybullet_egl") if n in cpu), None)
    return {
        "scene": arguments.scene,
        "steps": arguments.steps,
        "timings": {name: {**summarize(chunks), "wall_median_ms": summarize(wall[name][1:])["median_ms"]}
                    for name, chunks in cpu.items()},
        "ratios": compare(cpu),
        "unavailable": unavailable,
        "gl_renderer": renderer[0] if renderer else None,
        "largest_state_difference": {name: largest_difference(states[name], states[reference])
                                     for name in ("deerbench_physics", "deerbench_step") if reference and name in cpu},
    }


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path, help="a clone of calvin_env")
    parser.add_argument("--assets", type=Path, help="CALVIN's data folder (default: CHECKOUT/data)")
    parser.add_argument("--python", default=sys.executable, help="interpreter that can import what calvin_env needs")
    parser.add_argument("--scene", default="D", choices=list("ABCD"))
    parser.add_argument("--steps", type=int, default=260, help="control steps, of which the first chunk warms up")
    parser.add_argument("--chunk", type=int, default=20, help="control steps between turns")
    parser.add_argument("--timeout", type=float, default=300, help="seconds that a contender may take for one chunk")
    parser.add_argument("--json", action="store_true", help="print the figures on standard output")
    parser.add_argument("--check", action="store_true", help="exit status 1 if a limit is missed or was not measured")
    arguments = parser.parse_args(argv)
    if arguments.chunk < 1 or arguments.steps < 2 * arguments.chunk:
        parser.error(f"--steps {arguments.steps}: expected at least two chunks of {arguments.chunk}")
    arguments.checkout = arguments.checkout.resolve()
    if not (arguments.checkout / "calvin_env/envs/play_table_env.py").is_file():
        parser.error(f"{arguments.checkout} is no checkout of calvin_env: calvin_env/envs/play_table_env.py is missing")
    arguments.assets = (arguments.assets or arguments.checkout / "data").resolve()
    if not (arguments.assets / "franka_panda").is_dir():
        parser.error(f"{arguments.assets} is not CALVIN's data folder: franka_panda is missing (see --assets)")
    return arguments


def main() -> int:
    if sys.argv[1:2] == ["--worker"]:
        work(os.fdopen(int(sys.argv[2]), "w"))
        return 0
    arguments = parse(sys.argv[1:])
    try:
        report = measure(arguments)
    except Unavailable as error:
        print(f"compare_calvin_env: {error}", file=sys.stderr)
        return 2
    print_table(report)
    if arguments.json:
        print(json.dumps(report, indent=1))
    limits = sum(limit is not None for *_, limit in RATIOS)
    return int(arguments.check and sum(r["met"] is True for r in report["ratios"]) < limits)


if __name__ == "__main__":
    sys.exit(main())
