"""Submissions that are messy, slow or hostile: each ends within its limits and costs only what it touches."""

from __future__ import annotations

import json
import time

import psutil
import pytest
from cases import REFERENCE
from conftest import Check

from checker.server import Server
from checker.template import notebook

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]


def lost(card: object) -> set[str]:
    return {q.id for q in card.questions if q.verdict != "pass"}  # type: ignore[attr-defined]


def test_three_hundred_epochs_at_top_level_are_cut_and_told(check: Check) -> None:
    code = REFERENCE + (
        "\n\n\n(X, y), (Xt, yt), n = get_data_mnist()\nm = small_model()\nh = m.fit(X, y, epochs=300, batch_size=200)\n"
        "assert len(h.history['loss']) == 300\n"
    )
    card = check(notebook(code), name="lab.ipynb")
    assert card.score == 20.0
    assert any("300 epochs" in n.message for n in card.notes)
    assert not [n for n in card.notes if n.kind == "raised"]


def test_an_endless_loop_in_a_function_costs_its_question(check: Check) -> None:
    code = REFERENCE.replace(
        "    scores = model.evaluate", "    while True:\n        pass\n    scores = model.evaluate"
    )
    card = check(code, questions=("error_rate", "data"))
    assert lost(card) - {q.id for q in card.questions if q.verdict == "skipped"} == {"error_rate"}
    check_ = next(c for q in card.questions if q.id == "error_rate" for c in q.checks)
    assert "loop" in check_.message
    assert check_.location is not None


def test_leaving_python_at_top_level_costs_nothing_that_is_right(check: Check) -> None:
    card = check(REFERENCE + "\nimport os\nos._exit(0)\n")
    assert card.score == 20.0
    assert card.ending == "killed"
    assert any("exit 0" in n.message for n in card.notes)


def test_leaving_python_in_a_function_costs_its_question(check: Check) -> None:
    card = check(REFERENCE.replace("    scores = model", "    import os\n    os._exit(0)\n    scores = model"))
    assert lost(card) == {"error_rate"}


def test_a_flood_of_text_is_cut(check: Check) -> None:
    card = check(REFERENCE + "\nfor _ in range(1000):\n    print('x' * 100_000)\n", questions=("data",))
    assert card.score == card.max_score
    assert any(n.kind == "output_cut" for n in card.notes)


def test_a_cell_that_does_not_parse_is_left_out_and_told(check: Check) -> None:
    content = json.loads(notebook(REFERENCE))
    content["cells"].append({**content["cells"][0], "id": "last", "source": "print 'done'"})
    card = check(json.dumps(content), name="lab.ipynb")
    assert card.score == 20.0
    assert any(n.kind == "broken_cell" and n.location and n.location.cell for n in card.notes)


def test_killing_the_fork_server_leaves_nothing_and_the_next_check_starts_fresh(check: Check) -> None:
    with Server() as mine:
        before = mine.spawn("")
        assert psutil.pid_exists(before.pid)
        process = mine._process
        assert process is not None
        process.kill()
        process.wait()
        deadline = time.monotonic() + 10
        while psutil.pid_exists(before.pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not psutil.pid_exists(before.pid)
        before.end()
        mine.restart()
        after = mine.spawn("")
        assert psutil.pid_exists(after.pid)
        after.end()
        folder = mine.folder
    assert not folder.exists()
