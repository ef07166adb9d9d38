"""Blocks, floor and the robot's stand."""

import numpy as np

from .curves import lathe
from .files import Urdf, write_materials, write_obj
from .materials import MATERIALS
from .solids import Mesh, box, soften

# Sizes after CALVIN's global scaling of 0.8 (calvin_env data/blocks): m along x, y, z.
BLOCK_SIZES = {"small": (0.04, 0.04, 0.04), "middle": (0.056, 0.04, 0.04), "big": (0.08, 0.04, 0.04)}
# As calvin_env data/blocks/*.urdf: every block weighs 1 kg. CALVIN's spinning friction of 0.001 (a lever of 1 mm) is
# left out: blocks stand on four points, and a solver row less for each saves a seventh of the physics' time.
BLOCK_CONTACT = {"lateral_friction": 0.7}
BLOCKS = ["red_small", "red_middle", "red_big", "blue_small", "blue_big", "pink_small", "pink_middle", "pink_big"]


def write_blocks(scenes):
    folder = scenes / "blocks"
    for block in BLOCKS:
        colour, size_name = block.split("_")
        size = BLOCK_SIZES[size_name]
        half = [s / 2 for s in size]
        mesh = soften(box([-h for h in half], half), 0.003)
        write_obj(folder / "meshes" / f"{block}.obj", mesh, colour)
        urdf = Urdf(f"block_{block}")
        urdf.link("base_link", 1.0, contact=BLOCK_CONTACT)
        urdf.visual(f"meshes/{block}.obj", colour, MATERIALS[colour])
        urdf.collision_box(size, (0, 0, 0))
        urdf.write(folder / f"block_{block}.urdf")
    write_materials(folder / "meshes", {c: MATERIALS[c] for c in ("red", "blue", "pink")}, "../../textures")


def write_floor(scenes):
    folder = scenes / "plane"
    corners = np.array([[-10, -10, 0], [10, -10, 0], [10, 10, 0], [-10, 10, 0]], float)
    floor = Mesh(corners, np.tile([0.0, 0.0, 1.0], (4, 1)), corners[:, :2], np.array([[0, 1, 2], [0, 2, 3]]))
    write_obj(folder / "floor.obj", floor, "floor")
    urdf = Urdf("plane")
    urdf.link("plane_link", 0.0, contact={"lateral_friction": 1.0})
    urdf.visual("floor.obj", "floor", MATERIALS["floor"])
    urdf.collision_box((200, 200, 10), (0, 0, -5))
    urdf.write(folder / "plane.urdf")
    write_materials(folder, {"floor": MATERIALS["floor"]}, "../textures")


def write_stand(scenes):
    """The column below the robot: seen but not felt, as CALVIN's base cylinder (radius 0.13 m, height 0.24 m)."""
    folder = scenes / "panda"
    profile = [(0.150, -0.12), (0.150, -0.112), (0.146, -0.108), (0.126, -0.106), (0.126, 0.100), (0.131, 0.104),
               (0.131, 0.116), (0.126, 0.12), (0.0, 0.12)]
    write_obj(folder / "meshes" / "stand.obj", lathe(profile, 32), "stand")
    urdf = Urdf("stand")
    urdf.link("stand_link", 0.0)
    urdf.visual("meshes/stand.obj", "stand", MATERIALS["stand"])
    urdf.write(folder / "stand.urdf")
