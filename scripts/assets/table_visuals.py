"""What a table looks like: softened panels, lathed knobs, swept handles. {(link, part): (Mesh, material)}."""

import numpy as np

from .curves import lathe, rounded_path, rounded_rectangle, sweep
from .layouts import (CABINET_FOOT_Y, CABINET_Z, HALF_X, HALF_Y, SHELF_Z, SLAB_Z, SLOPE, TOP_Z, WALL,
                      front_point)
from .solids import Solid, box, frustum, merge, rotation_x, soften
from .table_collision import cabinet_roof, cabinet_side, drawer_well

X, Y, Z = (1, 0, 0), (0, 1, 0), (0, 0, 1)
FOOT_Z = 0.012  # height of the rubber feet
ON_FRONT = rotation_x(SLOPE)  # turns y up the cabinet's slanted front and z out of it


class Panels:
    """Collects softened solids of one material; each gets its own cut of the wood."""

    def __init__(self, bevel=0.003):
        self.bevel = bevel
        self.meshes = []

    def add(self, solid, grain, bevel=None):
        k = len(self.meshes)
        cut = (0.37 * k % 1.0, 0.61 * k % 1.0)
        self.meshes.append(soften(solid, self.bevel if bevel is None else bevel, grain, 0.5, cut))

    def mesh(self):
        return merge(self.meshes)


# Where parts meet, one reaches HIDDEN into the other and stays SHY of its faces: no gap to look through and no two
# faces in one plane.
HIDDEN, SHY = 0.006, 0.001


def _cabinet(layout, panels):
    x0, x1 = layout.cavity
    for low, high in ((-HALF_X, x0), (x1, HALF_X)):
        panels.add(cabinet_side(low, high), Z)
    roof = cabinet_roof(x0, x1)
    roof.corners[roof.corners[:, 1] == HALF_Y - WALL, 1] = HALF_Y
    panels.add(roof, X)
    # Behind the joints between the roof and the sides.
    middle = roof.corners.mean(0)
    tongue = Solid(middle + (roof.corners - middle) * [1.05, 0.9, 0.7], roof.faces)
    panels.add(tongue, X, 0.001)


def _frame(layout):
    x0, x1 = layout.cavity
    w0, w1 = drawer_well(layout)
    apron_top = SLAB_Z + HIDDEN
    top = Panels(0.004)
    top.add(box((-HALF_X, -HALF_Y, SLAB_Z), (HALF_X, CABINET_FOOT_Y + HIDDEN, TOP_Z)), X)
    body = Panels()
    body.add(box((-HALF_X + SHY, CABINET_FOOT_Y - HIDDEN, SLAB_Z), (HALF_X - SHY, HALF_Y - SHY, TOP_Z - WALL + SHY)), X)
    _cabinet(layout, body)
    body.add(box((-0.42, -0.16, 0.30), (w0, 0.16, apron_top)), X)
    body.add(box((w1, -0.16, 0.30), (0.42, 0.16, apron_top)), X)
    body.add(box((w0 - HIDDEN, 0.06, 0.30 + SHY), (w1 + HIDDEN, 0.16 - SHY, apron_top)), X)
    body.add(box((w0 - HIDDEN, -0.16 + SHY, 0.30 + SHY), (w1 + HIDDEN, 0.06 + HIDDEN, 0.32)), X)
    legs, feet = Panels(), Panels(0.002)
    for sx in (-1, 1):
        for sy in (-1, 1):
            outer_x, outer_y = sx * (HALF_X - SHY), sy * (HALF_Y - SHY)
            xs, ys = sorted((sx * 0.39, outer_x)), sorted((sy * 0.14, outer_y))
            foot_x, foot_y = sorted((sx * 0.412, outer_x)), sorted((sy * 0.158, outer_y))
            legs.add(frustum((foot_x[0], foot_y[0]), (foot_x[1], foot_y[1]), (xs[0], ys[0]), (xs[1], ys[1]),
                             FOOT_Z - HIDDEN, SLAB_Z + HIDDEN), Z)
            feet.add(box((foot_x[0] - SHY, foot_y[0] - SHY, 0.0), (foot_x[1] + SHY, foot_y[1] + SHY, FOOT_Z)), Z)
    inside = Panels(0.001)
    inside.add(box((x0 - HIDDEN, HALF_Y - WALL, TOP_Z - WALL - HIDDEN),
                   (x1 + HIDDEN, HALF_Y - SHY, CABINET_Z - SHY)), X)
    return {"top": top, "body": body, "legs": legs, "feet": feet, "inside": inside}


def _drawer(x):
    """(front, tray) panels of a drawer around x."""
    front = Panels()
    front.add(box((x - 0.22, -0.18, 0.30), (x + 0.22, -0.16, 0.40)), X)
    tray = Panels(0.002)
    for low in (x - 0.20, x + 0.18):
        tray.add(box((low, -0.16 - HIDDEN, 0.32), (low + 0.02, 0.06, 0.40)), Y)
    tray.add(box((x - 0.18 - HIDDEN, -0.16 - HIDDEN, 0.32 + SHY), (x + 0.18 + HIDDEN, 0.06 - SHY, 0.34)), X)
    tray.add(box((x - 0.18 - HIDDEN, 0.04, 0.34 - HIDDEN), (x + 0.18 + HIDDEN, 0.06 - SHY, 0.40 - SHY)), X)
    return front, tray


def _slots(layout):
    """Dark grooves in which the switch lever runs, painted on the cabinet's front."""
    meshes = []
    for side in (-1, 1):
        centre = layout.switch_x + side * 0.05
        groove = box((centre - 0.011, 0.0, -0.002), (centre + 0.011, 0.126, 0.0))
        meshes.append(soften(groove, 0.0005).moved(ON_FRONT, (0, *front_point(0.052, 0.0005))))
    return merge(meshes)


def _rail(layout):
    """The metal strip under which the slider runs."""
    strip = box((layout.slide_x - layout.slide_travel, 0.0, -0.002), (layout.slide_x + 0.28, 0.007, 0.008))
    return soften(strip, 0.0015).moved(ON_FRONT, (0, *front_point(0.2225, 0.0)))


def _bow_handle(length, reach, width, thickness):
    """A bow of metal strip, 2 cm thick in its plane: ends at z = 0, bar along x at z = reach (outer face)."""
    middle = reach - thickness / 2
    half = length / 2 - thickness / 2
    path = rounded_path([(-half, 0, -0.004), (-half, 0, middle), (half, 0, middle), (half, 0, -0.004)], 0.016, 4)
    outline, normals = rounded_rectangle(width, thickness, min(width, thickness) * 0.42)
    return sweep(path, outline, normals, Y)


def _button(layout):
    rim = 0.006
    arc = [(0.032 - rim + rim * np.cos(a), 0.024 - rim + rim * np.sin(a)) for a in np.linspace(0, np.pi / 2, 4)]
    knob = lathe([(0.032, -0.004), *arc, (0.016, 0.0236), (0.0, 0.0232)], 24)
    collar = lathe([(0.04, -0.02), (0.04, -0.003), (0.037, 0.0), (0.0335, 0.0), (0.0325, -0.004), (0.0325, -0.018)], 24)
    at = (layout.button_x, -0.12, 0.46)
    return knob.moved(None, at), collar.moved(None, at)


def _bulb(layout):
    """Glass on a short metal socket."""
    radius, centre = 0.028, 0.022
    first = np.arcsin((0.006 - centre) / radius)
    glass = [(radius * np.cos(a), centre + radius * np.sin(a)) for a in np.linspace(first, np.pi / 2, 8)]
    glass[-1] = (0.0, centre + radius)
    socket = [(0.026, 0.0), (0.026, 0.006), (0.023, 0.008), (0.018, 0.008)]
    at = (layout.light_x, 0.16, CABINET_Z)
    return lathe(glass, 22).moved(None, at), lathe(socket, 22).moved(None, at)


def table_parts(layout, finish):
    """Meshes in the base frame (slider and switch: own frame) by link and part, with their materials."""
    frame = {part: panels.mesh() for part, panels in _frame(layout).items()}
    knob, collar = _button(layout)
    glass, socket = _bulb(layout)
    x = layout.drawer_x

    drawer, tray = _drawer(x)
    drawer_handle = _bow_handle(0.24, 0.08, 0.04, 0.02).moved(rotation_x(np.pi / 2), (x, -0.18, 0.36))

    panel = Panels()
    panel.add(box((0.0, -0.11, 0.0), (0.28, 0.11, 0.02)), Y)
    turn = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])  # the bow's x becomes the slope's y
    slide_handle = _bow_handle(0.16, 0.06, 0.04, 0.02).moved(turn, (0.14, 0.0, 0.02))
    out = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])  # the bow's z becomes the switch frame's y
    lever = _bow_handle(0.12, 0.064, 0.032, 0.02).moved(out, (0.0, 0.0, -0.008))

    led = Panels(0.004)
    led.add(box((layout.led_x - 0.08, 0.14, CABINET_Z), (layout.led_x + 0.08, 0.18, CABINET_Z + 0.016)), X)
    plank = Panels(0.001)
    x0, x1 = layout.cavity
    plank.add(box((x0 - HIDDEN, CABINET_FOOT_Y, 0.42), (x1 + HIDDEN, 0.16 + HIDDEN, SHELF_Z)), X)
    return {
        ("base_link", "top"): (frame["top"], finish.top),
        ("base_link", "body"): (frame["body"], finish.body),
        ("base_link", "legs"): (frame["legs"], finish.legs),
        ("base_link", "feet"): (frame["feet"], "rubber"),
        ("base_link", "inside"): (frame["inside"], finish.inside),
        ("base_link", "rail"): (_rail(layout), finish.handle),
        ("base_link", "slots"): (_slots(layout), "slot"),
        ("base_link", "collar"): (collar, finish.handle),
        ("base_link", "socket"): (socket, finish.handle),
        ("button_link", "knob"): (knob, "plastic_black"),
        ("switch_link", "lever"): (lever, finish.handle),
        ("slide_link", "panel"): (panel.mesh(), finish.door),
        ("slide_link", "handle"): (slide_handle, finish.handle),
        ("drawer_link", "front"): (drawer.mesh(), finish.drawer),
        ("drawer_link", "tray"): (tray.mesh(), finish.body),
        ("drawer_link", "handle"): (drawer_handle, finish.handle),
        ("led_link", "bar"): (led.mesh(), "lamp_off"),
        ("light_link", "glass"): (glass, "lamp_off"),
        ("plank_link", "shelf"): (plank.mesh(), finish.inside),
    }
