"""Lab 1: right answers in any form get full marks, each known slip costs its own question and no other."""

from __future__ import annotations

import pytest
from cases import FORMS, REFERENCE, SEED, SLIPS
from conftest import SHARED, Check

from checker.course import default_course
from checker.template import notebook

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]
MNIST = SHARED / "data" / "mnist-10k.npz"


@pytest.mark.parametrize("form", FORMS)
def test_a_right_form_gets_full_marks(check: Check, form: str) -> None:
    card = check(FORMS[form])
    wrong = [(c.id, c.message) for q in card.questions for c in q.checks if c.outcome != "passed"]
    assert (card.score, wrong) == (20.0, [])


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_costs_its_own_question_and_no_other(check: Check, slip: str) -> None:
    code, question, said = SLIPS[slip]
    card = check(code)
    lost = {q.id for q in card.questions if q.verdict != "pass"}
    messages = " ".join(c.message for q in card.questions for c in q.checks)
    places = [c.location for q in card.questions for c in q.checks if c.outcome == "failed"]
    assert lost == {question}
    assert said in messages
    assert all(place is not None and place.file == "lab.py" for place in places)


@pytest.mark.parametrize(
    "data",
    [
        "embedded",
        pytest.param(
            str(MNIST),
            marks=pytest.mark.skipif(not MNIST.exists(), reason="the shared MNIST images are not on this machine"),
        ),
    ],
)
@pytest.mark.parametrize("form", ["script", "notebook"])
def test_the_reference_gets_full_marks(check: Check, data: str, form: str) -> None:
    code = (default_course().lab("cnn_mnist").reference_dir / "cnn_mnist.py").read_text("utf-8")
    card = check(code, data=data) if form == "script" else check(notebook(code), name="lab.ipynb", data=data)
    assert card.score == 20.0


def test_every_old_spelling_of_the_handout_is_noted_with_its_line(check: Check) -> None:
    card = check(SEED)
    lines = SEED.splitlines()
    noted = {n.location.line for n in card.notes if n.kind == "old_spelling" and n.location}
    wanted = {
        number
        for number, line in enumerate(lines, 1)
        if ("np_utils" in line and "import" in line) or "layers.convolutional" in line or 'filename+".h5"' in line
    }
    assert wanted <= noted


def test_the_template_scores_nothing_and_says_what_to_begin_with(check: Check) -> None:
    lab = default_course().lab("cnn_mnist")
    card = check(path=lab.template_dir / "cnn_mnist.py")
    assert card.score == 0.0
    assert "NotImplementedError" in card.questions[0].checks[0].message


def test_the_reference_has_the_counts_of_the_lab(check: Check) -> None:
    card = check(REFERENCE)
    counts = {c.evidence["found"] for q in card.questions for c in q.checks if "found" in c.evidence}
    assert counts == {203434, 592074, 203933}
