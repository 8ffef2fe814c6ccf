"""Lab 3 beyond its tables of cases: the figures of its handout, its printed report, and where a report may stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import Check
from labs import swapped
from labs.deep_networks import CORRECTED, FORMS, REFERENCE, connected, printed

from checker.scorecard import Scorecard

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]
LAB = "deep_networks"
REPORT = re.compile(r"# %% \[markdown\]\n((?:#.*\n)+)")

RAW = (407050, 407050, 535818)
HOG = (25802, 50890, 101770)
PRINTED_CNN = (410538, 812650, 856330)
CONNECTED_CNN = (27562, 46698, 90378)
VARIANTS = """
import keras
from keras import layers

def dense(inputs, *hidden, dropout=0.0):
    model = keras.Sequential([keras.Input((inputs,))])
    for units in hidden:
        model.add(layers.Dense(units, activation="relu"))
        model.add(layers.Dropout(dropout))
    model.add(layers.Dense(10, activation="softmax"))
    return model

def convolutional(kernel, units, follow):
    x = i = keras.Input((28, 28, 1))
    for _ in range(3):
        before = layers.Conv2D(32, kernel, padding="same", activation="relu")(x)
        pooled = layers.MaxPooling2D()(before)
        x = pooled if follow else before
    x = layers.Dense(units, activation="relu")(layers.Flatten()(pooled))
    return keras.Model(i, layers.Dense(10, activation="softmax")(layers.Dropout(0.5)(x)))

raw1, raw2, raw3 = dense(784, 512), dense(784, 512, dropout=0.5), dense(784, 512, 256, dropout=0.5)
hog1, hog2, hog3 = dense(392, 64), dense(784, 64), dense(784, 128)
printed1, printed2, printed3 = convolutional(2, 64, False), convolutional(2, 128, False), convolutional(5, 128, False)
cnn1, cnn2, cnn3 = convolutional(2, 64, True), convolutional(2, 128, True), convolutional(5, 128, True)

# %% [markdown]
"""


def messages(card: Scorecard, question: str) -> str:
    checks = next(each for each in card.questions if each.id == question).checks
    return "\n".join(check.message for check in checks)


def test_every_count_of_the_lab_is_that_of_a_model(check: Check) -> None:
    counts = {*RAW, *HOG, *PRINTED_CNN, *CONNECTED_CNN}
    # no table and no calculation: only a model can support these
    text = "".join(f"# Ce modèle a {count} paramètres.\n" for count in sorted(counts))
    card = check(VARIANTS + text, lab=LAB, questions=("report_counts",))
    assert (card.score, messages(card, "report_counts").strip()) == (3.0, "")


def test_the_reference_has_the_counts_of_the_first_variants(check: Check) -> None:
    text = "# %% [markdown]\n# 999999 paramètres\n"
    card = check(REFERENCE + text, lab=LAB, questions=("report_counts",))
    told = messages(card, "report_counts")
    assert card.score == 2.0
    assert all(count in told for count in ("407,050", "25,802", "50,890", "27,562"))


def test_the_printed_report_loses_its_slips_and_has_its_old_spellings_noted(check: Check) -> None:
    card = check(printed(), lab=LAB, questions=("optimizer_and_loss", "report_counts"))
    assert {q.id: q.score for q in card.questions if q.verdict != "skipped"} == {
        "optimizer_and_loss": 1.0, "report_counts": 1.0,
    }  # fmt: skip
    told = messages(card, "report_counts")
    assert told.count("(640 * 10) + 10 = 650: the calculation gives 6,410.") == 2
    assert "812,650 parameters, but the table above it has 856,330" in told
    notes = " ".join(note.message for note in card.notes if note.kind == "old_spelling")
    assert all(old in notes for old in ("np_utils", "keras.layers.core", "keras.layers.convolutional"))


def test_dead_layers_of_a_model_without_a_name_are_told_with_their_lines(check: Check) -> None:
    code = printed(CORRECTED)
    card = check(code, lab=LAB, questions=("cnn",))
    pooling = next(each for each in card.questions[4].checks if each.id == "test_cnn_pooling")
    assert pooling.message.count("nothing reads its output") == 2
    assert pooling.location is not None
    assert "l1_mp" in code.splitlines()[pooling.location.line - 1]
    assert check(printed(connected(CORRECTED)), lab=LAB, questions=("cnn",)).score == 4.0


@pytest.mark.parametrize("name", ["report.md", "Rapport.txt"])
def test_a_report_may_be_a_file_of_its_own(check: Check, tmp_path: Path, name: str) -> None:
    text = "\n".join(re.sub(r"^#+ ?", "", part, flags=re.MULTILINE) for part in REPORT.findall(REFERENCE))
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "lab.py").write_text(REPORT.sub("", REFERENCE), "utf-8")
    (folder / name).write_text(text, "utf-8")
    questions = ("optimizer_and_loss", "report_counts")
    assert check(path=folder, lab=LAB, questions=questions).score == 4.0
    (folder / name).write_text(swapped(text, "= 5'130", "= 5'120"), "utf-8")
    card = check(path=folder, lab=LAB, questions=questions)
    place = next(c.location for q in card.questions for c in q.checks if c.outcome == "failed")
    assert card.score == 3.0
    assert place is not None
    assert (place.file, place.cell) == (name, None)
    assert "5'120" in (folder / name).read_text("utf-8").splitlines()[place.line - 1]


def test_a_report_beside_a_script_is_its_report(check: Check, tmp_path: Path) -> None:
    (tmp_path / "lab.py").write_text(REPORT.sub("", REFERENCE), "utf-8")
    (tmp_path / "report.md").write_text("RMSprop, categorical\\_crossentropy", "utf-8")
    assert check(path=tmp_path / "lab.py", lab=LAB, questions=("optimizer_and_loss",)).score == 1.0


def test_a_claimed_accuracy_is_information_only(check: Check) -> None:
    code = swapped(FORMS["a deeper network with dropout"], "Test accuracy: 0.9726", "Test accuracy: 0.9999")
    card = check(code, lab=LAB, questions=("raw_mlp", "report_counts"))
    assert card.score == card.max_score
    (note,) = (note for note in card.notes if note.kind == "claimed_accuracy")
    assert "an accuracy of 99.99%" in note.message
    assert note.location is not None
