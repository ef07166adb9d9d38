"""Smooth bodies from signed distances, meshed by surface nets and edge collapses.

A body is a function from points (N, 3) to signed distances (N,), negative inside.
"""

import numpy as np

from .decimate import decimate
from .solids import Mesh


def _dot(points, axis):
    """Products summed in a fixed order: a matrix product's last bits depend on the machine."""
    return points[:, 0] * axis[0] + points[:, 1] * axis[1] + points[:, 2] * axis[2]


def capsule(a, b, radius_a, radius_b=None):
    """Round cone between two points."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    radius_b = radius_a if radius_b is None else radius_b
    ab = b - a

    def distance(p):
        t = np.clip(_dot(p - a, ab) / (ab @ ab), 0, 1)
        return np.linalg.norm(p - a - t[:, None] * ab, axis=1) - (radius_a + t * (radius_b - radius_a))

    return distance


def cylinder(a, b, radius, edge=0.006, radius_b=None):
    """Straight or tapered cylinder between two end centres with edges rounded by `edge`."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    length = np.linalg.norm(b - a)
    axis = (b - a) / length
    radius_b = radius if radius_b is None else radius_b

    def distance(p):
        along = _dot(p - a, axis)
        local = radius + np.clip(along / length, 0, 1) * (radius_b - radius)
        r = np.linalg.norm(p - a - along[:, None] * axis, axis=1) - (local - edge)
        h = np.abs(along - length / 2) - (length / 2 - edge)
        outside = np.sqrt(np.maximum(r, 0) ** 2 + np.maximum(h, 0) ** 2)
        return outside + np.minimum(np.maximum(r, h), 0) - edge

    return distance


def rounded_box(centre, half, edge):
    centre, half = np.asarray(centre, float), np.asarray(half, float) - edge

    def distance(p):
        q = np.abs(p - centre) - half
        return np.linalg.norm(np.maximum(q, 0), axis=1) + np.minimum(q.max(axis=1), 0) - edge

    return distance


def blend(parts, radius):
    """Union whose creases are filled over about `radius`."""

    def distance(p):
        result = parts[0](p)
        for part in parts[1:]:
            other = part(p)
            h = np.maximum(radius - np.abs(result - other), 0) / radius
            result = np.minimum(result, other) - h * h * radius / 4
        return result

    return distance


def cut(body, plane_point, plane_normal, edge=0.004):
    """Removes what lies beyond a plane, with a rounded rim."""
    point, normal = np.asarray(plane_point, float), np.asarray(plane_normal, float)

    def distance(p):
        d, plane = body(p), _dot(p - point, normal)
        h = np.maximum(edge - np.abs(d - plane), 0) / edge
        return np.maximum(d, plane) + h * h * edge / 4

    return distance


def _gradient(body, points, step=1e-4):
    result = np.empty_like(points)
    for axis in range(3):
        delta = np.zeros(3)
        delta[axis] = step
        result[:, axis] = (body(points + delta) - body(points - delta)) / (2 * step)
    return result


def _onto(body, points):
    """Points near the zero surface moved onto it."""
    for _ in range(6):
        gradient = _gradient(body, points)
        points = points - body(points)[:, None] * gradient / np.maximum((gradient**2).sum(1), 0.25)[:, None]
    return points


def surface(body, low, high, cell, target):
    """Mesh of the zero surface inside a box: one vertex a crossed cell (surface nets), thinned to about `target`
    triangles; vertices on the surface, normals from the body's gradient."""
    low, high = np.asarray(low, float), np.asarray(high, float)
    count = np.ceil((high - low) / cell).astype(int) + 3
    start = (low + high) / 2 - (count - 1) / 2 * cell
    axes = [start[k] + cell * np.arange(count[k]) for k in range(3)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    value = body(grid.reshape(-1, 3)).reshape(count)
    inside = value < 0

    cells = count - 1
    sums, crossings = np.zeros((*cells, 3)), np.zeros(cells)
    for axis in range(3):
        ahead = [slice(None)] * 3
        behind = [slice(None)] * 3
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        a, b = value[tuple(behind)], value[tuple(ahead)]
        crossed = (a < 0) != (b < 0)
        t = np.where(crossed, a / np.where(crossed, a - b, 1.0), 0.0)
        point = grid[tuple(behind)].copy()
        point[..., axis] += t * cell
        others = [k for k in range(3) if k != axis]
        for du in (0, 1):
            for dv in (0, 1):
                window = [slice(None)] * 3
                window[others[0]] = slice(du, du + cells[others[0]])
                window[others[1]] = slice(dv, dv + cells[others[1]])
                hit = crossed[tuple(window)]
                sums += np.where(hit[..., None], point[tuple(window)], 0.0)
                crossings += hit
    active = crossings > 0
    index = np.full(cells, -1)
    index[active] = np.arange(active.sum())
    points = sums[active] / crossings[active][:, None]
    points = _onto(body, points)

    triangles = []
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        for x in np.argwhere(np.diff(inside.astype(int), axis=axis) != 0):
            if x[u] == 0 or x[v] == 0 or x[u] >= cells[u] or x[v] >= cells[v]:
                continue
            corners = []
            for du, dv in ((-1, -1), (0, -1), (0, 0), (-1, 0)):
                y = x.copy()
                y[u] += du
                y[v] += dv
                corners.append(index[tuple(y)])
            if not inside[tuple(x)]:
                corners.reverse()
            a, b, c, d = corners
            if np.linalg.norm(points[a] - points[c]) <= np.linalg.norm(points[b] - points[d]):
                triangles += [[a, b, c], [a, c, d]]
            else:
                triangles += [[a, b, d], [b, c, d]]
    corners, triangles = decimate(points, triangles, target)
    points = _onto(body, np.array(corners))
    normals = _gradient(body, points)
    normals /= np.maximum(np.linalg.norm(normals, axis=1), 1e-9)[:, None]
    return Mesh(points, normals, np.zeros((len(points), 2)), np.array(triangles))
