"""How well the reference does when it is trained briefly, over seeds: measured once for each data source, kept beside
the rubric in ``calibration.json``, and where that does not have it, when it is first needed.

``labcheck calibrate`` writes the file. What it holds is used where reference, budget, data and the versions of Keras and
TensorFlow are those that it was measured with.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from checker.course import Lab
from checker.errors import CourseError
from checker.judgement import SEEDS
from checker.language import _

FILE = "calibration.json"


class Measured(msgspec.Struct, frozen=True):
    """The accuracies (shares of one, a seed each) of one training of the reference, first needed by ``check``.

    A training that reaches the lowest of them is as good: see ``judgement``.
    """

    check: str
    accuracies: tuple[float, ...]
    mean: float
    sd: float

    @classmethod
    def of(cls, check: str, accuracies: Sequence[float]) -> Measured:
        """With the figures that follow from the accuracies."""
        return cls(
            check=check,
            accuracies=tuple(round(each, 5) for each in accuracies),
            mean=round(statistics.mean(accuracies), 5),
            sd=round(statistics.stdev(accuracies), 5),
        )


class Calibration(msgspec.Struct, frozen=True):
    """What was measured on one data source; ``digest`` is that of reference, budget and versions."""

    data: str
    digest: str
    command: str
    versions: dict[str, str]
    measured: dict[str, Measured]


@dataclass(slots=True)
class Measures:
    """The accuracies of the reference's trainings by what was trained on what (``key``).

    What is not known is measured with ``seeds``. ``always`` has it measured also where a proof makes it needless, and
    ``taken`` says for each key that was asked for which check asked first.
    """

    known: dict[str, tuple[float, ...]] = field(default_factory=dict)
    seeds: Sequence[int] = SEEDS
    always: bool = False
    check: str = ""
    taken: dict[str, str] = field(default_factory=dict)

    def of(self, key: str, train: Callable[[int], float]) -> tuple[float, ...]:
        """The accuracies ``train(seed)``, for every seed."""
        self.taken.setdefault(key, self.check)
        if key not in self.known:
            self.known[key] = tuple(train(seed) for seed in self.seeds)
        return self.known[key]


def stored(lab: Lab) -> dict[str, Calibration]:
    """The calibrations of a lab by the digest of the data; raises CourseError for a file that cannot be read."""
    path = lab.rubric_dir / FILE
    if not path.exists():
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Calibration])
    except msgspec.DecodeError as error:
        raise CourseError(
            _("the calibration cannot be read: {error}").format(error=error),
            place=str(path),
            remedy=_("Delete it, or measure it anew: labcheck calibrate {lab}").format(lab=lab.name),
        ) from error


def known(lab: Lab, data_digest: str) -> Measures:
    """What is known of the reference's trainings on this data, as it stands today."""
    found = stored(lab).get(data_digest)
    if found is None or found.digest != lab.training_digest:
        return Measures()
    return Measures({key: each.accuracies for key, each in found.measured.items()})


def keep(lab: Lab, data_digest: str, calibration: Calibration) -> None:
    """Write a calibration beside the rubric, in the place of an older one of the same data."""
    everything: Mapping[str, Calibration] = {**stored(lab), data_digest: calibration}
    text = msgspec.json.format(msgspec.json.encode(everything), indent=1)
    (lab.rubric_dir / FILE).write_bytes(text + b"\n")
