"""The official DeeR-VLA modules, built from a checkout with a checkpoint's weights, and timed.

    python scripts/official_deer.py JOB

JOB is JSON, as compare_official.py writes it; each number of threads gets a process of its own.
"""

from __future__ import annotations

import json
import mmap
import statistics
import sys
import time
from pathlib import Path

from official_sources import official_sources, vision_tower


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
            tower = vision_tower(sources, vision)
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
