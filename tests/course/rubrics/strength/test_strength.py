"""The checks of a small regression lab: nothing here knows of images."""

import numpy as np
import pytest

from checker.evidence import sample_rows
from checker.rubric import Array, History, Model, StudentFault, compiled_right, layers_alike, question

N, FEATURES = 60, 8


@pytest.fixture
def table():
    generator = np.random.default_rng(4)
    X = generator.normal(5, 3, (N, FEATURES)).astype("float32")
    return X, (X @ generator.normal(size=FEATURES)).astype("float32")


@pytest.fixture
def model(student):
    found = student.regressor(FEATURES)
    if not isinstance(found, Model):
        raise StudentFault("regressor gives no Keras model", student.place("regressor"))
    return found


@question("standardise")
def test_standardised(student, reference, table, say):
    X = table[0]
    expected = [each.values_at(range(len(each))) for each in reference.standardise(X[:40], X[40:])]
    found = student.standardise(X[:40], X[40:])
    at = student.place("standardise")
    assert isinstance(found, tuple), say("wrong", at=at, what="type", found=type(found).__name__, expected="tuple")
    assert len(found) == 2, say("wrong", at=at, what="len", found=len(found), expected=2)
    for name, mine, right in zip(("X_train", "X_test"), found, expected, strict=True):
        assert isinstance(mine, Array), say("wrong", at=at, what=name, found="?", expected="array")
        assert mine.shape == right.shape, say("wrong", at=at, what=name, found=mine.shape, expected=right.shape)
        values = mine.values_at(range(len(mine)))
        assert np.allclose(values, right, atol=1e-3), say(
            "wrong", at=at, what=name, found=round(float(values.mean()), 3), expected=round(float(right.mean()), 3)
        )


@question("regressor", weight=2)
def test_layers(model, reference, award):
    layers_alike(model, reference.regressor(FEATURES), award)


@question("regressor")
def test_compiled(model, reference):
    compiled_right(model, reference.regressor(FEATURES))


@question("regressor")
def test_learns(model, table, say):
    X, y = table
    trained = model.trained(X, y, epochs=20, batch_size=N, seed=1, eager=True)

    def error(each):
        return float(((each.predict(X)[:, 0] - y) ** 2).mean())

    before, after = error(model.fresh(1)), error(trained)
    assert after < before, say("wrong", at=model.place, what="mse", found=after, expected=f"< {before:g}")


@pytest.fixture
def run(student, reference, table):
    return student.fit_regressor.run(reference.regressor(FEATURES), *table)


@question("training", weight=2)
def test_fit(student, run, table, say):
    run.value  # noqa: B018 - raises where it does not come to its end
    fits = run.effects.fits
    assert len(fits) == 1, say("wrong", at=student.place("fit_regressor"), what="fit", found=len(fits), expected=1)
    (fit,) = fits
    for what, found, expected in (
        ("epochs", fit.epochs, 30),
        ("batch_size", fit.batch_size, 16),
        ("validation_split", fit.validation_split, 0.2),
        ("X", fit.x and fit.x.shape, (N, FEATURES)),
    ):
        assert found == expected, say("wrong", at=fit.place, what=what, found=found, expected=expected)
    rows = np.asarray(sample_rows(N))
    labels = fit.y.rows.array().reshape(-1)
    assert np.allclose(labels, table[1][rows], atol=1e-3), say(
        "wrong", at=fit.place, what="y", found=labels[0], expected=table[1][rows[0]]
    )


@question("training")
def test_stopping(run, say):
    (fit,) = run.effects.fits
    found = [each for each in fit.callbacks if each.name == "EarlyStopping"]
    assert found, say("wrong", at=fit.place, what="callbacks", found="[]", expected="EarlyStopping")
    asked = {"monitor": "val_loss", "patience": 5, "restore_best_weights": True}
    for name, expected in asked.items():
        value = found[0].config[name]
        assert value == expected, say("wrong", at=fit.place, what=name, found=value, expected=expected)


@question("training")
def test_history(student, run, say):
    at = student.place("fit_regressor")
    assert isinstance(run.value, History), say("wrong", at=at, what="return", found="?", expected="History")


@question("rmse")
def test_rmse(student, say):
    generator = np.random.default_rng(5)
    truth, guess = generator.normal(size=(2, N))
    expected = float(np.sqrt(((truth - guess) ** 2).mean()))
    for y_true, y_pred in ((truth, guess), (truth, guess[:, None]), (truth[:, None], guess)):
        found = student.rmse(y_true, y_pred)
        right = isinstance(found, (int, float)) and abs(found - expected) < 1e-4
        assert right, say("wrong", at=student.place("rmse"), what="rmse", found=found, expected=expected)
