"""Lab 2: its figures, the handout's own code, and what its cases cannot say."""

from __future__ import annotations

import pytest
from conftest import Check
from labs.mnist_models import REFERENCE, SEED, swap

from checker.scorecard import CheckResult, Scorecard

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]
LAB = "mnist_models"


def result(card: Scorecard, name: str) -> CheckResult:
    """The result of the check of that name."""
    return next(check for question in card.questions for check in question.checks if check.id == name)


def test_the_reference_has_the_counts_of_the_lab(check: Check) -> None:
    """The parameter counts of the lab.

    Its other figures (test accuracies of 0.8555 to 0.9797) are those of 20 epochs on 54,000 images of MNIST, with one
    draw of weights each: a check trains on a few images to be brief, and nothing in it is judged by them.
    """
    card = check(REFERENCE, lab=LAB)
    counts = {
        name: result(card, f"test_{name}_layers").evidence["found"]
        for name in ("linear", "normalised", "mlp", "cnn")
    }
    assert counts == {"linear": 7850, "normalised": 7850, "mlp": 141910, "cnn": 1190346}


def test_a_mean_of_two_axes_has_the_count_that_its_sentence_tells(check: Check) -> None:
    code = swap(
        "images = X_train.reshape(-1, 28, 28, 1)",
        "images = X_train.reshape(-1, 28, 28)",
        "layers.Normalization(axis=(1, 2, 3), mean=mean, variance=std**2)(inputs)",
        "(inputs - mean) / std",
    )
    card = check(code, lab=LAB, questions=("cnn",))
    assert result(card, "test_cnn_layers").evidence["found"] == 1233546
    assert "1,233,546" in result(card, "test_cnn_layers").message


def test_the_handout_is_graded_on_the_work_and_its_old_spellings_are_noted(check: Check) -> None:
    card = check(SEED, lab=LAB)
    assert {question.id for question in card.questions if question.verdict != "pass"} == {"cnn"}
    old = {
        note.location.line: note.message for note in card.notes if note.kind == "old_spelling" and note.location
    }
    line = 1 + SEED.splitlines().index("xi = Input(shape=input_shape)")
    assert "Input(shape=(784,))" in old[line]


def test_a_lambda_that_keras_does_not_read_is_read_and_noted(check: Check) -> None:
    code = swap(
        "keras.models.load_model(path, safe_mode=False)",
        "keras.models.load_model(path)",
        "layers.Normalization(mean=mean, variance=std**2)(inputs)",
        "layers.Lambda(lambda x, mu, std: (x - mu) / std, arguments={'mu': mean, 'std': std})(inputs)",
    )
    card = check(code, lab=LAB, questions=("load_best", "normalisation"))
    assert (card.score, card.max_score) == (4.0, 4.0)
    assert any("safe_mode=False" in note.message for note in card.notes if note.kind == "old_spelling")


def test_nothing_that_a_submission_saved_is_read_by_the_grader(check: Check) -> None:
    """A file that is no model costs the question that writes it, and nothing else."""
    code = swap(
        "    return path\n    ### END SOLUTION\n\n\ndef load_best",
        "    open(path, 'wb').write(b'cos\\nsystem\\n(S\"true\"\\ntR.')\n    return path\n    ### END SOLUTION\n\n\ndef load_best",
    )
    card = check(code, lab=LAB, questions=("checkpoint", "load_best", "cnn"))
    assert "reads no model" in result(card, "test_best_model_saved").message
    assert {question.id for question in card.questions if question.verdict == "pass"} == {"load_best", "cnn"}
