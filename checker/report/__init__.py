"""A scorecard as text: a renderer takes a scorecard and its audience, returns a str, and opens no file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from checker.report import html, json, junit
from checker.report.audience import Audience
from checker.scorecard import Scorecard


class Renderer(Protocol):
    """Makes the text of one format; a hidden check leaves no word in a student's."""

    def __call__(self, card: Scorecard, audience: Audience = "student") -> str: ...


FORMATS: dict[str, Renderer] = {"html": html.render, "json": json.render, "junit": junit.render}


def write(text: str, path: Path) -> None:
    """Write ``text`` to ``path`` whole or not at all, making its folder if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        half.write_text(text, "utf-8", errors="replace")
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
