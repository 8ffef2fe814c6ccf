"""Makes a class to grade: submissions as a real class has them, right, wrong, broken and hostile, in Moodle's layout.

    python bench/a_class.py FOLDER --count 200 --lab cnn_mnist

The mix of a hundred: 45 right in many forms, 40 with one mistake, 5 that stop by themselves, 4 that cannot be read, 3 that
are hostile, 2 handed in twice, 1 empty. The same command makes the same class.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from pathlib import Path

from checker.course import default_course
from checker.findings import EQUIVALENT, MUTANT
from checker.mutants import variants
from checker.repair import without_main

FIRST = [
    "Zoé",
    "Maël",
    "Inès",
    "Loïc",
    "Chloé",
    "Noël",
    "Amélie",
    "Jules",
    "Léa",
    "Hugo",
    "Anaïs",
    "Théo",
    "Emma",
    "Liam",
]
LAST = [
    "Lefèvre",
    "Garçon",
    "N'Diaye",
    "Dupont",
    "Müller",
    "Nguyễn",
    "Bernard",
    "Fournier",
    "O'Neil",
    "da Silva",
    "Petit",
]
STOPS = [
    "raise ValueError('not finished')\n",
    "undefined_name\n",
    "import no_such_module\n",
    "1 / 0\n",
    "open('missing.csv')\n",
]
UNREADABLE = ["def f(:\n    pass\n", "print 'hello'\n", "", '{"cells": 12']
HOSTILE = [
    "import os\nos._exit(0)\n",
    "while True:\n    pass\n",
    "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\n",
    "import socket\nsocket.create_connection(('192.0.2.1', 80), timeout=2)\n",
    "hog = [bytearray(2**26) for _ in range(4096)]\n",
    "import sys\nsys.modules['keras'].Model.fit = lambda *a, **k: None\n",
]  # fmt: skip


def works(lab: str, count: int) -> Iterator[tuple[str, str]]:
    """``count`` kinds and texts of work, in an order that mixes them."""
    chance = random.Random(1)
    text = without_main((default_course().lab(lab).reference_dir / f"{lab}.py").read_text("utf-8"))
    right = [each.text for each in variants(text, EQUIVALENT)]
    wrong = [each.text for each in variants(text, MUTANT)]
    chance.shuffle(right)
    chance.shuffle(wrong)
    made: list[tuple[str, str]] = []
    for number in range(count):
        turn = number % 100
        if turn < 45:
            made.append(("right", right[number % len(right)]))
        elif turn < 85:
            made.append(("wrong", wrong[number % len(wrong)]))
        elif turn < 90:
            made.append(("stops", text + "\n" + STOPS[number % len(STOPS)]))
        elif turn < 94:
            made.append(("unreadable", UNREADABLE[number % len(UNREADABLE)]))
        elif turn < 97:
            made.append(("hostile", text + "\n" + HOSTILE[number // 100 * 3 % len(HOSTILE) + turn - 94]))
        elif turn < 99:
            made.append(("twice", made[number % 45][1]))
        else:
            made.append(("empty", ""))
    chance.shuffle(made)
    yield from made


def make(folder: Path, lab: str, count: int) -> None:
    """Write the class."""
    for number, (kind, text) in enumerate(works(lab, count)):
        name = f"{FIRST[number % len(FIRST)]} {LAST[number % len(LAST)]}"
        own = folder / f"{name}_{900_000 + number}_assignsubmission_file"
        own.mkdir(parents=True)
        if kind != "empty":
            suffix = "ipynb" if text.startswith("{") else "py"
            (own / f"{lab}.{suffix}").write_text(text, "utf-8")


def main() -> None:
    """Parse, and make."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--lab", default="cnn_mnist")
    asked = parser.parse_args()
    make(asked.folder, asked.lab, asked.count)


if __name__ == "__main__":
    main()
