"""Lathed and swept meshes: knobs, rings, bulbs, handles."""

import numpy as np

from .solids import Mesh


def _grid(positions, normals, uvs, closed_columns):
    """Triangles of a (rows, columns) grid of vertices; triangles without area are left out."""
    rows, columns = positions.shape[:2]
    triangles = []
    for i in range(rows - 1):
        for j in range(columns if closed_columns else columns - 1):
            k = (j + 1) % columns
            a, b, c, d = i * columns + j, i * columns + k, (i + 1) * columns + k, (i + 1) * columns + j
            triangles += [[a, b, c], [a, c, d]]
    flat = positions.reshape(-1, 3)
    triangles = np.array(triangles)
    area = np.linalg.norm(np.cross(flat[triangles[:, 1]] - flat[triangles[:, 0]],
                                   flat[triangles[:, 2]] - flat[triangles[:, 0]]), axis=1)
    return Mesh(flat, normals.reshape(-1, 3), uvs.reshape(-1, 2), triangles[area > 1e-12])


def lathe(profile, segments=24, smooth_angle_deg=40.0):
    """Turns a profile of (radius, z) points about z; the outside is to the right of the walk, so a walk from the
    bottom up with growing z faces outwards. Corners sharper than `smooth_angle_deg` get an edge."""
    profile = np.asarray(profile, float)
    tangents = np.diff(profile, axis=0)
    tangents /= np.linalg.norm(tangents, axis=1)[:, None]
    flat_normals = np.column_stack([tangents[:, 1], -tangents[:, 0]])  # in (radius, z)
    points, normals = [], []
    for i in range(len(tangents)):
        for end, neighbour in ((0, i - 1), (1, i + 1)):
            normal = flat_normals[i]
            if 0 <= neighbour < len(tangents):
                other = flat_normals[neighbour]
                if normal @ other > np.cos(np.radians(smooth_angle_deg)):
                    normal = (normal + other) / np.linalg.norm(normal + other)
            points.append(profile[i + end])
            normals.append(normal)
    angles = np.arange(segments + 1) * (2 * np.pi / segments)
    cosine, sine = np.cos(angles), np.sin(angles)
    pieces = []
    for i in range(0, len(points), 2):
        rows = slice(i, i + 2)
        r = np.array(points[rows])[:, :1]
        z = np.array(points[rows])[:, 1:]
        nr = np.array(normals[rows])[:, :1]
        nz = np.array(normals[rows])[:, 1:]
        positions = np.stack([r * cosine, r * sine, np.broadcast_to(z, (2, segments + 1))], axis=-1)
        directions = np.stack([nr * cosine, nr * sine, np.broadcast_to(nz, (2, segments + 1))], axis=-1)
        u = np.broadcast_to(np.linspace(0, 1, segments + 1), (2, segments + 1))
        v = np.broadcast_to(np.array([[i / len(points)], [(i + 2) / len(points)]]), (2, segments + 1))
        pieces.append(_grid(positions, directions, np.stack([u, v], axis=-1), False))
    offset, out = 0, []
    for piece in pieces:
        out.append(piece.triangles + offset)
        offset += len(piece.positions)
    return Mesh(np.concatenate([p.positions for p in pieces]), np.concatenate([p.normals for p in pieces]),
                np.concatenate([p.uvs for p in pieces]), np.concatenate(out))


def rounded_rectangle(width, height, radius, corner_points=3):
    """Closed counter-clockwise outline with outward normals: (points (N, 2), normals (N, 2))."""
    points, normals = [], []
    for quadrant, (sx, sy) in enumerate([(1, 1), (-1, 1), (-1, -1), (1, -1)]):
        centre = np.array([sx * (width / 2 - radius), sy * (height / 2 - radius)])
        for k in range(corner_points):
            angle = np.pi / 2 * (quadrant + k / (corner_points - 1))
            normal = np.array([np.cos(angle), np.sin(angle)])
            points.append(centre + radius * normal)
            normals.append(normal)
    return np.array(points), np.array(normals)


def rounded_path(corners, radius, points_per_corner=4):
    """A polyline whose inner corners are replaced by arcs."""
    corners = np.asarray(corners, float)
    path = [corners[0]]
    for before, corner, after in zip(corners[:-2], corners[1:-1], corners[2:]):
        a = (before - corner) / np.linalg.norm(before - corner)
        b = (after - corner) / np.linalg.norm(after - corner)
        half = np.arccos(np.clip(a @ b, -1, 1)) / 2
        centre = corner + (a + b) / np.linalg.norm(a + b) * (radius / np.sin(half))
        start, end = corner + a * (radius / np.tan(half)), corner + b * (radius / np.tan(half))
        e0, e1 = (start - centre) / radius, (end - centre) / radius
        angle = np.arccos(np.clip(e0 @ e1, -1, 1))
        for k in range(points_per_corner):
            t = k / (points_per_corner - 1)
            path.append(centre + radius * (np.sin((1 - t) * angle) * e0 + np.sin(t * angle) * e1) / np.sin(angle))
    path.append(corners[-1])
    return np.array(path)


def sweep(path, outline, outline_normals, side):
    """Sweeps an outline along a planar path; the outline's first axis points along `side`, the plane's normal.
    The ends stay open: they belong inside other parts."""
    path = np.asarray(path, float)
    side = np.asarray(side, float) / np.linalg.norm(side)
    steps = np.diff(path, axis=0)
    steps /= np.linalg.norm(steps, axis=1)[:, None]
    positions, normals, uvs = [], [], []
    length = 0.0
    for i, point in enumerate(path):
        before, after = steps[max(i - 1, 0)], steps[min(i, len(steps) - 1)]
        tangent = (before + after) / np.linalg.norm(before + after)
        stretch = 1.0 / max(tangent @ after, 0.5)  # keeps the thickness in the corners
        up = np.cross(tangent, side)
        if i:
            length += np.linalg.norm(path[i] - path[i - 1])
        closed = np.concatenate([outline, outline[:1]])
        closed_normals = np.concatenate([outline_normals, outline_normals[:1]])
        positions.append(point + closed[:, :1] * side + closed[:, 1:] * up * stretch)
        normals.append(closed_normals[:, :1] * side + closed_normals[:, 1:] * up)
        around = np.linspace(0, 1, len(closed))
        uvs.append(np.column_stack([np.full(len(closed), length / 0.2), around]))
    mesh = _grid(np.array(positions), np.array(normals), np.array(uvs), False)
    # Turn the triangles outwards whatever the direction of the walk.
    p, t = mesh.positions, mesh.triangles
    facing = np.einsum("ij,ij->i", np.cross(p[t[:, 1]] - p[t[:, 0]], p[t[:, 2]] - p[t[:, 0]]), mesh.normals[t].sum(1))
    t[facing < 0] = t[facing < 0][:, ::-1]
    return mesh
