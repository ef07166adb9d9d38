"""The arm: kinematics, masses, contact values and collision shapes.

Joint origins, axes, limits, masses, centres of mass and contact values are facts of the robot as calvin_env simulates
it (797142c, data/franka_panda/panda_longer_finger.urdf); the shapes are our own, of about the real extents.
"""

import numpy as np

from .files import Urdf, write_hulls, write_materials, write_obj
from .materials import MATERIALS
from .panda_visuals import panda_parts
from .solids import Solid, box, frustum

HALF_PI = 1.57079632679
ARM_CONTACT = {"lateral_friction": 0.5}
FINGER_CONTACT = {"friction_anchor": None, "stiffness": 30000.0, "damping": 1000.0, "spinning_friction": 0.1,
                  "lateral_friction": 1.0}
TIP_CONTACT = {"lateral_friction": 1.0, "spinning_friction": 0.001}

# number: (mass kg, centre of mass, joint origin, joint roll, lower, upper, velocity rad/s, effort N m)
ARM = {
    1: (2.7, (0, -0.04, -0.05), (0, 0, 0.333), 0, -2.9671, 2.9671, 2.175, 87),
    2: (2.73, (0, -0.04, 0.06), (0, 0, 0), -HALF_PI, -1.8326, 1.8326, 2.175, 87),
    3: (2.04, (0.01, 0.01, -0.05), (0, -0.316, 0), HALF_PI, -2.9671, 2.9671, 2.175, 87),
    4: (2.08, (-0.03, 0.03, 0.02), (0.0825, 0, 0), HALF_PI, -3.1416, 0.0, 2.175, 87),
    5: (3.0, (0, 0.04, -0.12), (-0.0825, 0.384, 0), -HALF_PI, -2.9671, 2.9671, 2.61, 12),
    6: (1.3, (0.04, 0, 0), (0, 0, 0), HALF_PI, -0.0873, 3.8223, 2.61, 12),
    7: (0.2, (0, 0, 0.08), (0.088, 0, 0), HALF_PI, -2.9671, 2.9671, 2.61, 12),
}


def rod(a, b, radius_a, radius_b=None, sides=8):
    """A hull around a round cone without its caps: two rings of corners, as wide as the circles."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    radius_b = radius_a if radius_b is None else radius_b
    axis = (b - a) / np.linalg.norm(b - a)
    side = np.eye(3)[np.argmin(np.abs(axis))]
    u = np.cross(axis, side)
    u /= np.linalg.norm(u)
    v = np.cross(axis, u)
    angle = (np.arange(sides) + 0.5) * (2 * np.pi / sides)
    ring = np.cos(angle)[:, None] * u + np.sin(angle)[:, None] * v
    corners = np.concatenate([a + radius_a * ring, b + radius_b * ring])
    faces = [list(range(sides - 1, -1, -1)), list(range(sides, 2 * sides))]
    faces += [[i, (i + 1) % sides, sides + (i + 1) % sides, sides + i] for i in range(sides)]
    return Solid(corners, faces)


def arm_hulls():
    """Collision hulls of links 0..7 and the hand, in link frames."""
    return {
        "link0": [frustum((-0.15, -0.095), (0.07, 0.095), (-0.07, -0.06), (0.057, 0.06), 0.0, 0.14)],
        "link1": [rod((0, 0, -0.192), (0, 0, -0.03), 0.056), rod((0, -0.129, 0), (0, -0.005, 0), 0.056)],
        "link2": [rod((0, 0, 0.005), (0, 0, 0.129), 0.056), rod((0, -0.03, 0.0), (0, -0.194, 0), 0.056)],
        "link3": [rod((0, 0, -0.121), (0, 0, -0.02), 0.056), rod((0.0825, 0.0, 0), (0.0825, 0.111, 0), 0.056),
                  rod((0.0, 0.02, -0.06), (0.08, 0.06, 0.0), 0.05)],
        "link4": [rod((0, 0, 0.0), (0, 0, 0.111), 0.056), rod((-0.0825, 0.02, 0), (-0.0825, 0.124, 0), 0.056),
                  rod((0.0, 0.0, 0.06), (-0.08, 0.06, 0.0), 0.05)],
        "link5": [rod((0, 0, -0.2646), (0, 0.0, -0.17), 0.056), rod((0, 0.02, -0.2), (0, 0.08, -0.02), 0.05),
                  rod((0, 0.0, 0), (0, 0.13, 0), 0.052)],
        "link6": [rod((0, 0, -0.015), (0, 0, 0.056), 0.049), rod((0.088, -0.051, 0), (0.088, 0.082, 0), 0.045),
                  box((0.0, -0.04, -0.012), (0.088, 0.05, 0.05))],
        "link7": [rod((0, 0, 0.052), (0, 0, 0.107), 0.045),
                  Solid(box((0.0, -0.024, 0.068), (0.092, 0.024, 0.098)).corners
                        @ np.array([[1, 1, 0], [-1, 1, 0], [0, 0, np.sqrt(2)]]) / np.sqrt(2),
                        box((0, 0, 0), (1, 1, 1)).faces)],
        "hand": [frustum((-0.031, -0.1), (0.031, 0.1), (-0.018, -0.1), (0.018, 0.1), 0.0, 0.066)],
    }


def finger_hull(mirror=1):
    """One finger: broad and thick at its root, thin at its tip, the inner face nearly upright. Half-widths in x and
    the y range at three heights follow the extents of CALVIN's longer finger, which pushes and grasps depend on."""
    sections = [(0.0, 0.0105, 0.0060, 0.0268), (0.035, 0.0105, 0.0049, 0.0214), (0.0885, 0.0089, 0.0039, 0.0098),
                (0.0964, 0.0066, 0.0039, 0.0071)]
    corners, faces, n = [], [], 4
    for z, half, inner, outer in sections:
        corners += [(-half, inner, z), (half, inner, z), (half, outer, z), (-half, outer, z)]
    last = n * (len(sections) - 1)
    faces.append([3, 2, 1, 0])
    faces.append([last, last + 1, last + 2, last + 3])
    for k in range(0, last, n):
        for i in range(n):
            j = (i + 1) % n
            faces.append([k + i, k + j, k + n + j, k + n + i])
    corners = np.array(corners)
    if mirror < 0:  # half a turn about z
        corners[:, :2] *= -1
    return Solid(corners, faces)


# The pad, in its tip's frame (x towards the other finger). CALVIN's gel is a 4 mm hull with a margin of 1 mm; a box of
# the size with its margin touches a block's face at four points at once and holds it steadily.
PAD_LOW, PAD_HIGH = (0.0161, -0.0097, 0.0042), (0.0211, 0.0097, 0.0302)


def write_panda(scenes):
    folder = scenes / "panda"
    meshes = folder / "meshes"
    parts = panda_parts(finger_hull())
    urdf = Urdf("panda")

    def show(link):
        for (owner, part), (mesh, material) in parts.items():
            if owner == link:
                write_obj(meshes / f"{link}_{part}.obj", mesh, material)
                urdf.visual(f"meshes/{link}_{part}.obj", material, MATERIALS[material])

    hulls = arm_hulls()

    def collide(link):
        write_hulls(meshes / f"{link}_collision.obj", hulls[link])
        urdf.collision_hulls(f"meshes/{link}_collision.obj")

    urdf.link("panda_link0", 2.9, (0, 0, 0.05), ARM_CONTACT)
    show("link0")
    collide("link0")
    for k, (mass, com, xyz, roll, lower, upper, velocity, effort) in ARM.items():
        urdf.link(f"panda_link{k}", mass, com, ARM_CONTACT)
        show(f"link{k}")
        collide(f"link{k}")
        urdf.joint(f"panda_joint{k}", "revolute", f"panda_link{k - 1}", f"panda_link{k}", xyz, (roll, 0, 0), (0, 0, 1),
                   (lower, upper), velocity, effort)
    urdf.link("panda_link8", 0.0)
    urdf.joint("panda_joint8", "fixed", "panda_link7", "panda_link8", (0, 0, 0.107))
    urdf.link("panda_hand", 0.81, (0, 0, 0.04), ARM_CONTACT)
    show("hand")
    collide("hand")
    urdf.joint("panda_hand_joint", "fixed", "panda_link8", "panda_hand", (0, 0, 0), (0, 0, -0.785398163397))

    write_hulls(meshes / "leftfinger_collision.obj", [finger_hull()])
    write_hulls(meshes / "rightfinger_collision.obj", [finger_hull(-1)])
    size, centre = np.subtract(PAD_HIGH, PAD_LOW), np.add(PAD_HIGH, PAD_LOW) / 2
    for k, side, sign in ((1, "left", 1), (2, "right", -1)):
        urdf.link(f"panda_{side}finger", 0.1, (0, sign * 0.01, 0.02), FINGER_CONTACT)
        show(f"{side}finger")
        urdf.collision_hulls(f"meshes/{side}finger_collision.obj")
        urdf.joint(f"panda_finger_joint{k}", "prismatic", "panda_hand", f"panda_{side}finger", (0, 0, 0.0584),
                   (0, 0, 0), (0, sign, 0), (0.0, 0.04), 0.2, 20)
        urdf.link(f"finger_{side}_tip", 0.0001, contact=TIP_CONTACT)
        show(f"{side}tip")
        urdf.collision_box(size, centre)
        urdf.joint(f"joint_finger_tip_{side}", "fixed", f"panda_{side}finger", f"finger_{side}_tip",
                   (sign * 0.0009, sign * 0.021, 0.066), (0, 0, -sign * 1.57))
    urdf.link("panda_grasptarget", 0.0)
    urdf.joint("panda_grasptarget_hand", "fixed", "panda_hand", "panda_grasptarget", (0, 0, 0.105))
    urdf.link("gripper_cam", 0.2)
    show("camera")
    urdf.joint("camera_joint", "fixed", "panda_hand", "gripper_cam", (-0.1, 0, 0), (1.3, 0, -1.57))
    urdf.link("tcp", 0.00001)
    urdf.joint("tcp_joint", "fixed", "panda_hand", "tcp", (0, 0, 0.14))
    urdf.write(folder / "panda.urdf")
    used = sorted({material for _, material in parts.values()} | {"stand"})
    write_materials(meshes, {name: MATERIALS[name] for name in used}, "../../textures")
