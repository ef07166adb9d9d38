"""Thresholds by trying them: Bayesian optimisation on tuning chains (DeeR's online solution, arXiv 2411.02359).

    python -m deerbench.tune --checkpoint nano-d --budget-llm-gmacs 0.004 --trials 40 --out tuned
    deerbench eval --split "D->D" --policy deer --thresholds tuned/thresholds.json --out runs/tuned

`calibrate` solves thresholds from recorded steps alone; here every trial is an evaluation, on chains that are never
evaluated. Needs Optuna and SciPy (the extra `tune`), which scripts/setup installs.
"""

from __future__ import annotations

from deerbench.tune.search import Trial, TuneResult, tune_thresholds

__all__ = ["Trial", "TuneResult", "tune_thresholds"]
