"""The checks of lab 2. Each question is judged on its own: what it depends on is taken from the student where it
is right, else from the reference, so that one mistake costs its own points and no others."""

import dataclasses
import posixpath
import re

import numpy as np
import pytest

from checker.evidence import Tensor, sample_rows
from checker.language import number, percent
from checker.likeness import architectures_alike, probabilities
from checker.protocol import After, Attribute, Call, Constant, Kept, Name, Stored
from checker.rubric import (
    Array,
    Missing,
    Model,
    Run,
    StudentFault,
    compiled_right,
    holds_pairs_of,
    is_right,
    layers_alike,
    model_of,
    question,
    shape_text,
)
from checker.search import nearest
from checker.trial import log_loss

BATCH, EPOCHS, VALIDATION = 128, 20, 0.1
TRAIN, TEST = 60000, 10000
PIXELS = 784
SAME = 1e-4
# the images given to the functions that take X_train, and those that models are tried on
GIVEN, TRIED = 256, 16
L2, DROPOUT = 3e-4, 0.35
OPTIONS = {"l2": re.compile("l2|reg|lambda|decay"), "dropout": re.compile("drop")}
LINEAR = ((PIXELS, 10), (10,))


# --- the models, and what they are given


@pytest.fixture
def images(data):
    """Images (N, 28, 28) uint8 that are no submission's own, dark on bright: their statistics tell whose were used."""
    return 255 - data.mnist.train.images[:GIVEN]


@pytest.fixture
def given(images):
    """The arguments of the lab's functions, by name."""
    flat = images.reshape(len(images), PIXELS)
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


def takes_images(student, name):
    """Whether the model is made by a function that is given X_train; else it can only be made for the module's own."""
    definition = student.find(name)
    return definition is not None and definition.kind == "function" and bool(definition.parameters)


def found_model(student, reference, name, given):
    """The student's model for a lab's name."""
    if student.find(name) is not None and not takes_images(student, name):
        given = {**given, name: ()}
    return model_of(student, reference, name, given)


def statistics_for(student, name, model, given, data):
    """The statistics that the model must normalise by: those of what its function was given, else the module's own."""
    if takes_images(student, name):
        return Statistics.of(given[name][0])
    highest = [
        fit.x.maximum for fit in student.fits if fit.model == model.facts.number and fit.x and fit.x.maximum
    ]
    scale = highest[0] / 255 if highest else 1.0
    return Statistics.of(data.mnist.train.images, TRAIN, scale)


def expected_model(reference, name, given):
    return getattr(reference, name)(*given.get(name, ()))


def tried(statistics, data):
    """Images (N, 784) float32 to predict: near those of the statistics, and off them where these do not vary."""
    raw = data.mnist.train.images[GIVEN : GIVEN + TRIED].reshape(TRIED, PIXELS).astype("float64")
    bright = statistics.mean.mean() > 127 * statistics.scale
    rows = (255 - raw if bright else raw) + np.random.default_rng(4).integers(-9, 9, raw.shape)
    return (statistics.scale * rows).astype("float32")


# --- proofs by predictions


def drawn(shapes, seed=6):
    """Weights of these shapes that no initialiser gives, small enough for no softmax to be all or nothing."""
    generator = np.random.default_rng(seed)
    sizes = [0.7 / np.sqrt(np.prod(shape[:-1])) if len(shape) > 1 else 0.2 for shape in shapes]
    return [generator.normal(0, size, shape).astype("float32") for size, shape in zip(sizes, shapes, strict=True)]


def predicted(model, shapes, x):
    """What ``model`` predicts for ``x`` (N, 784) with drawn weights in its trainable variables; None if others are."""
    if tuple(w.shape for w in model.facts.weights if w.trainable) != tuple(shapes):
        return None
    fixed = any(not weight.trainable for weight in model.facts.weights)
    present = model.weights if fixed else [None] * len(shapes)
    new = iter([Tensor.of(array) for array in drawn(shapes)])
    mixed = [next(new) if w.trainable else own for w, own in zip(model.facts.weights, present, strict=True)]
    shape = (model.facts.input_shape or (None, PIXELS))[1:]
    return probabilities(model, model.with_weights(mixed).predict(x.reshape(len(x), *shape)))


def alike(one, other):
    return (
        one is not None and other is not None and one.shape == other.shape and np.allclose(one, other, atol=SAME)
    )


def shapes_of(model):
    return tuple(weight.shape for weight in model.facts.weights if weight.trainable)


def formulas(statistics, images, x):
    """What may stand where (x - mean) / (std + 1.0) should: the key of its sentence, and what it makes of ``x``."""
    mean, std = statistics.mean, statistics.std
    own = Statistics.of(images, TRAIN, statistics.scale)
    rows = x.astype("float64")
    whole = np.sqrt((std**2 + mean**2).mean() - mean.mean() ** 2)
    yield "raw", rows
    yield "no_one", (rows - mean) / np.maximum(std, 1e-7)
    yield "one_outside", (rows - mean) / np.maximum(std, 1e-7) + 1.0
    yield "all_pixels", (rows - mean.mean()) / (whole + 1.0)
    yield "all_pixels", (rows - mean.mean()) / whole
    yield "each_image", (rows - rows.mean(axis=1, keepdims=True)) / (rows.std(axis=1, keepdims=True) + 1.0)
    yield "scaled", rows / 255
    yield "centred", rows - mean
    yield "not_centred", rows / (std + 1.0)
    yield "by_variance", (rows - mean) / (std**2 + 1.0)
    yield "other_data", own.normalised(rows)


def what_is_fed(core, found, candidates):
    """The key of the formula under which ``core`` (normalised rows -> predictions) predicts what was ``found``."""
    with np.errstate(all="ignore"):
        return next((key for key, rows in candidates if alike(core(rows), found)), "other_formula")


def softmax_of(rows):
    kernel, bias = drawn(LINEAR)
    scores = np.nan_to_num(rows @ kernel + bias)
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def undone(statistics, rows):
    """What a model that normalises by ``statistics`` must be given to feed ``rows`` to its layers."""
    return np.nan_to_num(rows * (statistics.std + 1.0) + statistics.mean).astype("float32")


def core_of(expected, statistics):
    """The layers of the reference's model, without its normalisation by ``statistics``."""
    return lambda rows: predicted(expected, shapes_of(expected), undone(statistics, rows))


def is_own(architecture):
    """Whether something of the student's own stands in a model, that only predictions can judge."""
    return bool(architecture.unreadable) or any(
        u.kind.startswith(("custom:", "Lambda", "tf.")) for u in architecture.units
    )


# --- data


def parts(value):
    """(X_train, y_train, X_test, y_test) of what a data function gives; None for something else."""
    try:
        (x_train, y_train), (x_test, y_test), *_rest = value
    except (TypeError, ValueError):
        return None
    arrays = [x_train, y_train, x_test, y_test]
    return arrays if all(isinstance(each, Array) for each in arrays) else None


def flat_data(student, say):
    """The facts of X_train, y_train, X_test, y_test (the last two None where only a ``fit`` shows the data); the place."""
    definition = student.find("load_flat_mnist")
    if definition is not None and definition.kind == "function":
        found = parts(student.load_flat_mnist())
        assert found, say("not_pairs", at=definition.place, name=definition.name)
        return [array.rows_at(rows_of(array.shape)) for array in found], definition.place
    names = {name.lower(): name for name in student.definitions}
    wanted = ("x_train", "y_train", "x_test", "y_test")
    if all(name in names for name in wanted):
        arrays = [student.value(Name(names[name])) for name in wanted]
        if all(isinstance(array, Array) for array in arrays) and len(arrays[0].shape) == 2:
            place = student.definitions[names["x_train"]].place
            return [array.rows_at(rows_of(array.shape)) for array in arrays], place
    # a name that was bound again no longer shows what the model was trained on
    for fit in student.fits:
        if fit.x is not None and fit.y is not None and len(fit.x.shape) == 2:
            return [fit.x, fit.y, None, None], fit.place
    raise Missing(student.missing("load_flat_mnist"))


def rows_of(shape):
    return sample_rows(shape[0] if shape else 0)


def rows_in(facts):
    """The recorded rows and their numbers."""
    return facts.rows.array(), np.asarray(rows_of(facts.shape))


@question("data")
def test_flat_images(student, data, say):
    (x_train, _y_train, x_test, _y_test), place = flat_data(student, say)
    for name, facts, split, count in (
        ("X_train", x_train, data.mnist.train, TRAIN),
        ("X_test", x_test, data.mnist.test, TEST),
    ):
        if facts is None:
            continue
        expected = (count, PIXELS)
        shape = {"name": name, "found": shape_text(facts.shape), "expected": shape_text(expected)}
        assert facts.shape == expected and facts.rows is not None, say("image_shape", at=place, **shape)
        rows, numbers = rows_in(facts)
        raw = split.images[numbers % len(split.images)].reshape(len(rows), PIXELS).astype("float64")
        factor = float((rows * raw).sum() / (raw * raw).sum())
        same = factor > 0 and np.allclose(rows, factor * raw, atol=2e-3 * factor * 255)
        assert same, say("moved_pixels", at=place, name=name)


@question("data")
def test_onehot_labels(student, data, say):
    (_x_train, y_train, _x_test, y_test), place = flat_data(student, say)
    for name, facts, split, count in (
        ("y_train", y_train, data.mnist.train, TRAIN),
        ("y_test", y_test, data.mnist.test, TEST),
    ):
        if facts is None:
            continue
        shape = {"name": name, "found": shape_text(facts.shape), "expected": shape_text((count, 10))}
        assert facts.shape == (count, 10) and facts.rows is not None, say("label_shape", at=place, **shape)
        rows, numbers = rows_in(facts)
        right = np.eye(10)[split.labels[numbers % len(split.labels)]]
        assert np.array_equal(rows, right), say("wrong_labels", at=place, name=name)


# --- the linear classifier


@question("linear_model", weight=2)
def test_linear_layers(student, reference, given, say, award):
    layers_alike(
        found_model(student, reference, "linear_model", given), reference.linear_model(), award, say.slips
    )


@question("linear_model")
def test_linear_compiled(student, reference, given):
    compiled_right(found_model(student, reference, "linear_model", given), reference.linear_model())


def right_linear_model(student, reference, given):
    """The student's linear classifier where it is the one asked for, else the reference's."""
    expected = reference.linear_model()
    try:
        model = found_model(student, reference, "linear_model", given)
        return model if is_right(model, expected) else expected
    except StudentFault:
        return expected


# --- the path of a run


def asked_path(function, say, folder, existing=(), **more):
    """What the function returns for runs named "linear" in ``folder`` where these runs exist, without ``./``."""
    files = {f"{folder}/{name}/events": b"" for name in existing}
    run = function.run(folder, "linear", files=files, **more)
    value = run.value
    assert isinstance(value, str), say("no_path", at=function.place, name=function.definition.name, found=value)
    return posixpath.normpath(value.replace("\\", "/")), run


def is_path(found, expected):
    return found == expected or found.endswith("/" + expected)


@question("logpath")
def test_first_free_path(student, say):
    function = student.generate_unique_logpath
    for folder, existing, expected in (
        ("labcheck_none", (), "linear-0"),
        ("labcheck_two", ("linear-0", "linear-1"), "linear-2"),
        ("labcheck_gap", ("linear-0", "linear-2", "linear-3"), "linear-1"),
        ("labcheck_other", ("mlp-0", "linear-10"), "linear-0"),
    ):
        found, _run = asked_path(function, say, folder, existing)
        there = (
            say("these_exist", names=", ".join(f"{folder}/{each}" for each in existing))
            if existing
            else say("nothing_exists")
        )
        names = {"name": function.definition.name, "logdir": repr(folder), "run": repr("linear")}
        assert is_path(found, f"{folder}/{expected}"), say(
            "wrong_path", at=function.place, existing=there, expected=f"{folder}/{expected}", found=found, **names
        )


@question("logpath")
def test_creates_nothing(student, say):
    function = student.generate_unique_logpath
    first, run = asked_path(function, say, "labcheck_again")
    second, again = asked_path(function, say, "labcheck_again", after=run, seed=2)
    assert first == second, say("creates", at=function.place, first=first, second=second)
    written = [file.path for each in (run, again) for file in each.effects.files]
    assert not written, say("creates_files", at=function.place, files=", ".join(written))


# --- training and the checkpoint


class Training:
    """The training to judge: what the student's function does with images of ours, else the fits at top level.

    ``path`` is where the best model was saved: what the function returned, or what the callback was given.
    """

    def __init__(self, student, reference, data, given, say, contrary=False):
        definition = student.find("train_and_checkpoint")
        self.place = definition.place if definition else None
        if definition is not None and definition.kind == "function":
            self._by_function(
                student.train_and_checkpoint, right_linear_model(student, reference, given), data, say, contrary
            )
        else:
            self._at_top_level(student, data)
        self.fit = next((fit for fit in self.fits if saver(fit)), self.fits[0])
        self.epochs = sum(
            fit.epochs for fit in self.fits if fit.model == self.fit.model and fit.callbacks == self.fit.callbacks
        )

    def _by_function(self, function, model, data, say, contrary):
        self.images, self.labels = (
            data.mnist.train.images[:GIVEN].reshape(GIVEN, PIXELS),
            data.mnist.train.labels[:GIVEN],
        )
        if contrary:
            # what is learned from the others makes the loss of the last rows grow from the first epoch on
            held = int(GIVEN * VALIDATION) + 1
            self.images = np.concatenate([self.images[: GIVEN - held], self.images[:held]])
            self.labels = np.concatenate([self.labels[: GIVEN - held], (self.labels[:held] + 5) % 10])
        self.logpath = "labcheck_logs/contrary" if contrary else "labcheck_logs/linear-0"
        self.run = function.run(model, self.images, np.eye(10, dtype="float32")[self.labels], self.logpath)
        self.path = self.run.value
        self.fits, self.files = self.run.effects.fits, self.run.effects.files
        assert self.fits, say("no_fit", at=function.place, name=function.definition.name)

    def _at_top_level(self, student, data):
        if not student.fits:
            raise Missing(student.missing("train_and_checkpoint"))
        self.images, self.labels = data.mnist.train.images.reshape(-1, PIXELS), data.mnist.train.labels
        self.fits, self.files, self.run = student.fits, student.loaded.effects.files, None
        fit = next((fit for fit in self.fits if saver(fit)), self.fits[0])
        self.path = setting(fit, "ModelCheckpoint", "filepath")
        self.logpath = posixpath.normpath(
            setting(fit, "TensorBoard", "log_dir") or posixpath.dirname(self.path or "")
        )

    def under_logpath(self, path):
        return posixpath.normpath(path).startswith(posixpath.normpath(self.logpath) + "/")


def setting(fit, callback, name):
    """A setting of the callback of that name, None where there is none."""
    return next((each.config.get(name) for each in fit.callbacks if each.name == callback), None)


def saver(fit):
    """The ModelCheckpoint of a fit that serves best: the one of the best model, else any."""
    savers = [each.config for each in fit.callbacks if each.name == "ModelCheckpoint"]
    return next(
        (each for each in savers if each.get("save_best_only") and each.get("monitor") == "val_loss"),
        next(iter(savers), None),
    )


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
    faults = []
    if found.epochs != EPOCHS:
        faults.append(say("epochs", found=found.epochs))
    if batch != BATCH:
        faults.append(say("batch", found=batch or 32))
    faults += validation_faults(found, say)
    if faults:
        award(1 - len(faults) / 3)
        raise StudentFault("\n".join(faults), fit.place)


def validation_faults(found, say):
    """What is wrong with what training was validated on: a share split off, or given as images of their own."""
    fit = found.fit
    if fit.validation_x is None:
        share = fit.validation_split
    elif holds_pairs_of(fit.validation_x, fit.validation_y, found.images, found.labels):
        share = fit.validation_x.shape[0] / (fit.validation_x.shape[0] + fit.x.shape[0])
    else:
        return [say("other_validation")]
    if not share:
        return [say("no_validation")]
    right = abs(share - VALIDATION) < 0.5 / fit.x.shape[0] + 1e-6
    return [] if right else [say("validation_share", found=percent(share), expected=percent(VALIDATION))]


@question("checkpoint")
def test_event_files(training, say):
    found = training()
    events = [file.path for file in found.files if "tfevents" in file.path and file.size]
    assert events, say("no_events", at=found.fit.place)
    elsewhere = posixpath.dirname(events[0])
    assert any(map(found.under_logpath, events)), say("events_elsewhere", at=found.fit.place, found=elsewhere)


@question("checkpoint")
def test_best_model_saved(training, student, say):
    found = training()
    place, config = found.fit.place, saver(found.fit)
    written = [file for file in found.files if "tfevents" not in file.path and file.size]
    assert config or written, say("no_checkpoint", at=place)
    if config:
        assert config.get("monitor") == "val_loss", say("monitor", at=place, found=config.get("monitor"))
        assert config.get("save_best_only"), say("every_epoch", at=place)
        assert config.get("mode") != "max", say("mode", at=place, found="max")
    assert isinstance(found.path, str), say(
        "no_path", at=found.place or place, name="train_and_checkpoint", found=found.path
    )
    paths = [file.path for file in written]
    path = next((each for each in paths if is_path(posixpath.normpath(found.path), each)), None)
    assert path, say("no_such_file", at=found.place or place, found=found.path)
    assert found.under_logpath(path), say("saved_elsewhere", at=place, found=path)
    if not config and found.run:
        keeps_best(training(contrary=True), student, say)


def keeps_best(found, student, say):
    """Whether what was saved otherwise than by Keras's callback is the model of the epoch with the smallest val_loss."""
    losses = [loss for fit in found.fits for loss in fit.history.get("val_loss", ())]
    x, labels = found.images[-int(GIVEN * VALIDATION) - 1 :], found.labels[-int(GIVEN * VALIDATION) - 1 :]
    rows = found.fit.validation_x.shape[0] if found.fit.validation_x else len(x) - 1
    saved = Model(student, After(found.run.call, Stored(found.path)))
    loss = log_loss(saved, x[-rows:].astype("float32"), labels[-rows:])
    assert np.isclose(loss, min(losses), rtol=1e-2), say("last_model", at=found.fit.place)


# --- loading


@question("load_best")
def test_load_best(student, reference, data, given, say):
    if student.find("load_best_model") is None:
        loaded_at_top_level(student, data)
        return
    function = student.load_best_model
    for turn, model in enumerate(models_to_save(student, reference, given)):
        run, path = saved(student, model, data, f"labcheck_saved/model-{turn}")
        x = data.mnist.test.images[:TRIED].reshape(TRIED, PIXELS).astype("float32")
        truth = stored_predictions(student, run, path, x)
        if truth is None and turn:
            continue  # Keras itself cannot read such a model
        loaded = function.run(path, after=run).value
        assert isinstance(loaded, Model), say("not_a_model", at=function.place, name=function.definition.name)
        assert truth is None or alike(loaded.predict(x), truth), say("fresh_weights", at=function.place)


def models_to_save(student, reference, given):
    """The linear classifier, and the student's normalised one, which may hold a Lambda."""
    yield right_linear_model(student, reference, given)
    try:
        yield found_model(student, reference, "normalised_linear_model", given)
    except StudentFault:
        return


def saved(student, model, data, logpath):
    """A run that saves ``model``, and the path: by the student's own training where it saves, else by Keras."""
    x, labels = data.mnist.train.images[:GIVEN].reshape(GIVEN, PIXELS), data.mnist.train.labels[:GIVEN]
    definition = student.find("train_and_checkpoint")
    if definition is not None and definition.kind == "function":
        run = student.train_and_checkpoint.run(model, x, np.eye(10, dtype="float32")[labels], logpath)
        try:
            path = run.value
            written = [file.path for file in run.effects.files]
            if isinstance(path, str) and any(is_path(posixpath.normpath(path), each) for each in written):
                return run, path
        except StudentFault:
            pass  # told where training is judged
    path = f"{posixpath.basename(logpath)}.h5"
    return Run(student, Call(Attribute(student.expression(model), "save"), (Constant(path),))), path


def stored_predictions(student, run, path, x):
    """What the model in the file predicts, as Keras reads it; None where it holds no whole model."""
    try:
        return Model(student, After(run.call, Stored(path))).predict(x)
    except StudentFault:
        return None


def loaded_at_top_level(student, data):
    """Raise Missing unless the top level read its checkpoint back: a model that it did not train predicts the same."""
    x = data.mnist.test.images[:TRIED].reshape(TRIED, PIXELS).astype("float32")
    fitted = {fit.model for fit in student.fits}
    for fit in student.fits:
        path = setting(fit, "ModelCheckpoint", "filepath")
        truth = path and stored_predictions(student, Run(student, Constant(None)), path, x)
        for each in range(len(student.loaded.models)):
            if truth is not None and each not in fitted and alike(predictions_of(student, each, x), truth):
                return
    raise Missing(student.missing("load_best_model"))


def predictions_of(student, kept, x):
    try:
        return Model(student, Kept(kept)).predict(x)
    except StudentFault:
        return None


# --- normalisation


def normalised(student, reference, given, data):
    """The normalised linear model, its statistics, what it is tried on, and what it predicts with known weights."""
    model = found_model(student, reference, "normalised_linear_model", given)
    statistics = statistics_for(student, "normalised_linear_model", model, given, data)
    x = tried(statistics, data)
    return model, statistics, x, predicted(model, LINEAR, x)


@question("normalisation")
def test_normalised_layers(student, reference, given, data, say, award):
    model, statistics, x, found = normalised(student, reference, given, data)
    expected = expected_model(reference, "normalised_linear_model", given)
    if is_own(model.architecture) and alike(found, softmax_of(statistics.normalised(x))):
        return
    layers_alike(model, expected, award, say.slips)
    count = model.facts.trainable_parameters
    assert count == expected.facts.trainable_parameters, say(
        "other_trainable", at=model.place, found=number(count)
    )


@question("normalisation", weight=2, requires=["test_normalised_layers"])
def test_normalised_inputs(student, reference, given, data, say):
    model, statistics, x, found = normalised(student, reference, given, data)
    if not alike(found, softmax_of(statistics.normalised(x))):
        key = what_is_fed(softmax_of, found, formulas(statistics, data.mnist.train.images, x))
        pytest.fail(say(key, at=model.place), pytrace=False)


@question("normalisation")
def test_normalised_compiled(student, reference, given):
    model = found_model(student, reference, "normalised_linear_model", given)
    compiled_right(model, expected_model(reference, "normalised_linear_model", given))


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


def mlp(student, reference, given, data):
    """The perceptron, the reference's, its statistics, what it is tried on, and what it predicts with known weights."""
    model = found_model(student, reference, "mlp_model", given)
    expected = expected_model(reference, "mlp_model", given)
    statistics = statistics_for(student, "mlp_model", model, given, data)
    x = tried(statistics, data)
    return model, expected, statistics, x, predicted(model, shapes_of(expected), x)


@question("mlp", weight=2)
def test_mlp_layers(student, reference, given, data, say, award):
    model, expected, statistics, x, found = mlp(student, reference, given, data)
    core = core_of(expected, Statistics.of(given["mlp_model"][0]))
    if is_own(model.architecture) and alike(found, core(statistics.normalised(x))):
        return
    architectures_alike(plain(model.architecture), expected.architecture, award, say.slips)


@question("mlp", requires=["test_mlp_layers"])
def test_mlp_inputs(student, reference, given, data, say):
    model, expected, statistics, x, found = mlp(student, reference, given, data)
    core = core_of(expected, Statistics.of(given["mlp_model"][0]))
    if alike(found, core(statistics.normalised(x))):
        return
    key = what_is_fed(core, found, formulas(statistics, data.mnist.train.images, x))
    # a normalisation that is wrong in the linear model, too, is judged there
    assert key == linear_slip(student, reference, given, data) != "raw", say(key, at=model.place)


def linear_slip(student, reference, given, data):
    """The key of what the normalised linear model computes instead, "" where it is right or cannot be told."""
    try:
        _model, statistics, x, found = normalised(student, reference, given, data)
    except StudentFault:
        return ""
    if found is None or alike(found, softmax_of(statistics.normalised(x))):
        return ""
    return what_is_fed(softmax_of, found, formulas(statistics, data.mnist.train.images, x))


@question("mlp")
def test_mlp_compiled(student, reference, given):
    compiled_right(
        found_model(student, reference, "mlp_model", given), expected_model(reference, "mlp_model", given)
    )


# --- regularisation


def with_option(student, reference, given, say, option, value):
    """The perceptrons to judge an option on: the one made with it, else all that stand at top level."""
    if not takes_images(student, "mlp_model"):
        return variants(student, reference, given)
    function = student.mlp_model
    name = next((each for each in function.definition.parameters if OPTIONS[option].search(each.lower())), option)
    try:
        return [function.run(*given["mlp_model"], **{name: value}).value]
    except StudentFault as error:
        unknown = name == option and "unexpected keyword" in error.message
        assert not unknown, say("no_option", at=function.place, name=function.definition.name, option=option)
        raise


def variants(student, reference, given):
    """The models with two hidden dense layers or more; raises Missing where there is none."""
    found = []

    def seen(architecture):
        found.append(architecture)
        return plain(architecture)

    expected = expected_model(reference, "mlp_model", given).architecture
    nearest(student, "mlp_model", expected, [], seen)
    models = [Model(student, Kept(each)) for each in range(len(student.loaded.models))]
    return [model for model in models if len(hidden(model)) >= 2]


def hidden(model):
    """The hidden dense units, with what stands right after each."""
    units = model.architecture.units
    dense = [position for position, unit in enumerate(units) if unit.kind == "Dense"]
    return [(units[at], units[at + 1]) for at in dense[:-1]]


def l2_of(unit):
    """The factor of a unit's L2 regulariser of its weights: None without one, a text for another regulariser."""
    setting = unit.setting("kernel_regularizer")
    if setting is None:
        return None
    kind, config = dict(setting).get("class_name"), dict(dict(setting).get("config") or ())
    pure = kind in ("L2", "L1L2") and not config.get("l1")
    return float(config.get("l2", 0)) if pure else str(kind)


def judged(models, faults):
    """Assert that one of ``models`` has no fault; raises the first fault of the first otherwise."""
    first = None
    for model in models:
        fault = next(faults(model), None)
        if fault is None:
            return
        first = first or fault
    if first:
        pytest.fail(first(), pytrace=False)


@question("regularisation")
def test_l2(student, reference, given, say):
    free = not takes_images(student, "mlp_model")

    def faults(model):
        layers = [unit for unit, _after in hidden(model)] if isinstance(model, Model) else []
        found = l2_of(layers[0]) if layers else None
        place = layers[0].place if layers else student.place("mlp_model")
        if found is None:
            yield lambda: say("no_l2", at=place, value=L2)
        elif isinstance(found, str) or not (free or np.isclose(found, L2)):
            yield lambda: say("other_l2", at=place, value=L2, found=found)
        output = model.architecture.units[-1]
        if l2_of(output) is not None:
            yield lambda: say("l2_elsewhere", at=output.place or place)

    judged(with_option(student, reference, given, say, "l2", L2), faults)


@question("regularisation")
def test_dropout(student, reference, given, say):
    free = not takes_images(student, "mlp_model")

    def faults(model):
        layers = hidden(model) if isinstance(model, Model) else []
        after = [unit for _layer, unit in layers if unit.kind == "Dropout"]
        place = next((layer.place for layer, unit in layers if unit.kind != "Dropout"), None) or model.place
        if len(after) < max(2, len(layers)):
            yield lambda: say(
                "no_dropout", at=place, value=DROPOUT, found=len(after), expected=max(2, len(layers))
            )
        wrong = [unit for unit in after if not (free or np.isclose(unit.setting("rate"), DROPOUT))]
        if wrong:
            yield lambda: say("other_rate", at=wrong[0].place, value=DROPOUT, found=wrong[0].setting("rate"))
        everywhere = [unit for unit in model.architecture.units if unit.kind == "Dropout"]
        if len(everywhere) > len(after):
            yield lambda: say("dropout_elsewhere", at=everywhere[-1].place)

    judged(with_option(student, reference, given, say, "dropout", DROPOUT), faults)


@question("regularisation")
def test_neither(student, reference, given, say):
    def faults(model):
        units = model.architecture.units
        dropout = next((unit for unit in units if unit.kind == "Dropout"), None)
        if dropout:
            yield lambda: say("always_dropout", at=dropout.place)
        regular = next((unit for unit in units if unit.kind == "Dense" and l2_of(unit) is not None), None)
        if regular:
            yield lambda: say("always_l2", at=regular.place)

    if takes_images(student, "mlp_model"):
        judged([found_model(student, reference, "mlp_model", given)], faults)
    else:
        judged(variants(student, reference, given), faults)


# --- the convolutional network


def cnn(student, reference, given):
    """The convolutional network: made for images (N, 28, 28), or (N, 28, 28, 1) where that is what its function takes."""
    expected = expected_model(reference, "cnn_model", given)
    if not takes_images(student, "cnn_model"):
        return found_model(student, reference, "cnn_model", given), expected
    with_axis = {**given, "cnn_model": (given["cnn_model"][0][..., None],)}
    try:
        model = found_model(student, reference, "cnn_model", given)
        if model.architecture == expected.architecture or not uses_channel_axis(student):
            return model, expected
    except StudentFault as first:
        try:
            return found_model(student, reference, "cnn_model", with_axis), expected
        except StudentFault:
            raise first from None
    return found_model(student, reference, "cnn_model", with_axis), expected


def uses_channel_axis(student):
    """Whether the module's own images have a channel axis: its function is then made for such images."""
    arrays = [d for d in student.definitions.values() if d.kind == "array"]
    shapes = [student.variable(each).shape for each in arrays]
    shapes += [fit.x.shape for fit in student.fits if fit.x is not None]
    return any(len(shape) == 4 and shape[1:] == (28, 28, 1) for shape in shapes)


@question("cnn", weight=2)
def test_cnn_layers(student, reference, given, data, say, award):
    model, expected = cnn(student, reference, given)
    statistics = Statistics.of(given["cnn_model"][0])
    x = tried(statistics, data)
    if is_own(model.architecture):
        core, found = core_of(expected, statistics), predicted(model, shapes_of(expected), x)
        if alike(found, core(statistics.normalised(x))) or alike(found, core(x.astype("float64"))):
            return
    layers_alike(model, expected, award, say.slips)


@question("cnn")
def test_cnn_compiled(student, reference, given):
    model, expected = cnn(student, reference, given)
    compiled_right(model, expected)
