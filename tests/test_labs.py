"""Right answers in any form get full marks, each known slip costs its own questions and no other, in every lab."""

from __future__ import annotations

import pytest
from conftest import SHARED, Check
from labs import LABS, ROOT, Slip, cases
from labs.cnn_mnist import REFERENCE, SEED

from checker.course import default_course
from checker.language import speak
from checker.scorecard import Scorecard
from checker.template import notebook

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]
SHARED_DATA = SHARED / "data"
FORMS = [pytest.param(lab, code, id=f"{lab}: {name}") for lab in LABS for name, code in cases(lab).FORMS.items()]
SLIPS = [pytest.param(lab, slip, id=f"{lab}: {name}") for lab in LABS for name, slip in cases(lab).SLIPS.items()]


def told(card: Scorecard) -> list[tuple[str, str]]:
    """What did not pass: the check and its message."""
    return [(c.id, c.message) for q in card.questions for c in q.checks if c.outcome != "passed"]


@pytest.mark.parametrize(("lab", "code"), FORMS)
def test_a_right_form_gets_full_marks(check: Check, lab: str, code: str) -> None:
    name = "lab.ipynb" if code.startswith("{") else "lab.py"
    card = check(code, name=name, lab=lab)
    assert (card.score, told(card)) == (20.0, [])


@pytest.mark.parametrize(("lab", "slip"), SLIPS)
def test_a_slip_costs_its_own_questions_and_no_other(check: Check, lab: str, slip: Slip) -> None:
    card = check(slip.code, name=slip.name, lab=lab)
    assert {q.id for q in card.questions if q.verdict != "pass"} == slip.questions, told(card)
    assert slip.says in " ".join(message for _check, message in told(card))
    places = [c.location for q in card.questions for c in q.checks if c.outcome == "failed"]
    assert places
    assert all(place is not None and place.file == slip.name for place in places)


@pytest.mark.parametrize("data", ["embedded", "shared"])
@pytest.mark.parametrize("form", ["script", "notebook"])
@pytest.mark.parametrize("lab", LABS)
def test_the_reference_gets_full_marks(check: Check, lab: str, data: str, form: str) -> None:
    if data == "shared":
        if not SHARED_DATA.exists():
            pytest.skip("the folder of real data is not on this machine")
        data = str(SHARED_DATA)
    code = (ROOT / "reference" / lab / f"{lab}.py").read_text("utf-8")
    if form == "script":
        card = check(code, data=data, lab=lab)
    else:
        card = check(notebook(code), name="lab.ipynb", data=data, lab=lab)
    assert (card.score, told(card)) == (20.0, [])


@pytest.mark.parametrize(("language", "says"), [("en", "is still to be written"), ("fr", "reste à écrire")])
@pytest.mark.parametrize("form", ["py", "ipynb"])
@pytest.mark.parametrize("lab", LABS)
def test_the_template_scores_nothing_and_says_what_to_begin_with(
    check: Check, lab: str, form: str, language: str, says: str
) -> None:
    speak(language)
    card = check(path=default_course().lab(lab).template_dir / f"{lab}.{form}", lab=lab)
    assert card.score == 0.0
    assert says in card.questions[0].checks[0].message


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


def test_the_reference_has_the_counts_of_the_lab(check: Check) -> None:
    card = check(REFERENCE)
    counts = {c.evidence["found"] for q in card.questions for c in q.checks if "found" in c.evidence}
    assert counts == {203434, 592074, 203933}
