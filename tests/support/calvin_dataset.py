"""Writes a folder in the layout of CALVIN's dataset (its dataset/README.md), with random content."""
import numpy as np

EMBEDDING = (1, 384)
TASKS = ["open_drawer", "lift_red_block_table"]
SENTENCES = ["open the drawer", "grasp the red block"]


def frame(rng, dtype, touch):
    """One frame: every key that the README names; touch and depth are in some downloads only."""
    gripper = rng.choice([-1.0, 1.0])
    arrays = {
        "actions": np.append(rng.normal(size=6), gripper).astype(dtype),
        "rel_actions": np.append(rng.uniform(-1, 1, 6), gripper).astype(dtype),
        "robot_obs": rng.normal(size=15).astype(dtype),
        "scene_obs": rng.normal(size=24).astype(dtype),
        "rgb_static": rng.integers(0, 256, (200, 200, 3), np.uint8),
        "rgb_gripper": rng.integers(0, 256, (84, 84, 3), np.uint8),
    }
    if touch:
        arrays |= {
            "rgb_tactile": rng.integers(0, 256, (160, 120, 6), np.uint8),
            "depth_static": rng.uniform(0, 10, (200, 200)).astype(np.float32),
            "depth_gripper": rng.uniform(0, 2, (84, 84)).astype(np.float32),
            "depth_tactile": rng.uniform(0, 1, (160, 120, 2)).astype(np.float32),
        }
    return arrays


def annotations(sequences, rng=None):
    embedding = (rng or np.random.default_rng(7)).normal(size=(len(sequences), *EMBEDDING)).astype(np.float32)
    return {
        "language": {"ann": SENTENCES[: len(sequences)], "task": TASKS[: len(sequences)], "emb": embedding},
        "info": {"episodes": [], "indx": list(sequences)},
    }


def write_calvin_folder(path, *, dtype=np.float64, touch=True, first=358482, count=12, sequences=((2, 7), (6, 12))):
    """An episode of `count` frames, of which some sequences (steps [start, end) from `first`) have a sentence. Returns
    the frames by number."""
    rng = np.random.default_rng(3)
    path.mkdir(parents=True)
    frames = {first + i: frame(rng, dtype, touch) for i in range(count)}
    for number, arrays in frames.items():
        np.savez(path / f"episode_{number:07d}.npz", **arrays)
    np.save(path / "ep_start_end_ids.npy", np.array([[first, first + count - 1]]))
    np.save(path / "scene_info.npy", {"calvin_scene_B": [first, first + count - 1]})
    (path / "lang_annotations").mkdir()
    save_annotations(path, annotations([(first + start, first + end) for start, end in sequences]))
    return frames


def save_annotations(path, content):
    np.save(path / "lang_annotations" / "auto_lang_ann.npy", content)
