"""python -m deerbench.convert: official files in, a checkpoint folder out."""

import hashlib
import json
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import deerbench
from deerbench.convert import Sources, convert_checkpoint
from deerbench.convert.names import collapse
from deerbench.convert.sources import read_tensors

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from official_checkpoint import Sizes, official_model, options, write_official  # noqa: E402

HEADS = ["vision.heads=2", "language.heads=2"]
SOURCES = {"checkpoint": "deer.pth", "clip": "clip.pt"}


def convert(folder, out, sources=SOURCES, changes=HEADS, **settings):
    given = {key: folder / name for key, name in sources.items()}
    return convert_checkpoint(Sources(**given), folder / "tokenizer.json", out, "D", changes=changes, **settings)


def rewrite(path, change):
    """Changes a .pth or state dict in place."""
    content = torch.load(path, weights_only=True)
    change(content)
    torch.save(content, path)


def stored(folder):
    return read_tensors(Path(folder) / "model.safetensors" if (Path(folder) / "model.safetensors").exists() else Path(folder))


def canonical(model):
    """What an agent holds of an official model, by the first name of each."""
    skipped = ("lm_head.", "lm_exit_modules.")
    tensors = {name.removeprefix("module."): parameter.detach() for name, parameter in model.named_parameters()}
    return {name: tensor for name, tensor in tensors.items() if not name.startswith(skipped)}


def act(folder, exit="last", steps=2):
    policy = deerbench.load_policy(folder, exit=exit, backend="reference")
    policy.reset()
    rng = np.random.default_rng(1)
    obs = {"rgb_static": rng.integers(0, 256, (40, 40, 3), np.uint8), "rgb_gripper": rng.integers(0, 256, (20, 20, 3), np.uint8),
           "robot_obs": np.zeros(15)}
    return [policy.step(obs, "go on")[:6].tolist() for _ in range(steps)]


@pytest.fixture(scope="module")
def official(tmp_path_factory):
    folder = tmp_path_factory.mktemp("official")
    sizes, model = write_official(folder)
    return folder, sizes, model


@pytest.fixture
def broken(tmp_path):
    """Files to damage."""
    write_official(tmp_path / "official")
    return tmp_path / "official"


def test_every_tensor_is_there_once_under_its_first_name(official, tmp_path):
    folder, sizes, model = official
    done = convert(folder, tmp_path / "deer-d")
    expected = canonical(model)
    last_norm = "lang_encoder.transformer.ln_f.weight"  # no official file but MPT's has it, and nothing uses it
    expected[last_norm] = torch.ones(sizes.width)
    assert done.filled == (last_norm,)
    found = stored(tmp_path / "deer-d")
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert done.tensors == len(expected) and done.parameters == sum(t.numel() for t in expected.values())
    assert sorted(path.name for path in (tmp_path / "deer-d").iterdir()) == [
        "config.json", "metadata.json", "model.safetensors", "tokenizer.json"]
    assert done.weights_sha256 == hashlib.sha256((tmp_path / "deer-d" / "model.safetensors").read_bytes()).hexdigest()


def test_sizes_come_from_tensors_and_options_from_the_pth(official, tmp_path):
    folder, sizes, _ = official
    config = convert(folder, tmp_path / "deer-d").config
    assert config == json.loads((tmp_path / "deer-d" / "config.json").read_text())
    assert config["vision"] == {"kind": "clip", "width": 32, "image_size": 15, "patch_size": 5, "layers": 2, "heads": 2,
                                "output_dim": 12}
    assert config["perceiver"] == {"depth": 6, "latents": 4, "heads": 8, "head_dim": 64, "ff_mult": 4}
    assert config["language"]["layers"] == sizes.layers and config["language"]["vocab_size"] == sizes.vocabulary
    assert (config["exit_interval"], config["head"]["mlp_hidden"], config["head"]["lstm_hidden"]) == (2, [16, 12], 20)
    assert (config["head"]["mlp_dropout"], config["head"]["lstm_dropout"]) == (0.4, 0.3)
    metadata = json.loads((tmp_path / "deer-d" / "metadata.json").read_text())
    assert (metadata["name"], metadata["train_scenes"]) == ("deer-d", ["D"])
    digest = hashlib.sha256((folder / "deer.pth").read_bytes()).hexdigest()
    assert metadata["converted"]["files"]["checkpoint"] == {"deer.pth": digest}


def test_the_special_tokens_follow_behind_the_vocabulary(official, tmp_path):
    folder, _, _ = official
    language = convert(folder, tmp_path / "out").config["language"]
    assert [language[f"{token}_token"] for token in ("eos", "end_of_chunk", "media", "pad")] == [0, 257, 258, 259]
    added = json.loads((tmp_path / "out" / "tokenizer.json").read_text())["added_tokens"]
    assert [token["content"] for token in added] == ["<|endoftext|>", "<|endofchunk|>", "<image>", "<PAD>"]
    again = tmp_path / "again"
    given = Sources(folder / "deer.pth", clip=folder / "clip.pt")
    convert_checkpoint(given, tmp_path / "out", again, "D", changes=HEADS)  # a folder, with a tokenizer that has them
    assert (again / "tokenizer.json").read_bytes() == (tmp_path / "out" / "tokenizer.json").read_bytes()


@pytest.mark.parametrize(
    "sizes",
    [
        Sizes(every=2, interval=3, layers=7, mlp=(16, 12, 8), dropout_mode="last"),
        Sizes(lstm_layernorm=False, mlp_layernorm=False, lstm_layers=3),
        Sizes(every=4, interval=4, layers=8, mpt_7b=True),
    ],
    ids=["sparse", "plain", "mpt-7b"],
)
def test_other_models_are_converted_and_act(sizes, tmp_path):
    write_official(tmp_path / "official", sizes)
    done = convert(tmp_path / "official", tmp_path / "out")
    assert done.config["cross_attention"]["every_n_layers"] == sizes.every
    assert done.config["language"]["qk_layernorm"] != sizes.mpt_7b
    assert done.config["skip_first_exit"] == sizes.mpt_7b
    policy = deerbench.load_policy(tmp_path / "out", exit="last", backend="reference")
    assert policy.exit_layers == sizes.exits
    assert np.isfinite(act(tmp_path / "out")).all()


@pytest.mark.parametrize("norm", [True, False])
def test_the_oldest_heads_compute_the_same_under_new_numbers(norm, tmp_path):
    s = Sizes(dropout_mode="wo_last", mlp=(16, 12, 8), mlp_layernorm=norm)
    _, model = write_official(tmp_path / "official", s)
    done = convert(tmp_path / "official", tmp_path / "out")
    assert done.config["head"]["dropout_placement"] == "last"
    found = stored(tmp_path / "out")
    x = torch.randn(5, s.hidden)
    for part in ("actions", "gripper"):
        expected = getattr(model.module.extra_exit, part).mlp.eval()(x)
        y = x
        for index in (0, 3, 6, 10):
            prefix = f"extra_exit.{part}.mlp."
            y = torch.nn.functional.linear(y, found[f"{prefix}{index}.weight"], found[f"{prefix}{index}.bias"])
            if norm and index < 10:
                weights = found[f"{prefix}{index + 1}.weight"], found[f"{prefix}{index + 1}.bias"]
                y = torch.nn.functional.layer_norm(y, y.shape[-1:], *weights)
            y = torch.relu(y) if index < 10 else torch.tanh(y)
        assert torch.equal(y, expected)


def test_shards_hold_the_same_and_act_the_same(tmp_path):
    s = Sizes(vision_width=64, width=64)  # several shards of one MiB
    write_official(tmp_path / "official", s)
    whole = convert(tmp_path / "official", tmp_path / "whole", changes=["language.heads=2"])
    parts = convert(tmp_path / "official", tmp_path / "parts", changes=["language.heads=2"], shard_mib=1)
    files = sorted(path.name for path in (tmp_path / "parts").glob("model*"))
    assert len(files) > 3 and files[-1] == "model.safetensors.index.json"
    assert all((tmp_path / "parts" / file).stat().st_size < (1 << 20) + (1 << 16) for file in files[:-1])
    one, many = stored(tmp_path / "whole"), stored(tmp_path / "parts")
    assert one.keys() == many.keys() and all(torch.equal(one[name], many[name]) for name in one)
    lines = "".join(f"{hashlib.sha256((tmp_path / 'parts' / f).read_bytes()).hexdigest()}  {f}\n" for f in files)
    assert parts.weights_sha256 == hashlib.sha256(lines.encode()).hexdigest() != whole.weights_sha256
    loaded = deerbench.load_policy(tmp_path / "parts", exit="last", backend="reference")
    assert loaded.checkpoint_sha256 == parts.weights_sha256
    assert act(tmp_path / "parts") == act(tmp_path / "whole")


def test_half_precision_and_the_heads_of_training_are_kept_if_asked_for(official, tmp_path):
    folder, sizes, model = official
    done = convert(folder, tmp_path / "out", dtype="bfloat16", training_heads=True)
    found = stored(tmp_path / "out")
    name = "lm_exit_modules.1.actions.mlp.1.weight"
    assert torch.equal(found[name], model.get_parameter("module." + name).to(torch.bfloat16))
    assert {name.split(".")[1] for name in found if name.startswith("lm_exit_modules")} == {"0", "1"}
    assert done.tensors == len(canonical(model)) + 3 * sum(name.startswith("extra_exit") for name in found)
    act(tmp_path / "out")


def test_what_the_pth_lacks_comes_from_openflamingo_and_mpt(broken, tmp_path):
    original = torch.load(broken / "deer.pth", weights_only=True)["model_state_dict"]
    flamingo = {name.removeprefix("module."): tensor + 1 for name, tensor in original.items()
                if "perceiver" in name or "gated_cross_attn_layers" in name}
    torch.save(flamingo, broken / "flamingo.pt")

    def drop(content):
        content["model_state_dict"] = {name: tensor for name, tensor in content["model_state_dict"].items()
                                       if "old_decoder" not in name and "perceiver" not in name}

    rewrite(broken / "deer.pth", drop)
    convert(broken, tmp_path / "out", {**SOURCES, "openflamingo": "flamingo.pt", "mpt": "mpt.bin"})
    found, mpt = stored(tmp_path / "out"), torch.load(broken / "mpt.bin", weights_only=True)
    assert torch.equal(found["perceiver.latents"], flamingo["perceiver.latents"])
    gate = "lang_encoder.transformer.blocks.2.gated_cross_attn_layer.attn_gate"  # the .pth has a later one
    assert torch.equal(found[gate], original["module." + gate])
    wqkv = "transformer.blocks.5.{}attn.Wqkv.weight"
    assert torch.equal(found["lang_encoder." + wqkv.format("decoder_layer.")], mpt[wqkv.format("")])
    assert torch.equal(found["lang_encoder.transformer.ln_f.weight"], mpt["transformer.ln_f.weight"])


def test_sharded_and_safetensors_sources_are_read(broken, tmp_path):
    tensors = torch.load(broken / "mpt.bin", weights_only=True)
    folder = tmp_path / "mpt"
    folder.mkdir()
    half = sorted(tensors)[: len(tensors) // 2]
    shards = {"pytorch_model-1.bin": {n: t for n, t in tensors.items() if n in half},
              "pytorch_model-2.bin": {n: t for n, t in tensors.items() if n not in half}}
    for file, content in shards.items():
        torch.save(content, folder / file)
    index = {"weight_map": {name: file for file, content in shards.items() for name in content}}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    convert(broken, tmp_path / "out")
    converted = read_tensors(tmp_path / "out" / "model.safetensors")
    assert read_tensors(folder).keys() == tensors.keys()
    given = Sources(broken / "deer.pth", mpt=folder, clip=broken / "clip.pt")
    convert_checkpoint(given, broken / "tokenizer.json", tmp_path / "again", "D", changes=HEADS)
    name = "lang_encoder.transformer.ln_f.weight"
    assert torch.equal(stored(tmp_path / "again")[name], tensors["transformer.ln_f.weight"])
    assert torch.equal(stored(tmp_path / "again")["perceiver.latents"], converted["perceiver.latents"])


def test_recorded_differences_become_the_checkpoints_calibration(tmp_path):
    values = torch.rand(4, 50)
    write_official(tmp_path / "official", values=values)
    done = convert(tmp_path / "official", tmp_path / "out")
    calibration = json.loads((tmp_path / "out" / "calibration.json").read_text())
    assert done.calibrated and calibration["exit_layers"] == [1, 3, 5]
    assert np.array_equal(np.float32(calibration["differences"]), values[:3].numpy())
    policy = deerbench.load_policy(tmp_path / "out", backend="reference", budget_gmacs=4e-3)  # solved from them
    assert policy.settings["exit_plan"].startswith("1:")


# Each damages files in `folder` and says what the one error must hold.
def lose_tensors(content):
    del content["model_state_dict"]["module.lang_encoder.old_decoder_blocks.3.attn.Wqkv.weight"]
    del content["model_state_dict"]["module.extra_exit.gripper.mlp.9.bias"]


def lose_everywhere(content):
    for name in [name for name in content["model_state_dict"] if ".to_kv." in name and "perceiver" in name]:
        del content["model_state_dict"][name]


def add_tensors(content):
    content["model_state_dict"]["module.perceiver_gripper.latents"] = torch.zeros(2)
    content["model_state_dict"]["module.lang_encoder.old_decoder_blocks.6.ln_1.weight"] = torch.zeros(24)


def reshape_tensors(content):
    tensors = content["model_state_dict"]
    tensors["module.lang_encoder.transformer.wte.weight"] = torch.zeros(300, 23)
    tensors["module.perceiver.latents"] = torch.zeros(4, 1, 32)


def contradict(content):
    content["model_state_dict"]["module.lang_encoder.gated_cross_attn_layers.1.attn_gate"] = torch.tensor([7.0])


def break_values(content):
    content["model_state_dict"]["module.perceiver.latents"][0, 0] = float("nan")
    content["model_state_dict"]["module.lang_encoder.transformer.wte.weight"] = torch.zeros(300, 24, dtype=torch.int64)


def everything_at_once(content):
    lose_tensors(content)
    add_tensors(content)
    reshape_tensors(content)


BLOCKS = "lang_encoder.transformer.blocks"
DAMAGES = [
    (lose_tensors, [f"missing: {BLOCKS}.3.decoder_layer.attn.Wqkv.weight, extra_exit.gripper.mlp.9.bias"]),
    (lose_everywhere, ["missing: perceiver.layers.{0-5}.0.to_kv.weight"]),
    (add_tensors, ["unexpected: module.perceiver_gripper.latents, module.lang_encoder.old_decoder_blocks.6.ln_1.weight"]),
    (reshape_tensors, ["of another shape: perceiver.latents is (4, 1, 32), expected (latents, 32), "
                       "lang_encoder.transformer.wte.weight is (300, 23), expected (300, 24)"]),
    (contradict, [f"different tensors under two names of one: {BLOCKS}.1.gated_cross_attn_layer.attn_gate"]),
    (break_values, ["perceiver.latents is not finite", "wte.weight is torch.int64, expected floating point"]),
    (everything_at_once, ["missing: ", "; unexpected: ", "; of another shape: "]),
    (lambda content: content.update(dropout_mode="none"), ["dropout_mode: 'none', expected layerwise or last or wo_last"]),
    (lambda content: content.update(lstm_num_layers="4"), ["lstm_num_layers: '4', expected int"]),
    (lambda content: content.update(lstm_num_layers=3), ["missing: extra_exit.rnn.layers."]),
    (lambda content: content.update(early_exit_layer=4), ["unexpected: module.lang_encoder", ".5."]),
    (lambda content: content.update(early_exit_layer=6), [f"missing: {BLOCKS}.6.gated_cross_attn_layer.attn_gate"]),
    (lambda content: content.update(mlp_layernorm=False), ["unexpected: module.extra_exit.actions.mlp.{2,6}.weight"]),
    (lambda content: content.update(values=torch.rand(2, 9)), ["values: (2, 9), expected finite numbers in at least 3 rows"]),
    (lambda content: content.update(model_state_dict={}), ["holds no tensors"]),
]


@pytest.mark.parametrize("damage, said", DAMAGES)
def test_a_pth_that_does_not_fit_is_refused_in_one_error(broken, tmp_path, damage, said):
    rewrite(broken / "deer.pth", damage)
    with pytest.raises(deerbench.Error) as refusal:
        convert(broken, tmp_path / "out")
    assert all(text in str(refusal.value) for text in said), refusal.value
    assert sorted(path.name for path in tmp_path.iterdir()) == ["official"]


def test_a_missing_source_is_told_by_what_it_would_bring(official, tmp_path):
    folder, _, _ = official
    with pytest.raises(deerbench.Error, match="missing: vision_encoder.visual.class_embedding"):
        convert(folder, tmp_path / "out", {"checkpoint": "deer.pth"})
    with pytest.raises(deerbench.Error, match="clip: .*mpt.bin' holds none of an agent's tensors"):
        convert(folder, tmp_path / "out", {"checkpoint": "deer.pth", "clip": "mpt.bin"})
    with pytest.raises(deerbench.Error, match="none.pth: missing"):
        convert(folder, tmp_path / "out", {"checkpoint": "none.pth"})
    assert not list(tmp_path.iterdir())


class Malicious:
    def __reduce__(self):
        return (os.system, ("touch executed",))


def test_a_pickle_is_never_executed(official, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder, s, model = official
    torch.save({**options(s), "model_state_dict": {}, "extra": Malicious()}, tmp_path / "new.pth")
    (tmp_path / "old.pth").write_bytes(pickle.dumps({"model_state_dict": Malicious()}))
    (tmp_path / "noise.pth").write_bytes(b"\x00" * 100)
    for name in ("new.pth", "old.pth", "noise.pth"):
        with pytest.raises(deerbench.Error, match=f"{name}: refused: .*, expected tensors and plain values"):
            convert_checkpoint(Sources(tmp_path / name), folder / "tokenizer.json", tmp_path / "out", "D")
    assert not (tmp_path / "executed").exists() and not (tmp_path / "out").exists()


def test_a_torchscript_file_is_refused_with_advice(official, tmp_path):
    folder, _, _ = official
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(tmp_path / "ViT.pt"))
    given = Sources(folder / "deer.pth", clip=tmp_path / "ViT.pt")
    with pytest.raises(deerbench.Error, match="ViT.pt: refused: a TorchScript program, expected a state dict"):
        convert_checkpoint(given, folder / "tokenizer.json", tmp_path / "out", "D", changes=HEADS)


@pytest.mark.parametrize(
    "settings, said",
    [
        ({"changes": []}, "config: vision.heads is 0, expected a divisor of vision.width (32) (--set vision.heads=... says it)"),
        ({"changes": ["vision.heads=2", "language.heads=5"]}, "config: language.heads is 5, expected a divisor of"),
        ({"changes": ["vision.heads=two"]}, "set: 'vision.heads=two', expected a value like 0"),
        ({"changes": ["vision.eyes=2"]}, "set: 'vision.eyes=2', expected key=value with a key of config.json"),
        ({"changes": [*HEADS, "perceiver.ff_mult=2"]}, "config: perceiver.ff_mult is 2, expected 128 / 32"),
        ({"dtype": "int8"}, "dtype: 'int8', expected float32 or float16 or bfloat16"),
        ({"shard_mib": 0}, "shard_mib: 0, expected at least 1"),
    ],
)
def test_a_setting_that_does_not_fit_is_named(official, tmp_path, settings, said):
    with pytest.raises(deerbench.Error, match=re.escape(said)):
        convert(official[0], tmp_path / "out", **settings)
    assert not list(tmp_path.iterdir())


def test_a_tokenizer_that_does_not_fit_is_refused(broken, tmp_path):
    content = json.loads((broken / "tokenizer.json").read_text())
    for change, said in [
        (lambda c: c["model"]["vocab"].update(more=298), "302 tokens with the special ones, expected at most 300"),
        (lambda c: c["model"].update(type="WordPiece"), "its model is WordPiece, expected BPE"),
        (lambda c: (c["model"]["vocab"].pop("<|endoftext|>"), c["added_tokens"].clear()), "'<|endoftext|>' is missing"),
        (lambda c: c.pop("model"), "no tokenizer.json"),
    ]:
        changed = json.loads(json.dumps(content))
        change(changed)
        (broken / "tokenizer.json").write_text(json.dumps(changed))
        with pytest.raises(deerbench.Error, match=re.escape(said)):
            convert(broken, tmp_path / "out")
        assert not (tmp_path / "out").exists()


def test_nothing_half_written_stays(official, tmp_path, monkeypatch):
    folder, _, _ = official
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine").touch()
    with pytest.raises(deerbench.Error, match="there' is there, expected a new or empty folder"):
        convert(folder, tmp_path / "there")
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["mine"]

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(deerbench.Error, match="out: .*No space left on device"):
        convert(folder, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["there"]


def test_the_command_converts_and_says_what_is_wrong_in_one_line(official, tmp_path):
    folder, _, _ = official

    def run(*more):
        command = [sys.executable, "-m", "deerbench.convert", "--checkpoint", folder / "deer.pth", "--tokenizer", folder,
                   "--train-scenes", "ABC", "--out", tmp_path / "deer-abc", *more]
        return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)

    refused = run()
    assert refused.returncode == 2 and refused.stderr.startswith("deerbench: error: tensors do not fit an agent: missing: ")
    assert refused.stderr.count("\n") == 1 and not list(tmp_path.iterdir())
    done = run("--clip", folder / "clip.pt", "--set", HEADS[0], "--set", HEADS[1])
    assert done.returncode == 0, done.stderr
    assert f"checkpoint  {(tmp_path / 'deer-abc').resolve()}" in done.stderr
    policy = deerbench.load_policy(tmp_path / "deer-abc", exit="last", backend="reference")
    assert (policy.name, policy.train_scenes) == ("deer-abc", ["A", "B", "C"])


def test_names_that_differ_in_their_number_are_told_as_one():
    names = ["a.0.x", "b", "a.1.x", "a.2.x", "a.4.x", "a.1.y", "c.7.z.2.w is (3), expected (4)"]
    assert collapse(names) == "b, a.{0-2,4}.x, a.1.y, c.7.z.2.w is (3), expected (4)"


# The recorded official models ------------------------------------------------------------------------------------------


def recorded_models():
    folder = os.environ.get("DEERBENCH_DEER_DATA")
    letters = sorted(p.stem.removeprefix("config_") for p in Path(folder).glob("config_*.json")) if folder else []
    return letters or [pytest.param("", marks=pytest.mark.skip(reason="DEERBENCH_DEER_DATA is not set"))]


@pytest.fixture(params=recorded_models())
def recorded(request, tmp_path):
    """A recorded model as the .pth that the official filter leaves, with a tokenizer for its ids; converted."""
    data, letter = Path(os.environ["DEERBENCH_DEER_DATA"]), request.param
    config = json.loads((data / f"config_{letter}.json").read_text())
    tensors = read_tensors(data / f"model_{letter}.safetensors")
    entries = json.loads((data / f"checkpoint_names_{letter}.json").read_text())["entries"]
    state = {"module." + e["name"]: tensors[e["canonical"]] for e in entries if e["in_released_pth"]}
    keys = ["early_exit_layer", "exit_interval", "exit_dropout", "lstm_dropout", "dropout_mode", "mlp_layernorm",
            "lstm_layernorm", "mlp_num_hidden_layers", "lstm_num_layers"]
    torch.save({**{key: config[key] for key in keys}, "model_state_dict": state}, tmp_path / "deer.pth")
    prefix = "vision_encoder."
    torch.save({n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}, tmp_path / "clip.pt")
    special = {config["eos_token_id"]: "<|endoftext|>", config["eoc_token_id"]: "<|endofchunk|>",
               config["media_token_id"]: "<image>", config["pad_token_id"]: "<PAD>"}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    # A letter for every id that a recorded sentence has, so that sentences can be said in letters.
    cases = [np.load(case) for case in sorted(data.glob(f"case_{letter}_rollout_*.npz"))]
    spoken = sorted({i for case in cases for i in case["input_ids"][0].tolist()} - set(special))
    spelling = {i: chr(ord("A") + spoken.index(i)) if i in spoken else f"unused{i}"
                for i in range(config["vocab_size"]) if i not in special}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    (tmp_path / "tokenizer.json").write_text(json.dumps({
        "version": "1.0", "truncation": None, "padding": None, "normalizer": None, "pre_tokenizer": level,
        "post_processor": level, "decoder": level,
        "added_tokens": [{"id": i, "content": token, **flags} for i, token in special.items()],
        "model": {"type": "BPE", "vocab": {text: i for i, text in spelling.items()}, "merges": []}}))
    changes = [f"vision.heads={config['vit']['heads']}", f"language.heads={config['n_heads']}",
               f"language.max_seq_len={config['max_seq_len']}"]
    given = Sources(tmp_path / "deer.pth", clip=tmp_path / "clip.pt")
    done = convert_checkpoint(given, tmp_path / "tokenizer.json", tmp_path / "out", "D", changes=changes)
    return data, letter, tensors, spelling, done


def test_recorded_models_come_out_as_they_were(recorded):
    data, letter, tensors, _, done = recorded
    found = stored(done.folder)
    wanted = {n: t for n, t in tensors.items() if not n.startswith(("lm_head.", "lm_exit_modules."))}
    assert found.keys() == wanted.keys()
    different = [name for name in wanted if not torch.equal(found[name], wanted[name])]
    assert different == ["lang_encoder.transformer.ln_f.weight"] or not different  # no .pth has it, nothing uses it
    config = json.loads((data / f"config_{letter}.json").read_text())
    assert done.config["cross_attention"]["every_n_layers"] == config["cross_attn_every_n_layers"]
    assert done.config["language"]["layers"] == config["n_layers_kept"]
    assert done.config["head"]["mlp_hidden"] == config["mlp_hidden_dims"][: config["mlp_num_hidden_layers"]]


@pytest.mark.parametrize("backend", ["fused", "reference"])
def test_a_converted_model_acts_as_the_official_code_did(recorded, backend):
    """Pictures, sentence and thresholds in, through preprocessing, tokenizer, exits and history: actions out."""
    data, letter, _, spelling, done = recorded
    compared = 0
    for case in sorted(data.glob(f"case_{letter}_rollout_*.npz")):
        z = np.load(case)
        if int(z["steps_per_stage"]) != 1:
            continue  # no option of a policy
        sentence = "".join(spelling.get(i, "") for i in z["input_ids"][0].tolist())
        top = int(z["controller_max_layer_index"])
        exits = [(layer, t) for layer, t in zip(z["exit_ids"].tolist(), z["thresholds"].tolist()) if layer <= top]
        if exits[-1][0] != top:
            continue  # a highest exit that has none: walks on to the next one
        plan = ",".join([f"{layer}:{threshold:.9g}" for layer, threshold in exits[:-1]] + [str(top)])
        policy = deerbench.load_policy(done.folder, exit_plan=plan, backend=backend)
        policy.reset()
        for t in range(len(z["exit_layer"])):
            if t in z["reset_at"]:
                policy.reset()
            action = policy.step({"rgb_static": z["rgb_static_u8"][t], "rgb_gripper": z["rgb_gripper_u8"][t],
                                  "robot_obs": np.zeros(15)}, sentence)
            assert policy.last_step.exit_layer == z["exit_layer"][t], (case.name, t)
            half_ulp = np.spacing(np.abs(z["action_f16"][t][:6])).astype(float) / 2  # actions are rounded to float16
            assert (np.abs(action[:6] - z["pose"][t]) <= half_ulp + 5e-5).all(), (case.name, t)
            assert action[6] == z["action_f16"][t][6]
            compared += 1
    assert compared > 0
    print(f"parity convert {letter} {backend}: {compared} steps")
