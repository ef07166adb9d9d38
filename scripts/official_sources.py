"""Classes of the official DeeR-VLA code, imported from a checkout and the files of MPT-1B."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from pathlib import Path

NEEDS = ["torch", "numpy", "einops", "einops_exts", "open_clip"]


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


def missing_imports(names: list[str] = NEEDS) -> list[str]:
    return [name for name in names if not have(name)]


def module_of(name: str, path: Path, changes: dict[str, str]) -> types.ModuleType:
    """An official file as a module of that name, with changes to its text where they are asked for."""
    source = path.read_text()
    for old, new in changes.items():
        if old not in source:
            raise ValueError(f"{path}: no {old!r}")
        source = source.replace(old, new)
    module = types.ModuleType(name)
    module.__file__, module.__package__ = str(path), name.rpartition(".")[0]
    sys.modules[name] = module
    exec(compile(source, str(path), "exec"), module.__dict__)  # noqa: S102
    return module


def official_sources(official: Path, mpt: Path | None, mlp_hidden: list[int]) -> dict:
    """Classes of the official files. Modules that they import and the timed ones do not use are left empty."""
    import torch

    stub("open_flamingo", official / "open_flamingo/open_flamingo")
    stub("open_flamingo.src", official / "open_flamingo/open_flamingo/src")
    helpers = importlib.import_module("open_flamingo.src.helpers")
    flamingo = importlib.import_module("open_flamingo.src.flamingo_lm")
    stub("robot_flamingo.models.normalizer", LinearNormalizer=object)
    stub("robot_flamingo.models.trajectory_gpt2", get_gpt_model=None)
    # The head's hidden layers are written out in the code; a smaller model has smaller ones.
    head = module_of("official_action_head", official / "robot_flamingo/models/action_head.py",
                     {"hidden_dims=[1024, 512, 256]": f"hidden_dims={mlp_hidden}"})

    # open_clip's package wants torchvision, of which the transformer needs nothing.
    clip_path = Path(importlib.util.find_spec("open_clip").origin).parent
    if have("torchvision"):
        # Shapes of compiled operations, whose import fails with a torchvision for another build of torch.
        sys.modules.setdefault("torchvision._meta_registrations", types.ModuleType("_meta_registrations"))
    else:
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


def vision_tower(sources: dict, sizes: dict):
    names = ("image_size", "patch_size", "width", "layers", "heads", "output_dim")
    return sources["vision"](**{name: sizes[name] for name in names}, mlp_ratio=4.0, act_layer=sources["quick_gelu"],
                             output_tokens=True)
