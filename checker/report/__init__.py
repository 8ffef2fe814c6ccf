"""A scorecard as text: a renderer takes a scorecard and returns a str, and opens no file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from checker.report import html, json, junit
from checker.scorecard import Scorecard

FORMATS: dict[str, Callable[[Scorecard], str]] = {"html": html.render, "json": json.render, "junit": junit.render}


def write(text: str, path: Path) -> None:
    """Write ``text`` to ``path`` whole or not at all, making its folder if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{os.getpid()}")
    half.write_text(text, "utf-8")
    half.replace(path)
