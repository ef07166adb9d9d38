"""Fewer triangles for a closed surface: edge collapses by quadric error (Garland and Heckbert 1997).

Plain Python arithmetic on rounded input, without vectorised sums, so that the result has the same bits everywhere.
"""

import heapq


def _plane_quadric(a, b, c):
    """Area-weighted quadric of a triangle's plane as the upper triangle of a symmetric 4 x 4 matrix."""
    ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    vx, vy, vz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
    nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    double_area = (nx * nx + ny * ny + nz * nz) ** 0.5
    if double_area == 0.0:
        return [0.0] * 10
    nx, ny, nz = nx / double_area, ny / double_area, nz / double_area
    d = -(nx * a[0] + ny * a[1] + nz * a[2])
    w = double_area / 2
    return [w * v for v in (nx * nx, nx * ny, nx * nz, nx * d, ny * ny, ny * nz, ny * d, nz * nz, nz * d, d * d)]


def _error(q, p):
    x, y, z = p
    return (q[0] * x * x + 2 * q[1] * x * y + 2 * q[2] * x * z + 2 * q[3] * x + q[4] * y * y + 2 * q[5] * y * z
            + 2 * q[6] * y + q[7] * z * z + 2 * q[8] * z + q[9])


def _best_point(q, a, b):
    """Where the merged vertex costs least; the middle of the edge if the quadric does not say."""
    middle = [(a[k] + b[k]) / 2 for k in range(3)]
    m00, m01, m02, m11, m12, m22 = q[0], q[1], q[2], q[4], q[5], q[7]
    c00, c01, c02 = m11 * m22 - m12 * m12, m02 * m12 - m01 * m22, m01 * m12 - m02 * m11
    det = m00 * c00 + m01 * c01 + m02 * c02
    scale = m00 + m11 + m22
    if abs(det) < 1e-6 * scale * scale * scale:
        return middle
    c11, c12, c22 = m00 * m22 - m02 * m02, m01 * m02 - m00 * m12, m00 * m11 - m01 * m01
    r = (-q[3], -q[6], -q[8])
    point = [(c00 * r[0] + c01 * r[1] + c02 * r[2]) / det, (c01 * r[0] + c11 * r[1] + c12 * r[2]) / det,
             (c02 * r[0] + c12 * r[1] + c22 * r[2]) / det]
    reach = sum((a[k] - b[k]) ** 2 for k in range(3))
    return point if sum((point[k] - middle[k]) ** 2 for k in range(3)) < reach else middle


def _normal(a, b, c):
    ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    vx, vy, vz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
    n = (uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx)
    length = (n[0] * n[0] + n[1] * n[1] + n[2] * n[2]) ** 0.5
    return tuple(v / length for v in n) if length > 0.0 else (0.0, 0.0, 0.0)


class _Surface:
    def __init__(self, positions, triangles):
        self.points = [[round(float(v), 5) for v in p] for p in positions]
        self.triangles = [tuple(int(k) for k in t) for t in triangles]
        self.around = [set() for _ in self.points]  # triangles at each vertex
        self.quadrics = [[0.0] * 10 for _ in self.points]
        for i, t in enumerate(self.triangles):
            q = _plane_quadric(*(self.points[k] for k in t))
            for k in t:
                self.around[k].add(i)
                self.quadrics[k] = [x + y for x, y in zip(self.quadrics[k], q)]
        self.stamp = [0] * len(self.points)

    def neighbours(self, a):
        return sorted({k for i in self.around[a] for k in self.triangles[i]} - {a})

    def candidate(self, a, b):
        """Heap entry of an edge."""
        q = [x + y for x, y in zip(self.quadrics[a], self.quadrics[b])]
        pa, pb = self.points[a], self.points[b]
        point = _best_point(q, pa, pb)
        # A little length in the price keeps flat parts from growing slivers.
        cost = _error(q, point) + 2e-5 * sum((pa[k] - pb[k]) ** 2 for k in range(3)) * (q[0] + q[4] + q[7])
        return (cost, a, b, self.stamp[a], self.stamp[b], point)

    def may_collapse(self, a, b, point):
        if len(set(self.neighbours(a)) & set(self.neighbours(b))) != 2:
            return False
        for end, other in ((a, b), (b, a)):
            for i in self.around[end]:
                t = self.triangles[i]
                if other in t:
                    continue
                before = _normal(*(self.points[k] for k in t))
                after = _normal(*(point if k == end else self.points[k] for k in t))
                if before[0] * after[0] + before[1] * after[1] + before[2] * after[2] < 0.5:
                    return False
        return True

    def collapse(self, a, b, point):
        """Merges b into a; returns the number of triangles lost."""
        gone = self.around[a] & self.around[b]
        for i in gone:
            for k in self.triangles[i]:
                self.around[k].discard(i)
        for i in self.around[b]:
            self.triangles[i] = tuple(a if k == b else k for k in self.triangles[i])
        self.around[a] |= self.around[b]
        self.around[b] = set()
        self.points[a] = point
        self.quadrics[a] = [x + y for x, y in zip(self.quadrics[a], self.quadrics[b])]
        self.stamp[a] += 1
        self.stamp[b] += 1
        return len(gone)


def decimate(positions, triangles, target):
    """(points, triangles) with about `target` triangles."""
    surface = _Surface(positions, triangles)
    heap = [surface.candidate(a, b) for a in range(len(surface.points)) for b in surface.neighbours(a) if a < b]
    heapq.heapify(heap)
    count = len(surface.triangles)
    while count > target and heap:
        _, a, b, stamp_a, stamp_b, point = heapq.heappop(heap)
        if (stamp_a, stamp_b) != (surface.stamp[a], surface.stamp[b]) or not surface.may_collapse(a, b, point):
            continue
        count -= surface.collapse(a, b, point)
        for k in surface.neighbours(a):
            heapq.heappush(heap, surface.candidate(min(a, k), max(a, k)))
    alive = sorted({i for triangles_at in surface.around for i in triangles_at})
    used = sorted({k for i in alive for k in surface.triangles[i]})
    index = {k: i for i, k in enumerate(used)}
    return [surface.points[k] for k in used], [[index[k] for k in surface.triangles[i]] for i in alive]
