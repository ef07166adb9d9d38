"""One trial: an evaluation on tuning chains, by the program, with an exit plan."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deerbench._core import Error

_INTERRUPTED = 3


def find_program() -> Path:
    """The program of the environment that this Python is of, else that of the search path."""
    beside = Path(sys.executable).with_name("deerbench")
    found = str(beside) if beside.is_file() else shutil.which("deerbench")
    if found is None:
        raise Error(f"program: no deerbench beside {sys.executable} nor on the search path")
    return Path(found)


def plan_text(exit_layers: Sequence[int], thresholds: Sequence[float]) -> str:
    """``exit_plan`` of an agent: every exit but the last with its threshold."""
    parts = [f"{layer}:{threshold:.9g}" for layer, threshold in zip(exit_layers, thresholds)]
    return ",".join([*parts, str(exit_layers[-1])])


def evaluate_plan(program: Path, settings: dict[str, str], plan: str, folder: Path) -> dict[str, Any]:
    """The summary of evaluating ``plan`` into ``folder``; goes on with what an interrupted trial left there.

    Raises:
        KeyboardInterrupt: also when the program says that it was interrupted
        Error: what the program said
    """
    command = [str(program), "eval", "--policy", "deer", "--chain-set", "tuning", "--exit-plan", plan]
    command += ["--out", str(folder)]
    for key, value in settings.items():
        command += [f"--{key.replace('_', '-')}", value]
    if (folder / "config.yaml").is_file():
        command.append("--resume")
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said)
        try:
            status = process.wait()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)  # chains that are done are kept
            process.wait()
            raise
        said.seek(0)
        lines = said.read().strip().splitlines()
    if status == _INTERRUPTED:
        raise KeyboardInterrupt
    if status != 0:
        raise Error(f"{folder.name}: {lines[-1].removeprefix('deerbench: error: ') if lines else f'status {status}'}")
    return json.loads((folder / "summary.json").read_text(encoding="utf-8"))
