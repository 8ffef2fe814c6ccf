"""Lab 5: the figures of its contract, where its tolerances end, and the module that comes with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import SHARED, Check
from labs import ROOT
from labs.keras_mlp import ANSWERS, FORMS, OLD, REFERENCE, SEED, swap, within

from checker.course import default_course
from checker.language import speak
from checker.scorecard import Scorecard

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]
LAB = "keras_mlp"


def counts(card: Scorecard) -> dict[str, object]:
    """The number of parameters that each check saw."""
    return {c.id: c.evidence["found"] for q in card.questions for c in q.checks if "found" in c.evidence}


def test_the_reference_has_the_counts_of_the_lab(check: Check) -> None:
    assert counts(check(REFERENCE, lab=LAB)) == {
        "test_perceptron_layers": 7850,
        "test_one_hidden_layer": 101770,
        "test_two_hidden_layers": 118282,
        "test_three_hidden_layers": 134794,
        "test_equal_parameters": 135160,
        "test_l1": 134794,
        "test_dropout": 134794,
    }


@pytest.mark.parametrize(
    ("units", "count", "right"),
    [(166, 131980, False), (167, 132775, True), (169, 134365, True), (172, 136750, True), (173, 137545, False)],
)
def test_comparable_is_within_two_percent(check: Check, units: int, count: int, right: bool) -> None:
    card = check(
        within("wide_mlp", "layers.Dense(170", f"layers.Dense({units}"), lab=LAB, questions=("equal_params",)
    )
    assert (counts(card)["test_equal_parameters"], card.score) == (count, 3.0 if right else 0.0)


@pytest.mark.parametrize(("epochs", "right"), [(5, False), (7, False), (8, True), (15, True), (16, False)])
def test_about_ten_epochs_are_eight_to_fifteen(check: Check, epochs: int, right: bool) -> None:
    card = check(swap("epochs=10", f"epochs={epochs}"), lab=LAB, questions=("validation",))
    assert card.score == (3.0 if right else 2.0)


def test_the_handout_s_own_code_runs_as_it_is_printed(check: Check) -> None:
    card = check(SEED, lab=LAB)
    assert card.score == 20.0
    # input_dim only warns: nothing in it is spelt in a way that is gone
    assert [note.message for note in card.notes if note.kind == "old_spelling"] == []
    taken = {note.message.split("`")[3] for note in card.notes if note.kind == "other_name"}
    assert taken == {"perceptron", "mlp", "wide_mlp", "mlp_l1", "mlp_dropout"}


def test_every_old_spelling_is_noted_with_its_line(check: Check) -> None:
    code = OLD + ANSWERS
    card = check(code, lab=LAB)
    noted = {note.location.line for note in card.notes if note.kind == "old_spelling" and note.location}
    words = (
        "import np_utils",
        "layers.core",
        "init=",
        "lr=",
        "output_dim",
        "W_reg",
        "nb_epoch",
        "val_acc",
    )
    wanted = {number for number, line in enumerate(code.splitlines(), 1) if any(word in line for word in words)}
    assert card.score == 20.0
    assert wanted <= noted


def test_a_module_that_the_student_brings_is_the_one_that_is_used(check: Check, tmp_path: Path) -> None:
    (tmp_path / "dataset_utils.py").write_text(
        "def prepare_mnist(local=True):\n    return 1, 2, 3, 4\nprepare_boston = prepare_mnist\n"
    )
    (tmp_path / "lab.py").write_text(FORMS["answers that the arrays give"], "utf-8")
    card = check(path=tmp_path, lab=LAB, questions=("datasets",))
    assert card.score < 3.0
    assert any("'int' object has no attribute 'shape'" in note.message for note in card.notes)


@pytest.mark.skipif(not (SHARED / "data").exists(), reason="the folder of real data is not on this machine")
def test_the_module_gives_the_shapes_on_real_data_too(check: Check) -> None:
    code = FORMS["answers that the arrays give"] + (
        "\nX, y, X_test, y_test = prepare_boston()\nassert abs(y.mean() - 22.4) < 0.1, y.mean()\n"
        "assert abs(X.mean()) < 1e-9 and abs(X.std() - 1) < 1e-9\n"
        "X, y, X_test, y_test = prepare_mnist()\nassert (X.min(), X.max(), X.dtype.name) == (0, 1, 'float32')\n"
    )
    card = check(code, lab=LAB, data=str(SHARED / "data"), questions=("datasets",))
    assert (card.score, [note.message for note in card.notes if note.kind == "raised"]) == (3.0, [])


@pytest.mark.parametrize(
    ("language", "begin", "code"),
    [
        ("en", "mnist_shapes is still to be written", "put your code where it says"),
        ("fr", "mnist_shapes reste à écrire", "mettez votre code"),
    ],
)
def test_the_template_says_what_to_begin_with(check: Check, language: str, begin: str, code: str) -> None:
    speak(language)
    card = check(path=default_course().lab(LAB).template_dir, lab=LAB)
    messages = [c.message for q in card.questions for c in q.checks]
    assert card.score == 0.0
    assert begin in messages[0]
    assert code in messages[4]


def test_the_template_comes_with_its_module() -> None:
    folders = [ROOT / name / LAB for name in ("reference", "student_template")]
    assert len({(folder / "dataset_utils.py").read_text("utf-8") for folder in folders}) == 1
