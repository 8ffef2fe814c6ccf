"""Arithmetic as students write it in a report, evaluated without running anything.

``$(784 * 512) + 512 = 401'920$``, ``14 × 14 × 32 = 6272``, ``(6272 * 64) + 64 (biais) = 401 472``: a line of text is read
for its equations. Prose is ambiguous (``12.345`` may be twelve thousand, ``73 728`` two numbers), so an equation is wrong
only where no reading of it is right, and what may be a part of something larger is not judged at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise, product

# no report needs more, and no report may cost more
MAX_LINE, MAX_SIDES, MAX_TOKENS, MAX_POWER, MAX_READINGS = 2000, 20, 60, 64, 16
MAX_VALUE = Fraction(10) ** 30

THIN = " \u00a0\u202f\u2009'’"
NUMBER = rf"\d+(?:[.,{THIN}]\d+)*"
_TOKEN = re.compile(rf"(?P<number>{NUMBER}|[.,]\d+)(?P<percent>\s?%)?|(?P<op>\*\*|//|[-+*/^()])|(?P<blank>\s+)")
_EQUAL = re.compile(r"(?<![=<>!:≤≥])=(?!=)")
# a parenthesis of words only says what a number is: "+ 64 (biais)"
_ASIDE = re.compile(r"\(\s*[^\W\d][^()\d=]*\)")
_LATEX = {
    r"\\(?:times|cdot|ast)\b": "*", r"\\div\b": "/", r"\\(?:left|right|big|Big)\b": "", r"\\[,;:! ]": "\u202f",
    r"\{,\}": ",", r"\\(?:text|mathrm|textrm|mbox)\s*\{[^{}]*\}": " ", r"\\_": "_", r"\\\*": "*",
    r"\\d?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}": r"((\1)/(\2))", r"\^\{([^{}]*)\}": r"^(\1)", r"[$`]": "",
}  # fmt: skip
_SIGNS = str.maketrans({"×": "*", "·": "*", "⋅": "*", "∗": "*", "•": "*", "÷": "/", "−": "-", "–": "-", "²": "^2", "³": "^3"})  # fmt: skip
_BOLD = re.compile(r"(?<![\w)])\*\*(?=\S)|(?<=\S)\*\*(?![\w(])")
_ITALIC = re.compile(rf"(?<=[\s=(])\*({NUMBER})\*(?=[\s.,;:)]|$)")
_CROSS = re.compile(r"(?<=[\d)])\s*[xX]\s*(?=[\d(])")
_OPEN_END = ("+", "*", "/", "-", "(", "=", "^")


class NotArithmetic(Exception):
    """These tokens are no expression."""


class TooLarge(Exception):
    """A value that no model has anything to do with."""


@dataclass(frozen=True, slots=True)
class Number:
    """One reading of a number: ``decimals`` are the digits after its comma, a percent counting as two more."""

    value: Fraction
    decimals: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Equation:
    """``text`` as it stands in the report: the calculation gives ``value``, the report says ``claimed``."""

    text: str
    value: Fraction
    claimed: Fraction
    right: bool


def readings(text: str) -> tuple[Number, ...]:
    """What a number with separators may mean: thousands, a decimal, or both; none where it can be neither."""
    parts = re.split(rf"([.,{THIN}])", text)
    digits, marks = parts[::2], parts[1::2]
    if not all(digits[1:]) or (not digits[0] and not marks):
        return ()
    found = []
    if _thousands(digits, marks):
        found.append(Number(Fraction("".join(digits))))
    if marks and marks[-1] in ".," and _thousands(digits[:-1], marks[:-1]):
        whole = "".join(digits[:-1]) or "0"
        found.append(Number(Fraction(f"{whole}.{digits[-1]}"), len(digits[-1])))
    return tuple(found)


def integer(text: str) -> int | None:
    """The whole number that ``text`` means, None where it means none."""
    return next((int(each.value) for each in readings(text) if not each.decimals), None)


def _thousands(digits: Sequence[str], marks: Sequence[str]) -> bool:
    if not marks:
        return True
    groups = (
        1 <= len(digits[0]) <= 3 and not digits[0].startswith("0") and all(len(each) == 3 for each in digits[1:])
    )
    return groups and len(set(marks)) == 1


def unmarked(line: str) -> str:
    """``line`` without LaTeX, Markdown and typographic signs, as far as its numbers go."""
    text = line[:MAX_LINE]
    for pattern, sign in _LATEX.items():
        text = re.sub(pattern, sign, text)
    text = text.translate(_SIGNS)
    return _ITALIC.sub(r"\1", _BOLD.sub("", text))


def _plain(line: str) -> str:
    """``line`` as arithmetic: ``3 x 3`` is a product, and words in brackets say nothing."""
    return _CROSS.sub(" * ", _ASIDE.sub(" ", unmarked(line)))


def equations(line: str, before: str = "") -> Iterator[Equation]:
    """The equations of one line of prose; ``before`` is the line before it, which an expression may begin on."""
    text = _plain(line)
    stripped = text.lstrip()
    # the mark of a list is no sign
    listed = re.match(r"[-+*]\s", stripped)
    text = stripped[1:] if listed else stripped
    sides = _EQUAL.split(text)
    broken_off = not listed and _plain(before).rstrip().endswith(_OPEN_END)
    for number, (left, right) in enumerate(pairwise(sides[:MAX_SIDES])):
        found = _equation(left, right, open_start=broken_off and number == 0)
        if found is not None:
            yield found


# --- one equation -----------------------------------------------------------------------------------------------


Token = Number | str
_BREAK = "?"


@dataclass(frozen=True, slots=True)
class _Side:
    """One reading of one side: its ``values``, whether it is ``whole``, and whether it is more than a number."""

    values: tuple[Number, ...]
    whole: bool
    computed: bool
    divides: bool
    text: str


def _equation(left: str, right: str, *, open_start: bool) -> Equation | None:
    """The equation between two texts, None where there is none that can be judged."""
    pairs = [
        (one, other)
        for one in _sides(left, last=True)
        for other in _sides(right, last=False)
        if one.computed or other.computed
    ]
    best: Equation | None = None
    for one, other in pairs:
        calculated, said = (one, other) if one.computed else (other, one)
        for value, claimed in product(calculated.values, said.values):
            right_so = _agree(value, claimed, divides=one.divides or other.divides)
            text = f"{one.text} = {other.text}"
            if right_so:
                return Equation(text=text, value=value.value, claimed=claimed.value, right=True)
            judged = one.whole and other.whole and not open_start
            if judged and best is None:
                best = Equation(text=text, value=value.value, claimed=claimed.value, right=False)
    return best


def _agree(value: Number, claimed: Number, *, divides: bool) -> bool:
    """Whether both are the same number, up to the rounding that their decimals or a division allow."""
    decimals = [each.decimals for each in (value, claimed) if each.decimals]
    slack = Fraction(1, 2 * 10 ** min(decimals)) if decimals else Fraction(0)
    if divides and not claimed.decimals:
        slack = max(slack, Fraction(99, 100))
    return abs(value.value - claimed.value) <= slack


def _sides(text: str, *, last: bool) -> Iterator[_Side]:
    """The readings of the expression that ends (``last``) or begins a text, blanks joining thousands or not."""
    for joined in (True, False):
        spans = _tokens(text, joined=joined)
        run = _run(spans, last=last)
        side = _longest(text, run, last=last)
        if side is not None:
            yield side


Span = tuple[str, tuple[Number, ...], int, int]


def _tokens(text: str, *, joined: bool) -> list[Span]:
    """(sign, readings, start, stop) of each token; ``_BREAK`` for all that is no arithmetic."""
    spans: list[Span] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        stop = match.end() if match else position + 1
        if match and (digits := match["number"]):
            numbers = readings(digits)
            if not joined or not numbers:
                digits = re.match(r"[.,]?\d+(?:[.,'’]\d+)*", digits)[0]  # type: ignore[index]  # it begins so
                numbers = readings(digits)
                stop = position + len(digits)
            elif match["percent"]:
                numbers += tuple(Number(each.value / 100, each.decimals + 2) for each in numbers)
            word = (position and _in_word(text[position - 1])) or (stop < len(text) and _in_word(text[stop]))
            spans.append((_BREAK, (), position, stop) if word or not numbers else ("n", numbers, position, stop))
        elif match and match["op"]:
            spans.append((match["op"], (), position, stop))
        elif not match:
            spans.append((_BREAK, (), position, stop))
        position = stop
    return spans


def _in_word(char: str) -> bool:
    return char.isalpha() or char == "_"


def _run(spans: list[Span], *, last: bool) -> list[Span]:
    """The tokens at the end, or at the beginning, up to the first that is no arithmetic, which is kept as well."""
    run: list[Span] = []
    for span in reversed(spans) if last else spans:
        run.append(span)
        if span[0] == _BREAK or len(run) > MAX_TOKENS:
            break
    return list(reversed(run)) if last else run


def _longest(text: str, run: list[Span], *, last: bool) -> _Side | None:
    """The longest expression at the end (``last``) or the beginning of ``run``."""
    for size in range(len(run), 0, -1):
        part = run[-size:] if last else run[:size]
        rest = run[: len(run) - size] if last else run[size:]
        # after a word, a dash may be punctuation
        values = None if last and rest and part[0][0] == "-" else _values(part)
        if values is None:
            continue
        if not values:
            return None
        signs = [span[0] for span in part]
        return _Side(
            values=values,
            whole=_stands_alone(rest, last=last),
            computed=any(sign not in ("n", "(", ")") for sign in signs),
            divides="/" in signs or "//" in signs,
            text=text[part[0][2] : part[-1][3]].strip(),
        )
    return None


def _stands_alone(rest: list[Span], *, last: bool) -> bool:
    """Whether what lies outside an expression leaves it whole: nothing, words, or the bracket that it stands in."""
    if not rest:
        return True
    near = rest[-1][0] if last else rest[0][0]
    return near == _BREAK or near == ("(" if last else ")") or (not last and near in ("(", "n"))


def _values(part: list[Span]) -> tuple[Number, ...] | None:
    """What an expression gives, for every reading of its numbers; None where it is none, nothing where it is too large."""
    if any(span[0] == _BREAK for span in part):
        return None
    choices: list[tuple[Token, ...]] = [span[1] if span[0] == "n" else (span[0],) for span in part]
    found: dict[Number, None] = {}
    try:
        for chosen in islice(product(*choices), MAX_READINGS):
            found[_Parser(chosen).result()] = None
    except NotArithmetic:
        return None
    except TooLarge:
        return ()
    return tuple(found)


class _Parser:
    """Recursive descent over ``+ - * / // ^ ( )`` and numbers; raises NotArithmetic for anything else."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def result(self) -> Number:
        """The value of all the tokens. A single number keeps its decimals, a calculation is exact."""
        if len(self._tokens) == 1 and isinstance(self._tokens[0], Number):
            return self._tokens[0]
        value = self._sum()
        if self._at != len(self._tokens):
            raise NotArithmetic
        return Number(value)

    def _next(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self, *signs: str) -> str:
        token = self._next()
        if isinstance(token, str) and token in signs:
            self._at += 1
            return token
        return ""

    def _sum(self) -> Fraction:
        value = self._product()
        while sign := self._take("+", "-"):
            other = self._product()
            value = _bounded(value + other if sign == "+" else value - other)
        return value

    def _product(self) -> Fraction:
        value = self._power()
        while sign := self._take("*", "/", "//"):
            other = self._power()
            if sign != "*" and not other:
                raise NotArithmetic
            value = _bounded(
                value * other if sign == "*" else value / other if sign == "/" else Fraction(value // other)
            )
        return value

    def _power(self) -> Fraction:
        value = self._atom()
        if not self._take("^", "**"):
            return value
        exponent = self._power()
        if exponent.denominator != 1 or abs(exponent) > MAX_POWER or (not value and exponent < 0):
            raise NotArithmetic
        return _bounded(value ** int(exponent))

    def _atom(self) -> Fraction:
        token = self._next()
        if isinstance(token, Number):
            self._at += 1
            return token.value
        if self._take("-"):
            return -self._atom()
        if not self._take("("):
            raise NotArithmetic
        value = self._sum()
        if not self._take(")"):
            raise NotArithmetic
        return value


def _bounded(value: Fraction) -> Fraction:
    if abs(value) > MAX_VALUE or value.denominator > MAX_VALUE:
        raise TooLarge
    return value
