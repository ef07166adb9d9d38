#!/usr/bin/env python3
"""Prints a Markdown table of runs, one line each, from their summaries; with --tasks a line a task and a column a run.

    scripts/summary_table.py [--tasks] NAME=RUN ...        RUN: a run folder or a summary.json; NAME: what it is called
"""
import json
import sys
from pathlib import Path

COLUMNS = ("", "chains", "1", "2", "3", "4", "5", "average length", "95 %", "layers", "LLM", "total", "latency", "weights")


def cells(name, summary):
    low, high = summary["avg_len_ci95"]
    acts = summary["total_gmacs_per_step"]["mean"] > 0
    dash = "–"
    return (
        name,
        str(summary["chains"]),
        *(f"{100 * rate:.0f} %" for rate in summary["success_rate_at"]),
        f"{summary['avg_len']:.2f}",
        f"{low:.2f} to {high:.2f}",
        f"{summary['layers_per_step']:.1f}" if acts else dash,
        f"{1e3 * summary['llm_gmacs_per_step']['mean']:.2f} MMAC" if acts else dash,
        f"{1e3 * summary['total_gmacs_per_step']['mean']:.1f} MMAC" if acts else dash,
        f"{summary['latency_ms']['policy']['p50']:.2f} ms" if acts else dash,
        f"{summary['memory_mib']['all_weights']:.1f} MiB" if acts else dash,
    )


def by_task(runs):
    """Successes of attempts. `runs`: {name: summary}."""
    tasks = dict.fromkeys(task for summary in runs.values() for task in summary["per_task"])
    rows = [("", *runs)]
    for task in tasks:
        counts = [summary["per_task"].get(task) for summary in runs.values()]
        rows.append((task, *(f"{count['successes']}/{count['attempts']}" if count and count["attempts"] else "–"
                             for count in counts)))
    return rows


def main(arguments):
    tasks = arguments[:1] == ["--tasks"]
    arguments = arguments[tasks:]
    if not arguments or any("=" not in argument for argument in arguments):
        sys.exit(__doc__.strip().splitlines()[2].strip())
    rows, runs = [COLUMNS], {}
    for argument in arguments:
        name, _, path = argument.partition("=")
        file = Path(path) / "summary.json" if Path(path).is_dir() else Path(path)
        try:
            runs[name] = json.loads(file.read_text())
            rows.append(cells(name, runs[name]))
        except (OSError, KeyError, ValueError) as error:
            sys.exit(f"{file}: {type(error).__name__} {error}, expected the summary of a finished run")
    if tasks:
        rows = by_task(runs)
    rows.insert(1, ("---",) * len(rows[0]))
    for row in rows:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main(sys.argv[1:])
