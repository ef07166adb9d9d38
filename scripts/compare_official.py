#!/usr/bin/env python3
"""Times the official DeeR-VLA modules beside ours, with the same weights, in one run.

    scripts/compare_official.py --official DeeR-VLA --mpt mpt-1b-redpajama-200b-dolly

--official is a checkout of github.com/yueyang130/DeeR-VLA, --mpt the folder with MPT-1B's own Python files
(attention.py and gpt_blocks.py; Hugging Face's mosaicml/mpt-1b-redpajama-200b-dolly has them, or the folder of
examples/llm/src/models/layers of github.com/mosaicml/examples at v0.0.4). Without --mpt its decoder block is built
here from torch's own modules, in the same operations. CLIP's vision transformer is open_clip's; einops and
einops_exts are needed too.

What is timed of the official code are its modules (resampler, gated cross-attention, decoder block, action head,
vision transformer), called in the order in which MosaicGPT.forward, ActionValueNet and ModelWrapper.step call them,
in single precision, without gradients, batch 1, every exit weighed up to the last. Left out, in its favour, are its
preprocessing, tokenizer, copies of pictures and queues. Ours is `deerbench bench agent`, preprocessing included.
With one thread both are that thread's processor time, with several the clock's: wants a machine that is idle.

Models: the recorded small one (DEERBENCH_DEER_DATA or --recorded), for which the official modules' poses are first
held against the recorded ones, and one of 3B size with random weights, written to --folder and deleted afterwards
(12 layers take 6.4 GB of disk and as much memory).
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import mmap
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import types
from pathlib import Path

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


# The official modules ----------------------------------------------------------------------------------------------


def stub(name: str, path: Path | None = None, **content) -> None:
    """A module of that name, and the packages above it, that holds `content` or lets its files be imported."""
    parts = name.split(".")
    for i in range(1, len(parts)):
        sys.modules.setdefault(".".join(parts[:i]), types.ModuleType(".".join(parts[:i])))
    module = types.ModuleType(name)
    if path is not None:
        module.__path__ = [str(path)]
    for key, value in content.items():
        setattr(module, key, value)
    sys.modules[name] = module


def have(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def missing_imports() -> list[str]:
    return [name for name in ("torch", "numpy", "einops", "einops_exts", "open_clip") if not have(name)]


def official_sources(official: Path, mpt: Path | None, mlp_hidden: list[int]) -> dict:
    """Classes of the official files. Modules that they import and the timed ones do not use are left empty."""
    import torch

    stub("open_flamingo", official / "open_flamingo/open_flamingo")
    stub("open_flamingo.src", official / "open_flamingo/open_flamingo/src")
    helpers = importlib.import_module("open_flamingo.src.helpers")
    flamingo = importlib.import_module("open_flamingo.src.flamingo_lm")
    stub("robot_flamingo.models.normalizer", LinearNormalizer=object)
    stub("robot_flamingo.models.trajectory_gpt2", get_gpt_model=None)
    path = official / "robot_flamingo/models/action_head.py"
    # The head's hidden layers are written out in the code; a smaller model has smaller ones.
    source = path.read_text().replace("hidden_dims=[1024, 512, 256]", f"hidden_dims={mlp_hidden}")
    head = types.ModuleType("official_action_head")
    exec(compile(source, str(path), "exec"), head.__dict__)  # noqa: S102

    # open_clip's package wants torchvision, of which the transformer needs nothing.
    clip_path = Path(importlib.util.find_spec("open_clip").origin).parent
    if not have("torchvision"):
        stub("torchvision.ops.misc", FrozenBatchNorm2d=type("FrozenBatchNorm2d", (), {}))
    stub("open_clip", clip_path)
    clip = importlib.import_module("open_clip.transformer")

    block = PlainBlock = plain_block()
    if mpt is not None:
        stub("composer.algorithms.low_precision_layernorm.low_precision_layernorm", LPLayerNorm=torch.nn.LayerNorm)
        stub("mpt_files", mpt)
        attention = importlib.import_module("mpt_files.attention")
        sys.modules["examples.llm.src.models.layers.attention"] = attention
        block = importlib.import_module("mpt_files.gpt_blocks").GPTBlock
    return {"perceiver": helpers.PerceiverResampler, "cross": helpers.GatedCrossAttentionBlock,
            "layer": flamingo.FlamingoLayer, "head": head.DeterministicDecoder, "vision": clip.VisionTransformer,
            "quick_gelu": clip.QuickGELU, "block": block, "plain": block is PlainBlock}


def plain_block():
    """MPT's decoder block in torch's operations, for want of its files."""
    import torch
    from torch import nn

    class Attention(nn.Module):
        def __init__(self, d_model, n_heads, attn_qk_ln):
            super().__init__()
            self.heads, self.normed = n_heads, attn_qk_ln
            self.Wqkv = nn.Linear(d_model, 3 * d_model)
            if attn_qk_ln:
                self.q_ln, self.k_ln = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
            self.out_proj = nn.Linear(d_model, d_model)

        def forward(self, x, attn_bias):
            q, k, v = self.Wqkv(x).chunk(3, dim=2)
            if self.normed:
                q, k = self.q_ln(q), self.k_ln(k)
            b, s, d = q.shape
            q, k, v = (t.view(b, s, self.heads, d // self.heads).transpose(1, 2) for t in (q, k, v))
            scores = q.matmul(k.transpose(-2, -1)) * (d // self.heads) ** -0.5 + attn_bias
            later = torch.ones(s, s, dtype=torch.bool).triu(1)
            scores = scores.masked_fill(later, torch.finfo(scores.dtype).min)
            return self.out_proj(scores.softmax(-1).matmul(v).transpose(1, 2).reshape(b, s, d))

    class Block(nn.Module):
        def __init__(self, *, d_model, n_heads, mlp_ratio, attn_qk_ln, **_):
            super().__init__()
            self.ln_1, self.ln_2 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
            self.attn = Attention(d_model, n_heads, attn_qk_ln)
            self.mlp = nn.Module()
            self.mlp.mlp_up = nn.Linear(d_model, mlp_ratio * d_model)
            self.mlp.mlp_down = nn.Linear(mlp_ratio * d_model, d_model)

        def forward(self, x, attn_bias=None, **_):
            x = x + self.attn(self.ln_1(x), attn_bias)
            return x + self.mlp.mlp_down(nn.functional.gelu(self.mlp.mlp_up(self.ln_2(x)))), None

    return Block


class Tensors:
    """The weights of a checkpoint folder, in memory of their own as they are handed out."""

    def __init__(self, folder: Path):
        index = folder / "model.safetensors.index.json"
        files = sorted(set(json.loads(index.read_text())["weight_map"].values())) if index.exists() else [
            "model.safetensors"]
        self.entries = {}
        for name in files:
            with (folder / name).open("rb") as file:
                data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            size = int.from_bytes(data[:8], "little")
            for key, entry in json.loads(data[8:8 + size]).items():
                if key != "__metadata__":
                    self.entries[key] = (data, 8 + size, entry)

    def under(self, prefix: str) -> dict:
        import numpy as np
        import torch

        found = {}
        for key, (data, base, entry) in self.entries.items():
            if key.startswith(prefix):
                begin, end = entry["data_offsets"]
                values = np.frombuffer(data, np.float32, (end - begin) // 4, base + begin)
                found[key[len(prefix):]] = torch.from_numpy(values.reshape(entry["shape"]).copy())
        return found


class OfficialModel:
    """The official modules of one checkpoint, and the calls that one control step makes of them."""

    def __init__(self, sources: dict, folder: Path):
        import torch

        self.torch, self.config = torch, json.loads((folder / "config.json").read_text())
        self.clock = time.perf_counter
        c, tensors = self.config, Tensors(folder)
        vision, cross, language, head = c["vision"], c["cross_attention"], c["language"], c["head"]

        def load(module, prefix):
            module.load_state_dict(tensors.under(prefix), strict=True, assign=True)
            return module.eval()

        with torch.device("meta"):
            tower = sources["vision"](
                image_size=vision["image_size"], patch_size=vision["patch_size"], width=vision["width"],
                layers=vision["layers"], heads=vision["heads"], mlp_ratio=4.0, output_dim=vision["output_dim"],
                act_layer=sources["quick_gelu"], output_tokens=True)
            p = c["perceiver"]
            perceiver = sources["perceiver"](dim=vision["width"], depth=p["depth"], dim_head=p["head_dim"],
                                             heads=p["heads"], num_latents=p["latents"], ff_mult=p["ff_mult"])
            decoder = sources["head"](
                language["width"], 1, dropout=0.0, policy_rnn_dropout_p=0.0,
                dropout_mode=head["dropout_placement"], mlp_layernorm=head["mlp_layernorm"],
                lstm_layernorm=head["lstm_layernorm"], mlp_num_hidden_layers=len(head["mlp_hidden"]),
                hidden_size=head["lstm_hidden"], lstm_num_layers=head["lstm_layers"], is_extra_exit=True)
        self.vision = load(tower, "vision_encoder.visual.")
        self.perceiver = load(perceiver, "perceiver.")
        self.head = load(decoder, "extra_exit.")
        self.wte = tensors.under("lang_encoder.transformer.wte.")["weight"]
        self.layers = []
        for i in range(language["layers"]):
            with torch.device("meta"):
                gate = None
                if (i + 1) % cross["every_n_layers"] == 0:
                    gate = sources["cross"](dim=language["width"], dim_visual=vision["width"],
                                            dim_head=cross["head_dim"], heads=cross["heads"],
                                            ff_mult=cross["ff_mult"])
                block = sources["block"](attn_impl="torch", d_model=language["width"], n_heads=language["heads"],
                                         mlp_ratio=language["mlp_ratio"], attn_qk_ln=language["qk_layernorm"],
                                         alibi=True)
            for module in block.modules():  # MosaicGPT's no_bias
                if getattr(module, "bias", None) is not None:
                    module.register_parameter("bias", None)
            self.layers.append(load(sources["layer"](gate, block), f"lang_encoder.transformer.blocks.{i}."))
        interval, last = c["exit_interval"], language["layers"] - 1
        self.exits = [*range(interval - 1, last, interval), last]

    def see(self, picture):
        return self.vision(picture)[1]

    def resample(self, tokens):
        return self.perceiver(tokens[:, None, None])

    def bias(self, tokens: int):
        language, torch = self.config["language"], self.torch
        heads, longest = language["heads"], language["max_seq_len"]
        slope = 2.0 ** -(torch.arange(1, heads + 1) * (language["alibi_bias_max"] / heads))
        table = slope.view(1, heads, 1, 1) * torch.arange(1 - longest, 1).view(1, 1, 1, longest)
        return table[..., -tokens:].to(torch.float32)

    def step(self, pictures, ids):
        """Pose and gripper at the last exit; times of the parts, ms."""
        times, torch = {}, self.torch
        start = before = self.clock()

        def lap(name):
            nonlocal before
            now = self.clock()
            times[name] = times.get(name, 0) + 1e3 * (now - before)
            before = now

        tokens = [self.see(picture) for picture in pictures]
        lap("vision")
        media = torch.cat([self.resample(t) for t in tokens], dim=2)
        lap("resampler")
        for layer in self.layers:
            layer.condition_vis_x(media)
            layer.condition_media_locations(ids == self.config["language"]["media_token"])
            layer.condition_use_cached_media(False)
        x, bias, hidden, heads = torch.nn.functional.embedding(ids, self.wte), self.bias(ids.shape[1]), [], 0
        for i, layer in enumerate(self.layers):
            x, _ = layer(x, past_key_value=None, attn_bias=bias, attention_mask=None, is_causal=True)
            hidden.append(x)
            lap("language")
            if i not in self.exits:
                continue
            times[f"language to layer {i}"] = times["language"]
            if i == self.exits[0]:
                self.head(hidden[i - 1], update_hidden_state=False)
                heads += 1
            self.head(x, update_hidden_state=False)
            heads += 1
            lap("heads")
            times[f"heads to layer {i}"] = times["heads"] + times["heads"] / heads  # once more, for the action
        pose, gripper = self.head(x, update_hidden_state=True)
        lap("heads")
        self.head.history_memory.clear()  # the official list grows for ever
        times["head, once"] = times["heads"] / (heads + 1)
        times["whole step"] = 1e3 * (self.clock() - start)
        return pose, gripper, times


def time_official(job: dict) -> dict:
    """In a process of its own, whose threads are set before torch starts."""
    import numpy as np
    import torch

    torch.set_num_threads(job["threads"])
    folder = Path(job["folder"])
    config = json.loads((folder / "config.json").read_text())
    hidden = config["head"]["mlp_hidden"]
    sources = official_sources(Path(job["official"]), job["mpt"] and Path(job["mpt"]), hidden)
    result = {"plain_block": sources["plain"]}
    with torch.no_grad():
        model = OfficialModel(sources, folder)
        if job["threads"] == 1:
            model.clock = time.thread_time  # as bench agent: other processes disturb it little
        if job["recorded"]:
            z = np.load(job["recorded"])
            worst = 0.0
            for t in range(4):
                pictures = [torch.from_numpy(z[k][t:t + 1]) for k in ("px_static", "px_gripper")]
                pose, _, _ = model.step(pictures, torch.from_numpy(z["input_ids"]))
                worst = max(worst, float((pose.flatten() - torch.from_numpy(z["pose"][t])).abs().max()))
            result["recorded_difference"] = worst
        size = config["vision"]["image_size"]
        pictures = [torch.randn(1, 3, size, size) for _ in range(2)]
        ids = torch.arange(job["tokens"])[None] % config["language"]["vocab_size"]
        ids[0, 0] = config["language"]["media_token"]
        runs = [model.step(pictures, ids)[2] for _ in range(job["steps"] + 1)][1:]
    result["ms"] = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    return result


# Running both --------------------------------------------------------------------------------------------------------


def run_official(args, folder: Path, tokens: int, threads: int, steps: int, recorded: Path | None) -> dict:
    job = {"official": str(args.official), "mpt": args.mpt and str(args.mpt), "folder": str(folder), "tokens": tokens,
           "threads": threads, "steps": steps, "recorded": recorded and str(recorded)}
    done = subprocess.run([sys.executable, __file__, "--job", json.dumps(job)], capture_output=True, text=True,
                          env={**os.environ, "OMP_NUM_THREADS": str(threads)}, check=False)
    if done.returncode != 0:
        sys.exit(f"compare_official: the official modules: {done.stderr.strip().splitlines()[-1]}")
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
            official = run_official(args, folder, tokens, threads, 60, case)
            ours = run_ours(args, folder, tokens, threads, 200, "fp32")
            print(f"recorded model {letter}: the official modules' poses are the recorded ones within "
                  f"{official['recorded_difference']:.1e}")
            last = max(int(k.rsplit(" ", 1)[1]) for k in ours if k.startswith("whole step to layer"))
            table.add(threads, "small model, whole step", official["ms"]["whole step"],
                      ours[f"whole step to layer {last}"])


def compare_large(args, table: Table, scratch: Path) -> None:
    folder = scratch / "large"
    subprocess.run([str(args.deerbench), "convert", "--random-weights", "3b", "--layers", str(args.layers), "--out",
                    str(folder)], check=True)
    for threads in args.threads:
        official = run_official(args, folder, SHAPE_TOKENS, threads, args.steps, None)
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
    missing = missing_imports()
    if missing:
        print(f"compare_official: cannot import {', '.join(missing)}, which the official code needs: "
              f"pip install torch numpy einops einops-exts open_clip_torch", file=sys.stderr)
        return 2
    args = ARGS
    for path in (args.official / "open_flamingo/open_flamingo/src/helpers.py",
                 args.official / "robot_flamingo/models/action_head.py",
                 *([args.mpt / "attention.py", args.mpt / "gpt_blocks.py"] if args.mpt else [])):
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
    parser.add_argument("--official", type=Path, help="checkout of DeeR-VLA")
    parser.add_argument("--mpt", type=Path, help="folder with MPT-1B's attention.py and gpt_blocks.py")
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
    parser.add_argument("--job", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if not args.job and not args.official:
        parser.error("--official is missing")
    args.recorded = args.recorded and Path(args.recorded)
    return args


if __name__ == "__main__":
    ARGS = parse()
    if ARGS.job:
        print(json.dumps(time_official(json.loads(ARGS.job))))
        sys.exit(0)
    sys.exit(main())
