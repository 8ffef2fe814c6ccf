"""What is measured of a reference's trainings is kept beside the rubric, and used only where it still holds."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from labs import ROOT

from checker import calibration
from checker.calibration import Calibration, Measured
from checker.course import Course, Lab
from checker.errors import CourseError

ACCURACIES = [0.90, 0.91, 0.89, 0.905, 0.90, 0.895, 0.91, 0.90]


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    for folder in ("rubrics", "reference"):
        ignored = shutil.ignore_patterns(calibration.FILE)
        shutil.copytree(ROOT / folder / "cnn_mnist", tmp_path / folder / "cnn_mnist", ignore=ignored)
    return Course(tmp_path).lab("cnn_mnist")


def measured(lab: Lab) -> Calibration:
    found = {"a key": Measured.of("test_small_accuracy", ACCURACIES)}
    return Calibration("some data", lab.training_digest, "labcheck calibrate", {}, found)


def test_a_calibration_is_used_for_its_own_data_only(lab: Lab) -> None:
    calibration.keep(lab, "digest", measured(lab))
    assert calibration.known(lab, "digest").known == {"a key": tuple(ACCURACIES)}
    assert calibration.known(lab, "another").known == {}


def test_a_calibration_of_another_reference_is_not_used(lab: Lab) -> None:
    calibration.keep(lab, "digest", measured(lab))
    reference = lab.reference_dir / "cnn_mnist.py"
    reference.write_text(reference.read_text("utf-8").replace("Dropout(0.2)", "Dropout(0.3)"), "utf-8")
    assert calibration.known(Course(lab.course).lab("cnn_mnist"), "digest").known == {}


def test_measuring_one_source_keeps_what_is_known_of_another(lab: Lab) -> None:
    calibration.keep(lab, "one", measured(lab))
    calibration.keep(lab, "other", measured(lab))
    assert set(calibration.stored(lab)) == {"one", "other"}


def test_the_figures_follow_from_the_accuracies() -> None:
    found = Measured.of("test_small_accuracy", ACCURACIES)
    assert (found.mean, found.sd) == (0.90125, 0.00694)


def test_what_is_known_is_not_measured_again() -> None:
    measures = calibration.Measures({"a key": (0.9, 0.8)}, seeds=range(3))
    assert measures.of("a key", lambda _seed: pytest.fail("trained")) == (0.9, 0.8)
    assert measures.of("another", lambda seed: seed / 10) == (0.0, 0.1, 0.2)


def test_a_broken_file_is_told_with_what_to_do(lab: Lab) -> None:
    (lab.rubric_dir / calibration.FILE).write_text("{", "utf-8")
    with pytest.raises(CourseError, match="labcheck calibrate cnn_mnist"):
        calibration.known(lab, "digest")
