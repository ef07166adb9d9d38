"""Triangle meshes and convex solids with softened edges.

Everything here is deterministic: the same call gives the same vertices in the same order.
"""

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Mesh:
    """Triangles with one normal and one texture coordinate a vertex, counter-clockwise from outside."""

    positions: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))  # (V, 3) m
    normals: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))  # (V, 3) unit
    uvs: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))  # (V, 2), v = 0 is the bottom row
    triangles: np.ndarray = field(default_factory=lambda: np.zeros((0, 3), int))  # (T, 3)

    def moved(self, rotation=None, translation=(0, 0, 0)):
        rotation = np.eye(3) if rotation is None else np.asarray(rotation)
        return Mesh(self.positions @ rotation.T + np.asarray(translation), self.normals @ rotation.T,
                    self.uvs, self.triangles)


def merge(meshes):
    """One mesh of all triangles, in order."""
    meshes = list(meshes)
    offsets = np.cumsum([0] + [len(m.positions) for m in meshes])
    return Mesh(np.concatenate([m.positions for m in meshes]), np.concatenate([m.normals for m in meshes]),
                np.concatenate([m.uvs for m in meshes]),
                np.concatenate([m.triangles + o for m, o in zip(meshes, offsets)]))


def rotation_x(angle):
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def rotation_y(angle):
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def rotation_z(angle):
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def rotation_rpy(roll, pitch, yaw):
    return rotation_z(yaw) @ rotation_y(pitch) @ rotation_x(roll)


@dataclass
class Solid:
    """A convex polyhedron: corner points and faces as corner lists, counter-clockwise from outside."""

    corners: np.ndarray  # (N, 3) m
    faces: list

    def moved(self, rotation=None, translation=(0, 0, 0)):
        rotation = np.eye(3) if rotation is None else np.asarray(rotation)
        return Solid(self.corners @ rotation.T + np.asarray(translation), self.faces)


def prism(polygon_yz, x_min, x_max):
    """Extrudes a polygon in the y-z plane, counter-clockwise seen from +x, along x."""
    n = len(polygon_yz)
    ring = np.asarray(polygon_yz, float)
    low = np.column_stack([np.full(n, x_min), ring])
    high = np.column_stack([np.full(n, x_max), ring])
    faces = [list(range(n, 2 * n)), list(range(n - 1, -1, -1))]
    faces += [[i, (i + 1) % n, n + (i + 1) % n, n + i] for i in range(n)]
    return Solid(np.concatenate([low, high]), faces)


def box(low, high):
    (x0, y0, z0), (x1, y1, z1) = low, high
    return prism([(y0, z0), (y1, z0), (y1, z1), (y0, z1)], x0, x1)


def frustum(low_bottom, high_bottom, low_top, high_top, z_bottom, z_top):
    """A tapered box: rectangles (x, y) at two heights."""
    solid = box((*low_bottom, z_bottom), (*high_bottom, z_top))
    for corner in solid.corners:
        if corner[2] == z_top:
            corner[0] = low_top[0] if corner[0] == low_bottom[0] else high_top[0]
            corner[1] = low_top[1] if corner[1] == low_bottom[1] else high_top[1]
    return solid


def _inset(points, normal, distance):
    """Moves every edge of a convex face inwards by `distance` in its plane."""
    n = len(points)
    edges = np.array([points[(i + 1) % n] - points[i] for i in range(n)])
    edges /= np.linalg.norm(edges, axis=1)[:, None]
    inward = np.cross(normal, edges)
    result = []
    for i in range(n):
        a, b = inward[i - 1], inward[i]
        result.append(points[i] + (a + b) * (distance / (1.0 + a @ b)))
    return np.array(result)


def _face_uvs(points, normal, grain, metres_per_repeat, offset):
    """Planar coordinates on a face with u along the grain; end grain turns the axes."""
    along = np.asarray(grain, float) - normal * (np.asarray(grain, float) @ normal)
    if np.linalg.norm(along) < 0.3:
        along = np.roll(normal, 1) - normal * (np.roll(normal, 1) @ normal)
    along /= np.linalg.norm(along)
    across = np.cross(normal, along)
    return np.column_stack([points @ along, points @ across]) / metres_per_repeat + offset


def soften(solid, bevel, grain=(1, 0, 0), metres_per_repeat=0.5, offset=(0.0, 0.0)):
    """Mesh of a solid whose edges are cut by `bevel` and shaded round.

    The normals of neighbouring faces meet on each bevel, so that one strip of triangles looks like a fillet.
    """
    corners = solid.corners
    normals, insets = [], []
    for face in solid.faces:
        points = corners[face]
        normal = np.zeros(3)
        for i in range(1, len(face) - 1):
            normal += np.cross(points[i] - points[0], points[i + 1] - points[0])
        normal /= np.linalg.norm(normal)
        normals.append(normal)
        insets.append(_inset(points, normal, bevel))

    positions, vertex_normals, uvs, triangles = [], [], [], []

    def polygon(points, point_normals, uv_normal):
        first = len(positions)
        points = np.asarray(points)
        positions.extend(points)
        vertex_normals.extend(point_normals)
        uvs.extend(_face_uvs(points, uv_normal, grain, metres_per_repeat, np.asarray(offset)))
        triangles.extend([first, first + i, first + i + 1] for i in range(1, len(points) - 1))

    owner = {}  # directed edge -> (face, position of its first corner in the face)
    for f, face in enumerate(solid.faces):
        polygon(insets[f], [normals[f]] * len(face), normals[f])
        for i, corner in enumerate(face):
            owner[(corner, face[(i + 1) % len(face)])] = (f, i)
    for (a, b), (f, i) in owner.items():
        if a > b:
            continue
        g, j = owner[(b, a)]
        nf, ng = len(solid.faces[f]), len(solid.faces[g])
        points = [insets[f][(i + 1) % nf], insets[f][i], insets[g][(j + 1) % ng], insets[g][j]]
        polygon(points, [normals[f], normals[f], normals[g], normals[g]], normals[f])
    for corner in range(len(corners)):
        start = next(f for f, face in enumerate(solid.faces) if corner in face)
        f, around = start, []
        while True:
            i = solid.faces[f].index(corner)
            around.append((insets[f][i], normals[f]))
            # The next face counter-clockwise shares the edge that ends at this corner.
            f, _ = owner[(corner, solid.faces[f][i - 1])]
            if f == start:
                break
        polygon([p for p, _ in around], [n for _, n in around], around[0][1])
    return Mesh(np.array(positions), np.array(vertex_normals), np.array(uvs), np.array(triangles))
