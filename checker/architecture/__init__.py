"""Models compared by what they compute, whatever they are written like."""

from checker.architecture.compiled import compile_faults
from checker.architecture.difference import Comparison, compare, label, shape_text
from checker.architecture.meaning import Architecture, Unit
from checker.architecture.parameters import formula
from checker.architecture.preprocessing import SHIFTS
from checker.architecture.training import compiled_alike, trains_alike
from checker.architecture.transplant import input_for, weights_for

__all__ = [
    "SHIFTS", "Architecture", "Comparison", "Unit", "compare", "compile_faults", "compiled_alike", "formula", "input_for",
    "label", "shape_text", "trains_alike", "weights_for",
]  # fmt: skip
