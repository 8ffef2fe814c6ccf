"""Points as platforms write and read them: exact decimals of 2 places, on the scale of the platform's maximum."""

from __future__ import annotations

import math
import re
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal

CENT = Decimal("0.01")
NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")


def read(text: str) -> Decimal | None:
    """The number of a cell, with a decimal point or comma, white space left out; None where it is none.

    Moodle's ``unformat_float`` (lib/moodlelib.php) and Canvas's importer (lib/gradebook_importer.rb) take the same.
    """
    bare = re.sub(r"\s", "", text)
    return Decimal(bare.replace(",", ".")) if NUMBER.fullmatch(bare) else None


def written(value: Decimal, *, comma: bool) -> str:
    """``value`` with 2 decimals and no thousands separator; with a decimal comma if so asked."""
    text = f"{value:.2f}"
    return text.replace(".", ",") if comma else text


def scaled(mark: float, of: float, maximum: Decimal) -> Decimal | None:
    """``mark`` points out of ``of`` as points out of ``maximum``: rounded half up, full only when full, 0 only when 0.

    None for what no platform takes: less than nothing, no number, a share of no points.

    >>> scaled(12.5, 40, Decimal(20)), scaled(39.99, 40, Decimal(20))
    (Decimal('6.25'), Decimal('19.99'))
    """
    if not math.isfinite(mark) or mark < 0 or of <= 0:
        return None
    exact = Decimal(str(mark)) * maximum / Decimal(str(of))
    value = exact.quantize(CENT, ROUND_HALF_UP)
    if exact < maximum <= value:
        return exact.quantize(CENT, ROUND_DOWN)
    if value == 0 < exact:
        return exact.quantize(CENT, ROUND_UP)
    return value
