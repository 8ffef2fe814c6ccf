"""Right forms and known slips of each lab: ``FORMS`` and ``SLIPS`` of the module that bears the lab's name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

from checker.repair import without_main

ROOT = Path(__file__).parent.parent.parent
LABS = tuple(sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py")))


@dataclass(frozen=True, slots=True)
class Slip:
    """One mistake: the questions that it costs, and a part of what the student reads."""

    code: str
    costs: str
    says: str
    name: str = "lab.py"

    @property
    def questions(self) -> set[str]:
        """The ids of the questions that lose points; ``costs`` holds them between blanks."""
        return set(self.costs.split())


def cases(lab: str) -> ModuleType:
    """The module of a lab's cases."""
    return import_module(f"labs.{lab}")


def reference(lab: str) -> str:
    """The reference solution's code, without what runs as a script."""
    return without_main((ROOT / "reference" / lab / f"{lab}.py").read_text("utf-8"))


def swapped(code: str, *pairs: str) -> str:
    """``code`` with texts replaced; each must be there."""
    for old, new in zip(pairs[::2], pairs[1::2], strict=True):
        assert old in code, old
        code = code.replace(old, new)
    return code


def cells(*sources: str) -> str:
    """A notebook of format 4 with these code cells."""
    made = [
        {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source}
        for source in sources
    ]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 2})
