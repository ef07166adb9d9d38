"""Demonstrations on disk: reading them, and bringing them from and into other formats.

    from deerbench.datasets import DemoFile

    demos = DemoFile("d.h5")
    demo = demos[0]
    demo.sentence, demo.actions, demo.robot_obs, demo.states
    demo.frames(range(12))["rgb_static"]  # read where they are stored, else drawn from the states

``python -m deerbench.datasets --help`` lists what can be imported and exported.
"""

from __future__ import annotations

from deerbench.datasets.calvin_import import ImportSummary, import_calvin
from deerbench.datasets.demo_file import Demo, DemoFile
from deerbench.datasets.robomimic_export import export_robomimic
from deerbench.datasets.stored_images import store_images

__all__ = ["Demo", "DemoFile", "ImportSummary", "export_robomimic", "import_calvin", "store_images"]
