"""``result.json``: the scorecard under the schema ``labcheck/result/1``. NaN and infinities become null."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec

from checker.scorecard import Scorecard


def render(card: Scorecard) -> str:
    """The scorecard as JSON, in the order of its fields."""
    return json.dumps(_finite(msgspec.to_builtins(card)), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, (list, tuple)) else value
