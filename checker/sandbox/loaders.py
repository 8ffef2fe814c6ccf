"""Data sets in the sandbox: Keras's own loaders give the arrays that the grader chose, in the real shapes.

The arrays are made once, in the fork server, and shared with every child; a loader gives copies, because students
write into what they load.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

MNIST_ROWS = (60000, 10000)


@dataclass(frozen=True, slots=True)
class Loaders:
    """MNIST as students load it: (60000, 28, 28) and (10000, 28, 28) uint8, labels (60000,) and (10000,) uint8."""

    x_train: npt.NDArray[np.uint8]
    y_train: npt.NDArray[np.uint8]
    x_test: npt.NDArray[np.uint8]
    y_test: npt.NDArray[np.uint8]

    @classmethod
    def open(cls, path: Path) -> Loaders:
        """Read the arrays of an npz file and repeat their rows up to MNIST's own numbers."""
        with np.load(path, allow_pickle=False) as stored:
            train, test = MNIST_ROWS
            return cls(
                _repeated(stored["x_train"], train),
                _repeated(stored["y_train"], train),
                _repeated(stored["x_test"], test),
                _repeated(stored["y_test"], test),
            )

    def load_data(self, path: str = "mnist.npz") -> Any:
        """As ``keras.datasets.mnist.load_data``."""
        return (self.x_train.copy(), self.y_train.copy()), (self.x_test.copy(), self.y_test.copy())

    def install(self) -> None:
        """Put ``load_data`` wherever Keras's can be reached, and end every other download with a clear word."""
        import keras
        import tensorflow as tf

        loader = self.load_data
        for module in (keras.datasets.mnist, tf.keras.datasets.mnist, *_modules("datasets.mnist")):
            module.load_data = loader
        get_file = self._get_file
        for module in (keras.utils, tf.keras.utils, *_modules("file_utils"), *_modules("src.datasets")):
            if hasattr(module, "get_file"):
                module.get_file = get_file
        if "sklearn.datasets" in sys.modules:
            sys.modules["sklearn.datasets"].fetch_openml = self.fetch_openml  # type: ignore[attr-defined]

    def _get_file(self, fname: str | None = None, origin: str | None = None, *_: object, **__: object) -> str:
        """As ``keras.utils.get_file``, for MNIST only: the sandbox has no network."""
        name = Path(fname or origin or "").name
        if name != "mnist.npz":
            raise OSError(f"there is no network in the sandbox: {name or origin} cannot be downloaded")
        folder = Path(os.environ.get("KERAS_HOME", ".")) / "datasets"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        if not path.exists():
            np.savez(path, x_train=self.x_train, y_train=self.y_train, x_test=self.x_test, y_test=self.y_test)
        return str(path)

    def fetch_openml(self, name: str | None = None, *_: object, return_X_y: bool = False, **__: object) -> Any:
        """As ``sklearn.datasets.fetch_openml("mnist_784", as_frame=False)``; raises OSError for other names."""
        if name != "mnist_784":
            raise OSError(f"there is no network in the sandbox: {name} cannot be downloaded")
        from sklearn.utils import Bunch

        data = np.concatenate([self.x_train, self.x_test]).reshape(-1, 784).astype(np.float64)
        target = np.concatenate([self.y_train, self.y_test]).astype(str).astype(object)
        return (data, target) if return_X_y else Bunch(data=data, target=target)


def _repeated(rows: npt.NDArray[Any], count: int) -> npt.NDArray[np.uint8]:
    return np.resize(rows.astype(np.uint8), (count, *rows.shape[1:]))


def _modules(ending: str) -> list[Any]:
    """Every module already imported whose name ends so and belongs to Keras: its many public faces."""
    # sys.modules may hold None for a name whose import is barred
    loaded: list[tuple[str, Any]] = list(sys.modules.items())
    return [module for name, module in loaded if module and "keras" in name and name.endswith(ending)]
