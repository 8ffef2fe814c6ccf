"""The commands, as a user types them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from labs import LABS

from checker import choice
from checker.course import default_course
from checker.errors import UsageError

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent / "labcheck"


def labcheck(*arguments: object, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=300,
        check=False,
        env={**os.environ, **environment},
    )


def two_labs(folder: Path) -> Path:
    """A course of two labs, `first` and `second`, whose names are one, two, three, and four, five, six."""
    for lab, names in (("first", ("one", "two", "three")), ("second", ("four", "five", "six"))):
        rubric = yaml.safe_load((ROOT / "rubrics/cnn_mnist/rubric.yaml").read_text("utf-8"))
        rubric |= {"lab": lab, "names": {name: {"kind": "function"} for name in names}}
        path = folder / "rubrics" / lab / "rubric.yaml"
        path.parent.mkdir(parents=True)
        path.write_text(yaml.safe_dump(rubric, allow_unicode=True), "utf-8")
    return folder


def test_help_loads_neither_the_grader_nor_a_report() -> None:
    code = "import sys; import checker.cli; print([m for m in ('pytest', 'numpy', 'pydantic', 'jinja2') if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_labs_lists_the_labs() -> None:
    done = labcheck("labs", "--lang", "fr")
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()[:-1]] == sorted(LABS)
    assert "cnn_mnist" in done.stdout
    assert "réseaux convolutifs pour MNIST (8 questions, 20 points)" in done.stdout


@pytest.mark.parametrize("command", ["labs", "new", "check", "demo", "template", "doctor"])
def test_every_command_explains_itself(command: str) -> None:
    done = labcheck(command, "--help", COLUMNS="60")
    assert done.returncode == 0
    assert f"Usage: labcheck {command}" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 60


def test_new_copies_the_template_and_overwrites_nothing(tmp_path: Path) -> None:
    assert labcheck("new", "cnn_mnist", tmp_path).returncode == 0
    mine = tmp_path / "cnn_mnist.py"
    assert "raise NotImplementedError()" in mine.read_text("utf-8")
    mine.write_text("# mine")
    again = labcheck("new", "cnn_mnist", tmp_path)
    assert again.returncode == 2
    assert "nothing was changed" in again.stderr
    assert mine.read_text() == "# mine"


def test_new_says_how_to_go_on(tmp_path: Path) -> None:
    done = labcheck("new", "cnn_mnist", "mine", "--notebook", "--lang", "fr", cwd=tmp_path)
    assert "labcheck check mine/cnn_mnist.ipynb" in done.stdout
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["cnn_mnist.ipynb"]


def test_new_brings_the_modules_of_a_lab_and_leaves_those_that_are_there(tmp_path: Path) -> None:
    assert labcheck("new", "keras_mlp", tmp_path).returncode == 0
    module = tmp_path / "dataset_utils.py"
    assert module.read_bytes() == (ROOT / "reference/keras_mlp/dataset_utils.py").read_bytes()
    module.write_text("# mine")
    done = labcheck("new", "keras_mlp", tmp_path, "--notebook", "--lang", "en")
    assert done.returncode == 0, done.stderr
    assert f"Kept as it is: {module}" in done.stdout
    assert "labcheck check " + str(tmp_path / "keras_mlp.ipynb") in done.stdout
    assert module.read_text() == "# mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "dataset_utils.py", "keras_mlp.ipynb", "keras_mlp.py"
    ]  # fmt: skip


def test_what_the_terminal_cannot_show_is_told_in_plain_letters(tmp_path: Path) -> None:
    (tmp_path / "lab.py").write_text("def f(:\n", "utf-8")
    done = labcheck("check", "lab.py", "--lang", "fr", cwd=tmp_path, PYTHONIOENCODING="ascii", LC_ALL="C")
    assert done.returncode == 3
    assert "rien ne peut etre note tant que Python ne peut pas lire le fichier" in done.stdout
    assert labcheck("labs", "--lang", "fr", PYTHONIOENCODING="ascii").stdout.startswith(
        "cnn_mnist      Trois reseaux"
    )


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "no Python file nor notebook in work"),
        ({"only.py": "def f(:\n"}, "only.py, line 1"),
    ],
)
def test_check_without_a_path_takes_the_folder(tmp_path: Path, files: dict[str, str], said: str) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    done = labcheck("check", "--lang", "en", "--json", "out/r.json", cwd=folder)
    assert done.returncode == 3
    assert said in done.stdout
    assert json.loads((folder / "out" / "r.json").read_text("utf-8"))["submission"]["id"] == "work"


def test_a_report_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "lab.py").write_text("def f(:\n")
    done = labcheck("check", "lab.py", "--html", "lab.py/report.html", "--lang", "en", cwd=tmp_path)
    assert done.returncode == 2
    assert "lab.py/report.html: this file cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


ONE = "def one(): pass\ndef two(): pass\n"
FOUR = "def four(): pass\ndef five(): pass\n"


@pytest.mark.parametrize(
    ("files", "code", "said"),
    [
        ({"a.py": ONE, "b.py": FOUR}, 2, "work for several labs: first, second"),
        ({"a.py": "x = 1\n"}, 2, "Give its name with --lab: first, second"),
        ({"a.py": FOUR + "def six(:\n"}, 3, "syntax error"),
        ({}, 3, "no Python file nor notebook"),
    ],
    ids=["both", "neither", "unreadable", "empty"],
)
def test_the_lab_is_found_by_the_names_in_the_work(
    tmp_path: Path, files: dict[str, str], code: int, said: str
) -> None:
    course = two_labs(tmp_path / "course")
    folder = tmp_path / "work"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    done = labcheck("check", folder, "--course", course, "--lang", "en")
    assert done.returncode == code
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("lab", LABS)
@pytest.mark.parametrize("kind", ["script", "notebook", "reference"])
def test_the_lab_of_a_template_is_found_by_its_names(lab: str, kind: str) -> None:
    chosen = default_course().lab(lab)
    paths = {
        "script": chosen.template_dir / f"{lab}.py",
        "notebook": chosen.template_dir / f"{lab}.ipynb",
        "reference": chosen.reference_dir,
    }
    assert choice.choose_lab(default_course(), None, paths[kind]).name == lab


def test_names_that_all_labs_use_tell_nothing(tmp_path: Path) -> None:
    path = tmp_path / "work.py"
    path.write_text("X_train, y_train, X_test, y_test = 1, 2, 3, 4\n")
    with pytest.raises(UsageError, match="which lab is it"):
        choice.choose_lab(default_course(), None, path)
    path.write_text("X_train, y_train, X_test, y_test = 1, 2, 3, 4\ndef MLP_L1():\n    pass\n")
    assert choice.choose_lab(default_course(), None, path).name == "keras_mlp"


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


@pytest.mark.sandbox
def test_doctor_tells_versions_data_and_isolation() -> None:
    done = labcheck("doctor", "--lang", "fr")
    assert done.returncode == 0, done.stderr
    for word in ("tensorflow", "données", "fichiers", "réseau", "signaux"):
        assert word in done.stdout
