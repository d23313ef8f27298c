"""What the parameter models say about their fields, in the form that an editor is made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any, Literal

from lycurgus.core.measurement import SUMMARISABLE
from lycurgus.core.params import StageParams
from lycurgus.inference.catalog import DEFAULT_MODEL, usable
from lycurgus.parameters import PLUGINS, default_detector, default_value

Kind = Literal["choice", "model", "flag", "whole", "number", "text"]

STAGE_TITLES = {
    "input": "Input",
    "annotations": "Annotations",
    "preprocess": "Preparation",
    "detector": "Detection",
    "separator": "Separation",
    "cleaning": "Cleaning",
    "statistics": "Statistics",
}
NO_VALUE = "none"
"""How None is called where it can be chosen."""


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One parameter.

    Attributes
    ----------
    kind : "choice" has nothing but words, "model" those that are installed now; the others take values, and words beside them where
        there are some.
    words : value -> text of what can be chosen besides numbers.
    low, high : allowed values, ends included; infinite where the model sets no bound.
    open_low, open_high : whether that end itself is not allowed.
    only_if : other field -> its values for which this one matters.
    """

    stage: str
    name: str
    title: str
    description: str
    unit: str
    kind: Kind
    default: Any
    words: Mapping[Any, str] = field(default_factory=dict)
    low: float = -inf
    high: float = inf
    open_low: bool = False
    open_high: bool = False
    only_if: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    @property
    def allowed(self) -> str:
        """Say in a few words what can be set."""
        unit = f" {self.unit}" if self.unit else ""
        parts = []
        if self.kind in ("whole", "number"):
            bounds = [
                f"{sign} {bound:,.6g}{unit}"
                for bound, sign in ((self.low, ">" if self.open_low else "≥"), (self.high, "<" if self.open_high else "≤"))
                if abs(bound) != inf
            ]
            parts.append(" ".join(["a whole number" if self.kind == "whole" else "a number", " and ".join(bounds)]).strip())
        if self.kind not in ("choice", "model"):
            parts.extend(f"'{word}'" for word in self.words.values())
        return " or ".join(parts)

    @property
    def tooltip(self) -> str:
        """What the parameter does, what is allowed, and how scripts call it."""
        lines = [f"{self.description}." if self.description else ""]
        if self.kind in ("whole", "number"):
            lines.append(f"Allowed: {self.allowed}")
        lines.append(f"Default: {self.in_words(self.default)}")
        lines.append(f"Command line: --set {self.stage}.{self.name}=…")
        return "\n".join(filter(None, lines))

    def in_words(self, value: Any) -> str:
        """Write a value as the panel shows it."""
        if isinstance(value, bool):
            return "on" if value else "off"
        if value in self.words:
            return self.words[value]
        number = f"{value:g}" if isinstance(value, float) else str(value)
        return f"{number} {self.unit}".strip()

    def matters(self, values: Mapping[str, Any]) -> bool:
        """Tell whether the parameter has an effect, given the other values of its stage."""
        return all(values.get(other) in allowed for other, allowed in self.only_if.items())

    def is_about(self, words: tuple[str, ...]) -> bool:
        """Tell whether every word of a search stands somewhere in title, description, name or stage."""
        text = f"{self.title} {self.description} {self.name} {STAGE_TITLES.get(self.stage, self.stage)}".casefold()
        return all(word in text for word in words)


def fields_of(stage: str, model: type[StageParams]) -> tuple[FieldSpec, ...]:
    """List the parameters of a stage in the order of its model; those that have their title in common have the unit behind it."""
    schema = model.model_json_schema()["properties"]
    specs = []
    for name, info in model.model_fields.items():
        if stage in PLUGINS and name == "name":
            continue
        specs.append(_spec(stage, name, info.title or _readable(name), info.description or "", info.default, schema[name]))
    titled = Counter(spec.title for spec in specs)
    return tuple(spec if titled[spec.title] == 1 else replace(spec, title=f"{spec.title}, {spec.unit}") for spec in specs)


def plugin_field(stage: str) -> FieldSpec:
    """Return the choice of a stage's plug-in."""
    registry = PLUGINS[stage]
    title = {"detector": "Detector", "separator": "Method"}.get(stage, stage.capitalize())
    return FieldSpec(
        stage,
        "name",
        title,
        f"How this stage works; another {registry.kind} brings its own settings",
        "",
        "choice",
        default_value(stage, "name", default_detector()),
        {name: plugin.label for name, plugin in registry.items()},
    )


def _spec(stage: str, name: str, title: str, description: str, default: Any, schema: Mapping[str, Any]) -> FieldSpec:
    options = schema.get("anyOf", [schema])
    words: dict[Any, str] = {}
    for option in options:
        words |= {word: str(word) for word in option.get("enum", [option["const"]] if "const" in option else [])}
        if option.get("type") == "null":
            words[None] = NO_VALUE
    if name == "descriptor":
        # A text in the model, because the table of descriptors stands on top of it.
        words = {key: descriptor.label for key, descriptor in SUMMARISABLE.items()}
        return FieldSpec(stage, name, title, description, "", "choice", default, words)
    if (stage, name) == ("detector", "model"):
        return FieldSpec(stage, name, title, description, "", "model", default, model_words())
    valued = next((option for option in options if option.get("type") in _KINDS and not {"enum", "const"} & option.keys()), None)
    only_if = {other: tuple(values) for other, values in schema.get("only_if", {}).items()}
    if valued is None:
        return FieldSpec(stage, name, title, description, schema.get("unit", ""), "choice", default, words, only_if=only_if)
    return FieldSpec(
        stage,
        name,
        title,
        description,
        schema.get("unit", ""),
        _KINDS[valued["type"]],
        default,
        words,
        low=valued.get("minimum", valued.get("exclusiveMinimum", -inf)),
        high=valued.get("maximum", valued.get("exclusiveMaximum", inf)),
        open_low="exclusiveMinimum" in valued,
        open_high="exclusiveMaximum" in valued,
        only_if=only_if,
    )


def model_words() -> dict[Any, str]:
    """Return what can be chosen for a network: its name -> what it is called, the default one first."""
    models = [model.manifest for model in usable()]
    default = f"{models[0].name} {models[0].version}" if models else "none is installed"
    return {DEFAULT_MODEL: f"{DEFAULT_MODEL} ({default})"} | {model.name: f"{model.name} {model.version}" for model in models}


def _readable(name: str) -> str:
    return name.replace("_", " ").capitalize()


_KINDS: dict[str, Kind] = {"integer": "whole", "number": "number", "boolean": "flag", "string": "text"}
