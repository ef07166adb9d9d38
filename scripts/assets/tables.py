"""Writes table_A .. table_D: URDF, collision hulls and visual meshes."""

import numpy as np

from .files import Urdf, write_hulls, write_materials, write_obj
from .layouts import LAYOUTS, link_frames
from .materials import FINISHES, MATERIALS
from .table_collision import OWN_FRAME, base_shapes, link_shapes
from .table_visuals import table_parts

FRICTION = 0.5  # lateral, of every part of the table, as PyBullet's default


def _collide(urdf, folder, name, boxes, hulls):
    for solid in boxes:
        low, high = solid.corners.min(0), solid.corners.max(0)
        urdf.collision_box(high - low, (low + high) / 2)
    if hulls:
        write_hulls(folder / "meshes" / f"{name}_collision.obj", hulls)
        urdf.collision_hulls(f"meshes/{name}_collision.obj")


def _show(urdf, folder, parts, link, place):
    for (owner, part), (mesh, material) in parts.items():
        if owner == link:
            stem = f"{link.removesuffix('_link')}_{part}"
            write_obj(folder / "meshes" / f"{stem}.obj", place(mesh), material)
            urdf.visual(f"meshes/{stem}.obj", material, MATERIALS[material])


def write_table(scenes, letter):
    layout, finish = LAYOUTS[letter], FINISHES[letter]
    folder = scenes / f"table_{letter}"
    parts = table_parts(layout, finish)
    shapes = link_shapes(layout)
    urdf = Urdf(f"table_{letter}")
    contact = {"lateral_friction": FRICTION}

    urdf.link("base_link", 0.0, contact=contact)
    _show(urdf, folder, parts, "base_link", lambda mesh: mesh)
    _collide(urdf, folder, "base", *base_shapes(layout))
    for frame in link_frames(layout):
        own = frame.name in OWN_FRAME
        place = (lambda shape: shape) if own else frame.from_base
        boxes, hulls = shapes[frame.name]
        boxes, hulls = [place(s) for s in boxes], [place(s) for s in hulls]
        corners = np.concatenate([s.corners for s in boxes + hulls])
        urdf.link(frame.name, frame.mass, (corners.min(0) + corners.max(0)) / 2, contact)
        _show(urdf, folder, parts, frame.name, place)
        _collide(urdf, folder, frame.name.removesuffix("_link"), boxes, hulls)
        kind = "prismatic" if frame.travel else "fixed"
        urdf.joint(frame.joint, kind, "base_link", frame.name, frame.xyz, (frame.roll, 0, 0),
                   frame.axis if frame.travel else None, (0.0, frame.travel) if frame.travel else None)
    urdf.write(folder / f"table_{letter}.urdf")
    used = sorted({material for _, material in parts.values()})
    write_materials(folder / "meshes", {name: MATERIALS[name] for name in used}, "../../textures")
