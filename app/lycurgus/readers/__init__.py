"""Readers: from a file to a micrograph."""

from __future__ import annotations

from lycurgus.core.registry import Registry
from lycurgus.readers.base import Reader

READERS: Registry[Reader] = Registry(
    "reader",
    {
        "dm": "lycurgus.readers.dm:DigitalMicrographReader",
        "tia": "lycurgus.readers.tia:TiaReader",
        "emd": "lycurgus.readers.emd:EmdReader",
        "mrc": "lycurgus.readers.mrc:MrcReader",
        "tiff": "lycurgus.readers.tiff:TiffReader",
        "picture": "lycurgus.readers.picture:PictureReader",
    },
)
