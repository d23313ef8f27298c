"""Pictures of what was understood of labelled images: outlines, boxes, ignored areas, counts; many of them on a contact sheet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lycurgus.exporters import palette
from lycurgus_train.canvas import LETTERS_PX, Canvas, canvas_of, caption_font, draw_boxes, draw_outlines, write_png
from lycurgus_train.labelled import LabelledImage

TILE_PX = 400
COLUMNS, ROWS = 5, 4
CAPTION_PX = 40


def draw_labelled(image: LabelledImage, *, max_side_px: int = 1600, min_side_px: int = 0) -> Canvas:
    """Draw an image with its truth.

    Instances have outlines in changing colours, so that neighbours differ; a semantic mask is outlined and tinted in blue; boxes
    are blue rectangles; what is ignored is hatched in vermillion.

    Parameters
    ----------
    max_side_px, min_side_px : larger pictures are reduced, smaller ones enlarged by a whole factor.

    Returns
    -------
    (h, w, 3) uint8, RGB.
    """
    canvas, scale = canvas_of(image.pixels, max_side_px=max_side_px, min_side_px=min_side_px)
    if image.foreground is not None:
        _draw_foreground(canvas, _scaled(image.foreground, canvas))
    draw_outlines(canvas, image.instances, palette.CLASSES, scale)
    draw_boxes(canvas, image.boxes, palette.SKY_BLUE, scale)
    if image.ignore is not None:
        _hatch(canvas, _scaled(image.ignore, canvas))
    return canvas


def caption(image: LabelledImage) -> str:
    """Say in two lines what an image is and what it holds."""
    height, width = image.shape
    counts = [f"{len(image.instances):,} outline{'s' * (len(image.instances) > 1)}"] if image.instances else []
    counts += [f"{len(image.boxes):,} box{'es' * (len(image.boxes) > 1)}"] if len(image.boxes) else []
    counts += [f"{image.foreground.mean():.0%} particle"] if image.foreground is not None else []
    counts += [f"{image.ignore.mean():.0%} ignored"] if image.ignore is not None else []
    return f"{image.name}\n{width} × {height} {image.pixels.dtype}, {', '.join(counts) or 'no particle'}"


class ContactSheets:
    """Writes ``contact-001.png`` ... as images come in, twenty on a sheet; ``close`` writes the last one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.written: list[Path] = []
        self._tiles: list[Canvas] = []

    def add(self, image: LabelledImage) -> None:
        self._tiles.append(_tile(image))
        if len(self._tiles) == COLUMNS * ROWS:
            self.close()

    def close(self) -> None:
        if not self._tiles:
            return
        path = self.folder / f"contact-{len(self.written) + 1:03d}.png"
        write_png(path, _arranged(self._tiles))
        self.written.append(path)
        self._tiles = []


def _tile(image: LabelledImage) -> Canvas:
    picture = draw_labelled(image, max_side_px=TILE_PX, min_side_px=TILE_PX)
    tile = np.full((TILE_PX + CAPTION_PX, TILE_PX, 3), 255, np.uint8)
    height, width = picture.shape[:2]
    tile[CAPTION_PX : CAPTION_PX + height, :width] = picture
    drawn = Image.fromarray(tile)
    draw, font = ImageDraw.Draw(drawn), caption_font()
    for line, text in enumerate(caption(image).split("\n")):
        draw.text((2, 2 + line * (LETTERS_PX + 4)), _shortened(text, draw, font), font=font, fill=(0, 0, 0))
    return np.array(drawn)


def _shortened(text: str, draw: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont) -> str:
    """Leave out the middle of what is too long: names often differ at both ends."""
    kept = len(text)
    shown = text
    while draw.textlength(shown, font=font) > TILE_PX - 4 and kept > 4:
        kept -= 2
        shown = f"{text[: kept // 2]}…{text[-(kept // 2) :]}"
    return shown


def _arranged(tiles: Sequence[Canvas]) -> Canvas:
    gap = 6
    rows = -(-len(tiles) // COLUMNS)
    columns = min(COLUMNS, len(tiles))
    sheet = np.full((rows * (TILE_PX + CAPTION_PX + gap) + gap, columns * (TILE_PX + gap) + gap, 3), 255, np.uint8)
    for number, tile in enumerate(tiles):
        y, x = gap + number // COLUMNS * (TILE_PX + CAPTION_PX + gap), gap + number % COLUMNS * (TILE_PX + gap)
        sheet[y : y + tile.shape[0], x : x + tile.shape[1]] = tile
    return sheet


def _scaled(mask: NDArray[np.bool_], canvas: Canvas) -> NDArray[np.bool_]:
    height, width = canvas.shape[:2]
    return np.asarray(cv2.resize(mask.view(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST), bool)


def _draw_foreground(canvas: Canvas, mask: NDArray[np.bool_]) -> None:
    canvas[mask] = (0.75 * canvas[mask] + 0.25 * np.array(palette.SKY_BLUE)).astype(np.uint8)
    outlines, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(canvas, outlines, -1, palette.SKY_BLUE, 1)


def _hatch(canvas: Canvas, mask: NDArray[np.bool_]) -> None:
    rows, columns = np.ogrid[: mask.shape[0], : mask.shape[1]]
    canvas[mask & ((rows + columns) % 8 == 0)] = palette.VERMILLION
