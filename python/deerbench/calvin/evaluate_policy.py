"""CALVIN's evaluation loop, for models and environments with CALVIN's interface.

``deerbench.evaluate`` judges the same chains faster, restarts, and keeps a record; this is for scripts that bring a
``CalvinBaseModel``.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from deerbench._core import Error
from deerbench.atomic_file import write_text_atomically
from deerbench.calvin.env import PlayTableEnv
from deerbench.calvin.sequences import get_env_state_for_initial_condition, get_sequences, validation_annotations
from deerbench.calvin.tasks import Tasks

EP_LEN = 360
NUM_SEQUENCES = 1000


class CalvinModel(Protocol):
    """The interface of ``CalvinBaseModel``."""

    def reset(self) -> None: ...

    def step(self, obs: dict[str, Any], goal: str) -> Any: ...


def evaluate_policy(
    model: CalvinModel,
    env: PlayTableEnv,
    epoch: int | str = 0,
    eval_log_dir: str | os.PathLike[str] | None = None,
    debug: bool = False,
    num_sequences: int = NUM_SEQUENCES,
) -> list[int]:
    """Runs CALVIN's long-horizon evaluation.

    Args:
        model: a ``CalvinBaseModel``
        env: of ``get_env``, wrapped as the model needs it
        epoch: key of the results in ``results.json``
        eval_log_dir: folder for ``results.json``; None: none is written
        debug: print each sequence and how it went
        num_sequences: how many of CALVIN's 1000 sequences

    Returns:
        Instructions done in a row, 0 to 5, of each sequence.

    Raises:
        Error: results that could not be written, before the first sequence.
    """
    folder = None if eval_log_dir is None else Path(eval_log_dir)
    earlier = {} if folder is None else _prepare(folder)
    task_oracle, val_annotations = Tasks(), validation_annotations()
    sequences = get_sequences(NUM_SEQUENCES)[:num_sequences]
    results = [
        evaluate_sequence(env, model, task_oracle, state, sequence, val_annotations, debug)
        for state, sequence in sequences
    ]
    if folder is not None:
        _save(results, [sequence for _, sequence in sequences], folder, str(epoch), earlier)
    return results


def evaluate_sequence(
    env: PlayTableEnv,
    model: CalvinModel,
    task_checker: Tasks,
    initial_state: Mapping[str, Any],
    eval_sequence: Sequence[str],
    val_annotations: Mapping[str, Sequence[str]],
    debug: bool = False,
) -> int:
    """Subtasks done in a row, beginning with ``initial_state``."""
    robot_obs, scene_obs = get_env_state_for_initial_condition(initial_state)
    env.reset(robot_obs=robot_obs, scene_obs=scene_obs)
    done = 0
    for subtask in eval_sequence:
        success = rollout(env, model, task_checker, subtask, val_annotations)
        if debug:
            print(f"{subtask}: {'success' if success else 'fail'}")
        if not success:
            break
        done += 1
    return done


def rollout(
    env: PlayTableEnv,
    model: CalvinModel,
    task_oracle: Tasks,
    subtask: str,
    val_annotations: Mapping[str, Sequence[str]],
) -> bool:
    """Lets the model work on one subtask for at most 360 steps; True if it is done."""
    obs = env.get_obs()
    lang_annotation = val_annotations[subtask][0]
    model.reset()
    start_info = env.get_info()
    for _ in range(EP_LEN):
        obs, _, _, current_info = env.step(model.step(obs, lang_annotation))
        if task_oracle.get_task_info_for_set(start_info, current_info, {subtask}):
            return True
    return False


def count_success(results: Sequence[int]) -> list[float]:
    """Fractions of sequences with at least 1, 2, ... 5 subtasks done."""
    return [sum(result >= i for result in results) / len(results) for i in range(1, 6)]


def _prepare(folder: Path) -> dict[str, Any]:
    """Makes the folder; returns what its ``results.json`` holds."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Error(f"eval_log_dir: '{folder}' cannot be made: {error.strerror}") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Error(f"eval_log_dir: '{folder}' is not writable, expected a folder that is")
    return _read_results(folder / "results.json")


def _read_results(path: Path) -> dict[str, Any]:
    """By epoch; empty if there are none."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Error(f"{path}: cannot be read: {error}") from None
    if not isinstance(data, dict):
        raise Error(f"{path}: is a {type(data).__name__}, expected results by epoch")
    return data


def _save(
    results: Sequence[int], sequences: Sequence[Sequence[str]], folder: Path, epoch: str, earlier: dict[str, Any]
) -> None:
    total, success = Counter[str](), Counter[str]()
    for result, sequence in zip(results, sequences):
        total.update(sequence[: result + 1])
        success.update(sequence[:result])
    path = folder / "results.json"
    try:
        data = _read_results(path)  # others may have added their epochs
    except Error:
        data = earlier
    data[epoch] = {
        "avg_seq_len": sum(results) / len(results),
        "chain_sr": {str(i): rate for i, rate in enumerate(count_success(results), 1)},
        "task_info": {task: {"success": success[task], "total": total[task]} for task in total},
    }
    write_text_atomically(path, json.dumps(data, indent=2) + "\n")
