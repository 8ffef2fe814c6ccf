"""An audit tells a good rubric from a weak one, on a lab that is none of ours: nothing in labcheck knows of it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from checker import audit as audit_module
from checker.course import Course
from checker.findings import Audit, Finding
from checker.report import audited

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]
COURSE = Path(__file__).parent / "course"


def audit(course: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "checker", "audit", "strength", "--course", str(course), "--data", "embedded",
               "--lang", "en", *more]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, check=False)


def found(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return content


def count(content: dict[str, Any], finding: str) -> int:
    return sum(each["finding"] == finding for each in content["variants"])


def test_a_lab_from_scratch_is_audited_with_nothing_of_its_own_in_labcheck(tmp_path: Path) -> None:
    done = audit(COURSE, "--json", str(tmp_path / "audit.json"), "--html", str(tmp_path / "audit.html"))
    assert done.returncode == 0, done.stdout + done.stderr
    content = found(tmp_path / "audit.json")
    assert content["lab"] == "strength"
    assert count(content, "caught") >= 80
    assert count(content, "accepted") >= 30
    assert {each["finding"] for each in content["variants"]} <= {"caught", "accepted", "stillborn", "free"}
    assert "What must not be" not in (tmp_path / "audit.html").read_text("utf-8")
    assert f"{count(content, 'caught')} of {count(content, 'caught')} mistakes caught" in done.stdout


@pytest.fixture
def course(tmp_path: Path) -> Path:
    return Path(shutil.copytree(COURSE, tmp_path / "course"))


def change(course: Path, name: str, old: str, new: str) -> None:
    path = course / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few operators only: what an audit tells is looked at, and not how much it finds."""
    known = audit_module.variants
    names = {"batch_size_changed", "epochs_changed", "functional", "layers_named"}
    monkeypatch.setattr(
        audit_module, "variants", lambda *args: [each for each in known(*args) if each.operator.name in names]
    )


def findings(course: Path) -> Audit:
    lab = Course(course).lab("strength")
    return audit_module.audit(lab, "embedded", 2, lambda _each, _done, _of: None)


@pytest.mark.usefixtures("few")
def test_a_weak_rubric_is_shown_what_it_misses_and_what_it_refuses(course: Path) -> None:
    checks = "rubrics/strength/test_strength.py"
    # the batch size is no longer looked at, and a model must now come by one way of writing it
    change(course, checks, '("batch_size", fit.batch_size, 16),', "")
    change(course, checks, "def test_compiled(model, reference):", "def test_compiled(model, reference):\n"
           "    assert model.facts.class_name == 'Sequential', 'use Sequential'")  # fmt: skip
    found = findings(course)
    told = {each.name: (each.finding, each.where, each.score) for each in found.variants}
    assert told == {
        "epochs_changed-1": (Finding.caught, "fit_regressor", told["epochs_changed-1"][2]),
        "epochs_changed-2": (Finding.caught, "fit_regressor", told["epochs_changed-2"][2]),
        "batch_size_changed-1": (Finding.missed, "fit_regressor", 12.0),
        "batch_size_changed-2": (Finding.missed, "fit_regressor", 12.0),
        "functional-1": (Finding.refused, "regressor", 11.0),
        "layers_named-1": (Finding.accepted, "regressor", 12.0),
    }
    refused = next(each for each in found.variants if each.finding is Finding.refused)
    assert "use Sequential" in refused.told[0].message
    page = audited.html(found)
    assert "What must not be" in page
    assert "<ins>+    return model.fit(X, y, epochs=30, batch_size=1," in page
    assert list(audited.lines(found))[-1].startswith("2 of 4 mistakes caught, 1 of 2 right forms accepted")


@pytest.mark.usefixtures("few")
def test_what_a_lab_leaves_to_the_student_is_no_mistake(course: Path) -> None:
    change(course, "rubrics/strength/test_strength.py", '("batch_size", fit.batch_size, 16),', "")
    rubric = course / "rubrics/strength/rubric.yaml"
    rule = (
        "audit:\n  free:\n    - operators: [batch_size_changed]\n      where: [fit_regressor]\n"
        '      line: "batch_size"\n      because: {fr: "Au choix.", en: "The batch size is free."}\n'
    )
    rubric.write_text(rubric.read_text("utf-8") + rule, "utf-8")
    found = findings(course)
    assert not found.faults
    free = [each for each in found.variants if each.finding is Finding.free]
    assert {each.because for each in free} == {"The batch size is free."}
    assert len(free) == 2


def test_a_reference_that_fails_its_own_rubric_is_told_before_anything_else(course: Path) -> None:
    change(course, "reference/strength/strength.py", "epochs=30", "epochs=20")
    done = audit(course)
    assert done.returncode == 2
    assert "the reference itself does not get full marks" in done.stderr
    assert "20 instead of 30" in done.stderr
