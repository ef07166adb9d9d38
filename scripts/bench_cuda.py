#!/usr/bin/env python3
"""Times the agent on a GPU beside the official DeeR-VLA modules in PyTorch eager, exit by exit, in one run.

    scripts/bench_cuda.py --official DeeR-VLA --mpt mpt-1b-redpajama-200b-dolly

--official and --mpt as in scripts/compare_official.py, which times the same modules on a CPU. Both run the same
random weights of 3B size (12 layers take 6.4 GB of disk) on the first GPU at batch 1.
A row is the whole step that leaves at that exit, every exit below it weighed, by the host's clock, median and 95th
percentile. Ours is `deerbench bench agent --backend cuda`: bytes of pictures in, action out. The official walk waits
for the GPU where the official code looks at the poses' difference, once an exit, and asks the head once more for the
action; its preprocessing and tokenizer are left out, in its favour. "weights" is the time in which the GPU copies
as many bytes within its memory as such a step of ours reads of weights.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from official_deer import OfficialModel
from official_sources import missing_imports, official_sources

TOKENS = 13
WARM_UP = 5


def official_walks(model: OfficialModel, tokens: int, steps: int) -> dict[int, list[float]]:
    """ms of each whole step, by the exit that it leaves at."""
    torch = model.torch
    size = model.config["vision"]["image_size"]
    pictures = [torch.randn(1, 3, size, size).to(model.device, model.dtype) for _ in range(2)]
    ids = torch.arange(tokens)[None] % model.config["language"]["vocab_size"]
    ids[0, 0] = model.config["language"]["media_token"]
    ids = ids.to(model.device)
    times = {exit: [] for exit in model.exits}
    for _ in range(steps + WARM_UP):
        passed = {}
        start = time.perf_counter()
        media = torch.cat([model.resample(model.see(picture)) for picture in pictures], dim=2)
        model.condition(media, ids)
        x, bias, before = torch.nn.functional.embedding(ids, model.wte), model.bias(tokens), None
        for i, layer in enumerate(model.layers):
            if i == model.exits[0]:
                before = model.head(x, update_hidden_state=False)[0]
            x, _ = layer(x, past_key_value=None, attn_bias=bias, attention_mask=None, is_causal=True)
            if i in times:
                pose = model.head(x, update_hidden_state=False)[0]
                (pose - before).square().mean().sqrt().item()  # the host waits
                before, passed[i] = pose, time.perf_counter() - start
        taken = time.perf_counter()
        model.head(x, update_hidden_state=True)[0].sum().item()
        action = time.perf_counter() - taken
        model.head.history_memory.clear()  # the official list grows for ever
        for exit, seconds in passed.items():
            times[exit].append(1e3 * (seconds + action))
    return {exit: values[WARM_UP:] for exit, values in times.items()}


def run_ours(args, folder: Path, precision: str) -> dict:
    done = subprocess.run(
        [str(args.deerbench), "bench", "agent", "--backend", "cuda", "--checkpoint", str(folder), "--exit", "last",
         "--text-tokens", str(TOKENS), "--steps", str(args.steps + WARM_UP), "--precision", precision, "--json"],
        capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"bench_cuda: {args.deerbench}: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout)


def print_table(precision: str, ours: dict, eager: dict[int, list[float]]) -> None:
    print(f"\n{precision}: {ours['machine']['gpu']}, a copy within its memory reads and writes {ours['copy_gb_s']:.0f} GB/s\n")
    print("| exit at layer | ours p50, ms | p95 | weights, ms | PyTorch p50, ms | p95 | times as fast |")
    print("|--:|--:|--:|--:|--:|--:|--:|")
    for exit, values in eager.items():
        p50, p95 = statistics.median(values), statistics.quantiles(values, n=20)[18]
        mine = {key: ours[f"{key}_ms_to_layer_{exit}"] for key in ("p50", "p95", "read")}
        print(f"| {exit} | {mine['p50']:.3f} | {mine['p95']:.3f} | {mine['read']:.3f} | {p50:.3f} | {p95:.3f} | "
              f"{p50 / mine['p50']:.2f} |", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--official", type=Path, required=True, help="checkout of DeeR-VLA")
    parser.add_argument("--mpt", type=Path, help="folder with MPT-1B's attention.py and gpt_blocks.py")
    parser.add_argument("--deerbench", type=Path, default=shutil.which("deerbench") or Path(sys.executable).with_name("deerbench"),
                        help="the program (default: that of the search path)")
    parser.add_argument("--layers", type=int, default=12, help="of the 3B size (default 12)")
    parser.add_argument("--steps", type=int, default=100, help="timed steps (default 100)")
    parser.add_argument("--precision", default="fp32,bf16", help="fp32, bf16, fp16 or several (default fp32,bf16)")
    parser.add_argument("--folder", type=Path, help="where the weights go (default: the system's for such)")
    args = parser.parse_args()
    missing = missing_imports()
    if missing:
        print(f"bench_cuda: cannot import {', '.join(missing)}, which the official code needs: "
              f"pip install torch numpy einops einops-exts open_clip_torch", file=sys.stderr)
        return 2
    import torch

    types = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
    precisions = args.precision.split(",")
    if not set(precisions) <= set(types):
        print(f"bench_cuda: precision: '{args.precision}', expected some of {', '.join(types)}", file=sys.stderr)
        return 2
    if not torch.cuda.is_available():
        print("bench_cuda: PyTorch finds no GPU, expected one and a build of PyTorch for it", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(dir=args.folder, prefix="deerbench-cuda-") as scratch, torch.no_grad():
        folder = Path(scratch) / "agent"
        subprocess.run([str(args.deerbench), "convert", "--random-weights", "3b", "--layers", str(args.layers), "--out",
                        str(folder)], check=True)
        sources = official_sources(args.official, args.mpt,
                                   json.loads((folder / "config.json").read_text())["head"]["mlp_hidden"])
        print(f"PyTorch {torch.__version__}, decoder block: "
              + (f"MPT's own, of {args.mpt}" if args.mpt else "torch's modules (no --mpt)"))
        torch.set_default_device("cuda")  # of what the official code makes while it runs
        for precision in precisions:
            ours = run_ours(args, folder, precision)
            eager = official_walks(OfficialModel(sources, folder, "cuda", types[precision]), TOKENS, args.steps)
            print_table(precision, ours, eager)
    return 0


if __name__ == "__main__":
    sys.exit(main())
