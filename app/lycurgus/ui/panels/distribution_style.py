"""Colours and lines of plots: from the theme on screen, dark on white in print."""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor, QPalette, QPen

from lycurgus.core.summary import FitName
from lycurgus.exporters import palette as okabe_ito

Lines = Qt.PenStyle
Hatch = Qt.BrushStyle

FIT_LINES: dict[FitName, Lines] = {
    "normal": Lines.DashLine,
    "log-normal": Lines.SolidLine,
    "weibull": Lines.DashDotLine,
    "kde": Lines.DotLine,
}
CLASS_LINES = (Lines.SolidLine, Lines.DashLine, Lines.DashDotLine, Lines.DotLine, Lines.DashDotDotLine)
CLASS_HATCHES = (Hatch.NoBrush, Hatch.BDiagPattern, Hatch.FDiagPattern, Hatch.DiagCrossPattern, Hatch.HorPattern, Hatch.VerPattern)
"""Classes differ by line and hatch as well as by colour."""


@dataclass(frozen=True, slots=True)
class PlotStyle:
    """How a plot looks.

    Attributes
    ----------
    background : of the whole plot; text : of axes and titles; faint : grid and edges of bars.
    bar : fill of undivided bars; accent : selected particles; cumulative : that curve.
    fits : colour of each fit.
    """

    background: QColor
    text: QColor
    faint: QColor
    bar: QColor
    accent: QColor
    cumulative: QColor
    fits: dict[FitName, QColor] = field(default_factory=dict)

    @classmethod
    def of_theme(cls, palette: QPalette) -> PlotStyle:
        """Return the style that goes with a theme."""
        background, text = palette.color(QPalette.ColorRole.Base), palette.color(QPalette.ColorRole.Text)
        return cls.on(background, text)

    @classmethod
    def on(cls, background: QColor, text: QColor) -> PlotStyle:
        dark = background.lightness() < 128
        return cls(
            background=background,
            text=text,
            faint=_mixed(text, background, 0.35),
            bar=_mixed(QColor(*okabe_ito.SKY_BLUE), background, 0.75),
            accent=QColor(*okabe_ito.VERMILLION),
            cumulative=_mixed(text, background, 0.75),
            fits={
                "normal": QColor(*(okabe_ito.ORANGE if dark else okabe_ito.GREEN)),
                "log-normal": QColor(*(okabe_ito.YELLOW if dark else okabe_ito.BLUE)),
                "weibull": QColor(*okabe_ito.PURPLE),
                "kde": text,
            },
        )

    def class_colour(self, place: int) -> QColor:
        return QColor(*okabe_ito.CLASSES[place % len(okabe_ito.CLASSES)])

    def class_pen(self, place: int, width: float = 2.0) -> QPen:
        return line(self.class_colour(place), width, CLASS_LINES[place % len(CLASS_LINES)])

    def class_hatch(self, place: int) -> QBrush:
        return QBrush(self.text, CLASS_HATCHES[place % len(CLASS_HATCHES)])


def line(colour: QColor, width: float = 1.0, style: Lines = Lines.SolidLine) -> QPen:
    """Return a pen for what is drawn in the coordinates of the screen; not cosmetic, so that it is as wide on a screen of 200 %."""
    return QPen(colour, width, style)


def _mixed(colour: QColor, other: QColor, share: float) -> QColor:
    """Mix colours instead of making one transparent: print and clipboard know no transparency."""
    rest = 1 - share
    return QColor(
        round(share * colour.red() + rest * other.red()),
        round(share * colour.green() + rest * other.green()),
        round(share * colour.blue() + rest * other.blue()),
    )


PRINT = PlotStyle.on(QColor("white"), QColor("#1a1a1a"))
