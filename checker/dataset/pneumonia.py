"""Chest X-rays, healthy (0) or with pneumonia (1), 28x28; without a file, drawn ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from checker.dataset.sets import Array, Dataset, named, split_of
from checker.errors import CourseError
from checker.language import _

# the arrays of MedMNIST's pneumoniamnist.npz (J. Yang et al., Scientific Data 10, 2023)
PARTS = tuple(f"{part}_{kind}" for part in ("train", "val", "test") for kind in ("images", "labels"))
SEED = 20232
COUNTS = {"train": 1600, "test": 300, "holdout": 600}
SIDE = 28


def embedded() -> Dataset:
    """Drawn X-rays: two dark lungs between ribs, and in the sick ones a bright patch with soft borders in a lung."""
    generator = np.random.default_rng(SEED)
    parts = {}
    for name, count in COUNTS.items():
        labels = generator.permutation(np.arange(count) % 2).astype(np.uint8)
        images = np.stack([_draw(generator, sick=bool(label)) for label in labels])
        parts[name] = split_of(images, labels)
    return Dataset(source=_("drawn chest X-rays"), **parts)


def is_mine(arrays: Mapping[str, Array]) -> bool:
    """Whether a file holds this set."""
    return named(arrays, PARTS)


def of_file(path: Path, arrays: Mapping[str, Array], source: str) -> Dataset:
    """The set of a file: its validation part is what a submission tests on, its test part the holdout.

    Raises CourseError where its arrays are not what PneumoniaMNIST is made of.
    """
    for part in ("train", "val", "test"):
        images, labels = arrays[f"{part}_images"], arrays[f"{part}_labels"]
        right = images.ndim == 3 and images.shape[1:] == (SIDE, SIDE) and images.dtype == np.uint8
        if not right or labels.size != len(images) or set(np.unique(labels).tolist()) != {0, 1}:
            raise CourseError(
                _("{name} must hold images (N, 28, 28) of uint8, with labels 0 and 1").format(name=part),
                place=str(path),
            )
    splits = {
        name: split_of(arrays[f"{part}_images"], arrays[f"{part}_labels"])
        for name, part in (("train", "train"), ("test", "val"), ("holdout", "test"))
    }
    return Dataset(source=source, **splits)


def for_sandbox(data: Dataset) -> dict[str, Array]:
    """What a submission may have, under MedMNIST's names for the training and validation parts."""
    arrays = (data.train.images, data.train.labels, data.test.images, data.test.labels)
    return dict(zip(PARTS[:4], arrays, strict=True))


def _draw(generator: np.random.Generator, *, sick: bool) -> Array:
    rows, columns = np.mgrid[0:SIDE, 0:SIDE].astype(float)
    image = 150 + 25 * np.sin(rows * generator.uniform(1.4, 1.8) + generator.uniform(0, 6)) * 0.4
    centres = [(generator.normal(14, 0.7), generator.normal(middle, 0.6)) for middle in (8.5, 19.5)]
    for row, column in centres:
        distance = ((rows - row) / generator.uniform(8.5, 10.5)) ** 2
        distance += ((columns - column) / generator.uniform(4.0, 5.0)) ** 2
        image -= 85 / (1 + np.exp(6 * (distance - 1)))
    # a heart's shadow, and vessels that are no illness
    image += 30 * np.exp(-(((rows - 18) / 5) ** 2) - ((columns - 15) / 3.5) ** 2)
    for _vessel in range(3):
        image += _patch(generator, rows, columns, centres, strength=(10, 25), size=(0.8, 1.6))
    if sick:
        for _patch_number in range(generator.integers(1, 4)):
            image += _patch(generator, rows, columns, centres, strength=(25, 60), size=(1.8, 3.6))
    image = image * generator.uniform(0.85, 1.15) + generator.normal(0, 8, image.shape)
    drawn: Array = np.clip(np.round(image), 0, 255).astype(np.uint8)
    return drawn


def _patch(
    generator: np.random.Generator,
    rows: Array,
    columns: Array,
    centres: list[tuple[float, float]],
    *,
    strength: tuple[float, float],
    size: tuple[float, float],
) -> Array:
    row, column = centres[generator.integers(2)]
    at = row + generator.normal(0, 4), column + generator.normal(0, 1.8)
    width = generator.uniform(*size)
    distance = ((rows - at[0]) / width) ** 2 + ((columns - at[1]) / width) ** 2
    patch: Array = generator.uniform(*strength) * np.exp(-distance / 2)
    return patch
