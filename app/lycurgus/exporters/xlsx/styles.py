"""How the workbook looks: one palette, one font, a few kinds of cell."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, isfinite, log10

from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

INK = "22303C"
QUIET = "6B7A87"
SLATE = "2F4858"
SLATE_LIGHT = "48667A"
RULE = "D5DBE1"
PAPER = "F4F6F8"
BARS = "8FB1C4"
CURVE = "B5482A"
AMBER_INK, AMBER = "7A4E00", "FFF3D6"
RED_INK, RED = "8C2A1E", "FBE7E3"
WHITE = "FFFFFF"

# Arial has metric-compatible stand-ins on every system, so that widths hold in other spreadsheets too.
FONT = "Arial"

_HAIR = Side(style="thin", color=RULE)


@dataclass(frozen=True)
class Style:
    """What a kind of cell looks like; number formats are given with the value."""

    font: Font
    fill: PatternFill | None = None
    alignment: Alignment | None = None
    border: Border | None = None
    text_alignment: Alignment | None = None
    """Of texts, which stand a little off the number in the cell before; None where they are aligned like numbers."""


def _font(size: float = 10, color: str = INK, *, bold: bool = False, italic: bool = False) -> Font:
    return Font(name=FONT, size=size, color=color, bold=bold, italic=italic)


def _fill(color: str) -> PatternFill:
    return PatternFill("solid", fgColor=color)


_TOP = Alignment(vertical="top")
_WRAP = Alignment(vertical="top", wrap_text=True)
_TEXT = Alignment(horizontal="left", vertical="top", indent=1)
_TEXT_WRAPPED = Alignment(horizontal="left", vertical="top", indent=1, wrap_text=True)
_BELOW = Border(bottom=_HAIR)
_UNDERLINE = Border(bottom=Side(style="medium", color=SLATE))
_HEADER = Alignment(horizontal="center", vertical="center", wrap_text=True)

TITLE = Style(_font(18, SLATE, bold=True), alignment=Alignment(vertical="center"))
SUBTITLE = Style(_font(10, QUIET), alignment=Alignment(vertical="center"))
LEAD = Style(_font(11), alignment=_WRAP)
SECTION = Style(_font(11, SLATE, bold=True), alignment=Alignment(vertical="center"), border=_UNDERLINE)
SECTION_RIGHT = Style(_font(9, QUIET), alignment=Alignment(horizontal="right", vertical="center"), border=_UNDERLINE)
HEADER = Style(_font(10, WHITE, bold=True), _fill(SLATE), _HEADER)
HEADER_ALTERNATE = Style(_font(10, WHITE, bold=True), _fill(SLATE_LIGHT), _HEADER)
BODY = Style(_font(), alignment=_TOP, text_alignment=_TEXT)
BODY_WRAPPED = Style(_font(), alignment=_WRAP, text_alignment=_TEXT_WRAPPED)
EXCLUDED = Style(_font(color=QUIET, italic=True), _fill(PAPER), _TOP, text_alignment=_TEXT)
LABEL = Style(_font(), alignment=_TOP, border=_BELOW)
FIGURE = Style(_font(bold=True), alignment=Alignment(horizontal="right", vertical="top"), border=_BELOW)
FIGURE_LEFT = Style(_font(bold=True), alignment=_TOP, border=_BELOW)
ASIDE = Style(_font(9, QUIET), alignment=Alignment(horizontal="right", vertical="top"), border=_BELOW)
NOTE = Style(_font(9, QUIET, italic=True), alignment=_WRAP)
CHANGED = Style(_font(color=AMBER_INK, bold=True), _fill(AMBER), _WRAP, text_alignment=_TEXT_WRAPPED)
WARNING = Style(_font(color=AMBER_INK), _fill(AMBER), _WRAP, text_alignment=_TEXT_WRAPPED)
FAILURE = Style(_font(color=RED_INK), _fill(RED), _WRAP, text_alignment=_TEXT_WRAPPED)


def decimals_format(typical: float) -> str:
    """Return the number format that shows about four significant digits of values like ``typical``."""
    if not isfinite(typical) or typical == 0:
        return "0.00"
    decimals = min(6, max(0, 3 - floor(log10(abs(typical)))))
    return "0." + "0" * decimals if decimals else "#,##0"


def shown(value: float, number_format: str) -> str:
    """Write a value as a cell with a format of ``decimals_format`` shows it."""
    return f"{value:,.{len(number_format) - 2}f}" if number_format.startswith("0.") else f"{value:,.0f}"
