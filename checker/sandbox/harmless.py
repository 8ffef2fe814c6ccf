"""Makes harmless what would waste a run's time: windows that wait, questions to the keyboard, naps.

Nothing here changes what student code computes.
"""

from __future__ import annotations

import builtins
import sys
import time
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

from checker.evidence import Remark
from checker.sandbox.origin import Origin


def install(origin: Origin, tell: Callable[[Remark], None]) -> None:
    """Replace ``input``, ``time.sleep``, ``plt.show`` and ``plot_model`` for the whole process."""

    def nothing_typed(prompt: object = "") -> str:
        print(prompt, end="")
        tell(Remark("input", {}, origin.innermost()))
        return ""

    def no_nap(seconds: float) -> None:
        return None

    builtins.input = nothing_typed
    time.sleep = no_nap  # type: ignore[assignment]  # the parameter's union of types is the stub's own
    import keras

    keras.utils.plot_model = _nothing
    if "matplotlib.pyplot" in sys.modules:
        _quiet_plots(sys.modules["matplotlib.pyplot"])
    else:
        sys.meta_path.insert(0, _PlotsComing())


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
    """The names that a notebook finds defined: ``get_ipython`` and ``display``, both harmless."""
    shell = SimpleNamespace(
        run_line_magic=_nothing, run_cell_magic=_nothing, system=_nothing, getoutput=_no_output
    )
    return {"get_ipython": lambda: shell, "display": _nothing}


def _no_output(*args: object, **kwargs: object) -> list[str]:
    return []
