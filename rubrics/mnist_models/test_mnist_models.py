"""The checks of lab 2. Each question is judged on its own: what it depends on is taken from the student where it
is right, else from the reference, so that one mistake costs its own points and no others."""

import dataclasses
import posixpath
import re

import numpy as np
import pytest

from checker import language
from checker.evidence import sample_rows
from checker.expression import After, Attribute, Call, Constant, Kept, Name, Stored
from checker.proof import SIZE, alike, predicted
from checker.rubric import (
    Array,
    Inconclusive,
    Missing,
    Model,
    Run,
    StudentFault,
    architectures_alike,
    compiled_right,
    holds_pairs_of,
    images_given,
    is_right,
    layers_alike,
    model_of,
    models_in,
    question,
    shape_text,
    simplified,
)
from checker.trial import log_loss

BATCH, EPOCHS, VALIDATION = 128, 20, 0.1
TRAIN, TEST, PIXELS = 60000, 10000, 784
# the images given to the functions that take X_train, and those that models are tried on
GIVEN, TRIED = 256, 16
HELD = GIVEN - int(GIVEN * (1 - VALIDATION))
L2, DROPOUT = 3e-4, 0.35
SMALL = 0.02
OPTIONS = {"l2": re.compile("l2|reg|lambda|decay"), "dropout": re.compile("drop")}
IMAGE = (28, 28, 1)


# --- the models, and what they are given


def onehot(labels):
    return np.eye(10, dtype="float32")[labels]


@pytest.fixture
def given(data):
    """The arguments of the lab's functions, by name.

    The images are no submission's own, dark on bright: their statistics tell whose were used.
    """
    images = 255 - data.mnist.train.images[:GIVEN]
    flat = images.reshape(GIVEN, PIXELS)
    return {"normalised_linear_model": (flat,), "mlp_model": (flat,), "cnn_model": (images,)}


@dataclasses.dataclass(frozen=True)
class Statistics:
    """Mean and standard deviation (784,) of the images that a model was made for, ``scale`` times the raw ones."""

    mean: np.ndarray
    std: np.ndarray
    scale: float = 1.0

    @classmethod
    def of(cls, images, length=None, scale=1.0):
        """Those of ``images`` (N, …), repeated to ``length`` as the sandbox repeats them."""
        rows = scale * images.reshape(len(images), -1).astype("float64")
        counts = np.bincount(np.arange(length or len(rows)) % len(rows), minlength=len(rows))
        mean = counts @ rows / counts.sum()
        return cls(mean, np.sqrt(counts @ (rows - mean) ** 2 / counts.sum()), scale)

    def normalised(self, x):
        return (x - self.mean) / (self.std + 1.0)

    def undone(self, rows):
        """What a model that normalises by these must be given to feed ``rows`` to its layers."""
        return np.nan_to_num(rows * (self.std + 1.0) + self.mean).astype("float32")


def takes_images(student, name):
    """Whether the model is made by a function that is given X_train; else it can only be made for the module's own."""
    definition = student.find(name)
    return definition is not None and definition.kind == "function" and bool(definition.parameters)


@dataclasses.dataclass(frozen=True)
class Subject:
    """A model of the student's beside the reference's, and images (N, 784) to try both on, near those it was made for."""

    model: Model
    expected: Model
    statistics: Statistics
    asked: Statistics
    x: np.ndarray

    @classmethod
    def of(cls, name, student, reference, given, data, model=None):
        model, expected = (
            model or model_of(student, reference, name, given),
            getattr(reference, name)(*given[name]),
        )
        asked = statistics = Statistics.of(given[name][0])
        if not takes_images(student, name):
            fits = [fit.x.maximum for fit in student.fits if fit.model == model.facts.number and fit.x]
            statistics = Statistics.of(data.mnist.train.images, TRAIN, (next(iter(fits), None) or 255) / 255)
        raw = data.mnist.train.images[GIVEN : GIVEN + TRIED].reshape(TRIED, PIXELS).astype("float64")
        rows = 255 - raw if statistics is asked else raw
        # off the values where these do not vary, too
        rows = rows + np.random.default_rng(4).integers(-9, 9, raw.shape)
        return cls(model, expected, statistics, asked, (statistics.scale * rows).astype("float32"))

    def found(self, size=SIZE):
        """What the student's model predicts with known weights; None where they do not fit."""
        return predicted(self.model, self.expected, self.x, size)

    def core(self, rows, size=SIZE):
        """What the reference's layers predict for ``rows`` with these weights, without their normalisation."""
        return predicted(self.expected, self.expected, self.asked.undone(rows), size)

    def is_fed(self, rows):
        """Whether the layers of the student's model get ``rows``; small weights tell large values apart."""
        return all(alike(self.found(size), self.core(rows, size)) for size in (SIZE, SMALL))

    @property
    def normalises(self):
        return alike(self.found(), self.core(self.statistics.normalised(self.x)))

    @property
    def trains_alike(self):
        """Whether as many parameters are trained as in the reference's model."""
        return self.model.facts.trainable_parameters == self.expected.facts.trainable_parameters

    @property
    def is_own(self):
        """Whether something of the student's own stands in the model, that only predictions can judge."""
        architecture = self.model.architecture
        kinds = [unit.kind for unit in architecture.units]
        return bool(architecture.unreadable) or any(
            kind.startswith(("custom:", "Lambda", "tf.")) for kind in kinds
        )

    def slip(self, images):
        """The key of the sentence for what feeds the layers instead of (x - mean) / (std + 1.0), "" where that does."""
        if self.normalises:
            return ""
        with np.errstate(all="ignore"):
            return next((key for key, rows in self._formulas(images) if self.is_fed(rows)), "other_formula")

    def _formulas(self, images):
        mean, std, x = self.statistics.mean, self.statistics.std, self.x.astype("float64")
        whole = np.sqrt((std**2 + mean**2).mean() - mean.mean() ** 2)
        yield "raw", x
        yield "no_one", (x - mean) / np.maximum(std, 1e-7)
        yield "one_outside", (x - mean) / np.maximum(std, 1e-7) + 1.0
        yield "all_pixels", (x - mean.mean()) / (whole + 1.0)
        yield "all_pixels", (x - mean.mean()) / whole
        yield "each_image", (x - x.mean(axis=1, keepdims=True)) / (x.std(axis=1, keepdims=True) + 1.0)
        yield "scaled", x / 255
        yield "centred", x - mean
        yield "not_centred", x / (std + 1.0)
        yield "by_variance", (x - mean) / (std**2 + 1.0)
        yield "other_data", Statistics.of(images, TRAIN, self.statistics.scale).normalised(x)


@pytest.fixture
def subject(student, reference, given, data):
    return lambda name, model=None: Subject.of(name, student, reference, given, data, model)


def judged(subjects, faults):
    """Assert that one of ``subjects`` has no fault; raises the first fault of the first one otherwise."""
    first = None
    for each in subjects:
        fault = next(faults(each), None)
        if fault is None:
            return
        first = first or fault
    pytest.fail(first(), pytrace=False)


# --- data


def data_sets(student, say):
    """Each (X_train, y_train, X_test, y_test) that the submission may mean, as facts, and where it stands.

    A ``fit`` shows the images that it was given where their name was bound again; the test set is then None.
    """
    found = []
    definition = student.find("load_flat_mnist")
    if definition is not None and definition.kind == "function":
        value, name = student.load_flat_mnist(), definition.name
        try:
            (x_train, y_train), (x_test, y_test), *_rest = value
        except (TypeError, ValueError):
            raise StudentFault(say("not_pairs", name=name), definition.place) from None
        found.append(([x_train, y_train, x_test, y_test], definition.place))
        if name == "load_flat_mnist":
            return as_facts(found, say, name)
    names = {name.lower(): name for name in student.definitions}
    wanted = [names.get(name) for name in ("x_train", "y_train", "x_test", "y_test")]
    if all(wanted):
        found.append(([student.value(Name(name)) for name in wanted], student.definitions[wanted[0]].place))
    sets = as_facts(found, say, "load_flat_mnist")
    if not any(len(facts[0].shape) == 2 for facts, _place in sets):
        sets += [([fit.x, fit.y, None, None], fit.place) for fit in student.fits if fit.x and fit.y]
    if not sets:
        raise Missing(student.missing("load_flat_mnist"))
    return sets


def as_facts(found, say, name):
    """Those of the sets that are arrays, described."""
    right = [(arrays, place) for arrays, place in found if all(isinstance(each, Array) for each in arrays)]
    if found and not right:
        raise StudentFault(say("not_pairs", name=name), found[0][1])
    return [([array.facts for array in arrays], place) for arrays, place in right]


def rows_of(facts, array):
    """The recorded rows of facts, and those of ``array``, which the sandbox repeats, of the same numbers."""
    numbers = np.asarray(sample_rows(facts.shape[0]))
    return facts.rows.array().astype("float64"), array[numbers % len(array)].astype("float64")


@question("data")
def test_flat_images(student, data, say):
    def faults(found):
        (x_train, _y_train, x_test, _y_test), place = found
        sets = ("X_train", x_train, data.mnist.train, TRAIN), ("X_test", x_test, data.mnist.test, TEST)
        for name, facts, split, count in sets:
            if facts is None:
                continue
            if facts.shape != (count, PIXELS) or facts.rows is None:
                shapes = {"found": shape_text(facts.shape), "expected": shape_text((count, PIXELS))}
                yield lambda n=name, s=shapes: say("image_shape", at=place, name=n, **s)
                return
            rows, raw = rows_of(facts, split.images.reshape(-1, PIXELS))
            factor = float((rows * raw).sum() / (raw * raw).sum())
            if factor <= 0 or not np.allclose(rows, factor * raw, atol=2e-3 * factor * 255):
                yield lambda n=name: say("moved_pixels", at=place, name=n)

    judged(data_sets(student, say), faults)


@question("data")
def test_onehot_labels(student, data, say):
    def faults(found):
        (_x_train, y_train, _x_test, y_test), place = found
        sets = ("y_train", y_train, data.mnist.train, TRAIN), ("y_test", y_test, data.mnist.test, TEST)
        for name, facts, split, count in sets:
            if facts is None:
                continue
            if facts.shape != (count, 10) or facts.rows is None:
                shapes = {"found": shape_text(facts.shape), "expected": shape_text((count, 10))}
                yield lambda n=name, s=shapes: say("label_shape", at=place, name=n, **s)
                return
            if not np.array_equal(*rows_of(facts, onehot(split.labels))):
                yield lambda n=name: say("wrong_labels", at=place, name=n)

    judged(data_sets(student, say), faults)


# --- the linear classifier


@question("linear_model", weight=2)
def test_linear_layers(student, reference, given, say, award):
    model = model_of(student, reference, "linear_model", given)
    layers_alike(model, reference.linear_model(), award, say.slips)


@question("linear_model")
def test_linear_compiled(student, reference, given):
    compiled_right(model_of(student, reference, "linear_model", given), reference.linear_model())


def right_linear_model(student, reference, given):
    """The student's linear classifier where it is the one asked for, else the reference's."""
    expected = reference.linear_model()
    try:
        model = model_of(student, reference, "linear_model", given)
        return model if is_right(model, expected) else expected
    except StudentFault:
        return expected


# --- the path of a run


def path_for(function, say, folder, existing=(), **more):
    """The path of a run named "linear" in ``folder`` where these runs exist, without ``./``; and the call."""
    run = function.run(folder, "linear", files={f"{folder}/{name}/events": b"" for name in existing}, **more)
    value, name = run.value, function.definition.name
    assert isinstance(value, str), say("no_path", at=function.place, name=name, found=value)
    return posixpath.normpath(value.replace("\\", "/")), run


def is_path(found, expected):
    """Whether a path is the one expected, which is relative to the working directory."""
    return found == expected or found.endswith("/" + expected)


@question("logpath")
def test_first_free_path(student, say):
    function = student.generate_unique_logpath
    for folder, existing, free in (
        ("labcheck_none", (), "linear-0"),
        ("labcheck_two", ("linear-0", "linear-1"), "linear-2"),
        ("labcheck_gap", ("linear-0", "linear-2", "linear-3"), "linear-1"),
        ("labcheck_other", ("mlp-0", "linear-10"), "linear-0"),
    ):
        found, _run = path_for(function, say, folder, existing)
        there = [f"{folder}/{name}" for name in existing]
        texts = {
            "existing": say("these_exist", names=", ".join(there)) if there else say("nothing_exists"),
            "name": function.definition.name,
            "logdir": repr(folder),
            "run": repr("linear"),
            "expected": f"{folder}/{free}",
        }
        assert is_path(found, f"{folder}/{free}"), say("wrong_path", at=function.place, found=found, **texts)


@question("logpath")
def test_creates_nothing(student, say):
    function = student.generate_unique_logpath
    first, run = path_for(function, say, "labcheck_again")
    second, again = path_for(function, say, "labcheck_again", after=run, seed=2)
    assert first == second, say("creates", at=function.place, first=first, second=second)
    written = [file.path for each in (run, again) for file in each.effects.files]
    assert not written, say("creates_files", at=function.place, files=", ".join(written))


# --- training and the checkpoint


class Training:
    """The training to judge: what the student's function does with images of ours, else the fits at top level.

    ``path`` is where the best model was saved: what the function returned, or what the callback was given.
    """

    def __init__(self, student, reference, data, given, say, contrary=False, own=True):
        self.student, self.definition = student, student.find("train_and_checkpoint")
        self.run = None
        self.images, self.labels = data.mnist.train.images.reshape(-1, PIXELS), data.mnist.train.labels
        if self.definition is not None and self.definition.kind == "function":
            model = right_linear_model(student, reference, given) if own else reference.linear_model()
            logpath = "labcheck_logs/contrary" if contrary else f"labcheck_logs/{'linear' if own else 'asked'}-0"
            self._by_function(model, say, contrary, logpath)
        elif student.fits:
            self.count = TRAIN
            self.fits, self.files = student.fits, student.loaded.effects.files
        else:
            raise Missing(student.missing("train_and_checkpoint"))
        self.fit = next((fit for fit in self.fits if saver(fit)), self.fits[0])
        if self.run is None:
            self.path = setting(self.fit, "ModelCheckpoint", "filepath")
            self.logpath = setting(self.fit, "TensorBoard", "log_dir") or posixpath.dirname(self.path or "")
        # twenty fits of one epoch are twenty epochs
        self.epochs = sum(fit.epochs for fit in self.fits if kinds_of(fit) == kinds_of(self.fit))

    def _by_function(self, model, say, contrary, logpath):
        self.count = GIVEN
        self.images, self.labels = self.images[:GIVEN], self.labels[:GIVEN]
        if contrary:
            # all of one class but the last, whose loss then grows from the first epoch on; scaled, for small steps
            self.images = self.images / np.float32(255)
            self.labels = np.where(np.arange(GIVEN) < GIVEN - HELD, 0, 1)
        self.logpath = logpath
        function = self.student.train_and_checkpoint
        self.run = function.run(model, self.images, onehot(self.labels), self.logpath)
        self.path = self.run.value
        self.fits, self.files = self.run.effects.fits, self.run.effects.files
        assert self.fits, say("no_fit", at=function.place, name=function.definition.name)

    @property
    def place(self):
        return self.definition.place if self.definition else self.fit.place

    def holds_model(self):
        """Whether Keras reads a model from the file that the run wrote."""
        x = self.images[:1].astype("float32")
        return predictions(self.student, After(self.run.call, Stored(self.path)), x) is not None

    def under_logpath(self, path):
        return posixpath.normpath(path).startswith(posixpath.normpath(self.logpath) + "/")


def kinds_of(fit):
    return fit.model, [callback.name for callback in fit.callbacks]


def setting(fit, callback, name):
    """A setting of the callback of that name, None where there is none."""
    return next((each.config.get(name) for each in fit.callbacks if each.name == callback), None)


def saver(fit):
    """The settings of a fit's ModelCheckpoint: the one of the best model, else any."""
    savers = [each.config for each in fit.callbacks if each.name == "ModelCheckpoint"]
    right = [each for each in savers if each.get("save_best_only") and each.get("monitor") == "val_loss"]
    return next(iter(right + savers), None)


@pytest.fixture
def training(student, reference, data, given, say):
    return lambda **more: Training(student, reference, data, given, say, **more)


@question("checkpoint")
def test_fit_settings(training, say, award):
    found = training()
    fit, batch = found.fit, found.fit.batch_size
    assert holds_pairs_of(fit.x, fit.y, found.images, found.labels), say("fit_on_other", at=fit.place)
    swapped = found.epochs == BATCH and batch == EPOCHS
    assert not swapped, say("swapped", at=fit.place, epochs=found.epochs, batch=batch)
    faults = [say("epochs", found=found.epochs)] if found.epochs != EPOCHS else []
    faults += [say("batch", found=batch or 32)] if batch != BATCH else []
    faults += validation_faults(found, say)
    if (used := images_given(fit)) is not None and used < found.count:
        counts = {"found": language.number(used), "expected": language.number(found.count)}
        faults.append(say("fit_on_part", **counts))
    if faults:
        award(max(0, 1 - len(faults) / 3))
        raise StudentFault("\n".join(faults), fit.place)


def validation_faults(found, say):
    """What is wrong with what training was validated on: a share split off, or given as images of their own."""
    fit, share = found.fit, found.fit.validation_split
    if fit.validation_x is not None:
        if not holds_pairs_of(fit.validation_x, fit.validation_y, found.images, found.labels):
            return [say("other_validation")]
        share = fit.validation_x.shape[0] / (fit.validation_x.shape[0] + fit.x.shape[0])
    if not share:
        return [say("no_validation")]
    right = abs(share - VALIDATION) < 1 / fit.x.shape[0]
    texts = {"found": language.percent(share, 0), "expected": language.percent(VALIDATION, 0)}
    return [] if right else [say("validation_share", **texts)]


@question("checkpoint")
def test_event_files(training, say):
    found = training()
    events = [file.path for file in found.files if "tfevents" in file.path and file.size]
    assert events, say("no_events", at=found.fit.place)
    elsewhere = posixpath.dirname(events[0])
    assert any(map(found.under_logpath, events)), say("events_elsewhere", at=found.fit.place, found=elsewhere)


@question("checkpoint")
def test_best_model_saved(training, say):
    found = training()
    place, config = found.fit.place, saver(found.fit)
    written = [file.path for file in found.files if "tfevents" not in file.path and file.size]
    assert config or written, say("no_checkpoint", at=place)
    if config:
        assert config.get("monitor") == "val_loss", say("monitor", at=place, found=config.get("monitor"))
        assert config.get("save_best_only"), say("every_epoch", at=place)
        assert config.get("mode") != "max", say("mode", at=place, found="max")
    name = found.definition.name if found.definition else "train_and_checkpoint"
    assert isinstance(found.path, str), say("no_path", at=found.place, name=name, found=found.path)
    path = next((each for each in written if is_path(posixpath.normpath(found.path), each)), None)
    assert path, say("no_such_file", at=found.place, found=found.path)
    assert found.under_logpath(path), say("saved_elsewhere", at=place, found=path)
    whole = found.run and not (config and config.get("save_weights_only"))
    # a model with a function of TensorFlow's for an activation is saved, and cannot be read by anybody
    readable = not whole or found.holds_model() or training(own=False).holds_model()
    assert readable, say("no_model", at=place, found=path)
    if not config and found.run:
        contrary = training(contrary=True)
        assert keeps_best(contrary), say("last_model", at=contrary.fit.place)


def keeps_best(found):
    """Whether what was saved otherwise than by Keras's callback is the model of the epoch with the smallest val_loss."""
    losses = [loss for fit in found.fits for loss in fit.history.get("val_loss", ())]
    given = found.fit.validation_x
    held = given.shape[0] if given else GIVEN - int(GIVEN * (1 - found.fit.validation_split))
    saved = Model(found.student, After(found.run.call, Stored(found.path)))
    loss = log_loss(saved, found.images[-held:].astype("float32"), found.labels[-held:])
    return not losses or bool(np.isclose(loss, min(losses), rtol=1e-3))


# --- loading


@question("load_best")
def test_load_best(student, reference, data, given, say):
    x = data.mnist.test.images[:TRIED].reshape(TRIED, PIXELS).astype("float32")
    if student.find("load_best_model") is None:
        loaded_at_top_level(student, x)
        return
    function = student.load_best_model
    labels = onehot(data.mnist.train.labels[:GIVEN])
    for name, model, images in models_to_save(student, reference, given, data):
        run, path, truth = saved(student, name, model, (images, labels), x)
        if truth is None:
            continue  # Keras itself cannot read it: a Lambda that needs what is not in the file
        loaded = function.run(path, after=run).value
        assert isinstance(loaded, Model), say("not_a_model", at=function.place, name=function.definition.name)
        assert alike(loaded.predict(x), truth), say("fresh_weights", at=function.place)


def models_to_save(student, reference, given, data):
    """The linear classifier and the student's normalised one, which may hold a Lambda; images to train each on."""
    scaled = data.mnist.train.images[:GIVEN].reshape(GIVEN, PIXELS) / np.float32(255)
    yield "linear", right_linear_model(student, reference, given), scaled
    try:
        model = model_of(student, reference, "normalised_linear_model", given)
    except StudentFault:
        return
    yield "normalised", model, given["normalised_linear_model"][0]


def saved(student, name, model, pairs, x):
    """A run that saves ``model``, its path, and what the saved one predicts for ``x`` (None where nobody can tell).

    By the student's own training where that saves, else by Keras.
    """
    definition = student.find("train_and_checkpoint")
    if definition is not None and definition.kind == "function":
        run = student.train_and_checkpoint.run(model, *pairs, f"labcheck_saved/{name}-0")
        try:
            path, effects = run.value, run.effects
            if isinstance(path, str) and any(
                is_path(posixpath.normpath(path), file.path) for file in effects.files
            ):
                truth = predictions(student, After(run.call, Stored(path)), x, of_weights(student, run, x))
                # what is no model at all is told where training is judged
                if truth is not None or name != "linear":
                    return run, path, truth
        except StudentFault:
            pass  # told where training is judged
    path = f"labcheck_{name}.h5"
    run = Run(student, Call(Attribute(student.expression(model), "save"), (Constant(path),)))
    return run, path, predictions(student, After(run.call, Stored(path)), x)


def of_weights(student, run, x):
    """What the model predicts whose weights alone were saved, as far as its last epoch was its best."""
    for fit in run.effects.fits:
        losses = fit.history.get("val_loss", ())
        if setting(fit, "ModelCheckpoint", "save_weights_only") and losses and losses[-1] == min(losses):
            return predictions(student, After(run.call, Kept(fit.model)), x)
    return None


def predictions(student, subject, x, otherwise=None):
    try:
        return Model(student, subject).predict(x)
    except StudentFault:
        return otherwise


def loaded_at_top_level(student, x):
    """Raise Missing unless the top level read its checkpoint back: a model that it did not train predicts the same."""
    fitted = {fit.model for fit in student.fits}
    others = [Kept(each) for each in range(len(student.loaded.models)) if each not in fitted]
    for fit in student.fits:
        path = setting(fit, "ModelCheckpoint", "filepath")
        truth = predictions(student, Stored(path), x) if path else None
        if any(alike(predictions(student, each, x), truth) for each in others):
            return
    raise Missing(student.missing("load_best_model"))


# --- normalisation


@question("normalisation")
def test_normalised_layers(subject, say, award):
    found = subject("normalised_linear_model")
    if not (found.is_own and found.trains_alike and found.normalises):
        architectures_alike(found.model.architecture, found.expected.architecture, award, say.slips)
    count = language.number(found.model.facts.trainable_parameters or 0)
    assert found.trains_alike, say("other_trainable", at=found.model.place, found=count)


@question("normalisation", weight=2, requires=["test_normalised_layers"])
def test_normalised_inputs(subject, data, say):
    found = subject("normalised_linear_model")
    slip = found.slip(data.mnist.train.images)
    assert not slip, say(slip, at=found.model.place)


@question("normalisation")
def test_normalised_compiled(subject):
    found = subject("normalised_linear_model")
    compiled_right(found.model, found.expected)


# --- the multi-layer perceptron


def plain(architecture):
    """``architecture`` without dropout and regularisers, which are judged in ``regularisation``."""
    numbers, units = {}, []
    for position, unit in enumerate(architecture.units):
        inputs = tuple(numbers.get(source, source) for source in unit.inputs)
        if unit.kind == "Dropout":
            numbers[position] = inputs[0]
            continue
        numbers[position] = len(units)
        settings = tuple(pair for pair in unit.settings if not pair[0].endswith("_regularizer"))
        units.append(dataclasses.replace(unit, inputs=inputs, settings=settings))
    outputs = tuple(numbers.get(output, output) for output in architecture.outputs)
    return dataclasses.replace(architecture, units=tuple(units), outputs=outputs)


@question("mlp", weight=2)
def test_mlp_layers(subject, say, award):
    found = subject("mlp_model")
    if not (found.is_own and found.trains_alike and found.normalises):
        architectures_alike(plain(found.model.architecture), found.expected.architecture, award, say.slips)


@question("mlp", requires=["test_mlp_layers"])
def test_mlp_inputs(subject, data, say):
    found = subject("mlp_model")
    slip = found.slip(data.mnist.train.images)
    # a normalisation that is wrong in the linear model, too, is judged there
    assert not slip or slip == linear_slip(subject, data), say(slip, at=found.model.place)


def linear_slip(subject, data):
    try:
        return subject("normalised_linear_model").slip(data.mnist.train.images)
    except StudentFault:
        return ""


@question("mlp")
def test_mlp_compiled(subject):
    found = subject("mlp_model")
    compiled_right(found.model, found.expected)


# --- regularisation


def perceptrons(student, reference, given, say, option, value):
    """The perceptrons to judge an option on: the one made with it, else all that stand at top level."""
    if not takes_images(student, "mlp_model"):
        found = [each for each in models_in(student, given) if len(hidden(each)) >= 2 and is_flat(each)]
        if not found:
            raise Missing(student.missing("mlp_model"))
        return found
    function = student.mlp_model
    name = next((each for each in function.definition.parameters if OPTIONS[option].search(each.lower())), option)
    try:
        model = function.run(*given["mlp_model"], **({name: value} if value is not None else {})).value
    except StudentFault as error:
        unknown = name == option and "unexpected keyword" in error.message
        assert not unknown, say("no_option", at=function.place, name=function.definition.name, option=option)
        raise
    assert isinstance(model, Model), say("not_a_model", at=function.place, name=function.definition.name)
    if not model.architecture.units:
        raise Inconclusive(say("unreadable"))
    return [model]


def hidden(model):
    """The hidden dense units, with what stands right after each."""
    try:
        units = model.architecture.units
    except StudentFault:
        return []
    dense = [position for position, unit in enumerate(units) if unit.kind == "Dense"]
    return [(units[at], units[at + 1]) for at in dense[:-1]]


def is_flat(model):
    return not any(unit.kind.startswith("Conv") for unit in model.architecture.units)


def regularisers_of(unit):
    """The regularisers of a unit by what they are for: the factor of an L2 above 0, the name of any other."""
    found = {}
    for name, setting in unit.settings:
        if name.endswith("_regularizer") and setting is not None:
            kind, config = dict(setting).get("class_name"), dict(dict(setting).get("config") or ())
            pure = kind in ("L2", "L1L2") and not config.get("l1")
            if not pure or config.get("l2"):
                found[name.partition("_")[0]] = float(config["l2"]) if pure else str(kind)
    return found


@question("regularisation")
def test_l2(student, reference, given, say):
    fixed = takes_images(student, "mlp_model")

    def faults(model):
        units = [unit for unit in model.architecture.units if unit.kind == "Dense"]
        first, last = regularisers_of(units[0]), regularisers_of(units[-1])
        if "kernel" not in first:
            yield lambda: say("no_l2", at=units[0].place or model.place, value=L2)
        found = first.get("kernel")
        if isinstance(found, str) or (fixed and found is not None and not np.isclose(found, L2, atol=0)):
            yield lambda: say(
                "other_l2",
                at=units[0].place or model.place,
                value=L2,
                found=found if isinstance(found, str) else f"L2({found:g})",
            )
        if last and len(units) > 1:
            yield lambda: say("l2_elsewhere", at=units[-1].place or model.place)

    judged(perceptrons(student, reference, given, say, "l2", L2), faults)


@question("regularisation")
def test_dropout(student, reference, given, say):
    fixed = takes_images(student, "mlp_model")

    def faults(model):
        layers, all_units = hidden(model), model.architecture.units
        after = [unit for _layer, unit in layers if unit.kind == "Dropout"]
        bare = next((layer.place for layer, unit in layers if unit.kind != "Dropout"), None)
        if not after or len(after) < len(layers):
            counts = {"found": len(after), "expected": max(1, len(layers))}
            yield lambda: say("no_dropout", at=bare or model.place, value=DROPOUT, **counts)
        for unit in after:
            if fixed and not np.isclose(unit.setting("rate"), DROPOUT):
                yield lambda u=unit: say("other_rate", at=u.place, value=DROPOUT, found=u.setting("rate"))
        extra = [unit for unit in all_units if unit.kind == "Dropout" and unit not in after]
        if extra:
            yield lambda: say("dropout_elsewhere", at=extra[0].place)

    judged(perceptrons(student, reference, given, say, "dropout", DROPOUT), faults)


@question("regularisation")
def test_neither(student, reference, given, say):
    def faults(model):
        for unit in model.architecture.units:
            if unit.kind == "Dropout":
                yield lambda u=unit: say("always_dropout", at=u.place)
            if regularisers_of(unit):
                yield lambda u=unit: say("always_l2", at=u.place)

    judged(perceptrons(student, reference, given, say, "l2", None), faults)


# --- the convolutional network


def cnn(student, reference, given, say):
    """The convolutional network: made for images (N, 28, 28), or (N, 28, 28, 1) where that is what its function takes."""
    expected = reference.cnn_model(*given["cnn_model"])
    if not takes_images(student, "cnn_model"):
        return model_of(student, reference, "cnn_model", given), expected
    images = given["cnn_model"][0]
    try:
        model = made_for(student, images, say)
        if model.architecture == expected.architecture or not takes_channels(student, expected):
            return model, expected
    except StudentFault as error:
        try:
            return made_for(student, images[..., None], say), expected
        except StudentFault:
            raise error from None
    return made_for(student, images[..., None], say), expected


def made_for(student, images, say):
    function = student.cnn_model
    shape = [name for name in function.definition.required if simplified(name) == "inputshape"]
    model = function.run(images, **dict.fromkeys(shape, IMAGE)).value
    assert isinstance(model, Model), say("not_a_model", at=function.place, name=function.definition.name)
    return Model(student, model.subject, IMAGE)


def takes_channels(student, expected):
    """Whether the module calls its function with images that have a channel axis, and rightly so."""
    kept = [Model(student, Kept(number)) for number in range(len(student.loaded.models))]
    return any(is_right(model, expected) for model in kept)


@question("cnn", weight=2)
def test_cnn_layers(student, reference, given, say, award, subject):
    model, expected = cnn(student, reference, given, say)
    found = subject("cnn_model", model)
    own = found.is_own and found.trains_alike
    if not (own and (found.normalises or found.is_fed(found.x.astype("float64")))):
        architectures_alike(model.architecture, expected.architecture, award, say.slips)


@question("cnn")
def test_cnn_compiled(student, reference, given, say):
    compiled_right(*cnn(student, reference, given, say))
