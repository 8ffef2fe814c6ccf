"""What a written report claims about its models: layer tables, parameter counts, calculations, accuracies.

Pure text in, claims with their places out; ``contradictions`` sets them against each other and against the models.
A table as ``summary()`` prints it is read in Keras 2's form and Keras 3's, and flattened by a conversion from PDF.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise

from checker import arithmetic
from checker.arithmetic import Equation
from checker.evidence import Passage, Place

# the characters of a report of 80 pages
MAX_TEXT = 200_000
# below four digits a count of parameters cannot be told from "the 3 parameters of RMSprop"
MIN_COUNT = 1000
# the layers of a network, not more: sums of them are tried one by one
MAX_SUMMED = 12

_COUNT = rf"\d{{1,3}}(?:[,.{arithmetic.THIN}]\d{{3}}){{1,4}}(?!\d)|\d+"
_ROW = re.compile(
    rf"(?<!\w)(?P<name>[A-Za-z_][\w/.:-]*)\s*(?:\((?P<kind>[A-Za-z_][\w.]*)\)?)?[ ]*"
    rf"(?P<shape>\[?\(None(?:, *(?:None|\d+))*,? *\)\]?)[ ]*(?P<count>{_COUNT})"
)
_TOTAL = re.compile(
    rf"\b(?P<which>non-?\s?trainable|trainable|total|optimizer)\s+params?[\s:*]*(?P<count>{_COUNT})", re.IGNORECASE
)
_UNIT = r"(?:poids|param(?:è|e)tres?|parameters?|params?|weights?)\b"
_WITH_UNIT = re.compile(rf"(?P<count>{_COUNT})\s*(?:trainable |learnable )?{_UNIT}", re.IGNORECASE)
_TOTAL_OF = re.compile(
    rf"\b(?:total|somme|sum)\b[^.\n\d(]{{0,60}}?{_UNIT}[^.\n\d(+*/]{{0,30}}?(?P<count>{_COUNT})(?![\d.,]*\s*[-+*/=(])",
    re.IGNORECASE,
)
_SUMMED = re.compile(
    r"\btotal|\bau total|\ben tout|additionn|\bsomme\b|\bsum\b|\bin all\b|\baltogether\b", re.IGNORECASE
)
# what is said of a network that nobody built
_WOULD = re.compile(r"\b(?:aurait|auraient|serait|seraient|compterait|would)\b", re.IGNORECASE)
_ABOUT = re.compile(
    r"(?:environ|à peu près|près de|presque|plus de|moins de|about|around|approximately|nearly|almost|over|[~≈])\s*$",
    re.IGNORECASE,
)
_ACCURACY = re.compile(
    r"(?:accuracy|exactitude)\b[^\n\d]{0,30}(?P<value>0[.,]\d+|1[.,]0+|\d{1,3}(?:[.,]\d+)?\s?%)", re.IGNORECASE
)
_HEADING = re.compile(r"^\s*(?:#{1,6}\s|\*\*[^*]+\*\*\s*$)")
_BOXES = str.maketrans(dict.fromkeys("│┃║|╎┆\t", " "))


@dataclass(frozen=True, slots=True)
class Row:
    """A layer of a table: ``shape`` without the batch axis, None for an open size."""

    place: Place
    name: str
    kind: str
    shape: tuple[int | None, ...]
    parameters: int


@dataclass(slots=True)
class Table:
    """A layer table; ``totals`` by "total", "trainable", "non-trainable", "optimizer"."""

    rows: list[Row] = field(default_factory=list)
    totals: dict[str, int] = field(default_factory=dict)
    place: Place | None = None

    @property
    def sum(self) -> int:
        """The parameters of all its rows."""
        return sum(row.parameters for row in self.rows)

    @property
    def parameters(self) -> int:
        """The model's own: Keras 3 adds those of the optimizer to the total of a trained model."""
        if "total" not in self.totals:
            return self.sum
        return self.totals["total"] - self.totals.get("optimizer", 0)

    @property
    def figures(self) -> set[int]:
        """Every count in it."""
        return {self.sum, self.parameters, *self.totals.values(), *(row.parameters for row in self.rows)}


@dataclass(frozen=True, slots=True)
class Calculation:
    """An equation and where it stands."""

    place: Place
    equation: Equation


@dataclass(frozen=True, slots=True)
class Count:
    """A number of parameters in a sentence.

    ``table`` and ``calculations`` are what stands before it under the same heading; ``summed`` where the sentence says
    that this is their sum, and gives no other count.
    """

    place: Place
    value: int
    summed: bool
    table: Table | None
    calculations: tuple[Calculation, ...]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """An accuracy that is claimed, 0 to 1."""

    place: Place
    value: float


@dataclass(slots=True)
class Claims:
    """All that a report claims, each in the order of the text."""

    calculations: list[Calculation] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    counts: list[Count] = field(default_factory=list)
    accuracies: list[Accuracy] = field(default_factory=list)

    @property
    def counted(self) -> bool:
        """Whether the report counts parameters at all."""
        return bool(self.calculations or self.tables or self.counts)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A claim that is wrong: ``kind`` is "calculation", "sum", "row", "total" or "unknown"."""

    kind: str
    place: Place | None
    found: int | str
    expected: int | str = ""


def claims_in(passages: Sequence[Passage]) -> Claims:
    """What a report claims, passage by passage."""
    claims = Claims()
    left = MAX_TEXT
    for passage in passages:
        _Reading(passage, claims).read(left)
        left = max(0, left - len(passage.text))
    return claims


class _Reading:
    """One passage being read: the open table, and what stands under the current heading."""

    def __init__(self, passage: Passage, claims: Claims) -> None:
        self._passage = passage
        self._claims = claims
        self._open: Table | None = None
        self._block: Table | None = None
        self._since = len(claims.calculations)

    def read(self, characters: int) -> None:
        """Add what the first ``characters`` of the passage claim."""
        lines = self._passage.text[:characters].split("\n")
        before = ""
        for number, line in enumerate(lines):
            text = arithmetic.unmarked(line).translate(_BOXES)
            self._heading(line)
            self._table(text, number, lines)
            for equation in arithmetic.equations(line, before):
                self._claims.calculations.append(Calculation(self._place(number), equation))
            self._counts(text, number)
            self._accuracies(line, number)
            before = line if line.strip() else before

    def _place(self, number: int) -> Place:
        return Place(self._passage.file, self._passage.line + number, self._passage.cell)

    def _heading(self, line: str) -> None:
        # a conversion from PDF makes a heading of the line above a table
        if _HEADING.match(line) and "param" not in line.lower():
            self._open = self._block = None
            self._since = len(self._claims.calculations)

    def _table(self, text: str, number: int, lines: Sequence[str]) -> None:
        for match in _ROW.finditer(text):
            if self._open is None or self._open.totals:
                self._open = self._block = Table()
                self._claims.tables.append(self._open)
                self._since = len(self._claims.calculations)
            shape = tuple(
                None if size == "None" else int(size) for size in re.findall(r"None|\d+", match["shape"])
            )
            count = arithmetic.integer(match["count"]) or 0
            kind = match["kind"] or ""
            self._open.rows.append(Row(self._place(number), match["name"], kind, shape[1:], count))
        following = lines[number + 1] if number + 1 < len(lines) else ""
        # "===== Total" and "params: 410,538" may stand on two lines
        joined = f"{text}\n{arithmetic.unmarked(following).translate(_BOXES)}"
        for match in _TOTAL.finditer(joined):
            if self._open is not None and match.start() < len(text):
                self._open.place = self._open.place or self._place(
                    number + joined[: match.start("count")].count("\n")
                )
                self._open.totals.setdefault(_which(match["which"]), arithmetic.integer(match["count"]) or 0)

    def _counts(self, text: str, number: int) -> None:
        if _TOTAL.search(text) or _ROW.search(text):
            return
        for sentence in re.split(r"(?<=[.;!?])\s", text):
            found = {match.start("count"): match["count"] for match in _WITH_UNIT.finditer(sentence)}
            found |= {match.start("count"): match["count"] for match in _TOTAL_OF.finditer(sentence)}
            values = {start: arithmetic.integer(count) or 0 for start, count in found.items()}
            summed = bool(_SUMMED.search(sentence)) and len(set(values.values())) == 1
            for start, value in values.items():
                if value < MIN_COUNT or _WOULD.search(sentence) or _ABOUT.search(sentence[:start]):
                    continue
                since = tuple(self._claims.calculations[self._since :])
                self._claims.counts.append(Count(self._place(number), value, summed, self._block, since))

    def _accuracies(self, line: str, number: int) -> None:
        for match in _ACCURACY.finditer(line):
            text = match["value"].replace(",", ".")
            value = float(text.rstrip("% ")) / (100 if "%" in text else 1)
            if value <= 1:
                self._claims.accuracies.append(Accuracy(self._place(number), value))


def _which(word: str) -> str:
    word = word.lower()
    return "non-trainable" if word.startswith("non") else word


# --- contradictions ---------------------------------------------------------------------------------------------


def contradictions(claims: Claims, counts: Collection[int]) -> Iterator[Contradiction]:
    """What is wrong in a report whose models have ``counts``: the parameters of each, in all and layer by layer.

    A count agrees where a model has it, or where the report's own tables and calculations give it.
    """
    for calculation in claims.calculations:
        equation = calculation.equation
        if not equation.right:
            yield Contradiction("calculation", calculation.place, equation.text, _shown(equation))
    for table in claims.tables:
        yield from _of_table(table, counts)
    known = {*counts, *_given(claims.calculations)}.union(*(table.figures for table in claims.tables))
    for count in claims.counts:
        wanted = _expected(count)
        if wanted is not None:
            yield Contradiction("total", count.place, count.value, wanted)
        elif count.value not in known and count.value not in _sums(count.calculations):
            yield Contradiction("unknown", count.place, count.value)


def _shown(equation: Equation) -> int | str:
    value = equation.value
    return int(value) if value.denominator == 1 else f"{float(value):.6g}"


def _of_table(table: Table, counts: Collection[int]) -> Iterator[Contradiction]:
    totals = table.totals
    if not totals:
        return
    if table.sum != table.parameters:
        yield Contradiction("sum", table.place, table.parameters, table.sum)
    parts = totals.get("trainable", 0) + totals.get("non-trainable", 0)
    if "trainable" in totals and "total" in totals and parts != table.parameters:
        yield Contradiction("sum", table.place, table.parameters, parts)
    for before, row in pairwise(table.rows):
        expected = _dense(before, row)
        # a layer may read another than the one above it: then a model has it
        if expected and row.parameters not in (*expected, *counts):
            yield Contradiction("row", row.place, row.parameters, expected[0])


def _dense(before: Row, row: Row) -> tuple[int, ...]:
    """What a dense layer has, with and without a bias, where it reads the row above; nothing for other layers."""
    if row.kind != "Dense" or len(before.shape) != 1 or len(row.shape) != 1:
        return ()
    inputs, units = before.shape[0], row.shape[0]
    return (inputs * units + units, inputs * units) if inputs and units else ()


def _expected(count: Count) -> int | None:
    """The total that a sentence should give: that of the table above it, where it gives no figure of that."""
    if not count.summed or count.table is None or not count.table.totals:
        return None
    own = {*count.table.figures, *_given(count.calculations)}
    return None if count.value in own else count.table.parameters


def _given(calculations: Iterable[Calculation]) -> set[int]:
    """What calculations give, as the report says it."""
    claimed = (each.equation.claimed for each in calculations)
    return {int(value) for value in claimed if value.denominator == 1}


def _sums(calculations: Sequence[Calculation]) -> set[int]:
    """The sums of what calculations give, two or more of them."""
    values = [int(each.equation.claimed) for each in calculations[-MAX_SUMMED:]]
    return {sum(part) for size in range(2, len(values) + 1) for part in combinations(values, size)}
