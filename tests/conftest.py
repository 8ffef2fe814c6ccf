"""What tests share: one fork server, and a way to check a submission through the public face."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from checker import session
from checker.course import default_course
from checker.language import speak
from checker.scorecard import Scorecard
from checker.server import Server

# a test must not depend on a network, nor wait for one
os.environ["LABCHECK_OFFLINE"] = "1"
# the checks of a course of its own, which an audit runs
collect_ignore = ["course"]
SHARED = Path(__file__).parent.parent.parent / "shared"

Check = Callable[..., Scorecard]


@pytest.fixture(autouse=True)
def _english() -> None:
    speak("en")


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture
def check(server: Server, tmp_path: Path) -> Check:
    """``check(code, name="lab.py")`` or ``check(path=…)``: the scorecard, on the embedded data."""

    def checked(
        code: str = "",
        name: str = "lab.py",
        path: Path | None = None,
        data: str = "embedded",
        lab: str = "cnn_mnist",
        **more: object,
    ) -> Scorecard:
        if path is None:
            path = tmp_path / name
            path.write_text(code, "utf-8")
        request = session.Request(lab=default_course().lab(lab), path=path, data=data, **more)  # type: ignore[arg-type]
        return session.check(request, lambda _question, _check: None, server)

    return checked
