"""Settings on the command line as TOML: ``steps=500``, ``crops.crop_px=384``, ``liquid_nm=[100, 200]``."""

from __future__ import annotations

import tomllib
from typing import Any

from lycurgus.core.errors import ParameterError


def parse_setting(setting: str) -> dict[str, Any]:
    """Read one setting as a document of its own, nested where its name has dots.

    Raises
    ------
    ParameterError
        It is no TOML.
    """
    try:
        return tomllib.loads(setting)
    except tomllib.TOMLDecodeError as error:
        hint = """write it as TOML, for instance steps=500 or 'network.head="distance"'"""
        raise ParameterError(f"--set {setting}: {error}", hint=hint) from error


def merge(document: dict[str, Any], update: dict[str, Any]) -> None:
    """Put an update into a document, table by table."""
    for key, value in update.items():
        if isinstance(value, dict) and isinstance(document.get(key), dict):
            merge(document[key], value)
        else:
            document[key] = value
