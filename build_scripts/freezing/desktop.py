"""How a Linux desktop knows Lycurgus: its entry in the menu, and the file types that it opens."""

from __future__ import annotations

from xml.sax.saxutils import escape

from freezing.file_types import FILE_TYPES

NAME = "lycurgus"


def desktop_entry(program: str) -> str:
    """Write the entry.

    Parameters
    ----------
    program : what is started, a path or a name on PATH.
    """
    return f"""\
[Desktop Entry]
Type=Application
Name=Lycurgus
GenericName=Nanoparticle analysis
Comment=Find, separate and measure nanoparticles in electron micrographs
Exec={program} %F
Icon={NAME}
Terminal=false
Categories=Science;ImageProcessing;
Keywords=TEM;STEM;SEM;microscopy;nanoparticles;particle size;
MimeType={";".join([*(kind.mime for kind in FILE_TYPES), "image/tiff", "inode/directory"])};
StartupWMClass=lycurgus
"""


def mime_package() -> str:
    """Write the file types as shared-mime-info reads them."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">\n'
        + "".join(_mime_type(kind.mime, kind.label, kind.extensions, kind.magic) for kind in FILE_TYPES)
        + "</mime-info>\n"
    )


def _mime_type(mime: str, label: str, extensions: tuple[str, ...], magic: tuple[tuple[int, str, str], ...]) -> str:
    matches = "".join(f'      <match type="{kind}" value="{escape(value)}" offset="{offset}"/>\n' for offset, kind, value in magic)
    return (
        f'  <mime-type type="{mime}">\n    <comment>{escape(label)}</comment>\n'
        + (f'    <magic priority="50">\n{matches}    </magic>\n' if matches else "")
        + "".join(f'    <glob pattern="*{extension}" weight="60"/>\n' for extension in extensions)
        + f'    <icon name="{NAME}"/>\n  </mime-type>\n'
    )
