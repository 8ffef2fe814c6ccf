"""What the tables of neuron_count's cases cannot say: its figures, its notebook, its sweep over widths."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from conftest import SHARED, Check
from labs import cells, swapped
from labs.neuron_count import REFERENCE, SEED_CELLS

from checker import dataset
from checker.course import default_course
from checker.scorecard import Outcome, Scorecard
from checker.sweep import accepted, stored
from checker.template import notebook, strip

LAB = default_course().lab("neuron_count")
SEED_FILE = SHARED / "seeds" / "003_9d01d4094c572333.txt"
REAL = SHARED / "data" / "mnist-10k.npz"


def outcomes(card: Scorecard, *, but: Outcome = Outcome.passed) -> dict[str, Outcome]:
    return {each.id: each.outcome for q in card.questions for each in q.checks if each.outcome is not but}


def seed_cells() -> list[str]:
    """The code cells of the handout's text: what follows each mark, up to a blank line, without the outputs."""
    if not SEED_FILE.exists():
        pytest.skip("the handout is not on this machine")
    parts = re.split(r"^In \[\d+\]:\n", SEED_FILE.read_text("utf-8"), flags=re.MULTILINE)[1:]
    return ["\n".join(line.rstrip() for line in part.partition("\n\n")[0].splitlines()) for part in parts]


def test_the_cases_are_the_handouts_own_cells() -> None:
    assert seed_cells() == list(SEED_CELLS[:-1])


@pytest.mark.sandbox
@pytest.mark.slow
def test_the_handouts_notebook_lacks_its_answers_only(check: Check) -> None:
    card = check(cells(*seed_cells()), name="lab.ipynb", lab="neuron_count")
    assert outcomes(card) == {"test_n_min_90": Outcome.failed, "test_n_min_95": Outcome.failed}
    assert card.score == 16.0
    # it is written for Keras 3 already
    assert not [note for note in card.notes if note.kind == "old_spelling"]
    asked = [note.message for note in card.notes if note.kind == "budget"]
    assert [re.findall(r"\d+", text)[0] for text in asked] == ["200", "60", "200", "300"]


@pytest.mark.sandbox
@pytest.mark.slow
def test_the_reference_has_the_counts_of_the_lab(check: Check) -> None:
    card = check(REFERENCE, lab="neuron_count")
    counts = {c.id: c.evidence["found"] for q in card.questions for c in q.checks if "found" in c.evidence}
    assert counts == {
        "test_nn0_layers": 7850, "test_nn2_layers": 805, "test_nn3_layers": 1600, "test_nn4_layers": 2395,
    }  # fmt: skip


@pytest.mark.sandbox
@pytest.mark.slow
def test_a_width_that_results_from_training_cannot_be_told(check: Check) -> None:
    search = (
        "for n in (1, 2, 4):\n    modele = reseau(n)\n    entrainer(modele, X_train, y_train)\n"
        "    exactitude = modele.evaluate(X_test, y_test)[1]\n    if exactitude > 0.9:\n        n_min_90 = n\n        break\n"
    )
    code = REFERENCE[: REFERENCE.index("    n_min_90 = 45")] + "    pass\n" + search
    code = swapped(code, "n_min_90 = 5\n", "")
    card = check(code + "n_min_95 = 300\n", lab="neuron_count")
    assert outcomes(card) == {"test_n_min_90": Outcome.inconclusive}
    assert card.score == 20.0


@pytest.fixture
def unswept(tmp_path: Path) -> Path:
    """A data set that no sweep was made on."""
    data = dataset.load(["mnist"], "embedded").mnist
    path = tmp_path / "fewer.npz"
    parts = {"train": data.train, "test": data.test}
    arrays = {f"{axis}_{name}": getattr(part, each)[:900] for name, part in parts.items()
              for axis, each in (("x", "images"), ("y", "labels"))}  # fmt: skip
    np.savez(path, **arrays)
    return path


@pytest.mark.sandbox
@pytest.mark.slow
def test_on_data_that_was_never_swept_only_the_order_of_the_answers_is_judged(check: Check, unswept: Path) -> None:
    card = check(REFERENCE, lab="neuron_count", data=str(unswept))
    assert outcomes(card) == {"test_n_min_90": Outcome.inconclusive, "test_n_min_95": Outcome.inconclusive}
    assert card.score == 20.0
    card = check(swapped(REFERENCE, "n_min_95 = 300", "n_min_95 = 7"), lab="neuron_count", data=str(unswept))
    assert outcomes(card)["test_n_min_90"] is Outcome.failed
    assert card.score < 20.0


def test_the_bounds_of_an_answer() -> None:
    narrow, doubtful, wide = (0.80, 0.81, 0.79), (0.89, 0.91, 0.90), (0.95, 0.951, 0.949)
    measured = {2: narrow, 4: narrow, 8: doubtful, 16: wide, 32: wide}
    assert accepted(measured, 0.90) == (5, 16)
    # nothing that was measured is sure to reach it, or even can
    assert accepted(measured, 0.99) == (33, None)
    assert accepted(measured, 0.50) == (1, 2)


@pytest.mark.parametrize("data", ["embedded", str(REAL)])
def test_the_sweep_holds_what_the_reference_answers(data: str) -> None:
    if data != "embedded" and not REAL.exists():
        pytest.skip(f"{REAL.name} is not on this machine")
    sweep = stored(LAB)[dataset.load(["mnist"], data).digest]
    # full MNIST cannot be had here; on these fewer images the order of the handout's figures holds: 0.3736 < 0.7141 < 0.8192
    assert sweep.mean[1] < sweep.mean[2] < sweep.mean[3] < sweep.mean[0]
    assert all(len(each) == 5 for each in sweep.accuracies.values())
    answers = re.findall(r"^( *)(n_min_9\d) = (\d+)$", REFERENCE, re.MULTILINE)
    mine = {name: int(width) for indent, name, width in answers if bool(indent) == (data == "embedded")}
    assert LAB.rubric.sweep
    for name, reach in LAB.rubric.sweep.reach.items():
        low, high = accepted(sweep.accuracies, reach)
        assert low <= mine[name]
        assert high is None or mine[name] <= high


def test_marks_make_the_cells_of_a_notebook() -> None:
    code = (LAB.reference_dir / "neuron_count.py").read_text("utf-8")
    made = json.loads(notebook(strip(code)))["cells"]
    kinds = [cell["cell_type"] for cell in made]
    assert kinds.count("markdown") == 8
    assert "".join(made[0]["source"]).startswith("# Combien de neurones")
    assert not any("%%" in "".join(cell["source"]) for cell in made)
    assert json.loads((LAB.template_dir / "neuron_count.ipynb").read_text("utf-8"))["cells"] == made
