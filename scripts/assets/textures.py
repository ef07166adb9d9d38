"""Wood, brushed metal and floor, drawn from seeded noise. Every texture repeats without a seam."""

import numpy as np

from .files import write_png


def _noise(rng, height, width, rows, columns):
    """Smooth periodic value noise from 0 to 1 with `rows` x `columns` knots."""
    knots = rng.random_sample((rows, columns))

    def weights(size, count):
        x = (np.arange(size) + 0.5) / size * count
        low = np.floor(x).astype(int)
        t = x - low
        return low % count, (low + 1) % count, t * t * (3 - 2 * t)

    r0, r1, tr = weights(height, rows)
    c0, c1, tc = weights(width, columns)
    top = knots[r0][:, c0] * (1 - tc) + knots[r0][:, c1] * tc
    bottom = knots[r1][:, c0] * (1 - tc) + knots[r1][:, c1] * tc
    return top * (1 - tr[:, None]) + bottom * tr[:, None]


def _mix(a, b, t):
    return np.asarray(a) * (1 - t[..., None]) + np.asarray(b) * t[..., None]


def wood(seed, light, dark, rings=9.0, contrast=1.0, size=512):
    """Grain along u: warped annual rings, fine fibres and pores."""
    rng = np.random.RandomState(seed)
    v = (np.arange(size)[:, None] + 0.5) / size
    warp = 0.9 * _noise(rng, size, size, 4, 2) + 0.35 * _noise(rng, size, size, 9, 3)
    phase = rings * v + 2.2 * warp
    ring = 0.5 + 0.5 * np.sin(2 * np.pi * phase + 0.8 * np.sin(2 * np.pi * phase))
    fibres = 0.6 * _noise(rng, size, size, 128, 6) + 0.4 * _noise(rng, size, size, 256, 12)
    broad = _noise(rng, size, size, 5, 2)
    pores = np.clip((_noise(rng, size, size, 170, 24) - 0.80) / 0.2, 0, 1)
    t = np.clip(0.16 + contrast * (0.34 * ring + 0.30 * (fibres - 0.5) + 0.35 * (broad - 0.5)), 0, 1)
    return _mix(light, dark, t) * (1 - 0.16 * contrast * pores[..., None])


def brushed_metal(seed, size=256):
    rng = np.random.RandomState(seed)
    streaks = 0.6 * _noise(rng, size, size, 128, 3) + 0.4 * _noise(rng, size, size, 256, 6)
    value = 0.66 + 0.12 * (streaks - 0.5)
    return np.stack([value * 0.985, value, value * 1.02], axis=-1)


def floor(seed, size=512):
    """Two by two light tiles a metre, each a little different, with soft joints."""
    rng = np.random.RandomState(seed)
    x = (np.arange(size) + 0.5) / size * 2
    tile = np.array([[0.0, 1.0], [1.0, 0.0]])[(x[:, None]).astype(int), (x[None, :]).astype(int)]
    cloud = 0.6 * _noise(rng, size, size, 8, 8) + 0.4 * _noise(rng, size, size, 32, 32)
    grain = _noise(rng, size, size, 256, 256)
    edge = np.minimum(x % 1.0, 1.0 - x % 1.0)
    joint = np.clip(1 - np.minimum(edge[:, None], edge[None, :]) / 0.008, 0, 1)
    value = 0.80 + 0.06 * tile + 0.035 * (cloud - 0.5) + 0.02 * (grain - 0.5) - 0.16 * joint
    return np.stack([value * 1.0, value * 0.995, value * 0.98], axis=-1)


def write_textures(scenes):
    folder = scenes / "textures"
    write_png(folder / "wood_oak.png", wood(11, (0.86, 0.71, 0.51), (0.66, 0.48, 0.29)))
    write_png(folder / "wood_walnut.png", wood(12, (0.47, 0.31, 0.20), (0.26, 0.16, 0.10), rings=12))
    write_png(folder / "wood_maple.png", wood(13, (0.95, 0.84, 0.65), (0.82, 0.66, 0.45), rings=7, contrast=0.9))
    write_png(folder / "wood_cherry.png", wood(14, (0.53, 0.28, 0.175), (0.32, 0.15, 0.095), rings=10))
    write_png(folder / "brushed_metal.png", brushed_metal(15))
    write_png(folder / "floor.png", floor(16))
