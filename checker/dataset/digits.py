"""The embedded data set: real handwriting from scikit-learn's digits, made to look like MNIST.

1,797 scans of 8x8 (E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998) are enlarged
to 20x20 inside 28x28, and each is drawn several times with a small rotation, scale, shear and shift. No original
has copies on both sides of a split.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

VERSION = 2
SEED = 20231
# copies drawn of each original, by split; originals are dealt 1257 / 270 / 270
COPIES = {"train": 4, "test": 4, "holdout": 4}
SHARES = {"train": 0.70, "test": 0.15, "holdout": 0.15}
SIDE, FIELD = 20, 28
# standard deviations of the jitter: radians, ratio, ratio, pixels
ROTATION, SCALE, SHEAR, SHIFT = 0.13, 0.07, 0.12, 1.0
# a scan of 8x8 is soft when enlarged: this steepens it towards the pen strokes of MNIST
CONTRAST, THRESHOLD = 9.0, 0.45


def make() -> dict[str, tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]]:
    """Images (N, 28, 28) uint8 and labels (N,) uint8 of each split, the same on every machine; takes about 2 s."""
    from sklearn.datasets import load_digits

    scans = load_digits()
    generator = np.random.default_rng(SEED)
    order = generator.permutation(len(scans.target))
    splits = {}
    start = 0
    for name, share in SHARES.items():
        stop = len(order) if name == "holdout" else start + round(share * len(order))
        chosen = np.repeat(order[start:stop], COPIES[name])
        generator.shuffle(chosen)
        splits[name] = (_draw(scans.images[chosen], generator), scans.target[chosen].astype(np.uint8))
        start = stop
    return splits


def _draw(scans: npt.NDArray[Any], generator: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Each scan (N, 8, 8), values 0 to 16, drawn once with its own jitter: (N, 28, 28) uint8."""
    from skimage.transform import AffineTransform, resize, warp

    enlarged = resize(np.moveaxis(scans / 16.0, 0, -1), (SIDE, SIDE), order=3, mode="constant")
    inside = (FIELD - SIDE) // 2
    padded = np.pad(np.moveaxis(enlarged, -1, 0), ((0, 0), (inside, inside), (inside, inside)))
    middle = (FIELD - 1) / 2
    drawn = np.empty_like(padded)
    for number, image in enumerate(padded):
        jitter = AffineTransform(
            rotation=generator.normal(0, ROTATION),
            scale=1 + generator.normal(0, SCALE),
            shear=generator.normal(0, SHEAR),
            translation=generator.normal(0, SHIFT, 2),
        )
        about_middle = (
            AffineTransform(translation=(-middle, -middle))
            + jitter
            + AffineTransform(translation=(middle, middle))
        )
        drawn[number] = warp(image, about_middle.inverse, order=1)
    ink = 1 / (1 + np.exp(-CONTRAST * (drawn - THRESHOLD)))
    floor = 1 / (1 + np.exp(CONTRAST * THRESHOLD))
    # the darkest pixel is 255, as in MNIST: dividing by the maximum must be dividing by 255
    images: npt.NDArray[np.uint8] = np.clip(np.round((ink - floor) / (ink.max() - floor) * 255), 0, 255).astype(
        np.uint8
    )
    return images
