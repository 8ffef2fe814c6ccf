"""Makes harmless what would waste a run's time or memory: windows that wait, questions to the keyboard, naps,
and a thread of TensorFlow's own.

Nothing here changes what student code computes, but for one thing that no machine computes: see ``_sparing``.
"""

from __future__ import annotations

import builtins
import functools
import sys
import time
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from checker.evidence import Remark
from checker.sandbox.origin import Origin

# values of a one-hot array beyond which it is none that anybody means: 2 GiB of float32
MAX_ONE_HOT = 2**29


def install(origin: Origin, tell: Callable[[Remark], None]) -> None:
    """Replace ``input``, ``time.sleep``, ``plt.show``, ``plot_model``, ``to_categorical`` for the whole process."""

    def nothing_typed(prompt: object = "") -> str:
        print(prompt, end="")
        tell(Remark("input", {}, origin.innermost()))
        return ""

    def no_nap(seconds: float) -> None:
        return None

    builtins.input = nothing_typed
    time.sleep = no_nap  # type: ignore[assignment]  # the parameter's union of types is the stub's own
    import keras
    import tensorflow as tf

    keras.utils.plot_model = _nothing
    for face in (keras.utils, tf.keras.utils):
        face.to_categorical = _sparing(face.to_categorical, origin, tell)
    tf.data.Dataset.__iter__ = _untuned(tf.data.Dataset.__iter__)
    if "matplotlib.pyplot" in sys.modules:
        _quiet_plots(sys.modules["matplotlib.pyplot"])
    else:
        sys.meta_path.insert(0, _PlotsComing())


def _sparing(
    to_categorical: Callable[..., Any], origin: Origin, tell: Callable[[Remark], None]
) -> Callable[..., Any]:
    """``to_categorical``, which leaves whole images as they are: one-hot, MNIST's would take 48 GB.

    That it was asked for is told, so that what else the submission does with its images can still be judged.
    """

    @functools.wraps(to_categorical)
    def spared(x: Any, num_classes: int | None = None) -> Any:
        values = np.asarray(x)
        if values.ndim > 2 and values.size:
            classes = num_classes or int(values.max()) + 1
            if values.size * classes > MAX_ONE_HOT:
                shape = "(" + ", ".join(map(str, values.shape)) + ")"
                tell(Remark("onehot_images", {"shape": shape}, origin.innermost()))
                return x
        return to_categorical(x, num_classes)

    return spared


def _untuned(iterate: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """``iter`` of a dataset, without the thread that tunes how far it reads ahead.

    With one thread there is nothing to tune, and whoever leaves such a dataset may wait a third of a second for that thread:
    TensorFlow's word to it is lost where it comes just before the thread listens, as it does on a busy machine.
    """
    import tensorflow as tf

    @functools.wraps(iterate)
    def untuned(dataset: Any) -> Any:
        options = tf.data.Options()
        options.autotune.enabled = False
        return iterate(dataset.with_options(options))

    return untuned


def _nothing(*args: object, **kwargs: object) -> None:
    return None


def _quiet_plots(pyplot: ModuleType) -> None:
    def show(*args: object, **kwargs: object) -> None:
        pyplot.close("all")

    pyplot.show = show  # type: ignore[attr-defined]


class _PlotsComing:
    """Quietens pyplot when student code first imports it: importing it for everybody would cost every child."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name != "matplotlib.pyplot":
            return
        sys.meta_path.remove(self)
        import matplotlib.pyplot as pyplot

        _quiet_plots(pyplot)


def notebook_names() -> dict[str, Any]:
    """The names that a notebook finds defined: a harmless ``get_ipython``, and ``display``, which prints."""
    shell = SimpleNamespace(
        run_line_magic=_nothing, run_cell_magic=_nothing, system=_nothing, getoutput=_no_output
    )
    return {"get_ipython": lambda: shell, "display": _displayed}


def _displayed(*objects: object, **options: object) -> None:
    for each in objects:
        print(repr(each))


def _no_output(*args: object, **kwargs: object) -> list[str]:
    return []
