"""A run's TOML file with everything that can stand in it: what is usual, what is allowed, and what it means."""

from __future__ import annotations

import inspect
import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from lycurgus.parameters import allowed_values
from lycurgus_train.config import TrainConfig

HEAD = """\
# A run of lycurgus-train train: all that can be set, with what holds where it is left out. Only [[train]] and its path are needed; what
# stands behind a # before a name has no usual value.
"""

EXAMPLES: Mapping[str, str] = {"path": "my-images", "split": "emps"}
"""Values that stand for those that have no usual one."""

OPTIONAL = ("validation",)
"""Tables that a run may do without."""

WIDTH = 120


def describe() -> str:
    """Return a TOML file of everything that a run can be told, which learns from ``my-images`` as one of nothing but that path does."""
    schema = TrainConfig.model_json_schema()
    return "\n".join([HEAD, *_lines(schema, schema["$defs"], "")]) + "\n"


def _lines(model: Mapping[str, Any], others: Mapping[str, Any], name: str) -> Iterator[str]:
    """Write what a model holds, by its JSON schema: its own values first, as TOML wants it, then the tables within it."""
    tables = {}
    for key, field in model["properties"].items():
        inner = field.get("items", field).get("$ref")
        if inner is not None:
            tables[key] = field, others[inner.rsplit("/", 1)[-1]]
            continue
        said = f"{field.get('description', '')} ({allowed_values(field).removesuffix(' | none')})".lstrip()
        yield from textwrap.wrap(said, WIDTH, initial_indent="# ", subsequent_indent="# ")
        value = field.get("default", EXAMPLES.get(key))
        yield f"{key} = {json.dumps(value)}" if value is not None else f"# {key} = {json.dumps(EXAMPLES[key])}"
    for key, (field, inner) in tables.items():
        whole = f"{name}.{key}".lstrip(".")
        said = inspect.cleandoc(inner["description"]).replace("``", "'")
        yield f"\n# {said}"
        table = [f"[[{whole}]]" if "items" in field else f"[{whole}]", *_lines(inner, others, whole)]
        yield from (line if line.startswith("#") or key not in OPTIONAL else f"# {line}" for line in table)
