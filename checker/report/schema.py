"""The JSON Schema of ``result.json``: ``python -m checker.report.schema > docs/result.schema.json``."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from checker.scorecard import SCHEMA, Scorecard

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """The schema, made from the structs; every field is always written, so every field is required."""
    (root,), definitions = msgspec.json.schema_components([Scorecard], ref_template="#/$defs/{name}")
    for definition in definitions.values():
        if "properties" in definition:
            definition["required"] = list(definition["properties"])
            for field in definition["properties"].values():
                field.pop("default", None)
    return {"$schema": DIALECT, "$id": "urn:" + SCHEMA.replace("/", ":"), **root, "$defs": definitions}


def render() -> str:
    """The schema as the text of its file."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(render(), end="")
