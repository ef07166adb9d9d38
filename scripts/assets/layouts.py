"""Where things are on the four tables.

Joint origins, axes, travels and extents are those of CALVIN's play tables (calvin_env 797142c, data/calvin_table_*:
URDF numbers times its global scaling of 0.8, and the bounding boxes that PyBullet reports), so that its initial states
and tasks fit. All lengths are metres in the table's base frame, which is the world frame.
"""

from dataclasses import dataclass

import numpy as np

TOP_Z = 0.44  # of the table top
SLAB_Z = 0.40  # its underside
SHELF_Z = 0.441  # the shelf behind the slider stands 1 mm proud: a block's centre rests at 0.461 there, 0.46 in front
HALF_X, HALF_Y = 0.44, 0.18
CABINET_Z = 0.6478
CABINET_TOP_Y = 0.14  # front edge of the cabinet's top
CABINET_FOOT_Y = 0.02  # front edge of the cabinet where it stands on the table top
WALL = 0.02
SLOPE = np.radians(60.0)  # of the cabinet's front against the table top


@dataclass(frozen=True)
class Layout:
    """One table."""

    cavity: tuple  # x range of the compartment behind the slider
    slide_x: float  # left edge of the closed slider
    slide_travel: float
    drawer_x: float
    button_x: float
    led_x: float
    switch_x: float
    light_x: float


LAYOUTS = {
    "A": Layout((-0.36, 0.16), -0.10, 0.28, 0.10, -0.28, -0.28, 0.30, 0.30),
    "B": Layout((-0.18, 0.34), 0.088, 0.304, 0.18, 0.28, 0.28, -0.32, -0.32),
    "C": Layout((-0.18, 0.34), 0.06, 0.24, 0.10, -0.12, -0.12, -0.32, -0.32),
    "D": Layout((-0.36, 0.16), -0.10, 0.28, 0.18, -0.12, -0.12, 0.30, 0.30),
}

DRAWER_TRAVEL = 0.22
BUTTON_TRAVEL = 0.02
SWITCH_TRAVEL = 0.088


@dataclass(frozen=True)
class LinkFrame:
    """A link of the table: its frame in the base frame, turned about x alone, and its joint."""

    name: str
    joint: str
    xyz: tuple
    roll: float
    mass: float  # kg, as CALVIN's
    axis: tuple = (0, 0, 0)  # of motion, in the link's frame
    travel: float = 0.0  # 0: fixed

    def from_base(self, solid):
        """A Solid or Mesh given in the base frame, in this link's frame."""
        c, s = np.cos(self.roll), np.sin(self.roll)
        inverse = np.array([[1, 0, 0], [0, c, s], [0, -s, c]])
        return solid.moved(inverse, -inverse @ np.array(self.xyz))


def link_frames(layout):
    """All links but the base, in PyBullet's order 0..6."""
    return [
        LinkFrame("button_link", "base__button", (layout.button_x, -0.12, 0.46), np.pi / 2, 0.153812376,
                  (0, -1, 0), BUTTON_TRAVEL),
        LinkFrame("switch_link", "base__switch", (layout.switch_x, 0.060928203, 0.494889727), 5 * np.pi / 6,
                  0.238786704, (0, 0, -1), SWITCH_TRAVEL),
        LinkFrame("slide_link", "base__slide", (layout.slide_x, 0.075, 0.535264), np.pi / 3, 1.543491400,
                  (-1, 0, 0), layout.slide_travel),
        LinkFrame("drawer_link", "base__drawer", (layout.drawer_x, 0.0, 0.32), np.pi / 2, 4.231280778,
                  (0, 0, 1), DRAWER_TRAVEL),
        LinkFrame("led_link", "base__led", (layout.led_x, 0.16, 0.647846097), np.pi / 2, 0.204),
        LinkFrame("light_link", "base__light", (layout.light_x, 0.132, 0.647848), np.pi / 2, 0.173918312),
        LinkFrame("plank_link", "base__plank", (sum(layout.cavity) / 2, 0.09, 0.42), np.pi / 2, 2.84375),
    ]


def front_point(along, out):
    """(y, z) of a point on the cabinet's slanted front: `along` it upwards from the table top, `out` of it."""
    return (CABINET_FOOT_Y + along * np.cos(SLOPE) - out * np.sin(SLOPE),
            TOP_Z + along * np.sin(SLOPE) + out * np.cos(SLOPE))
