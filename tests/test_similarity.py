"""Copies are told through their disguises, and solutions of one lab that were written apart are not.

``python tests/test_similarity.py`` prints the table of docs/similarity.md. The solutions at the end of this module were
written for it, each as another student would: two along the handout, some in the template, some each in a way of its own.
"""

from __future__ import annotations

import ast
import json
import random
import time
from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations

import msgspec
import numpy as np
import pytest
from labs import LABS, ROOT, cases

from checker import similarity
from checker.findings import EQUIVALENT, MUTANT
from checker.mutants import variants
from checker.notebook import read_notebook
from checker.protocol import Block
from checker.similarity import FEW, FOUND, LEAST, SHARE, Pair, Prints, pairs, places, prints_of, side_by_side
from checker.template import BEGIN, END, notebook


def blocks(code: str) -> list[Block]:
    """A script, or a notebook, as a submission is read."""
    return list(read_notebook("lab.ipynb", code).blocks) if code.startswith("{") else [Block(code, "lab.py")]


@cache
def template(lab: str, handout: bool = False) -> Prints:
    """What was handed out: the template, and with ``handout`` the code that the handout prints."""
    given = blocks((ROOT / "student_template" / lab / f"{lab}.py").read_text("utf-8"))
    return prints_of([*given, *(blocks(cases(lab).SEED) if handout else ())], None)


@cache
def of(lab: str, code: str, handout: bool = False) -> Prints:
    return prints_of(blocks(code), template(lab, handout))


@cache
def reference(lab: str) -> str:
    lines = (ROOT / "reference" / lab / f"{lab}.py").read_text("utf-8").splitlines()
    return "\n".join(line for line in lines if line.strip() not in (BEGIN, END)) + "\n"


def solutions(lab: str) -> dict[str, str]:
    return {**SOLUTIONS.get(lab, {}), "reference": reference(lab)}


def hashes(prints: Prints) -> set[int]:
    return set(np.frombuffer(prints.fingerprints, FOUND)["hash"].tolist())


def share(one: Prints, other: Prints) -> float:
    """As ``Pair.share``, in a class in which nothing is common."""
    mine, theirs = hashes(one), hashes(other)
    return len(mine & theirs) / max(1, min(len(mine), len(theirs)))


# --- disguises -------------------------------------------------------------------------------------------------


class _Renamed(ast.NodeTransformer):
    """Every name that the code gives is another one."""

    def __init__(self, tree: ast.AST) -> None:
        self.own = {
            node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        self.own |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        self.own |= {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
        self.own |= {node.asname for node in ast.walk(tree) if isinstance(node, ast.alias) and node.asname}
        self.fields = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        }

    def visit(self, node: ast.AST) -> ast.AST:
        for field in ("id", "arg", "name", "asname"):
            name = getattr(node, field, None)
            ours = name in self.own and not isinstance(node, (ast.keyword, ast.alias))
            if ours or (field == "asname" and name):
                setattr(node, field, f"other_{name}")
        if isinstance(node, ast.Attribute) and node.attr in self.fields:
            node.attr = f"other_{node.attr}"
        return self.generic_visit(node)


def renamed(code: str) -> str:
    tree = ast.parse(code)
    return ast.unparse(_Renamed(tree).visit(tree)) + "\n"


def reordered(code: str) -> str:
    """The functions and classes of the top level the other way round."""
    tree, lines = ast.parse(code), code.splitlines()
    functions = [node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    spans = [
        (min([node.lineno, *(each.lineno for each in node.decorator_list)]) - 1, node.end_lineno)
        for node in functions
    ]
    texts = [lines[first:last] for first, last in spans]
    for (first, last), text in zip(reversed(spans), texts, strict=True):
        lines[first:last] = text
    return "\n".join(lines) + "\n"


def laid_out(code: str) -> str:
    """Another layout: no comments nor docstrings, other quotes and numbers; then other comments, blank lines, brackets."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.Module)) and ast.get_docstring(node) is not None:
            node.body[:1] = [ast.Expr(ast.Constant("Autre texte."))]
    lines = ast.unparse(tree).splitlines()
    return "\n\n".join(f"{line}  # ligne {number}" for number, line in enumerate(lines)) + "\n"


def in_cells(code: str) -> str:
    """A notebook, a cell for each statement of the top level."""
    return notebook("".join(f"# %%\n{ast.unparse(node)}\n" for node in ast.parse(code).body))


def padded(code: str, every: int = 4) -> str:
    """A line more after every fourth line of a function."""
    tree, count = ast.parse(code), 0
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            body = []
            for statement in node.body:
                count += 1
                extra = ast.parse(f"print('étape', {count})").body if count % every == 0 else []
                body += [*extra, statement] if isinstance(statement, ast.Return) else [statement, *extra]
            node.body = body
    return ast.unparse(tree) + "\n"


def rewritten(code: str, times: int, seed: int) -> str:
    """One right form after another, each by an operator of checker.mutants drawn by chance."""
    chance = random.Random(seed)
    for _ in range(times):
        forms: dict[str, list[str]] = {}
        for each in variants(code, EQUIVALENT):
            if not each.text.startswith("{"):
                forms.setdefault(each.operator.name, []).append(each.text)
        code = chance.choice(forms[chance.choice(sorted(forms))])
    return code


DISGUISES: dict[str, Callable[[str], str]] = {
    "other names": renamed,
    "functions in another order": reordered,
    "another layout, other comments": laid_out,
    "a notebook, a cell a statement": in_cells,
    "all of these": lambda code: in_cells(laid_out(reordered(renamed(code)))),
}
SOLUTIONS_LABS = ("cnn_mnist", "mnist_models", "neuron_count")


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("lab", LABS)
def test_a_copy_is_a_copy_under_other_names_in_another_order_layout_and_file(lab: str, disguise: str) -> None:
    for name, code in solutions(lab).items():
        changed = DISGUISES[disguise](code)
        assert changed != code
        # not all: under other names, the lines of the template are not known as such
        assert share(of(lab, code), of(lab, changed)) > 0.9, name


@pytest.mark.parametrize("lab", LABS)
def test_lines_put_in_do_not_hide_a_copy(lab: str) -> None:
    for name, code in solutions(lab).items():
        assert share(of(lab, code), of(lab, padded(code))) > SHARE, name
        assert share(of(lab, code), of(lab, padded(renamed(reordered(code))))) > SHARE, name


@pytest.mark.parametrize("lab", LABS)
def test_neither_a_right_form_nor_a_mistake_hides_a_copy(lab: str) -> None:
    text = (ROOT / "reference" / lab / f"{lab}.py").read_text("utf-8")
    for kind in (EQUIVALENT, MUTANT):
        # every fifth: all of them, in the table
        for each in variants(text, kind)[::5]:
            assert share(of(lab, reference(lab)), of(lab, each.text)) > SHARE, each.name


@pytest.mark.parametrize("lab", ["cnn_mnist", "mnist_models"])
def test_three_rewritings_do_not_hide_a_copy(lab: str) -> None:
    assert share(of(lab, reference(lab)), of(lab, rewritten(reference(lab), 3, seed=1))) > 0.6


@pytest.mark.parametrize("lab", SOLUTIONS_LABS)
def test_solutions_written_apart_are_not_alike(lab: str) -> None:
    for one, other in combinations(solutions(lab).values(), 2):
        assert share(of(lab, one), of(lab, other)) < 0.45


@pytest.mark.parametrize("lab", ["cnn_mnist", "mnist_models"])
def test_with_the_code_of_the_handout_handed_out_those_who_follow_it_are_not_alike(lab: str) -> None:
    seed = cases(lab).SEED
    assert hashes(of(lab, seed, handout=True)) == set()
    found = pairs([(name, of(lab, code, True)) for name, code in solutions(lab).items()], share=0.3)
    assert found == []


# --- a class ---------------------------------------------------------------------------------------------------


def class_of(lab: str, **more: str) -> list[tuple[str, Prints]]:
    return [(name, of(lab, code)) for name, code in {**solutions(lab), **more}.items()]


def names(found: list[Pair]) -> list[tuple[str, str]]:
    return [(pair.one, pair.other) for pair in found]


@pytest.mark.parametrize("lab", ["cnn_mnist", "mnist_models", "neuron_count"])
def test_of_a_class_the_copies_are_told_and_nobody_else(lab: str) -> None:
    assert pairs(class_of(lab)) == []
    copy = DISGUISES["all of these"](reference(lab))
    (pair,) = pairs(class_of(lab, zoe=copy))
    assert (pair.one, pair.other) == ("reference", "zoe")
    assert pair.share > 0.97
    assert len(pair.shared) >= LEAST
    assert pair.lines_one > pair.lines_other > 15


def test_a_part_that_is_copied_is_told_by_its_share_of_the_smaller() -> None:
    code = solutions("cnn_mnist")
    both = code["terse"] + renamed(code["subclassed"])
    (pair,) = [each for each in pairs(class_of("cnn_mnist", zoe=both)) if "terse" in (each.one, each.other)]
    assert (pair.one, pair.other, pair.share) == ("terse", "zoe", 1.0)


def test_pairs_come_in_one_order_the_most_similar_first_and_no_more_than_asked_for() -> None:
    code = solutions("mnist_models")
    more = {"zoe": code["beginner"], "yves": padded(code["beginner"]), "xavier": code["sequential"]}
    group = class_of("mnist_models", **more)
    found = pairs(group)
    assert names(found) == [("beginner", "zoe"), ("sequential", "xavier"), ("beginner", "yves"), ("yves", "zoe")]
    assert [pair.share for pair in found] == sorted((pair.share for pair in found), reverse=True)
    random.Random(3).shuffle(group)
    assert pairs(iter(group)) == found
    assert pairs(group, most=2) == found[:2]
    assert pairs(group, share=0.99) == found[:2]


def test_what_many_have_is_nobodys_own() -> None:
    code = solutions("cnn_mnist")["subclassed"]
    few = [(f"student-{number}", of("cnn_mnist", code)) for number in range(FEW)]
    assert len(pairs(few)) == FEW * (FEW - 1) // 2
    assert pairs([*few, ("one more", of("cnn_mnist", code))]) == []
    # in a large class, a twentieth of it may still be so many
    others = [(f"other-{number}", of("cnn_mnist", "")) for number in range(30 * FEW)]
    assert pairs([*few, ("one more", of("cnn_mnist", code)), *others]) != []


def test_little_in_common_is_not_told() -> None:
    short = "def f(a):\n    return a.b(1, 2) + a.c(3) * 4 - a.d\n"
    assert hashes(of("cnn_mnist", short))
    assert pairs([("one", of("cnn_mnist", short)), ("other", of("cnn_mnist", short))]) == []


def test_the_template_has_no_fingerprints_of_its_own_and_a_class_may_be_empty() -> None:
    for lab in LABS:
        given = (ROOT / "student_template" / lab / f"{lab}.py").read_text("utf-8")
        assert hashes(of(lab, given)) == set()
        assert of(lab, given).lines
    assert pairs([]) == []
    assert pairs([("one", prints_of([], None)), ("other", prints_of([], None))]) == []


def test_prints_are_small_and_survive_being_stored() -> None:
    for lab in SOLUTIONS_LABS:
        for code in solutions(lab).values():
            prints = of(lab, code)
            assert len(prints.fingerprints) + len(prints.lines) < 5000
            assert msgspec.json.decode(msgspec.json.encode(prints), type=Prints) == prints


def test_a_class_of_thousands_takes_seconds() -> None:
    chance = np.random.default_rng(1)
    everybody = chance.integers(2**63, size=20_000, dtype=np.uint64)
    group = []
    for number in range(5000):
        found = np.zeros(100, FOUND)
        found["hash"] = chance.choice(everybody, 100, replace=False)
        group.append((f"student-{number:04}", Prints(found.tobytes(), b"")))
    group[4000] = ("student-4000", group[1000][1])
    began = time.monotonic()
    assert names(pairs(group)) == [("student-1000", "student-4000")]
    # 0.5 s here
    assert time.monotonic() - began < 20


# --- side by side ----------------------------------------------------------------------------------------------


def stretches(one: str, other: str) -> Iterator[tuple[list[str], list[str]]]:
    """The lines of each region in both."""
    prints = [("one", prints_of(blocks(one), None)), ("other", prints_of(blocks(other), None))]
    (pair,) = pairs(prints)
    lines = [[line for block in blocks(each) for line in block.code.split("\n")] for each in (one, other)]
    for region in side_by_side(blocks(one), blocks(other), pair):
        yield lines[0][region.one[0] - 1 : region.one[1]], lines[1][region.other[0] - 1 : region.other[1]]


def test_the_same_function_stands_beside_itself_wherever_it_is() -> None:
    one = solutions("cnn_mnist")["functional"]
    found = list(stretches(one, reordered(one)))
    assert sum(len(mine) for mine, _theirs in found) > 40
    for mine, theirs in found:
        assert mine == theirs
    starts = [mine[0] for mine, _theirs in found]
    assert starts == sorted(starts, key=one.splitlines().index)
    assert "def medium_model():" in starts


def test_regions_of_a_notebook_are_places_in_its_cells() -> None:
    script = solutions("cnn_mnist")["subclassed"]
    cells = in_cells(renamed(script))
    (pair,) = pairs([("one", of("cnn_mnist", script)), ("other", of("cnn_mnist", cells))])
    regions = side_by_side(blocks(script), blocks(cells), pair, template("cnn_mnist"))
    here, there = places(blocks(script)), places(blocks(cells))
    sources = ["".join(cell["source"]) for cell in json.loads(cells)["cells"]]
    for region in regions:
        mine, theirs = here[region.one[0] - 1], there[region.other[0] - 1]
        assert (mine.file, mine.cell, theirs.file) == ("lab.py", None, "lab.ipynb")
        assert theirs.cell is not None
        line = script.splitlines()[mine.line - 1].strip()
        match = (
            sources[theirs.cell - 1].splitlines()[theirs.line - 1].strip().replace("other_", "").replace("'", '"')
        )
        assert match.split("(")[0] == line.split("(")[0]
    assert sum(last - first + 1 for first, last in (region.one for region in regions)) > 50


def test_a_line_put_in_ends_a_region_and_the_next_goes_on_after_it() -> None:
    code = "def f(a):\n" + "".join(f"    a = g{number}(a, {number}) + h{number}(a)\n" for number in range(40))
    lines = code.splitlines()
    with_more = "\n".join([*lines[:20], "    print(a)", *lines[20:]]) + "\n"
    (pair,) = pairs([("one", prints_of(blocks(code), None)), ("other", prints_of(blocks(with_more), None))])
    regions = side_by_side(blocks(code), blocks(with_more), pair)
    assert [(each.one, each.other) for each in regions] == [((1, 20), (1, 20)), ((21, 41), (22, 42))]


# --- code that cannot be read ----------------------------------------------------------------------------------

BROKEN = [
    "", "def f(:\n", "((((", "\x00", "x = '''abc", "  x\n y\n", "if x:\n        a\n    b\n", "é = 1 $ ? `", "x = '\ud800'",
    "-" * 6000 + "1", "(" * 500, "\\", "f'{a!r:>{w}} {b", "0x" + "f" * 5000, "9" * 5000, "1e999", "lambda " * 3000 + ":0",
]  # fmt: skip


@pytest.mark.parametrize("code", BROKEN)
def test_code_that_cannot_be_read_is_taken_as_far_as_it_goes(code: str) -> None:
    whole = solutions("cnn_mnist")["functional"]
    broken = [Block(whole, "lab.ipynb", 1), Block(code, "lab.ipynb", 2)]
    prints = prints_of(broken, template("cnn_mnist"))
    assert share(prints, of("cnn_mnist", whole)) > 0.9
    assert len(places(broken)) == whole.count("\n") + code.count("\n") + 2
    # within one file: what stands before the fault is there
    before = prints_of([Block(whole + code, "lab.py")], template("cnn_mnist"))
    assert len(hashes(before) & hashes(of("cnn_mnist", whole))) > 0.3 * len(hashes(prints))


def test_what_keras_is_called_does_not_matter() -> None:
    body = "model = {}Sequential([{}Dense(10), {}Dense({}np.prod(shape), activation='relu'), {}Flatten()])\n"
    ways = [
        "import keras\nimport numpy\n"
        + body.format("keras.", "keras.layers.", "keras.layers.", "", "keras.layers.").replace("np.", "numpy."),
        "import tensorflow as tf, numpy as np\n"
        + body.format("tf.keras.", *["tf.keras.layers."] * 2, "", "tf.keras.layers."),
        "from keras import Sequential, layers as L\nimport numpy as np\n" + body.format("", "L.", "L.", "", "L."),
        "from keras.layers import (Dense as D,  # dense\n    Flatten)\nfrom keras import \\\n    Sequential\nimport numpy as np\n"
        + body.format("", "", "", "", "").replace("Dense", "D"),
        "from keras import *\nfrom keras.layers import *\nfrom numpy import *\n"
        + body.format("", "", "", "", "").replace("np.", ""),
    ]
    found = {frozenset(hashes(prints_of(blocks(way), None))) for way in ways[:-1]}
    assert len(found) == 1
    # names that nobody says where from, but for classes, are those of the submission
    assert hashes(prints_of(blocks(ways[-1].replace("prod", "other")), None)) == hashes(
        prints_of(blocks(ways[-1]), None)
    )


def test_the_last_of_equal_least_hashes_is_kept_and_each_only_once() -> None:
    """The example of the paper, figure 2, its hashes and windows of 4."""
    grams = [77, 74, 42, 17, 98, 50, 17, 98, 8, 88, 67, 39, 77, 74, 42, 17, 98]
    assert [grams[at] for at in similarity._winnowed(grams)] == [17, 17, 8, 39, 17]


# --- the table -------------------------------------------------------------------------------------------------


def table() -> Iterator[str]:
    """The figures of docs/similarity.md, a line each: the least, and the median, of all solutions of a lab."""

    def row(title: str, shares: list[float]) -> str:
        ordered = sorted(shares)
        middle = ordered[len(ordered) // 2]
        return f"  {title:<42} {len(ordered):5}  {ordered[0]:.2f}  {middle:.2f}  {ordered[-1]:.2f}"

    more = {
        "a line more after every fourth": padded,
        "that, other names, another order": lambda c: padded(renamed(reordered(c))),
    }
    for lab in LABS:
        text = (ROOT / "reference" / lab / f"{lab}.py").read_text("utf-8")
        base, all_of_it = of(lab, reference(lab)), solutions(lab).values()
        yield f"{lab}{'':<{44 - len(lab)}}     n  least median most"
        for title, disguise in {**DISGUISES, **more}.items():
            yield row(title, [share(of(lab, code), of(lab, disguise(code))) for code in all_of_it])
        for kind in (EQUIVALENT, MUTANT):
            yield row(
                f"the reference, one {kind}", [share(base, of(lab, each.text)) for each in variants(text, kind)]
            )
        for times in (3, 6, 10):
            forms = [rewritten(reference(lab), times, seed) for seed in range(6)]
            yield row(
                f"the reference, {times} forms one after another", [share(base, of(lab, each)) for each in forms]
            )
        if lab in SOLUTIONS:
            yield row("written apart", [share(of(lab, a), of(lab, b)) for a, b in combinations(all_of_it, 2)])
        if lab in ("cnn_mnist", "mnist_models"):
            every = [of(lab, code, True) for code in all_of_it]
            told = [pair for pair in combinations(every, 2) if len(hashes(pair[0]) & hashes(pair[1])) >= LEAST]
            if told:
                yield row(f"the same, the handout given, {LEAST} shared", [share(*pair) for pair in told])


# --- solutions, as students write them -------------------------------------------------------------------------

SOLUTIONS: dict[str, dict[str, str]] = {lab: {} for lab in SOLUTIONS_LABS}

SOLUTIONS["cnn_mnist"]["beginner"] = r"""# Travail de TP3
import keras
import numpy as np
from keras.datasets import mnist
from keras.models import Sequential
from keras.layers import Input, Conv2D, Activation, MaxPooling2D, Dropout, Flatten, Dense
def get_data_mnist():
    data = mnist.load_data()
    images_train = data[0][0]
    labels_train = data[0][1]
    images_test = data[1][0]
    labels_test = data[1][1]
    print("images :", images_train.shape)
    n1 = images_train.shape[0]
    n2 = images_test.shape[0]
    images_train = np.reshape(images_train, (n1, 28, 28, 1))
    images_test = np.reshape(images_test, (n2, 28, 28, 1))
    images_train = images_train.astype('float32')
    images_test = images_test.astype('float32')
    images_train = images_train / 255.
    images_test = images_test / 255.
    labels_train = keras.utils.to_categorical(labels_train, num_classes=10)
    labels_test = keras.utils.to_categorical(labels_test, num_classes=10)
    return ((images_train, labels_train), (images_test, labels_test), 10)
def compiler(m):
    m.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
    m.summary()
def small_model():
    m = Sequential()
    m.add(Input(shape=(28, 28, 1)))
    m.add(Conv2D(filters=64, kernel_size=(3, 3)))
    m.add(Activation('relu'))
    m.add(Conv2D(filters=32, kernel_size=(3, 3)))
    m.add(Activation('relu'))
    m.add(Flatten())
    m.add(Dense(units=10))
    m.add(Activation('softmax'))
    compiler(m)
    return m
def medium_model():
    m = Sequential()
    m.add(Input(shape=(28, 28, 1)))
    m.add(Conv2D(filters=32, kernel_size=(5, 5)))
    m.add(Activation('relu'))
    m.add(MaxPooling2D(pool_size=(2, 2)))
    m.add(Dropout(rate=0.2))
    m.add(Flatten())
    m.add(Dense(units=128))
    m.add(Activation('relu'))
    m.add(Dense(units=10))
    m.add(Activation('softmax'))
    compiler(m)
    return m
def large_model():
    m = Sequential()
    m.add(Input(shape=(28, 28, 1)))
    m.add(Conv2D(filters=30, kernel_size=(5, 5)))
    m.add(Activation('relu'))
    m.add(MaxPooling2D(pool_size=(2, 2)))
    m.add(Conv2D(filters=15, kernel_size=(3, 3)))
    m.add(Activation('relu'))
    m.add(Dropout(rate=0.2))
    m.add(Flatten())
    m.add(Dense(units=128))
    m.add(Activation('relu'))
    m.add(Dense(units=50))
    m.add(Activation('relu'))
    m.add(Dense(units=10))
    m.add(Activation('softmax'))
    compiler(m)
    return m
def train_model(model, X_train, y_train, X_test, y_test):
    nb_epochs = 10
    taille_lot = 200
    resultat = model.fit(X_train, y_train, epochs=nb_epochs, batch_size=taille_lot, validation_data=(X_test, y_test))
    return resultat
def print_model_error_rate(model, X_test, y_test):
    resultat = model.evaluate(X_test, y_test, verbose=0)
    precision = resultat[1] * 100
    erreur = 100 - precision
    print("Model score : %.2f%%" % precision)
    print("Model error rate : %.2f%%" % erreur)
def save_keras_model(model, filename):
    texte = model.to_json()
    fichier = open(filename + '.json', 'w')
    fichier.write(texte)
    fichier.close()
    nom_poids = filename + '.weights.h5'
    model.save_weights(nom_poids)
def load_keras_model(filename):
    fichier = open(filename + '.json', 'r')
    texte = fichier.read()
    fichier.close()
    m = keras.models.model_from_json(texte)
    nom_poids = filename + '.weights.h5'
    m.load_weights(nom_poids)
    return m
"""

SOLUTIONS["cnn_mnist"]["functional"] = r"""import json
from pathlib import Path
import keras
import numpy as np
from keras import layers
from keras.datasets import mnist
keras.utils.set_random_seed(7)
SHAPE = (28, 28, 1)
def _prepare(images, labels):
    return np.expand_dims(images, -1).astype(np.float32) / 255.0, keras.utils.to_categorical(labels, 10)
def get_data_mnist():
    train, test = mnist.load_data()
    return _prepare(*train), _prepare(*test), 10
def _finish(inputs, x):
    outputs = layers.Dense(10, activation="softmax")(x)
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(), keras.losses.CategoricalCrossentropy(), metrics=["accuracy"])
    return model
def small_model():
    inputs = keras.Input(SHAPE)
    x = layers.Conv2D(64, 3, activation="relu")(inputs)
    x = layers.Conv2D(32, 3, activation="relu")(x)
    return _finish(inputs, layers.Flatten()(x))
def medium_model():
    inputs = keras.Input(SHAPE)
    x = layers.Conv2D(32, 5, activation="relu")(inputs)
    x = layers.MaxPooling2D()(x)
    x = layers.Dropout(0.2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(128, activation="relu")(x)
    return _finish(inputs, x)
def large_model():
    inputs = keras.Input(SHAPE)
    x = layers.Conv2D(30, 5, activation="relu")(inputs)
    x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(15, 3, activation="relu")(x)
    x = layers.Dropout(0.2)(x)
    x = layers.Flatten()(x)
    for units in (128, 50):
        x = layers.Dense(units, activation="relu")(x)
    return _finish(inputs, x)
def train_model(model, X_train, y_train, X_test, y_test):
    return model.fit(x=X_train, y=y_train, batch_size=200, epochs=10, validation_data=(X_test, y_test), verbose=2)
def print_model_error_rate(model, X_test, y_test):
    accuracy = 100 * model.evaluate(X_test, y_test, verbose=0, return_dict=True)["accuracy"]
    print(f"Model score : {accuracy:.2f}%\nModel error rate : {100 - accuracy:.2f}%")
def save_keras_model(model, filename):
    Path(f"{filename}.json").write_text(model.to_json())
    model.save_weights(f"{filename}.weights.h5")
def load_keras_model(filename):
    model = keras.models.model_from_json(Path(f"{filename}.json").read_text())
    model.load_weights(f"{filename}.weights.h5")
    return model
"""

SOLUTIONS["cnn_mnist"]["handout"] = r"""import numpy as np
from keras import backend as K
from keras.datasets import mnist
from keras.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from keras.models import Sequential, model_from_json
from keras.utils import to_categorical
K.set_image_data_format('channels_first')
seed = 7
np.random.seed(seed)
def get_data_mnist():
    # chargement des données
    (X_train, y_train), (X_test, y_test) = mnist.load_data()
    X_train = X_train.reshape(X_train.shape[0], 1, 28, 28).astype('float32')
    X_test = X_test.reshape(X_test.shape[0], 1, 28, 28).astype('float32')
    # normalisation
    X_train /= 255
    X_test /= 255
    y_train = to_categorical(y_train)
    y_test = to_categorical(y_test)
    num_classes = y_test.shape[1]
    return (X_train, y_train), (X_test, y_test), num_classes
(X_train, y_train), (X_test, y_test), num_classes = get_data_mnist()
def small_model():
    # créer le modèle
    model = Sequential()
    model.add(Conv2D(64, (3, 3), input_shape=(1, 28, 28), activation='relu'))
    model.add(Conv2D(32, (3, 3), activation='relu'))
    model.add(Flatten())
    model.add(Dense(num_classes, activation='softmax'))
    model.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
    return model
def medium_model():
    model = Sequential()
    model.add(Conv2D(32, (5, 5), input_shape=(1, 28, 28), activation='relu'))
    model.add(MaxPooling2D(pool_size=(2, 2)))
    model.add(Dropout(0.2))
    model.add(Flatten())
    model.add(Dense(128, activation='relu'))
    model.add(Dense(num_classes, activation='softmax'))
    model.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
    return model
def large_model():
    model = Sequential()
    model.add(Conv2D(30, (5, 5), input_shape=(1, 28, 28), activation='relu'))
    model.add(MaxPooling2D(pool_size=(2, 2)))
    model.add(Conv2D(15, (3, 3), activation='relu'))
    model.add(Dropout(0.2))
    model.add(Flatten())
    model.add(Dense(128, activation='relu'))
    model.add(Dense(50, activation='relu'))
    model.add(Dense(num_classes, activation='softmax'))
    model.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
    return model
def train_model(model, X_train, y_train, X_test, y_test):
    history = model.fit(X_train, y_train, validation_data=(X_test, y_test), epochs=10, batch_size=200)
    return history
def print_model_error_rate(model, X_test, y_test):
    scores = model.evaluate(X_test, y_test, verbose=0)
    print("Model score : %.2f%%" % (scores[1]*100))
    print("Model error rate : %.2f%%" % (100-scores[1]*100))
def save_keras_model(model, filename):
    model_json = model.to_json()
    with open(filename + ".json", "w") as json_file:
        json_file.write(model_json)
    model.save_weights(filename + ".weights.h5")
def load_keras_model(filename):
    json_file = open(filename + ".json", 'r')
    loaded_model_json = json_file.read()
    json_file.close()
    loaded_model = model_from_json(loaded_model_json)
    loaded_model.load_weights(filename + ".weights.h5")
    return loaded_model
model = small_model()
train_model(model, X_train, y_train, X_test, y_test)
print_model_error_rate(model, X_test, y_test)
save_keras_model(model, "small_model_cnn")
"""

SOLUTIONS["cnn_mnist"]["handout_too"] = r"""from keras.datasets import mnist
import keras
from keras.models import Sequential
from keras.layers import Dense
from keras.layers import Dropout
from keras.layers import Flatten
from keras.layers import Conv2D
from keras.layers import MaxPooling2D
import matplotlib.pyplot as plt
keras.backend.set_image_data_format("channels_first")
def get_data_mnist():
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    print(x_train.shape, x_test.shape)
    # on passe de 60000x28x28 à 60000x1x28x28
    x_train = x_train.reshape(60000, 1, 28, 28).astype("float32") / 255
    x_test = x_test.reshape(10000, 1, 28, 28).astype("float32") / 255
    num_classes = 10
    y_train = keras.utils.to_categorical(y_train, num_classes)
    y_test = keras.utils.to_categorical(y_test, num_classes)
    return (x_train, y_train), (x_test, y_test), num_classes
def small_model():
    model = Sequential()
    model.add(Conv2D(64, (3, 3), activation="relu", input_shape=(1, 28, 28)))
    model.add(Conv2D(32, (3, 3), activation="relu"))
    model.add(Flatten())
    model.add(Dense(10, activation="softmax"))
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    model.summary()
    return model
def medium_model():
    model = Sequential()
    model.add(Conv2D(32, (5, 5), activation="relu", input_shape=(1, 28, 28)))
    model.add(MaxPooling2D((2, 2)))
    model.add(Dropout(0.2))
    model.add(Flatten())
    model.add(Dense(128, activation="relu"))
    model.add(Dense(10, activation="softmax"))
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    model.summary()
    return model
def large_model():
    model = Sequential()
    model.add(Conv2D(30, (5, 5), activation="relu", input_shape=(1, 28, 28)))
    model.add(MaxPooling2D((2, 2)))
    model.add(Conv2D(15, (3, 3), activation="relu"))
    model.add(Dropout(0.2))
    model.add(Flatten())
    model.add(Dense(128, activation="relu"))
    model.add(Dense(50, activation="relu"))
    model.add(Dense(10, activation="softmax"))
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    model.summary()
    return model
def train_model(model, X_train, y_train, X_test, y_test):
    h = model.fit(X_train, y_train, batch_size=200, epochs=10, validation_data=(X_test, y_test), verbose=1)
    plt.plot(h.history["accuracy"])
    plt.plot(h.history["val_accuracy"])
    plt.legend(["train", "test"])
    plt.show()
    return h
def print_model_error_rate(model, X_test, y_test):
    loss, acc = model.evaluate(X_test, y_test)
    print("Model score : {:.2f}%".format(acc * 100))
    print("Model error rate : {:.2f}%".format(100 - acc * 100))
def save_keras_model(model, filename):
    f = open(filename + ".json", "w")
    f.write(model.to_json())
    f.close()
    model.save_weights(filename + ".weights.h5")
    print("modèle sauvegardé")
def load_keras_model(filename):
    with open(filename + ".json") as f:
        model = keras.models.model_from_json(f.read())
    model.load_weights(filename + ".weights.h5")
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model
"""

SOLUTIONS["cnn_mnist"]["loops"] = r"""from tensorflow import keras
import numpy as np
def get_data_mnist():
    data = {}
    (data["xa"], data["ya"]), (data["xe"], data["ye"]) = keras.datasets.mnist.load_data()
    for key in ("xa", "xe"):
        data[key] = (data[key] / 255.0).astype("float32")[..., np.newaxis]
    for key in ("ya", "ye"):
        data[key] = np.eye(10, dtype="float32")[data[key]]
    return (data["xa"], data["ya"]), (data["xe"], data["ye"]), 10
def build(convolutions, hidden):
    net = keras.Sequential()
    net.add(keras.Input(shape=(28, 28, 1)))
    for i, (filters, size, pool, rate) in enumerate(convolutions):
        net.add(keras.layers.Conv2D(filters, kernel_size=size, activation="relu", name="conv%d" % i))
        if pool:
            net.add(keras.layers.MaxPool2D(2))
        if rate:
            net.add(keras.layers.Dropout(rate))
    net.add(keras.layers.Flatten())
    for units in hidden:
        net.add(keras.layers.Dense(units, "relu"))
    net.add(keras.layers.Dense(10, "softmax"))
    net.compile("adam", "categorical_crossentropy", ["accuracy"])
    return net
def small_model():
    return build([(64, 3, False, 0), (32, 3, False, 0)], [])
def medium_model():
    return build([(32, 5, True, 0.2)], [128])
def large_model():
    return build([(30, 5, True, 0), (15, 3, False, 0.2)], [128, 50])
def train_model(model, X_train, y_train, X_test, y_test):
    settings = dict(epochs=10, batch_size=200)
    return model.fit(X_train, y_train, validation_data=(X_test, y_test), **settings)
def print_model_error_rate(model, X_test, y_test):
    guess = model.predict(X_test, verbose=0).argmax(axis=1)
    rate = np.mean(guess == y_test.argmax(axis=1)) * 100
    for name, value in (("score", rate), ("error rate", 100 - rate)):
        print("Model", name, ": %.2f%%" % value)
def save_keras_model(model, filename):
    with open("%s.json" % filename, "wt") as out:
        out.write(model.to_json(indent=2))
    model.save_weights("%s.weights.h5" % filename)
def load_keras_model(filename):
    with open("%s.json" % filename, "rt") as src:
        net = keras.models.model_from_json(src.read())
    net.load_weights("%s.weights.h5" % filename)
    return net
"""

SOLUTIONS["cnn_mnist"]["subclassed"] = r"""import tensorflow as tf
from tensorflow.keras import layers, Model
class SmallNet(Model):
    def __init__(self):
        super(SmallNet, self).__init__()
        self.conv1 = layers.Conv2D(64, 3, activation="relu")
        self.conv2 = layers.Conv2D(32, 3, activation="relu")
        self.flatten = layers.Flatten()
        self.out = layers.Dense(10, activation="softmax")
    def call(self, inputs):
        h = self.conv1(inputs)
        h = self.conv2(h)
        return self.out(self.flatten(h))
class MediumNet(Model):
    def __init__(self):
        super(MediumNet, self).__init__()
        self.conv = layers.Conv2D(32, 5, activation="relu")
        self.pool = layers.MaxPooling2D()
        self.drop = layers.Dropout(0.2)
        self.flatten = layers.Flatten()
        self.fc = layers.Dense(128, activation="relu")
        self.out = layers.Dense(10, activation="softmax")
    def call(self, inputs, training=False):
        h = self.pool(self.conv(inputs))
        h = self.drop(h, training=training)
        return self.out(self.fc(self.flatten(h)))
class LargeNet(Model):
    def __init__(self):
        super(LargeNet, self).__init__()
        self.conv1 = layers.Conv2D(30, 5, activation="relu")
        self.pool = layers.MaxPooling2D()
        self.conv2 = layers.Conv2D(15, 3, activation="relu")
        self.drop = layers.Dropout(0.2)
        self.flatten = layers.Flatten()
        self.fc1 = layers.Dense(128, activation="relu")
        self.fc2 = layers.Dense(50, activation="relu")
        self.out = layers.Dense(10, activation="softmax")
    def call(self, inputs, training=False):
        h = self.conv2(self.pool(self.conv1(inputs)))
        h = self.flatten(self.drop(h, training=training))
        return self.out(self.fc2(self.fc1(h)))
def ready(net):
    net.build((None, 28, 28, 1))
    net.compile(loss=tf.keras.losses.CategoricalCrossentropy(), optimizer=tf.keras.optimizers.Adam(1e-3), metrics=["accuracy"])
    return net
def small_model():
    return ready(SmallNet())
def medium_model():
    return ready(MediumNet())
def large_model():
    return ready(LargeNet())
def get_data_mnist():
    train, test = tf.keras.datasets.mnist.load_data()
    num_classes = len(set(train[1]))
    def convert(pair):
        x = tf.cast(pair[0][..., tf.newaxis], tf.float32) / 255.0
        return x.numpy(), tf.one_hot(pair[1], num_classes).numpy()
    return convert(train), convert(test), num_classes
def train_model(model, X_train, y_train, X_test, y_test):
    print("Training", model.name)
    return model.fit(X_train, y_train, 200, 10, validation_data=(X_test, y_test))
def print_model_error_rate(model, X_test, y_test):
    results = model.evaluate(X_test, y_test, batch_size=500, verbose=0)
    score = round(results[1] * 100, 2)
    print("Model score : " + format(score, ".2f") + "%")
    print("Model error rate : " + format(100 - score, ".2f") + "%")
def save_keras_model(model, filename):
    import json
    config = {"class": type(model).__name__}
    with open(filename + ".json", "w") as handle:
        json.dump(config, handle)
    model.save_weights(filename + ".weights.h5")
def load_keras_model(filename):
    import json
    with open(filename + ".json") as handle:
        name = json.load(handle)["class"]
    model = ready(globals()[name]())
    model.load_weights(filename + ".weights.h5")
    return model
"""

SOLUTIONS["cnn_mnist"]["template"] = r"""import keras
from keras import layers
from keras.datasets import mnist
keras.utils.set_random_seed(7)
def get_data_mnist():
    (X_train, y_train), (X_test, y_test) = mnist.load_data()
    num_classes = 10
    X_train = X_train.astype("float32") / 255
    X_test = X_test.astype("float32") / 255
    X_train = X_train.reshape((-1, 28, 28, 1))
    X_test = X_test.reshape((-1, 28, 28, 1))
    y_train = keras.utils.to_categorical(y_train, num_classes)
    y_test = keras.utils.to_categorical(y_test, num_classes)
    return (X_train, y_train), (X_test, y_test), num_classes
def small_model():
    model = keras.Sequential([
        layers.Conv2D(64, (3, 3), activation='relu', input_shape=(28, 28, 1)),
        layers.Conv2D(32, (3, 3), activation='relu'),
        layers.Flatten(),
        layers.Dense(10, activation='softmax'),
    ])
    model.compile(optimizer='adam', loss='categorical_crossentropy', metrics=['accuracy'])
    return model
def medium_model():
    model = keras.Sequential([
        layers.Conv2D(32, (5, 5), activation='relu', input_shape=(28, 28, 1)),
        layers.MaxPooling2D((2, 2)),
        layers.Dropout(0.2),
        layers.Flatten(),
        layers.Dense(128, activation='relu'),
        layers.Dense(10, activation='softmax'),
    ])
    model.compile(optimizer='adam', loss='categorical_crossentropy', metrics=['accuracy'])
    return model
def large_model():
    model = keras.Sequential([
        layers.Conv2D(30, (5, 5), activation='relu', input_shape=(28, 28, 1)),
        layers.MaxPooling2D((2, 2)),
        layers.Conv2D(15, (3, 3), activation='relu'),
        layers.Dropout(0.2),
        layers.Flatten(),
        layers.Dense(128, activation='relu'),
        layers.Dense(50, activation='relu'),
        layers.Dense(10, activation='softmax'),
    ])
    model.compile(optimizer='adam', loss='categorical_crossentropy', metrics=['accuracy'])
    return model
def train_model(model, X_train, y_train, X_test, y_test):
    model.fit(X_train, y_train, epochs=10, batch_size=200, validation_data=(X_test, y_test))
def print_model_error_rate(model, X_test, y_test):
    _, accuracy = model.evaluate(X_test, y_test, verbose=0)
    print(f"Model score : {accuracy * 100:.2f}%")
    print(f"Model error rate : {(1 - accuracy) * 100:.2f}%")
def save_keras_model(model, filename):
    with open(f"{filename}.json", "w") as f:
        f.write(model.to_json())
    model.save_weights(f"{filename}.weights.h5")
def load_keras_model(filename):
    with open(f"{filename}.json", "r") as f:
        json_config = f.read()
    model = keras.models.model_from_json(json_config)
    model.load_weights(f"{filename}.weights.h5")
    return model
if __name__ == "__main__":
    (X_train, y_train), (X_test, y_test), num_classes = get_data_mnist()
    for build in (small_model, medium_model, large_model):
        model = build()
        train_model(model, X_train, y_train, X_test, y_test)
        print_model_error_rate(model, X_test, y_test)
"""

SOLUTIONS["cnn_mnist"]["terse"] = r"""import keras
from keras import Sequential, Input
from keras.layers import *
from keras.utils import to_categorical as onehot
C = dict(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
relu = dict(activation="relu")
def get_data_mnist():
    (a, b), (c, d) = keras.datasets.mnist.load_data()
    f = lambda x: x.reshape(-1, 28, 28, 1).astype("float32") / 255
    return (f(a), onehot(b)), (f(c), onehot(d)), 10
def net(*parts):
    m = Sequential([Input((28, 28, 1)), *parts, Dense(10, activation="softmax")])
    m.compile(**C)
    return m
small_model = lambda: net(Conv2D(64, 3, **relu), Conv2D(32, 3, **relu), Flatten())
medium_model = lambda: net(Conv2D(32, 5, **relu), MaxPool2D(), Dropout(.2), Flatten(), Dense(128, **relu))
large_model = lambda: net(Conv2D(30, 5, **relu), MaxPool2D(), Conv2D(15, 3, **relu), Dropout(.2), Flatten(), Dense(128, **relu), Dense(50, **relu))
def train_model(model, X_train, y_train, X_test, y_test):
    return model.fit(X_train, y_train, epochs=10, batch_size=200, validation_data=(X_test, y_test))
def print_model_error_rate(model, X_test, y_test):
    acc = model.evaluate(X_test, y_test, verbose=0)[1]
    print(f"Model score : {acc:.2%}", f"Model error rate : {1 - acc:.2%}", sep="\n")
def save_keras_model(model, filename):
    print(model.to_json(), file=open(f"{filename}.json", "w"))
    model.save_weights(f"{filename}.weights.h5")
def load_keras_model(filename):
    m = keras.models.model_from_json(open(f"{filename}.json").read())
    m.load_weights(f"{filename}.weights.h5")
    return m
"""

SOLUTIONS["mnist_models"]["beginner"] = r"""import os
import keras
import numpy as np
from keras.layers import Input, Dense, Dropout, Normalization, Conv2D, MaxPooling2D, Flatten, Reshape
from keras.models import Model
print("version de keras :", keras.__version__)
def load_flat_mnist():
    donnees_train, donnees_test = keras.datasets.mnist.load_data()
    X_train = donnees_train[0]
    y_train = donnees_train[1]
    X_test = donnees_test[0]
    y_test = donnees_test[1]
    X_train = np.reshape(X_train, (60000, 28 * 28))
    X_test = np.reshape(X_test, (10000, 28 * 28))
    Y_train = np.zeros((60000, 10))
    Y_train[np.arange(60000), y_train] = 1
    Y_test = np.zeros((10000, 10))
    Y_test[np.arange(10000), y_test] = 1
    return (X_train, Y_train), (X_test, Y_test)
def linear_model():
    entree = Input(shape=(784,))
    sortie = Dense(10, activation="softmax")(entree)
    modele = Model(entree, sortie)
    modele.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return modele
def generate_unique_logpath(logdir, raw_run_name):
    numero = 0
    chemin = logdir + "/" + raw_run_name + "-" + str(numero)
    while os.path.exists(chemin):
        numero = numero + 1
        chemin = logdir + "/" + raw_run_name + "-" + str(numero)
    return chemin
def train_and_checkpoint(model, X_train, y_train, logpath):
    chemin = logpath + "/meilleur.keras"
    c1 = keras.callbacks.TensorBoard(log_dir=logpath)
    c2 = keras.callbacks.ModelCheckpoint(chemin, save_best_only=True)
    liste = []
    liste.append(c1)
    liste.append(c2)
    model.fit(X_train, y_train, epochs=20, batch_size=128, validation_split=0.1, callbacks=liste)
    return chemin
def load_best_model(path):
    modele = keras.models.load_model(path)
    modele.summary()
    return modele
def normalised_linear_model(X_train):
    moyenne = np.mean(X_train, axis=0)
    ecart = np.std(X_train, axis=0) + 1.0
    entree = Input(shape=(784,))
    couche = Normalization(mean=moyenne, variance=ecart ** 2)(entree)
    sortie = Dense(10, activation="softmax")(couche)
    modele = Model(entree, sortie)
    modele.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return modele
def mlp_model(X_train, nhidden1=150, nhidden2=150, l2=None, dropout=None):
    moyenne = np.mean(X_train, axis=0)
    ecart = np.std(X_train, axis=0) + 1.0
    entree = Input(shape=(784,))
    couche = Normalization(mean=moyenne, variance=ecart ** 2)(entree)
    if l2 != None:
        couche = Dense(nhidden1, activation="relu", kernel_regularizer=keras.regularizers.l2(l2))(couche)
    else:
        couche = Dense(nhidden1, activation="relu")(couche)
    if dropout != None:
        couche = Dropout(dropout)(couche)
    couche = Dense(nhidden2, activation="relu")(couche)
    if dropout != None:
        couche = Dropout(dropout)(couche)
    sortie = Dense(10, activation="softmax")(couche)
    modele = Model(entree, sortie)
    modele.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return modele
def cnn_model(X_train):
    entree = Input(shape=(28, 28))
    couche = Reshape((28, 28, 1))(entree)
    couche = Conv2D(64, (5, 5), activation="relu")(couche)
    couche = MaxPooling2D((2, 2))(couche)
    couche = Flatten()(couche)
    couche = Dense(128, activation="relu")(couche)
    couche = Dense(64, activation="relu")(couche)
    sortie = Dense(10, activation="softmax")(couche)
    modele = Model(entree, sortie)
    modele.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return modele
"""

SOLUTIONS["mnist_models"]["handout"] = r"""import os
import numpy as np
from keras.datasets import mnist
from keras.utils import to_categorical
from keras import Input, regularizers
from keras.layers import Dense, Activation, Lambda, Dropout, Conv2D, MaxPooling2D, Flatten
from keras.models import Model, load_model
from keras.callbacks import TensorBoard, ModelCheckpoint
def load_flat_mnist():
    (X_train, y_train), (X_test, y_test) = mnist.load_data()
    num_train = X_train.shape[0]
    num_test = X_test.shape[0]
    img_height = X_train.shape[1]
    img_width = X_train.shape[2]
    X_train = X_train.reshape((num_train, img_width * img_height))
    X_test = X_test.reshape((num_test, img_width * img_height))
    y_train = to_categorical(y_train, num_classes=10)
    y_test = to_categorical(y_test, num_classes=10)
    return (X_train, y_train), (X_test, y_test)
def linear_model():
    xi = Input(shape=(28*28,))
    xo = Dense(10)(xi)
    yo = Activation('softmax')(xo)
    model = Model(inputs=[xi], outputs=[yo])
    model.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
    return model
def generate_unique_logpath(logdir, raw_run_name):
    i = 0
    while(True):
        run_name = raw_run_name + "-" + str(i)
        log_path = os.path.join(logdir, run_name)
        if not os.path.isdir(log_path):
            return log_path
        i = i + 1
def train_and_checkpoint(model, X_train, y_train, logpath):
    tbcb = TensorBoard(log_dir=logpath)
    checkpoint_filepath = os.path.join(logpath, "best_model.keras")
    checkpoint_cb = ModelCheckpoint(checkpoint_filepath, save_best_only=True)
    model.fit(X_train, y_train, batch_size=128, epochs=20, verbose=1, validation_split=0.1, callbacks=[tbcb, checkpoint_cb])
    return checkpoint_filepath
def load_best_model(path):
    return load_model(path, safe_mode=False)
def normalised_linear_model(X_train):
    xi = Input(shape=(28*28,), name="input")
    mean = X_train.mean(axis=0)
    std = X_train.std(axis=0) + 1.0
    xl = Lambda(lambda image, mu, std: (image - mu) / std, arguments={'mu': mean, 'std': std})(xi)
    xo = Dense(10, name="y")(xl)
    yo = Activation('softmax', name="y_act")(xo)
    model = Model(inputs=[xi], outputs=[yo])
    model.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
    return model
def mlp_model(X_train, nhidden1=150, nhidden2=150, l2=None, dropout=None):
    xi = Input(shape=(28*28,))
    mean = X_train.mean(axis=0)
    std = X_train.std(axis=0) + 1.0
    x = Lambda(lambda image, mu, std: (image - mu) / std, arguments={'mu': mean, 'std': std})(xi)
    if l2 is None:
        x = Dense(nhidden1)(x)
    else:
        x = Dense(nhidden1, kernel_regularizer=regularizers.l2(l2))(x)
    x = Activation('relu')(x)
    if dropout is not None:
        x = Dropout(dropout)(x)
    x = Dense(nhidden2)(x)
    x = Activation('relu')(x)
    if dropout is not None:
        x = Dropout(dropout)(x)
    x = Dense(10)(x)
    y = Activation('softmax')(x)
    model = Model(inputs=[xi], outputs=[y])
    model.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
    return model
def cnn_model(X_train):
    X = X_train.reshape((X_train.shape[0], 28, 28, 1))
    xi = Input(shape=(28, 28, 1))
    mean = X.mean(axis=0)
    std = X.std(axis=0) + 1.0
    x = Lambda(lambda image, mu, std: (image - mu) / std, arguments={'mu': mean, 'std': std})(xi)
    x = Conv2D(filters=64, kernel_size=5, strides=1)(x)
    x = Activation('relu')(x)
    x = MaxPooling2D(pool_size=2, strides=2)(x)
    x = Flatten()(x)
    x = Dense(128)(x)
    x = Activation('relu')(x)
    x = Dense(64)(x)
    x = Activation('relu')(x)
    y = Dense(10, activation='softmax')(x)
    model = Model(inputs=[xi], outputs=[y])
    model.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
    return model
"""

SOLUTIONS["mnist_models"]["handout_too"] = r"""from tensorflow.keras.datasets import mnist
from tensorflow.keras.utils import to_categorical
from tensorflow.keras.layers import Input, Dense, Activation, Lambda, Dropout
from tensorflow.keras.layers import Conv2D, MaxPooling2D, Flatten
from tensorflow.keras.models import Model
from tensorflow.keras import regularizers
import tensorflow.keras as keras
import os
num_classes = 10
def load_flat_mnist():
    (X_train, Y_train), (X_test, Y_test) = mnist.load_data()
    h, w = X_train.shape[1:]
    X_train = X_train.reshape(X_train.shape[0], h * w)
    X_test = X_test.reshape(X_test.shape[0], h * w)
    print('train', X_train.shape, 'test', X_test.shape)
    Y_train = to_categorical(Y_train, num_classes)
    Y_test = to_categorical(Y_test, num_classes)
    return (X_train, Y_train), (X_test, Y_test)
def compile_model(model):
    model.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
    return model
def linear_model():
    xi = Input(shape=(784,))
    xo = Dense(num_classes)(xi)
    yo = Activation('softmax')(xo)
    return compile_model(Model(inputs=[xi], outputs=[yo]))
def generate_unique_logpath(logdir, raw_run_name):
    i = 0
    while True:
        log_path = os.path.join(logdir, raw_run_name + "-" + str(i))
        if not os.path.exists(log_path):
            break
        i += 1
    return log_path
def train_and_checkpoint(model, X_train, y_train, logpath):
    os.makedirs(logpath, exist_ok=True)
    filepath = os.path.join(logpath, "best_model.keras")
    callbacks = [
        keras.callbacks.TensorBoard(logpath),
        keras.callbacks.ModelCheckpoint(filepath, monitor='val_loss', save_best_only=True, verbose=1),
    ]
    model.fit(X_train, y_train, validation_split=0.1, epochs=20, batch_size=128, callbacks=callbacks)
    return filepath
def load_best_model(path):
    keras.config.enable_unsafe_deserialization()
    model = keras.models.load_model(path)
    return model
def normalize(X_train, xi):
    mu = X_train.mean(axis=0)
    sigma = X_train.std(axis=0) + 1.0
    return Lambda(lambda t: (t - mu) / sigma)(xi)
def normalised_linear_model(X_train):
    xi = Input(shape=(784,))
    xo = Dense(num_classes)(normalize(X_train, xi))
    yo = Activation('softmax')(xo)
    return compile_model(Model(inputs=[xi], outputs=[yo]))
def mlp_model(X_train, nhidden1=150, nhidden2=150, l2=None, dropout=None):
    xi = Input(shape=(784,))
    x = normalize(X_train, xi)
    reg = regularizers.l2(l2) if l2 else None
    x = Dense(nhidden1, activation='relu', kernel_regularizer=reg)(x)
    if dropout:
        x = Dropout(dropout)(x)
    x = Dense(nhidden2, activation='relu', kernel_regularizer=reg)(x)
    if dropout:
        x = Dropout(dropout)(x)
    y = Dense(num_classes, activation='softmax')(x)
    return compile_model(Model(inputs=[xi], outputs=[y]))
def cnn_model(X_train):
    if X_train.ndim == 3:
        X_train = X_train[..., None]
    xi = Input(shape=(28, 28, 1))
    x = normalize(X_train, xi)
    x = Conv2D(64, 5, activation='relu')(x)
    x = MaxPooling2D(2, 2)(x)
    x = Flatten()(x)
    x = Dense(128, activation='relu')(x)
    x = Dense(64, activation='relu')(x)
    y = Dense(num_classes, activation='softmax')(x)
    return compile_model(Model(inputs=[xi], outputs=[y]))
"""

SOLUTIONS["mnist_models"]["layer_class"] = r"""from itertools import count
from pathlib import Path
import keras
import numpy as np
from keras import layers, ops, regularizers
@keras.saving.register_keras_serializable()
class Standardize(layers.Layer):
    def __init__(self, mean, scale, **kwargs):
        super().__init__(**kwargs)
        self.mean = np.asarray(mean, dtype="float32")
        self.scale = np.asarray(scale, dtype="float32")
    def call(self, x):
        return (ops.cast(x, "float32") - self.mean) / self.scale
    def get_config(self):
        return {**super().get_config(), "mean": self.mean.tolist(), "scale": self.scale.tolist()}
    @classmethod
    def of(cls, data):
        return cls(data.mean(0), data.std(0) + 1.0)
def load_flat_mnist():
    def flat(part):
        images, digits = part
        return images.reshape(len(images), -1), keras.utils.to_categorical(digits, 10)
    train, test = keras.datasets.mnist.load_data()
    return flat(train), flat(test)
def classifier(*stack, shape=(784,)):
    net = keras.Sequential([layers.Input(shape), *stack, layers.Dense(10), layers.Softmax()])
    net.compile(loss=keras.losses.CategoricalCrossentropy(), optimizer=keras.optimizers.Adam(), metrics=["accuracy"])
    return net
def linear_model():
    return classifier()
def generate_unique_logpath(logdir, raw_run_name):
    paths = (Path(logdir) / f"{raw_run_name}-{n}" for n in count())
    return str(next(p for p in paths if not p.exists()))
def train_and_checkpoint(model, X_train, y_train, logpath):
    target = Path(logpath) / "checkpoint.keras"
    keep = keras.callbacks.ModelCheckpoint(str(target), monitor="val_loss", save_best_only=True)
    log = keras.callbacks.TensorBoard(logpath)
    model.fit(X_train, y_train, 128, 20, validation_split=0.1, callbacks=[log, keep], verbose=2)
    return str(target)
def load_best_model(path):
    return keras.saving.load_model(path, custom_objects={"Standardize": Standardize})
def normalised_linear_model(X_train):
    return classifier(Standardize.of(X_train))
def mlp_model(X_train, nhidden1=150, nhidden2=150, l2=None, dropout=None):
    stack = [Standardize.of(X_train)]
    for width, penalty in ((nhidden1, l2), (nhidden2, None)):
        regularizer = regularizers.L2(penalty) if penalty is not None else None
        stack += [layers.Dense(width, kernel_regularizer=regularizer), layers.ReLU()]
        if dropout is not None:
            stack.append(layers.Dropout(dropout))
    return classifier(*stack)
def cnn_model(X_train):
    images = np.reshape(X_train, (-1, 28, 28, 1))
    return classifier(
        Standardize.of(images),
        layers.Conv2D(64, 5), layers.ReLU(), layers.MaxPool2D(2, 2), layers.Flatten(),
        layers.Dense(128), layers.ReLU(), layers.Dense(64), layers.ReLU(),
        shape=(28, 28, 1),
    )
"""

SOLUTIONS["mnist_models"]["mixed"] = r"""import glob
import tensorflow as tf
K = tf.keras
L = K.layers
def load_flat_mnist():
    (xa, ya), (xb, yb) = K.datasets.mnist.load_data()
    xa, xb = (x.reshape(x.shape[0], x.shape[1] * x.shape[2]) for x in (xa, xb))
    ya, yb = map(K.utils.to_categorical, (ya, yb))
    return (xa, ya), (xb, yb)
def done(inp, out):
    model = K.Model(inp, out)
    model.compile("adam", "categorical_crossentropy", metrics="accuracy".split())
    return model
def linear_model():
    inp = K.Input(784)
    return done(inp, L.Dense(10, "softmax")(inp))
def generate_unique_logpath(logdir, raw_run_name):
    taken = set(glob.glob(logdir + "/" + raw_run_name + "-*"))
    n = 0
    while f"{logdir}/{raw_run_name}-{n}" in taken:
        n += 1
    return f"{logdir}/{raw_run_name}-{n}"
def train_and_checkpoint(model, X_train, y_train, logpath):
    where = logpath + "/model.keras"
    model.fit(x=X_train, y=y_train, epochs=20, batch_size=128, validation_split=.1, callbacks=[
        K.callbacks.ModelCheckpoint(where, "val_loss", save_best_only=True),
        K.callbacks.TensorBoard(logpath, histogram_freq=1)])
    return where
def load_best_model(path):
    return K.models.load_model(path, safe_mode=False)
def centred(data, inp):
    m, s = data.mean(0).astype("float32"), data.std(0).astype("float32") + 1
    return L.Lambda(lambda v: tf.math.divide(tf.subtract(tf.cast(v, tf.float32), m), s))(inp)
def normalised_linear_model(X_train):
    inp = K.Input(X_train.shape[1:])
    return done(inp, L.Dense(10, "softmax")(centred(X_train, inp)))
def mlp_model(X_train, nhidden1=150, nhidden2=150, l2=None, dropout=None):
    inp = K.Input(X_train.shape[1:])
    drop = L.Dropout(dropout) if dropout else (lambda v: v)
    first = L.Dense(nhidden1, "relu", kernel_regularizer=l2 and K.regularizers.L2(l2))
    second = L.Dense(nhidden2, "relu")
    hidden = drop(second(drop(first(centred(X_train, inp)))))
    return done(inp, L.Dense(10, "softmax")(hidden))
def cnn_model(X_train):
    inp = K.Input((28, 28, 1))
    v = centred(X_train.reshape(-1, 28, 28, 1), inp)
    for layer in (L.Conv2D(64, 5, activation="relu"), L.MaxPool2D(2, 2), L.Flatten(), L.Dense(128, "relu"), L.Dense(64, "relu")):
        v = layer(v)
    return done(inp, L.Dense(10, "softmax")(v))
"""

SOLUTIONS["mnist_models"]["sequential"] = r"""import os
import keras
from keras import layers
from keras.callbacks import ModelCheckpoint, TensorBoard
from keras.datasets import mnist
keras.utils.set_random_seed(7)
def load_flat_mnist():
    (X_train, y_train), (X_test, y_test) = mnist.load_data()
    X_train = X_train.reshape(60000, 784).astype("float32")
    X_test = X_test.reshape(10000, 784).astype("float32")
    return (X_train, keras.utils.to_categorical(y_train)), (X_test, keras.utils.to_categorical(y_test))
def linear_model():
    model = keras.Sequential([keras.Input(shape=(784,)), layers.Dense(10, activation="softmax")])
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model
def generate_unique_logpath(logdir, raw_run_name):
    for i in range(10**6):
        path = os.path.join(logdir, f"{raw_run_name}-{i}")
        if not os.path.exists(path):
            return path
def train_and_checkpoint(model, X_train, y_train, logpath):
    best = os.path.join(logpath, "best.keras")
    board = TensorBoard(log_dir=logpath)
    checkpoint = ModelCheckpoint(filepath=best, monitor="val_loss", mode="min", save_best_only=True)
    model.fit(X_train, y_train, epochs=20, batch_size=128, validation_split=0.1, callbacks=[board, checkpoint])
    return best
def load_best_model(path):
    return keras.models.load_model(path, safe_mode=False)
def normalised_linear_model(X_train):
    mean = X_train.mean(axis=0)
    std = X_train.std(axis=0) + 1.0
    model = keras.Sequential([
        keras.Input(shape=(784,)),
        layers.Rescaling(scale=(1 / std).tolist(), offset=(-mean / std).tolist()),
        layers.Dense(10, activation="softmax"),
    ])
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model
def mlp_model(X_train, nhidden1=150, nhidden2=150, l2=None, dropout=None):
    mean = X_train.mean(axis=0)
    std = X_train.std(axis=0) + 1.0
    model = keras.Sequential()
    model.add(keras.Input(shape=(784,)))
    model.add(layers.Rescaling(scale=(1 / std).tolist(), offset=(-mean / std).tolist()))
    model.add(layers.Dense(nhidden1, activation="relu", kernel_regularizer=keras.regularizers.l2(l2) if l2 else None))
    if dropout:
        model.add(layers.Dropout(dropout))
    model.add(layers.Dense(nhidden2, activation="relu"))
    if dropout:
        model.add(layers.Dropout(dropout))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model
def cnn_model(X_train):
    model = keras.Sequential([
        keras.Input(shape=(28, 28, 1)),
        layers.Rescaling(1 / 255),
        layers.Conv2D(64, kernel_size=(5, 5), activation="relu"),
        layers.MaxPooling2D(pool_size=(2, 2), strides=(2, 2)),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dense(64, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ])
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model
if __name__ == "__main__":
    (X_train, y_train), (X_test, y_test) = load_flat_mnist()
    (images_train, _), (images_test, _) = mnist.load_data()
    for name, model, x_train, x_test in (
        ("linear", linear_model(), X_train, X_test),
        ("normalised", normalised_linear_model(X_train), X_train, X_test),
        ("mlp", mlp_model(X_train), X_train, X_test),
        ("mlp-l2", mlp_model(X_train, l2=1e-5), X_train, X_test),
        ("mlp-dropout", mlp_model(X_train, dropout=0.5), X_train, X_test),
        ("cnn", cnn_model(images_train), images_train[..., None], images_test[..., None]),
    ):
        logpath = generate_unique_logpath("./logs", name)
        best = load_best_model(train_and_checkpoint(model, x_train, y_train, logpath))
        print(name, best.evaluate(x_test, y_test, verbose=0))
"""

SOLUTIONS["mnist_models"]["template"] = r"""import os
import keras
from keras import layers
from keras.callbacks import ModelCheckpoint, TensorBoard
from keras.datasets import mnist
keras.utils.set_random_seed(7)
NUM_CLASSES = 10
def load_flat_mnist():
    (X_train, y_train), (X_test, y_test) = mnist.load_data()
    X_train = X_train.reshape(-1, 784)
    X_test = X_test.reshape(-1, 784)
    y_train = keras.utils.to_categorical(y_train, NUM_CLASSES)
    y_test = keras.utils.to_categorical(y_test, NUM_CLASSES)
    return (X_train, y_train), (X_test, y_test)
def linear_model():
    inputs = keras.Input(shape=(784,))
    outputs = layers.Dense(NUM_CLASSES, activation="softmax")(inputs)
    model = keras.Model(inputs=inputs, outputs=outputs)
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model
def generate_unique_logpath(logdir, raw_run_name):
    i = 0
    while True:
        run_name = f"{raw_run_name}-{i}"
        path = os.path.join(logdir, run_name)
        if not os.path.exists(path):
            return path
        i += 1
def train_and_checkpoint(model, X_train, y_train, logpath):
    checkpoint_path = os.path.join(logpath, "best_model.keras")
    tensorboard = TensorBoard(log_dir=logpath)
    checkpoint = ModelCheckpoint(checkpoint_path, monitor="val_loss", save_best_only=True)
    model.fit(
        X_train,
        y_train,
        epochs=20,
        batch_size=128,
        validation_split=0.1,
        callbacks=[tensorboard, checkpoint],
    )
    return checkpoint_path
def load_best_model(path):
    return keras.models.load_model(path, safe_mode=False)
def normalised_linear_model(X_train):
    mean = X_train.mean(axis=0)
    std = X_train.std(axis=0) + 1.0
    inputs = keras.Input(shape=(784,))
    x = layers.Lambda(lambda t: (t - mean) / std)(inputs)
    outputs = layers.Dense(NUM_CLASSES, activation="softmax")(x)
    model = keras.Model(inputs=inputs, outputs=outputs)
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model
def mlp_model(X_train, nhidden1=150, nhidden2=150, l2=None, dropout=None):
    mean = X_train.mean(axis=0)
    std = X_train.std(axis=0) + 1.0
    regularizer = keras.regularizers.l2(l2) if l2 is not None else None
    inputs = keras.Input(shape=(784,))
    x = layers.Lambda(lambda t: (t - mean) / std)(inputs)
    x = layers.Dense(nhidden1, activation="relu", kernel_regularizer=regularizer)(x)
    if dropout is not None:
        x = layers.Dropout(dropout)(x)
    x = layers.Dense(nhidden2, activation="relu")(x)
    if dropout is not None:
        x = layers.Dropout(dropout)(x)
    outputs = layers.Dense(NUM_CLASSES, activation="softmax")(x)
    model = keras.Model(inputs=inputs, outputs=outputs)
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model
def cnn_model(X_train):
    X_train = X_train.reshape(-1, 28, 28, 1)
    mean = X_train.mean(axis=0)
    std = X_train.std(axis=0) + 1.0
    inputs = keras.Input(shape=(28, 28, 1))
    x = layers.Lambda(lambda t: (t - mean) / std)(inputs)
    x = layers.Conv2D(64, (5, 5), activation="relu")(x)
    x = layers.MaxPooling2D((2, 2), strides=2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(128, activation="relu")(x)
    x = layers.Dense(64, activation="relu")(x)
    outputs = layers.Dense(NUM_CLASSES, activation="softmax")(x)
    model = keras.Model(inputs=inputs, outputs=outputs)
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model
"""

SOLUTIONS["neuron_count"]["added one by one"] = r"""import keras
from keras import layers
from keras.callbacks import Callback, EarlyStopping
from keras.datasets import mnist
from keras.models import Sequential
from keras.utils import to_categorical
keras.utils.set_random_seed(7)
(train_data, train_labels), (test_data, test_labels) = mnist.load_data()
def preprocessing(tableau):
    return tableau.astype('float32') / 255
X_train = preprocessing(train_data)
X_test = preprocessing(test_data)
y_train = to_categorical(train_labels, 10)
y_test = to_categorical(test_labels, 10)
nn0 = Sequential()
nn0.add(layers.Flatten(input_shape=(28, 28)))
nn0.add(layers.Dense(10, activation='softmax'))
nn0.summary()
nn0.compile(optimizer='adam', loss='categorical_crossentropy', metrics=['accuracy'])
history = nn0.fit(X_train, y_train, epochs=20, batch_size=128, validation_data=(X_test, y_test))
print(nn0.evaluate(X_test, y_test))
class Moniteur(Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch % 5 == 0:
            print("époque", epoch, logs)
nn2 = Sequential()
nn2.add(layers.Flatten(input_shape=(28, 28)))
nn2.add(layers.Dense(1, activation='relu'))
nn2.add(layers.Dense(10, activation='softmax'))
nn2.compile(optimizer='adam', loss='categorical_crossentropy', metrics=['accuracy'])
history = nn2.fit(X_train, y_train, epochs=60, validation_split=0.15, verbose=0, callbacks=[Moniteur()])
print(nn2.evaluate(X_test, y_test))
nn3 = Sequential()
nn3.add(layers.Flatten(input_shape=(28, 28)))
nn3.add(layers.Dense(2, activation='relu'))
nn3.add(layers.Dense(10, activation='softmax'))
nn3.compile(optimizer='adam', loss='categorical_crossentropy', metrics=['accuracy'])
stop = EarlyStopping(monitor='val_accuracy', patience=10)
history = nn3.fit(X_train, y_train, epochs=200, validation_split=0.15, verbose=0, callbacks=[Moniteur(), stop])
print(nn3.evaluate(X_test, y_test))
nn4 = Sequential()
nn4.add(layers.Flatten(input_shape=(28, 28)))
nn4.add(layers.Dense(3, activation='relu'))
nn4.add(layers.Dense(10, activation='softmax'))
nn4.compile(optimizer='adam', loss='categorical_crossentropy', metrics=['accuracy'])
stop = EarlyStopping(monitor='val_accuracy', patience=10, restore_best_weights=True)
history = nn4.fit(X_train, y_train, epochs=200, validation_split=0.15, verbose=0, callbacks=[Moniteur(), stop])
print(nn4.evaluate(X_test, y_test))
def reseau(n_neurones):
    model = Sequential()
    model.add(layers.Flatten(input_shape=(28, 28)))
    model.add(layers.Dense(n_neurones, activation='relu'))
    model.add(layers.Dense(10, activation='softmax'))
    model.compile(optimizer='adam', loss='categorical_crossentropy', metrics=['accuracy'])
    return model
def entrainer(modele, X, y):
    return modele.fit(X, y, epochs=100, validation_split=0.15, verbose=0, callbacks=[EarlyStopping(monitor='val_accuracy', patience=10, restore_best_weights=True)])
n_min_90 = 5
n_min_95 = 11
"""

SOLUTIONS["neuron_count"]["lists"] = r"""import keras
from keras import layers
from keras.callbacks import Callback, EarlyStopping
from keras.datasets import mnist
from keras.models import Sequential
from keras.utils import to_categorical
import numpy as np
keras.utils.set_random_seed(7)
(train_data, train_labels), (test_data, test_labels) = mnist.load_data()
def preprocessing(tableau):
    resultat = np.array(tableau, dtype=np.float32)
    resultat = resultat / 255.0
    return resultat
X_train = preprocessing(train_data)
X_test = preprocessing(test_data)
y_train = to_categorical(train_labels, 10)
y_test = to_categorical(test_labels, 10)
nn0 = Sequential([
    layers.Input(shape=(28, 28)),
    layers.Flatten(),
    layers.Dense(10, activation="softmax"),
])
nn0.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
nn0.fit(X_train, y_train, epochs=100, verbose=0)
loss, acc = nn0.evaluate(X_test, y_test, verbose=0)
print("exactitude :", acc)
class Moniteur(Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch % 5 != 0:
            return
        print(f"epoch {epoch}: {logs}")
nn2 = Sequential([
    layers.Input(shape=(28, 28)),
    layers.Flatten(),
    layers.Dense(1, activation="relu"),
    layers.Dense(10, activation="softmax"),
])
nn2.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
nn2.fit(X_train, y_train, epochs=50, validation_split=0.15, callbacks=[Moniteur()], verbose=0)
loss, acc = nn2.evaluate(X_test, y_test, verbose=0)
print("exactitude :", acc)
nn3 = Sequential([
    layers.Input(shape=(28, 28)),
    layers.Flatten(),
    layers.Dense(2, activation="relu"),
    layers.Dense(10, activation="softmax"),
])
nn3.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
nn3.fit(X_train, y_train, epochs=300, validation_split=0.15,
        callbacks=[Moniteur(), EarlyStopping(monitor="val_accuracy", patience=10)], verbose=0)
loss, acc = nn3.evaluate(X_test, y_test, verbose=0)
print("exactitude :", acc)
nn4 = Sequential([
    layers.Input(shape=(28, 28)),
    layers.Flatten(),
    layers.Dense(3, activation="relu"),
    layers.Dense(10, activation="softmax"),
])
nn4.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
nn4.fit(X_train, y_train, epochs=300, validation_split=0.15,
        callbacks=[Moniteur(), EarlyStopping(monitor="val_accuracy", patience=10, restore_best_weights=True)], verbose=0)
loss, acc = nn4.evaluate(X_test, y_test, verbose=0)
print("exactitude :", acc)
def reseau(n_neurones):
    couches = [layers.Input(shape=(28, 28)), layers.Flatten()]
    if n_neurones:
        couches.append(layers.Dense(n_neurones, activation="relu"))
    couches.append(layers.Dense(10, activation="softmax"))
    modele = Sequential(couches)
    modele.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return modele
def entrainer(modele, X, y):
    es = EarlyStopping(monitor="val_accuracy", patience=10, restore_best_weights=True)
    return modele.fit(X, y, epochs=300, validation_split=0.15, callbacks=[es], verbose=0)
for n in range(1, 20):
    m = reseau(n)
    entrainer(m, X_train, y_train)
    print(n, m.evaluate(X_test, y_test, verbose=0)[1])
n_min_90 = 5
n_min_95 = 12
"""

SOLUTIONS["neuron_count"]["functional"] = r"""import keras
from keras import layers
from keras.callbacks import Callback, EarlyStopping
from keras.datasets import mnist
from keras.models import Sequential
from keras.utils import to_categorical
keras.utils.set_random_seed(7)
(train_data, train_labels), (test_data, test_labels) = mnist.load_data()
def preprocessing(tableau):
    return (tableau / 255.).astype("float32")
X_train = preprocessing(train_data)
X_test = preprocessing(test_data)
y_train = to_categorical(train_labels, 10)
y_test = to_categorical(test_labels, 10)
OPTIONS = dict(optimizer=keras.optimizers.Adam(), loss="categorical_crossentropy", metrics=["accuracy"])
def reseau(n_neurones):
    entree = keras.Input((28, 28))
    x = layers.Flatten()(entree)
    if n_neurones > 0:
        x = layers.Dense(n_neurones, activation="relu")(x)
    m = keras.Model(entree, layers.Dense(10, activation="softmax")(x))
    m.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return m
class Moniteur(Callback):
    def __init__(self, pas=5):
        super().__init__()
        self.pas = pas
    def on_epoch_end(self, epoch, logs=None):
        if epoch % self.pas == 0:
            texte = ", ".join(f"{k}={v:.4f}" for k, v in (logs or {}).items())
            print("Epoch", epoch, texte)
def arret(**plus):
    return EarlyStopping(monitor="val_accuracy", patience=10, **plus)
nn0, nn2, nn3, nn4 = map(reseau, range(4))
nn0.fit(X_train, y_train, epochs=30, verbose=0)
nn2.fit(X_train, y_train, epochs=30, verbose=0, validation_split=0.15, callbacks=[Moniteur()])
nn3.fit(X_train, y_train, epochs=300, verbose=0, validation_split=0.15, callbacks=[Moniteur(), arret()])
nn4.fit(X_train, y_train, epochs=300, verbose=0, validation_split=0.15, callbacks=[Moniteur(), arret(restore_best_weights=True)])
for nn in (nn0, nn2, nn3, nn4):
    print(nn.count_params(), nn.evaluate(X_test, y_test, verbose=0))
def entrainer(modele, X, y):
    return modele.fit(X, y, epochs=300, verbose=0, validation_split=0.15, callbacks=[arret(restore_best_weights=True)])
n_min_90, n_min_95 = 5, 11
"""

if __name__ == "__main__":
    print("\n".join(table()))
