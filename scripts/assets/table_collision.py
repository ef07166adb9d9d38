"""Collision shapes of a table: boxes where anything is pushed, dropped or gripped, hulls for slanted and round parts.

Parts of one table never collide with each other, so neighbours may touch.
"""

import numpy as np

from .layouts import (CABINET_FOOT_Y, CABINET_TOP_Y, CABINET_Z, HALF_X, HALF_Y, SHELF_Z, SLAB_Z, TOP_Z, WALL,
                      front_point)
from .solids import Solid, box, prism


def cylinder_hull(centre_xy, radius, z_min, z_max, sides=16):
    """An upright prism whose outline lies between the circles inside and outside of it."""
    angle = (np.arange(sides) + 0.5) * (2 * np.pi / sides)
    ring = radius * np.column_stack([np.cos(angle), np.sin(angle)]) + np.asarray(centre_xy)
    low = np.column_stack([ring, np.full(sides, z_min)])
    high = np.column_stack([ring, np.full(sides, z_max)])
    faces = [list(range(sides - 1, -1, -1)), list(range(sides, 2 * sides))]
    faces += [[i, (i + 1) % sides, sides + (i + 1) % sides, sides + i] for i in range(sides)]
    return Solid(np.concatenate([low, high]), faces)


def cabinet_side(x_min, x_max):
    """A full-height piece of the cabinet, its front slanted."""
    outline = [(CABINET_FOOT_Y, TOP_Z - WALL), (HALF_Y, TOP_Z - WALL), (HALF_Y, CABINET_Z), (CABINET_TOP_Y, CABINET_Z),
               (CABINET_FOOT_Y, TOP_Z)]
    return prism(outline, x_min, x_max)


def cabinet_roof(x_min, x_max):
    under = CABINET_Z - WALL
    front_y = front_point((under - TOP_Z) / np.sin(np.pi / 3), 0.0)[0]
    outline = [(front_y, under), (HALF_Y - WALL, under), (HALF_Y - WALL, CABINET_Z), (CABINET_TOP_Y, CABINET_Z)]
    return prism(outline, x_min, x_max)


def drawer_well(layout):
    """x range of the hole in which the drawer slides."""
    return layout.drawer_x - 0.20, layout.drawer_x + 0.20


def base_shapes(layout):
    """(boxes, hulls) of the fixed frame, in the base frame."""
    x0, x1 = layout.cavity
    w0, w1 = drawer_well(layout)
    boxes = [
        box((-HALF_X, -HALF_Y, SLAB_Z), (HALF_X, CABINET_FOOT_Y, TOP_Z)),  # top in front of the cabinet
        box((-HALF_X, CABINET_FOOT_Y, SLAB_Z), (HALF_X, HALF_Y, TOP_Z - WALL)),  # and under it
        box((x0, HALF_Y - WALL, TOP_Z - WALL), (x1, HALF_Y, CABINET_Z)),  # back of the compartment
        box((-0.42, -0.16, 0.30), (w0, 0.16, SLAB_Z)),  # apron left of the drawer
        box((w1, -0.16, 0.30), (0.42, 0.16, SLAB_Z)),  # right of it
        box((w0, 0.06, 0.30), (w1, 0.16, SLAB_Z)),  # behind it
        box((w0, -0.16, 0.30), (w1, 0.06, 0.32)),  # below it
    ]
    for sx in (-1, 1):
        for sy in (-1, 1):
            xs, ys = sorted((sx * 0.40, sx * HALF_X)), sorted((sy * 0.148, sy * HALF_Y))
            boxes.append(box((xs[0], ys[0], 0.0), (xs[1], ys[1], SLAB_Z)))
    hulls = [cabinet_side(-HALF_X, x0), cabinet_side(x1, HALF_X), cabinet_roof(x0, x1),
             cylinder_hull((layout.button_x, -0.12), 0.04, TOP_Z, 0.46)]
    return boxes, hulls


def link_shapes(layout):
    """{link: (boxes, hulls)}; the slider's and the switch's in their own frames, the others in the base frame."""
    x = layout.drawer_x
    return {
        "button_link": ([], [cylinder_hull((layout.button_x, -0.12), 0.032, 0.46, 0.484)]),
        # Own frame: x along the table, y out of the cabinet's front, z down the slope.
        "switch_link": ([box((-0.06, 0.044, -0.024), (0.06, 0.064, 0.008)),  # bar
                         box((-0.06, 0.0, -0.024), (-0.04, 0.044, 0.008)),  # its two legs
                         box((0.04, 0.0, -0.024), (0.06, 0.044, 0.008))], []),
        # Own frame: x along the table, y up the slope, z out of the cabinet's front.
        "slide_link": ([box((0.0, -0.11, 0.0), (0.28, 0.11, 0.02)),  # panel
                        box((0.12, -0.08, 0.06), (0.16, 0.08, 0.08)),  # handle bar
                        box((0.12, -0.08, 0.02), (0.16, -0.06, 0.06)),  # its two legs
                        box((0.12, 0.06, 0.02), (0.16, 0.08, 0.06))], []),
        "drawer_link": ([box((x - 0.22, -0.18, 0.30), (x + 0.22, -0.16, 0.40)),  # front
                         box((x - 0.20, -0.16, 0.32), (x + 0.20, 0.06, 0.34)),  # floor
                         box((x - 0.20, -0.16, 0.34), (x - 0.18, 0.06, 0.40)),  # sides
                         box((x + 0.18, -0.16, 0.34), (x + 0.20, 0.06, 0.40)),
                         box((x - 0.18, 0.04, 0.34), (x + 0.18, 0.06, 0.40)),  # back
                         box((x - 0.12, -0.26, 0.34), (x + 0.12, -0.24, 0.38)),  # handle bar
                         box((x - 0.12, -0.24, 0.34), (x - 0.10, -0.18, 0.38)),  # its two legs
                         box((x + 0.10, -0.24, 0.34), (x + 0.12, -0.18, 0.38))], []),
        "led_link": ([box((layout.led_x - 0.08, 0.14, CABINET_Z), (layout.led_x + 0.08, 0.18, CABINET_Z + 0.016))], []),
        "light_link": ([box((layout.light_x - 0.024, 0.136, CABINET_Z), (layout.light_x + 0.024, 0.184, 0.6975))], []),
        "plank_link": ([box((layout.cavity[0], 0.02, 0.42), (layout.cavity[1], 0.16, SHELF_Z))], []),
    }


OWN_FRAME = ("switch_link", "slide_link")
