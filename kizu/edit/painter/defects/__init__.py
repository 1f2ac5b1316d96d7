"""The table of what can be painted, and how large it is when nobody says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kizu.edit.painter.defects.bent import bent
from kizu.edit.painter.defects.burr import burr
from kizu.edit.painter.defects.chip import chip
from kizu.edit.painter.defects.contamination import contamination
from kizu.edit.painter.defects.crack import crack
from kizu.edit.painter.defects.delamination import delamination
from kizu.edit.painter.defects.dent import dent
from kizu.edit.painter.defects.hole import hole
from kizu.edit.painter.defects.misprint import misprint
from kizu.edit.painter.defects.missing import missing_part
from kizu.edit.painter.defects.scratch import scratch
from kizu.edit.painter.defects.stain import discolouration, stain
from kizu.edit.painter.kinds import DefectKind
from kizu.edit.painter.material import DrawDefect


@dataclass(frozen=True)
class Traits:
    """What the painting needs to know of a kind before it is painted.

    Attributes:
        draw: Paints it onto a crop.
        area_fraction: Fraction of the image it covers when nobody says (min, max).
        reach: Half the side of the crop it needs, in square roots of its area.
        contrast: Fraction of the material's contrast that its median change must reach.
        elongated: Whether it is a line; lines are turned to lie within the region.
        at_edge: How often it lies on an object's edge where there is one, 0 to 1.
        at_border: Whether the photo's border is such an edge where no outline is found.
        on_object: Whether it ends where the object ends.
        whole_object: Whether it takes a small object whole where there is one.
    """

    draw: DrawDefect
    area_fraction: tuple[float, float]
    reach: float
    contrast: float = 0.6
    elongated: bool = False
    at_edge: float = 0.0
    at_border: bool = False
    on_object: bool = False
    whole_object: bool = False


# Areas are by eye; real blowholes of magnetic tiles cover 0.0006 to 0.006 of their photos, real
# cracks 0.002 to 0.004 (Huang et al. 2020). `reach` holds the longest shape: half of sqrt(110) for
# a scratch, half of sqrt(60) and branches for a crack, a radius of 0.56 with border, shadow and
# drops for round ones. `contrast` is by eye: less for what is soft by nature.
TRAITS: Final[Mapping[DefectKind, Traits]] = {
    DefectKind.SCRATCH: Traits(scratch, (0.001, 0.004), 5.0, elongated=True, on_object=True),
    DefectKind.CRACK: Traits(
        crack, (0.0015, 0.006), 4.5, elongated=True, at_edge=0.5, at_border=True, on_object=True
    ),
    DefectKind.STAIN: Traits(stain, (0.008, 0.04), 1.4, contrast=0.6),
    DefectKind.HOLE: Traits(hole, (0.0006, 0.006), 1.2),
    DefectKind.DENT: Traits(dent, (0.006, 0.03), 1.6, contrast=0.5, on_object=True),
    DefectKind.CONTAMINATION: Traits(contamination, (0.001, 0.005), 4.0),
    DefectKind.DISCOLOURATION: Traits(
        discolouration, (0.02, 0.08), 1.4, contrast=0.6, on_object=True
    ),
    DefectKind.MISSING_PART: Traits(missing_part, (0.006, 0.03), 2.6, whole_object=True),
    DefectKind.CHIP: Traits(chip, (0.002, 0.012), 1.9, at_edge=1.0, at_border=True),
    DefectKind.BURR: Traits(burr, (0.0008, 0.004), 3.6, at_edge=1.0),
    DefectKind.DELAMINATION: Traits(delamination, (0.004, 0.03), 1.8, on_object=True),
    DefectKind.MISPRINT: Traits(misprint, (0.004, 0.025), 1.6, contrast=0.5, on_object=True),
    DefectKind.BENT: Traits(bent, (0.006, 0.03), 2.0, contrast=0.4, at_edge=0.7),
}
