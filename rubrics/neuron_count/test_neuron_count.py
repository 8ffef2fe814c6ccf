"""The checks of lab 4: a notebook judged by its variables, and by the fits that ran at its top level.

What a fit was given is compared with the data, or with the student's own X_train and y_train: those are judged once, in
``preprocessing``, so that a mistake in them costs no model its points.
"""

import ast
import re

import numpy as np
import pytest
from msgspec.structs import replace

from checker.architecture import compile_faults
from checker.evidence import Remark, Setting
from checker.expression import AsKind, Attribute
from checker.handle import Other
from checker.language import number, percent
from checker.rubric import (
    Array,
    Function,
    Inconclusive,
    Missing,
    StudentFault,
    holds_pairs_of,
    holds_rows_of,
    images_given,
    layers_alike,
    model_of,
    question,
    shape_text,
)
from checker.scorecard import Outcome
from checker.sweep import accepted, stored

SCALE = 255.0
SPLIT, PATIENCE, EVERY = 0.15, 10, 5
# those of MNIST's training set
IMAGES = 60000
# a share of 15 % may be a whole number of images more or less
ROUNDING = 1e-3
EPOCHS = range(12)
ACCURACIES = ("accuracy", "acc", "categorical_accuracy", "sparse_categorical_accuracy")
SPARSE = "sparse_categorical_crossentropy"


def fail(text):
    pytest.fail(text, pytrace=False)


# --- preprocessing


def pixels(shape, highest=255):
    """Pixels of every brightness up to ``highest``, uint8."""
    found = np.random.default_rng(11).integers(0, highest + 1, shape).astype("uint8")
    found.flat[:2] = highest, 0
    return found


def preparing(student):
    """The student's preprocessing: what bears its name, else a function that does what it should."""
    definition = student.find("preprocessing")
    if definition is not None:
        return Function(student, definition, ("tableau",))
    raw = pixels((6, 28, 28))
    for each in student.definitions.values():
        if each.kind == "function" and len(each.required) == 1:
            function = Function(student, each)
            try:
                found = prepared(function, raw)
            except StudentFault:
                continue
            if found is not None and found.shape == raw.shape and np.allclose(found, raw / SCALE, atol=1e-6):
                student.note(Remark("other_name", {"wanted": "preprocessing", "found": each.name}, each.place))
                return function
    raise Missing(student.missing("preprocessing"))


def prepared(function, raw):
    """What it gives for ``raw``, None where that is no array."""
    value = function(raw)
    return value.values_at(range(len(value))) if isinstance(value, Array) and value.shape else None


def wrong_pixel(found, raw):
    """(raw, found, expected) of a pixel that is not divided by 255, None where all are."""
    found, raw = found.ravel().astype("float64"), raw.ravel()
    wrong = np.flatnonzero(~np.isclose(found, raw / SCALE, atol=1e-5))
    if not len(wrong):
        return None
    worst = wrong[raw[wrong].argmax()]
    return {"raw": raw[worst], "found": f"{found[worst]:.4g}", "expected": f"{raw[worst] / SCALE:.4g}"}


@question("preprocessing", weight=2)
def test_pixels(student, say):
    function, raw = preparing(student), pixels((6, 28, 28))
    found, told = prepared(function, raw), {"at": function.place, "name": function.definition.name}
    assert found is not None, say("not_an_array", **told)
    assert found.size == raw.size, say("shape", **told, found=shape_text(found.shape), expected="(6, 28, 28)")
    wrong = wrong_pixel(found, raw)
    assert wrong is None, say("not_divided", **told, **(wrong or {}))


@question("preprocessing", requires=["test_pixels"])
def test_float32(student, say):
    function = preparing(student)
    found = prepared(function, pixels((6, 28, 28))).dtype
    assert found == np.float32, say("dtype", at=function.place, name=function.definition.name, found=found)


@question("preprocessing", requires=["test_pixels"])
def test_any_array(student, say):
    function = preparing(student)
    told = {"at": function.place, "name": function.definition.name}
    for raw in (pixels((6, 28, 28)), pixels((3, 28, 28), highest=90), pixels((50,)), pixels((2, 5, 4, 3))):
        found = prepared(function, raw)
        same = found is not None and found.shape == raw.shape
        shape = "" if found is None else shape_text(found.shape)
        assert same, say("shape", **told, found=shape, expected=shape_text(raw.shape))
        wrong = wrong_pixel(found, raw)
        assert wrong is None, say("own_extremes", **told, **(wrong or {}))


@question("preprocessing", requires=["test_pixels"])
def test_untouched(student, say):
    function = preparing(student)
    for raw in (pixels((4, 28, 28)), pixels((4, 28, 28)).astype("float32")):
        run = function.run(raw)
        run.value  # noqa: B018 - raises where it does not come to its end
        after = run.argument(0)
        same = isinstance(after, Array) and np.array_equal(after.values_at(range(len(raw))), raw)
        assert same, say("touched", at=function.place, name=function.definition.name)


def array_named(student, name):
    """The student's array under the lab's name, and where it is; (None, None) where there is none."""
    definition = student.find(name)
    value = student.variable(definition) if definition is not None else None
    return (value, definition.place) if isinstance(value, Array) else (None, None)


@question("preprocessing")
def test_arrays(student, data, grading, say):
    known = grading.result("test_pixels")
    # a mistake in preprocessing itself was told there
    told_there = known is not None and known.outcome is Outcome.failed
    for part, split in (("train", data.mnist.train), ("test", data.mnist.test)):
        (x, x_place), (y, y_place) = (array_named(student, f"{axis}_{part}") for axis in "Xy")
        if x is None or y is None:
            if part == "test" or any(on(fit, split) for fit in student.fits):
                continue
            if told_there:
                pytest.skip(grading.waits_for("test_pixels"))
            raise Missing(student.missing("y_train" if x is not None else "X_train"))
        told = {"part": say(f"of_{part}")}
        if not holds_pairs_of(x.facts, y.facts, split.images, split.labels):
            images = holds_rows_of(x.facts, split.images)
            assert images, say("other_images", at=x_place, name=f"X_{part}", **told)
            fail(say("other_labels", at=y_place, name=f"y_{part}", **told))
        low, high = x.facts.minimum or 0.0, x.facts.maximum or 0.0
        scaled = low >= 0 and 0.5 < high <= 1.0001
        if not scaled and told_there:
            pytest.skip(grading.waits_for("test_pixels"))
        assert scaled, say("raw_images", at=x_place, name=f"X_{part}", low=f"{low:.3g}", high=f"{high:.3g}")


# --- models and their fits


def on(fit, split):
    return holds_pairs_of(fit.x, fit.y, split.images, split.labels)


def own(student, fit):
    """Whether a fit was given the student's own X_train and y_train, whatever is in them."""
    pairs = ((fit.x, array_named(student, "X_train")[0]), (fit.y, array_named(student, "y_train")[0]))
    return all(given is not None and mine is not None and given.rows == mine.facts.rows for given, mine in pairs)


def images_of(fit, data):
    """How many training images a fit was given; all of them where that cannot be told."""
    count = images_given(fit, with_validation=kept_apart(fit, data) is not None)
    return IMAGES if count is None else count


class Network:
    """A model of the student's and the fits that trained it."""

    def __init__(self, student, reference, name):
        self.student, self.name = student, name
        self.expected = getattr(reference, name)
        self.model = model_of(student, reference, name)
        definition = student.match(name)
        self.called = definition.name if definition else name
        number = self.model.facts.number
        same = [fit for fit in student.fits if fit.model == number and number is not None]
        # a model that was built anew after its training is another one by now
        self.fits = same or [fit for fit in student.fits if fit.parameters == self.expected.parameters]

    def layers(self, award):
        """Raises StudentFault unless it is the model asked for. The models differ in one number: no part of it earns points."""
        try:
            layers_alike(self.model, self.expected, award)
        except StudentFault:
            award(0.0)
            raise

    def compile_faults(self, *, metrics=False):
        """Loss and, where asked for, metrics: one-hot labels and integers each have their loss, the optimizer is free."""
        wanted = self.expected.compiled
        labels = next((fit.y for fit in self.fits if fit.y is not None), None)
        if labels is None:
            array = array_named(self.student, "y_train")[0]
            labels = array.facts if array else None
        if labels is not None and (len(labels.shape) == 1 or labels.shape[-1] == 1):
            wanted = replace(wanted, loss=(Setting(SPARSE),))
        if not metrics:
            wanted = replace(wanted, metrics=())
        return list(compile_faults(self.model.compiled, wanted, any_optimizer=True))

    def compiled(self, *, metrics=False):
        """Raises StudentFault where the model is not compiled for its labels."""
        compiled = self.model.compiled
        if faults := self.compile_faults(metrics=metrics):
            raise StudentFault("\n".join(faults), (compiled and compiled.place) or self.model.place)

    def trained(self, grading, data, say):
        """Its fits on the training images, one at least; raises what keeps it from being trained."""
        self.compiled()
        if not self.fits:
            stopped = self.stopped(grading)
            if stopped is not None:
                told = {"error": stopped.error, "message": stopped.message.partition("\n")[0]}
                fail(say("fit_stops", at=stopped.trace[-1], name=self.called, **told))
            fail(say("no_fit", at=self.model.place, name=self.called))
        right = [fit for fit in self.fits if own(self.student, fit) or on(fit, data.mnist.train)]
        place = self.fits[0].place
        tested = any(on(fit, data.mnist.test) for fit in self.fits)
        assert right or not tested, say("fit_on_test", at=place, name=self.called)
        assert right, say("fit_on_other", at=place, name=self.called)
        most = max(images_of(fit, data) for fit in right)
        told = {"found": number(most), "expected": number(IMAGES)}
        assert most >= IMAGES, say("fit_on_part", at=place, name=self.called, **told)
        return right

    def stopped(self, grading):
        """What ended a statement that trains this model, if one did not come to its end."""
        for failure in self.student.loaded.failures:
            lines = [grading.submission.line(place) for place in failure.trace]
            if any(re.search(rf"\b{re.escape(self.called)}\b", line) for line in lines):
                return failure
        return None


@pytest.fixture
def working(student, grading):
    """The submission; where nothing could be trained for want of preprocessing, with the reference's for its own."""
    lacking = not student.fits and student.match("preprocessing") is not None
    return grading.mended("preprocessing") if lacking else student


@pytest.fixture
def network(working, reference):
    return lambda name: Network(working, reference, name)


@question("nn0")
def test_nn0_layers(network, award):
    network("nn0").layers(award)


@question("nn0")
def test_nn0_compiled(network):
    network("nn0").compiled(metrics=True)


@question("nn0")
def test_nn0_trained(network, grading, data, say):
    network("nn0").trained(grading, data, say)


# --- the monitor


def logs_of(epoch, names):
    """The logs of an epoch, each value unlike any other of the epoch, rounded as one may."""
    values = {
        name: (1.7352 - 0.0719 * epoch if "loss" in name else 0.6137 + 0.0213 * epoch) + 0.1331 * rank
        for rank, name in enumerate(sorted(names, key=lambda name: name.startswith("val_")))
    }
    return {name: round(value, 4) for name, value in values.items()}


class Monitor:
    """The student's monitor: where it is defined, and what it prints at each epoch as fit would call it."""

    def __init__(self, student):
        self.student = student
        self.definition = student.find("Moniteur") or self._passed()
        if self.definition is None:
            raise Missing(student.missing("Moniteur"))
        self.name, self.place = self.definition.name, self.definition.place

    def _passed(self):
        """A class under another name that is given to fit as a callback."""
        passed = {each.name.removeprefix("custom:") for fit in self.student.fits for each in fit.callbacks
                  if each.name.startswith("custom:")}  # fmt: skip
        return next((d for d in self.student.definitions.values() if d.kind == "class" and d.name in passed), None)

    def objects(self):
        """Objects of the class that the top level made and that have a name."""
        for each in self.student.definitions.values():
            if each.kind == "other":
                value = self.student.variable(each)
                if isinstance(value, Other) and value.sort.python_type == self.name:
                    yield value

    def made(self, say):
        """An object of the class, one of the student's own where the grader cannot make any."""
        if self.definition.kind not in ("class", "function"):
            value = self.student.variable(self.definition)
        else:
            try:
                value = Function(self.student, self.definition)()
            except StudentFault:
                value = next(self.objects(), None)
                if value is None:
                    raise
        assert isinstance(value, Other), say("not_an_object", at=self.place, name=self.name)
        return value

    def type_names(self, say):
        """The names under which a fit knows it."""
        kind = self.name if self.definition.kind == "class" else self.made(say).sort.python_type
        return {kind, f"custom:{kind}"}

    def logs(self):
        """The names in the logs of the fits that it was passed to, or of any fit."""
        fits = sorted(self.student.fits, key=lambda fit: len(fit.history))
        mine = [fit for fit in fits if any(self.name in each.name for each in fit.callbacks)]
        return list((mine or fits)[-1].history) if fits else ["accuracy", "loss", "val_accuracy", "val_loss"]

    def printed(self, reference, say):
        """What is printed at each of ``EPOCHS``, with the logs that it was given."""
        value = self.made(say)
        try:
            self.student.ask(Attribute(value.subject, "set_model"), AsKind())
        except StudentFault:
            fail(say("not_a_callback", at=self.place, name=self.name))
        run = value.run
        begun = [
            run("set_params", {"verbose": 0, "epochs": len(EPOCHS), "steps": 1}),
            run("set_model", reference.nn0),
            run("on_train_begin", {}),
        ]
        for each in begun:
            each.value  # noqa: B018 - raises where it does not come to its end
        names, told = self.logs(), []
        for epoch in EPOCHS:
            logs = logs_of(epoch, names)
            calls = run("on_epoch_begin", epoch, {}), run("on_epoch_end", epoch, logs)
            for each in calls:
                each.value  # noqa: B018 - raises where it does not come to its end
            told.append((epoch, logs, "".join(each.effects.printed for each in calls).strip()))
        return told


RIGHT_EPOCHS = [epoch for epoch in EPOCHS if epoch % EVERY == 0]
FROM_ONE = [epoch for epoch in EPOCHS if (epoch + 1) % EVERY == 0]


@question("monitor")
def test_monitor_when(student, reference, say):
    monitor = Monitor(student)
    found = [epoch for epoch, _logs, printed in monitor.printed(reference, say) if printed]
    told = {"at": monitor.place, "name": monitor.name}
    assert found, say("prints_nothing", **told)
    assert found != list(EPOCHS), say("prints_always", **told)
    listed = ", ".join(map(str, found))
    assert found != FROM_ONE, say("prints_from_one", **told, found=listed)
    assert found == RIGHT_EPOCHS, say(
        "prints_at", **told, found=listed, expected=", ".join(map(str, RIGHT_EPOCHS))
    )


@question("monitor")
def test_monitor_what(student, reference, say, award):
    monitor = Monitor(student)
    told = {"at": monitor.place, "name": monitor.name}
    found = [each for each in monitor.printed(reference, say) if each[2]]
    assert found, say("prints_nothing", **told)
    # counting from 1 is told by when it prints
    from_one = [epoch for epoch, _logs, _printed in found] == FROM_ONE
    for epoch, logs, printed in found:
        told |= {"epoch": epoch, "printed": printed.splitlines()[0][:80]}
        whole = {int(text) for text in numbers(printed) if text.isdigit()}
        if epoch not in whole and not (from_one and epoch + 1 in whole):
            assert epoch + 1 in whole, say("no_number", **told)
            award(0.5)
            fail(say("off_by_one", **told, found=epoch + 1))
        needed = [name for name in logs if not name.startswith("val_")]
        missing = [name for name in needed if not any(is_rounded(text, logs[name]) for text in numbers(printed))]
        assert len(missing) < len(needed), say("no_logs", **told)
        if missing:
            award(0.5)
            fail(say("some_logs", **told, missing=", ".join(missing)))


def numbers(text):
    return re.findall(r"\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?", text)


def is_rounded(text, value):
    """Whether a printed number is ``value``, rounded or as a percentage."""
    text = text.replace(",", ".")
    decimals = len(re.split(r"[eE]", text)[0].partition(".")[2])
    if "e" in text.lower():
        return abs(float(text) - value) < 0.01 * value
    half = 0.5 * 10**-decimals + 1e-9
    return (decimals > 0 and abs(float(text) - value) <= half) or abs(float(text) - 100 * value) <= half


@question("monitor")
def test_monitor_passed(working, say):
    monitor = Monitor(working)
    passed = [(each.name, fit.place) for fit in working.fits for each in fit.callbacks]
    if any(name in monitor.type_names(say) for name, _place in passed):
        return
    place = next((place for name, place in passed if name == "custom:type"), None)
    assert place is None, say("class_passed", at=place, name=monitor.name)
    fail(say("not_passed", at=monitor.place, name=monitor.name))


# --- one neuron


@question("nn2")
def test_nn2_layers(network, award):
    network("nn2").layers(award)


@question("nn2")
def test_nn2_trained(network, grading, data, say):
    nn2 = network("nn2")
    shares = [(fit, kept_apart(fit, data)) for fit in nn2.trained(grading, data, say)]
    if any(share is not None and abs(share - SPLIT) < ROUNDING for _fit, share in shares):
        return
    fit, share = shares[0]
    told = {"at": fit.place, "name": nn2.called}
    tested = fit.validation_x is not None and share is None
    assert not tested, say("validates_on_test", **told)
    assert share, say("no_split", **told)
    fail(say("other_split", **told, found=percent(share), expected=percent(SPLIT, 0)))


def kept_apart(fit, data):
    """The share of the training images that validate, 0 for none, None where it is others that do."""
    if fit.validation_x is None:
        return fit.validation_split
    if not holds_pairs_of(fit.validation_x, fit.validation_y, data.mnist.train.images, data.mnist.train.labels):
        return None
    validate, train = fit.validation_x.shape[0], fit.x.shape[0]
    return validate / (validate + train)


# --- early stopping: two neurons, three neurons


def stops(fits, say, name):
    """(fit, settings) of each EarlyStopping; a callback derived from it has its settings, too."""
    found = [
        (fit, each.config) for fit in fits for each in fit.callbacks
        if {"monitor", "patience", "restore_best_weights"} <= each.config.keys()
    ]  # fmt: skip
    assert found, say("no_stopping", at=fits[0].place, name=name)
    return found


def monitor_fault(fit, settings):
    """(sentence, values) where what is watched cannot tell the best epoch; None where it can."""
    monitor, known = settings["monitor"], sorted(fit.history)
    short = monitor.replace("accuracy", "acc")
    # `acc` is an old spelling of `accuracy`, in either place
    if short not in {name.replace("accuracy", "acc") for name in known}:
        return "not_measured", {"found": monitor, "known": ", ".join(known)}
    wrong = "max" if "loss" in monitor else "min"
    if settings.get("mode") == wrong:
        return "wrong_mode", {"found": wrong, "monitor": monitor}
    return None


@question("nn3")
def test_nn3_layers(network, award):
    network("nn3").layers(award)


@question("nn3")
def test_nn3_monitored(network, grading, data, say):
    nn3 = network("nn3")
    faults = []
    for fit, settings in stops(nn3.trained(grading, data, say), say, nn3.called):
        monitor = settings["monitor"]
        fault = monitor_fault(fit, settings)
        if monitor.removeprefix("val_") not in ACCURACIES or not monitor.startswith("val_"):
            fault = "other_monitor", {"found": monitor, "expected": "val_accuracy"}
        if fault is None:
            return
        faults.append((fit, *fault))
    fit, sentence, values = faults[0]
    fail(say(sentence, at=fit.place, **values))


@question("nn3")
def test_nn3_patience(network, grading, data, say):
    nn3 = network("nn3")
    found = stops(nn3.trained(grading, data, say), say, nn3.called)
    if not any(settings["patience"] == PATIENCE for _fit, settings in found):
        fit, settings = found[0]
        fail(say("patience", at=fit.place, found=settings["patience"], expected=PATIENCE))


@question("nn4")
def test_nn4_layers(network, award):
    network("nn4").layers(award)


def restoring(nn4, grading, data, say):
    """The fits that end with the best weights; raises what keeps all of them from it."""
    fits, faults = [], []
    for fit, settings in stops(nn4.trained(grading, data, say), say, nn4.called):
        fault = None if settings["restore_best_weights"] else ("no_restore", {})
        fault = fault or monitor_fault(fit, settings)
        if fault is None:
            fits.append(fit)
        else:
            faults.append((fit, *fault))
    if not fits:
        fit, sentence, values = faults[0]
        fail(say(sentence, at=fit.place, **values))
    return fits


@question("nn4")
def test_nn4_restores(network, grading, data, say):
    restoring(network("nn4"), grading, data, say)


@question("nn4")
def test_nn4_final(network, grading, data, say):
    nn4 = network("nn4")
    last = nn4.fits[-1] if nn4.fits else None
    fits = restoring(nn4, grading, data, say)
    assert last in fits, say("trained_again", at=last.place)
    assert nn4.model.digest == last.weights, say("other_weights", at=nn4.model.place)


# --- the answer

TRAINING = frozenset({"fit", "evaluate", "predict", "history", "train_on_batch", "test_on_batch"})
GROWING = frozenset({"append", "extend", "insert", "add", "update", "setdefault"})


def touched(node):
    """The names that a statement binds, fills or lets grow."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return {node.name}
    found = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            found.add(each.id)
        elif (
            isinstance(each, ast.Subscript)
            and isinstance(each.ctx, ast.Store)
            and isinstance(each.value, ast.Name)
        ) or (isinstance(each, ast.Attribute) and each.attr in GROWING and isinstance(each.value, ast.Name)):
            found.add(each.value.id)
    return found


def results_from_training(submission, name):
    """Whether a name's value depends, through other names of the top level, on a training or an evaluation."""
    statements = [node for block in submission.blocks for node in ast.parse(block.code).body]
    bound = {each for node in statements for each in touched(node)}
    waiting, seen = [name], {name}
    while waiting:
        wanted = waiting.pop()
        for node in statements:
            if wanted not in touched(node):
                continue
            inside = list(ast.walk(node))
            if any(isinstance(each, ast.Attribute) and each.attr in TRAINING for each in inside):
                return True
            more = {each.id for each in inside if isinstance(each, ast.Name)} & bound - seen
            seen |= more
            waiting += more
    return False


def width_of(value):
    """A whole number, however it is given; None for anything else."""
    if isinstance(value, str) and value.strip().isdigit():
        return int(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value == value // 1:
        return int(value)
    return None


def judge_width(student, grading, data, name, say):
    definition = student.find(name)
    computed = results_from_training(grading.submission, definition.name if definition else name)
    if definition is None:
        if computed and name in grading.submission.defined:
            raise Inconclusive(say("computed", name=name))
        raise Missing(student.missing(name))
    value, told = student.variable(definition), {"at": definition.place, "name": definition.name}
    written = not (isinstance(value, Other) and value.sort.python_type == "ellipsis")
    assert written, say("to_write", **told)
    width = width_of(value)
    if (width is None or width < 1) and not computed:
        shown = value.sort.python_type if isinstance(value, Other) else value
        fail(say("not_a_width", **told, found=shown))
    sweep = stored(grading.lab).get(data.digest)
    if sweep is None:
        unswept(student, grading, data, width, told, say)
        return
    reach = grading.lab.rubric.sweep.reach[name]
    low, high = accepted(sweep.accuracies, reach)
    told |= {"found": width, "reach": number(reach, 2), "data": data.source}
    if width is not None and low <= width and (high is None or width <= high):
        return
    if computed:
        raise Inconclusive(say("computed", name=name))
    assert width >= low, say("too_narrow", **told)
    fail(say("too_wide", **told))


def unswept(student, grading, data, width, told, say):
    """On data that nobody swept, two answers can only be compared with each other: nothing else is known."""
    widths = {}
    for name in grading.lab.rubric.sweep.reach:
        definition = student.match(name)
        widths[name] = width_of(student.variable(definition)) if definition else None
    low, high = widths["n_min_90"], widths["n_min_95"]
    ordered = low is None or high is None or low <= high
    assert ordered, say("wrong_order", at=told["at"], low=low, high=high)
    command = f"python -m checker.sweep {grading.lab.name} --data …"
    raise Inconclusive(say("never_swept", data=data.source, command=command))


@question("answer")
def test_n_min_90(student, grading, data, say):
    judge_width(student, grading, data, "n_min_90", say)


@question("answer")
def test_n_min_95(student, grading, data, say):
    judge_width(student, grading, data, "n_min_95", say)
