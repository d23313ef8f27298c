"""Pictures on sheets."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from openpyxl.drawing.image import Image as SheetImage
from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, OneCellAnchor
from openpyxl.drawing.xdr import XDRPositiveSize2D
from openpyxl.utils.cell import column_index_from_string, coordinate_from_string
from openpyxl.worksheet.worksheet import Worksheet
from PIL import Image

INSET_PX = 5
EMU_PER_PX = 9525


def place(sheet: Worksheet, at: str, picture: NDArray[np.uint8], *, longest_px: int) -> tuple[int, int]:
    """Put a picture (h, w, 3) on a sheet, a few pixels inside a cell, and return its height and width on the sheet.

    It is shown with its long side at most ``longest_px`` and stored at twice that, for sharp prints.
    """
    image = Image.fromarray(picture)
    scale = longest_px / max(image.size)
    width, height = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    if scale < 0.5:
        image = image.resize((2 * width, 2 * height), Image.Resampling.LANCZOS)
    buffer = BytesIO()
    image.save(buffer, format="PNG")
    drawing = SheetImage(buffer)
    letters, row = coordinate_from_string(at)
    inset = INSET_PX * EMU_PER_PX
    marker = AnchorMarker(col=column_index_from_string(letters) - 1, row=row - 1, colOff=inset, rowOff=inset)
    drawing.anchor = OneCellAnchor(_from=marker, ext=XDRPositiveSize2D(width * EMU_PER_PX, height * EMU_PER_PX))
    sheet.add_image(drawing)
    return height, width
