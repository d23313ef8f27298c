"""Names that Windows keeps for devices: a file of such a name cannot be made there."""

from __future__ import annotations

# The superscript digits count as digits there.
_DEVICES = {"con", "prn", "aux", "nul", *(f"{device}{number}" for device in ("com", "lpt") for number in "0123456789¹²³")}


def is_reserved(name: str) -> bool:
    """Tell whether Windows takes a file name, in whatever case and with whatever extension, for a device."""
    return name.partition(".")[0].rstrip(" ").casefold() in _DEVICES
