"""Names and shapes of an agent's tensors, and the sizes that shapes tell.

A shape is written in symbols, so that one table both says what is expected and reads sizes off what is there.

    D vision width, patch, positions = patches + 1, O vision's projection, vff its feed-forward
    latents, pi = heads x head_dim of the resampler, pff its feed-forward
    V vocabulary, d width, ff the layers' feed-forward; ci = heads x head_dim of cross-attention, cff its feed-forward
    H of the LSTM, m0, m1, ... of the head's small networks
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from deerbench.convert.sources import Tensors

Dim = int | str | tuple[int, str]  # a number, a symbol, or so many times a symbol
Shape = tuple[Dim, ...]


@dataclass(frozen=True)
class Layout:
    """What decides which tensors there are; their sizes are another matter."""

    vision_layers: int
    perceiver_layers: int
    layers: int  # of the language model
    cross_attention: frozenset[int]  # layers that have one before them
    qk_layernorm: bool
    lstm_layers: int
    lstm_layernorm: bool
    mlp_layers: int  # hidden ones
    mlp_layernorm: bool
    dropout_placement: str  # "layerwise" or "last": decides the numbers in names
    training_heads: int = 0  # beside lm_head, 0 for none of both


def symbolic_shapes(layout: Layout) -> dict[str, Shape]:
    """Every tensor's name and shape, in symbols. agent/agent_model.h gives the names."""
    shapes: dict[str, Shape] = {}

    def linear(name: str, out: Dim, into: Dim, bias: bool = False) -> None:
        shapes[f"{name}.weight"] = (out, into)
        if bias:
            shapes[f"{name}.bias"] = (out,)

    def norm(name: str, size: Dim, bias: bool = True) -> None:
        shapes[f"{name}.weight"] = (size,)
        if bias:
            shapes[f"{name}.bias"] = (size,)

    def feed_forward(name: str, width: Dim, inner: Dim) -> None:
        norm(f"{name}.0", width)
        linear(f"{name}.1", inner, width)
        linear(f"{name}.3", width, inner)

    visual = "vision_encoder.visual"
    shapes[f"{visual}.class_embedding"] = ("D",)
    shapes[f"{visual}.positional_embedding"] = ("positions", "D")
    shapes[f"{visual}.proj"] = ("D", "O")
    shapes[f"{visual}.conv1.weight"] = ("D", 3, "patch", "patch")
    norm(f"{visual}.ln_pre", "D")
    norm(f"{visual}.ln_post", "D")
    for i in range(layout.vision_layers):
        block = f"{visual}.transformer.resblocks.{i}"
        norm(f"{block}.ln_1", "D")
        norm(f"{block}.ln_2", "D")
        shapes[f"{block}.attn.in_proj_weight"] = ((3, "D"), "D")
        shapes[f"{block}.attn.in_proj_bias"] = ((3, "D"),)
        linear(f"{block}.attn.out_proj", "D", "D", bias=True)
        linear(f"{block}.mlp.c_fc", (4, "D"), "D", bias=True)
        linear(f"{block}.mlp.c_proj", "D", (4, "D"), bias=True)

    shapes["perceiver.latents"] = ("latents", "D")
    norm("perceiver.norm", "D")
    for i in range(layout.perceiver_layers):
        layer = f"perceiver.layers.{i}"
        norm(f"{layer}.0.norm_media", "D")
        norm(f"{layer}.0.norm_latents", "D")
        linear(f"{layer}.0.to_q", "pi", "D")
        linear(f"{layer}.0.to_kv", (2, "pi"), "D")
        linear(f"{layer}.0.to_out", "D", "pi")
        feed_forward(f"{layer}.1", "D", "pff")

    transformer = "lang_encoder.transformer"
    shapes[f"{transformer}.wte.weight"] = ("V", "d")
    norm(f"{transformer}.ln_f", "d", bias=False)
    for i in range(layout.layers):
        if i in layout.cross_attention:
            cross = f"{transformer}.blocks.{i}.gated_cross_attn_layer"
            shapes[f"{cross}.attn_gate"] = shapes[f"{cross}.ff_gate"] = (1,)
            norm(f"{cross}.attn.norm", "d")
            linear(f"{cross}.attn.to_q", "ci", "d")
            linear(f"{cross}.attn.to_kv", (2, "ci"), "D")
            linear(f"{cross}.attn.to_out", "d", "ci")
            feed_forward(f"{cross}.ff", "d", "cff")
        decoder = f"{transformer}.blocks.{i}.decoder_layer"
        for part in ("ln_1", "ln_2", *(("attn.q_ln", "attn.k_ln") if layout.qk_layernorm else ())):
            norm(f"{decoder}.{part}", "d", bias=False)
        linear(f"{decoder}.attn.Wqkv", (3, "d"), "d")
        linear(f"{decoder}.attn.out_proj", "d", "d")
        linear(f"{decoder}.mlp.mlp_up", "ff", "d")
        linear(f"{decoder}.mlp.mlp_down", "d", "ff")

    heads = ["extra_exit"]
    if layout.training_heads:
        heads += ["lm_head", *(f"lm_exit_modules.{i}" for i in range(layout.training_heads))]
    for head in heads:
        shapes |= _head_shapes(head, layout)
    return shapes


def _head_shapes(head: str, layout: Layout) -> dict[str, Shape]:
    shapes: dict[str, Shape] = {}
    for i in range(layout.lstm_layers):
        cell, suffix = (f"{head}.rnn.layers.{3 * i}", "l0") if layout.lstm_layernorm else (f"{head}.rnn", f"l{i}")
        shapes[f"{cell}.weight_ih_{suffix}"] = ((4, "H"), "H" if i else "d")
        shapes[f"{cell}.weight_hh_{suffix}"] = ((4, "H"), "H")
        shapes[f"{cell}.bias_ih_{suffix}"] = shapes[f"{cell}.bias_hh_{suffix}"] = ((4, "H"),)
        if layout.lstm_layernorm:
            shapes[f"{head}.rnn.layers.{3 * i + 1}.weight"] = shapes[f"{head}.rnn.layers.{3 * i + 1}.bias"] = ("H",)
    layerwise = layout.dropout_placement == "layerwise"
    for part, out in (("actions", 6), ("gripper", 1)):
        into: Dim = "H"
        for i in range(layout.mlp_layers):
            index = 4 * i + 1 if layerwise else 3 * i
            shapes[f"{head}.{part}.mlp.{index}.weight"] = (f"m{i}", into)
            shapes[f"{head}.{part}.mlp.{index}.bias"] = (f"m{i}",)
            if layout.mlp_layernorm:
                for name in ("weight", "bias"):
                    shapes[f"{head}.{part}.mlp.{index + 1}.{name}"] = (f"m{i}",)
            into = f"m{i}"
        last = (4 if layerwise else 3) * layout.mlp_layers + 1
        shapes[f"{head}.{part}.mlp.{last}.weight"] = (out, into)
        shapes[f"{head}.{part}.mlp.{last}.bias"] = (out,)
    return shapes


def read_sizes(shapes: Mapping[str, Shape], tensors: Tensors) -> dict[str, int]:
    """The symbols' values: what most tensors say, so that a misshapen one is told from the rest.

    A symbol is left out if no tensor is there that would tell it.
    """
    votes: dict[str, Counter[int]] = {}
    for name, shape in shapes.items():
        found = tuple(tensors[name].shape) if name in tensors else ()
        if len(found) != len(shape):
            continue
        for dim, extent in zip(shape, found):
            if isinstance(dim, int):
                continue
            factor, symbol = dim if isinstance(dim, tuple) else (1, dim)
            if extent > 0 and extent % factor == 0:
                votes.setdefault(symbol, Counter())[extent // factor] += 1
    return {symbol: counter.most_common(1)[0][0] for symbol, counter in votes.items()}


def expected_shape(shape: Shape, sizes: Mapping[str, int]) -> tuple[int | str, ...]:
    """A shape in numbers, as far as they are known."""
    expected: list[int | str] = []
    for dim in shape:
        factor, symbol = dim if isinstance(dim, tuple) else (1, dim)
        size = symbol if isinstance(symbol, int) else sizes.get(symbol)
        expected.append(factor * size if size is not None else f"{factor} x {symbol}" if factor > 1 else str(symbol))
    return tuple(expected)
