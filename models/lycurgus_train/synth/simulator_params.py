"""What a simulator draws from, changed by hand and described: ``liquid_nm=[100, 200]``, ``population.shapes={rod=1}``."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

from pydantic import BaseModel, ValidationError

from lycurgus.core.errors import ParameterError
from lycurgus_train.settings import merge, parse_setting
from lycurgus_train.synth.shapes import SHAPES


def simulator_params(model: type[BaseModel], settings: Iterable[str]) -> BaseModel:
    """Return a simulator's ranges with settings applied; a table of shares, such as the shapes', is replaced as a whole.

    Raises
    ------
    ParameterError
        A name is unknown, or a value is none that can be drawn from.
    """
    wanted: dict[str, Any] = {}
    for setting in settings:
        merge(wanted, parse_setting(setting))
    usual = model()
    try:
        params = model.model_validate(_applied(usual, wanted, within=""))
    except ValidationError as error:
        first = error.errors()[0]
        raise ParameterError(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from error
    _check(params, usual, within="")
    return params


def describe(model: type[BaseModel]) -> str:
    """List everything that can be set with its usual value, in TOML, and say what it means."""
    parts = []
    for name, one in _sections(model()):
        lines = [f"{name}{field} = {_shown(getattr(one, field))}" for field in type(one).model_fields if not _is_section(one, field)]
        parts.append("\n".join([inspect.cleandoc(type(one).__doc__ or ""), "", *lines]))
    return "\n\n".join(parts)


def _sections(params: BaseModel, within: str = "") -> Iterable[tuple[str, BaseModel]]:
    yield within, params
    for name in type(params).model_fields:
        if _is_section(params, name):
            yield from _sections(getattr(params, name), f"{within}{name}.")


def _is_section(params: BaseModel, name: str) -> bool:
    return isinstance(getattr(params, name), BaseModel)


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(name)} = {share:g}" for name, share in value.items()) + "}"
    # TOML has no null: None stands for what cannot be set there.
    return json.dumps(value).replace("null", "none")


def _applied(usual: BaseModel, wanted: Mapping[str, Any], *, within: str) -> dict[str, Any]:
    """Return the usual values with the wanted ones, unknown names refused."""
    document = usual.model_dump()
    for name, value in wanted.items():
        if name not in document:
            raise ParameterError(f"there is nothing called '{within}{name}' to set", hint="list what there is with --describe")
        if _is_section(usual, name) and isinstance(value, Mapping):
            document[name] = _applied(getattr(usual, name), value, within=f"{within}{name}.")
        else:
            document[name] = value
    return document


def _check(params: BaseModel, usual: BaseModel, *, within: str) -> None:
    """Refuse what cannot be drawn from; lengths, doses and the like are positive where they usually are."""
    for name, field in type(params).model_fields.items():
        value, before = getattr(params, name), getattr(usual, name)
        if isinstance(value, BaseModel):
            _check(value, before, within=f"{within}{name}.")
        elif isinstance(value, Mapping):
            _check_shares(value, {*before, *(SHAPES if name == "shapes" else ())}, f"{within}{name}")
        elif field.annotation in (tuple[float, float], tuple[int, int]):
            if not (
                all(map(isfinite, value)) and value[0] <= value[1] and (value[0] > 0 or before[0] <= 0) and (value[0] >= 0 or before[0] < 0)
            ):
                raise ParameterError(f"{within}{name}: from {value[0]:g} to {value[1]:g} is no range that can be drawn from")
        elif field.annotation is float and not 0 <= value <= 1:
            raise ParameterError(f"{within}{name}: {value:g} is no share", hint="give 0 to 1")
        elif field.annotation is int and value < 1:
            raise ParameterError(f"{within}{name}: {value} is impossible", hint="give 1 or more")


def _check_shares(shares: Mapping[str, float], known: set[str], name: str) -> None:
    unknown = sorted(set(shares) - known)
    if unknown:
        raise ParameterError(f"{name}: there is no '{unknown[0]}'", hint=f"choose from {', '.join(sorted(known))}")
    if not shares or min(shares.values()) < 0 or not 0 < sum(shares.values()) < float("inf"):
        raise ParameterError(f"{name}: shares are 0 or more, and not all of them 0")
