"""Pictures and resources that systems want in formats of their own: icons in all sizes, the version resource of Windows.

python -m freezing.assets FOLDER
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QBuffer, QIODevice, QRectF
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from freezing.version_resource import version_resource
from lycurgus import __version__
from lycurgus.resources import resource

SIDES_PX = (16, 24, 32, 48, 64, 128, 256, 512)
ICO_SIDES_PX = (16, 24, 32, 48, 64, 128, 256)
PROGRAMS = {"lycurgus": "Lycurgus command line", "lycurgus-gui": "Lycurgus"}


def make_assets(folder: Path) -> None:
    """Fill a folder with ``icon-SIDE.png``, ``lycurgus.ico``, ``lycurgus.icns`` and ``PROGRAM.version``."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {side: drawn(resource("icons/lycurgus.svg"), side) for side in SIDES_PX}
    for side, picture in pictures.items():
        picture.save(folder / f"icon-{side}.png")
    pictures[256].save(
        folder / "lycurgus.ico", sizes=[(side, side) for side in ICO_SIDES_PX], append_images=[pictures[side] for side in ICO_SIDES_PX]
    )
    pictures[512].save(folder / "lycurgus.icns")
    for program, description in PROGRAMS.items():
        (folder / f"{program}.version").write_text(version_resource(program, description, __version__), encoding="utf-8")


def drawn(source: Path, side_px: int) -> Image.Image:
    """Draw an SVG on a transparent square."""
    picture = QImage(side_px, side_px, QImage.Format.Format_ARGB32)
    picture.fill(QColor(0, 0, 0, 0))
    painter = QPainter(picture)
    QSvgRenderer(str(source)).render(painter, QRectF(0, 0, side_px, side_px))
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    picture.save(buffer, "PNG")  # type: ignore[call-overload]
    return Image.open(io.BytesIO(bytes(buffer.data().data()))).copy()


if __name__ == "__main__":
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    application = QGuiApplication(sys.argv[:1])
    make_assets(Path(sys.argv[1]))
