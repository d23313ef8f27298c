"""What the properties of a program show on Windows."""

from __future__ import annotations

import re

TEMPLATE = """\
VSVersionInfo(
  ffi=FixedFileInfo(filevers={numbers}, prodvers={numbers}, mask=0x3F, flags=0x0, OS=0x40004, fileType=0x1, subtype=0x0, date=(0, 0)),
  kids=[
    StringFileInfo([StringTable('040904B0', [
      StringStruct('CompanyName', 'Lycurgus contributors'),
      StringStruct('FileDescription', '{description}'),
      StringStruct('FileVersion', '{version}'),
      StringStruct('InternalName', '{program}'),
      StringStruct('LegalCopyright', 'MIT licence'),
      StringStruct('OriginalFilename', '{program}.exe'),
      StringStruct('ProductName', 'Lycurgus'),
      StringStruct('ProductVersion', '{version}'),
    ])]),
    VarFileInfo([VarStruct('Translation', [0x409, 1200])]),
  ],
)
"""


def version_resource(program: str, description: str, version: str) -> str:
    """Write the resource as PyInstaller reads it."""
    return TEMPLATE.format(program=program, description=description, version=version, numbers=four_numbers(version))


def four_numbers(version: str) -> tuple[int, int, int, int]:
    """Write a version as Windows counts: 0.1.0 is (0, 1, 0, 0); what follows the numbers ("rc1") is left out.

    Raises
    ------
    ValueError
        It does not begin with numbers.
    """
    found = re.match(r"\d+(\.\d+)*", version)
    if found is None:
        raise ValueError(f"'{version}' is no version")
    a, b, c, d = ([int(part) for part in found[0].split(".")] + [0] * 4)[:4]
    return a, b, c, d
