"""What being late costs, and the forms in which an instructor writes dates, durations and penalties.

Times are naive, in the local time of the machine that grades: the same clock for all of them. Everything here raises
ValueError on a form that it does not know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)
UNITS = {
    **dict.fromkeys(("m", "min", "mn", "minute", "minutes"), timedelta(minutes=1)),
    **dict.fromkeys(("h", "hour", "hours", "heure", "heures"), HOUR),
    **dict.fromkeys(("d", "day", "days", "j", "jour", "jours"), DAY),
    **dict.fromkeys(("w", "week", "weeks", "semaine", "semaines"), WEEK),
}
NOTHING = frozenset({"", "0", "-", "–", "none", "no", "aucun", "aucune", "non"})
TERM = re.compile(r"\s*(\d+(?:[.,]\d+)?)\s*([a-z]+)(?:\s*(?:,|\+|and|et)(?=\s*\d))?")
FRENCH_DATE = re.compile(
    r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?:(?:\s+|\s*,\s*)(?:à\s*)?(\d{1,2})\s*[:h]\s*(\d\d)?(?::(\d\d))?)?"
)
AMOUNT = r"(\d+(?:[.,]\d+)?)\s*(%|points?|pts?)"
PENALTY = re.compile(
    rf"{AMOUNT}\s*(?:/|per|par)\s*(?:started\s+)?([a-z]+)(?:\s+(?:started|late|commencée?|entamée?|de retard))?"
    rf"(?:\s*[,;]?\s*\(?(?:max\.?|maximum|at most|au plus|au maximum|up to)\s*:?\s*{AMOUNT}\)?)?"
)


@dataclass(frozen=True, slots=True)
class Amount:
    """So many points, or so many per cent of the lab's points."""

    value: Decimal
    percent: bool

    def points(self, max_score: Decimal) -> Decimal:
        """The points that it stands for."""
        return self.value * max_score / 100 if self.percent else self.value


@dataclass(frozen=True, slots=True)
class Penalty:
    """An amount for every started ``per`` of lateness, at most ``most``."""

    amount: Amount
    per: timedelta
    most: Amount | None = None

    def points(self, late: timedelta, max_score: float) -> float:
        """The points lost by being ``late``, of 2 decimals, from 0 to ``max_score``."""
        if late <= timedelta():
            return 0.0
        whole = Decimal(str(max_score))
        started = -(-late // self.per)
        limits = [whole] if self.most is None else [whole, self.most.points(whole)]
        lost = min(self.amount.points(whole) * started, *limits)
        return min(float(lost.quantize(Decimal("0.01"), ROUND_HALF_UP)), max_score)


def moment(text: str) -> datetime:
    """ "2026-03-05", "2026-03-05T23:59", "05/03/2026 23:59" or "05/03/2026 23h59"; a mere date lasts until midnight.

    A time with a time zone becomes local time.
    """
    text = text.strip().lower()
    french = FRENCH_DATE.fullmatch(text)
    if french:
        day, month, year, hour, minute, second = french.groups()
        on = date(int(year), int(month), int(day))
        if hour is None:
            return _end_of(on)
        return datetime.combine(on, time(int(hour), int(minute or 0), int(second or 0)))
    try:
        return _end_of(date.fromisoformat(text))
    except ValueError:
        when = datetime.fromisoformat(text.upper())
    return when.astimezone().replace(tzinfo=None) if when.tzinfo else when


def duration(text: str) -> timedelta:
    """ "30 min", "2 h", "1 h 30 min", "2h30", "1 d" or "1 j"; nothing, or "0", is none."""
    text = text.strip().lower()
    if text in NOTHING:
        return timedelta()
    text = re.sub(r"(\d)\s*h\s*(\d\d)$", r"\1 h \2 min", text)
    total, at = timedelta(), 0
    while at < len(text):
        term = TERM.match(text, at)
        if not term or term[2] not in UNITS:
            raise ValueError(text)
        total += _number(term[1]) * UNITS[term[2]]
        at = term.end()
    return total


def penalty(text: str) -> Penalty | None:
    """ "10 %/day", "10 %/jour, max 50 %", "1 point/hour" or "2 points/jour"; None for nothing, or "0"."""
    text = re.sub(r"\s+", " ", text).strip().lower()
    if text in NOTHING:
        return None
    match = PENALTY.fullmatch(text)
    if not match or match[3] not in UNITS:
        raise ValueError(text)
    most = _amount(match[4], match[5]) if match[4] else None
    return Penalty(_amount(match[1], match[2]), UNITS[match[3]], most)


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time.max)


def _amount(value: str, unit: str) -> Amount:
    return Amount(Decimal(value.replace(",", ".")), unit == "%")


def _number(text: str) -> float:
    return float(text.replace(",", "."))
