"""The import contracts hold, and each forbids what it should."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINT = Path(sys.executable).parent / "lint-imports"


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([LINT, "--no-cache"], capture_output=True, text=True, cwd=folder, check=False,
                          env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"})  # fmt: skip


def test_the_contracts_hold() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("course", "import checker.grading", "Dependencies point down"),
        ("surprise", "", "Dependencies point down"),
        ("sandbox/child", "import checker.scorecard", "The sandbox knows only"),
        ("architecture/meaning", "def f() -> None:\n    import keras", "The grader never imports"),
        ("runner", "import checker.sandbox.jail", "The grader never imports"),
        ("report/json", "import checker.report.html", "Report formats do not know each other"),
    ],
)
def test_a_forbidden_import_breaks_its_contract(tmp_path: Path, module: str, line: str, contract: str) -> None:
    shutil.copytree(ROOT / "checker", tmp_path / "checker", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "checker" / f"{module}.py").open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    done = lint(tmp_path)
    assert done.returncode != 0
    assert (
        contract in done.stdout.replace("BROKEN", "").partition("Broken contracts")[2] or "surprise" in done.stdout
    )


def test_the_protocol_drags_no_grader_in() -> None:
    code = "import sys, checker.protocol; print([m for m in ('pytest', 'checker.course', 'tensorflow') if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_the_template_is_that_of_the_reference() -> None:
    from checker.template import notebook, strip

    for reference in (ROOT / "reference").glob("*/*.py"):
        folder = ROOT / "student_template" / reference.parent.name
        code = strip(reference.read_text("utf-8"))
        assert (folder / reference.name).read_text("utf-8") == code
        assert (folder / f"{reference.stem}.ipynb").read_text("utf-8") == notebook(code)
