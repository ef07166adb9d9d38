#!/usr/bin/env python3
"""Times the official DeeR-VLA code beside ours, with the same weights, in one run.

    scripts/compare_official.py --official DeeR-VLA --mpt mpt-1b-redpajama-200b-dolly

--official is a checkout of github.com/yueyang130/DeeR-VLA, --mpt the folder with MPT-1B's own Python files
(attention.py, gpt_blocks.py, configuration_mosaic_gpt.py and param_init_fns.py; Hugging Face's
mosaicml/mpt-1b-redpajama-200b-dolly has them, or, in several folders, github.com/mosaicml/examples at v0.0.4 below
examples/llm/src). CLIP's vision transformer is open_clip's, of the version that the official code names: that of later
ones returns other tokens. torch and the rest are those found. Single precision, no gradients, batch 1, every exit
weighed up to the last. Of the official code are timed:

"small model, whole step": one call of ModelWrapper.step and all that it does, on the CPU (scripts/official_step.py):
pictures through PIL and open_clip's transform, the sentence through AutoTokenizer, queues, model, exit controller and
value net, action. Left out, in its favour: the autocast contexts of MPT's low-precision layer norm, unless --mpt has
low_precision_layernorm.py (torch's layer norm gives the same numbers), and all but a few words of the vocabulary. Not
in its favour: DistributedDataParallel, in which its evaluation holds the model, is there for one process too (3 %).

All other rows: its modules alone (scripts/official_deer.py: resampler, gated cross-attention, decoder block, action
head, vision transformer), called in the order in which MosaicGPT.forward, ActionValueNet and ModelWrapper.step call
them. Left out, in its favour: preprocessing, tokenizer, copies of pictures and queues. Without --mpt the decoder block
is built here from torch's own modules, in the same operations, and the small model's whole step is not timed.

Ours is `deerbench bench agent`, from the bytes of both pictures to the action. In its favour: it is one program, with
no Python around it, and a sentence is prepared when it is given, not in every step. Pictures are noise of CALVIN's
sizes for both whole steps. With one thread the figures are that thread's processor time, with several the clock's:
wants a machine that is idle.

Models: the recorded small one (DEERBENCH_DEER_DATA or --recorded), for which the official poses are first held
against the recorded ones, and one of 3B size with random weights, written to --folder and deleted afterwards (12
layers take 6.4 GB of disk and as much memory).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType

import official_deer
import official_sources
import official_step

EXIT_OF_DEER_S = 3  # 0-based: four layers
SHAPE_TOKENS = 13

# What is asked for: (figure, at least so many times as fast, aim).
DEMANDS = {
    "small model, whole step": 10.0,
    "3B layer, fp32": 1.5,
    "3B layer, int8": 3.0,
    "3B language model and head at exit 4, fp32": 2.0,
    "3B whole step, fp32": 1.0,
    "3B whole step, vision int8": 1.3,
}


def run_official(args, script: ModuleType, folder: Path, tokens: int, threads: int, steps: int,
                 recorded: Path | None) -> dict:
    job = {"official": str(args.official), "mpt": args.mpt and str(args.mpt), "folder": str(folder), "tokens": tokens,
           "threads": threads, "steps": steps, "recorded": recorded and str(recorded)}
    done = subprocess.run([sys.executable, script.__file__, json.dumps(job)], capture_output=True, text=True,
                          env={**os.environ, "OMP_NUM_THREADS": str(threads)}, check=False)
    if done.returncode != 0:
        sys.exit(f"compare_official: {script.__name__}: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


def run_ours(args, folder: Path, tokens: int, threads: int, steps: int, precision: str) -> dict:
    done = subprocess.run(
        [str(args.deerbench), "bench", "agent", "--checkpoint", str(folder), "--exit", "last", "--text-tokens",
         str(tokens), "--threads", str(threads), "--steps", str(steps), "--precision", precision, "--json"],
        capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"compare_official: {args.deerbench}: {done.stderr.strip().splitlines()[-1]}")
    found = json.loads(done.stdout)
    return {timing["name"]: timing["median"] for timing in found["timings"]}


def recorded_folder(data: Path, letter: str, folder: Path) -> Path:
    """The recorded model as a checkpoint of ours. Its sentences are numbers: nothing is tokenized."""
    recorded = json.loads((data / f"config_{letter}.json").read_text())
    head_width = {"lstm_hidden": recorded["lstm_hidden"], "lstm_layers": recorded["lstm_num_layers"]}
    defaults = json.loads(subprocess.run([str(ARGS.deerbench), "inspect", "--preset", "3b", "--json"],
                                         capture_output=True, text=True, check=True).stdout)["config"]
    vit, cross = recorded["vit"], recorded["xattn"]
    config = {**defaults, "name": f"recorded-{letter}", "exit_interval": recorded["exit_interval"],
              "window": recorded["window_size"], "layer_norm_eps": recorded["layer_norm_eps"]}
    config["vision"] = {**defaults["vision"], "width": recorded["vis_dim"],
                        **{k: vit[k] for k in ("image_size", "patch_size", "layers", "heads", "output_dim")}}
    p = recorded["perceiver"]
    config["perceiver"] = {"depth": p["depth"], "latents": p["num_latents"], "heads": p["heads"],
                           "head_dim": p["dim_head"], "ff_mult": p["ff_mult"]}
    config["cross_attention"] = {**defaults["cross_attention"],
                                 "every_n_layers": recorded["cross_attn_every_n_layers"], "heads": cross["heads"],
                                 "head_dim": cross["dim_head"], "ff_mult": cross["ff_mult"]}
    config["language"] = {**defaults["language"], "vocab_size": recorded["vocab_size"], "width": recorded["d_model"],
                          "layers": recorded["n_layers_kept"], "heads": recorded["n_heads"],
                          "mlp_ratio": recorded["mlp_ratio"], "max_seq_len": recorded["max_seq_len"],
                          "alibi_bias_max": recorded["alibi_bias_max"], "qk_layernorm": recorded["attn_qk_ln"],
                          "eos_token": recorded["eos_token_id"], "end_of_chunk_token": recorded["eoc_token_id"],
                          "media_token": recorded["media_token_id"], "pad_token": recorded["pad_token_id"]}
    config["head"] = {**defaults["head"], **head_width, "lstm_layernorm": recorded["lstm_layernorm"],
                      "mlp_hidden": recorded["mlp_hidden_dims"][:recorded["mlp_num_hidden_layers"]],
                      "mlp_layernorm": recorded["mlp_layernorm"], "dropout_placement": recorded["dropout_mode"]}
    special = {recorded["eos_token_id"]: "<|endoftext|>", recorded["eoc_token_id"]: "<|endofchunk|>",
               recorded["media_token_id"]: "<image>", recorded["pad_token_id"]: "<PAD>"}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    tokenizer = {
        "version": "1.0", "truncation": None, "padding": None, "normalizer": None, "pre_tokenizer": level,
        "post_processor": level, "decoder": level,
        "added_tokens": [{"id": i, "content": token, **flags} for i, token in special.items()],
        "model": {"type": "BPE", "merges": [],
                  "vocab": {f"unused{i}": i for i in range(recorded["vocab_size"]) if i not in special}}}
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    (folder / "metadata.json").write_text(
        json.dumps({"name": config["name"], "train_scenes": ["D"], "env_version": "none"}))
    shutil.copy(data / f"model_{letter}.safetensors", folder / "model.safetensors")
    return folder


def last_number(name: str) -> int:
    return int(name.rsplit(" ", 1)[1])


class Table:
    """Rows as they come; the verdict on what was asked for."""

    def __init__(self):
        self.rows, self.short = [], []

    def add(self, threads: int, what: str, official_ms: float, ours_ms: float):
        ratio, asked = official_ms / ours_ms, DEMANDS.get(what)
        self.rows.append({"threads": threads, "what": what, "official_ms": official_ms, "ours_ms": ours_ms,
                          "times_as_fast": ratio, "asked_for": asked})
        verdict = "" if asked is None else f"  (asked for: {asked:g}{'' if ratio >= asked else ', NOT REACHED'})"
        if asked is not None and ratio < asked:
            self.short.append(f"{what}, {threads} threads")
        print(f"{threads} thread{'s' if threads > 1 else ' '}  {what:48}  {official_ms:9.2f} ms  {ours_ms:9.2f} ms  "
              f"{ratio:6.2f} times as fast{verdict}", flush=True)


def compare_small(args, table: Table, scratch: Path) -> None:
    import numpy as np

    for config in sorted(args.recorded.glob("config_*.json")):
        letter = config.stem.removeprefix("config_")
        folder = recorded_folder(args.recorded, letter, scratch / f"small-{letter}")
        case = args.recorded / f"case_{letter}_rollout_alllast.npz"
        tokens = int(np.load(case)["input_ids"].shape[1])
        for threads in args.threads:
            ours = run_ours(args, folder, tokens, threads, 200, "fp32")
            ours_ms = ours[max((k for k in ours if k.startswith("whole step to layer")), key=last_number)]
            modules = run_official(args, official_deer, folder, tokens, threads, 60, case)
            print(f"recorded model {letter}: the modules' poses are the recorded ones within "
                  f"{modules['recorded_difference']:.1e}")
            table.add(threads, "small model, modules only", modules["ms"]["whole step"], ours_ms)
            if args.mpt is None:
                table.short.append(f"small model, whole step, {threads} threads (not timed without --mpt)")
                continue
            step = run_official(args, official_step, folder, tokens, threads, 200, case)
            print(f"recorded model {letter}: the step's poses, grippers, actions and exits are the recorded ones "
                  f"within {step['recorded_difference']:.1e} ({step['versions']})")
            table.add(threads, "small model, whole step", step["ms"]["whole step"], ours_ms)


def compare_large(args, table: Table, scratch: Path) -> None:
    folder = scratch / "large"
    subprocess.run([str(args.deerbench), "convert", "--random-weights", "3b", "--layers", str(args.layers), "--out",
                    str(folder)], check=True)
    for threads in args.threads:
        official = run_official(args, official_deer, folder, SHAPE_TOKENS, threads, args.steps, None)
        ms = official["ms"]
        last = args.layers - 1
        for precision, label in [("fp32", "fp32"), ("llm=int8", "int8"), ("llm=int4", "int4"), ("llm=bf16", "bf16"),
                                 ("vision=int8", "vision int8"), ("int8", "all int8")]:
            ours = run_ours(args, folder, SHAPE_TOKENS, threads, args.steps + 1, precision)
            language = f"language model to layer {last}"
            if precision == "fp32" or precision.startswith("llm="):
                table.add(threads, f"3B layer, {label}", ms[f"language to layer {last}"] / args.layers,
                          ours[language] / args.layers)
            if precision in ("fp32", "int8"):
                exit_ms = ours[f"language model to layer {EXIT_OF_DEER_S}"] + 3 * ours["head, once"]
                table.add(threads, f"3B language model and head at exit 4, {label}",
                          ms[f"language to layer {EXIT_OF_DEER_S}"] + ms[f"heads to layer {EXIT_OF_DEER_S}"], exit_ms)
                table.add(threads, f"3B head, {label}", ms["head, once"], ours["head, once"])
                table.add(threads, f"3B resampler, {label}", ms["resampler"], ours["resampler"])
            if precision in ("fp32", "vision=int8", "int8"):
                table.add(threads, f"3B vision, {label}", ms["vision"], ours["vision"])
                table.add(threads, f"3B whole step, {label}", ms["whole step"], ours[f"whole step to layer {last}"])


def main() -> int:
    args = ARGS
    whole_step = args.recorded and args.mpt
    missing = official_sources.missing_imports(official_step.NEEDS if whole_step else official_sources.NEEDS)
    if missing:
        more = " torchvision transformers pillow scipy tqdm" if whole_step else ""
        print(f"compare_official: cannot import {', '.join(missing)}, which the official code needs: "
              f"pip install torch numpy einops einops-exts open_clip_torch==2.20.0{more}", file=sys.stderr)
        return 2
    mpt_files = official_step.MPT_FILES if whole_step else official_step.MPT_FILES[:2]
    for path in (args.official / "open_flamingo/open_flamingo/src/helpers.py",
                 args.official / "robot_flamingo/models/action_head.py",
                 *([args.mpt / name for name in mpt_files] if args.mpt else [])):
        if not path.is_file():
            print(f"compare_official: {path}: missing, expected in an official checkout", file=sys.stderr)
            return 2
    table = Table()
    print("decoder block: " + (f"MPT's own, of {args.mpt}" if args.mpt else "torch's modules (no --mpt)"))
    print(f"{'':9}  {'':48}  {'official':>9}     {'ours':>9}")
    with tempfile.TemporaryDirectory(dir=args.folder, prefix="deerbench-compare-") as scratch:
        if args.recorded:
            compare_small(args, table, Path(scratch))
        if not args.small_only:
            compare_large(args, table, Path(scratch))
    if args.json:
        args.json.write_text(json.dumps({"rows": table.rows, "plain_block": args.mpt is None}, indent=2) + "\n")
    for what in table.short:
        print(f"not reached: {what}", file=sys.stderr)
    return 1 if args.check and table.short else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--official", type=Path, required=True, help="checkout of DeeR-VLA")
    parser.add_argument("--mpt", type=Path, help="folder with MPT-1B's Python files")
    parser.add_argument("--recorded", type=Path, default=os.environ.get("DEERBENCH_DEER_DATA") or None,
                        help="folder of recorded models (default: DEERBENCH_DEER_DATA)")
    parser.add_argument("--deerbench", type=Path, default=shutil.which("deerbench") or Path(sys.executable).with_name("deerbench"),
                        help="the program (default: that of the search path)")
    parser.add_argument("--layers", type=int, default=12, help="of the 3B size (default 12)")
    parser.add_argument("--steps", type=int, default=3, help="timed steps of the 3B size (default 3)")
    parser.add_argument("--threads", type=lambda text: [int(t) for t in text.split(",")], default=[1, 2],
                        help="numbers of threads (default 1,2)")
    parser.add_argument("--folder", type=Path, help="where the weights go (default: the system's for such)")
    parser.add_argument("--small-only", action="store_true", help="leave the 3B size out")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--check", action="store_true", help="fail (exit 1) where what is asked for is not reached")
    args = parser.parse_args()
    args.recorded = args.recorded and Path(args.recorded)
    return args


if __name__ == "__main__":
    ARGS = parse()
    sys.exit(main())
