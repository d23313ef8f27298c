"""The contrast panel: histogram with movable limits, Auto by percentiles, invert. It changes what is seen and nothing else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from lycurgus.core.types import Plane
from lycurgus.ui.viewer.histogram_view import HistogramView

SAMPLES = 250_000
PERCENTILES = (0.35, 99.65)
PROMISE = "Contrast changes only what you see; the analysis uses the stored values."

Limits = tuple[float, float]


def sampled(pixels: Plane) -> NDArray[np.float64]:
    """Return finite values of about a quarter of a million pixels, evenly spread."""
    step = max(1, int(np.sqrt(pixels.size / SAMPLES)))
    values = pixels[::step, ::step].astype(np.float64).ravel()
    return np.asarray(values[np.isfinite(values)])


def limits_at(values: NDArray[np.float64], percentiles: tuple[float, float] = PERCENTILES) -> Limits:
    """Return the values at two percentiles; (0, 1) where there are no values, and a range that is not empty where all are equal."""
    if not values.size:
        return 0.0, 1.0
    low, high = (float(value) for value in np.percentile(values, percentiles))
    if high > low:
        return low, high
    low, high = float(values.min()), float(values.max())
    return (low, high) if high > low else (low - 0.5, low + 0.5)


class ContrastPanel(QWidget):
    """Shows and sets the limits of the contrast.

    Parameters
    ----------
    beside : a control for the free place.

    Signals
    -------
    contrast_changed : (low, high), invert.
    """

    contrast_changed = Signal(object, bool)

    def __init__(self, parent: QWidget | None = None, *, beside: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setToolTip(PROMISE)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._values: NDArray[np.float64] = np.zeros(0)
        self.histogram = HistogramView()
        self.histogram.setToolTip(f"Drag the two limits. {PROMISE}")
        self.low = _percentile_box("Lower percentile", "So many per cent of the pixels are shown black", PERCENTILES[0])
        self.high = _percentile_box("Upper percentile", "Above this percentile pixels are shown white", PERCENTILES[1])
        self.auto_button = QPushButton("&Auto")
        self.auto_button.setToolTip(f"Set the limits at the two percentiles. {PROMISE}")
        self.invert_button = QToolButton()
        self.invert_button.setText("&Invert")
        self.invert_button.setCheckable(True)
        self.invert_button.setToolTip(f"Show bright as dark. {PROMISE}")
        self.shown = QLabel()
        self.shown.setToolTip("Values shown as black and white")

        grid = QGridLayout(self)
        grid.setContentsMargins(8, 6, 8, 6)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        grid.addWidget(self.histogram, 0, 0, 2, 1)
        grid.addWidget(self.auto_button, 0, 1)
        grid.addWidget(self.low, 0, 2)
        grid.addWidget(self.high, 0, 3)
        grid.addWidget(self.invert_button, 1, 1)
        if beside is None:
            grid.addWidget(self.shown, 1, 2, 1, 2)
        else:
            grid.addWidget(self.shown, 1, 2)
            grid.addWidget(beside, 1, 3)
        grid.setColumnStretch(0, 1)
        self.invert_button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

        self.histogram.limits_moved.connect(self._tell)
        self.low.valueChanged.connect(self.auto)
        self.high.valueChanged.connect(self.auto)
        self.auto_button.clicked.connect(self.auto)
        self.invert_button.toggled.connect(self._tell)

    @property
    def limits(self) -> Limits:
        return self.histogram.limits

    @property
    def invert(self) -> bool:
        return self.invert_button.isChecked()

    def set_pixels(self, pixels: Plane, *, keep_limits: bool = False) -> None:
        """Show the values of another image, and set the limits by its percentiles unless they are to stay."""
        self._values = sampled(pixels)
        self.histogram.set_values(self._values)
        if not keep_limits:
            self.auto()

    def auto(self) -> None:
        """Set the limits at the two percentiles."""
        self.set_limits(*limits_at(self._values, (self.low.value(), self.high.value())))

    def set_limits(self, low: float, high: float) -> None:
        self.histogram.set_limits(low, high)
        self._tell()

    def reset_percentiles(self) -> None:
        """Go back to the percentiles of the start."""
        with QSignalBlocker(self.low), QSignalBlocker(self.high):
            self.low.setValue(PERCENTILES[0])
            self.high.setValue(PERCENTILES[1])
        self.auto()

    def _tell(self) -> None:
        low, high = self.limits
        self.shown.setText(f"{_short(low)} to {_short(high)}")
        self.contrast_changed.emit((low, high), self.invert)


def _short(value: float) -> str:
    return f"{value:.0f}" if 100 <= abs(value) < 1e6 else f"{value:.4g}"


def _percentile_box(name: str, tip: str, value: float) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    is_upper = value > 50
    box.setRange(50.01 if is_upper else 0.0, 100.0 if is_upper else 49.99)
    box.setDecimals(2)
    box.setSingleStep(0.1)
    box.setSuffix(" %")
    box.setValue(value)
    box.setKeyboardTracking(False)
    box.setAccessibleName(name)
    box.setToolTip(f"{tip}. {PROMISE}")
    return box
