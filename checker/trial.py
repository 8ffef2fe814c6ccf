"""A training by the grader: what a model is trained on, how well it does on images that it never saw, and whether that
is as good as the reference's.

A model that is proved to train as the reference does is trained for a few steps only, which must lower its loss: its
accuracy is the reference's. Every other model is trained on the whole budget.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from checker.architecture import Architecture, input_for, trains_alike
from checker.award import Award, Inconclusive
from checker.evidence import ArrayFacts, FitCall, sample_rows
from checker.expression import digest
from checker.fault import StudentFault
from checker.handle import Model
from checker.judgement import Judgement, judge, judge_patiently
from checker.language import _, percent
from checker.likeness import probabilities, takes_logits

Floats = npt.NDArray[np.float32]
BRIEF_ROWS, BRIEF_EPOCHS = 16, 2
# one less the cosine of two images that are the same but for the rounding of float32
ALIKE = 1e-5
PIECE = 4096
INTEGER_LOSS = "sparse_categorical_crossentropy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Arrays as the reference takes them: ``x`` (N, …) float32, ``labels`` (N,) of ints, and a holdout alike.

    ``taken`` gives inputs the form that a model of another layout takes. ``loss`` and ``optimizer`` (Keras names) stand
    in for what a model was compiled with, where ``loss`` is given.
    """

    x: Floats
    labels: npt.NDArray[np.integer]
    holdout_x: Floats
    holdout_labels: npt.NDArray[np.integer]
    classes: int = 10
    epochs: int = 2
    batch_size: int = 32
    loss: str = ""
    optimizer: str = "adam"
    taken: Callable[[Architecture, Floats], Floats] = input_for

    def targets(self, model: Model, labels: npt.NDArray[np.integer]) -> npt.NDArray[np.generic]:
        """``labels`` as the loss of ``model`` takes them: integers, or one-hot (N, classes) float32."""
        compiled = model.compiled
        if (self.loss or (compiled and compiled.loss and compiled.loss[0].name)) == INTEGER_LOSS:
            return np.asarray(labels, np.int32)
        if self.classes == 2 and (model.facts.output_shape or (0,))[-1] == 1:
            return np.asarray(labels, np.float32)[:, None]
        return np.asarray(np.eye(self.classes)[labels], np.float32)

    def accuracy_of(self, model: Model) -> float:
        """The share of the holdout that ``model`` gets right, 0 to 1."""
        found = model.predict(self.taken(model.architecture, self.holdout_x))
        if found.shape[-1] == 1:
            guesses = (found[:, 0] > (0.0 if takes_logits(model) else 0.5)).astype(int)
        else:
            guesses = found.reshape(len(found), -1).argmax(axis=1)
        return float((guesses == self.holdout_labels).mean())

    def trained_accuracy(self, model: Model, seed: int) -> float:
        """That of a fresh copy trained on the whole budget."""
        return self.accuracy_of(self.trained(model, seed))

    def trained(self, model: Model, seed: int) -> Model:
        """A fresh copy of ``model``, trained on the whole budget."""
        x = self.taken(model.architecture, self.x)
        y = self.targets(model, self.labels)
        return model.trained(
            x,
            y,
            epochs=self.epochs,
            batch_size=self.batch_size,
            seed=seed,
            loss=self.loss,
            optimizer=self.optimizer,
        )

    def judge_as(self, train: Callable[[int], float], reference: Model, fit: FitCall) -> Judgement:
        """Judge ``train(seed) -> accuracy``, the training of a student's own ``fit``, which ran on the budget.

        The reference is trained with as many epochs and as large batches as that fit ran with, so that a wrong
        number of epochs is judged where it was asked for and not here once more.
        """
        return judge(train, self.measured_as(reference, fit))

    def measured_as(self, reference: Model, fit: FitCall) -> Sequence[float]:
        """The accuracies of the reference's own trainings, with the epochs and the batch size that ``fit`` ran with."""
        alike = dataclasses.replace(self, epochs=max(1, fit.ran_epochs), batch_size=int(fit.batch_size or 32))
        return alike.measured(reference)

    def measured(self, reference: Model) -> Sequence[float]:
        """The accuracies of the reference's own trainings over seeds: see ``calibration.Measures``."""
        key = digest(self.trained(reference, 0).subject)
        return reference.module.measures.of(key, lambda seed: self.trained_accuracy(reference, seed))

    def lucky(self, reference: Model) -> Sequence[float]:
        """What chance reaches: the reference's trainings beside holdout labels that were shuffled (a permutation test)."""

        def shuffled(seed: int) -> float:
            labels = np.random.default_rng(seed).permutation(self.holdout_labels)
            return dataclasses.replace(self, holdout_labels=labels).trained_accuracy(reference, seed)

        key = digest(self.trained(reference, 0).subject) + "-shuffled"
        return reference.module.measures.of(key, shuffled)

    def judge(self, found: Model, reference: Model) -> Judgement | None:
        """None where ``found`` is proved to train as ``reference`` and learns; else what its trainings showed."""
        if reference.module.measures.always:
            self.measured(reference)
        if self.proves(found, reference):
            return None
        return judge(lambda seed: self.trained_accuracy(found, seed), self.measured(reference))

    def judge_free(self, found: Model, reference: Model, floor: Callable[[], float]) -> Judgement | None:
        """As ``judge``, for a model of a free topology, which must reach the accuracy ``floor()``.

        The reference reaches it, and so does, without a training, what is proved to train as the reference does.
        """
        if reference.module.measures.always:
            floor()
        if self.proves(found, reference):
            return None

        def train(times: int) -> float:
            return dataclasses.replace(self, epochs=times * self.epochs).trained_accuracy(found, seed=times)

        return judge_patiently(train, floor())

    def proves(self, found: Model, reference: Model) -> bool:
        """Whether ``found`` is proved to train as ``reference``, and learns."""
        return trains_alike(found.architecture, reference.architecture) and self.learns(found)

    def learns(self, model: Model) -> bool:
        """Whether a few steps lower the loss of ``model`` on what it is trained on."""
        x = self.taken(model.architecture, self.x[:BRIEF_ROWS])
        labels = self.labels[:BRIEF_ROWS]
        # looked at first, so that the same fresh model can then be trained
        before = log_loss(model.fresh(1), x, labels)
        after = model.trained(
            x, self.targets(model, labels), epochs=BRIEF_EPOCHS, batch_size=BRIEF_ROWS, seed=1, eager=True
        )
        return log_loss(after, x, labels) < before


def log_loss(model: Model, x: Floats, labels: npt.NDArray[np.integer]) -> float:
    """The mean cross-entropy, in nats, of what ``model`` predicts for ``x``; infinite where it is no probability."""
    shares = probabilities(model, model.predict(x)).reshape(len(x), -1).astype(np.float64)
    if shares.shape[1] == 1:
        shares = np.concatenate([1 - shares, shares], axis=1)
    if not np.isfinite(shares).all():
        return float("inf")
    return float(-np.log(np.clip(shares[np.arange(len(x)), labels], 1e-7, 1.0)).mean())


def conclude(judgement: Judgement | None, award: Award, model: Model) -> None:
    """Tell a judgement: raises StudentFault where it failed, Inconclusive where it stays in doubt."""
    if judgement is None:
        award.measured(proved=True)
        return
    award.measured(
        accuracy=round(judgement.accuracy, 4),
        threshold=round(judgement.threshold, 4),
        trainings=len(judgement.accuracies),
    )
    found, threshold = percent(judgement.accuracy), percent(judgement.threshold)
    if judgement.passed is None:
        raise Inconclusive(
            _("An accuracy of {found} is too close to the threshold of {threshold} to conclude.").format(
                found=found, threshold=threshold
            )
        )
    if not judgement.passed:
        raise StudentFault(
            _(
                "Trained briefly, the model recognises {found} of the images that it never saw; "
                "the model asked for recognises more than {threshold} of them."
            ).format(found=found, threshold=threshold),
            model.place,
        )


def holds_rows_of(
    facts: ArrayFacts | None, array: npt.NDArray[np.generic], rows: Sequence[int] | None = None
) -> bool:
    """Whether the recorded sample rows are those of ``array``, up to one positive scale and the layout.

    ``array`` is repeated where the recorded one is longer, as data sets are in the sandbox.
    """
    if facts is None or facts.rows is None or not facts.shape or facts.shape[0] < 1:
        return False
    numbers = np.asarray(sample_rows(facts.shape[0]) if rows is None else rows) % len(array)
    found = facts.rows.array().astype("float64").reshape(len(numbers), -1)
    right = np.asarray(array)[numbers].astype("float64").reshape(len(numbers), -1)
    if found.shape != right.shape or not right.any():
        return False
    factor = (found * right).sum() / (right * right).sum()
    return bool(factor > 0 and np.allclose(found, right * factor, atol=2e-3 * factor * abs(right).max()))


def holds_pairs_of(
    x: ArrayFacts | None, y: ArrayFacts | None, images: npt.NDArray[np.generic], labels: npt.NDArray[np.generic]
) -> bool:
    """Whether what a ``fit`` was given as ``x`` and ``y`` are ``images`` with their labels, in any order.

    ``images`` (N, …) up to one positive scale and the layout; ``labels`` (N,) of ints, which ``y`` may have as one-hot.
    Only the sample rows can be looked at, and of a data set that is no array those of its first batch.
    """
    places = _rows_in(x, images)
    if places is None or y is None or y.rows is None:
        return False
    found = y.rows.array()
    given = found.argmax(axis=-1) if found.ndim == 2 and found.shape[1] > 1 else found.reshape(len(found))
    return bool(len(given) == len(places) and (given == np.asarray(labels)[places]).all())


def images_given(fit: FitCall, *, with_validation: bool = True) -> int | None:
    """How many images a fit was given, those for validation among them; None where that cannot be told."""
    parts = [fit.x, fit.validation_x] if with_validation and fit.validation_x is not None else [fit.x]
    if fit.ran_samples is None or any(each is None or not each.shape for each in parts):
        return None
    return sum(each.shape[0] for each in parts if each is not None)


def _rows_in(facts: ArrayFacts | None, array: npt.NDArray[np.generic]) -> npt.NDArray[np.integer] | None:
    """The number in ``array`` of each recorded row, None where one is not in it."""
    if facts is None or facts.rows is None or not facts.shape or not len(facts.rows.array()):
        return None
    found = facts.rows.array().astype(np.float64).reshape(facts.rows.shape[0], -1)
    lengths = np.linalg.norm(found, axis=1)
    if found.shape[1] != array[0].size or not lengths.all():
        return None
    # most are given in their own order, and to look through all of them takes long
    in_order = np.asarray(sample_rows(facts.shape[0])) % len(array)
    if len(in_order) == len(found) and _are_rows(found, array, in_order):
        return in_order
    places = _nearest(found / lengths[:, None], array)
    return places if _are_rows(found, array, places) else None


def _are_rows(
    found: npt.NDArray[np.float64], array: npt.NDArray[np.generic], places: npt.NDArray[np.integer]
) -> bool:
    """Whether ``found`` (n, values) are the rows at ``places``, all up to the same positive scale."""
    rows = np.asarray(array[places], np.float64).reshape(len(places), -1)
    lengths, sizes = np.linalg.norm(found, axis=1), np.maximum(np.linalg.norm(rows, axis=1), 1e-12)
    likeness = (found * rows).sum(axis=1) / (lengths * sizes)
    scales = lengths / sizes
    return bool((likeness > 1 - ALIKE).all() and np.allclose(scales, scales[0], rtol=2e-3))


def _nearest(directions: npt.NDArray[np.float64], array: npt.NDArray[np.generic]) -> npt.NDArray[np.integer]:
    """The number in ``array`` (N, …) of the row that points most as each of ``directions`` (n, values), of length 1."""
    best = np.full(len(directions), -np.inf, np.float32)
    places = np.zeros(len(directions), int)
    wanted = directions.astype(np.float32)
    # a few thousand at a time: as floats, a whole training set is some hundred megabytes
    for start in range(0, len(array), PIECE):
        rows = np.asarray(array[start : start + PIECE], np.float32).reshape(-1, directions.shape[1])
        likeness = wanted @ (rows / np.maximum(np.linalg.norm(rows, axis=1), 1e-12)[:, None]).T
        nearest = likeness.argmax(axis=1)
        value = likeness[np.arange(len(wanted)), nearest]
        better = value > best
        best, places = np.where(better, value, best), np.where(better, nearest + start, places)
    return places
