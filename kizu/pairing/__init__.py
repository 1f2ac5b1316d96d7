"""Which picture with a defect belongs to which normal image: as the user says, or by content."""

from kizu.pairing.normals import DESCRIBE, NormalImages
from kizu.pairing.pairs import Pair, Pairing, open_pairing, save_pairs
from kizu.pairing.pictures import (
    PAIR,
    SETTING,
    pair_files,
)
from kizu.pairing.rules import PairingRules
from kizu.pairing.source import pair_source

__all__ = [
    "DESCRIBE",
    "PAIR",
    "SETTING",
    "NormalImages",
    "Pair",
    "Pairing",
    "PairingRules",
    "open_pairing",
    "pair_files",
    "pair_source",
    "save_pairs",
]
