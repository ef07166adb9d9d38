"""Pictures from PNG files, without a library for them: 8 bits a channel, not interlaced."""

import struct
import zlib

import numpy as np


def read_png(path):
    """(height, width, channels) uint8."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", path
    at, packed = 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, color, _, _, interlace = struct.unpack(">IIBBBBB", body)
            assert (depth, interlace) == (8, 0) and color in (0, 2, 6), path
        elif kind == b"IDAT":
            packed += body
        at += length + 12
    channels = {0: 1, 2: 3, 6: 4}[color]
    rows = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + width * channels)
    picture = np.zeros((height, width, channels), np.uint8)
    above = np.zeros((width, channels), np.int64)
    for y, row in enumerate(rows):
        picture[y] = above = unfilter(row[0], row[1:].reshape(width, channels).astype(np.int64), above)
    return picture


def unfilter(kind, line, above):
    """A row of pixels from its differences; the filters are those of the PNG specification, section 9."""
    if kind == 0:
        return line
    if kind == 2:
        return (line + above) % 256
    left, corner = np.zeros(line.shape[1], np.int64), np.zeros(line.shape[1], np.int64)
    out = np.empty_like(line)
    for x in range(len(line)):
        if kind == 1:
            guess = left
        elif kind == 3:
            guess = (left + above[x]) // 2
        else:
            estimate = left + above[x] - corner
            a, b, c = abs(estimate - left), abs(estimate - above[x]), abs(estimate - corner)
            guess = np.where((a <= b) & (a <= c), left, np.where(b <= c, above[x], corner))
        out[x] = left = (line[x] + guess) % 256
        corner = above[x]
    return out
