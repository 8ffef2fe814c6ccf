"""The checks of lab 1. Each question is judged on its own: what it depends on is taken from the student where it
is right, else from the reference, so that one mistake costs its own points and no others."""

import json
import re

import numpy as np
import pytest

from checker.evidence import Tensor, sample_rows
from checker.language import number
from checker.protocol import Name, Rebuilt
from checker.rubric import (
    SEEDS,
    Inconclusive,
    Missing,
    Model,
    StudentFault,
    compare,
    compile_faults,
    input_for,
    judge,
    question,
    shape_text,
    weights_for,
)
from checker.student import Array

IMAGE_SHAPES = ((28, 28, 1), (1, 28, 28))
BATCH, EPOCHS = 200, 10
TRAINING_IMAGES = 2000
MODELS = ("small_model", "medium_model", "large_model")
SCALE = 255.0


# --- the student's parts, and what stands in for them


def candidates(student):
    """Every data set that the submission may mean, the one under the lab's own name first."""
    found, errors = [], []
    names = [student.find("get_data_mnist")]
    names += [
        d for d in student.definitions.values() if re.search("data|norm|mnist|prepro", d.name, re.IGNORECASE)
    ]
    for definition in {d.name: d for d in names if d is not None and d.kind == "function"}.values():
        try:
            found.append((parts(student.handle(definition, student.names["get_data_mnist"])()), definition))
        except StudentFault as error:
            errors.append(error)
    variables = {name.lower(): name for name in student.definitions}
    if all(name in variables for name in ("x_train", "y_train", "x_test", "y_test")):
        arrays = [student.value(Name(variables[n])) for n in ("x_train", "y_train", "x_test", "y_test")]
        if all(isinstance(array, Array) for array in arrays):
            found.append(([*arrays, 10], student.definitions[variables["x_train"]]))
    found = [(each, definition) for each, definition in found if each is not None]
    if not found:
        raise errors[0] if errors else Missing(student._missing("get_data_mnist"))  # noqa: SLF001
    return found


def parts(value):
    """(X_train, y_train, X_test, y_test, num_classes) of what a data function gives; None for something else."""
    try:
        (x_train, y_train), (x_test, y_test), *rest = value
    except (TypeError, ValueError):
        return None
    arrays = [x_train, y_train, x_test, y_test]
    return [*arrays, rest[0] if rest else None] if all(isinstance(a, Array) for a in arrays) else None


def best(student, faults):
    """The first candidate without faults; asserts the first fault of the first one otherwise."""
    first = None
    for data, definition in candidates(student):
        fault = next(faults(data, definition), None)
        if fault is None:
            return
        first = first or fault
    pytest.fail(first(), pytrace=False)


def right_model(student, reference, name):
    """The student's model where it is the one asked for, else the reference's."""
    expected = getattr(reference, name)()
    try:
        model = getattr(student, name)()
        right = isinstance(model, Model) and model.architecture == expected.architecture
        if right and not list(compile_faults(model.compiled, expected.compiled)):
            return model
    except StudentFault:
        pass
    return expected


def given_model(student, name, say):
    """What the student's function gives, which must be a model."""
    value = getattr(student, name)()
    definition = student.find(name)
    assert isinstance(value, Model), say("not_a_model", at=definition.place, name=definition.name)
    return value


def images_for(model, images):
    """Grader's own images (N, 28, 28) uint8, normalised, in the layout that ``model`` takes."""
    scale = 1.0 if model.architecture.preprocessing else SCALE
    return input_for(model.architecture, (images[..., None] / scale).astype("float32"))


def onehot(labels):
    return np.eye(10, dtype="float32")[labels]


# --- data


def raw_rows(split, rows):
    """The original images at these rows of a set that was repeated to MNIST's length."""
    return split.images[np.asarray(rows) % len(split.images)].astype("float64")


def scale_of(array, split):
    """The factor between an array of images and the originals, None where they are not the same pixels."""
    rows = sample_rows(len(array), 64)
    raw = raw_rows(split, rows)
    found = array.values_at(rows).reshape(len(rows), 28, 28).astype("float64")
    factor = float((found * raw).sum() / (raw * raw).sum())
    same = np.allclose(found, raw * factor, atol=2e-3 * factor * SCALE) if factor > 0 else False
    return factor if same else None


@question("data", weight=2)
def test_images(student, data, say):
    def faults(found, definition):
        for name, array, split, count in (
            ("X_train", found[0], data.train, 60000),
            ("X_test", found[2], data.test, 10000),
        ):
            expected = (count, *IMAGE_SHAPES[0])
            if array.shape not in [(count, *shape) for shape in IMAGE_SHAPES]:
                categories = len(array.shape) >= 4 and array.shape[1:3] == (28, 28) and array.shape[-1] > 1
                key = "onehot_images" if array.shape[0] == count and categories else "image_shape"
                yield lambda k=key, n=name, a=array, e=expected: say(
                    k, at=definition.place, name=n, found=shape_text(a.shape), expected=shape_text(e)
                )
                return
            if array.dtype != "float32":
                yield lambda n=name, a=array: say("image_dtype", at=definition.place, name=n, found=a.dtype)
            if scale_of(array, split) is None:
                yield lambda n=name: say("moved_pixels", at=definition.place, name=n)

    best(student, faults)


@question("data")
def test_labels(student, data, say):
    def faults(found, definition):
        for name, array, split, count in (
            ("y_train", found[1], data.train, 60000),
            ("y_test", found[3], data.test, 10000),
        ):
            if array.shape != (count, 10):
                yield lambda n=name, a=array, c=count: say(
                    "label_shape",
                    at=definition.place,
                    name=n,
                    found=shape_text(a.shape),
                    expected=shape_text((c, 10)),
                )
                return
            rows = sample_rows(count, 256)
            right = onehot(split.labels[np.asarray(rows) % len(split.labels)])
            if not np.array_equal(array.values_at(rows), right):
                yield lambda n=name: say("wrong_labels", at=definition.place, name=n)
        if found[4] != 10:
            yield lambda: say("num_classes", at=definition.place, found=found[4])

    best(student, faults)


@question("normalisation")
def test_normalised(student, data, say):
    def rescaled():
        for name in MODELS:
            try:
                model = getattr(student, name)()
            except StudentFault:
                return False
            done = isinstance(model, Model) and any(
                kind == "Rescaling" and abs(settings.get("scale", 0) - 1 / SCALE) < 1e-6
                for kind, settings in model.architecture.preprocessing
            )
            if not done:
                return False
        return True

    def faults(found, definition):
        for name, array, split in (("X_train", found[0], data.train), ("X_test", found[2], data.test)):
            high = array.facts.maximum or 0.0
            factor = high / split.images.max()
            if abs(factor * SCALE - 1) < 1e-3 or (abs(factor - 1) < 1e-3 and rescaled()):
                continue
            key = "not_normalised" if abs(factor - 1) < 1e-3 else "divided_twice" if high < 0.01 else "other_scale"
            low = array.facts.minimum or 0.0
            yield lambda k=key, n=name, h=high, lo=low: say(
                k, at=definition.place, name=n, found=f"{h:.3g}", low=f"{lo:.3g}", high=f"{h:.3g}"
            )

    best(student, faults)


# --- models


def check_layers(student, reference, say, award, name):
    model = given_model(student, name, say)
    expected = getattr(reference, name)()
    comparison = compare(model.architecture, expected.architecture)
    award.measured(found=model.parameters, expected=expected.parameters)
    if model.architecture.unreadable and computes_the_same(model, expected):
        return
    if not comparison.same:
        award(float(comparison.matched))
        award.measured(difference={"found": name, "expected": "reference", "rows": comparison.plain()})
        lines = list(comparison.lines())
        if name == "large_model" and model.parameters == 59933:
            lines = [say("second_pool")]
        raise StudentFault("\n".join(lines), comparison.place)
    if not computes_the_same(model, expected):
        raise Inconclusive(say("other_function", at=model.place))


def computes_the_same(model, expected):
    """The second proof: with the reference's weights, the same predictions on random images."""
    weights = weights_for(model.architecture, expected.architecture, expected.weights)
    if weights is None:
        return False
    images = np.random.default_rng(5).integers(0, 255, (4, 28, 28)).astype("uint8")
    mine = model.with_weights(weights).predict(images_for(model, images))
    theirs = expected.predict(images_for(expected, images))
    if mine.shape != theirs.shape:
        return False
    if model.compiled and model.compiled.loss and model.compiled.loss[0].config.get("from_logits"):
        mine = np.exp(mine - mine.max(axis=1, keepdims=True))
        mine /= mine.sum(axis=1, keepdims=True)
    return np.allclose(mine, theirs, atol=1e-4)


def check_compiled(student, reference, say, name):
    model = given_model(student, name, say)
    expected = getattr(reference, name)()
    faults = list(compile_faults(model.compiled, expected.compiled))
    if faults:
        raise StudentFault("\n".join(faults), (model.compiled and model.compiled.place) or model.place)


def accuracy(predictions, labels):
    return float((predictions.argmax(axis=1) == labels).mean())


def trained_accuracy(model, data, seed):
    """Of a copy trained by the grader, on the holdout."""
    x = images_for(model, data.train.images[:TRAINING_IMAGES])
    trained = model.trained(x, onehot(data.train.labels[:TRAINING_IMAGES]), epochs=1, batch_size=BATCH, seed=seed)
    return accuracy(trained.predict(images_for(model, data.holdout.images)), data.holdout.labels)


def measured(reference, data, name):
    """The reference's accuracies over seeds, on the same data and budget."""
    model = getattr(reference, name)()
    return [trained_accuracy(model, data, seed) for seed in SEEDS]


def conclude(judgement, say, award, place):
    award.measured(
        accuracy=round(judgement.accuracy, 4),
        threshold=round(judgement.threshold, 4),
        trainings=len(judgement.accuracies),
    )
    texts = {
        "found": number(100 * judgement.accuracy, 1) + " %",
        "threshold": number(100 * judgement.threshold, 1) + " %",
        "tries": len(judgement.accuracies),
    }
    if judgement.passed is None:
        raise Inconclusive(say("inconclusive", at=place, **texts))
    assert judgement.passed, say("accuracy", at=place, **texts)


def check_accuracy(student, reference, data, say, award, name):
    model = given_model(student, name, say)
    judgement = judge(lambda seed: trained_accuracy(model, data, seed), measured(reference, data, name))
    conclude(judgement, say, award, model.place)


@question("small_model", weight=2)
def test_small_layers(student, reference, say, award):
    check_layers(student, reference, say, award, "small_model")


@question("small_model")
def test_small_compiled(student, reference, say):
    check_compiled(student, reference, say, "small_model")


# --- training


class Fit:
    """The fit to judge, what it should have been given, and the accuracy it leads to."""

    def __init__(self, student, reference, data, say):
        self.model = right_model(student, reference, "small_model")
        self.data = data
        definition = student.find("train_model")
        self.run = None
        if definition is not None and definition.kind == "function":
            self._by_function(student, definition, say)
        else:
            self._at_top_level(student)

    def _by_function(self, student, definition, say):
        x_train = images_for(self.model, self.data.train.images[:TRAINING_IMAGES])
        x_test = images_for(self.model, self.data.test.images[:BATCH])
        y_train, y_test = onehot(self.data.train.labels[:TRAINING_IMAGES]), onehot(self.data.test.labels[:BATCH])
        self.train, self.test = (x_train, y_train), (x_test, y_test)
        self.run = student.train_model.run(self.model, x_train, y_train, x_test, y_test)
        self.run.value  # noqa: B018 - raises where it does not come to its end
        fits = self.run.effects.fits
        assert fits, say("no_fit", at=definition.place, name=definition.name)
        self.fits = fits

    def _at_top_level(self, student):
        fits = [fit for fit in student.fits if fit.parameters == self.model.parameters] or list(student.fits[:1])
        if not fits:
            raise Missing(student._missing("train_model"))  # noqa: SLF001
        self.fits = fits[:1]
        self.train = (self.data.train.images[..., None], onehot(self.data.train.labels))
        self.test = (self.data.test.images[..., None], onehot(self.data.test.labels))

    @property
    def first(self):
        return self.fits[0]

    @property
    def epochs(self):
        """Ten fits of one epoch are ten epochs."""
        return sum(fit.epochs for fit in self.fits)

    def accuracy(self, seed):
        if self.run is None:
            return trained_accuracy(self.model, self.data, seed)
        self.run.call = type(self.run.call)(self.run.call.function, self.run.call.args, self.run.call.kwargs, seed)
        model = self.run.argument("model" if self.run.call.kwargs else 0)
        return accuracy(model.predict(images_for(self.model, self.data.holdout.images)), self.data.holdout.labels)


def is_given(facts, array):
    """Whether the recorded rows are those of ``array``, up to one positive scale and the layout."""
    if facts is None or facts.rows is None or facts.shape[0] < 1:
        return False
    rows = np.asarray(sample_rows(facts.shape[0])) % len(array)
    found = facts.rows.array().astype("float64").reshape(len(rows), -1)
    right = np.asarray(array)[rows].astype("float64").reshape(len(rows), -1)
    if found.shape != right.shape or not right.any():
        return False
    factor = (found * right).sum() / (right * right).sum()
    return factor > 0 and np.allclose(found, right * factor, atol=2e-3 * factor * abs(right).max())


@question("training")
def test_fit_data(student, reference, data, say):
    fit = Fit(student, reference, data, say)
    place = fit.first.place
    on_test = is_given(fit.first.x, fit.test[0]) and not is_given(fit.first.x, fit.train[0])
    assert not on_test, say("fit_on_test", at=place)
    given = is_given(fit.first.x, fit.train[0]) and is_given(fit.first.y, fit.train[1])
    assert given, say("fit_on_other", at=place)
    assert fit.first.validation_x is not None, say("no_validation", at=place)
    validated = is_given(fit.first.validation_x, fit.test[0]) and is_given(fit.first.validation_y, fit.test[1])
    assert validated, say("other_validation", at=place)


@question("training")
def test_fit_settings(student, reference, data, say):
    fit = Fit(student, reference, data, say)
    place, batch = fit.first.place, fit.first.batch_size
    swapped = fit.epochs == BATCH and batch == EPOCHS
    assert not swapped, say("swapped", at=place, epochs=fit.epochs, batch=batch)
    assert fit.epochs == EPOCHS, say("epochs", at=place, found=fit.epochs)
    assert batch == BATCH, say("batch", at=place, found=batch or 32)


@question("training")
def test_small_accuracy(student, reference, data, say, award):
    fit = Fit(student, reference, data, say)
    judgement = judge(fit.accuracy, measured(reference, data, "small_model"))
    conclude(judgement, say, award, fit.first.place)


# --- error rate

# a dense layer that reads the class off the first ten pixels: as right or wrong as its labels
READER = {
    "module": "keras",
    "class_name": "Sequential",
    "config": {
        "name": "reader",
        "layers": [
            {"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [None, 28, 28, 1]}},
            {"module": "keras.layers", "class_name": "Flatten", "config": {"data_format": "channels_last"}},
            {"module": "keras.layers", "class_name": "Dense", "config": {"units": 10, "activation": "softmax"}},
        ],
    },
}
ROWS = 250


def reader(student):
    kernel = np.zeros((784, 10), "float32")
    kernel[:10] = 20 * np.eye(10)
    weights = (Tensor.of(kernel), Tensor.of(np.zeros(10, "float32")))
    subject = Rebuilt(
        json.dumps(READER), weights, loss="categorical_crossentropy", metrics=("accuracy",), eager=True
    )
    return Model(student, subject, (28, 28, 1))


@question("error_rate")
def test_error_rate(student, say):
    function = student.print_model_error_rate
    place = getattr(function, "place", None)
    for wrong in (6, 29):
        classes = np.arange(ROWS) % 10
        images = np.zeros((ROWS, 784), "float32")
        images[np.arange(ROWS), classes] = 1
        labels = classes.copy()
        labels[:wrong] = (labels[:wrong] + 1) % 10
        run = function.run(reader(student), images.reshape(-1, 28, 28, 1), onehot(labels))
        run.value  # noqa: B018 - raises where it does not come to its end
        printed = run.effects.printed
        score, rate = f"{100 - 100 * wrong / ROWS:.2f}", f"{100 * wrong / ROWS:.2f}"
        assert printed.strip(), say("nothing_printed", at=place)
        found = " / ".join(line.strip() for line in printed.strip().splitlines()[-2:])
        assert not says(printed, "model score", rate), say("rates_swapped", at=place, found=found)
        right = says(printed, "model score", score) and says(printed, "model error rate", rate)
        assert right, say("wrong_rates", at=place, score=score, found=found)


def says(printed, label, value):
    pattern = r"\s+".join(map(re.escape, label.split())) + r"\s*:\s*" + re.escape(value) + r"\s*%"
    return re.search(pattern, printed, re.IGNORECASE) is not None


@question("medium_model")
def test_medium_layers(student, reference, say, award):
    check_layers(student, reference, say, award, "medium_model")


@question("medium_model")
def test_medium_compiled(student, reference, say):
    check_compiled(student, reference, say, "medium_model")


@question("medium_model", requires=["test_medium_layers", "test_medium_compiled"])
def test_medium_accuracy(student, reference, data, say, award):
    check_accuracy(student, reference, data, say, award, "medium_model")


@question("large_model")
def test_large_layers(student, reference, say, award):
    check_layers(student, reference, say, award, "large_model")


@question("large_model")
def test_large_compiled(student, reference, say):
    check_compiled(student, reference, say, "large_model")


@question("large_model", requires=["test_large_layers", "test_large_compiled"])
def test_large_accuracy(student, reference, data, say, award):
    check_accuracy(student, reference, data, say, award, "large_model")


# --- saving and loading


def saved(student, reference, name, seed):
    """A call of the student's save function on the reference's model, with weights that no initialiser gives.

    Not the student's own model: one of a class of theirs could not be loaded by anybody.
    """
    model = reference.small_model()
    generator = np.random.default_rng(seed)
    weights = tuple(Tensor.of(generator.normal(0, 0.05, w.shape).astype("float32")) for w in model.facts.weights)
    given = Model(student, Rebuilt(model.config, weights, loss="categorical_crossentropy"), (28, 28, 1))
    return student.save_keras_model.run(given, name)


@question("save_load")
def test_save(student, reference, grading, say):
    function = student.save_keras_model
    run = saved(student, reference, "labcheck_first", 1)
    run.value  # noqa: B018 - raises where it does not come to its end
    written = {file.path: file for file in run.effects.files}
    architecture = written.get("labcheck_first.json")
    assert architecture and is_architecture(architecture.text), say("no_json", at=function.place, name="filename")
    weights = [written.get(f"labcheck_first{ending}") for ending in (".h5", ".weights.h5")]
    right = any(file and file.head.startswith(b"\x89HDF") for file in weights)
    assert right, say("no_weights", at=function.place, name="filename")
    handed_in = {file.path for file in grading.submission.files}
    lost = sorted(handed_in & written.keys())
    assert not lost, say("overwritten", at=function.place, files=", ".join(lost))


def is_architecture(text):
    try:
        return "config" in json.loads(text or "")
    except (ValueError, TypeError):
        return False


@question("save_load", requires=["test_save"])
def test_load(student, reference, say):
    first, second = (
        saved(student, reference, f"labcheck_{name}", seed) for name, seed in (("first", 1), ("second", 2))
    )
    second.value  # noqa: B018 - so that a name fixed in the code overwrites the first
    function = student.load_keras_model
    loaded = function.run("labcheck_first", after=first).value
    assert isinstance(loaded, Model), say("not_a_model", at=function.place, name="load_keras_model")
    model = first.argument(0)
    images = np.random.default_rng(3).integers(0, 255, (4, 28, 28)).astype("uint8")
    same = np.allclose(
        loaded.predict(images_for(model, images)), model.predict(images_for(model, images)), atol=1e-4
    )
    assert same, say("fresh_weights", at=function.place)
