"""Parameters from the outside: defaults, presets, ``stage.field=value`` settings, and their description."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lycurgus.core.errors import ParameterError
from lycurgus.core.params import AnalysisParams
from lycurgus.core.registry import Registry
from lycurgus.core.separate import SEPARATORS
from lycurgus.detectors import DETECTORS

DEFAULT_DETECTOR = "otsu"
DEFAULT_SEPARATOR = "uecs"
PLUGINS: Mapping[str, tuple[Registry[Any], str]] = {"detector": (DETECTORS, DEFAULT_DETECTOR), "separator": (SEPARATORS, DEFAULT_SEPARATOR)}


def default_params(*, detector: str = DEFAULT_DETECTOR, separator: str = DEFAULT_SEPARATOR) -> AnalysisParams:
    """Return the parameters of an analysis that nobody has tuned."""
    return params_from({"detector": {"name": detector}, "separator": {"name": separator}})


def params_from(document: Mapping[str, Any]) -> AnalysisParams:
    """Build parameters from plain data, a preset for instance; what it leaves out keeps its default.

    Raises
    ------
    ParameterError
        An unknown stage, field or plug-in, or a value out of range.
    """
    stages = dict(document)
    for stage, (registry, default) in PLUGINS.items():
        given = stages.get(stage, {})
        if not isinstance(given, Mapping):
            raise ParameterError(f"{stage} must be a group of settings", hint=f'for instance {{"{stage}": {{"name": "{default}"}}}}')
        chosen = registry[str(given.get("name", default))]
        stages[stage] = _validated(chosen.params_model, {**given, "name": chosen.name}, prefix=stage)
    params: AnalysisParams = _validated(AnalysisParams, stages)
    return params


def with_settings(params: AnalysisParams, settings: Iterable[str]) -> AnalysisParams:
    """Return the parameters with settings such as ``separator.convexity=0.9`` applied.

    Naming another plug-in (``separator.name=watershed``) starts from that plug-in's defaults.

    Raises
    ------
    ParameterError
        A setting is malformed, unknown or out of range.
    """
    document = params.document()
    for setting in settings:
        target, equals, text = setting.partition("=")
        stage, dot, name = target.strip().partition(".")
        if not (equals and dot and stage and name):
            raise ParameterError(f"'{setting}' is not a setting", hint="write stage.field=value, for instance separator.convexity=0.9")
        if stage not in document:
            raise ParameterError(f"there is no stage called '{stage}'", hint=f"choose one of {', '.join(document)}")
        if stage in PLUGINS and name == "name" and text != document[stage]["name"]:
            document[stage] = {"name": text.strip()}
        else:
            document[stage][name] = _literal(text.strip())
            if not isinstance(document[stage][name], str) and _takes_text(document, stage, name):
                document[stage][name] = text.strip()
    return params_from(document)


def _takes_text(document: Mapping[str, Any], stage: str, name: str) -> bool:
    """Tell whether a field is plain text, in which digits too are characters: a plane can be called 1 or 007."""
    model: Any = (
        PLUGINS[stage][0][document[stage]["name"]].params_model if stage in PLUGINS else AnalysisParams.model_fields[stage].annotation
    )
    field = model.model_fields.get(name)
    return field is not None and field.annotation is str


def load_preset(path: Path) -> AnalysisParams:
    """Read a preset: a JSON file as ``save_preset`` writes it, complete or in part."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ParameterError(f"the preset {path.name} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ParameterError(f"the preset {path.name} is not valid JSON", hint=str(error)) from error
    if not isinstance(document, dict):
        raise ParameterError(f"the preset {path.name} holds no settings", hint='it should look like {"cleaning": {"border": "keep"}}')
    return params_from(document)


def describe(params: AnalysisParams) -> list[dict[str, Any]]:
    """List every parameter for a table: stage, field, value, default, title, unit, allowed values, description."""
    rows = []
    for stage in type(params).model_fields:
        model = getattr(params, stage)
        schema = type(model).model_json_schema()["properties"]
        for name, info in type(model).model_fields.items():
            if stage in PLUGINS and name == "name":
                rows.append(_choice_of_plugin(stage, model.name))
                continue
            rows.append(
                {
                    "stage": stage,
                    "field": name,
                    "value": getattr(model, name),
                    "default": info.default,
                    "title": info.title or name,
                    "unit": schema[name].get("unit", ""),
                    "allowed": _allowed(schema[name]),
                    "description": info.description or "",
                }
            )
    return rows


def _choice_of_plugin(stage: str, name: str) -> dict[str, Any]:
    registry, default = PLUGINS[stage]
    return {
        "stage": stage,
        "field": "name",
        "value": name,
        "default": default,
        "title": stage.capitalize(),
        "unit": "",
        "allowed": " | ".join(registry),
        "description": f"{registry[name].label}; naming another starts from its defaults",
    }


def _allowed(schema: Mapping[str, Any]) -> str:
    """Say in a few characters which values a field takes."""
    if "anyOf" in schema:
        return " | ".join(filter(None, (_allowed(option) for option in schema["anyOf"])))
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    bounds = [f"{sign} {schema[key]:g}" for key, sign in _BOUNDS.items() if key in schema]
    return " ".join([_KINDS.get(schema.get("type", ""), ""), *bounds]).strip()


_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
_KINDS = {"integer": "whole number", "number": "number", "boolean": "true | false", "string": "text", "null": "none"}


def _literal(text: str) -> Any:
    """Read a value as JSON where it is JSON, and as text otherwise, so that words need no quotes."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _validated(model: type[Any], data: Mapping[str, Any], *, prefix: str = "") -> Any:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in (prefix, *first["loc"]) if part != "")
        if first["type"] == "extra_forbidden":
            raise ParameterError(f"there is no parameter called '{where}'", hint="'lycurgus parameters' lists them all") from error
        raise ParameterError(f"{where}: {first['msg'][0].lower()}{first['msg'][1:]}", hint=f"got {first['input']!r}") from error
