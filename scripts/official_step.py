"""One control step of the official DeeR-VLA code, from pictures and a sentence to an action, on a CPU: held against
the recorded steps of the small model, then timed.

    python scripts/official_step.py JOB

JOB is JSON, as compare_official.py writes it; each number of threads gets a process of its own.

The code is the checkout's own: ModelWrapper of robot_flamingo/eval/eval_utils.py with MPTFlamingo, FlamingoLMMixin,
ExitController and ActionValueNet, MosaicGPT of mosaic_gpt_3b.py with MPT-1B's blocks, preprocessing of
robot_flamingo/data/data.py, model and exit controller each inside DistributedDataParallel (gloo, one process).
Changed in its text: 'cuda' to 'cpu', and the head's sizes, which it has written out. What it imports and the step does
not call is left empty. Around it, as its factory does: open_clip's vision transformer and picture transform, and a
tokenizer of Hugging Face, opened by AutoTokenizer.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import statistics
import sys
import tempfile
import time
import types
import warnings
from pathlib import Path

from official_deer import Tensors
from official_sources import NEEDS as SOURCES_NEED
from official_sources import module_of, official_sources, stub, vision_tower

NEEDS = [*SOURCES_NEED, "torchvision", "transformers", "PIL", "scipy", "tqdm"]
MPT_FILES = ["attention.py", "gpt_blocks.py", "configuration_mosaic_gpt.py", "param_init_fns.py"]
UNUSED = [
    "braceexpand", "calvin_agent.datasets.utils.episode_utils", "calvin_agent.evaluation.multistep_sequences",
    "calvin_agent.evaluation.utils", "calvin_agent.models.calvin_base_model", "calvin_env.envs.play_table_env", "cgitb",
    "fvcore.nn", "hydra", "omegaconf", "pyhash", "pytorch_lightning", "robot_flamingo.data.real_dataset_hdf5",
    "robot_flamingo.data.vl_dataset", "termcolor", "thop", "webdataset", "webdataset.filters",
    "webdataset.tariterators",
]
WORDS = ["push", "over", "the", "block", "beside", "drawer", "turn", "on", "light", "lift", "red", "up", "slider"]
PICTURES = {"rgb_static": 200, "rgb_gripper": 84}  # CALVIN's, as `bench agent` takes them
WARM_UP = 20
LARGEST_DIFFERENCE = 1e-3


class Empty(types.ModuleType):
    """A module in which every name is a class that takes any arguments and does nothing."""

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {"__init__": lambda self, *_, **__: None})


def tokenizer_folder(folder: Path, ids: list[int], sizes: dict) -> str:
    """Writes a byte-level BPE like MPT-1B's (GPT-NeoX's) that has `ids` for the sentence that is returned. The
    recorded sentence is numbers: each gets a word, put together letter by letter, as BPE does."""
    inner = ids[1:ids.index(sizes["eoc_token_id"])]
    word = {number: WORDS[i] if i < len(WORDS) else f"item{i}" for i, number in enumerate(dict.fromkeys(inner))}
    special = {"<|endoftext|>": sizes["eos_token_id"], "<|endofchunk|>": sizes["eoc_token_id"],
               "<image>": sizes["media_token_id"], "<PAD>": sizes["pad_token_id"]}
    pieces = {("Ġ" if i else "") + word[number]: number for i, number in enumerate(inner)}
    parts = dict.fromkeys(part for piece in pieces for part in [*piece, *(piece[:n] for n in range(2, len(piece)))])
    vocab = {**special, **pieces}
    for part in parts:
        vocab.setdefault(part, sizes["vocab_size"] + len(vocab))
    merges = dict.fromkeys((piece[:n], piece[n]) for piece in pieces for n in range(1, len(piece)))
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    (folder / "tokenizer.json").write_text(json.dumps({
        "version": "1.0", "truncation": None, "padding": None, "normalizer": {"type": "NFC"}, "pre_tokenizer": level,
        "post_processor": level, "decoder": level,
        "added_tokens": [{"id": number, "content": token, **flags} for token, number in special.items()],
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "vocab": vocab, "merges": [*map(list, merges)]}}))
    (folder / "tokenizer_config.json").write_text(json.dumps({
        "tokenizer_class": "GPTNeoXTokenizer", "add_prefix_space": False, "clean_up_tokenization_spaces": True,
        "bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>", "pad_token": "<PAD>"}))
    return " ".join(word[number] for number in inner)


def load_sources(job: dict, sizes: dict) -> dict:
    import torch

    official, mpt = Path(job["official"]), Path(job["mpt"])
    for part in ("", ".data", ".models", ".eval"):
        stub("robot_flamingo" + part, official / ("robot_flamingo" + part).replace(".", "/"))
    sources = official_sources(official, mpt, sizes["mlp_hidden_dims"])
    for name in ("torchvision", "transformers.modeling_utils", "transformers.models.auto.tokenization_auto"):
        importlib.import_module(name)  # while what they look for is as it is
    for name in UNUSED:
        stub(name)
        sys.modules[name] = Empty(name)
    if not (mpt / "low_precision_layernorm.py").is_file():
        stub("mpt_files.low_precision_layernorm", LPLayerNorm=torch.nn.LayerNorm)
    module_of("robot_flamingo.models.action_head", official / "robot_flamingo/models/action_head.py",
              {"hidden_dims=[1024, 512, 256]": f"hidden_dims={sizes['mlp_hidden_dims']}",
               "hidden_size: int = 1024": f"hidden_size: int = {sizes['lstm_hidden']}"})
    for key, name in {"flamingo": "robot_flamingo.models.flamingo_mpt", "exits": "robot_flamingo.models.value_net",
                      "mixin": "open_flamingo.src.flamingo_lm", "utils": "open_flamingo.src.utils",
                      "config": "mpt_files.configuration_mosaic_gpt", "transform": "open_clip.transform"}.items():
        sources[key] = importlib.import_module(name)
    sources["language"] = module_of("mpt_files.mosaic_gpt_3b", official / "mosaic_gpt_3b.py", {})
    sources["wrapper"] = module_of("robot_flamingo.eval.eval_utils", official / "robot_flamingo/eval/eval_utils.py",
                                   {"'cuda'": "'cpu'"})
    return sources


def build_model(sources: dict, sizes: dict):
    """MPTFlamingo of the recorded sizes, with the options of the official evaluation."""
    import torch

    language = sources["language"].MosaicGPT(sources["config"].MosaicGPTConfig(
        d_model=sizes["d_model"], n_heads=sizes["n_heads"], n_layers=sizes["n_layers_total"],
        mlp_ratio=sizes["mlp_ratio"], max_seq_len=sizes["max_seq_len"], vocab_size=sizes["vocab_size"],
        attn_impl="torch", attn_qk_ln=sizes["attn_qk_ln"], alibi=True, alibi_bias_max=sizes["alibi_bias_max"],
        no_bias=sizes["no_bias"]))
    sources["utils"].extend_instance(language, sources["mixin"].FlamingoLMMixin)
    language.set_decoder_layers_attr_name("transformer.blocks")
    vision = torch.nn.Module()
    vision.visual = vision_tower(sources, {**sizes["vit"], "width": sizes["vis_dim"]})
    same = ["vis_dim", "cross_attn_every_n_layers", "window_size", "early_exit_layer", "exit_interval", "exit_dropout",
            "lstm_dropout", "dropout_mode", "mlp_layernorm", "lstm_layernorm", "mlp_num_hidden_layers",
            "lstm_num_layers"]
    return sources["flamingo"].MPTFlamingo(
        vision, language, sizes["eoc_token_id"], sizes["media_token_id"], use_gripper=True, fusion_mode="post",
        return_feature=True, llm="mpt_dolly_3b", **{name: sizes[name] for name in same})


class OfficialStep:
    """ModelWrapper with all that it holds, set up as eval_calvin.py does."""

    def __init__(self, job: dict, folder: Path):
        import numpy as np
        import torch
        from torch.nn.parallel import DistributedDataParallel
        from transformers import AutoTokenizer

        case = Path(job["recorded"])
        letter = case.name.split("_")[1]
        sizes = json.loads((case.parent / f"config_{letter}.json").read_text())
        names = json.loads((case.parent / f"checkpoint_names_{letter}.json").read_text())["entries"]
        self.recorded = np.load(case)
        sources = load_sources(job, sizes)
        self.model = build_model(sources, sizes)
        stored, wanted = Tensors(Path(job["folder"])).under(""), self.model.state_dict()
        self.model.load_state_dict({entry["name"]: stored[entry["canonical"]] for entry in names
                                    if entry["name"] in wanted})
        self.model.eval()

        store = torch.distributed.HashStore()
        torch.distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
        exits = self.model.get_all_exit_idx()
        net = sources["exits"].ActionValueNet(exits, self.model.extra_exit, sizes["exit_interval"],
                                              sizes["window_size"], "L2")
        self.controller = sources["exits"].ExitController(
            net, exits, int(self.recorded["steps_per_stage"]), max_layer=sizes["early_exit_layer"] + 1).eval()
        self.controller._set_threshold_value(self.recorded["thresholds"].tolist())

        self.ids = self.recorded["input_ids"][0].tolist()
        self.sentence = tokenizer_folder(folder, self.ids, sizes)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        transform = sources["transform"].image_transform(sizes["vit"]["image_size"], is_train=False)
        self.wrapper = sources["wrapper"].ModelWrapper(
            DistributedDataParallel(self.model), tokenizer, transform, None, False, early_exit=True,
            exit_controller=DistributedDataParallel(self.controller))

    def step(self, t: int, pictures: dict, state):
        self.controller.set_timestep(t)
        return self.wrapper.step({"rgb_obs": pictures, "robot_obs": state}, self.sentence)

    def difference(self) -> float:
        """The largest one from the recorded poses, gripper's probabilities and actions; another exit is infinite."""
        import numpy as np

        z, outputs, worst = self.recorded, [], 0.0
        text = self.wrapper.text_process_fn([self.sentence])[0][0].tolist()
        if text != self.ids:
            sys.exit(f"the text's tokens are {text}, expected the recorded {self.ids}")
        watch = self.model.register_forward_hook(lambda _, __, output: outputs.append(output))
        self.wrapper.reset()
        for t in range(len(z["pose"])):
            action = self.step(t, {key: z[f"{key}_u8"][t] for key in PICTURES}, np.zeros(15))
            pose, gripper = (part.numpy().ravel() for part in outputs[-1].logits[:2])
            for own, theirs in ((pose, z["pose"][t]), (gripper, z["gripper_prob"][t]), (action, z["action_f16"][t])):
                worst = max(worst, float(np.abs(own.ravel().astype(float) - theirs.ravel()).max()))
            if self.wrapper.current_exit_layer != z["exit_layer"][t]:
                worst = float("inf")
        watch.remove()
        return worst

    def times(self, steps: int, clock) -> list[float]:
        """ms of each step, on pictures of noise."""
        import numpy as np

        random, times = np.random.default_rng(1), []
        pictures = {key: random.integers(0, 256, (size, size, 3), np.uint8) for key, size in PICTURES.items()}
        self.wrapper.reset()
        for t in range(steps + WARM_UP):
            start = clock()
            self.step(t, pictures, np.zeros(15))
            times.append(1e3 * (clock() - start))
        return times[WARM_UP:]


def time_step(job: dict) -> dict:
    """In a process of its own, whose threads are set before torch starts."""
    import torch
    import transformers

    torch.set_num_threads(job["threads"])
    warnings.simplefilter("ignore")  # of names that newer versions of torch would rather not have
    with tempfile.TemporaryDirectory() as scratch, contextlib.redirect_stdout(None):
        official = OfficialStep(job, Path(scratch))
        difference = official.difference()
        if difference > LARGEST_DIFFERENCE:
            sys.exit(f"the official step differs from the recorded one by {difference:.1e}, expected at most "
                     f"{LARGEST_DIFFERENCE:g} (with open_clip 2.20.0): not timed")
        # With one thread as bench agent: other processes disturb it little.
        times = official.times(job["steps"], time.thread_time if job["threads"] == 1 else time.perf_counter)
        torch.distributed.destroy_process_group()
    return {"recorded_difference": difference, "ms": {"whole step": statistics.median(times)},
            "versions": f"torch {torch.__version__}, transformers {transformers.__version__}"}


if __name__ == "__main__":
    print(json.dumps(time_step(json.loads(sys.argv[1]))))
