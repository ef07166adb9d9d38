"""What the arm looks like: smooth shells with dark joint rings. {(link, part): (Mesh, material)} in link frames."""

import numpy as np

from .curves import lathe
from .sdf import blend, capsule, cut, cylinder, rounded_box, surface
from .solids import box, merge, rotation_x, rotation_z, soften

CELL = 0.008  # m, mesh size of the shells before they are thinned


def _ring(radius, centre, half_width):
    """A band around z that covers a joint's gap and stands proud of the shells' rounded rims."""
    low, high = centre - half_width, centre + half_width
    inner = radius - 0.005
    return lathe([(inner, low), (radius, low + 0.0015), (radius, high - 0.0015), (inner, high)], 22)


def _cap(radius, z, thickness=0.004):
    """A disc on a housing's end, facing +z."""
    top = z + thickness
    return lathe([(radius, z - 0.002), (radius, z + thickness / 2), (radius - 0.003, top), (0.0, top)], 20)


ALONG_Y = rotation_x(-np.pi / 2)  # turns z into y
ALONG_MINUS_Y = rotation_x(np.pi / 2)


def _shells():
    """(body, box low, box high, cell, triangles) of every smooth shell."""
    link0 = blend([cylinder((0, 0, 0.0), (0, 0, 0.138), 0.088, 0.012, 0.062),
                   rounded_box((-0.085, 0, 0.028), (0.068, 0.062, 0.028), 0.016)], 0.07)
    link1 = blend([cylinder((0, 0, -0.188), (0, 0, -0.04), 0.058, 0.008),
                   cylinder((0, -0.126, 0), (0, -0.003, 0), 0.060, 0.014)], 0.075)
    link2 = blend([cylinder((0, 0, 0.003), (0, 0, 0.126), 0.060, 0.014),
                   cylinder((0, -0.04, 0), (0, -0.190, 0), 0.058, 0.008)], 0.075)
    link3 = blend([cylinder((0, 0, -0.117), (0, 0, -0.02), 0.058, 0.008),
                   cylinder((0.0825, 0.003, 0), (0.0825, 0.110, 0), 0.057, 0.014)], 0.085)
    link4 = blend([cylinder((0, 0, 0.003), (0, 0, 0.110), 0.057, 0.014),
                   cylinder((-0.0825, 0.03, 0), (-0.0825, 0.120, 0), 0.058, 0.008)], 0.085)
    link5 = blend([cylinder((0, 0, -0.260), (0, 0, -0.18), 0.058, 0.008),
                   capsule((0, 0.035, -0.19), (0, 0.08, -0.03), 0.046, 0.036),
                   cylinder((0, 0.008, 0), (0, 0.127, 0), 0.051, 0.012)], 0.06)
    link6 = blend([cylinder((0, 0, -0.004), (0, 0, 0.055), 0.050, 0.012),
                   cylinder((0.088, -0.048, 0), (0.088, 0.080, 0), 0.046, 0.012)], 0.05)
    link7 = blend([cylinder((0, 0, 0.056), (0, 0, 0.103), 0.045, 0.006),
                   capsule((0.02, 0.02, 0.083), (0.046, 0.046, 0.083), 0.020, 0.017)], 0.02)
    hand = blend([rounded_box((0, 0, 0.031), (0.030, 0.101, 0.033), 0.014),
                  cylinder((0, 0, 0.0), (0, 0, 0.03), 0.038, 0.006)], 0.012)
    hand = cut(hand, (0, 0, 0.064), (0, 0, 1), 0.004)
    return {
        "link0": (link0, (-0.16, -0.09, 0.0), (0.09, 0.09, 0.14), CELL, 420),
        "link1": (link1, (-0.062, -0.13, -0.19), (0.062, 0.062, 0.062), CELL, 420),
        "link2": (link2, (-0.062, -0.19, -0.062), (0.062, 0.062, 0.13), CELL, 420),
        "link3": (link3, (-0.062, -0.062, -0.12), (0.142, 0.112, 0.062), CELL, 420),
        "link4": (link4, (-0.142, -0.062, -0.062), (0.062, 0.122, 0.112), CELL, 420),
        "link5": (link5, (-0.06, -0.06, -0.262), (0.06, 0.13, 0.054), CELL, 420),
        "link6": (link6, (-0.052, -0.052, -0.048), (0.136, 0.083, 0.058), CELL, 420),
        "link7": (link7, (-0.047, -0.047, 0.054), (0.066, 0.066, 0.105), 0.006, 240),
        "hand": (hand, (-0.04, -0.103, -0.002), (0.04, 0.103, 0.066), 0.007, 500),
    }


def _rings():
    """Dark bands where links turn against each other, and light caps on the housings' outer ends."""
    rings = {
        "link0": _ring(0.0595, 0.1427, 0.0073),
        "link1": _ring(0.0585, 0.0, 0.007).moved(ALONG_Y),
        "link2": _ring(0.0592, 0.0, 0.0075).moved(ALONG_Y, (0, -0.1945, 0)),
        "link3": _ring(0.0555, 0.0, 0.007).moved(ALONG_Y, (0.0825, 0, 0)),
        "link4": _ring(0.0592, 0.0, 0.006).moved(ALONG_Y, (-0.0825, 0.122, 0)),
        "link5": _ring(0.0495, 0.006, 0.006).moved(ALONG_Y),
        "link6": _ring(0.0455, 0.0, 0.006).moved(ALONG_Y, (0.088, -0.052, 0)),
        "link7": _ring(0.0445, 0.105, 0.004),
    }
    caps = {
        "link1": _cap(0.042, 0.126).moved(ALONG_MINUS_Y),
        "link2": _cap(0.042, 0.126),
        "link3": _cap(0.040, 0.110).moved(ALONG_Y, (0.0825, 0, 0)),
        "link4": _cap(0.040, 0.110),
        "link5": _cap(0.036, 0.127).moved(ALONG_Y),
        "link6": merge([_cap(0.032, 0.055), _cap(0.030, 0.080).moved(ALONG_Y, (0.088, 0, 0))]),
    }
    return rings, caps


def _camera():
    """A small stereo camera on an arm from the flange, which lies towards -z. The image is taken from the link's origin
    along +y with near plane at 1 cm, so all of it stays behind that."""
    body = soften(box((-0.045, -0.022, -0.0125), (0.045, -0.002, 0.0125)), 0.005)
    lenses = merge([lathe([(0.0075, 0.0), (0.0075, 0.0015), (0.006, 0.002), (0.0, 0.002)], 12)
                    .moved(ALONG_Y, (x, -0.002, 0.0)) for x in (-0.028, 0.0, 0.028)])
    bracket = soften(box((-0.012, -0.020, -0.080), (0.012, -0.010, -0.008)), 0.002)
    return body, lenses, bracket


def panda_parts(finger):
    parts = {}
    for link, (body, low, high, cell, target) in _shells().items():
        parts[(link, "shell")] = (surface(body, low, high, cell, target), "hand" if link == "hand" else "shell")
    rings, caps = _rings()
    for link, mesh in rings.items():
        parts[(link, "ring")] = (mesh, "joint")
    for link, mesh in caps.items():
        parts[(link, "cap")] = (mesh, "cap")
    parts[("hand", "rail")] = (soften(box((-0.012, -0.092, 0.06), (0.012, 0.092, 0.0665)), 0.002), "joint")
    for side, turn in (("left", 0.0), ("right", np.pi)):
        parts[(f"{side}finger", "body")] = (soften(finger, 0.0015).moved(rotation_z(turn)), "finger")
        pad = soften(box((0.0161, -0.0092, 0.0047), (0.0205, 0.0092, 0.0297)), 0.0012)
        parts[(f"{side}tip", "pad")] = (pad, "rubber")
    body, lenses, bracket = _camera()
    parts[("camera", "body")] = (body, "cap")
    parts[("camera", "bracket")] = (bracket, "joint")
    parts[("camera", "lenses")] = (lenses, "lens")
    return parts
