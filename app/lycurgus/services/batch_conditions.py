"""The conditions under which a batch was begun, and in what another run's differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lycurgus import __version__
from lycurgus.core.params import AnalysisParams, StatisticsParams
from lycurgus.detectors import DETECTORS
from lycurgus.inference.catalog import DEFAULT_MODEL, find_model

MOST_NAMED = 5
"""Names in a sentence before the rest is counted."""


def conditions_of(params: AnalysisParams, pixel_size_nm: float | None) -> dict[str, Any]:
    """Everything that decides a result; how samples are summarised does not.

    Raises
    ------
    ModelError
        The network that the parameters name is not installed: no image could be analysed.
    """
    compared = params.model_copy(update={"statistics": StatisticsParams()}).document()
    del compared["statistics"]
    return {"parameters": compared, "pixel_size_nm": pixel_size_nm, "app_version": __version__, "network": _network(params)}


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Say in which conditions two runs differ, "" where they do not; the first run differs from none."""
    if not before:
        return ""
    old = _flat(before["parameters"]) | {"pixel size (nm)": before["pixel_size_nm"]}
    new = _flat(now["parameters"]) | {"pixel size (nm)": now["pixel_size_nm"]}
    if before.get("network") and now.get("network"):
        # A model can be updated under its name between two runs. Batches of earlier versions do not say which they were made with.
        old, new = old | {"network": before["network"]}, new | {"network": now["network"]}
    changed = [name for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name)]
    # Another detector or separator has other parameters: its name says enough.
    swapped = {name.removesuffix("name") for name in changed if name.endswith(".name")}
    changed = [name for name in changed if name.endswith(".name") or not name.startswith(tuple(swapped))]
    told = [f"{name}: {_shown(old.get(name))} → {_shown(new.get(name))}" for name in changed[:MOST_NAMED]]
    return "; ".join(told) + (f"; and {len(changed) - MOST_NAMED} more" if len(changed) > MOST_NAMED else "")


def _network(params: AnalysisParams) -> str:
    """Name the network that the parameters lead to, so that another one of its name is seen; "" where they lead to none."""
    if not DETECTORS[params.detector.name].runs_network:
        return ""
    used = find_model(str(getattr(params.detector, "model", DEFAULT_MODEL))).used
    return f"{used.name} {used.version} ({used.sha256[:12]})"


def _flat(document: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in document.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return flat


def _shown(value: object) -> str:
    return "nothing" if value is None else str(value)
