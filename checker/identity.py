"""What was made of a thing, kept as long as that very thing is asked about: for things that cannot be compared cheaply."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Thing = TypeVar("Thing")
Made = TypeVar("Made")


class Once(Generic[Thing, Made]):
    """``make``, called once for each object; only for objects that nobody changes. The last ``size`` are kept."""

    def __init__(self, make: Callable[[Thing], Made], size: int) -> None:
        self._make = make
        self._size = size
        # an object that is kept here keeps its id
        self._known: OrderedDict[int, tuple[Thing, Made]] = OrderedDict()

    def __call__(self, thing: Thing) -> Made:
        """What is made of ``thing``."""
        if id(thing) not in self._known:
            self._known[id(thing)] = thing, self._make(thing)
            if len(self._known) > self._size:
                self._known.popitem(last=False)
        return self._known[id(thing)][1]
