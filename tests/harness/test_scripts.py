"""Scripts beside the program."""
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BASELINE = ROOT / "tests" / "baseline" / "expert-d"


def run(script, *args):
    return subprocess.run([sys.executable, ROOT / "scripts" / script, *map(str, args)], capture_output=True, text=True,
                          timeout=60)


def test_a_table_has_a_line_a_task_and_a_column_a_run():
    result = run("summary_table.py", "--tasks", f"one={BASELINE}", f"two={BASELINE}")
    assert result.returncode == 0, result.stderr
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in result.stdout.splitlines()]
    per_task = json.loads((BASELINE / "summary.json").read_text())["per_task"]
    assert lines[0] == ["", "one", "two"] and len(lines) == 2 + len(per_task)
    for task, one, two in lines[2:]:
        count = per_task[task]
        assert one == two == (f"{count['successes']}/{count['attempts']}" if count["attempts"] else "–")


def test_a_replay_in_calvin_env_says_what_is_missing(tmp_path):
    result = run("replay_in_calvin_env.py", tmp_path / "nowhere")
    assert result.returncode == 2 and result.stdout == ""
    line = result.stderr.strip()
    assert "\n" not in line and ("nowhere" in line or line.startswith("replay_in_calvin_env.py: missing: ")), line


def test_the_bench_on_a_gpu_says_what_is_missing(tmp_path):
    result = run("bench_cuda.py", "--official", tmp_path, "--precision", "int8")
    assert result.returncode == 2 and result.stdout == ""
    line = result.stderr.strip()
    assert "\n" not in line and line.startswith(("bench_cuda: cannot import", "bench_cuda: precision: 'int8', expected")), line
