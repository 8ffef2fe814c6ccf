"""``result.json``: the scorecard under the schema ``labcheck/result/1``. NaN and infinities become null."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec

from checker.report.audience import Audience, seen_by
from checker.scorecard import Scorecard


def render(card: Scorecard, audience: Audience = "student") -> str:
    """The scorecard as JSON, in the order of its fields."""
    plain = _finite(msgspec.to_builtins(seen_by(card, audience)))
    text = json.dumps(plain, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    # half a surrogate pair (a file name that is not UTF-8) has no UTF-8; Python's escape of it is JSON's, too
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, (list, tuple)) else value
