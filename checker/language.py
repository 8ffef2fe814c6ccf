"""The language of a run: every text that a person reads is looked up here, in French or in English.

One process speaks one language at a time: ``speak`` sets it, ``_`` and ``ngettext`` translate msgids of the
catalogues under ``checker/locale`` (English is the msgid itself), ``LocalText`` carries both languages of a
rubric.
"""

from __future__ import annotations

import gettext
import locale
import os
from collections.abc import Mapping
from pathlib import Path

LANGUAGES = ("fr", "en")
LOCALE_DIR = Path(__file__).parent / "locale"

_catalogue: gettext.NullTranslations = gettext.NullTranslations()
_language = "en"


def speak(language: str) -> None:
    """Make ``language`` ("fr" or "en") the language of every text from here on."""
    global _catalogue, _language  # one process, one language: gettext's own model
    _language = language
    _catalogue = gettext.translation("labcheck", LOCALE_DIR, [language], fallback=True)


def spoken() -> str:
    """The language of this run: "fr" or "en"."""
    return _language


def preferred() -> str:
    """The language of the user's environment: "fr" where it says French, else "en"."""
    for variable in ("LABCHECK_LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(variable):
            return "fr" if os.environ[variable].lower().startswith("fr") else "en"
    return "fr" if (locale.getlocale()[0] or "").lower().startswith("fr") else "en"


def _(message: str) -> str:
    """``message`` in the run's language."""
    return _catalogue.gettext(message)


def ngettext(singular: str, plural: str, n: int) -> str:
    """``singular`` or ``plural`` for ``n`` things, in the run's language."""
    return _catalogue.ngettext(singular, plural, n)


def pick(texts: Mapping[str, str]) -> str:
    """The text of the run's language out of ``{"fr": …, "en": …}``."""
    return texts[_language]


def number(value: float, decimals: int = 0) -> str:
    """``value`` with the run's separators: 203,434 and 97.60 in English, 203 434 and 97,60 in French."""
    text = f"{value:,.{decimals}f}"
    if _language == "fr":
        # U+202F, the narrow no-break space, is the French thousands separator
        text = text.replace(",", "\u202f").replace(".", ",")
    return text


def percent(share: float, decimals: int = 1) -> str:
    """A share of one as a percentage: 97.6% in English, 97,6 % in French."""
    return _("{value}%").format(value=number(100 * share, decimals))
