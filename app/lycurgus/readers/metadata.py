"""Vendors' statements made flat, small and harmless, so that a report can cite them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from math import isfinite
from typing import Any

import numpy as np

MOST_ENTRIES = 200
MOST_CHARACTERS = 200
_DEEPEST = 6


def flat(tree: Any) -> dict[str, str | int | float | bool]:
    """Flatten nested mappings and sequences to "a.b.c": value, JSON-compatible and bounded in number and length.

    What is empty, binary or longer than a short list is left out: it would not be cited.
    """
    return dict(islice(_leaves(tree, "", 0), MOST_ENTRIES))


def _leaves(node: Any, prefix: str, depth: int) -> Iterator[tuple[str, str | int | float | bool]]:
    if depth > _DEEPEST:
        return
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _leaves(value, f"{prefix}.{key}" if prefix else str(key)[:MOST_CHARACTERS], depth + 1)
    elif isinstance(node, (list, tuple)):
        if len(node) <= 8:
            for number, value in enumerate(node):
                yield from _leaves(value, f"{prefix}.{number}", depth + 1)
    else:
        value = plain_value(node)
        if value is not None and prefix:
            yield prefix[-MOST_CHARACTERS:], value


def plain_value(value: Any) -> str | int | float | bool | None:
    """Turn one value into something JSON has, or None where that is impossible or says nothing."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (bytes, bytearray)):
        value = bytes(value[:MOST_CHARACTERS]).decode("utf-8", "ignore")
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)[:MOST_CHARACTERS] if abs(value) < 2**64 else None
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, str):
        return "".join(letter for letter in value[:MOST_CHARACTERS] if letter.isprintable()).strip() or None
    return None


def named(**entries: Any) -> dict[str, str | int | float | bool]:
    """Keep the entries that have a value: the few that every vendor knows under one name of ours.

    The names are instrument, detector, mode, voltage_kV, magnification, date, camera, working_distance_mm.
    """
    plain = {key: plain_value(value) for key, value in entries.items()}
    return {key: value for key, value in plain.items() if value is not None}


def number(value: Any) -> float | None:
    """Read a finite number from whatever a file holds, or None ("", "notafloat", a decimal comma is understood)."""
    if isinstance(value, (bool, type(None))):
        return None
    text = value.strip().replace(",", ".") if isinstance(value, str) else value
    try:
        result = float(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return result if isfinite(result) else None
