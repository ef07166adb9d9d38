"""Writes scene_A.yaml .. scene_D.yaml in the format of scenes/README.md."""

from .files import NOTE, numbers, write_text

# Block sets in load order and surfaces: calvin_env 797142c, conf/scene/calvin_scene_{A..D}.yaml.
BLOCK_SETS = {
    "A": ("pink_small", "blue_big", "red_middle"),
    "B": ("red_small", "blue_big", "pink_middle"),
    "C": ("blue_small", "red_big", "pink_middle"),
    "D": ("red_middle", "blue_small", "pink_big"),
}
SURFACES = {
    "A": {"table": ((-0.2, -0.15, 0.46), (0.35, -0.03, 0.46)),
          "slider_left": ((-0.32, 0.05, 0.46), (-0.16, 0.12, 0.46)),
          "slider_right": ((-0.05, 0.05, 0.46), (0.13, 0.12, 0.46))},
    "B": {"table": ((-0.35, -0.15, 0.46), (0.15, -0.03, 0.46)),
          "slider_left": ((-0.12, 0.05, 0.46), (0.06, 0.12, 0.46)),
          "slider_right": ((0.15, 0.05, 0.46), (0.33, 0.12, 0.46))},
    "C": {"table": ((0.0, -0.15, 0.46), (0.35, -0.03, 0.46)),
          "slider_left": ((-0.12, 0.05, 0.46), (0.06, 0.12, 0.46)),
          "slider_right": ((0.15, 0.05, 0.46), (0.3, 0.12, 0.46))},
    "D": {"table": ((0.0, -0.15, 0.46), (0.35, -0.03, 0.46)),
          "slider_left": ((-0.32, 0.05, 0.46), (-0.16, 0.12, 0.46)),
          "slider_right": ((-0.05, 0.05, 0.46), (0.13, 0.12, 0.46))},
}

TEMPLATE = """\
# {note}
name: {letter}

robot:
  file: panda/panda.urdf
  base_position: [-0.34, -0.46, 0.24]
  arm_joints: [panda_joint1, panda_joint2, panda_joint3, panda_joint4, panda_joint5, panda_joint6, panda_joint7]
  finger_joints: [panda_finger_joint1, panda_finger_joint2]
  tcp_link: tcp
  gripper_camera_link: gripper_cam
  initial_joint_positions: [-1.21779206, 1.03987646, 2.11978261, -2.34205014, -0.87015947, 1.64119353, 0.55344866]
  lower_joint_limits: [-2.8973, -1.7628, -2.8973, -3.0718, -2.8973, -0.0175, -2.8973]
  upper_joint_limits: [2.8973, 1.7628, 2.8973, -0.0698, 2.8973, 3.7525, 2.8973]
  gripper_open: 0.04

base_cylinder:
  file: panda/stand.urdf
  position: [-0.34, -0.46, 0.12]

blocks:
{blocks}
blocks_sleep: true

table:
  file: table_{letter}/table_{letter}.urdf
  position: [0, 0, 0]
  joints: {{slide: base__slide, drawer: base__drawer, button: base__button, switch: base__switch}}
  plank_link: plank_link
  lights:
    lightbulb: {{link: light_link, color: [1, 0.87, 0.18, 1]}}
    led: {{link: led_link, color: [0.1, 0.92, 0.25, 1]}}

plane:
  file: plane/plane.urdf

surfaces:
{surfaces}

cameras:
  static:
    {{width: 200, height: 200, fov: 10, near: 0.01, far: 10,
     look_from: [2.871459009488717, -2.166602199425597, 2.555159848480571],
     look_at: [-0.026242351159453392, -0.0302329882979393, 0.3920000493526459],
     up: [0.4041403970338857, 0.22629790978217404, 0.8862616969685161]}}
  gripper: {{width: 84, height: 84, fov: 75, near: 0.01, far: 2}}
"""


def write_scene(scenes, letter):
    blocks = "\n".join(f"  - {{name: block_{block.split('_')[0]}, file: blocks/block_{block}.urdf}}"
                       for block in BLOCK_SETS[letter])
    surfaces = "\n".join("  {}: [[{}], [{}]]".format(name, *(numbers(c).replace(" ", ", ") for c in corners))
                         for name, corners in SURFACES[letter].items())
    write_text(scenes / f"scene_{letter}.yaml",
               TEMPLATE.format(note=NOTE, letter=letter, blocks=blocks, surfaces=surfaces))
