"""A service on this machine that speaks the ``images/edits`` protocol, for trying and testing.

It answers ``images.edit`` in both ways of addressing, paints the defect that the prompt asks for,
limits the rate as Azure does, adds up what it would have billed, and fails when told to.
"""

from kizu.emulator.faults import Fault, FaultPlan
from kizu.emulator.server import Emulator
from kizu.emulator.settings import EmulatorSettings

__all__ = ["Emulator", "EmulatorSettings", "Fault", "FaultPlan"]
