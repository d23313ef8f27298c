"""The histogram with its curves, on screen and on paper."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QBrush, QFont, QPen, QResizeEvent
from PySide6.QtWidgets import QLabel, QWidget

from lycurgus.core.fits import LABELS
from lycurgus.ui.panels.distribution_data import MARGIN, Picture
from lycurgus.ui.panels.distribution_items import Bars, Line, ShareAxis, SizeAxis
from lycurgus.ui.panels.distribution_legend import Entry, Legend
from lycurgus.ui.panels.distribution_style import FIT_LINES, Hatch, PlotStyle, line

Floats = NDArray[np.float64]

HEADROOM = 1.15
LABEL_SHARE = 0.05
"""Half the width of a label, as a part of the axis."""
LABEL_STEP = 0.08
"""How much lower each next label stands, as a part of the height: close percentiles must not hide each other."""
LEGEND_ROW = 4
SIDE = 16
TITLE_POINTS = 10


class DistributionPlot(pg.PlotWidget):  # type: ignore[misc]
    """Draws a ``Picture``.

    Signals
    -------
    bar_clicked : place of the bar (-1 for none), and whether Ctrl was held.
    """

    bar_clicked = Signal(int, bool)

    def __init__(self, style: PlotStyle, parent: QWidget | None = None) -> None:
        self._axis = SizeAxis()
        super().__init__(parent, background=style.background, axisItems={"bottom": self._axis, "right": ShareAxis()})
        self.setAccessibleName("Distribution")
        self._style = style
        self._picture: Picture | None = None
        self._chosen: Floats | None = None
        self._bars: list[pg.GraphicsObject] = []
        self._selected: Bars | None = None
        plot = self.getPlotItem()
        plot.setMenuEnabled(False)
        for name in ("bottom", "left", "right"):
            plot.getAxis(name).enableAutoSIPrefix(False)
        plot.hideButtons()
        plot.setMouseEnabled(x=True, y=False)
        plot.showGrid(x=False, y=True, alpha=0.15)
        plot.getViewBox().setDefaultPadding(0.0)
        self._legend = Legend()
        self._entries: list[Entry] = []
        # Below the axis: over the bars it would hide what it explains.
        plot.layout.addItem(self._legend, LEGEND_ROW, 0, 1, 3)
        self._hair = pg.InfiniteLine(angle=90, movable=False)
        self._hair.setZValue(30)
        self._readout = QLabel(self)
        self._readout.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._readout.setContentsMargins(6, 2, 6, 2)
        self._readout.hide()
        self.scene().sigMouseMoved.connect(self._on_moved)
        self.scene().sigMouseClicked.connect(self._on_clicked)
        self.set_style(style)

    @property
    def picture(self) -> Picture | None:
        return self._picture

    @property
    def readout(self) -> str:
        """What is said of the place under the mouse."""
        return self._readout.text()

    def set_style(self, style: PlotStyle) -> None:
        """Change the colours."""
        self._style = style
        self.setBackground(style.background)
        for name in ("bottom", "left", "right"):
            axis = self.getPlotItem().getAxis(name)
            axis.setPen(line(style.text))
            axis.setTextPen(line(style.text))
        self._hair.setPen(pg.mkPen(style.faint, width=1, style=Qt.PenStyle.DashLine))
        self._legend.set_look(self.font(), style.text)
        self._readout.setStyleSheet(f"background: {style.background.name()}; color: {style.text.name()};")
        if self._picture is not None:
            self._draw(self._picture)

    def show_picture(self, picture: Picture) -> None:
        """Draw, where it looks different from what is drawn; the view is reset where the axis is another one."""
        before, self._picture = self._picture, picture
        if before is not None and picture.looks_like(before):
            return
        self._draw(picture)
        if before is None or _axis_of(before) != _axis_of(picture):
            self.reset_view()

    def _draw(self, picture: Picture) -> None:
        plot = self.getPlotItem()
        plot.clear()
        self._entries = []
        self._selected = None
        self._draw_bars(picture)
        self._draw_curves(picture)
        if picture.choice.markers:
            self._draw_markers(picture)
        plot.addItem(self._hair, ignoreBounds=True)
        self._hair.hide()
        self._label_axes(picture)
        self._legend.set_entries(tuple(self._entries), self.width() - SIDE)
        self.show_selection(self._chosen if self._chosen is not None and len(self._chosen) == len(picture.heights) else None)
        plot.setYRange(0, self.top, padding=0)
        plot.setLimits(yMin=0)

    def show_selection(self, heights: Floats | None) -> None:
        """Mark a part of the bars, (k,); None for no part."""
        self._chosen = heights
        if self._selected is not None:
            self.getPlotItem().removeItem(self._selected)
            self._selected = None
        picture = self._picture
        if picture is None or heights is None or not heights.any():
            return
        style = self._style
        hatch = QBrush(style.background, Hatch.Dense6Pattern)
        self._selected = Bars(
            self._positions(picture.edges), np.zeros(len(heights)), heights, QBrush(style.accent), hatch, line(style.text, 1.5)
        )
        self._selected.setZValue(10)
        self.getPlotItem().addItem(self._selected, ignoreBounds=True)

    def reset_view(self) -> None:
        """Show the whole axis."""
        if self._picture is not None:
            edges = self._positions(self._picture.edges)
            margin = MARGIN * (edges[-1] - edges[0])
            self.getPlotItem().setXRange(edges[0] - margin, edges[-1] + margin, padding=0)

    def set_caption(self, text: str) -> None:
        """Write a line above the plot, for print."""
        self.getPlotItem().setTitle(text, color=self._style.text, size=f"{TITLE_POINTS}pt")

    @property
    def top(self) -> float:
        """Height that fills the plot."""
        picture = self._picture
        if picture is None:
            return 1.0
        outlined = bool(picture.series) and picture.choice.outlined
        bars = max((float(one.heights.max()) for one in picture.series), default=1.0) if outlined else float(picture.heights.max())
        curves = max((float(np.max(curve.y)) for curve in picture.curves), default=0.0)
        # A fit may rise far above the bars where it does not fit; the bars must stay readable.
        return max(bars, min(curves, 2 * bars), 1e-12) * HEADROOM

    def _positions(self, x: Floats) -> Floats:
        logarithmic = self._picture is not None and self._picture.log
        return np.log10(x) if logarithmic else x

    def _draw_bars(self, picture: Picture) -> None:
        plot, style, edges = self.getPlotItem(), self._style, self._positions(picture.edges)
        edge = line(style.background)
        if not picture.series:
            plot.addItem(Bars(edges, np.zeros(len(picture.heights)), picture.heights, QBrush(style.bar), QBrush(), edge))
        for place, series in enumerate(picture.series):
            if picture.choice.outlined:
                pen = style.class_pen(place)
                steps = Line(np.repeat(edges, 2), np.concatenate([[0.0], np.repeat(series.heights, 2), [0.0]]), pen)
                plot.addItem(steps)
                self._entries.append(Entry(series.name, pen))
            else:
                fill, hatch = QBrush(style.class_colour(place)), style.class_hatch(place)
                plot.addItem(Bars(edges, series.below, series.heights, fill, hatch, line(style.background)))
                self._entries.append(Entry(series.name, line(style.text), fill, hatch))

    def _draw_curves(self, picture: Picture) -> None:
        style = self._style
        if picture.choice.cumulative and picture.cumulative[0].size:
            x, share = picture.cumulative
            pen = line(style.cumulative, 1.5)
            low, high = self._positions(picture.edges[:1]), self._positions(picture.edges[-1:])
            x = np.concatenate([low, self._positions(x), high])
            self._add_over_bars(x, np.concatenate([[0], share, [1]]) * self.top / HEADROOM, pen)
        for curve in picture.curves:
            pen = line(style.fits[curve.name], 2.0, FIT_LINES[curve.name])
            self._add_over_bars(self._positions(curve.x), np.minimum(curve.y, self.top), pen)
            self._entries.append(Entry(f"{LABELS[curve.name]}{' (best by AIC)' if curve.best else ''}", pen))

    def _add_over_bars(self, x: Floats, y: Floats, pen: QPen) -> None:
        drawn = Line(x, y, pen)
        # Over selected parts of bars too.
        drawn.setZValue(15)
        self.getPlotItem().addItem(drawn, ignoreBounds=True)

    def _draw_markers(self, picture: Picture) -> None:
        for i, (name, x) in enumerate(picture.markers.items()):
            if not np.isfinite(x):
                continue
            place = self._positions(np.array([x, x]))
            marker = Line(place, np.array([0.0, self.top]), line(self._style.text, 1.0, Qt.PenStyle.DotLine))
            label = pg.TextItem(
                name,
                color=self._style.text,
                fill=self._style.background,
                anchor=(side_of(float(place[0]), self._positions(picture.edges)), 0),
            )
            label.setPos(float(place[0]), self.top * (1 - LABEL_STEP * i))
            for item, z in ((marker, 20), (label, 21)):
                item.setZValue(z)
                self.getPlotItem().addItem(item, ignoreBounds=True)

    def _label_axes(self, picture: Picture) -> None:
        plot = self.getPlotItem()
        unit = picture.population.statistics.unit
        plot.setLabel("bottom", f"{picture.x_title} ({unit})" if unit else picture.x_title)
        plot.setLabel("left", picture.y_title)
        self._axis.set_logarithmic(picture.log)
        plot.showAxis("right", picture.choice.cumulative)
        right = plot.getAxis("right")
        right.setScale(100 * HEADROOM / self.top)
        right.setGrid(False)
        if picture.choice.cumulative:
            plot.setLabel("right", "At or below (%)")

    def _on_moved(self, at: QPointF) -> None:
        picture, view = self._picture, self.getPlotItem().getViewBox()
        if picture is None or not view.sceneBoundingRect().contains(at):
            self._leave()
            return
        position = view.mapSceneToView(at).x()
        self._hair.setPos(position)
        self._hair.show()
        self._readout.setText(describe(picture, float(10**position if picture.log else position)))
        self._readout.adjustSize()
        inside = view.sceneBoundingRect()
        # Opposite the mouse, so that it never covers what is looked at.
        left = at.x() > inside.center().x()
        x = inside.left() + 4 if left else inside.right() - self._readout.width() - 4
        self._readout.move(round(x), round(inside.top()) + 4)
        self._readout.show()

    def _leave(self) -> None:
        self._hair.hide()
        self._readout.hide()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802
        super().resizeEvent(event)
        if hasattr(self, "_legend"):
            self._legend.arrange(self.width() - SIDE)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        self._leave()
        super().leaveEvent(event)

    def _on_clicked(self, event: object) -> None:
        button, at = event.button(), event.scenePos()  # type: ignore[attr-defined]
        view, picture = self.getPlotItem().getViewBox(), self._picture
        if button != Qt.MouseButton.LeftButton or picture is None or not view.sceneBoundingRect().contains(at):
            return
        if event.double():  # type: ignore[attr-defined]
            self.reset_view()
            return
        point = view.mapSceneToView(at)
        adding = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)  # type: ignore[attr-defined]
        self.bar_clicked.emit(bar_at(picture, float(10 ** point.x() if picture.log else point.x())), adding)

    def set_text_size(self, points: float) -> None:
        """Set the size of axis numbers, for print."""
        font = QFont(self.font())
        font.setPointSizeF(points)
        for name in ("bottom", "left", "right"):
            self.getPlotItem().getAxis(name).setTickFont(font)


def side_of(place: float, edges: Floats) -> float:
    """Say which part of a label, 0 its beginning ... 1 its end, stands at a place of the axis, so that it lies on no other axis.

    Parameters
    ----------
    edges : of the bars, on the axis.
    """
    share = (place - edges[0]) / (edges[-1] - edges[0])
    return 0.0 if share < LABEL_SHARE else 1.0 if share > 1 - LABEL_SHARE else 0.5


def bar_at(picture: Picture, x: float) -> int:
    """Return the bar at a place on the axis, -1 where there is none."""
    place = int(np.searchsorted(picture.edges, x, side="right")) - 1
    return place if 0 <= place < len(picture.heights) else -1


def describe(picture: Picture, x: float) -> str:
    """Say in words what stands at a place on the axis: "10 to 12 nm: 31 particles (12.4 %), 56 % at or below 11.2 nm"."""
    statistics = picture.population.statistics
    unit = f" {statistics.unit}" if statistics.unit else ""
    values, share = picture.cumulative
    below = float(share[np.searchsorted(values, x, side="right") - 1]) if values.size and x >= values[0] else 0.0
    so_far = f"{100 * below:.1f} % at or below {x:.4g}{unit}"
    place = bar_at(picture, x)
    if place < 0:
        return so_far
    total = picture.heights.sum() or 1.0
    count = int(picture.counts[place])
    of_what = " of the volume" if picture.weighting == "volume" else ""
    bar = f"{picture.edges[place]:.4g} to {picture.edges[place + 1]:.4g}{unit}: {count:,} particle{'' if count == 1 else 's'}"
    return f"{bar} ({100 * picture.heights[place] / total:.1f} %{of_what}); {so_far}"


def _axis_of(picture: Picture) -> tuple[object, ...]:
    return picture.population.descriptor.name, picture.population.statistics.unit, picture.log, picture.edges[0], picture.edges[-1]
