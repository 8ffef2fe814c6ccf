"""Measures how well a lab's reference does when it is trained briefly, over many seeds: ``labcheck calibrate``."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from checker import calibration, dataset, session
from checker.calibration import Calibration, Measured
from checker.course import Lab
from checker.grading import Grading
from checker.scorecard import CheckResult
from checker.server import Server
from checker.submission import read

# as many that a model in doubt needs few trainings of its own before it fails: see judgement.tries
SEEDS = 32
FIRST_SEED = 101


def measure(lab: Lab, data: str | None, told: Callable[[str, CheckResult], None]) -> Calibration:
    """Grade the reference and measure every training that its checks are set beside; ``told`` hears each check.

    Raises CourseError or SandboxError.
    """
    used = dataset.load(lab.rubric.data, data)
    with Server() as server:
        grading = Grading(
            lab, read(lab.reference_dir, tuple(lab.rubric.names)), used, server, hidden=True, told=told
        )
        measures = calibration.Measures(seeds=range(FIRST_SEED, FIRST_SEED + SEEDS), always=True)
        grading.reference.measures = measures
        try:
            session.run_checks(lab, [grading])
        finally:
            grading.close()
    source = Path(data).name if data else "keras"
    made = Calibration(
        data=used.source,
        digest=lab.training_digest,
        command=f"labcheck calibrate {lab.name} --data {source}",
        versions={name: version(name) for name in ("tensorflow", "keras", "numpy")},
        measured={key: Measured.of(check, measures.known[key]) for key, check in measures.taken.items()},
    )
    if made.measured:
        calibration.keep(lab, used.digest, made)
    return made
