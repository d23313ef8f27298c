"""The parameters of synthesis as a table, for the command line and the manual."""

from __future__ import annotations

from typing import Any

from lycurgus_train.synth.parameters import SynthesisParams

COLUMNS = {"name": "parameter", "default": "default", "allowed": "allowed", "unit": "unit", "published": "published", "description": ""}


def parameter_table() -> str:
    """Return all parameters as Markdown, one table a group."""
    rows = describe_params()
    blocks = []
    for group in dict.fromkeys(row["group"] for row in rows):
        lines = [f"**{group.capitalize()}**", "", _line(list(COLUMNS.values())), _line(["---"] * len(COLUMNS))]
        lines += [_line([_cell(row, column) for column in COLUMNS]) for row in rows if row["group"] == group]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _cell(row: dict[str, str], column: str) -> str:
    return f"`{row[column]}`" if column == "name" else row[column].replace("|", "\\|")


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def describe_params() -> list[dict[str, str]]:
    """List every parameter for a table: name, group, title, unit, default, allowed values, whether it is published, description."""
    schema = SynthesisParams.model_json_schema()["properties"]
    return [
        {
            "name": name,
            "group": schema[name]["group"],
            "title": info.title or name,
            "unit": schema[name]["unit"],
            "default": _text(info.default),
            "allowed": _allowed(schema[name]),
            "published": "yes" if schema[name]["published"] else "",
            "description": info.description or "",
        }
        for name, info in SynthesisParams.model_fields.items()
    ]


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return " ... ".join(_text(one) for one in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _allowed(schema: dict[str, Any]) -> str:
    if "prefixItems" in schema:
        return f"two of {_allowed(schema['prefixItems'][0])}"
    if "enum" in schema:
        return ", ".join(str(value) for value in schema["enum"])
    if schema.get("type") == "boolean":
        return "yes, no"
    low = f"{schema['minimum']:g}" if "minimum" in schema else f"> {schema['exclusiveMinimum']:g}"
    return f"{low} ... {schema['maximum']:g}" if "maximum" in schema else f"{low} and more"
