"""The file types that belong to Lycurgus on every system: what a double click opens."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileType:
    """A format that no other program on a desktop claims.

    Attributes
    ----------
    mime : its media type; registered by no authority, hence the ``x-``.
    extensions : with the dot.
    magic : (offset, type, value) as shared-mime-info writes them, where content tells more than the name; () where it does not.
    """

    mime: str
    label: str
    extensions: tuple[str, ...]
    magic: tuple[tuple[int, str, str], ...] = ()

    @property
    def name(self) -> str:
        """How Windows calls the type."""
        return f"Lycurgus.{self.extensions[0].removeprefix('.')}"


FILE_TYPES = (
    FileType("image/x-gatan-dm3", "Gatan DigitalMicrograph 3 image", (".dm3",), ()),
    FileType("image/x-gatan-dm4", "Gatan DigitalMicrograph 4 image", (".dm4",), ()),
    FileType("application/x-emd", "Electron microscopy data (Velox, NCEM)", (".emd",)),
    FileType("image/x-tia-ser", "TIA series", (".ser",), ((0, "little16", "0x4949"),)),
    FileType("image/x-mrc", "MRC image", (".mrc",), ((208, "string", "MAP "),)),
)
