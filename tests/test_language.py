"""Every text exists in both languages, with the same places to fill, and the compiled catalogue is up to date."""

from __future__ import annotations

import io
import string
from collections.abc import Sequence
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from checker.course import default_course
from checker.language import LOCALE_DIR, _, number, speak

ROOT = Path(__file__).parent.parent
FRENCH = LOCALE_DIR / "fr" / "LC_MESSAGES"
METHODS = [("**.py", "python"), ("**/templates/**.j2", "jinja2")]


def fields(text: str) -> set[str]:
    return {name for _text, name, _spec, _conversion in string.Formatter().parse(text) if name}


def texts(catalogue: Catalog) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Every text, or its singular and plural, with its translation."""
    return {forms(message.id): forms(message.string) for message in catalogue if message.id}


def forms(text: str | Sequence[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def test_every_text_of_the_code_is_translated_with_the_same_fields() -> None:
    with (FRENCH / "labcheck.po").open("rb") as file:
        catalogue = read_po(file)
    keywords = {"_": None, "ngettext": (1, 2), "operator": (2,)}
    found = extract_from_dir(ROOT / "checker", METHODS, keywords=keywords)
    messages = {message for _file, _line, message, _comments, _context in found}
    assert len(messages) > 100
    for message in messages:
        entry = catalogue.get(message)
        assert entry is not None, message
        for text, translated in zip(forms(message), forms(entry.string), strict=True):
            assert translated, text
            assert fields(translated) == fields(text), text


def test_the_compiled_catalogue_is_that_of_the_text() -> None:
    with (FRENCH / "labcheck.po").open("rb") as file:
        written = texts(read_po(file))
    assert written == texts(read_mo(io.BytesIO((FRENCH / "labcheck.mo").read_bytes())))


@pytest.mark.parametrize("lab", [lab.name for lab in default_course().labs])
def test_a_rubric_says_the_same_in_both_languages(lab: str) -> None:
    says = default_course().lab(lab).rubric.says
    for key, text in says.items():
        assert fields(text.fr) == fields(text.en), key


def test_numbers_and_texts_follow_the_language() -> None:
    speak("fr")
    assert (_("Points"), number(203434), number(97.6, 2)) == ("Points", "203\u202f434", "97,60")
    assert _("the model") == "le modèle"
    speak("en")
    assert (_("the model"), number(203434)) == ("the model", "203,434")
