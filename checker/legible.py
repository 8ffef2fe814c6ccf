"""Output that comes out on any terminal: what its encoding lacks is shown in plain letters."""

from __future__ import annotations

import codecs
import sys
import unicodedata

# what a terminal that is not UTF-8 shows instead
PLAIN = {"✓": "+", "✗": "x", "→": "->", "·": "-", "–": "-", "—": "-", "×": "x", "œ": "oe", "’": "'", "“": '"',
         "”": '"', "«": '"', "»": '"'}  # fmt: skip


def be_legible() -> None:
    """Let what the output's encoding lacks come out in plain letters, instead of ending the run."""
    codecs.register_error("plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="plain")


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain_letter, error.object[error.start : error.end])), error.end


def _plain_letter(letter: str) -> str:
    folded = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return PLAIN.get(letter) or folded or "?"
