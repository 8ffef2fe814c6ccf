"""Several gradings at a time: processes that share one fork server, so that TensorFlow is imported once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

from checker import session
from checker.errors import LabcheckError
from checker.scorecard import Scorecard
from checker.server import CAN_FORK, Server
from checker.session import Request

# inherited by the processes of the pool: a fork server cannot be sent to them
_shared: list[Server] = []


def grade(
    requests: Sequence[Request], server: Server, jobs: int
) -> Iterator[tuple[int, Scorecard | LabcheckError]]:
    """Grade ``requests``, ``jobs`` at a time: the number of each, and its scorecard or what prevented it, as they come.

    Where processes cannot be forked, they are graded one after the other.
    """
    if jobs <= 1 or not CAN_FORK:
        for number, request in enumerate(requests):
            yield number, _graded(request, server)
        return
    _shared.append(server)
    context = multiprocessing.get_context("fork")
    try:
        with ProcessPoolExecutor(jobs, context) as pool:
            waiting = {pool.submit(_graded_there, request): number for number, request in enumerate(requests)}
            try:
                for done in as_completed(waiting):
                    yield waiting[done], done.result()
            finally:
                pool.shutdown(cancel_futures=True)
    finally:
        _shared.remove(server)


def _graded_there(request: Request) -> Scorecard | LabcheckError:
    return _graded(request, _shared[-1])


def _graded(request: Request, server: Server) -> Scorecard | LabcheckError:
    try:
        return session.check(request, lambda _question, _check: None, server)
    except LabcheckError as error:
        return error
