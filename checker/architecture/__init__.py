"""Models compared by what they compute, whatever they are written like."""

from checker.architecture.compiled import compile_faults
from checker.architecture.difference import Comparison, compare, label, shape_text
from checker.architecture.meaning import Architecture, Unit
from checker.architecture.parameters import formula
from checker.architecture.transplant import input_for, weights_for

__all__ = [
    "Architecture", "Comparison", "Unit", "compare", "compile_faults", "formula", "input_for", "label", "shape_text",
    "weights_for",
]  # fmt: skip
