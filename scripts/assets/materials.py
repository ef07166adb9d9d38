"""Surface finishes and the looks of the four tables."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Material:
    rgba: tuple = (1.0, 1.0, 1.0, 1.0)  # multiplies the texture
    texture: str = ""  # name of a PNG in scenes/textures, without the ending
    specular: float = 0.05  # 0..1


MATERIALS = {
    "shell": Material((0.87, 0.875, 0.885, 1.0), specular=0.25),
    "joint": Material((0.17, 0.18, 0.20, 1.0), specular=0.20),
    "cap": Material((0.62, 0.64, 0.67, 1.0), specular=0.25),
    "hand": Material((0.83, 0.84, 0.85, 1.0), specular=0.25),
    "finger": Material((0.50, 0.52, 0.55, 1.0), specular=0.25),
    "rubber": Material((0.13, 0.13, 0.14, 1.0), specular=0.02),
    "lens": Material((0.05, 0.06, 0.09, 1.0), specular=0.6),
    "metal": Material((1.0, 1.0, 1.0, 1.0), "brushed_metal", specular=0.35),
    "black_metal": Material((0.20, 0.20, 0.22, 1.0), "brushed_metal", specular=0.25),
    "plastic_black": Material((0.07, 0.07, 0.08, 1.0), specular=0.25),
    "slot": Material((0.10, 0.09, 0.08, 1.0), specular=0.02),
    "lamp_off": Material((0.96, 0.96, 0.93, 1.0), specular=0.3),
    "stand": Material((0.80, 0.81, 0.83, 1.0), specular=0.15),
    "floor": Material((1.0, 1.0, 1.0, 1.0), "floor", specular=0.03),
    "red": Material((0.84, 0.09, 0.08, 1.0), specular=0.18),
    "blue": Material((0.07, 0.20, 0.86, 1.0), specular=0.18),
    "pink": Material((0.93, 0.18, 0.80, 1.0), specular=0.18),
    "oak": Material(texture="wood_oak", specular=0.06),
    "walnut": Material(texture="wood_walnut", specular=0.06),
    "maple": Material(texture="wood_maple", specular=0.06),
    "cherry": Material(texture="wood_cherry", specular=0.06),
}


@dataclass(frozen=True)
class Finish:
    """Materials of a table's parts."""

    top: str
    body: str
    legs: str
    inside: str
    door: str
    drawer: str
    handle: str


FINISHES = {
    "A": Finish(top="cherry", body="cherry", legs="cherry", inside="walnut", door="cherry", drawer="cherry",
                handle="metal"),
    "B": Finish(top="maple", body="maple", legs="maple", inside="maple", door="maple", drawer="maple",
                handle="black_metal"),
    "C": Finish(top="walnut", body="walnut", legs="walnut", inside="walnut", door="oak", drawer="oak", handle="metal"),
    "D": Finish(top="oak", body="oak", legs="oak", inside="oak", door="walnut", drawer="walnut", handle="metal"),
}
