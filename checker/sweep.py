"""How wide must a hidden layer be? Measures a lab's reference over widths, and says which answers are right by it.

An instructor runs it once for each data set, and the result is kept beside the rubric:

    python -m checker.sweep neuron_count --data embedded
    python -m checker.sweep neuron_count --data mnist.npz

``rubric.yaml`` names the reference's functions, and the accuracy that each answer is about (``sweep``).
"""

from __future__ import annotations

import argparse
import bisect
import os
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np

from checker import dataset
from checker.course import Course, Lab, default_course
from checker.dataset import Data
from checker.errors import CourseError, LabcheckError
from checker.handle import Function, Model
from checker.judgement import DOUBT_PROBABILITY, bound
from checker.language import _
from checker.protocol import Budget, Load
from checker.runner import SandboxRunner
from checker.server import Server
from checker.student import Module
from checker.submission import read

FILE = "sweep.json"
SEEDS = range(1, 6)
# four widths an octave: what a wider step would skip, and a narrower one could not tell apart
GRID = tuple(sorted({round(2 ** (step / 4)) for step in range(33)}))
EPOCHS, TRAINING_SECONDS = 300, 3600.0
SCALE = 255.0


class Widths(msgspec.Struct, frozen=True):
    """One data set's sweep: ``accuracies`` on its test images (shares of one, a seed each) by width."""

    data: str
    train: int
    test: int
    command: str
    versions: dict[str, str]
    accuracies: dict[int, tuple[float, ...]]
    mean: dict[int, float] = {}
    sd: dict[int, float] = {}


def accepted(accuracies: Mapping[int, Sequence[float]], reach: float) -> tuple[int, int | None]:
    """The answers that are right for "the smallest width that reaches an accuracy of ``reach``": lowest and highest.

    Who looks for it trains each width once or a few times, and may be lucky or not. With the mean and the standard
    deviation of a width's accuracies, a new training of it lies between two prediction bounds (``judgement.bound``),
    beyond each with a probability of 1 in 100.

    - A width whose upper bound is below ``reach`` cannot be the answer, nor can a smaller one. The lowest answer is
      one more than the largest such width.
    - A width whose lower bound is ``reach`` or more is sure to reach it, so that no larger one can be the answer. The
      highest answer is the smallest such width.

    What lies between two measured widths is given to the student. The highest is None where no measured width is
    sure to reach it: then no width can be called too large.
    """
    lower = {width: bound(found, DOUBT_PROBABILITY) for width, found in accuracies.items()}
    upper = {width: 2 * statistics.mean(found) - lower[width] for width, found in accuracies.items()}
    low = 1 + max((width for width, most in upper.items() if most < reach), default=0)
    high = min((width for width, least in lower.items() if least >= reach and width >= low), default=None)
    return low, high


def stored(lab: Lab) -> dict[str, Widths]:
    """The sweeps of a lab by the digest of the data, none where none was made; raises CourseError for a bad file."""
    path = lab.rubric_dir / FILE
    if not path.exists():
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Widths])
    except msgspec.DecodeError as error:
        raise CourseError(_("the sweep cannot be read: {error}").format(error=error), place=str(path)) from error


def measure(
    lab: Lab, data: Data, server: Server, told: Callable[[int, Sequence[float]], None], jobs: int
) -> dict[int, tuple[float, ...]]:
    """The accuracies by width: those to record, and what it takes of ``GRID`` to find the bounds of each answer.

    Bounds rise with the width, so that they are looked for by halving. ``told`` hears each width; ``jobs`` children
    share its seeds.
    """
    spec = lab.rubric.sweep
    if spec is None:
        raise CourseError(_("this lab has no sweep in its rubric.yaml"), place=str(lab.rubric_dir))
    known: dict[int, tuple[float, ...]] = {}

    def accuracies(width: int) -> tuple[float, ...]:
        if width not in known:
            with ThreadPoolExecutor(jobs) as pool:
                shares = [SEEDS[start::jobs] for start in range(min(jobs, len(SEEDS)))]
                found = pool.map(lambda seeds: _trained(lab, data, server, width, seeds), shares)
                known[width] = tuple(accuracy for part in found for accuracy in part)
            told(width, known[width])
        return known[width]

    for width in spec.record:
        accuracies(width)
    for reach in spec.reach.values():
        bisect.bisect_left(GRID, reach, key=lambda width: _bounds(accuracies(width))[1])
        bisect.bisect_left(GRID, reach, key=lambda width: _bounds(accuracies(width))[0])
    return dict(sorted(known.items()))


def _bounds(accuracies: Sequence[float]) -> tuple[float, float]:
    low = bound(accuracies, DOUBT_PROBABILITY)
    return low, 2 * statistics.mean(accuracies) - low


def _trained(lab: Lab, data: Data, server: Server, width: int, seeds: Sequence[int]) -> list[float]:
    """The accuracy of the reference's network of one width on the test images, for each seed, in a child of its own."""
    spec, rubric = lab.rubric.sweep, lab.rubric
    assert spec is not None
    submission = read(lab.reference_dir, tuple(rubric.names))
    train, test = data.mnist.train, data.mnist.test
    program = Load(
        submission.blocks,
        submission.files,
        Budget(len(train.labels), EPOCHS, TRAINING_SECONDS, rubric.budget.top_level_samples),
        seeds[0],
        rubric.limits.load,
        rubric.limits.statement,
        definitions_only=True,
    )
    file = str(data.write(server.folder))
    runner = SandboxRunner(server, program, file, rubric.limits.memory_mb * 2**20)
    module = Module(runner, rubric.names, rubric.fills, TRAINING_SECONDS)
    build, fit = (Function(module, module.definitions[name]) for name in (spec.build, spec.train))
    x, x_test = (np.asarray(part.images / SCALE, np.float32) for part in (train, test))
    y = np.eye(10, dtype=np.float32)[train.labels]
    found = []
    try:
        for seed in seeds:
            run = fit.run(build.run(width, seed=seed).value, x, y, seed=seed, brief=False)
            run.value  # noqa: B018 - raises where it does not come to its end
            model = run.argument(0)
            assert isinstance(model, Model)
            found.append(round(float((model.predict(x_test).argmax(axis=1) == test.labels).mean()), 4))
    finally:
        runner.close()
    return found


def keep(
    lab: Lab, data: Data, accuracies: Mapping[int, tuple[float, ...]], command: str, versions: dict[str, str]
) -> None:
    """Write a sweep beside the rubric, in the place of an older one of the same data."""
    result = Widths(
        data=data.source,
        train=len(data.mnist.train.labels),
        test=len(data.mnist.test.labels),
        command=command,
        versions=versions,
        accuracies=dict(accuracies),
        mean={width: round(statistics.mean(each), 4) for width, each in accuracies.items()},
        sd={width: round(statistics.stdev(each), 4) for width, each in accuracies.items()},
    )
    text = msgspec.json.format(msgspec.json.encode({**stored(lab), data.digest: result}), indent=1)
    (lab.rubric_dir / FILE).write_bytes(text + b"\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and keep the result beside the rubric."""
    parser = argparse.ArgumentParser(
        prog="python -m checker.sweep", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("lab")
    parser.add_argument("--data", help="a data file, or: embedded, keras, download")
    parser.add_argument("--course", type=Path, help="the course folder, else the one that labcheck carries")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count() or 1, help="children at a time")
    asked = parser.parse_args(arguments)
    try:
        lab = (Course(asked.course) if asked.course else default_course()).lab(asked.lab)
        data = dataset.load(lab.rubric.data, asked.data)
        with Server() as server:
            child = SandboxRunner(server, Load((), (), lab.budget, 0, 1, 1), str(data.write(server.folder)))
            versions = child.ready().versions
            child.close()
            found = measure(lab, data, server, _print, asked.jobs)
    except LabcheckError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    source = Path(asked.data).name if asked.data else "keras"
    keep(lab, data, found, f"python -m checker.sweep {lab.name} --data {source}", versions)
    assert lab.rubric.sweep is not None
    for answer, reach in lab.rubric.sweep.reach.items():
        print(answer, reach, *accepted(found, reach))
    return 0


def _print(width: int, accuracies: Sequence[float]) -> None:
    mean, sd = statistics.mean(accuracies), statistics.stdev(accuracies)
    print(f"{width:5d} {mean:.4f} {sd:.4f}", *accuracies, flush=True)


if __name__ == "__main__":
    sys.exit(main())
