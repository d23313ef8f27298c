"""Parameters from the outside: defaults, presets, ``stage.field=value`` settings, and their description."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from lycurgus.core.errors import ParameterError
from lycurgus.core.params import AnalysisParams
from lycurgus.core.registry import Registry
from lycurgus.core.separate import SEPARATORS
from lycurgus.detectors import DETECTORS
from lycurgus.inference.catalog import has_default

WANTED_DETECTOR = "network"
FALLBACK_DETECTOR = "otsu"
"""The default where no network comes with the installation."""

NO_NETWORK_AT_HAND = "no network comes with this installation, so particles are found by Otsu's threshold"

_BASE_SEPARATOR = "uecs"
PLUGINS: Mapping[str, Registry[Any]] = {"detector": DETECTORS, "separator": SEPARATORS}
"""Stage -> what can be chosen for it."""


def is_network_at_hand() -> bool:
    """Tell whether the default detector can be what it should be: a network has to come with the installation."""
    return WANTED_DETECTOR != "network" or has_default()


def default_detector() -> str:
    """Return the detector of those who have not chosen: the network where one comes with this installation."""
    return WANTED_DETECTOR if is_network_at_hand() else FALLBACK_DETECTOR


def default_value(stage: str, field: str, detector: str) -> Any:
    """Return where a field of a stage stands with a detector, as plain data; another detector prefers other values.

    Parameters
    ----------
    stage : one whose fields are always the same, or "separator" with the field "name".
    """
    preferred = DETECTORS[detector].params_model.prefers.get(stage, {})
    if field in preferred:
        return preferred[field]
    if field == "name" and stage in PLUGINS:
        return default_detector() if stage == "detector" else _BASE_SEPARATOR
    model = PLUGINS[stage][default_value(stage, "name", detector)].params_model if stage in PLUGINS else _model_of(stage)
    return model.model_fields[field].default


def default_params(*, detector: str | None = None, separator: str | None = None) -> AnalysisParams:
    """Return the parameters of an analysis that nobody has tuned.

    Parameters
    ----------
    detector : ``default_detector()`` where None.
    separator : the one that the detector prefers where None.
    """
    named = {"detector": detector, "separator": separator}
    return params_from({stage: {"name": name} for stage, name in named.items() if name is not None})


def params_from(document: Mapping[str, Any]) -> AnalysisParams:
    """Build parameters from plain data, a preset for instance; what it leaves out stands where the detector prefers it.

    Raises
    ------
    ParameterError
        An unknown stage, field or plug-in, or a value out of range.
    """
    stages = dict(document)
    detector = _given(stages, "detector").get("name", default_detector())
    chosen = DETECTORS[str(detector)]
    for stage, preferred in chosen.params_model.prefers.items():
        stages[stage] = {**preferred, **_given(stages, stage)}
    for stage, registry in PLUGINS.items():
        given = _given(stages, stage)
        plugin = registry[str(given.get("name", default_value(stage, "name", chosen.name)))]
        stages[stage] = _validated(plugin.params_model, {**given, "name": plugin.name}, prefix=stage)
    params: AnalysisParams = _validated(AnalysisParams, stages)
    return params


def with_detector(params: AnalysisParams, name: str, *, keep: Collection[tuple[str, str]] = ()) -> AnalysisParams:
    """Return the parameters with another detector at its defaults.

    What stands in other stages where the detector before preferred it moves to where the new one prefers it; what has been set
    otherwise stays.

    Parameters
    ----------
    keep : (stage, field) that have been set although they may look as if they had not.

    Raises
    ------
    ParameterError
        There is no such detector.
    """
    before, after = params.detector.name, DETECTORS[name].name
    document = params.document()
    wishes = [DETECTORS[detector].params_model.prefers for detector in (before, after)]
    for stage, field in dict.fromkeys((stage, field) for wish in wishes for stage, fields in wish.items() for field in fields):
        old, new = (default_value(stage, field, detector) for detector in (before, after))
        if (stage, field) in keep or document[stage][field] != old or old == new:
            continue
        if stage not in PLUGINS:
            document[stage][field] = new
        elif document[stage] == _defaults(stage, old):
            document[stage] = {"name": new}
    document["detector"] = {"name": after}
    return params_from(document)


def with_settings(params: AnalysisParams, settings: Iterable[str]) -> AnalysisParams:
    """Return the parameters with settings such as ``separator.convexity=0.9`` applied.

    Naming another plug-in (``separator.name=watershed``) starts from that plug-in's defaults.

    Raises
    ------
    ParameterError
        A setting is malformed, unknown or out of range.
    """
    document = params.document()
    touched: set[tuple[str, str]] = set()
    for setting in settings:
        target, equals, text = setting.partition("=")
        stage, dot, name = target.strip().partition(".")
        if not (equals and dot and stage and name):
            raise ParameterError(f"'{setting}' is not a setting", hint="write stage.field=value, for instance separator.convexity=0.9")
        if stage not in document:
            raise ParameterError(f"there is no stage called '{stage}'", hint=f"choose one of {', '.join(document)}")
        touched.add((stage, name))
        if stage in PLUGINS and name == "name":
            if text.strip() == document[stage]["name"]:
                continue
            if stage == "detector":
                document = with_detector(params_from(document), text.strip(), keep=touched).document()
            else:
                document[stage] = {"name": text.strip()}
        else:
            document[stage][name] = _literal(text.strip())
            if not isinstance(document[stage][name], str) and _takes_text(document, stage, name):
                document[stage][name] = text.strip()
    return params_from(document)


def _takes_text(document: Mapping[str, Any], stage: str, name: str) -> bool:
    """Tell whether a field is plain text, in which digits too are characters: a plane can be called 1 or 007."""
    model: Any = PLUGINS[stage][document[stage]["name"]].params_model if stage in PLUGINS else _model_of(stage)
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
                rows.append(_choice_of_plugin(stage, model.name, default_value(stage, name, params.detector.name)))
                continue
            rows.append(
                {
                    "stage": stage,
                    "field": name,
                    "value": getattr(model, name),
                    "default": info.default if stage in PLUGINS else default_value(stage, name, params.detector.name),
                    "title": info.title or name,
                    "unit": schema[name].get("unit", ""),
                    "allowed": allowed_values(schema[name]),
                    "description": info.description or "",
                }
            )
    return rows


def _choice_of_plugin(stage: str, name: str, default: str) -> dict[str, Any]:
    registry = PLUGINS[stage]
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


def allowed_values(schema: Mapping[str, Any]) -> str:
    """Say in a few characters which values a field takes, by its JSON schema."""
    if "anyOf" in schema:
        return " | ".join(filter(None, (allowed_values(option) for option in schema["anyOf"])))
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    if "items" in schema:
        return f"several, each {allowed_values(schema['items'])}"
    bounds = [f"{sign} {schema[key]:g}" for key, sign in _BOUNDS.items() if key in schema]
    return " ".join([_KINDS.get(schema.get("type", ""), ""), *bounds]).strip()


_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
_KINDS = {"integer": "whole number", "number": "number", "boolean": "true | false", "string": "text", "null": "none"}


def _given(document: Mapping[str, Any], stage: str) -> Mapping[str, Any]:
    """Return what plain data says of a stage, nothing where it leaves it out."""
    given = document.get(stage, {})
    if isinstance(given, BaseModel):
        return given.model_dump(mode="json")
    if not isinstance(given, Mapping):
        example = default_detector() if stage == "detector" else _BASE_SEPARATOR
        hint = f'for instance {{"{stage}": {{"name": "{example}"}}}}' if stage in PLUGINS else ""
        raise ParameterError(f"{stage} must be a group of settings", hint=hint)
    return given


def _model_of(stage: str) -> Any:
    return AnalysisParams.model_fields[stage].annotation


def _defaults(stage: str, plugin: str) -> dict[str, Any]:
    defaults: dict[str, Any] = PLUGINS[stage][plugin].params_model().model_dump(mode="json")
    return defaults


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
