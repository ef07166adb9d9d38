"""Generators of the meshes, textures, URDF and scene files below scenes/ (see scripts/make_assets.py)."""
