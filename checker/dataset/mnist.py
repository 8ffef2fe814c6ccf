"""MNIST, or handwriting that looks like it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from checker.dataset import digits, files
from checker.dataset.sets import Array, Dataset, Split, named, split_of
from checker.errors import CourseError
from checker.language import _

KERAS_FILE = "mnist.npz"
PARTS = ("x_train", "y_train", "x_test", "y_test")
MAX_HOLDOUT = 1000


def embedded() -> Dataset:
    """The embedded set, kept in the user's cache once made."""
    name = f"digits-{digits.VERSION}.npz"
    try:
        stored = files.read(files.cache_dir() / name)
        splits = {part: (stored[f"x_{part}"], stored[f"y_{part}"]) for part in digits.SHARES}
    except (CourseError, KeyError):
        splits = digits.make()
        files.kept(
            name, {f"{axis}_{part}": pair[i] for part, pair in splits.items() for i, axis in enumerate("xy")}
        )
    parts = {part: Split(images=images, labels=labels) for part, (images, labels) in splits.items()}
    return Dataset(source=_("embedded handwritten digits"), **parts)


def is_mine(arrays: Mapping[str, Array]) -> bool:
    """Whether a file holds this set."""
    return named(arrays, PARTS)


def of_file(path: Path, arrays: Mapping[str, Array], source: str) -> Dataset:
    """The set of a file. Half of its test rows, at most ``MAX_HOLDOUT``, become the holdout, spread over all of them.

    They are not the last ones: MNIST's test images come from two sources, the first half being the easier one
    (http://yann.lecun.com/exdb/mnist/), and a linear classifier that gets 0.96 of images 8,000 to 9,000 right gets 0.88
    of the last thousand. Raises CourseError where its arrays are not what MNIST is made of.
    """
    for images, labels in (PARTS[:2], PARTS[2:]):
        _validate(path, images, arrays[images], arrays[labels])
    x, y = arrays["x_test"], arrays["y_test"]
    count = min(MAX_HOLDOUT, len(x) // 2)
    held = np.zeros(len(x), bool)
    held[np.arange(count) * len(x) // count] = True
    return Dataset(
        source=source,
        train=split_of(arrays["x_train"], arrays["y_train"]),
        test=split_of(x[~held], y[~held]),
        holdout=split_of(x[held], y[held]),
    )


def for_sandbox(data: Dataset) -> dict[str, Array]:
    """What a submission may have: training and test images with labels, nothing of the holdout."""
    pairs = (data.train.images, data.train.labels, data.test.images, data.test.labels)
    return dict(zip(PARTS, pairs, strict=True))


def _validate(path: Path, name: str, images: Array, labels: Array) -> None:
    right = (
        images.ndim == 3
        and images.shape[1:] == (28, 28)
        and images.dtype == np.uint8
        and labels.shape == images.shape[:1]
        and labels.dtype.kind in "iu"
        and len(labels) >= 200
        and set(np.unique(labels).tolist()) == set(range(10))
    )
    if not right:
        raise CourseError(
            _("{name} must hold at least 200 images (N, 28, 28) of uint8, with labels of all ten digits").format(
                name=name
            ),
            place=str(path),
        )
