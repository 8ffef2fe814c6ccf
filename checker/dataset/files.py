"""Data files: read without trusting them, kept in labcheck's own cache, downloaded where that is allowed."""

from __future__ import annotations

import csv
import hashlib
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import platformdirs

from checker.errors import CourseError
from checker.language import _

KERAS_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
# as in keras/src/datasets (Keras 3.15)
KERAS_FILES = {
    "mnist.npz": "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    "boston_housing.npz": "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5",
}
CONNECT_SECONDS = 2.0


def cache_dir() -> Path:
    """labcheck's own cache folder; never Keras's."""
    return Path(os.environ.get("LABCHECK_CACHE") or platformdirs.user_cache_dir("labcheck"))


def keras_cache(name: str) -> Path:
    """Where Keras keeps its file of that name; only ever read."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets" / name


def is_whole(path: Path, name: str) -> bool:
    """Whether ``path`` is Keras's file ``name``, to the byte."""
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == KERAS_FILES[name]


def downloaded(name: str) -> Path:
    """Keras's file ``name`` in our own cache, downloaded if need be; raises CourseError where it cannot be."""
    path = cache_dir() / name
    if is_whole(path, name):
        return path
    if os.environ.get("LABCHECK_OFFLINE"):
        raise CourseError(_("{file} is not downloaded: LABCHECK_OFFLINE is set").format(file=name))
    try:
        with urllib.request.urlopen(KERAS_URL + name, timeout=CONNECT_SECONDS) as answer:
            content = answer.read()
    except (urllib.error.URLError, OSError) as error:
        raise CourseError(
            _("{file} cannot be downloaded: {error}").format(file=name, error=error),
            remedy=_("Give a file with --data PATH, or use --data embedded."),
        ) from error
    if hashlib.sha256(content).hexdigest() != KERAS_FILES[name]:
        raise CourseError(_("the downloaded {file} is not the known file").format(file=name))
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{name}.{os.getpid()}")
    half.write_bytes(content)
    half.replace(path)
    return path


def read(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of an .npz file, or of a .csv file with a line of names ("x" and "y", the last column).

    Raises CourseError where it is neither.
    """
    try:
        if path.suffix.lower() == ".csv":
            return _table(path)
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, KeyError, ValueError, EOFError, AttributeError) as error:
        raise CourseError(
            _("this is not a data file: {error}").format(error=error),
            place=str(path),
            remedy=_(
                "An .npz file with the arrays of MNIST or of PneumoniaMNIST, or Boston housing as .csv, is needed."
            ),
        ) from error


def _table(path: Path) -> dict[str, npt.NDArray[Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = [[float(cell) for cell in row] for row in list(csv.reader(file))[1:] if row]
    values = np.array(rows, dtype=np.float64)
    return {"x": values[:, :-1], "y": values[:, -1]}


def kept(name: str, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Store arrays in the cache for the next run; where that cannot be, the next run makes them again."""
    path = cache_dir() / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_name(f"{name}.{os.getpid()}.npz")
        np.savez(half, **arrays)  # type: ignore[arg-type]  # numpy's stub takes the keywords for allow_pickle
        half.replace(path)
    except OSError:
        return
