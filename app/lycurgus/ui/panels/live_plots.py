"""The two plots of the live panel: the sizes so far, and how their mean settles."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPolygonF
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from lycurgus.services.live import LiveSnapshot
from lycurgus.ui.panels.distribution_items import Bars, Floats, Line, SizeAxis
from lycurgus.ui.panels.distribution_style import Lines, PlotStyle, line

HEADROOM = 1.08
SHORT_LABELS = {"Equivalent circular diameter": "Diameter"}
_ROOM = 1.6
"""How much wider than the wanted precision the axis of the mean is at least."""


class LivePlot(pg.PlotWidget):  # type: ignore[misc]
    """A plot that draws itself anew from a snapshot, in the colours of the theme."""

    def __init__(self, name: str, *, logarithmic: bool, parent: QWidget | None = None) -> None:
        self._axis = SizeAxis()
        super().__init__(parent, axisItems={"bottom": self._axis})
        self.setAccessibleName(name)
        self._axis.set_logarithmic(logarithmic)
        self._snapshot: LiveSnapshot | None = None
        plot = self.getPlotItem()
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.setMouseEnabled(x=False, y=False)
        plot.getViewBox().setDefaultPadding(0.0)
        for axis in ("bottom", "left"):
            plot.getAxis(axis).enableAutoSIPrefix(False)
        self.setMinimumSize(140, 90)
        self._restyle()

    def show_snapshot(self, snapshot: LiveSnapshot | None) -> None:
        self._snapshot = snapshot
        self.getPlotItem().clear()
        begun = snapshot is not None and bool(snapshot.convergence.n)
        for axis in ("bottom", "left"):
            # Numbers along an axis that nothing is drawn on would look like a measurement.
            self.getPlotItem().showAxis(axis, begun)
        if snapshot is not None and begun:
            self.draw(snapshot, PlotStyle.of_theme(self.palette()))

    def draw(self, snapshot: LiveSnapshot, style: PlotStyle) -> None:
        """Draw onto the empty plot; each plot has its own, abc cannot demand it: its metaclass does not go with Qt's."""
        raise NotImplementedError

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange) and hasattr(self, "_snapshot"):
            self._restyle()

    def _restyle(self) -> None:
        style = PlotStyle.of_theme(self.palette())
        self.setBackground(style.background)
        for axis in ("bottom", "left"):
            self.getPlotItem().getAxis(axis).setPen(line(style.text))
            self.getPlotItem().getAxis(axis).setTextPen(line(style.text))
        self.show_snapshot(self._snapshot)


class SizesPlot(LivePlot):
    """Bars evenly spaced in the logarithm, with marks at D10, D50 and D90."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Size distribution so far", logarithmic=True, parent=parent)

    def draw(self, snapshot: LiveSnapshot, style: PlotStyle) -> None:
        histogram, plot = snapshot.histogram, self.getPlotItem()
        if histogram is None:
            return
        edges, heights = np.log10(histogram.edges), histogram.weighted / max(histogram.weighted.sum(), 1e-300) * 100
        top = float(heights.max()) * HEADROOM
        plot.addItem(Bars(edges, np.zeros(heights.size), heights, QBrush(style.bar), QBrush(), line(style.background)))
        if snapshot.percentiles is not None:
            for value in snapshot.percentiles.values:
                place = np.full(2, np.log10(value))
                plot.addItem(Line(place, np.array([0.0, top]), line(style.text, 1.0, Lines.DotLine)), ignoreBounds=True)
        unit = f" ({snapshot.unit})" if snapshot.unit else ""
        plot.setLabel("bottom", f"{SHORT_LABELS.get(snapshot.label, snapshot.label)}{unit}")
        plot.setLabel("left", "Share (%)")
        margin = 0.02 * (edges[-1] - edges[0])
        plot.setXRange(edges[0] - margin, edges[-1] + margin, padding=0)
        plot.setYRange(0, top, padding=0)


class ConvergencePlot(LivePlot):
    """The geometric mean over the number of particles, with its interval, between lines at the wanted precision."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Geometric mean over the number of particles", logarithmic=True, parent=parent)

    def draw(self, snapshot: LiveSnapshot, style: PlotStyle) -> None:
        curve, plot = snapshot.curve, self.getPlotItem()
        final, wanted = snapshot.convergence.geometric_mean, snapshot.convergence.precision
        x = np.log10(curve.n.astype(np.float64))
        known = np.isfinite(curve.low) & np.isfinite(curve.high)
        if known.sum() > 1:
            plot.addItem(_Band(x[known], curve.low[known], curve.high[known], _light(style)))
        colour = style.fits["log-normal"]
        plot.addItem(Line(x, curve.geometric_mean, line(colour, 2.0)))
        plot.addItem(pg.ScatterPlotItem(x=x, y=curve.geometric_mean, size=5, pen=None, brush=QBrush(colour)))
        # As far as the last images tell: the first few are all over the place.
        settled = known & (curve.n_images >= min(3, int(curve.n_images[-1])))
        extremes = np.concatenate([curve.low[settled], curve.high[settled], [final]])
        reach = max(_ROOM * wanted * final, float(np.abs(extremes - final).max()) * HEADROOM)
        right = max(x[-1], x[0] + 0.3) + 0.05
        for side in (1 - wanted, 1 + wanted):
            place = np.array([x[0] - 0.05, right])
            plot.addItem(Line(place, np.full(2, side * final), line(style.text, 1.0, Lines.DashLine)), ignoreBounds=True)
        unit = f" ({snapshot.unit})" if snapshot.unit else ""
        plot.setLabel("bottom", "Particles")
        plot.setLabel("left", f"Geom. mean{unit}")
        plot.setXRange(x[0] - 0.05, right, padding=0)
        plot.setYRange(final - reach, final + reach, padding=0)


class _Band(pg.GraphicsObject):  # type: ignore[misc]
    """The area between two lines, in the coordinates of the view."""

    def __init__(self, x: Floats, low: Floats, high: Floats, colour: QColor) -> None:
        super().__init__()
        corners = [*zip(x, low, strict=True), *zip(x[::-1], high[::-1], strict=True)]
        self._area, self._colour = QPolygonF([QPointF(float(at), float(height)) for at, height in corners]), colour

    def boundingRect(self) -> QRectF:  # noqa: N802 - Qt's name
        return self._area.boundingRect()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:  # noqa: ARG002
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QBrush(self._colour))
        painter.drawPolygon(self._area)


def _light(style: PlotStyle) -> QColor:
    """The colour of the bars, halfway to the background."""
    bar, ground = style.bar, style.background
    return QColor((bar.red() + ground.red()) // 2, (bar.green() + ground.green()) // 2, (bar.blue() + ground.blue()) // 2)
