"""The data that a run uses: where it comes from, what the submission sees of it, and what stays with the grader.

A lab names its sets ("mnist", "pneumonia", "boston"); each comes from a file that was given, else from the Keras cache
or a download where Keras has it, else from what labcheck carries. The labels of a holdout never leave the grader.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from checker.dataset import boston, files, mnist, pneumonia
from checker.dataset.files import cache_dir
from checker.dataset.sets import Dataset, Split, Table
from checker.errors import CourseError, UsageError
from checker.language import _

__all__ = ["SETS", "Data", "Dataset", "Split", "Table", "cache_dir", "load", "resolved"]

SETS: dict[str, Any] = {"mnist": mnist, "pneumonia": pneumonia, "boston": boston}
Made = TypeVar("Made")
EMBEDDED, KERAS, DOWNLOAD = "embedded", "keras", "download"
FILES = (".npz", ".csv")


@dataclass(frozen=True)
class Data:
    """The sets of a lab by name: ``data.mnist`` and ``data.pneumonia`` are Datasets, ``data.boston`` is a Table."""

    sets: dict[str, Any]
    _made: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """What ``make`` makes of the data, made once in a process under ``name`` and given to every submission's checks.

        It must not change: arrays are best made read-only (``array.flags.writeable = False``), which also lets them be
        sent at less cost.
        """
        if name not in self._made:
            self._made[name] = make()
        made: Made = self._made[name]
        return made

    def __getattr__(self, name: str) -> Any:
        try:
            return self.sets[name]
        except KeyError:
            raise AttributeError(
                f"this lab has no data named {name!r}; rubric.yaml names {list(self.sets)}"
            ) from None

    @property
    def source(self) -> str:
        """Where they come from, for a reader."""
        return ", ".join(each.source for each in self.sets.values())

    @cached_property
    def digest(self) -> str:
        """A digest of them all, which keys what is cached."""
        text = "\0".join(f"{name}={each.digest}" for name, each in sorted(self.sets.items()))
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def write(self, folder: Path) -> Path:
        """Write what the sandbox may have as one .npz file, once, and return its path."""
        path = folder / f"data-{self.digest}.npz"
        if path.exists():
            return path
        arrays: dict[str, Any] = {}
        for name, each in self.sets.items():
            arrays |= SETS[name].for_sandbox(each)
        half = path.with_name(f"{os.getpid()}-{path.name}")
        np.savez(half, **arrays)
        half.replace(path)
        return path


def load(names: Sequence[str], source: str | None = None) -> Data:
    """The sets of these names from ``source``: a data file or a folder of them, "embedded", "keras", "download".

    None tries the Keras cache, then a download, then what labcheck carries. Raises CourseError where a source that was
    named cannot be had, UsageError where there is no such file.
    """
    if source in (None, EMBEDDED, KERAS, DOWNLOAD):
        return Data({name: _named(name, source) for name in names})
    path = Path(str(source)).expanduser()
    if not path.exists():
        raise UsageError(
            _("there is no such data file"),
            place=str(path),
            remedy=_("Give a file or a folder, or one of: embedded, keras, download."),
        )
    found = _in_files(names, path)
    if not found:
        raise CourseError(
            _("there is no data of this lab in it: {names}").format(names=", ".join(names)), place=str(path)
        )
    return Data({name: found.get(name) or SETS[name].embedded() for name in names})


def resolved(source: str) -> str:
    """``source`` for a process that has another working directory: the path of a file as a whole one."""
    return source if source in (EMBEDDED, KERAS, DOWNLOAD) else str(Path(source).expanduser().resolve())


def _in_files(names: Sequence[str], path: Path) -> dict[str, Any]:
    paths = sorted(each for each in path.iterdir() if each.suffix.lower() in FILES) if path.is_dir() else [path]
    found: dict[str, Any] = {}
    for each in paths:
        arrays = files.read(each)
        for name in names:
            if name not in found and SETS[name].is_mine(arrays):
                found[name] = SETS[name].of_file(each, arrays, each.name)
    return found


def _named(name: str, source: str | None) -> Any:
    """A set from a named source; where none is named, whatever is there, without a word of failure."""
    kind = SETS[name]
    file = getattr(kind, "KERAS_FILE", None)
    if source == EMBEDDED or file is None:
        return kind.embedded()
    if source == KERAS:
        return _of_keras(kind, files.keras_cache(file), _("Keras cache"))
    if source == DOWNLOAD:
        return _of_keras(kind, files.downloaded(file), _("downloaded from Keras"))
    if files.is_whole(files.keras_cache(file), file):
        return _named(name, KERAS)
    try:
        return _named(name, DOWNLOAD)
    except CourseError:
        return kind.embedded()


def _of_keras(kind: Any, path: Path, source: str) -> Any:
    return kind.of_file(path, files.read(path), source)
