"""The search: a Gaussian process over the exits' levels, which maximises the average length within a budget of MACs."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deerbench._core import Error
from deerbench.agent import load_policy
from deerbench.atomic_file import write_text_atomically
from deerbench.scenes import scenes_dir
from deerbench.tune.levels import Levels
from deerbench.tune.trial_run import evaluate_plan, find_program, plan_text

_STUDY = "deerbench.tune/1"
_RANDOM_TRIALS = 8  # before the Gaussian process has enough to go by, the offline solutions among them
_CAUTION = 0.85  # of the budget, for the second offline solution: the first one may come out above it
_ALWAYS = 1e8


@dataclass(frozen=True)
class Trial:
    """One set of thresholds that was tried."""

    number: int
    thresholds: tuple[float, ...]  #: of the exits before the last
    avg_len: float
    llm_gmacs: float  #: mean a step
    shares: tuple[float, ...]  #: of the steps that left at each exit
    steps: int


@dataclass(frozen=True)
class TuneResult:
    """What a search came to."""

    trials: tuple[Trial, ...]
    best: Trial | None  #: within the budget; None if no trial was
    thresholds: Path | None  #: the best one's file, for `eval --thresholds`


def tune_thresholds(
    checkpoint: str | os.PathLike[str],
    budget_llm_gmacs: float,
    out: str | os.PathLike[str],
    *,
    trials: int = 40,
    budget_peak_gmacs: float | None = None,
    split: str | None = None,
    chains: int = 50,
    seed: int = 0,
    workers: int | None = None,
    resume: bool = False,
    program: str | os.PathLike[str] | None = None,
    on_trial: Callable[[Trial, Trial | None], None] = lambda trial, best: None,
) -> TuneResult:
    """Searches for the thresholds with which an agent gets furthest within a budget.

    The first trials are what `calibrate` solves from recorded differences: the checkpoint needs its calibration.json.
    A search that was interrupted and resumed tries what an uninterrupted one does.

    Args:
        checkpoint: a shipped name or a folder
        budget_llm_gmacs: GMACs of the language model per step, on average over the tuning chains
        out: folder of the search: its journal, a run folder for each trial, thresholds.json of the best one so far
        trials: how many, those before an interruption among them
        budget_peak_gmacs: GMACs of the language model that no step exceeds
        split: training scenes and the scene to tune in; by default the checkpoint's own scenes and D
        chains: tuning chains of a trial
        seed: of the search and the evaluations
        workers: worker processes of a trial; by default one a core
        resume: go on with what ``out`` holds
        program: the deerbench program; by default that of this environment
        on_trial: called after each trial with it and the best one so far

    Raises:
        Error: a setting that cannot be met, in one line; or what an evaluation said.
        KeyboardInterrupt: all that is done is kept, also of the trial that was under way.
    """
    optuna = _import_optuna()
    out = Path(out)
    if trials < 1:
        raise Error(f"trials: {trials}, expected at least 1")
    offline = load_policy(checkpoint, budget_gmacs=budget_llm_gmacs, budget_peak_gmacs=budget_peak_gmacs)
    folder = Path(offline.settings["checkpoint"])
    exits, solved = _read_plan(offline.settings["exit_plan"])
    if len(exits) < 2:
        raise Error(f"budget_peak_gmacs: {budget_peak_gmacs}, expected room for two exits: there is nothing to tune")
    levels = Levels(folder / "calibration.json", exits[:-1])
    evaluation = {
        "split": split or f"{''.join(offline.train_scenes)}->D",
        "checkpoint": str(folder),
        "chains": str(chains),
        "seed": str(seed),
        "backend": offline.settings["backend"],
    }
    identity = {
        **evaluation,
        "checkpoint": offline.checkpoint_sha256,
        "budget_llm_gmacs": f"{budget_llm_gmacs:.9g}",
        "exits": ",".join(map(str, exits)),
    }
    settings = {**evaluation, "scenes": str(scenes_dir()), **({"workers": str(workers)} if workers else {})}
    first = [[levels.level(i, threshold) for i, threshold in enumerate(solved)]]
    first += _cautious(checkpoint, _CAUTION * budget_llm_gmacs, budget_peak_gmacs, exits, levels)
    study = _open_study(optuna, out, resume, identity)
    runner = Path(program) if program else find_program()

    done = [_from_study(t) for t in study.get_trials(states=(optuna.trial.TrialState.COMPLETE,))]
    best = _best(done, budget_llm_gmacs)
    if best is not None:  # a process that was killed may have told a trial without writing its thresholds
        _write_thresholds(out / "thresholds.json", best, exits, offline, evaluation)
    for number in range(len(done), trials):
        if number < len(first) and not study.get_trials(states=(optuna.trial.TrialState.WAITING,)):
            study.enqueue_trial({f"exit_{layer}": level for layer, level in zip(exits, first[number])})
        # Anew for each trial, so that the sequence depends on what is done alone and not on interruptions.
        study.sampler = _sampler(optuna, seed * 1_000_003 + number)
        asked = study.ask({f"exit_{layer}": optuna.distributions.FloatDistribution(0, 1) for layer in exits[:-1]})
        thresholds = [levels.threshold(i, asked.params[f"exit_{layer}"]) for i, layer in enumerate(exits[:-1])]
        try:
            summary = evaluate_plan(runner, settings, plan_text(exits, thresholds), out / "trials" / f"{number:04}")
        except BaseException:
            study.tell(asked, state=optuna.trial.TrialState.FAIL)
            raise
        trial = _read_summary(number, thresholds, exits, summary)
        asked.set_user_attr("trial", vars(trial))
        asked.set_user_attr("excess", trial.llm_gmacs / budget_llm_gmacs - 1)
        study.tell(asked, trial.avg_len)
        done.append(trial)
        best = _best(done, budget_llm_gmacs)
        if best is trial:
            _write_thresholds(out / "thresholds.json", best, exits, offline, evaluation)
        on_trial(trial, best)
    return TuneResult(tuple(done), best, out / "thresholds.json" if best else None)


def _import_optuna() -> Any:
    try:
        import optuna
        import scipy  # noqa: F401  what optuna's Gaussian process asks for only when it is used
    except ModuleNotFoundError as error:
        raise Error(f"tune: needs {error.name}, expected optuna and scipy, which scripts/setup installs") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _sampler(optuna: Any, seed: int) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        warnings.simplefilter("ignore", FutureWarning)  # constraints_func: deprecated in 5, the only way in 4
        return optuna.samplers.GPSampler(
            seed=seed % 2**32, n_startup_trials=_RANDOM_TRIALS, constraints_func=lambda t: [t.user_attrs["excess"]]
        )


def _open_study(optuna: Any, out: Path, resume: bool, identity: Mapping[str, str]) -> Any:
    journal = out / "journal.log"
    if journal.exists() and not resume:
        raise Error(f"out: '{out}' holds a search, expected resume to go on with it, or another folder")
    if not journal.exists() and out.exists() and any(out.iterdir()):
        raise Error(f"out: '{out}' holds something else, expected a new or empty folder")
    out.mkdir(parents=True, exist_ok=True)
    backend = optuna.storages.journal.JournalFileBackend(str(journal))
    study = optuna.create_study(
        storage=optuna.storages.JournalStorage(backend), study_name=_STUDY, direction="maximize", load_if_exists=True
    )
    before = study.user_attrs.get("settings", identity)
    for key, value in identity.items():
        if before.get(key) != value:
            raise Error(f"{key}: '{value}', expected '{before.get(key)}' as the search in '{out}' began")
    study.set_user_attr("settings", dict(identity))
    for left in study.get_trials(states=(optuna.trial.TrialState.RUNNING,)):  # of a process that was killed
        study.tell(left.number, state=optuna.trial.TrialState.FAIL)
    return study


def _cautious(
    checkpoint: str | os.PathLike[str], gmacs: float, peak: float | None, exits: list[int], levels: Levels
) -> list[list[float]]:
    """The offline solution of a smaller budget, if there is one."""
    try:
        plan = load_policy(checkpoint, budget_gmacs=gmacs, budget_peak_gmacs=peak).settings["exit_plan"]
    except Error:  # below the first exit
        return []
    found, thresholds = _read_plan(plan)
    return [[levels.level(i, threshold) for i, threshold in enumerate(thresholds)]] if found == exits else []


def _read_plan(plan: str) -> tuple[list[int], list[float]]:
    """Layers, and the thresholds of all but the last."""
    parts = [part.partition(":") for part in plan.split(",")]
    return [int(layer) for layer, _, _ in parts], [float(text) for _, _, text in parts[:-1]]


def _read_summary(number: int, thresholds: list[float], exits: list[int], summary: Mapping[str, Any]) -> Trial:
    histogram = {int(layer): count for layer, count in summary["exit_histogram"].items()}
    return Trial(
        number=number,
        thresholds=tuple(thresholds),
        avg_len=summary["avg_len"],
        llm_gmacs=summary["llm_gmacs_per_step"]["mean"],
        shares=tuple(histogram.get(layer, 0) / summary["steps"] for layer in exits),
        steps=summary["steps"],
    )


def _from_study(trial: Any) -> Trial:
    stored = trial.user_attrs["trial"]
    return Trial(**{**stored, "thresholds": tuple(stored["thresholds"]), "shares": tuple(stored["shares"])})


def _best(trials: list[Trial], budget: float) -> Trial | None:
    """The furthest within the budget, the cheapest of those, the first of those."""
    within = [trial for trial in trials if trial.llm_gmacs <= budget * (1 + 1e-9)]
    return min(within, key=lambda trial: (-trial.avg_len, trial.llm_gmacs, trial.number), default=None)


def _write_thresholds(path: Path, best: Trial, exits: list[int], agent: Any, evaluation: Mapping[str, str]) -> None:
    """As `calibrate` writes them (schema deerbench.thresholds/1)."""
    content = {
        "schema": "deerbench.thresholds/1",
        "checkpoint": agent.name,
        "checkpoint_sha256": agent.checkpoint_sha256,
        "source": f"trial {best.number} on {evaluation['chains']} tuning chains, {evaluation['split']}, "
        f"average length {best.avg_len:.3f}",
        "samples": best.steps,
        "distribution": "online",
        "ratio": 0.0,
        "exit_layers": exits,
        "thresholds": [*best.thresholds, _ALWAYS],
        "expected": {"shares": list(best.shares), "llm_gmacs_per_step": best.llm_gmacs},
    }
    write_text_atomically(path, json.dumps(content, indent=2) + "\n")
