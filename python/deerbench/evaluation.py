"""Judging policies on chains of instructions: the harness of ``deerbench eval``, in this process."""

from __future__ import annotations

import html
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

from deerbench import _core, chain_sets
from deerbench.agent import AgentPolicy, installation
from deerbench.policy import Policy
from deerbench.scenes import scenes_dir


#: One control step as the run folder keeps it.
STEP = np.dtype(
    [
        ("action", "<f8", 7),
        ("exit_layer", "<i4"),  # -1: the policy has no exits
        ("layers_run", "<i4"),
        ("llm_macs", "<u8"),
        ("total_macs", "<u8"),
        ("llm_ms", "<f4"),
        ("policy_ms", "<f4"),  # observation in to action out
        ("env_ms", "<f4"),
        ("subtask", "<u4"),  # place in the chain, from 0
    ]
)


class EvaluationResult:
    """What an evaluation came to, and the run folder that has every chain of it.

    Attributes:
        summary: ``summary.json`` (schema ``deerbench.summary/1``)
        folder: the run folder; a temporary one, which lives as long as this object, unless ``out`` was given
    """

    def __init__(
        self, summary: dict[str, Any], folder: Path, temporary: tempfile.TemporaryDirectory[str] | None = None
    ) -> None:
        self.summary = summary
        self.folder = folder
        self._temporary = temporary

    @property
    def avg_len(self) -> float:
        """Instructions done in a row, averaged over chains: 0 to 5."""
        return float(self.summary["avg_len"])

    @property
    def digest(self) -> str:
        """SHA-256 over every action and outcome: equal for equal runs, on any number of workers."""
        return str(self.summary["digest"])

    @property
    def report(self) -> Path:
        """The HTML report, one file without references."""
        return self.folder / "report.html"

    def episodes(self) -> Iterator[dict[str, Any]]:
        """The chains one by one, as ``episodes.jsonl`` has them."""
        with open(self.folder / "episodes.jsonl", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)

    def steps(self, index: int) -> np.ndarray:
        """Every control step of chain ``index``: a row each, with the fields of ``STEP``."""
        data = (self.folder / "steps" / f"chain_{index:05}.bin").read_bytes()
        count = int.from_bytes(data[12:16], "little")
        return np.frombuffer(data, STEP, count, 24).copy()

    def __repr__(self) -> str:
        s = self.summary
        low, high = s["avg_len_ci95"]
        rates = "  ".join(f"{i}: {100 * rate:.1f} %" for i, rate in enumerate(s["success_rate_at"], 1))
        return (
            f"EvaluationResult: {s['policy']} on {s['split']}, {s['chains']} chains\n"
            f"  average length  {s['avg_len']:.2f}  (95 %: {low:.2f} to {high:.2f})\n"
            f"  in a row        {rates}\n"
            f"  report          {self.report}"
        )

    def _repr_html_(self) -> str:
        s = self.summary
        low, high = s["avg_len_ci95"]
        head = "".join(f"<th>{i} in a row</th>" for i in range(1, 6))
        rates = "".join(f"<td>{100 * rate:.1f} %</td>" for rate in s["success_rate_at"])
        tasks = "".join(
            f"<tr><td>{html.escape(name)}</td><td>{task['successes']} of {task['attempts']}</td>"
            f"<td>{100 * task['rate']:.0f} %</td></tr>"
            for name, task in s["per_task"].items()
        )
        return (
            f"<p><b>{html.escape(s['policy'])}</b> on {html.escape(s['split'])}, {s['chains']} chains: average length "
            f"<b>{s['avg_len']:.2f}</b> (95 %: {low:.2f} to {high:.2f})</p>"
            f"<table><tr>{head}</tr><tr>{rates}</tr></table>"
            f"<details><summary>by task</summary><table><tr><th>task</th><th>done</th><th>rate</th></tr>{tasks}</table>"
            f"</details><p>{html.escape(str(self.report))}</p>"
        )


def evaluate(
    policy: Policy | str,
    split: str = "D->D",
    chains: int = 100,
    out: str | os.PathLike[str] | None = None,
    seed: int = 0,
    *,
    resume: bool = False,
    chain_set: Literal["evaluation", "tuning"] = "evaluation",
    assets: str | os.PathLike[str] | None = None,
    depth: bool = False,
    video: int = 0,
    name: str | None = None,
    progress: bool | None = None,
    **options: Any,
) -> EvaluationResult:
    """Evaluates a policy on the first ``chains`` chains of a set, as ``deerbench eval`` does, in this process.

    Args:
        policy: an object with ``reset()`` and ``step(obs, instruction)`` (``deerbench.policy.Policy``), or the name of
            a policy of the program: "deer", "expert" or "random"; an agent of ``load_policy`` gives the same result
            as "deer" with its settings
        split: scenes trained in, and the scene that it is judged in, such as "ABC->D"
        chains: how many chains
        out: run folder, new or empty; None: a temporary one
        seed: of everything that is random
        resume: go on with what ``out`` holds
        chain_set: "evaluation" (CALVIN's 1000) or "tuning"
        assets: CALVIN's ``data`` folder, for CALVIN's own scenes instead of ours
        depth: the policy observes depth, too
        video: film the first so many chains for the report
        name: what the summary calls the policy; by default its class's name
        progress: print a line of progress on standard error; by default if that is a terminal
        options: a named policy's own settings, such as ``expert_noise=0.5``

    Returns:
        The result. What the policy raises is raised; chains finished by then, or when Ctrl-C came, are kept in ``out``
        and ``resume=True`` goes on after them.

    Raises:
        Error: a bad setting (before anything is written), or an action or a cost that is none, named with its element.
    """
    workers = options.pop("workers", None)
    if workers is not None and str(workers) != "1":
        raise _core.Error(f"workers: {workers!r}, expected 1: this process runs all chains")
    agent = policy if isinstance(policy, AgentPolicy) else None
    named = "deer" if agent else policy if isinstance(policy, str) else None
    if agent and options:
        raise _core.Error(f"{next(iter(options))}: expected in load_policy, not here")
    settings = {key: str(value) for key, value in options.items() if value is not None}
    if agent:
        settings |= agent.settings
    settings |= {
        "split": split,
        "policy": named if named is not None else name or type(policy).__name__,
        "chains": str(chains),
        "seed": str(seed),
        "chain_set": chain_set,
        "depth": "true" if depth else "false",
        "video": str(video),
        "scenes": str(scenes_dir()),
    }
    if assets is not None:
        settings["assets"] = str(Path(assets).resolve())
    chain_list = chain_sets.chains(chains, chain_set)
    if named is not None and name is not None:
        raise _core.Error(f"name: '{name}', expected none for a policy that has one ('{named}')")
    if resume and out is None:
        raise _core.Error("resume: needs out, the run folder to go on with")

    temporary = None
    if out is None:
        temporary = tempfile.TemporaryDirectory(prefix="deerbench-")
        out = Path(temporary.name) / "run"
    folder = Path(out)
    show = sys.stderr.isatty() if progress is None else progress
    summary = _core.evaluate(
        settings,
        chain_list,
        agent._core if agent else None if named is not None else policy,
        out=str(folder),
        resume=resume,
        on_chain=_print_progress if show else _ignore,
        **installation(),
    )
    return EvaluationResult(json.loads(summary), folder.resolve(), temporary)


def _print_progress(done: int, chains: int, average_length: float) -> None:
    end = "\n" if done == chains else ""
    print(f"\r{done}/{chains} chains, average length {average_length:.2f}", end=end, file=sys.stderr, flush=True)


def _ignore(done: int, chains: int, average_length: float) -> None:
    pass
