"""Text and numbers on their way into tables: readable, the same in every format, and never a formula."""

from __future__ import annotations

import re
from math import isfinite

Value = str | int | float | bool | None

ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""What neither XML 1.0 nor a strict UTF-8 decoder takes; tab and line breaks are lawful."""
FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
"""What makes a spreadsheet read a cell of a CSV as a formula, the full-width forms of East Asian locales included."""


def clean(text: str) -> str:
    """Replace characters that no XML or strict UTF-8 file may hold by U+FFFD, so that their presence still shows."""
    return ILLEGAL.sub("\ufffd", text)


def starts_formula(text: str) -> bool:
    """Tell whether a spreadsheet that opens a CSV could take the text for a formula; leading blanks do not protect."""
    return text.startswith(FORMULA_STARTS) or text.lstrip().startswith(FORMULA_STARTS)


def inert(text: str) -> str:
    """Clean a text for a CSV cell; an apostrophe goes before what could be taken for a formula."""
    text = clean(text)
    return f"'{text}" if starts_formula(text) else text


def inert_image_name(name: str) -> str:
    """Clean an image's name for a CSV cell; ``./`` goes before what could be taken for a formula.

    Such a name still is a path to the same file, so that scripts which join it to a folder keep working.
    """
    name = clean(name)
    return f"./{name}" if starts_formula(name) else name


def tidy(number: float) -> str:
    """Write a number with 7 significant digits, whole numbers and digits before the point in full; "" where it is not finite."""
    if not isfinite(number):
        return ""
    if float(number).is_integer() and abs(number) < 1e15:
        return str(int(number))
    return f"{number:.1f}" if abs(number) >= 1e6 else f"{number:.7g}"


def csv_cell(value: Value) -> str:
    """Write a value as text of a CSV cell; None and nan are empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return inert(value) if isinstance(value, str) else tidy(value)
