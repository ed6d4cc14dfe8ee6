"""JSON as container engines print it: an array of objects, one object, or several such one after the other, with lines of errors between."""

import json
import re
from collections.abc import Iterator
from typing import Any

from snapshot.finding import Finding, Kind

_START = re.compile(r"^[ \t]*[\[{]", re.M)


def objects(text: str, file: str) -> tuple[list[dict[str, Any]], list[Finding]]:
    """Every object at the top, or in an array at the top; what is no JSON is found, and the rest read."""
    found: list[dict[str, Any]] = []
    findings: list[Finding] = []
    decoder = json.JSONDecoder()
    position = 0
    while (start := _START.search(text, position)) is not None:
        at = start.end() - 1
        try:
            data, position = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            line = getattr(error, "lineno", 0) or text.count("\n", 0, at) + 1
            findings.append(Finding(Kind.SYNTAX, file, line, "", f"not valid JSON: {error}"))
            return found, findings
        found += _flat(data)
    if not found and text.strip() and not findings and _START.search(text) is None:
        findings.append(Finding(Kind.SYNTAX, file, 1, text.strip().split("\n")[0][:120], "not JSON"))
    return found, findings


def _flat(data: Any) -> Iterator[dict[str, Any]]:
    for item in data if isinstance(data, list) else [data]:
        if isinstance(item, dict) and item:
            yield item
