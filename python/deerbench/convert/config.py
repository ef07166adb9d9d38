"""An agent's config.json from what a .pth says of itself and from its tensors' names and shapes."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from deerbench._core import Error
from deerbench.convert.shapes import Layout
from deerbench.convert.sources import Tensors

# What the official code takes for a .pth that does not say (eval_calvin.py, readout_args).
_DEFAULTS: dict[str, Any] = {
    "head_type": "deterministic",
    "early_exit_layer": -1,
    "exit_interval": 1,
    "exit_dropout": 0.0,
    "lstm_dropout": 0.0,
    "dropout_mode": "wo_last",
    "mlp_layernorm": False,
    "lstm_layernorm": False,
    "mlp_num_hidden_layers": 3,
    "lstm_num_layers": 4,
    "pooling": "max",
}
_CHOICES = {
    "head_type": ("deterministic",),
    "dropout_mode": ("layerwise", "last", "wo_last"),
    "pooling": ("max",),
}
_VISION_LAYERS = 24  # of ViT-L/14
_PERCEIVER_LAYERS = 6
_VISION_HEAD, _LANGUAGE_HEAD, _CROSS_HEAD = 64, 128, 64  # widths of one attention head, of all official models


def read_options(content: Mapping[str, Any], path: str) -> dict[str, Any]:
    """The settings in a .pth, with the official defaults. Raises Error naming one that no agent here has."""
    options = {key: content.get(key, default) for key, default in _DEFAULTS.items()}
    if "layernorm" in content:  # the name that it had first
        options["mlp_layernorm"] = content["layernorm"]
    for key, default in _DEFAULTS.items():
        value = options[key]
        good = isinstance(value, (int, float)) if isinstance(default, float) else type(value) is type(default)
        if not good:
            raise Error(f"{path}: {key}: {value!r}, expected {type(default).__name__}")
    for key, choices in _CHOICES.items():
        if options[key] not in choices:
            raise Error(f"{path}: {key}: '{options[key]}', expected {' or '.join(choices)}")
    for key in ("exit_interval", "mlp_num_hidden_layers", "lstm_num_layers"):
        if options[key] < 1:
            raise Error(f"{path}: {key}: {options[key]}, expected at least 1")
    return options


def find_layout(tensors: Tensors, options: Mapping[str, Any], source: str, training_heads: bool) -> Layout:
    """Which tensors there should be, where a .pth does not say by those that are."""
    blocks = r"^lang_encoder\.transformer\.blocks\.(\d+)\."
    layers = _count(tensors, blocks)
    last = options["early_exit_layer"]
    if last >= 0:
        layers = last + 1
    if layers == 0:
        raise Error(f"{source}: no layers of a language model, expected lang_encoder.old_decoder_blocks.0 and on")
    gated = sorted(set(_numbers(tensors, blocks + r"gated_cross_attn_layer\.")))
    gaps = Counter(b - a for a, b in zip([-1, *gated], gated))
    every = gaps.most_common(1)[0][0] if gaps else 1
    return Layout(
        vision_layers=_count(tensors, r"^vision_encoder\.visual\.transformer\.resblocks\.(\d+)\.") or _VISION_LAYERS,
        perceiver_layers=max(_PERCEIVER_LAYERS, _count(tensors, r"^perceiver\.layers\.(\d+)\.")),
        layers=layers,
        cross_attention=frozenset(i for i in range(layers) if (i + 1) % every == 0),
        qk_layernorm=any(name.endswith(".attn.q_ln.weight") for name in tensors),
        lstm_layers=options["lstm_num_layers"],
        lstm_layernorm=options["lstm_layernorm"],
        mlp_layers=options["mlp_num_hidden_layers"],
        mlp_layernorm=options["mlp_layernorm"],
        dropout_placement="last" if options["dropout_mode"] == "wo_last" else options["dropout_mode"],
        training_heads=len(exit_layers(layers, options["exit_interval"])) - 1 if training_heads else 0,
    )


def exit_layers(layers: int, interval: int) -> list[int]:
    """Layers, from 0, with an exit: every so many, and the last."""
    return [*range(interval - 1, layers - 1, interval), layers - 1]


def make_config(
    name: str,
    layout: Layout,
    sizes: Mapping[str, int],
    options: Mapping[str, Any],
    tokens: Mapping[str, int],
    mpt_7b: bool,
    changes: Iterable[str] = (),
) -> dict[str, Any]:
    """config.json. ``changes`` are "key=value" for what no file tells, dots between levels."""
    every = min(layout.cross_attention, default=0) + 1
    config: dict[str, Any] = {
        "name": name,
        "exit_interval": options["exit_interval"],
        "window": 12,
        "layer_norm_eps": 1e-5,
        "skip_first_exit": mpt_7b,  # as the official solver of thresholds has it (set_threshold)
        "vision": {
            "kind": "clip",
            "width": sizes["D"],
            "image_size": math.isqrt(sizes["positions"] - 1) * sizes["patch"],
            "patch_size": sizes["patch"],
            "layers": layout.vision_layers,
            "heads": _heads(sizes["D"], _VISION_HEAD),
            "output_dim": sizes["O"],
        },
        "perceiver": {
            "depth": layout.perceiver_layers,
            "latents": sizes["latents"],
            "heads": _heads(sizes["pi"], _CROSS_HEAD),
            "head_dim": _CROSS_HEAD,
            "ff_mult": sizes["pff"] // sizes["D"],
        },
        "cross_attention": {
            "every_n_layers": every,
            "heads": _heads(sizes["ci"], _CROSS_HEAD),
            "head_dim": _CROSS_HEAD,
            "ff_mult": sizes["cff"] // sizes["d"],
            "gate_init": 0.0,
        },
        "language": {
            "vocab_size": sizes["V"],
            "width": sizes["d"],
            "layers": layout.layers,
            "heads": _heads(sizes["d"], _LANGUAGE_HEAD),
            "mlp_ratio": sizes["ff"] // sizes["d"],
            "max_seq_len": 2048,
            "alibi_bias_max": 8.0,
            "qk_layernorm": layout.qk_layernorm,
            **tokens,
        },
        "head": {
            "pool_padding": True,
            "lstm_hidden": sizes["H"],
            "lstm_layers": layout.lstm_layers,
            "lstm_layernorm": layout.lstm_layernorm,
            "mlp_hidden": [sizes[f"m{i}"] for i in range(layout.mlp_layers)],
            "mlp_layernorm": layout.mlp_layernorm,
            "dropout_placement": layout.dropout_placement,
            "mlp_dropout": float(options["exit_dropout"]),
            "lstm_dropout": float(options["lstm_dropout"]),
        },
        "state": {"use_state": False, "mean": [], "scale": [], "angles": []},
        "prompt": {"end_of_text": True, "max_tokens": 32},
    }
    for change in changes:
        _apply(config, change)
    _check(config, sizes)
    return config


def _heads(width: int, of_one: int) -> int:
    return width // of_one if width % of_one == 0 else 0  # 0: cannot be told, see _check


def _apply(config: dict[str, Any], change: str) -> None:
    key, equals, text = change.partition("=")
    *path, last = key.split(".")
    table: Any = config
    for part in path:
        table = table.get(part) if isinstance(table, dict) else None
    if not equals or not isinstance(table, dict) or last not in table or isinstance(table[last], dict):
        raise Error(f"set: '{change}', expected key=value with a key of config.json, such as vision.heads=16")
    before = table[last]
    try:
        value = text if isinstance(before, str) else json.loads(text)
    except ValueError:
        value = None
    if isinstance(before, float) and type(value) is int:
        value = float(value)
    if type(value) is not type(before):
        raise Error(f"set: '{change}', expected a value like {json.dumps(before)}")
    table[last] = value


def _check(config: dict[str, Any], sizes: Mapping[str, int]) -> None:
    """What shapes must fit beyond themselves."""

    def require(good: bool, key: str, expected: str) -> None:
        if not good:
            section, _, field = key.partition(".")
            raise Error(f"config: {key} is {config[section][field]}, expected {expected} (--set {key}=... says it)")

    for key, width in (("vision", sizes["D"]), ("language", sizes["d"])):
        heads = config[key]["heads"]
        require(heads > 0 and width % heads == 0, f"{key}.heads", f"a divisor of {key}.width ({width})")
    for key, inner in (("perceiver", sizes["pi"]), ("cross_attention", sizes["ci"])):
        section = config[key]
        if section["heads"] > 0 and inner % section["heads"] == 0:
            section["head_dim"] = inner // section["heads"]
        require(section["heads"] * section["head_dim"] == inner, f"{key}.heads", f"a divisor of {inner}")
    for key, inner, width in (("perceiver", "pff", "D"), ("cross_attention", "cff", "d")):
        fits = config[key]["ff_mult"] * sizes[width] == sizes[inner]
        require(fits, f"{key}.ff_mult", f"{sizes[inner]} / {sizes[width]}")
    fits = config["language"]["mlp_ratio"] * sizes["d"] == sizes["ff"]
    require(fits, "language.mlp_ratio", f"{sizes['ff']} / {sizes['d']}")
    patches = (config["vision"]["image_size"] // sizes["patch"]) ** 2
    require(patches + 1 == sizes["positions"], "vision.image_size", f"{sizes['positions'] - 1} patches of it")


def _numbers(tensors: Tensors, pattern: str) -> list[int]:
    compiled = re.compile(pattern)
    return [int(match[1]) for name in tensors if (match := compiled.match(name))]


def _count(tensors: Tensors, pattern: str) -> int:
    return max(_numbers(tensors, pattern), default=-1) + 1
