"""Files as the official training leaves them, small and untrained, for tests of the conversion.

The module tree hangs together as DeeR's does, so that torch itself says which tensors have which names, and which of
them the official filter (robot_flamingo's get_checkpoint) takes away.
"""
import dataclasses
import json

import torch
from torch import nn


@dataclasses.dataclass
class Sizes:
    vision_width: int = 32
    patch: int = 5
    patches: int = 9
    vision_layers: int = 2
    projection: int = 12
    latents: int = 4
    width: int = 24
    layers: int = 6
    layers_before: int = 8  # of the language model that DeeR cuts
    vocabulary: int = 300
    every: int = 1
    interval: int = 2
    hidden: int = 20
    mlp: tuple = (16, 12)
    lstm_layers: int = 2
    lstm_layernorm: bool = True
    mlp_layernorm: bool = True
    dropout_mode: str = "layerwise"
    mpt_7b: bool = False  # spelled and built as MPT-7B is

    @property
    def exits(self):
        return [*range(self.interval - 1, self.layers - 1, self.interval), self.layers - 1]


def tree(**children):
    """A module of these children and parameters; numbers stand behind _."""
    module = nn.Module()
    for name, child in children.items():
        name = name.removeprefix("_")
        if isinstance(child, nn.Parameter):
            module.register_parameter(name, child)
        else:
            module.add_module(name, child)
    return module


def linear(into, out, bias=False):
    return nn.Linear(into, out, bias=bias)


def scale(width):
    return tree(weight=nn.Parameter(torch.randn(width)))


def feed_forward(width, mult=4):
    return nn.Sequential(nn.LayerNorm(width), linear(width, mult * width), nn.GELU(), linear(mult * width, width))


def vision(s):
    d = s.vision_width
    blocks = [
        tree(
            ln_1=nn.LayerNorm(d), ln_2=nn.LayerNorm(d), attn=nn.MultiheadAttention(d, 1),
            mlp=tree(c_fc=linear(d, 4 * d, True), c_proj=linear(4 * d, d, True)),
        )
        for _ in range(s.vision_layers)
    ]
    return tree(
        class_embedding=nn.Parameter(torch.randn(d)),
        positional_embedding=nn.Parameter(torch.randn(s.patches + 1, d)),
        proj=nn.Parameter(torch.randn(d, s.projection)),
        conv1=nn.Conv2d(3, d, s.patch, bias=False),
        ln_pre=nn.LayerNorm(d), ln_post=nn.LayerNorm(d),
        transformer=tree(resblocks=nn.ModuleList(blocks)),
    )


def attention(width, media, names):
    parts = {name: nn.LayerNorm(width if name != "norm_media" else media) for name in names}
    return tree(**parts, to_q=linear(width, 512), to_kv=linear(media, 1024), to_out=linear(512, width))


def perceiver(s):
    d = s.vision_width
    layers = [
        nn.ModuleList([attention(d, d, ("norm_media", "norm_latents")), feed_forward(d)]) for _ in range(6)
    ]
    return tree(latents=nn.Parameter(torch.randn(s.latents, d)), layers=nn.ModuleList(layers), norm=nn.LayerNorm(d))


def decoder(s):
    d = s.width
    if s.mpt_7b:
        return tree(norm_1=scale(d), norm_2=scale(d), attn=tree(Wqkv=linear(d, 3 * d), out_proj=linear(d, d)),
                    ffn=tree(up_proj=linear(d, 4 * d), down_proj=linear(4 * d, d)))
    return tree(ln_1=scale(d), ln_2=scale(d),
                attn=tree(Wqkv=linear(d, 3 * d), out_proj=linear(d, d), q_ln=scale(d), k_ln=scale(d)),
                mlp=tree(mlp_up=linear(d, 4 * d), mlp_down=linear(4 * d, d)))


def head_mlp(s, out):
    """The layouts of action_head.py: where dropout stands decides the numbers."""
    layers, width = [], s.hidden
    norm = [nn.LayerNorm] if s.mlp_layernorm else [] if s.dropout_mode == "wo_last" else [nn.Identity]
    for i, size in enumerate(s.mlp):
        if s.dropout_mode != "last" and (i == 0 or s.dropout_mode == "wo_last"):
            layers.append(nn.Dropout())
        layers += [nn.Linear(width, size), *(make(size) for make in norm), nn.ReLU()]
        if s.dropout_mode == "layerwise" or (s.dropout_mode == "last" and i + 1 == len(s.mlp)):
            layers.append(nn.Dropout())
        width = size
    return tree(mlp=nn.Sequential(*layers, nn.Linear(width, out), nn.Tanh()))


def head(s):
    if s.lstm_layernorm:
        cells = []
        for i in range(s.lstm_layers):
            cells += [nn.LSTM(s.hidden if i else s.width, s.hidden), nn.LayerNorm(s.hidden), nn.Dropout()]
        rnn = tree(layers=nn.ModuleList(cells[:-1]))
    else:
        rnn = nn.LSTM(s.width, s.hidden, s.lstm_layers)
    return tree(rnn=rnn, actions=head_mlp(s, 6), gripper=head_mlp(s, 1))


def official_model(s, seed=0):
    """The whole model behind DDP's wrapper, before DeeR cuts layers, and the language model alone as MPT has it."""
    torch.manual_seed(seed)
    decoders = nn.ModuleList(decoder(s) for _ in range(s.layers_before))
    crosses = nn.ModuleList(
        tree(attn=attention(s.width, s.vision_width, ("norm",)), ff=feed_forward(s.width),
             attn_gate=nn.Parameter(torch.randn(1)), ff_gate=nn.Parameter(torch.randn(1)))
        if (i + 1) % s.every == 0 else None
        for i in range(s.layers_before)
    )
    wte, last_norm = nn.Embedding(s.vocabulary, s.width), scale(s.width)
    last_norm_name = "norm_f" if s.mpt_7b else "ln_f"
    mpt = tree(transformer=tree(wte=wte, blocks=nn.ModuleList(decoders), **{last_norm_name: last_norm}))
    mpt_tensors = {name: tensor.clone() for name, tensor in mpt.state_dict().items()}
    del decoders[s.layers:], crosses[s.layers:]
    blocks = nn.ModuleList(
        tree(gated_cross_attn_layer=cross, decoder_layer=block) for cross, block in zip(crosses, decoders)
    )
    language = tree(transformer=tree(wte=wte, blocks=blocks, **{last_norm_name: last_norm}),
                    old_decoder_blocks=decoders, gated_cross_attn_layers=crosses)
    model = tree(module=tree(
        vision_encoder=tree(visual=vision(s)), perceiver=perceiver(s), lang_encoder=language, lm_head=head(s),
        lm_exit_modules=nn.ModuleList(head(s) for _ in s.exits[:-1]), extra_exit=head(s),
    ))
    frozen = ("decoder_layer", "old_decoder_blocks", "vision_encoder", "ln_f", "norm_f")
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not any(part in name for part in frozen))
    return model, mpt_tensors


def filtered(model):
    """What the official code keeps: not the name that a frozen parameter is listed under."""
    tensors = model.state_dict()
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            del tensors[name]
    return tensors


def options(s):
    return {
        "epoch": 3, "head_type": "deterministic", "early_exit_layer": s.layers - 1, "multi_exit": True,
        "share_exit": False, "exit_interval": s.interval, "exit_dropout": 0.4, "lstm_dropout": 0.3,
        "dropout_mode": s.dropout_mode, "mlp_layernorm": s.mlp_layernorm, "lstm_layernorm": s.lstm_layernorm,
        "mlp_num_hidden_layers": len(s.mlp), "lstm_num_layers": s.lstm_layers, "pooling": "max", "precision": "fp32",
        "optimizer_state_dict": {"state": {}, "param_groups": [{"lr": 1e-4, "params": [0]}]},
    }


def write_tokenizer(path, vocabulary=257):
    """Bytes, and what ends a text: the special tokens of the agent are not there yet."""
    characters = {b: chr(b) for b in range(33, 127)} | {b: chr(b) for b in range(161, 256) if b != 173}
    others = [b for b in range(256) if b not in characters]
    characters |= {b: chr(256 + i) for i, b in enumerate(others)}
    vocab = {"<|endoftext|>": 0} | {characters[b]: b + 1 for b in range(vocabulary - 1)}
    end = {"id": 0, "content": "<|endoftext|>", "single_word": False, "lstrip": False, "rstrip": False,
           "normalized": False, "special": True}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    path.write_text(json.dumps({
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [end], "normalizer": {"type": "NFC"},
        "pre_tokenizer": level, "post_processor": level, "decoder": level,
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "vocab": vocab, "merges": []}}))
    return path


def write_official(folder, sizes=None, seed=0, **changes):
    """deer.pth, clip.pt, mpt.bin and tokenizer.json in a folder. Returns sizes and the model."""
    s = sizes or Sizes()
    model, mpt = official_model(s, seed)
    folder.mkdir(parents=True, exist_ok=True)
    torch.save({**options(s), "model_state_dict": filtered(model), **changes}, folder / "deer.pth")
    clip = {f"visual.{name}": tensor for name, tensor in model.module.vision_encoder.visual.state_dict().items()}
    text_tower = {"token_embedding.weight": torch.zeros(2, 2), "logit_scale": torch.zeros(())}
    torch.save({**clip, **text_tower}, folder / "clip.pt")
    torch.save(mpt, folder / "mpt.bin")
    write_tokenizer(folder / "tokenizer.json")
    return s, model
