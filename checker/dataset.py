"""The data that a run uses: where it comes from, what the submission sees of it, and what stays with the grader.

The labels of the holdout never leave the grader's process.
"""

from __future__ import annotations

import hashlib
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import platformdirs

from checker import digits
from checker.errors import CourseError
from checker.language import _

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.uint8]

PARTS = ("x_train", "y_train", "x_test", "y_test")
# as in keras/src/datasets/mnist.py (Keras 3.15)
MNIST_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
MNIST_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
CONNECT_SECONDS = 2.0
MAX_HOLDOUT = 1000
EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Images (N, 28, 28) uint8 and their labels (N,) uint8."""

    images: Images
    labels: Labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """MNIST, or what stands in for it; ``source`` is what the report says, ``digest`` keys what is cached."""

    source: str
    digest: str
    train: Split
    test: Split
    holdout: Split

    def write(self, folder: Path) -> Path:
        """Write what the sandbox may have: training and test images with labels, nothing of the holdout."""
        path = folder / f"mnist-{self.digest}.npz"
        np.savez(
            path,
            x_train=self.train.images,
            y_train=self.train.labels,
            x_test=self.test.images,
            y_test=self.test.labels,
        )
        return path


def mnist(source: str | None = None) -> Dataset:
    """The data of ``source``: a path, "embedded", "keras" (the Keras cache), "download"; None tries in order.

    Raises CourseError where a source that was named cannot be had.
    """
    if source is None:
        return _first_found()
    if source == EMBEDDED:
        return embedded()
    if source == "keras":
        return _from_arrays(_read(_keras_cache()), _("Keras cache"))
    if source == "download":
        return _from_arrays(_read(_downloaded()), _("MNIST, downloaded"))
    path = Path(source).expanduser()
    return _from_arrays(_read(path), path.name)


def _first_found() -> Dataset:
    """The Keras cache, else a download, else the embedded set: whatever is there, without a word of failure."""
    if _is_mnist(_keras_cache()):
        return mnist("keras")
    try:
        return mnist("download")
    except CourseError:
        return embedded()


def embedded() -> Dataset:
    """The embedded set, kept in the user's cache once made."""
    path = cache_dir() / f"digits-{digits.VERSION}.npz"
    try:
        with np.load(path, allow_pickle=False) as stored:
            splits = {name: (stored[f"x_{name}"], stored[f"y_{name}"]) for name in digits.SHARES}
    except (OSError, KeyError, ValueError, EOFError):
        splits = digits.make()
        _keep(path, splits)
    parts = {name: Split(images=images, labels=labels) for name, (images, labels) in splits.items()}
    return Dataset(source=_("embedded handwritten digits"), digest=_digest(parts), **parts)


def cache_dir() -> Path:
    """labcheck's own cache folder; never Keras's."""
    return Path(os.environ.get("LABCHECK_CACHE") or platformdirs.user_cache_dir("labcheck"))


def _keep(path: Path, splits: Mapping[str, tuple[Images, Labels]]) -> None:
    """Store for the next run; where that cannot be, the next run makes it again."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_name(f"{path.name}.{os.getpid()}.npz")
        arrays = {f"x_{name}": images for name, (images, _labels) in splits.items()}
        arrays |= {f"y_{name}": labels for name, (_images, labels) in splits.items()}
        np.savez(half, **arrays)  # type: ignore[arg-type]  # numpy's stub takes the keywords for allow_pickle
        half.replace(path)
    except OSError:
        return


def _keras_cache() -> Path:
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets" / "mnist.npz"


def _is_mnist(path: Path) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == MNIST_SHA256


def _downloaded() -> Path:
    """MNIST in our own cache, downloaded if need be; raises CourseError where it cannot be."""
    path = cache_dir() / "mnist.npz"
    if _is_mnist(path):
        return path
    if os.environ.get("LABCHECK_OFFLINE"):
        raise CourseError(_("MNIST is not downloaded: LABCHECK_OFFLINE is set"))
    try:
        with urllib.request.urlopen(MNIST_URL, timeout=CONNECT_SECONDS) as answer:
            content = answer.read()
    except (urllib.error.URLError, OSError) as error:
        raise CourseError(
            _("MNIST cannot be downloaded: {error}").format(error=error),
            remedy=_("Give a file with --data PATH, or use --data embedded."),
        ) from error
    if hashlib.sha256(content).hexdigest() != MNIST_SHA256:
        raise CourseError(_("the downloaded MNIST is not the known file"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _read(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The four arrays of an npz file; raises CourseError where they are not what MNIST is made of."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in PARTS}
    except (OSError, KeyError, ValueError, EOFError, AttributeError) as error:
        raise CourseError(
            _("this is not a data file of MNIST: {error}").format(error=error),
            place=str(path),
            remedy=_("An .npz file with x_train, y_train, x_test and y_test is needed, as Keras's mnist.npz."),
        ) from error
    for images, labels in (("x_train", "y_train"), ("x_test", "y_test")):
        _validate(path, images, arrays[images], arrays[labels])
    return arrays


def _validate(path: Path, name: str, images: npt.NDArray[Any], labels: npt.NDArray[Any]) -> None:
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


def _from_arrays(arrays: Mapping[str, npt.NDArray[Any]], source: str) -> Dataset:
    """Half of the test rows, at most ``MAX_HOLDOUT``, become the holdout."""
    border = len(arrays["x_test"]) - min(MAX_HOLDOUT, len(arrays["x_test"]) // 2)
    parts = {
        "train": Split(images=arrays["x_train"], labels=arrays["y_train"].astype(np.uint8)),
        "test": Split(images=arrays["x_test"][:border], labels=arrays["y_test"][:border].astype(np.uint8)),
        "holdout": Split(images=arrays["x_test"][border:], labels=arrays["y_test"][border:].astype(np.uint8)),
    }
    return Dataset(source=source, digest=_digest(parts), **parts)


def _digest(parts: Mapping[str, Split]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for name in sorted(parts):
        digest.update(parts[name].images.tobytes() + parts[name].labels.tobytes())
    return digest.hexdigest()
