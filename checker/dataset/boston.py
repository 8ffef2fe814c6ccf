"""Boston housing, 506 rows of 13 features and a price; without a file, another regression set in that shape."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from checker.dataset.sets import Array, Table, named
from checker.errors import CourseError
from checker.language import _

KERAS_FILE = "boston_housing.npz"
PARTS = ("x", "y")
ROWS, FEATURES = 506, 13


def embedded() -> Table:
    """scikit-learn's diabetes set (B. Efron et al., Annals of Statistics 32, 2004), repeated to Boston's shape."""
    from sklearn.datasets import load_diabetes

    diabetes = load_diabetes()
    rows = np.arange(ROWS) % len(diabetes.target)
    columns = np.arange(FEATURES) % diabetes.data.shape[1]
    return Table(
        source=_("scikit-learn's diabetes set in the shape of Boston housing"),
        x=np.ascontiguousarray(diabetes.data[rows][:, columns], np.float64),
        y=np.ascontiguousarray(diabetes.target[rows], np.float64),
    )


def is_mine(arrays: Mapping[str, Array]) -> bool:
    """Whether a file holds this set."""
    return named(arrays, PARTS) and arrays["x"].ndim == 2


def of_file(path: Path, arrays: Mapping[str, Array], source: str) -> Table:
    """The set of a file; raises CourseError where it has another shape."""
    x, y = (np.asarray(arrays[name], np.float64) for name in PARTS)
    if x.shape != (ROWS, FEATURES) or y.size != ROWS:
        raise CourseError(
            _("Boston housing has 506 rows of 13 features and a price; this file has {shape}").format(
                shape=x.shape
            ),
            place=str(path),
        )
    return Table(source=source, x=x, y=y.reshape(ROWS))


def for_sandbox(data: Table) -> dict[str, Array]:
    """All of it: no question trains on it."""
    return {"boston_x": data.x, "boston_y": data.y}
