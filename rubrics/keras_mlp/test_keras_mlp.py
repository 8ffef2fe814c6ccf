"""The checks of lab 5. Each question is judged on its own: a network that regularisation is put on, or whose size is
matched, may be the student's own where it is not the one asked for; that mistake costs its own question."""

import ast
import re
import unicodedata
from collections import Counter
from dataclasses import replace
from itertools import chain

import msgspec
import numpy as np

from checker.evidence import Setting
from checker.expression import AsPlain, Call, Name
from checker.language import _, number
from checker.protocol import Value
from checker.rubric import (
    Function,
    History,
    Inconclusive,
    Missing,
    Model,
    StudentFault,
    architectures_alike,
    compare,
    compile_faults,
    holds_pairs_of,
    input_for,
    layers_alike,
    nearest,
    question,
    shape_text,
    simplified,
)

PIXELS, CLASSES, WIDTH = 784, 10, 128
HIDDEN = 3
TOLERANCE = 0.02
ROWS = 200
# fewer rows are not MNIST's: Boston has 506
FEWEST = 1000
SPLIT = 0.3
# "about ten": 8 to 15 are ten when one does not count closely; 5 and 20 are half and twice as many
EPOCHS = range(8, 16)
L1 = (("class_name", "L1"), ("config", ()))
INTEGERS, ONEHOT = "sparse_categorical_crossentropy", "categorical_crossentropy"
REGULARISERS = ("kernel_regularizer", "bias_regularizer", "activity_regularizer")


# --- answers


def plain(student, definition):
    """The value of a name, or what a function of that name gives, as plain data; None for anything else."""
    subject = Name(definition.name)
    if definition.kind == "function":
        subject = Call(subject, seed=student.seed, brief=True)
    try:
        answer, _effects = student.ask(subject, AsPlain())
    except StudentFault:
        return None
    return answer.value if isinstance(answer, Value) else None


def answer(student, name, is_right):
    """The answer under the lab's name with its place, else under another name that holds the right one."""
    definition = student.find(name)
    if definition is not None:
        return plain(student, definition), definition.place
    about = name.partition("_")[0]
    for other in student.definitions.values():
        if other.kind in ("plain", "sequence", "other") and about in simplified(other.name):
            value = plain(student, other)
            if is_right(value):
                return value, other.place
    raise Missing(student.missing(name))


def shapes(value):
    """Every shape in a value that a student may write shapes as: nested, in a dict, as text; a trailing 1 left out."""
    if isinstance(value, str) and len(value) < 200:
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            return []
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, int):
        value = [value]
    if not isinstance(value, (list, tuple)):
        return []
    if value and all(isinstance(size, int) for size in value):
        return [tuple(value[:-1] if len(value) > 1 and value[-1] == 1 else value)]
    return list(chain.from_iterable(map(shapes, value)))


def judge_shapes(student, reference, name, say, award):
    expected = Counter(shapes(getattr(reference, name)))
    value, place = answer(student, name, lambda each: Counter(shapes(each)) == expected)
    found = Counter(shapes(value))
    assert value is not None, say("unanswered", at=place, name=name)
    right = (found & expected).total()
    award(right / expected.total() if found.total() == expected.total() else 0)
    wrong = [shape_text(shape) for shape in found - expected]
    assert not wrong, say("wrong_shapes", at=place, name=name, wrong=", ".join(wrong))
    assert found == expected, say(
        "few_shapes", at=place, name=name, found=found.total(), expected=expected.total()
    )


def task(value):
    """The kind of problem that a word names, in either language; "" for neither."""
    letters = unicodedata.normalize("NFKD", str(value)).encode("ascii", "ignore").decode().lower()
    named = [stem for stem in ("classif", "regress") if stem in letters]
    return named[0] if len(named) == 1 else ""


def judge_task(student, reference, name, say):
    expected = task(getattr(reference, name))
    value, place = answer(student, name, lambda each: task(each) == expected)
    assert value is not None, say("unanswered", at=place, name=name)
    assert task(value), say("no_task", at=place, name=name, found=str(value)[:60])
    assert task(value) == expected, say("wrong_task", at=place, name=name, found=str(value)[:60])


@question("datasets", weight=2)
def test_mnist_shapes(student, reference, say, award):
    judge_shapes(student, reference, "mnist_shapes", say, award)


@question("datasets", weight=2)
def test_boston_shapes(student, reference, say, award):
    judge_shapes(student, reference, "boston_shapes", say, award)


@question("datasets")
def test_mnist_task(student, reference, say):
    judge_task(student, reference, "mnist_task", say)


@question("datasets")
def test_boston_task(student, reference, say):
    judge_task(student, reference, "boston_task", say)


# --- the student's networks


def target(reference, name, hidden=HIDDEN):
    return reference.mlp(hidden) if name == "mlp" else getattr(reference, name)()


def targets(reference):
    """What each question asks for."""
    names = [
        ("perceptron", 0),
        ("mlp", 1),
        ("mlp", 2),
        ("mlp", 3),
        ("wide_mlp", 0),
        ("mlp_l1", 0),
        ("mlp_dropout", 0),
    ]
    return [seen(target(reference, *each).architecture) for each in names]


def network(student, reference, name, hidden=HIDDEN):
    """The model that the submission gives for the lab's name and a number of hidden layers, else the nearest one."""
    expected = seen(target(reference, name, hidden).architecture)
    definition = student.find(name)
    own, fault = None, None
    for arguments in ways(student, name, definition, hidden) if definition else ():
        try:
            model = student.handle(definition, student.names[name])(**arguments)
            if not isinstance(model, Model):
                raise StudentFault(
                    _("{name} gives no Keras model: does it end with `return model`?").format(name=name),
                    definition.place,
                )
            if taken(student, model) == expected:
                return model
            own = own or model
        except StudentFault as error:
            fault = fault or error
    if own is not None and (name != "mlp" or definition.parameters):
        return own
    try:
        others = [other for other in targets(reference) if other != expected]
        return nearest(student, name, expected, others, lambda found: seen(found, square(student)))
    except Missing:
        if own is None:
            raise fault or Missing(student.missing(name)) from None
        return own


def ways(student, name, definition, hidden):
    """Arguments that ask for ``hidden`` layers of 128 neurons: a number, or a list of widths as students write it, too."""
    known = set(map(simplified, student.fills))
    free = [each for each in definition.parameters if simplified(each) not in known]
    needed = [each for each in free if each in definition.required]
    widths = [each for each in free if re.search("unit|neuron|width|size|taille|largeur", each, re.IGNORECASE)]
    others = [each for each in free if each not in widths]
    numbers = [each for each in others if re.search("hid|layer|couche|cach|depth|prof", each, re.IGNORECASE)]
    numbers = numbers or [each for each in others if each in needed] or (others if name == "mlp" else [])
    given = {each: WIDTH for each in widths if each in needed and numbers}
    if numbers:
        yield {**given, numbers[0]: hidden}
    for each in [*numbers, *(width for width in widths if width in needed)][:1]:
        yield {**given, each: [WIDTH] * hidden}
    if not numbers:
        yield {}


def taken(student, model):
    """What a model of the submission computes, but for what the lab leaves free."""
    return seen(model.architecture, square(student))


def seen(found, square=False):
    """An architecture but for what the lab leaves free: how strong L1 is, whether it holds the biases, too.

    A Flatten at the beginning is no layer of the network; ``square`` is for a submission whose images are not flat yet,
    so that its models have to begin with one.
    """
    if found.units[:1] and found.units[0].kind == "Flatten" and found.input_shape[:2] == (28, 28):
        rest = [replace(unit, inputs=tuple(max(each - 1, -1) for each in unit.inputs)) for unit in found.units[1:]]
        outputs = tuple(each - 1 for each in found.outputs)
        shape = (PIXELS,) if square else found.input_shape
        found = replace(found, units=tuple(rest), outputs=outputs, input_shape=shape)
    return replace(found, units=tuple(plainly(unit) for unit in found.units))


def plainly(unit):
    settings = {name: L1 if is_l1(value) else value for name, value in unit.settings}
    if settings.get("kernel_regularizer") == L1 == settings.get("bias_regularizer"):
        del settings["bias_regularizer"]
    if unit.kind == "Dropout":
        settings["rate"] = round(settings["rate"], 6)
    return replace(unit, settings=tuple(settings.items()))


def is_l1(value):
    return isinstance(value, tuple) and value[:1] == L1[:1]


def image_fits(student):
    """The fits at top level on images of 28 by 28 pixels: Boston is no part of them."""
    return [fit for fit in student.fits if fit.x and fit.y and np.prod(fit.x.shape[1:]) == PIXELS]


def inputs_and_labels(student):
    """The shapes of the images and labels that the submission trains on, else of those that it holds."""
    fits = image_fits(student)
    if fits:
        return [fit.x.shape for fit in fits], [fit.y.shape for fit in fits]
    arrays = {
        each.name.lower(): student.variable(each).shape
        for each in student.definitions.values()
        if each.kind == "array"
    }
    held = {name: shape for name, shape in arrays.items() if shape and shape[0] >= FEWEST}
    return tuple([shape for name, shape in held.items() if name.startswith(axis)] for axis in "xy")


def square(student):
    return any(shape[1:3] == (28, 28) for shape in inputs_and_labels(student)[0])


# --- networks


def judge_layers(student, reference, say, award, name, hidden=HIDDEN):
    model = network(student, reference, name, hidden)
    expected = target(reference, name, hidden)
    # the second proof, by predictions, is for a model that begins as the reference's does
    if model.architecture.unreadable or model.architecture == expected.architecture:
        layers_alike(model, expected, award, say.slips)
    else:
        architectures_alike(taken(student, model), expected.architecture, award, say.slips)


def compile_lines(student, reference, model):
    """What is wrong with what a model was compiled with, and where; where it is not, by ``train``, before it trains."""
    compiled = model.compiled or next((fit.compiled for fit in Training.fits_with(student, model)), None)
    expected = reference.perceptron().compiled
    labels = inputs_and_labels(student)[1]
    losses = {ONEHOT if shape[1:] == (CLASSES,) else INTEGERS for shape in labels} or {ONEHOT}
    expected = msgspec.structs.replace(expected, loss=(Setting(max(losses, key=lambda loss: loss == ONEHOT)),))
    lines = list(compile_faults(compiled, expected, losses, any_optimizer=True))
    return lines, (compiled and compiled.place) or model.place


@question("perceptron", weight=2)
def test_perceptron_layers(student, reference, say, award):
    judge_layers(student, reference, say, award, "perceptron")


@question("perceptron")
def test_perceptron_compiled(student, reference):
    lines, place = compile_lines(student, reference, network(student, reference, "perceptron"))
    if lines:
        raise StudentFault("\n".join(lines), place)


@question("hidden_layers", weight=3)
def test_one_hidden_layer(student, reference, say, award):
    judge_layers(student, reference, say, award, "mlp", 1)


@question("hidden_layers", weight=3)
def test_two_hidden_layers(student, reference, say, award):
    judge_layers(student, reference, say, award, "mlp", 2)


@question("hidden_layers", weight=3)
def test_three_hidden_layers(student, reference, say, award):
    judge_layers(student, reference, say, award, "mlp", 3)


@question("hidden_layers")
def test_mlp_compiled(student, reference):
    lines, place = compile_lines(student, reference, network(student, reference, "mlp"))
    try:
        charged, _place = compile_lines(student, reference, network(student, reference, "perceptron"))
    except StudentFault:
        charged = []
    # what is wrong with the perceptron, too, has cost its question already
    if lines and lines != charged:
        raise StudentFault("\n".join(lines), place)


def bases(student, reference, name):
    """The networks that one of questions 4, 6 and 7 may be about, the one asked for first, then the student's own.

    "Your network" is the one of three hidden layers for a function that takes their number, else any of them.
    """
    numbers = (HIDDEN,) if student.match(name) else (HIDDEN, 2, 1)
    for number_of in numbers:
        yield seen(reference.mlp(number_of).architecture)
    for number_of in numbers:
        try:
            yield taken(student, network(student, reference, "mlp", number_of))
        except StudentFault:
            continue


def base_of(found, student, reference, name):
    """The network that ``found`` was made from, else the one asked for."""
    known = list(bases(student, reference, name))
    return next((base for base in known if base == found), known[0])


def dense(architecture):
    return [unit for unit in architecture.units if unit.kind == "Dense"]


def judge_share(found, expected, award, share):
    """Compare; what a wrong network gets is at most ``share``, that of the layers which have what is asked for."""
    try:
        architectures_alike(found, expected, award)
    except StudentFault:
        award(award.share * share)
        raise


@question("equal_params")
def test_equal_parameters(student, reference, say, award):
    model = network(student, reference, "wide_mlp")
    found = taken(student, model)
    wanted = {reference.mlp(HIDDEN).parameters}
    expected = seen(reference.wide_mlp().architecture)
    shaped = [as_wide_as(found, expected)]
    try:
        wanted.add(network(student, reference, "mlp").parameters)
        shaped.append(as_wide_as(found, taken(student, network(student, reference, "mlp", 1))))
    except StudentFault:
        pass
    close = any(abs(found.parameters - each) <= TOLERANCE * each for each in wanted)
    if found not in shaped:
        judge_share(found, shaped[0], award, float(close and len(dense(found)) == len(dense(expected))))
    award.measured(found=found.parameters, expected=reference.mlp(HIDDEN).parameters)
    wide = found.units[0]
    assert close, say(
        "other_count",
        at=wide.place or model.place,
        found=number(found.parameters),
        expected=number(reference.mlp(HIDDEN).parameters),
    )


def as_wide_as(found, expected):
    """``expected`` with the hidden layer of ``found``'s width."""
    if not (found.units and expected.units and found.units[0].setting("units")):
        return expected
    first = expected.units[0]
    settings = {**dict(first.settings), "units": found.units[0].setting("units")}
    return replace(expected, units=(replace(first, settings=tuple(settings.items())), *expected.units[1:]))


# --- validation


class Training:
    """The fit to judge: of ``train`` on images that it is given, else at top level; and what it should be given."""

    def __init__(self, student, reference, data):
        self.student = student
        self.definition = student.find("train")
        images = data.mnist.train.images
        self.images, self.labels = images.reshape(len(images), PIXELS) / 255, data.mnist.train.labels
        self.run = None
        if self.definition is None or self.definition.kind != "function":
            self.fits = image_fits(student)
            if not self.fits:
                raise Missing(student.missing("train"))
        else:
            if takes_data(self.definition):
                self.images, self.labels = self.images[:ROWS], self.labels[:ROWS]
            self.run = self.first_run(trained_model(student, reference))
            self.run.value  # noqa: B018 - raises where it does not come to its end
            self.fits = self.run.effects.fits
        # the questions before this one train without validation
        self.fit = max(self.fits, key=lambda fit: (is_asked_share(share_of(fit)), share_of(fit) > 0), default=None)

    @classmethod
    def fits_with(cls, student, model):
        """The fits of ``train`` where it is given ``model``."""
        definition = student.match("train")
        if definition is None or definition.kind != "function":
            return ()
        images = np.random.default_rng(3).random((ROWS, PIXELS), "float32")
        run = call(student, definition, model, images, np.arange(ROWS) % CLASSES, integers=False)
        return run.effects.fits if ends(run) else ()

    def first_run(self, model):
        """A call that comes to its end: some trainings make the labels one-hot themselves."""
        loss = model.compiled.loss[0].name if model.compiled else ONEHOT
        orders = (loss == INTEGERS, loss != INTEGERS)
        runs = [
            call(self.student, self.definition, model, self.images, self.labels, integers=each) for each in orders
        ]
        return next((run for run in runs if ends(run)), runs[0])

    @property
    def place(self):
        return self.fit.place if self.fit else self.definition.place

    @property
    def epochs(self):
        """Ten fits of one epoch are ten epochs."""
        same = (self.fit.model, self.fit.place)
        return sum(each.epochs for each in self.fits if (each.model, each.place) == same)


def takes_data(definition):
    """Whether a training function is given its data, or reads the submission's own."""
    return len(definition.parameters) > 1


def call(student, definition, model, images, labels, *, integers):
    """Call a training function with a model and data, and what else it needs that is for validation or test."""
    x = input_for(model.architecture, images.astype("float32"))
    y = labels.astype("int64") if integers else np.eye(CLASSES, dtype="float32")[labels]
    function = Function(student, definition, student.names["train"].parameters)
    if not takes_data(definition):
        return function.run(model)
    more = {
        each: (x if each.lower().startswith("x") else y)[: ROWS // 4]
        for each in definition.required
        if re.fullmatch("[xy]_?(test|val|valid|validation)", each.lower())
    }
    return function.run(model, x, y, **more)


def ends(run):
    try:
        run.value  # noqa: B018 - raises where it does not come to its end
    except StudentFault:
        return False
    return True


def trained_model(student, reference):
    """The student's perceptron where it is right, else the reference's."""
    expected = reference.perceptron()
    try:
        model = network(student, reference, "perceptron")
        right = taken(student, model) == expected.architecture and not compile_lines(student, reference, model)[0]
    except StudentFault:
        return expected
    return model if right else expected


def share_of(fit):
    """The share of the images that is kept for validation, 0 to 1; a set that is given wins over a split, as in Keras."""
    if fit.validation_x is not None and fit.x is not None:
        count = fit.validation_x.shape[0]
        return count / (count + fit.x.shape[0])
    return fit.validation_split


def is_asked_share(share):
    return abs(share - SPLIT) < 0.005


@question("validation")
def test_split(student, reference, data, say):
    training = Training(student, reference, data)
    fit = training.fit
    assert fit, say("no_fit", at=training.place, name=training.definition and training.definition.name)
    assert share_of(fit), say("no_validation", at=fit.place)
    given = holds_pairs_of(fit.x, fit.y, training.images, training.labels)
    assert given, say("fit_on_other", at=fit.place)
    kept = fit.validation_x is None or holds_pairs_of(
        fit.validation_x, fit.validation_y, training.images, training.labels
    )
    assert kept, say("validation_elsewhere", at=fit.place)
    if training.run is not None and takes_data(training.definition):
        count = fit.x.shape[0] + (fit.validation_x.shape[0] if fit.validation_x is not None else 0)
        assert count <= ROWS, say("validation_overlaps", at=fit.place)
        assert count == ROWS, say("fit_on_part", at=fit.place, found=count, expected=ROWS)
    found = share_of(fit)
    assert is_asked_share(found), say("other_share", at=fit.place, found=number(100 * found, 0))


@question("validation")
def test_epochs(student, reference, data, say):
    training = Training(student, reference, data)
    assert training.fit, say("no_fit", at=training.place, name=training.definition and training.definition.name)
    assert training.epochs in EPOCHS, say("epochs", at=training.place, found=training.epochs)


@question("validation")
def test_history(student, reference, data, say):
    training = Training(student, reference, data)
    fit = training.fit
    assert fit, say("no_fit", at=training.place, name=training.definition and training.definition.name)
    assert share_of(fit), say("no_validation", at=fit.place)
    if training.run is None:
        curves = [each.history for each in training.fits]
    else:
        curves = histories(training.run.value)
        assert curves, say("no_history", at=training.definition.place, name=training.definition.name)
    told = any(key.startswith("val_") and key != "val_loss" for each in curves for key in each)
    assert told, say("no_val_accuracy", at=fit.place)


def histories(value):
    """The curves in what ``train`` returns: a History, its dict, or one of them among others."""
    if isinstance(value, History):
        return [value.curves]
    if isinstance(value, tuple):
        return [curves for each in value for curves in histories(each)]
    if isinstance(value, (Model, type(None))) or not hasattr(value, "subject"):
        return []
    found, _effects = value.module.ask(value.subject, AsPlain())
    return [found.value] if isinstance(found, Value) and isinstance(found.value, dict) else []


# --- regularisation


@question("l1")
def test_l1(student, reference, say, award):
    model = network(student, reference, "mlp_l1")
    found = taken(student, model)
    held = [unit.setting("kernel_regularizer") for unit in dense(found)]
    if any(value is not None and str(dict(value).get("class_name")).startswith("custom:") for value in held):
        raise Inconclusive(say("own_regulariser", at=model.place))
    free = replace(found, units=tuple(unregularised(unit) for unit in found.units))
    base = base_of(free, student, reference, "mlp_l1")
    expected = replace(base, units=tuple(unregularised(unit, L1) for unit in base.units))
    judge_share(found, expected, award, held.count(L1) / max(len(held), len(dense(expected))))


def unregularised(unit, instead=None):
    """A dense layer without its regularisers, or with this one on its kernel."""
    settings = {name: value for name, value in unit.settings if name not in REGULARISERS}
    if unit.kind == "Dense" and instead:
        settings["kernel_regularizer"] = instead
    return replace(unit, settings=tuple(settings.items()))


@question("dropout")
def test_dropout(student, reference, say, award):
    found = taken(student, network(student, reference, "mlp_dropout"))
    wanted = next(unit for unit in seen(reference.mlp_dropout().architecture).units if unit.kind == "Dropout")
    expected = with_dropout(base_of(found.without("Dropout"), student, reference, "mlp_dropout"), wanted)
    rows = compare(found, expected).rows
    right = [row for row in rows if row.state == "same" and row.found.kind == "Dropout"]
    hidden = max(len(dense(found)), len(dense(expected))) - 1
    judge_share(found, expected, award, len(right) / hidden)


def with_dropout(network, dropout):
    """``network``, a chain, with ``dropout`` after each layer but the last."""
    units = [each for unit in network.units[:-1] for each in (unit, dropout)] + list(network.units[-1:])
    chained = tuple(replace(unit, inputs=(number_of - 1,)) for number_of, unit in enumerate(units))
    return replace(network, units=chained, outputs=(len(units) - 1,))
