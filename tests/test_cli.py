"""The commands, as a user types them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent / "labcheck"


def labcheck(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN, *map(str, arguments)], capture_output=True, text=True, cwd=cwd, timeout=300, check=False
    )


def test_help_loads_neither_the_grader_nor_a_report() -> None:
    code = "import sys; import checker.cli; print([m for m in ('pytest', 'numpy', 'pydantic', 'jinja2') if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_labs_lists_the_labs() -> None:
    done = labcheck("labs", "--lang", "fr")
    assert done.returncode == 0
    assert "cnn_mnist" in done.stdout
    assert "réseaux convolutifs" in done.stdout


def test_new_copies_the_template_and_overwrites_nothing(tmp_path: Path) -> None:
    assert labcheck("new", "cnn_mnist", tmp_path).returncode == 0
    mine = tmp_path / "cnn_mnist.py"
    assert "raise NotImplementedError()" in mine.read_text("utf-8")
    mine.write_text("# mine")
    again = labcheck("new", "cnn_mnist", tmp_path)
    assert again.returncode == 2
    assert mine.read_text() == "# mine"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("lab.py", "def f(:\n", "lab.py, line 1"),
        ("lab.py", "x = 1\nprint 'hello'\n", "Python 2"),
        ("lab.py", "", "no code"),
        ("lab.ipynb", '{"cells": [', "not valid JSON"),
        ("lab.ipynb", '{"cells": [], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "no code"),
        ("lab.txt", "hello", "no Python file"),
    ],
)
def test_what_cannot_be_read_is_told_with_exit_code_3_and_a_report(
    tmp_path: Path, name: str, content: str, said: str
) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    outputs = [tmp_path / "out" / f"r.{kind}" for kind in ("json", "html", "xml")]
    options = [
        part
        for option, path in zip(("--json", "--html", "--junit"), outputs, strict=True)
        for part in (option, path)
    ]
    done = labcheck("check", tmp_path / name, "--lab", "cnn_mnist", "--lang", "en", *options)
    assert done.returncode == 3, done.stderr
    assert said in done.stdout
    card = json.loads(outputs[0].read_text("utf-8"))
    assert (card["schema"], card["status"], card["score"]) == ("labcheck/result/1", "failed", 0.0)
    assert said.split(",")[0] in outputs[1].read_text("utf-8")
    assert "<failure" in outputs[2].read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("check", "nowhere.py", "--lab", "cnn_mnist"), "no such file"),
        (("check", ".", "--lab", "cnn_mnits"), "did you mean 'cnn_mnist'"),
        (("check", ".", "--lang", "de"), "fr or en"),
        (("check", ".", "--isolation", "loose"), "auto, strict or none"),
        (("new", "cnn"), "no lab named"),
        (("nonsense",), "nonsense"),
    ],
)
def test_a_usage_error_is_a_sentence_and_exit_code_2(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = labcheck(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.sandbox
def test_a_data_file_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "lab.py").write_text("def small_model():\n    pass\n")
    (tmp_path / "data.npz").write_bytes(b"nothing")
    done = labcheck(
        "check", tmp_path / "lab.py", "--lab", "cnn_mnist", "--data", tmp_path / "data.npz", "--lang", "en"
    )
    assert done.returncode == 2
    assert "data.npz" in done.stderr
    assert "Traceback" not in done.stderr
