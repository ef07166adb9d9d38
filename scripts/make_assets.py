#!/usr/bin/env python3
"""Regenerates the meshes, textures, URDF and scene files of our own scenes, byte for byte.

    python3 scripts/make_assets.py [--out scenes]

Needs numpy and pillow. Files that it does not make (scenes/README.md, scenes/calvin) are left alone.
"""

import argparse
import pathlib

from assets.panda import write_panda
from assets.props import write_blocks, write_floor, write_stand
from assets.scenes import write_scene
from assets.tables import write_table
from assets.textures import write_textures


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=root / "scenes", help="folder to write (default: scenes)")
    scenes = parser.parse_args().out
    write_textures(scenes)
    write_blocks(scenes)
    write_floor(scenes)
    write_panda(scenes)
    write_stand(scenes)
    for letter in "ABCD":
        write_table(scenes, letter)
        write_scene(scenes, letter)


if __name__ == "__main__":
    main()
