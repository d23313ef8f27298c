"""What a manifest says of a network beyond the network itself: written by hand in a TOML file beside the recipe of its training."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lycurgus.core.errors import ParameterError
from lycurgus.inference.manifest import DECODERS, ModelManifest

SHIPPED_FACTS = Path(__file__).parent / "recipes" / "particles.facts.toml"

KNOWN = frozenset(
    (
        "name",
        "version",
        "title",
        "description",
        "decoder",
        "normalisation",
        "diameter_px",
        "scales",
        "negatives",
        "thresholds",
        "licence",
        "training_data",
    )
)
"""What a facts file may say; everything else of a manifest follows from the network and its files."""

NEEDED = ("name", "version", "title", "diameter_px", "scales", "thresholds", "licence", "training_data")


def read_facts(path: Path = SHIPPED_FACTS) -> dict[str, Any]:
    """Read a facts file.

    Raises
    ------
    ParameterError
        It is missing or no TOML, or says too little or something that is no fact.
    """
    try:
        facts = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ParameterError(f"{path} cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ParameterError(f"{path} is not valid TOML: {error}") from error
    strange = sorted(set(facts) - KNOWN)
    if strange:
        raise ParameterError(f"{path.name}: '{strange[0]}' is no fact of a manifest", hint=f"known are {', '.join(sorted(KNOWN))}")
    missing = [name for name in NEEDED if name not in facts]
    if missing:
        raise ParameterError(f"{path.name} does not say {', '.join(missing)}")
    return facts


def left_as_shipped(facts: Mapping[str, Any], shipped: Mapping[str, Any]) -> list[str]:
    """Return which facts of a network of another name still tell of the shipped one."""
    if facts["name"] == shipped["name"]:
        return []
    return [name for name in ("title", "description", "training_data") if name in facts and facts[name] == shipped.get(name)]


def for_head(facts: Mapping[str, Any], head: str) -> dict[str, Any]:
    """Return the facts without a decoder that a head cannot feed: the head's own default decides then."""
    return {name: value for name, value in facts.items() if name != "decoder" or value in DECODERS[head]}


def facts_of(manifest: ModelManifest) -> dict[str, Any]:
    """Return the facts that a manifest was made from."""
    return {name: value for name, value in manifest.document().items() if name in KNOWN and value is not None}
