"""Variants of a reference solution: mutants, each with one mistake, and equivalents, each right in another form."""

from checker.mutants import forms, layers, program, spellings, training  # noqa: F401 - they fill the registry
from checker.mutants.operator import OPERATORS, Operator, Variant, variants

__all__ = ["OPERATORS", "Operator", "Variant", "variants"]
