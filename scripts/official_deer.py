"""The official DeeR-VLA modules, built from a checkout with a checkpoint's weights, and timed.

    python scripts/official_deer.py JOB

JOB is JSON, as compare_official.py writes it; each number of threads gets a process of its own.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import mmap
import statistics
import sys
import time
import types
from pathlib import Path


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
            later = torch.ones(s, s, dtype=torch.bool, device=x.device).triu(1)
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

    def __init__(self, sources: dict, folder: Path, device: str = "cpu", dtype=None):
        import torch

        self.torch, self.config = torch, json.loads((folder / "config.json").read_text())
        self.device, self.dtype = device, dtype or torch.float32
        self.clock = time.perf_counter
        c, tensors = self.config, Tensors(folder)
        vision, cross, language, head = c["vision"], c["cross_attention"], c["language"], c["head"]

        def load(module, prefix):
            module.load_state_dict(tensors.under(prefix), strict=True, assign=True)
            return module.eval().to(self.device, self.dtype)

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
        self.wte = tensors.under("lang_encoder.transformer.wte.")["weight"].to(self.device, self.dtype)
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
        return table[..., -tokens:].to(self.device, self.dtype)

    def condition(self, media, ids):
        for layer in self.layers:
            layer.condition_vis_x(media)
            layer.condition_media_locations(ids == self.config["language"]["media_token"])
            layer.condition_use_cached_media(False)

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
        self.condition(media, ids)
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


if __name__ == "__main__":
    print(json.dumps(time_official(json.loads(sys.argv[1]))))
