"""The C++ half of deerbench. Use the deerbench package; names here may change."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from deerbench.chain_sets import Chain, SymbolicState

_Row = Sequence[float] | np.ndarray

__version__: str
TASKS: tuple[str, ...]
CHAIN_SETS: dict[str, int]
POLICIES: tuple[str, ...]

class Error(ValueError):
    """Bad input or an environment that cannot be worked with: one line that names field, value and expectation."""

def chains(chain_set: str, count: int) -> list[Chain]: ...
def calvin_sequences(count: int) -> list[Chain]: ...
def calvin_initial_state(state: Mapping[str, Any] | SymbolicState) -> tuple[np.ndarray, np.ndarray]: ...
def task_starts(task: str | None, longer: bool = False) -> list[tuple[SymbolicState, list[str]]]: ...
def instructions(scenes_dir: str) -> dict[str, str]: ...
def completed_tasks(start_info: Info | Mapping[str, Any], end_info: Info | Mapping[str, Any]) -> list[str]: ...

class Info:
    """A moment of a world as the task oracle sees it."""

    def to_dict(self) -> dict[str, Any]:
        """CALVIN's info dictionary."""

class Scene:
    """A scene, loaded once and shared by any number of tabletops."""

    def __init__(self, letter: str, scenes_dir: str, assets_dir: str = "") -> None: ...
    @property
    def name(self) -> str: ...
    def initial_state(
        self, state: Mapping[str, Any] | SymbolicState, seed: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """``robot_obs`` (15,) and ``scene_obs`` (24,) of a symbolic state in this scene: where an evaluation chain
        begins, or, with a seed, somewhere else."""
    @property
    def bodies(self) -> list[str]:
        """Names by body number: the values of a segmentation picture."""

class Snapshot:
    """A moment that a tabletop of the same scene continues from with the same bits. Can be pickled."""

    @property
    def version(self) -> int: ...
    @property
    def values(self) -> np.ndarray: ...

class Camera:
    """A pinhole camera anywhere in the world. Camera frame: x right, y down, z forward; pixel (0, 0) is the top left
    one, its centre at (0.5, 0.5)."""

    def __init__(
        self, width: int, height: int, fov_y_deg: float, X_WC: np.ndarray, *, near_m: float = 0.01, far_m: float = 10.0
    ) -> None: ...
    @staticmethod
    def look_at(
        eye: _Row,
        target: _Row,
        up: _Row = (0.0, 0.0, 1.0),
        *,
        width: int = 200,
        height: int = 200,
        fov_y_deg: float = 40.0,
        near_m: float = 0.01,
        far_m: float = 10.0,
    ) -> Camera:
        """A camera at ``eye`` that looks at ``target``; metres, in the world."""
    width: int
    height: int
    fov_y_deg: float
    near_m: float
    far_m: float
    @property
    def intrinsics(self) -> np.ndarray:
        """(3, 3), pixels."""
    @property
    def X_WC(self) -> np.ndarray:
        """(4, 4): the camera's pose in the world."""

class Tabletop:
    """A simulated table with its cameras. Any method may be called from any thread; they take turns."""

    def __init__(
        self,
        scene: Scene,
        *,
        shadows: bool | None = None,
        antialias: bool | None = None,
        filter_textures: bool | None = None,
        look: str | None = None,
    ) -> None:
        """``look``: "own" or "pybullet"; None: the scene's own, which is PyBullet's on CALVIN's assets. The switches
        depart from it."""
    def reset(self, robot_obs: _Row, scene_obs: _Row, *, fresh: bool = True) -> None:
        """Puts the table into a state (15 and 24 numbers); ``fresh``: in a new world, which remembers nothing."""
    def step(self, action: _Row, type: str = "cartesian_rel") -> None:
        """One control step, 1/30 s. Types: cartesian_rel, cartesian_abs, joint_rel, joint_abs."""
    def robot_obs(self) -> np.ndarray: ...
    def scene_obs(self) -> np.ndarray: ...
    def info(self) -> Info: ...
    def camera(self, name: str) -> dict[str, Any]:
        """Size, ``fov_y_deg``, ``near_m``, ``far_m``, ``intrinsics`` (3, 3) and pose ``X_WC`` (4, 4)."""
    def draw(
        self,
        camera: str | Camera,
        *,
        width: int | None = None,
        height: int | None = None,
        rgb: bool = True,
        depth: bool = False,
        segmentation: bool = False,
        matrices: bool = False,
    ) -> dict[str, np.ndarray]:
        """One picture of "static", "gripper" or a camera of your own.

        ``rgb`` (h, w, 3) uint8, ``depth`` (h, w) float32 m, ``segmentation`` (h, w) int32 (-1: background); with
        ``matrices`` the ``intrinsics`` (3, 3) in pixels and the pose ``X_WC`` (4, 4) it was drawn from."""
    def save(self) -> Snapshot: ...
    def restore(self, snapshot: Snapshot) -> None: ...

class BatchBuffer:
    """Where a batch of worlds is observed."""

    def arrays(self) -> dict[str, np.ndarray]:
        """The buffer as arrays (size, ...) by key: those observed, and ``scene_obs``. They keep it alive."""

class TabletopBatch:
    """Many tables of one scene on threads of their own. Any method may be called from any thread; they take turns."""

    def __init__(
        self, scene: Scene, size: int, *, threads: int = 0, cameras: Sequence[str], depth: bool = False
    ) -> None: ...
    @property
    def threads(self) -> int: ...
    def take(self) -> BatchBuffer:
        """A buffer that nobody holds."""
    def advance(
        self,
        out: BatchBuffer,
        actions: np.ndarray,
        steps: Sequence[int],
        resets: Sequence[tuple[int, _Row, _Row, Sequence[str], int]],
        still: Sequence[int],
    ) -> list[str]:
        """Steps rows with their actions, resets rows (row, robot_obs, scene_obs, tasks that the expert does first, its
        seed) and leaves rows as they are; observes them into ``out``. Returns why a reset's tasks could not be done,
        "" where they were; rows that failed are not observed."""
    def completed(self) -> list[list[str]]:
        """By row: every task that what happened since its reset fulfils."""
    def save(self, row: int) -> Snapshot: ...

class BatchRenderer:
    """Draws many tabletops of one scene, in its look, on threads of its own (0: one a core this process may use)."""

    def __init__(self, scene: Scene, *, threads: int = 0) -> None: ...
    @property
    def threads(self) -> int: ...
    def draw(
        self,
        tabletops: Sequence[Tabletop],
        cameras: Sequence[str | Camera],
        *,
        rgb: bool = True,
        depth: bool = False,
        segmentation: bool = False,
        matrices: bool = False,
    ) -> list[dict[str, np.ndarray]]:
        """A dictionary a camera, as ``Tabletop.draw`` gives it, with one row of each array a tabletop: ``rgb``
        (N, h, w, 3) and so on, ``X_WC`` (N, 4, 4); the ``intrinsics`` (3, 3) are shared."""

class Expert:
    """The scripted expert: a privileged controller for every task."""

    def __init__(self, tabletop: Tabletop, *, noise: float = 0.0) -> None: ...
    def reset(self, tabletop: Tabletop, task: str, seed: int = 0) -> None:
        """Begins a task in the table's present state."""
    def step(self, tabletop: Tabletop) -> np.ndarray:
        """The next action (7,). Raises Error if the expert cannot act, saying why."""

def run_expert(tabletop: Tabletop, task: str, seed: int) -> str:
    """Does a task from where the table stands; "" when it is done, else in plain words why it is not."""

class Agent:
    """The multi-exit agent. Calls from several threads take turns."""

    def __init__(self, settings: Mapping[str, str], *, models: str, tensor_plugin: str, cuda_plugin: str) -> None: ...
    def reset(self, seed: int) -> None: ...
    def step(
        self, rgb_static: np.ndarray, rgb_gripper: np.ndarray, robot_obs: _Row, instruction: str
    ) -> np.ndarray: ...
    @property
    def last_step(self) -> dict[str, Any] | None: ...
    @property
    def memory(self) -> dict[str, float]: ...
    @property
    def options(self) -> dict[str, str]: ...
    @property
    def checkpoint_sha256(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def train_scenes(self) -> list[str]: ...
    @property
    def exit_layers(self) -> list[int]: ...

def evaluate(
    settings: Mapping[str, str],
    chains: Sequence[Chain],
    policy: Any | None,
    *,
    out: str,
    resume: bool,
    models: str,
    tensor_plugin: str,
    cuda_plugin: str,
    on_chain: Callable[[int, int, float], None],
) -> str:
    """Evaluates what the run folder lacks, in this process, and writes the report; returns summary.json."""

ENV_VERSION: int

class DemoReader:
    """A file of demonstrations. Any number of threads may read."""

    def __init__(self, path: str) -> None: ...
    @property
    def path(self) -> str: ...
    @property
    def env_version(self) -> int: ...
    @property
    def program_version(self) -> str: ...
    @property
    def settings(self) -> str: ...
    def __len__(self) -> int: ...
    def info(self, demo: int) -> dict[str, Any]:
        """What can be known without reading arrays."""
    def read(self, demo: int) -> dict[str, Any]:
        """That and all arrays but the stored ones, the checksum verified; ``states`` may be None."""
    def read_stored(self, demo: int, name: str) -> np.ndarray:
        """A stored array, verified."""
    def digest(self) -> str: ...

class DemoWriter:
    """Appends demonstrations to a file, which can be read whenever this process may die."""

    @staticmethod
    def create(path: str, settings: str) -> DemoWriter: ...
    @staticmethod
    def append_to(path: str) -> DemoWriter: ...
    def __len__(self) -> int: ...
    def append(self, demo: Mapping[str, Any], stored: Mapping[str, np.ndarray]) -> None:
        """A dictionary as ``DemoReader.read`` returns it, and stored arrays by name."""

class FrameLoader:
    """Pictures of a file's demonstrations, stored or drawn. Calls from several threads take turns."""

    def __init__(
        self, reader: DemoReader, scenes_dir: str, *, assets_dir: str = "", threads: int = 2, draw: bool = False
    ) -> None: ...
    def load(
        self, moments: Sequence[tuple[int, int]], *, rgb_static: bool = True, rgb_gripper: bool = True
    ) -> dict[str, np.ndarray]:
        """Of (demonstration, step) pairs."""

def observations_of(scene: Scene, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """``robot_obs`` (N, 15) and ``scene_obs`` (N, 24) of full states (N, 102)."""
