"""The command: ``python -m deerbench.tune --help``."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path

from deerbench._core import Error
from deerbench.tune.search import Trial, tune_thresholds


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deerbench.tune",
        description="Searches for an agent's exit thresholds by evaluating them on tuning chains, within a budget.",
    )
    parser.add_argument("--checkpoint", required=True,
                        help="folder or name of the agent's weights, with calibration.json")
    parser.add_argument("--budget-llm-gmacs", type=float, required=True, metavar="G",
                        help="GMACs of the language model per step, on average")
    parser.add_argument("--budget-peak-gmacs", type=float, metavar="G",
                        help="GMACs of the language model that no step exceeds")
    parser.add_argument("--trials", type=int, default=40, metavar="N",
                        help="how many sets of thresholds to try (default 40)")
    parser.add_argument("--chains", type=int, default=50, metavar="N", help="tuning chains of a trial (default 50)")
    parser.add_argument("--split", help="scenes trained in -> scene to tune in (default: the checkpoint's own -> D)")
    parser.add_argument("--seed", type=int, default=0, help="of the search and the evaluations (default 0)")
    parser.add_argument("--workers", type=int, help="worker processes of a trial (default: one a core)")
    parser.add_argument("--resume", action="store_true", help="go on with what --out holds")
    parser.add_argument("--program", type=Path, help="the deerbench program (default: that of this environment)")
    parser.add_argument("--json", action="store_true", help="print all trials on standard output")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the search, new or empty")
    return parser


def _print_trial(trial: Trial, best: Trial | None) -> None:
    thresholds = " ".join("never" if t < -1e7 else f"{t:.4g}" for t in trial.thresholds)
    mark = "  best within the budget" if trial is best else ""
    print(f"trial {trial.number:3}  average length {trial.avg_len:.3f}  {1e3 * trial.llm_gmacs:.3f} LLM MMACs a step  "
          f"thresholds {thresholds}{mark}", file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Exit codes: 0 done, 1 no trial within the budget, 2 bad usage or input, 3 interrupted (resumable)."""
    args = _parser().parse_args(arguments)
    settings = {key: value for key, value in vars(args).items() if key != "json"}
    try:
        result = tune_thresholds(settings.pop("checkpoint"), settings.pop("budget_llm_gmacs"), settings.pop("out"),
                                 on_trial=_print_trial, **settings)
    except Error as error:
        print(f"deerbench: error: {' '.join(str(error).splitlines())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"deerbench: interrupted; the same command with --resume goes on with {args.out}", file=sys.stderr)
        return 3
    if args.json:
        best = None if result.best is None else result.best.number
        print(json.dumps({"best": best, "trials": [dataclasses.asdict(trial) for trial in result.trials]}))
    if result.thresholds is None:
        least = min(result.trials, key=lambda trial: trial.llm_gmacs)
        print(f"no trial within {args.budget_llm_gmacs:g} LLM GMACs a step; the cheapest, trial {least.number}, took "
              f"{least.llm_gmacs:.4g}: more trials or a larger budget", file=sys.stderr)
        return 1
    print(f"thresholds  {result.thresholds}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
