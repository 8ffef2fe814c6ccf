"""The import contracts hold, and each forbids what it should."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINT = Path(sys.executable).parent / "lint-imports"


def lint(folder: Path) -> dict[str, bool]:
    """Each contract by its name, and whether it is kept."""
    done = subprocess.run(
        [LINT, "--no-cache"], capture_output=True, text=True, cwd=folder, check=False,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
    )  # fmt: skip
    said = re.findall(r"^(.+?) (KEPT|BROKEN)", done.stdout, re.MULTILINE)
    verdicts = {name: verdict == "KEPT" for name, verdict in said}
    assert verdicts, done.stdout + done.stderr
    assert (done.returncode == 0) == all(verdicts.values()), done.stdout
    return verdicts


def test_the_contracts_hold() -> None:
    assert lint(ROOT) == dict.fromkeys(contracts(), True)


# module, line added to it, and the one contract that it breaks
FORBIDDEN = [
    ("course", "import checker.grading", "Dependencies point down"),
    ("surprise", "", "Dependencies point down"),
    ("sandbox/child", "import checker.scorecard", "The sandbox knows only the evidence and the protocol"),
    ("sandbox/child", "import pytest", "The sandbox knows only the evidence and the protocol"),
    (
        "architecture/meaning", "def f() -> None:\n    import keras",
        "The grader never imports the sandbox, TensorFlow or Keras",
    ),
    ("runner", "import checker.sandbox.jail", "The grader never imports the sandbox, TensorFlow or Keras"),
    ("report/json", "import checker.report.html", "Report formats do not know each other"),
]  # fmt: skip


def contracts() -> set[str]:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    return {contract["name"] for contract in table}


@pytest.mark.parametrize(("module", "line", "contract"), FORBIDDEN)
def test_a_forbidden_import_breaks_its_contract_and_no_other(
    tmp_path: Path, module: str, line: str, contract: str
) -> None:
    shutil.copytree(ROOT / "checker", tmp_path / "checker", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "checker" / f"{module}.py").open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    verdicts = lint(tmp_path)
    assert verdicts == {name: name != contract for name in contracts()}


def test_every_contract_has_a_case() -> None:
    assert {contract for _module, _line, contract in FORBIDDEN} == contracts()


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
        if reference.stem == folder.name:
            assert (folder / f"{reference.stem}.ipynb").read_text("utf-8") == notebook(code)
