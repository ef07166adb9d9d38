"""calvin_env, the real one, from a checkout of https://github.com/mees/calvin_env, without cameras.

Its environment, scene and robot run as they are, on PyBullet. What they import beside that draws windows, reads
configuration files or asks git for a commit; where such a package is not installed a stand-in takes its place, and
`CalvinEnv.stand_ins` names it. Nothing of it touches physics or the oracle. Needed are pybullet, numpy, scipy and PyYAML.
"""
import importlib
import importlib.machinery
import importlib.util
import sys
import types
from pathlib import Path

import numpy as np

NEEDED = {"pybullet": "pybullet==3.2.7", "numpy": "numpy", "scipy": "scipy", "yaml": "PyYAML"}
REPLACEABLE = ("cv2", "git", "quaternion", "gym", "hydra", "omegaconf")


class MissingImports(Exception):
    """Packages that are needed and not installed."""


def require_imports(needed):
    """`needed`: {module: what to install}. Raises MissingImports naming all that are missing."""
    missing = [package for module, package in needed.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise MissingImports(f"missing: {', '.join(missing)}; install with: pip install {' '.join(missing)}")


class _Instantiable(dict):
    """A mapping with attributes, as calvin_env reads its configuration."""

    __getattr__ = dict.__getitem__


def _instantiate(config, **more):
    """Makes the object that `_target_` names, as hydra does without recursion."""
    settings = {key: value for key, value in {**config, **more}.items() if not key.startswith("_")}
    module, name = config["_target_"].rsplit(".", 1)
    return getattr(importlib.import_module(module), name)(**settings)


def _module(name, **attributes):
    module = types.ModuleType(name)
    module.__spec__ = importlib.machinery.ModuleSpec(name, None)
    for key, value in attributes.items():
        setattr(module, key, value)
    sys.modules[name] = module
    return module


def _stand_in(name):
    if name == "gym":
        seeding = _module("gym.utils.seeding", np_random=lambda seed=None: (np.random.default_rng(seed), seed))
        _module("gym", Env=object, utils=_module("gym.utils", seeding=seeding))
    elif name == "hydra":
        _module("hydra", utils=_module("hydra.utils", instantiate=_instantiate),
                main=lambda **_: lambda function: function)
    elif name == "omegaconf":
        errors = _module("omegaconf.errors", ConfigKeyError=KeyError)
        _module("omegaconf", OmegaConf=types.SimpleNamespace(to_container=lambda config: config), ListConfig=list,
                errors=errors)
    elif name == "git":
        repo = types.SimpleNamespace(head=types.SimpleNamespace(object=types.SimpleNamespace(hexsha="unknown")),
                                     index=types.SimpleNamespace(diff=lambda _: []))
        _module("git", Repo=lambda **_: repo)
    else:
        _module(name)


class CalvinEnv:
    """What a checkout has: environments of its four scenes and its oracle.

    Args:
        checkout: folder that holds `calvin_env` and `conf`
        assets: its `data` folder; None: the checkout's own
    """

    def __init__(self, checkout, assets=None):
        require_imports(NEEDED)
        self._conf = Path(checkout).resolve() / "conf"
        self.assets = Path(assets).resolve() if assets else Path(checkout).resolve() / "data"
        for path in (self._conf / "scene", self.assets / "franka_panda"):
            if not path.is_dir():
                raise FileNotFoundError(f"{path}: not there, expected a checkout of calvin_env with its data folder")
        self.stand_ins = [name for name in REPLACEABLE if importlib.util.find_spec(name) is None]
        for name in self.stand_ins:
            _stand_in(name)
        sys.path.insert(0, str(Path(checkout).resolve()))

    def _read(self, *path):
        import yaml

        return yaml.safe_load(self._conf.joinpath(*path).with_suffix(".yaml").read_text())

    def make(self, letter, **more):
        """A new environment of scene A to D: a PlayTableSimEnv without cameras, in a physics server of its own.

        `more`: other arguments of PlayTableSimEnv, in place of the usual ones.
        """
        scene = self._read("scene", f"calvin_scene_{letter}")
        robot = {**self._read("robot", "panda"), **self._read("robot", "panda_longer_finger")}
        robot.update(base_position=list(scene["robot_base_position"]),
                     base_orientation=list(scene["robot_base_orientation"]),
                     initial_joint_positions=list(scene["robot_initial_joint_positions"]))
        robot.pop("defaults", None)
        scene.update(data_path=str(self.assets), euler_obs=robot["euler_obs"])
        from calvin_env.envs.play_table_env import PlayTableSimEnv

        settings = dict(robot_cfg=robot, scene_cfg=scene, cameras={}, seed=0, use_vr=False, bullet_time_step=240.0,
                        show_gui=False, use_scene_info=True, use_egl=False)
        return PlayTableSimEnv(**{**settings, **more})

    def tasks(self):
        """Its oracle."""
        from calvin_env.envs.tasks import Tasks

        return Tasks(self._read("tasks", "new_playtable_tasks")["tasks"])
