"""Submissions of each lab on two cores beside their floor, as a ratio; the cold start of TensorFlow apart.

``make bench`` prints a line for every lab, ``bench/check.py LAB ...`` for some. A submission is the lab's reference
with a comment of its own; the floor is every model that the reference trains, trained and evaluated and nothing else
(see ``floor.py``), so that a new lab needs nothing here. What is measured of the reference once per machine, and
cached, is paid for before the clock starts.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from checker import dataset, session
from checker.course import Lab, default_course
from checker.expression import Kept
from checker.grading import Grading
from checker.handle import Model
from checker.repair import without_main
from checker.server import Server
from checker.submission import read

# the fork server, which cannot be sent to a worker but is inherited by one
shared: list[Server] = []
ENVIRONMENT = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "OMP_NUM_THREADS": "1"}


def grade(lab: str, path: Path) -> float:
    """Grade one submission with the server that this process was forked with, and return its score."""
    request = session.Request(lab=default_course().lab(lab), path=path, data="embedded")
    return session.check(request, lambda _question, _check: None, shared[0]).score


def submissions(lab: Lab, folder: Path, count: int) -> list[Path]:
    """``count`` copies of the reference, each with a comment of its own so that nothing can be taken from a cache."""
    paths = [folder / f"student_{number}" for number in range(count)]
    for number, path in enumerate(paths):
        shutil.copytree(lab.reference_dir, path, ignore=shutil.ignore_patterns("__pycache__"))
        main = path / f"{lab.name}.py"
        code = without_main(main.read_text("utf-8"))
        main.write_text(f"{code}\n# {number}\n", "utf-8")
    return paths


def trained(lab: Lab) -> Iterator[dict[str, Any]]:
    """What the reference trains as a script, a dict for each model: how to make it again, and its batch size."""
    data = dataset.load(lab.rubric.data, "embedded")
    grading = Grading(lab, read(lab.reference_dir, tuple(lab.rubric.names)), data, shared[0])
    reference = grading.reference
    for number, fit in {fit.model: fit for fit in reference.fits}.items():
        model = Model(reference, Kept(number))
        compiled = model.compiled
        assert compiled is not None
        yield {
            "config": model.config,
            "loss": compiled.loss[0].name,
            "optimizer": compiled.optimizer.name,
            "inputs": model.facts.input_shape,
            "outputs": model.facts.output_shape,
            "batch_size": fit.batch_size or 32,
        }
    grading.close()


def measure(lab: Lab, count: int, workers: int) -> str:
    """The line of one lab."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = submissions(lab, folder, count)
        grade(lab.name, paths[0])
        start = time.monotonic()
        with multiprocessing.get_context("fork").Pool(workers, maxtasksperchild=1) as pool:
            scores = pool.starmap(grade, [(lab.name, path) for path in paths], chunksize=1)
        ours = time.monotonic() - start
        models = folder / "models.json"
        models.write_text(json.dumps(list(trained(lab))))
        data = dataset.load(["mnist"], "embedded").write(folder)
        command = [sys.executable, Path(__file__).with_name("floor.py"), models, data, count, workers]
        said = subprocess.run(
            list(map(str, command)), capture_output=True, text=True, check=True, env={**os.environ, **ENVIRONMENT}
        )
    cold, floor = map(float, said.stdout.split())
    marks = ", ".join(f"{score:g}" for score in sorted(set(scores)))
    return (
        f"{lab.name:<14} labcheck {ours / count:5.2f} s   floor {floor / count:5.2f} s   ratio {ours / floor:5.2f}"
        f"   (marks {marks}; cold start {cold:.1f} s)"
    )


def main() -> None:
    """Print a line a lab."""
    course = default_course()
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("labs", nargs="*", metavar="LAB", help="else all of them")
    parser.add_argument("--count", type=int, default=10, help="submissions of each")
    parser.add_argument("--workers", type=int, default=2, help="how many at a time")
    asked = parser.parse_args()
    print(
        f"seconds per submission, {asked.count} of each lab, {asked.workers} at a time; cold starts are in neither"
    )
    with Server() as server:
        shared.append(server)
        for lab in [course.lab(name) for name in asked.labs] or course.labs:
            print(measure(lab, asked.count, asked.workers), flush=True)


if __name__ == "__main__":
    main()
