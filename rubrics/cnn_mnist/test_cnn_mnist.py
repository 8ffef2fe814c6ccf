"""The checks of lab 1. Each question is judged on its own: what it depends on is taken from the student where it
is right, else from the reference, so that one mistake costs its own points and no others."""

import json
import re
from functools import cache

import numpy as np
import pytest

from checker.evidence import Tensor, sample_rows
from checker.expression import Name, Rebuilt
from checker.language import number
from checker.rubric import (
    Array,
    Missing,
    Model,
    StudentFault,
    Trial,
    compiled_alike,
    compiled_right,
    conclude,
    holds_pairs_of,
    input_for,
    is_right,
    layers_alike,
    model_of,
    question,
    shape_text,
)

IMAGE_SHAPES = ((28, 28, 1), (1, 28, 28))
BATCH, EPOCHS = 200, 10
MODELS = ("small_model", "medium_model", "large_model")
SCALE = 255.0
NAMES = ("x_train", "y_train", "x_test", "y_test")


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
    if all(name in variables for name in NAMES):
        arrays = [student.value(Name(variables[n])) for n in NAMES]
        if all(isinstance(array, Array) for array in arrays):
            found.append(([*arrays, 10], student.definitions[variables["x_train"]]))
    found = [(each, definition) for each, definition in found if each is not None]
    if not found:
        raise errors[0] if errors else Missing(student.missing("get_data_mnist"))
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
        model = model_of(student, reference, name)
        return model if is_right(model, expected) else expected
    except StudentFault:
        return expected


def normalised(images):
    scaled = (images[..., None] / SCALE).astype("float32")
    scaled.flags.writeable = False
    return scaled


@pytest.fixture
def trial(data, grading):
    return data.once("trial", lambda: trial_on(data.mnist, grading.lab.rubric.budget))


def trial_on(mnist, budget):
    return Trial(
        x=normalised(mnist.train.images[: budget.samples]),
        labels=mnist.train.labels[: budget.samples],
        holdout_x=normalised(mnist.holdout.images),
        holdout_labels=mnist.holdout.labels,
        epochs=budget.epochs,
    )


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
def test_images(student, reference, data, say):
    def faults(found, definition):
        remark = next((each for each in student.remarks if each.kind == "onehot_images"), None)
        if remark is not None:
            shape = remark.details["shape"]
            yield lambda: say("onehot_images", at=remark.place or definition.place, name="X", found=shape)
        for name, array, split, count in (
            ("X_train", found[0], data.mnist.train, 60000),
            ("X_test", found[2], data.mnist.test, 10000),
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
        for name, shape in model_shapes(student, reference).items():
            if shape != found[0].shape[1:]:
                yield lambda n=name, s=shape: say(
                    "other_layout",
                    at=definition.place,
                    found=shape_text(found[0].shape[1:]),
                    name=n,
                    expected=shape_text(s),
                )

    best(student, faults)


def model_shapes(student, reference):
    """The shape of an image as each of the submission's models takes it, where that has three axes."""
    shapes = {}
    for name in MODELS:
        try:
            shape = model_of(student, reference, name).facts.input_shape
        except StudentFault:
            continue
        if shape is not None and len(shape) == 4:
            shapes[name] = shape[1:]
    return shapes


@question("data")
def test_labels(student, data, say):
    def faults(found, definition):
        for name, array, split, count in (
            ("y_train", found[1], data.mnist.train, 60000),
            ("y_test", found[3], data.mnist.test, 10000),
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
def test_normalised(student, reference, data, say):
    def rescaling():
        """The models that rescale their input to [0, 1] themselves."""
        found = []
        for name in MODELS:
            try:
                preprocessing = model_of(student, reference, name).architecture.preprocessing
            except StudentFault:
                continue
            if any(kind == "Rescaling" and abs(s.get("scale", 0) - 1 / SCALE) < 1e-6 for kind, s in preprocessing):
                found.append(name)
        return found

    def faults(found, definition):
        for name, array, split in (("X_train", found[0], data.mnist.train), ("X_test", found[2], data.mnist.test)):
            low, high = array.facts.minimum or 0.0, array.facts.maximum or 0.0
            factor = high / split.images.max()
            divided, raw = abs(factor * SCALE - 1) < 1e-3, abs(factor - 1) < 1e-3
            if divided and rescaling():
                yield lambda: say("rescaled_again", at=definition.place, names=", ".join(rescaling()))
            if divided or (raw and rescaling() == list(MODELS)):
                continue
            key = "not_normalised" if raw else "divided_twice" if high < 0.01 else "other_scale"
            yield lambda k=key, n=name, h=high, lo=low: say(
                k, at=definition.place, name=n, found=f"{h:.3g}", low=f"{lo:.3g}", high=f"{h:.3g}"
            )

    best(student, faults)


# --- models


@question("small_model", weight=2)
def test_small_layers(student, reference, say, award):
    layers_alike(model_of(student, reference, "small_model"), reference.small_model(), award, say.slips)


@question("small_model")
def test_small_compiled(student, reference):
    compiled_right(model_of(student, reference, "small_model"), reference.small_model())


@question("medium_model")
def test_medium_layers(student, reference, say, award):
    layers_alike(model_of(student, reference, "medium_model"), reference.medium_model(), award, say.slips)


@question("medium_model")
def test_medium_compiled(student, reference):
    compiled_right(model_of(student, reference, "medium_model"), reference.medium_model())


@question("medium_model", requires=["test_medium_layers", "test_medium_compiled"])
def test_medium_accuracy(student, reference, trial, award):
    model = model_of(student, reference, "medium_model")
    conclude(trial.judge(model, reference.medium_model()), award, model)


@question("large_model")
def test_large_layers(student, reference, say, award):
    layers_alike(model_of(student, reference, "large_model"), reference.large_model(), award, say.slips)


@question("large_model")
def test_large_compiled(student, reference):
    compiled_right(model_of(student, reference, "large_model"), reference.large_model())


@question("large_model", requires=["test_large_layers", "test_large_compiled"])
def test_large_accuracy(student, reference, trial, award):
    model = model_of(student, reference, "large_model")
    conclude(trial.judge(model, reference.large_model()), award, model)


# --- training


class Fit:
    """The fit to judge, and the arrays that it should have been given."""

    def __init__(self, student, reference, data, trial, say):
        self.student, self.trial = student, trial
        self.model = right_model(student, reference, "small_model")
        self.expected = reference.small_model()
        self.definition = student.find("train_model")
        if self.definition is not None and self.definition.kind == "function":
            self._by_function(data, say)
        else:
            self._at_top_level(data)

    def _by_function(self, data, say):
        x_train = input_for(self.model.architecture, self.trial.x)
        few = data.once("few", lambda: normalised(data.mnist.test.images[:BATCH]))
        x_test = input_for(self.model.architecture, few)
        self.train, self.test = (x_train, self.trial.labels), (x_test, data.mnist.test.labels[:BATCH])
        self.count = len(x_train)
        self.run = self.call()
        self.run.value  # noqa: B018 - raises where it does not come to its end
        self.fits = self.run.effects.fits
        assert self.fits, say("no_fit", at=self.definition.place, name=self.definition.name)

    def _at_top_level(self, data):
        fits = [fit for fit in self.student.fits if fit.parameters == self.model.parameters]
        if not (fits or self.student.fits):
            raise Missing(self.student.missing("train_model"))
        self.run = None
        first = (fits or self.student.fits)[0]
        # further fits of the same model are further epochs of one training
        self.fits = [fit for fit in self.student.fits if fit.model == first.model]
        self.train = (data.mnist.train.images, data.mnist.train.labels)
        self.test = (data.mnist.test.images, data.mnist.test.labels)
        self.count = 60000

    def call(self, **more):
        (x_train, y_train), (x_test, y_test) = self.train, self.test
        return self.student.train_model.run(self.model, x_train, onehot(y_train), x_test, onehot(y_test), **more)

    @property
    def first(self):
        return self.fits[0]

    @property
    def epochs(self):
        """Ten fits of one epoch are ten epochs."""
        return sum(fit.epochs for fit in self.fits)

    @property
    def batch(self):
        """The batch size that was asked for, which a tf.data set brings along; None where none was."""
        facts = self.first.x
        brought = facts is not None and self.first.ran_samples is None and facts.source not in ("list", "tuple")
        return self.first.batch_size or (facts.shape[0] if brought else None)

    @property
    def part(self):
        """How many images were given, where that is not all of them."""
        facts = self.first.x
        whole = facts is None or self.first.ran_samples is None or facts.shape[0] >= self.count
        return None if whole else facts.shape[0]

    def judge(self):
        """None where this fit is proved to train as the reference's does; else what its trainings showed."""
        if self.run is None:
            return self.trial.judge(self.model, self.expected)
        if self.expected.module.measures.always:
            self.trial.measured_as(self.expected, self.first)
        if self.is_plain() and self.moves() and self.trial.proves(self.model, self.expected):
            return None
        return self.trial.judge_as(self.accuracy, self.expected, self.first)

    def is_plain(self):
        """Whether everything that decides what is learned is as in the reference's fit.

        Epochs and batch size are judged in ``test_fit_settings``, and not here once more.
        """
        return all(
            not fit.callbacks
            and not fit.others
            and fit.shuffle
            and not fit.validation_split
            and fit.trainable_parameters == self.expected.facts.trainable_parameters
            and compiled_alike(fit.compiled, self.model.compiled)
            and holds_pairs_of(fit.x, fit.y, *self.train)
            and self.part is None
            for fit in self.fits
        )

    def moves(self):
        """Whether the model that was given is the one whose weights the call moved."""
        after = self.run.argument("model" if self.run.call.kwargs else 0)
        return after.digest != self.model.digest

    def accuracy(self, seed):
        run = self.call(seed=seed, brief=False)
        run.value  # noqa: B018 - raises where it does not come to its end
        return self.trial.accuracy_of(run.argument("model" if run.call.kwargs else 0))


@question("training")
def test_fit_data(student, reference, data, trial, say):
    fit = Fit(student, reference, data, trial, say)
    place = fit.first.place
    given = holds_pairs_of(fit.first.x, fit.first.y, *fit.train)
    on_test = not given and holds_pairs_of(fit.first.x, fit.first.y, *fit.test)
    assert not on_test, say("fit_on_test", at=place)
    assert given, say("fit_on_other", at=place)
    assert fit.part is None, say("fit_on_part", at=place, found=number(fit.part or 0), expected=number(fit.count))


@question("training")
def test_fit_validation(student, reference, data, trial, say):
    fit = Fit(student, reference, data, trial, say)
    place = fit.first.place
    assert fit.first.validation_x is not None, say("no_validation", at=place)
    validated = holds_pairs_of(fit.first.validation_x, fit.first.validation_y, *fit.test)
    assert validated, say("other_validation", at=place)


@question("training")
def test_fit_settings(student, reference, data, trial, say):
    fit = Fit(student, reference, data, trial, say)
    place, batch = fit.first.place, fit.batch
    swapped = fit.epochs == BATCH and batch == EPOCHS
    assert not swapped, say("swapped", at=place, epochs=fit.epochs, batch=batch)
    assert fit.epochs == EPOCHS, say("epochs", at=place, found=fit.epochs)
    assert batch == BATCH, say("batch", at=place, found=batch or 32)


@question("training", requires=["test_fit_data"])
def test_small_accuracy(student, reference, data, trial, say, award):
    fit = Fit(student, reference, data, trial, say)
    conclude(fit.judge(), award, fit.model)


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
# as few as give two decimals that are exact, for scores and for rates
ROWS = 80


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
        assert right, say("wrong_rates", at=place, score=number(float(score), 2), found=found)


def says(printed, label, value):
    pattern = r"\s+".join(map(re.escape, label.split())) + r"\s*:\s*" + re.escape(value) + r"\s*%"
    return re.search(pattern, printed, re.IGNORECASE) is not None


# --- saving and loading


@cache
def drawn(seed, shapes):
    generator = np.random.default_rng(seed)
    return tuple(Tensor.of(generator.normal(0, 0.05, shape).astype("float32")) for shape in shapes)


def saved(student, reference, name, seed):
    """A call of the student's save function on the reference's model, with weights that no initialiser gives.

    Not the student's own model: one of a class of theirs could not be loaded by anybody.
    """
    model = reference.small_model()
    weights = drawn(seed, tuple(each.shape for each in model.facts.weights))
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
    mine, theirs = (each.predict(input_for(each.architecture, normalised(images))) for each in (loaded, model))
    same = mine.shape == theirs.shape and np.allclose(mine, theirs, atol=1e-4)
    assert same, say("fresh_weights", at=function.place)
