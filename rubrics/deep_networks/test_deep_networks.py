"""The checks of lab 3, where students choose the topology: constraints, behaviour, and a report that agrees with the
models handed in. No model is proved equal to the reference's, so each is trained briefly and set beside a floor that is
measured on the same budget (see ``floor_of``)."""

import dataclasses
import json
import re
from itertools import product

import numpy as np
import pytest

from checker.claims import claims_in, contradictions
from checker.evidence import Place, Remark, Tensor, sample_rows
from checker.expression import Rebuilt
from checker.judgement import DOUBT_PROBABILITY, margin
from checker.language import number, percent
from checker.rubric import (
    Array,
    Function,
    Model,
    StudentFault,
    Trial,
    conclude,
    input_for,
    model_among,
    models_in,
    question,
    shape_text,
)

PIXELS, CLASSES, SIDE, CELL = 784, 10, 28, 4
ORIENTATIONS = (8, 16)
# the values of a HOG vector: orientations times cells
HOG_SIZES = {n: n * (SIDE // CELL) ** 2 for n in ORIENTATIONS}
GIVEN = {"hog_mlp": (HOG_SIZES[8],), "pneumonia_cnn": ((SIDE, SIDE, 1),)}
# a report may tell of both lengths of the HOG vector
GIVENS = (GIVEN, {**GIVEN, "hog_mlp": (HOG_SIZES[16],)})
BATCH = 16
MAX_TOLD = 5


# --- models: what is wrong with each, by the question that asks for it


def size(shape):
    """The values of one input of this shape, batch axis first; None where an axis is open."""
    inner = (shape or (None, None))[1:]
    return None if None in inner else int(np.prod(inner))


def output_faults(model, say):
    """Whatever keeps an output from being ten shares: softmax over 10, or logits for a loss that takes them."""
    units, outputs = model.architecture.units, (model.facts.output_shape or (0,))[-1]
    if outputs != CLASSES:
        yield lambda: say("outputs", at=model.place, found=outputs)
    elif units and units[-1].setting("activation") != "softmax":
        yield lambda: say(
            "no_softmax", at=units[-1].place or model.place, found=units[-1].setting("activation") or "linear"
        )


def frozen_faults(model, say):
    for unit in model.architecture.units:
        if unit.setting("trainable") is False:
            yield lambda u=unit: say("frozen", at=u.place or model.place, name=u.source.name)


def raw_faults(model, say):
    """784 inputs, a hidden dense layer that is not linear, a softmax over 10, nothing frozen."""
    inputs, units = size(model.facts.input_shape), model.architecture.units
    if inputs != PIXELS:
        yield lambda: say("inputs", at=model.place, found=inputs, expected=PIXELS)
    if any("Conv" in unit.kind for unit in units):
        yield lambda: say("convolution_in_mlp", at=model.place)
    hidden = [unit for unit in units[:-1] if unit.kind == "Dense"]
    if not hidden and not model.architecture.unreadable:
        yield lambda: say("no_hidden", at=model.place)
    elif hidden and not bends(units[:-1]):
        yield lambda: say("linear_hidden", at=hidden[0].place or model.place, name=hidden[0].source.name)
    yield from output_faults(model, say)
    yield from frozen_faults(model, say)


def bends(units):
    """Whether anything among ``units`` is not linear."""
    flat = ("Flatten", "Dropout", "BatchNormalization", "Dense", "Reshape")
    return any(unit.setting("activation") not in (None, "linear") or unit.kind not in flat for unit in units)


def hog_faults(model, say):
    """The HOG vector as its input, a softmax over 10, nothing frozen."""
    inputs = size(model.facts.input_shape)
    if inputs not in HOG_SIZES.values():
        yield lambda: say("inputs", at=model.place, found=inputs, expected=HOG_SIZES[8])
    yield from output_faults(model, say)
    yield from frozen_faults(model, say)


def cnn_faults(model, say):
    """Images, two convolutions or more on the path to a softmax over 10, nothing frozen."""
    inputs = size(model.facts.input_shape)
    if inputs != PIXELS:
        yield lambda: say("inputs", at=model.place, found=inputs, expected=PIXELS)
    convolutions = sum("Conv" in unit.kind for unit in model.architecture.units)
    if convolutions < 2 and not model.architecture.unreadable:
        yield lambda: say("convolutions", at=model.place, found=convolutions)
    yield from output_faults(model, say)
    yield from frozen_faults(model, say)


def pneumonia_faults(model, say):
    """One sigmoid or two softmax outputs, with the loss that goes with them."""
    outputs = (model.facts.output_shape or (0,))[-1]
    units = model.architecture.units
    last = units[-1].setting("activation") if units else None
    if outputs not in (1, 2):
        yield lambda: say("binary_outputs", at=model.place, found=outputs)
        return
    wanted = "sigmoid" if outputs == 1 else "softmax"
    if units and last != wanted:
        yield lambda: say(
            "binary_activation",
            at=units[-1].place or model.place,
            outputs=outputs,
            found=last or "linear",
            expected=wanted,
        )
    loss = loss_of(model)
    fitting = (
        ["binary_crossentropy"]
        if outputs == 1
        else ["categorical_crossentropy", "sparse_categorical_crossentropy", "binary_crossentropy"]
    )
    if loss is None:
        yield lambda: say("not_compiled", at=model.place)
    elif loss not in fitting:
        place = (compiled_of(model) and compiled_of(model).place) or model.place
        yield lambda: say("binary_loss", at=place, found=loss, outputs=outputs, expected=fitting[0])
    yield from frozen_faults(model, say)


def compiled_of(model):
    """What a model was compiled with: by the function that makes it, or later, at top level."""
    if model.compiled:
        return model.compiled
    fits = [fit.compiled for fit in model.module.fits if fit.parameters == model.parameters and fit.compiled]
    return fits[-1] if fits else None


def loss_of(model):
    compiled = compiled_of(model)
    return compiled.loss[0].name if compiled and compiled.loss else None


FAULTS = {"raw_mlp": raw_faults, "hog_mlp": hog_faults, "cnn": cnn_faults, "pneumonia_cnn": pneumonia_faults}


def kind_of(model):
    """The question that a model without a name of the lab may belong to."""
    outputs = (model.facts.output_shape or (0,))[-1]
    convolves = any("Conv" in unit.kind for unit in model.architecture.units)
    if outputs in (1, 2):
        return "pneumonia_cnn"
    if convolves:
        return "cnn"
    return "hog_mlp" if size(model.facts.input_shape) == HOG_SIZES[8] else "raw_mlp"


def chosen(student, name):
    """The model that a question is about; of several without a name, the one that serves it best."""

    def faults(model):
        fits = kind_of(model) == name or (name == "hog_mlp" and kind_of(model) == "raw_mlp")
        if not fits:
            return None
        count = sum(1 for _ in FAULTS[name](model, lambda *_a, **_k: ""))
        count += len(dead_pools(model)) if name == "cnn" else 0
        # a HOG of 16 orientations has as many values as an image has pixels
        return count + (1 if kind_of(model) != name else 0)

    return built_as(name, model_among(student, name, GIVEN, faults))


def built_as(name, model):
    """``model``, which where it is not built (a class of its own) takes what this network is given."""
    shape = {"raw_mlp": (PIXELS,), "hog_mlp": (HOG_SIZES[8],)}.get(name)
    return dataclasses.replace(model, input_shape=shape) if shape and isinstance(model, Model) else model


def judge_layers(name, model, say):
    """Fail with all that is wrong with a model; the place is that of the first."""
    if model.architecture.unreadable and model.facts.output_shape is None:
        pytest.fail(say("unreadable", at=model.place, why=model.architecture.unreadable), pytrace=False)
    faults = list(FAULTS[name](model, say))
    if faults:
        texts = [fault() for fault in reversed(faults)]
        raise StudentFault("\n".join(reversed(texts)), say.place)


def dead_pools(model):
    return [layer for layer in model.facts.idle if "Pooling" in layer.kind]


# --- trainings


def scaled(images):
    found = (images[..., None] / 255).astype("float32")
    found.flags.writeable = False
    return found


def of_images(split, holdout, budget, classes=10):
    count = budget.samples
    return Trial(
        x=scaled(split.images[:count]),
        labels=split.labels[:count],
        holdout_x=scaled(holdout.images),
        holdout_labels=holdout.labels,
        classes=classes,
        epochs=budget.epochs,
        batch_size=BATCH,
        optimizer="rmsprop",
    )


@pytest.fixture
def trial(data, grading):
    budget = grading.lab.rubric.budget
    return data.once("trial", lambda: of_images(data.mnist.train, data.mnist.holdout, budget))


@pytest.fixture
def xrays(data, grading):
    budget, sets = grading.lab.rubric.budget, data.pneumonia
    return data.once("xrays", lambda: of_images(sets.train, sets.holdout, budget, classes=2))


# no hidden layer: the least that reads digits off pixels
LINEAR = {
    "module": "keras",
    "class_name": "Sequential",
    "config": {
        "name": "linear",
        "layers": [
            {"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [None, PIXELS]}},
            {
                "module": "keras.layers",
                "class_name": "Dense",
                "config": {"units": CLASSES, "activation": "softmax"},
            },
        ],
    },
}


def linear(module, weights=None):
    loss = "categorical_crossentropy"
    return Model(module, Rebuilt(json.dumps(LINEAR), weights, loss, "rmsprop", ("accuracy",)), (PIXELS,))


def floor_of(trial, model, sign):
    """The mean accuracy of a trusted model's trainings, less or plus (``sign``) what luck does once in a hundred.

    An MLP is set beside the linear classifier: on a brief budget a right MLP with sigmoids and dropout is hardly ahead of
    it (0.79 and 0.77 on 2,000 drawn digits, 0.83 and 0.81 on real ones), but one that falls behind it has lost what the
    pixels say, by a bottleneck or by not learning. A CNN must be ahead of the reference's MLP. Neither floor asks for what
    only a particular topology reaches, and a model that misses it is given up to four times as long.
    """
    measured = trial.measured(model)
    return float(np.mean(measured)) + sign * margin(measured, DOUBT_PROBABILITY)


def trained(trial, model, loss="categorical_crossentropy"):
    """``trial``, which compiles a model that nobody compiled, or whose loss is judged, and wrong, elsewhere."""
    return dataclasses.replace(trial, loss="" if model.compiled and not loss_is_wrong(model) else loss)


def loss_is_wrong(model):
    return loss_of(model) not in (
        "categorical_crossentropy",
        "sparse_categorical_crossentropy",
        "binary_crossentropy",
    )


# --- part 1: optimizer and loss

LOSS_NAMED = re.compile(
    r"(?<!sparse_)(?<!sparse )categorical[\s_-]*cross[\s-]*entropy|cross[\s-]*entropy\s+cat[ée]gori"
    r"|entropie\s+crois[ée]e\s+cat[ée]gori",
    re.IGNORECASE,
)
OPTIMIZER_NAMED = re.compile(r"rms[\s_-]*prop", re.IGNORECASE)


def report_place(grading):
    block = grading.submission.blocks[0]
    return Place(block.file, 1, block.cell)


@question("optimizer_and_loss")
def test_rmsprop(student, say):
    model = chosen(student, "raw_mlp")
    compiled = compiled_of(model)
    assert compiled, say("not_compiled", at=model.place)
    place = compiled.place or model.place
    loss, optimizer = loss_of(model), compiled.optimizer.name
    lines = []
    if optimizer != "rmsprop":
        lines.append(say("optimizer", at=place, found=optimizer))
    if loss != "categorical_crossentropy":
        lines.append(say("loss", at=place, found=loss or "None"))
    if lines:
        raise StudentFault("\n".join(lines), place)


@question("optimizer_and_loss")
def test_named_in_report(grading, say):
    prose = grading.submission.prose
    assert prose, say("no_report", at=report_place(grading))
    text = "\n".join(passage.text for passage in prose).replace("\\_", "_")
    missing = [
        name
        for name, pattern in (("RMSprop", OPTIMIZER_NAMED), ("categorical_crossentropy", LOSS_NAMED))
        if not pattern.search(text)
    ]
    assert not missing, say(
        "not_named", at=Place(prose[0].file, prose[0].line, prose[0].cell), names=", ".join(missing)
    )


# --- part 2: raw pixels


@question("raw_mlp")
def test_raw_layers(student, say):
    judge_layers("raw_mlp", chosen(student, "raw_mlp"), say)


@question("raw_mlp", weight=2, requires=["test_raw_layers"])
def test_raw_accuracy(student, reference, trial, award):
    model = chosen(student, "raw_mlp")
    compiled = compiled_of(model)
    asked = compiled and (compiled.optimizer.name, loss_of(model)) == ("rmsprop", "categorical_crossentropy")
    # a wrong optimizer or loss is told in part 1, and not here once more
    fair = trial if asked and model.compiled else dataclasses.replace(trial, loss="categorical_crossentropy")
    conclude(
        fair.judge_free(model, reference.raw_mlp(), lambda: floor_of(trial, linear(reference), -1)), award, model
    )


# --- part 2: HOG


def hog_vectors(images, orientations, norm="L2-Hys", *, root=False):
    """(N, orientations * 49) float32, cells of 4x4 pixels in blocks of one cell, by scikit-image itself."""
    from skimage.feature import hog

    return np.array(
        [hog(image, orientations, (CELL, CELL), (1, 1), block_norm=norm, transform_sqrt=root) for image in images],
        "float32",
    )


def judge_features(student, data, say, orientations):
    """Fail unless the student's vectors are those of scikit-image; how a block is normalised is left free."""
    function = student.hog_features
    place = student.place("hog_features")
    images = data.mnist.train.images[:6]
    if isinstance(function, Function):
        found = rows_of(function(*((images,) if orientations == ORIENTATIONS[0] else (images, orientations))))
        width = HOG_SIZES[orientations]
    else:
        # a variable holds the vectors of a whole set, of as many orientations as it was made with
        array = function()
        assert isinstance(array, Array), say("no_vectors", at=place)
        rows = sample_rows(len(array), 6)
        images = data.mnist.train.images[np.asarray(rows) % len(data.mnist.train.images)]
        found = array.values_at(rows)
        width = found.shape[1] if found.ndim == 2 and found.shape[1] in HOG_SIZES.values() else HOG_SIZES[8]
    assert found is not None, say("no_vectors", at=place)
    expected = (len(images), width)
    assert found.shape == expected, say(
        "vector_shape", at=place, found=shape_text(found.shape), expected=shape_text(expected), n=orientations
    )
    wanted = width * CELL**2 // PIXELS
    for norm, root in product(("L2-Hys", "L2", "L1", "L1-sqrt"), (False, True)):
        if np.allclose(found, hog_vectors(images, wanted, norm, root=root), atol=2e-3):
            return
    pytest.fail(say("other_vectors", at=place), pytrace=False)


def rows_of(value):
    """What a function gives, as (N, …): an array, or a list of arrays."""
    if isinstance(value, Array):
        return value.values_at(range(len(value)))
    if isinstance(value, (tuple, list)) and value and all(isinstance(each, Array) for each in value):
        rows = [each.values_at(range(len(each))) for each in value]
        return np.array(rows) if len({row.shape for row in rows}) == 1 else None
    return np.array(value) if isinstance(value, list) else None


@question("hog_features", weight=2)
def test_hog_eight(student, data, say):
    judge_features(student, data, say, 8)


@question("hog_features", requires=["test_hog_eight"])
def test_hog_sixteen(student, data, say):
    judge_features(student, data, say, 16)


@question("hog_mlp")
def test_hog_layers(student, say):
    model = chosen(student, "hog_mlp")
    judge_layers("hog_mlp", model, say)
    function = student.hog_mlp if student.match("hog_mlp") else None
    if isinstance(function, Function) and function.definition.parameters:
        wide = dataclasses.replace(function(HOG_SIZES[16]), input_shape=(HOG_SIZES[16],))
        right = [size(each.facts.input_shape) for each in (model, wide)] == list(HOG_SIZES.values())
        assert right, say("fixed_size", at=model.place or function.place)


def seen_as_hog(orientations):
    """Gives images (N, 28, 28, 1) to a model as their HOG vectors, each set computed once."""
    known = {}

    def taken(architecture, images):
        if len(images) not in known:
            known[len(images)] = hog_vectors(images[..., 0], orientations)
        return input_for(architecture, known[len(images)])

    return taken


@question("hog_mlp", weight=2, requires=["test_hog_layers"])
def test_hog_accuracy(student, reference, trial, award):
    model = chosen(student, "hog_mlp")
    orientations = size(model.facts.input_shape) * CELL**2 // PIXELS
    hog_trial = dataclasses.replace(trained(trial, model), taken=seen_as_hog(orientations))
    like = reference.hog_mlp(HOG_SIZES[orientations])
    conclude(hog_trial.judge_free(model, like, lambda: floor_of(trial, linear(reference), -1)), award, model)


# --- part 2: CNN


@question("cnn")
def test_cnn_layers(student, say):
    judge_layers("cnn", chosen(student, "cnn"), say)


@question("cnn")
def test_cnn_pooling(student, say):
    model = chosen(student, "cnn")
    dead = dead_pools(model)
    if dead:
        lines = [
            say("dead_pool", at=layer.place or model.place, name=layer.name, kind=layer.kind)
            for layer in reversed(dead)
        ]
        raise StudentFault("\n".join(reversed(lines)), say.place)


@question("cnn", weight=2, requires=["test_cnn_layers"])
def test_cnn_accuracy(student, reference, trial, award):
    model = chosen(student, "cnn")
    fair = trained(trial, model)
    conclude(
        fair.judge_free(model, reference.cnn(), lambda: floor_of(trial, reference.raw_mlp(), +1)), award, model
    )


# --- the report


def judged_claims(student, grading, say, kinds):
    """Fail with the contradictions of these kinds between the report, its own figures, and the models."""
    prose = grading.submission.prose
    assert prose, say("no_report", at=report_place(grading))
    claims = claims_in(prose)
    assert claims.counted, say("no_counts", at=Place(prose[0].file, prose[0].line, prose[0].cell))
    models = [model for given in GIVENS for model in models_in(student, given) if is_described(model)]
    found = [each for each in contradictions(claims, counts_of(models)) if each.kind in kinds]
    if found:
        known = ", ".join(number(total) for total in sorted({model.parameters for model in models}))
        texts = [
            say(each.kind, at=each.place, found=shown(each.found), expected=shown(each.expected), known=known)
            for each in reversed(found[:MAX_TOLD])
        ]
        raise StudentFault("\n".join(reversed(texts)), say.place)
    return claims


def is_described(model):
    try:
        return bool(model.parameters)
    except StudentFault:
        return False


def counts_of(models):
    """Every count of parameters that a report may give of ``models``: of each, of its layers, of what it learns."""
    counts = set()
    for model in models:
        counts |= {model.parameters, model.facts.trainable_parameters or 0}
        counts |= {unit.parameters for unit in model.architecture.units}
        counts.add(model.parameters - (model.facts.trainable_parameters or 0))
    return counts


def shown(value):
    return number(value) if isinstance(value, int) else value


@question("report_counts")
def test_calculations(student, grading, say):
    judged_claims(student, grading, say, ("calculation",))


@question("report_counts")
def test_tables(student, grading, say):
    judged_claims(student, grading, say, ("sum", "row"))


@question("report_counts")
def test_totals(student, grading, say):
    claims = judged_claims(student, grading, say, ("total", "unknown"))
    results = [grading.result(f"test_{name}_accuracy") for name in ("raw", "hog", "cnn")]
    measured = [result.evidence["accuracy"] for result in results if result and "accuracy" in result.evidence]
    if claims.accuracies and measured:
        best = max(claims.accuracies, key=lambda claim: claim.value)
        details = {"claimed": percent(best.value, 2), "measured": percent(max(measured), 2)}
        student.note(Remark("claimed_accuracy", details, best.place))


# --- confusion matrix

ROWS = 250


# a pixel for each class, in an order of which no class can be told but by the model
PIXEL_OF = 400 + 3 * (7 * np.arange(CLASSES) % CLASSES)


def reading_those_pixels():
    """Weights of a linear classifier that reads the class off the pixels ``PIXEL_OF``."""
    kernel = np.zeros((PIXELS, CLASSES), "float32")
    kernel[PIXEL_OF] = 20 * np.eye(CLASSES)
    return Tensor.of(kernel), Tensor.of(np.zeros(CLASSES, "float32"))


@question("confusion")
def test_confusion(student, say):
    function = student.confusion
    place = student.place("confusion")
    predicted = np.arange(ROWS) % CLASSES
    images = np.zeros((ROWS, PIXELS), "float32")
    images[np.arange(ROWS), PIXEL_OF[predicted]] = 1
    truth = predicted.copy()
    # no two errors alike, so that rows and columns cannot be mistaken for each other
    truth[:60] = (truth[:60] + 1 + np.arange(60) % 3) % CLASSES
    right = np.zeros((CLASSES, CLASSES), int)
    np.add.at(right, (truth, predicted), 1)
    assert isinstance(function, Function), say("no_matrix", at=place)
    first = None
    for y in (np.eye(CLASSES, dtype="float32")[truth], truth.astype("int64")):
        run = function.run(linear(student, reading_those_pixels()), images, y)
        try:
            found = matrix_of(run)
        except StudentFault as fault:
            first = first or fault
            continue
        if found is not None and found.shape == right.shape and np.array_equal(found, right):
            return
        key = (
            "no_matrix" if found is None else "matrix_turned" if np.array_equal(found, right.T) else "other_matrix"
        )
        first = StudentFault(say(key, at=place), place)
    raise first


def matrix_of(run):
    """The matrix that a call gives, else the last hundred whole numbers that it prints; None for neither."""
    value = rows_of(run.value)
    if value is not None:
        return value
    printed = [int(digits) for digits in re.findall(r"(?<![\d.])\d+(?![\d.]*\d)", run.effects.printed)]
    return np.array(printed[-(CLASSES**2) :]).reshape(CLASSES, CLASSES) if len(printed) >= CLASSES**2 else None


# --- part 4: chest X-rays

F1 = re.compile(r"\bf[\s_-]?1\b|f-?mesure|f-?measure", re.IGNORECASE)
VALUE = re.compile(r"(?<![\w.,])(?:0?[.,]\d+|1[.,]0+|\d{1,3}(?:[.,]\d+)?\s?%)")


def gives_f1(text):
    """Whether a line has F1 and a value; in a table, whose heading names the precision as well, a line below it has."""
    lines = [line for line in text.splitlines() if line.strip()]
    for at, line in enumerate(lines):
        below = 3 if re.search("pr[ée]cision", line, re.IGNORECASE) else 1
        if F1.search(line) and any(VALUE.search(each) for each in lines[at : at + below]):
            return True
    return False


@question("pneumonia")
def test_pneumonia_layers(student, say):
    judge_layers("pneumonia_cnn", chosen(student, "pneumonia_cnn"), say)


@question("pneumonia", weight=2, requires=["test_pneumonia_layers"])
def test_pneumonia_accuracy(student, reference, xrays, award):
    model = chosen(student, "pneumonia_cnn")
    expected = reference.pneumonia_cnn(GIVEN["pneumonia_cnn"][0])
    outputs = model.facts.output_shape[-1]
    fair = trained(xrays, model, "binary_crossentropy" if outputs == 1 else "categorical_crossentropy")
    conclude(fair.judge_free(model, expected, lambda: beyond_luck(xrays, expected)), award, model)


def beyond_luck(trial, model):
    """The majority's share, and above it what luck does once in a hundred."""
    share = float(trial.holdout_labels.mean())
    return max(share, 1 - share) + margin(trial.lucky(model), DOUBT_PROBABILITY)


@question("pneumonia")
def test_f1(student, grading, say):
    texts = [passage.text for passage in grading.submission.prose]
    given = any(gives_f1(text) for text in (*texts, student.loaded.effects.printed))
    assert given, say("no_f1", at=student.place("pneumonia_cnn") or report_place(grading))
