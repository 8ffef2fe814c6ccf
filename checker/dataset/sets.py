"""The data sets of a run as frozen arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Images (N, 28, 28) uint8 and their labels (N,) uint8."""

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Labelled images; ``source`` is what the report says. The labels of the holdout never leave the grader."""

    source: str
    train: Split
    test: Split
    holdout: Split

    @property
    def digest(self) -> str:
        """A digest of all arrays."""
        parts = (self.holdout, self.test, self.train)
        return digest_of(array for part in parts for array in (part.images, part.labels))


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A regression set: ``x`` (N, features) float64, ``y`` (N,) float64, in the order of its file."""

    source: str
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]

    @property
    def digest(self) -> str:
        """A digest of both arrays."""
        return digest_of((self.x, self.y))


def digest_of(arrays: Any) -> str:
    """A digest of arrays, in order."""
    digest = hashlib.blake2b(digest_size=8)
    for array in arrays:
        digest.update(array.tobytes())
    return digest.hexdigest()


def split_of(images: Array, labels: Array) -> Split:
    """A split from arrays as files hold them: labels (N,) or (N, 1) of any integers."""
    return Split(images=np.asarray(images, np.uint8), labels=np.asarray(labels, np.uint8).reshape(len(labels)))


def named(arrays: Mapping[str, Array], names: tuple[str, ...]) -> bool:
    """Whether a file has all these arrays."""
    return set(names) <= arrays.keys()
