"""What a student must read when their code does not do what a check needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checker import expression
from checker.evidence import Ending, Failure, Place
from checker.expression import Expression, Name
from checker.language import _


class StudentFault(AssertionError):
    """Something about the submission that a student must read: the sentence, and where it stands."""

    def __init__(self, message: str, place: Place | None = None, ending: Ending | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.ending = ending


class Missing(StudentFault):
    """A name that the lab asks for and the submission does not define."""


def fault_of(
    failure: Failure, subject: Expression, explained: str = "", places: Mapping[str, Place | None] | None = None
) -> StudentFault:
    """The fault to raise where evaluating ``subject`` failed; ``explained`` says what usually leads to it.

    ``places`` are those of the submission's names: where the failure passed no line of it, the name that was asked for
    is the place.
    """
    place = failure.trace[-1] if failure.trace else (places or {}).get(_name_of(subject))
    return StudentFault("\n".join(filter(None, (_told(failure, subject), explained))), place, failure.ending)


def _told(failure: Failure, subject: Expression) -> str:
    """What a student reads of a failure."""
    name = _name_of(subject)
    match failure.ending:
        case Ending.timed_out:
            return _("{name} was still running when its time was over: is there a loop that never ends?").format(
                name=name
            )
        case Ending.out_of_memory:
            return _("{name} took more memory, disk or processes than it is given.").format(name=name)
        case Ending.killed:
            return _(
                "{name} ended the whole Python process ({reason}): do not call exit() or os._exit() in it."
            ).format(name=name, reason=failure.message or "?")
        case Ending.garbled:
            return _("{name} disturbed the conversation with the grader.").format(name=name)
    if failure.error == "NotImplementedError":
        return _(
            "{name} is still to be written: put your code where it says `raise NotImplementedError()`."
        ).format(name=name)
    return _("{name} stops with {error}: {message}").format(
        name=name, error=failure.error, message=failure.message
    )


def _name_of(subject: Expression) -> str:
    for inner in _inward(subject):
        if isinstance(inner, Name):
            return inner.name
    return _("the model")


def _inward(subject: Expression) -> Iterator[Expression]:
    while True:
        yield subject
        match subject:
            case expression.Call(function):
                subject = function
            case expression.Argument(call):
                subject = call
            case (
                expression.After(_, of)
                | expression.Attribute(of)
                | expression.Item(of)
                | expression.Rows(of)
                | expression.Fresh(of)
                | expression.Trained(of)
                | expression.Transplanted(of)
            ):
                subject = of
            case _:
                return
