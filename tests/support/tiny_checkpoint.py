"""Checkpoints of untrained agents, for tests: the shipped architecture, a fraction of its size."""
import hashlib
import json
import math
import shutil
import struct
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
TOKENIZER = ROOT / "scenes" / "tokenizer.json"
TOKENS = {token["content"]: token["id"] for token in json.loads(TOKENIZER.read_text())["added_tokens"]}

CAMERAS = {
    "static": {"input_size": 100, "slots": 2,
               "layers": [{"channels": 8, "kernel": 5, "stride": 4}, {"channels": 8, "kernel": 3, "stride": 2}]},
    "gripper": {"input_size": 42, "slots": 2, "layers": [{"channels": 8, "kernel": 5, "stride": 4}]},
}
CONFIG = {
    "name": "tiny",
    "exit_interval": 2,
    "window": 12,
    "layer_norm_eps": 1e-5,
    "vision": {"kind": "conv", "width": 16, "pixel_mean": 0.5, "pixel_std": 0.25, **CAMERAS},
    "perceiver": {"depth": 1, "latents": 2, "heads": 2, "head_dim": 8, "ff_mult": 2},
    "cross_attention": {"every_n_layers": 1, "heads": 2, "head_dim": 8, "ff_mult": 2, "gate_init": 0.5},
    "language": {"vocab_size": max(TOKENS.values()) + 1, "width": 16, "layers": 6, "heads": 2, "mlp_ratio": 2, "max_seq_len": 64,
                 "alibi_bias_max": 8, "qk_layernorm": True, "eos_token": TOKENS["<|endoftext|>"],
                 "end_of_chunk_token": TOKENS["<|endofchunk|>"], "media_token": TOKENS["<image>"],
                 "pad_token": TOKENS["<PAD>"]},
    "head": {"pool_padding": False, "lstm_hidden": 16, "lstm_layers": 1, "lstm_layernorm": True, "mlp_hidden": [16, 8],
             "mlp_layernorm": True, "dropout_placement": "layerwise", "mlp_dropout": 0, "lstm_dropout": 0},
    "state": {"use_state": True, "mean": [0.0] * 15, "scale": [1.0] * 15, "angles": [3, 4, 5]},
    "prompt": {"end_of_text": False, "max_tokens": 32},
}


def parameter_shapes():
    """Names and shapes of what inference needs; agent/agent_model.h gives the names."""
    vision, language, head = CONFIG["vision"], CONFIG["language"], CONFIG["head"]
    width, d = vision["width"], language["width"]
    shapes = {}

    def linear(name, out, into, bias=False):
        shapes[f"{name}.weight"] = (out, into)
        if bias:
            shapes[f"{name}.bias"] = (out,)

    def norm(name, size, bias=True):
        shapes[f"{name}.weight"] = (size,)
        if bias:
            shapes[f"{name}.bias"] = (size,)

    def feed_forward(name, size, mult):
        norm(f"{name}.0", size)
        linear(f"{name}.1", mult * size, size)
        linear(f"{name}.3", size, mult * size)

    for camera in ("static", "gripper"):
        settings, channels = vision[camera], 3
        for i, layer in enumerate(settings["layers"]):
            name = f"vision_encoder.{camera}.conv.{i}"
            shapes[f"{name}.weight"] = (layer["channels"], channels, layer["kernel"], layer["kernel"])
            shapes[f"{name}.bias"] = (layer["channels"],)
            channels = layer["channels"]
        name, slots = f"vision_encoder.{camera}", settings["slots"]
        shapes[f"{name}.attention.weight"] = (slots, channels, 1, 1)
        shapes[f"{name}.attention.bias"] = (slots,)
        shapes[f"{name}.slot_weight"] = (slots, channels + 2, width)
        shapes[f"{name}.slot_bias"] = (slots, width)
    resampler = CONFIG["perceiver"]
    inner = resampler["heads"] * resampler["head_dim"]
    shapes["perceiver.latents"] = (resampler["latents"], width)
    for i in range(resampler["depth"]):
        name = f"perceiver.layers.{i}"
        norm(f"{name}.0.norm_media", width)
        norm(f"{name}.0.norm_latents", width)
        linear(f"{name}.0.to_q", inner, width)
        linear(f"{name}.0.to_kv", 2 * inner, width)
        linear(f"{name}.0.to_out", width, inner)
        feed_forward(f"{name}.1", width, resampler["ff_mult"])
    norm("perceiver.norm", width)
    linear("state_encoder.fc", width, 15, bias=True)

    shapes["lang_encoder.transformer.wte.weight"] = (language["vocab_size"], d)
    norm("lang_encoder.transformer.ln_f", d, bias=False)
    cross = CONFIG["cross_attention"]
    inner = cross["heads"] * cross["head_dim"]
    for i in range(language["layers"]):
        name = f"lang_encoder.transformer.blocks.{i}.gated_cross_attn_layer"
        norm(f"{name}.attn.norm", d)
        linear(f"{name}.attn.to_q", inner, d)
        linear(f"{name}.attn.to_kv", 2 * inner, width)
        linear(f"{name}.attn.to_out", d, inner)
        feed_forward(f"{name}.ff", d, cross["ff_mult"])
        shapes[f"{name}.attn_gate"] = shapes[f"{name}.ff_gate"] = (1,)
        name = f"lang_encoder.transformer.blocks.{i}.decoder_layer"
        for part in ("ln_1", "ln_2", "attn.q_ln", "attn.k_ln"):
            norm(f"{name}.{part}", d, bias=False)
        linear(f"{name}.attn.Wqkv", 3 * d, d)
        linear(f"{name}.attn.out_proj", d, d)
        linear(f"{name}.mlp.mlp_up", language["mlp_ratio"] * d, d)
        linear(f"{name}.mlp.mlp_down", d, language["mlp_ratio"] * d)

    hidden = head["lstm_hidden"]
    for part, into in (("ih", d), ("hh", hidden)):
        shapes[f"extra_exit.rnn.layers.0.weight_{part}_l0"] = (4 * hidden, into)
        shapes[f"extra_exit.rnn.layers.0.bias_{part}_l0"] = (4 * hidden,)
    norm("extra_exit.rnn.layers.1", hidden)
    for name, out in (("actions", 6), ("gripper", 1)):
        sizes = [hidden, *head["mlp_hidden"]]
        for i, (into, size) in enumerate(zip(sizes, sizes[1:])):
            linear(f"extra_exit.{name}.mlp.{1 + 4 * i}", size, into, bias=True)
            norm(f"extra_exit.{name}.mlp.{2 + 4 * i}", size)
        linear(f"extra_exit.{name}.mlp.{1 + 4 * len(head['mlp_hidden'])}", out, sizes[-1], bias=True)
    return shapes


def random_parameters(seed):
    rng = np.random.default_rng(seed)
    parameters = {}
    for name, shape in parameter_shapes().items():
        if name.endswith("gate"):
            value = np.full(shape, 0.5)
        elif len(shape) == 1:
            value = np.zeros(shape) if "bias" in name else np.ones(shape)
        else:
            value = rng.normal(size=shape) / math.sqrt(math.prod(shape[1:]))
        parameters[name] = value.astype(np.float32)
    return parameters


def write_safetensors(path, tensors):
    header, offset = {}, 0
    for name, tensor in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, offset + tensor.nbytes]}
        offset += tensor.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(t.tobytes() for t in tensors.values()))


def write_thresholds(folder, thresholds, name="tiny"):
    """The checkpoint's own thresholds, as `calibrate` writes them."""
    layers = [1, 3, 5]
    weights = hashlib.sha256((Path(folder) / "model.safetensors").read_bytes()).hexdigest()
    (Path(folder) / "thresholds.json").write_text(json.dumps({
        "schema": "deerbench.thresholds/1", "checkpoint": name, "checkpoint_sha256": weights, "source": "a test",
        "samples": 1, "distribution": "exp", "ratio": 1, "exit_layers": layers, "thresholds": [*thresholds, 1e8],
        "expected": {"shares": [0, 0, 1], "llm_gmacs_per_step": 0}}))


def write_checkpoint(folder, train_scenes=("D",), seed=0):
    """An untrained agent with exits after layers 1, 3 and 5. Returns its folder."""
    folder = Path(folder)
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "metadata.json").write_text(
        json.dumps({"name": folder.name, "train_scenes": list(train_scenes), "env_version": "test"}))
    shutil.copy(TOKENIZER, folder)
    write_safetensors(folder / "model.safetensors", random_parameters(seed))
    return folder
