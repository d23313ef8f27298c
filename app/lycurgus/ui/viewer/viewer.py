"""The central view of the window: the current image with its particles, the tools, the contrast, the comparison."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from lycurgus.calibration.reading import ScaleBarReading
from lycurgus.core.types import BBox, Micrograph, Particle, PixelSize, Plane
from lycurgus.ui.drops import dropped_paths
from lycurgus.ui.editing import Editing
from lycurgus.ui.opening import Opening
from lycurgus.ui.store import Document
from lycurgus.ui.viewer.banner import CalibrationBanner
from lycurgus.ui.viewer.canvas import KEY_STEP, Canvas
from lycurgus.ui.viewer.comparing import Content
from lycurgus.ui.viewer.comparison import Comparison, Mode
from lycurgus.ui.viewer.comparison_bar import ComparisonBar
from lycurgus.ui.viewer.contrast import ContrastPanel, Limits
from lycurgus.ui.viewer.drawing_tools import CircleTool, EllipseTool, FreehandTool, PolygonTool, SplitTool
from lycurgus.ui.viewer.hover import Hover, hover_at
from lycurgus.ui.viewer.overlay_options import OverlayOptions, overlay_button
from lycurgus.ui.viewer.pages import Pages
from lycurgus.ui.viewer.picture import Picture, reduced
from lycurgus.ui.viewer.scale_bar_tool import ScaleBarTool
from lycurgus.ui.viewer.shown_particles import ShownParticles
from lycurgus.ui.viewer.tools import SelectTool, Surroundings, Tool
from lycurgus.ui.workbench import Workbench

TOOLS: tuple[type[Tool], ...] = (SelectTool, FreehandTool, CircleTool, EllipseTool, PolygonTool, SplitTool, ScaleBarTool)
ToolName = Literal["select", "draw", "circle", "ellipse", "polygon", "split", "scale bar"]


class ImageViewer(QWidget):
    """Shows the store's current document and hands what the mouse does to ``Editing`` and the store.

    Signals
    -------
    hovered : what lies under the mouse, a line for the status bar; "" for nothing.
    hover_changed : the same as a ``Hover``, or None.
    tool_changed : name of the tool.
    scale_bar_measured : length in px.
    measure_scale_bar_requested, type_pixel_size_requested : the buttons of the amber banner.
    open_folder_requested, samples_requested, folder_requested : the welcome's buttons and links (Path).
    paths_dropped : list of Path.
    comparison_changed : mode, content.
    """

    hovered = Signal(str)
    hover_changed = Signal(object)
    tool_changed = Signal(str)
    scale_bar_measured = Signal(float)
    measure_scale_bar_requested = Signal()
    type_pixel_size_requested = Signal()
    open_folder_requested = Signal()
    samples_requested = Signal()
    folder_requested = Signal(object)
    paths_dropped = Signal(list)
    comparison_changed = Signal(str, str)

    def __init__(self, workbench: Workbench, opening: Opening, editing: Editing, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bench = workbench
        self._store = workbench.store
        self._opening = opening
        self._fit_next = True
        self.setAcceptDrops(True)

        self.banner = CalibrationBanner()
        self.canvas = Canvas()
        self.beside = Canvas()
        self.beside.setAccessibleName("Comparison")
        self.comparison_bar = ComparisonBar()
        self.overlay_options = OverlayOptions(workbench)
        self.contrast = ContrastPanel(beside=overlay_button(self.overlay_options, self))
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._pages = Pages(self._splitter)
        self.welcome, self.message = self._pages.welcome, self._pages.message
        self._arrange()

        self.particles = ShownParticles(workbench, self.canvas, self)
        self.comparison = Comparison(workbench, self.canvas, self.beside, self)
        self._tools = {tool.name: tool(self._surroundings(editing)) for tool in TOOLS}
        self._tool = self._tools["select"]
        self.canvas.hand = self._tool
        self._wire()
        self._take_settings()
        self._show_document(self._store.current)
        if self._store.micrograph is not None:
            self._show_micrograph(self._store.micrograph)

    @property
    def stage(self) -> QWidget:
        """The picture and what stands in its place: where single keys act, as they do not in the fields around it."""
        return self._pages

    # View

    def fit(self) -> None:
        """Show the whole image."""
        self.canvas.fit()

    def actual_size(self) -> None:
        """Show each pixel of the image as one of the screen."""
        self.canvas.one_to_one()

    def zoom_in(self) -> None:
        self.canvas.zoom(KEY_STEP)

    def zoom_out(self) -> None:
        self.canvas.zoom(1 / KEY_STEP)

    def auto_contrast(self) -> None:
        self.contrast.auto()

    def set_contrast_visible(self, visible: bool) -> None:
        """Show or hide the contrast panel; it is only there with an image."""
        self._contrast_wanted = visible
        self._arrange_visibility()

    def visible_region(self) -> BBox | None:
        """Return the pixels that are at least partly on screen; None without an image."""
        shape = self.canvas.shape
        return None if shape is None else self.canvas.view.visible_box(shape)

    def reveal(self, ids: Iterable[int]) -> None:
        """Scroll so that one of the particles at least is in sight; nothing moves where one is already."""
        self.particles.reveal(ids)

    # Overlay

    def show_preview(self, particles: Sequence[Particle], region: BBox) -> None:
        """Draw what a change of parameters would find, dotted, over the dimmed result.

        Parameters
        ----------
        particles : in image coordinates.
        region : the part of the image that was looked at.
        """
        self.canvas.sheet.overlay.show_provisional(particles, region)

    def clear_preview(self) -> None:
        self.canvas.sheet.overlay.clear_provisional()

    def show_reading(self, words: str, reading: ScaleBarReading | None) -> None:
        """Draw the scale bar that was found and offer what it says; "" and None take both away."""
        self.banner.offer(words)
        self.canvas.found_bar = reading
        self.canvas.update()
        self._arrange_visibility()

    # Tools

    @property
    def tool(self) -> str:
        """Name of the tool in hand."""
        return self._tool.name

    def set_tool(self, name: str) -> None:
        """Take another tool; what was begun with the old one is thrown away.

        Parameters
        ----------
        name : "select", "draw", "circle", "ellipse", "polygon", "split" or "scale bar".
        """
        tool = self._tools[name]
        if tool is self._tool:
            return
        self._tool.cancel()
        self._tool = self.canvas.hand = tool
        self.canvas.update()
        self.canvas.refresh_cursor()
        self.tool_changed.emit(name)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        # What the tool itself did not need: Esc with nothing begun lays the tool down.
        if event.key() == Qt.Key.Key_Escape and self.tool != "select":
            self.set_tool("select")
        else:
            super().keyPressEvent(event)

    # Comparison

    def set_comparison(self, mode: Mode, content: Content | None = None) -> None:
        """Show a second picture.

        Parameters
        ----------
        mode : "off", "beside" (linked) or "swipe".
        content : "otsu" (the baseline, differences marked), "denoised" (what the detector sees) or "probability" (of foreground).
        """
        content = content or self.comparison.content
        self.comparison.set(mode, content)
        self.comparison_bar.show_choice(mode, content)
        self.comparison_changed.emit(mode, content)

    # Inside

    def _arrange(self) -> None:
        self._contrast_wanted = True
        self._splitter.addWidget(self.canvas)
        self._splitter.addWidget(self.beside)
        self._splitter.setChildrenCollapsible(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.banner)
        column.addWidget(self.comparison_bar)
        column.addWidget(self._pages, 1)
        column.addWidget(self.contrast)
        self.setFocusProxy(self.canvas)

    def _wire(self) -> None:
        store = self._store
        store.current_changed.connect(self._show_document)
        store.documents_reset.connect(self._documents_reset)
        store.micrograph_changed.connect(self._show_micrograph)
        store.document_changed.connect(self._document_changed)
        store.params_changed.connect(self._params_changed)
        self._bench.settings_changed.connect(self._take_settings)
        self.contrast.contrast_changed.connect(self._show_contrast)
        self.comparison.marked.connect(self.canvas.sheet.overlay.set_marks)
        self.particles.traced.connect(self.comparison.share_particles)
        self.comparison_bar.chosen.connect(self.set_comparison)
        for canvas in (self.canvas, self.beside):
            canvas.h_held.connect(self._hide_overlay)
        self.canvas.hovered.connect(self._hover)
        self.beside.hovered.connect(self._hover_beside)
        self.banner.measure_requested.connect(self.measure_scale_bar_requested)
        self.banner.type_requested.connect(self.type_pixel_size_requested)
        self.welcome.open_folder_requested.connect(self.open_folder_requested)
        self.welcome.samples_requested.connect(self.samples_requested)
        self.welcome.folder_requested.connect(self.folder_requested)
        self.message.retry_requested.connect(self._retry)

    def _surroundings(self, editing: Editing) -> Surroundings:
        return Surroundings(
            view=lambda: self.canvas.view,
            editing=editing,
            particle_at=self.particles.at,
            particles_within=self.particles.within,
            selection=lambda: self._store.selection,
            select=self.particles.select,
            length_text=self._length_text,
            measured=self.scale_bar_measured.emit,
            repaint=self.canvas.update,
        )

    def _show_document(self, document: Document | None) -> None:
        self._fit_next = True
        self._tool.cancel()
        self.canvas.show_picture(None, fit=False)
        self.clear_preview()
        self.particles.show(document.particles if document else ())
        self.comparison.refresh()
        self._hover(None)
        if document is None:
            self._pages.say_nothing_shown(any_document=bool(self._store.documents))
        else:
            self._pages.say_reading(document.path.name, soon=True)
        self._arrange_visibility()

    def _documents_reset(self) -> None:
        if self._store.current is None:
            self._pages.say_nothing_shown(any_document=bool(self._store.documents))

    def _retry(self) -> None:
        document = self._store.current
        if document is not None:
            self._pages.say_reading(document.path.name)
            self._opening.show(document)

    def _show_micrograph(self, micrograph: Micrograph | None) -> None:
        if micrograph is None:
            return
        old = self.canvas.shape
        self.contrast.set_pixels(micrograph.pixels, keep_limits=not self._fit_next and old == micrograph.shape)
        picture = Picture(micrograph.pixels, self.contrast.limits)
        picture.set_contrast(self.contrast.limits, invert=self.contrast.invert)
        self._pages.show_picture()
        self._arrange_visibility()
        self.canvas.show_picture(picture, fit=self._fit_next or old not in (None, micrograph.shape))
        self._fit_next = False
        self.canvas.pixel_size = self.pixel_size
        self._arrange_visibility()
        self.comparison.refresh()
        if picture.needs_levels:
            job = self._bench.jobs.submit(
                "io",
                lambda *_: reduced(picture.pixels),
                title="Reducing the picture",
                key="levels",
                on_done=lambda levels: self._take_levels(picture, levels),
            )
            self.destroyed.connect(job.cancel)

    def _take_levels(self, picture: Picture, levels: list[Plane]) -> None:
        if picture is self.canvas.sheet.picture:
            picture.set_levels(levels)
            self.comparison.take_levels(picture)
            self.canvas.update()

    @property
    def pixel_size(self) -> PixelSize | None:
        """The pixel size that holds for the current image: what the user said, else what the file says."""
        document, micrograph = self._store.current, self._store.micrograph
        if document is None:
            return None
        return document.pixel_size or (micrograph.pixel_size if micrograph else None) or document.file_pixel_size

    def _document_changed(self, document: Document) -> None:
        if document is not self._store.current:
            return
        if self._store.micrograph is None and document.error and not document.busy:
            self._pages.say_unreadable(document.path.name, document.reason)
        particles = document.particles
        if particles is not self.particles.current:
            self.particles.show(particles)
            self.comparison.refresh()
        self.canvas.pixel_size = self.beside.pixel_size = self.pixel_size
        self.canvas.update()
        self._arrange_visibility()

    def _params_changed(self) -> None:
        if self.comparison.content != "otsu":
            self.comparison.refresh()

    def _show_contrast(self, limits: Limits, invert: bool) -> None:
        picture = self.canvas.sheet.picture
        if picture is not None:
            picture.set_contrast(limits, invert=invert)
            self.canvas.update()
        self.comparison.set_contrast(limits, invert=invert)

    def _take_settings(self, *_: object) -> None:
        settings = self._bench.settings
        self.canvas.sheet.overlay.set_settings(settings.overlay)
        self.comparison.sheet.overlay.set_settings(settings.overlay)
        self.welcome.set_recent(settings.recent_folders)

    def _hide_overlay(self, hidden: bool) -> None:
        self.canvas.sheet.overlay.set_hidden(hidden)
        self.comparison.sheet.overlay.set_hidden(hidden)
        self.canvas.update()
        self.beside.update()

    def _hover(self, at: QPointF | None) -> None:
        picture = self.canvas.sheet.picture
        hover = None
        if at is not None and picture is not None:
            hover = hover_at(*self.canvas.view.to_image(at), picture.pixels, self.pixel_size, self.particles.at)
        self._tell_hover(hover)

    def _hover_beside(self, at: QPointF | None) -> None:
        picture = self.beside.sheet.picture
        hover = None
        if at is not None and picture is not None:
            hover = hover_at(*self.beside.view.to_image(at), picture.pixels, self.pixel_size, None)
        self._tell_hover(hover)

    def _tell_hover(self, hover: Hover | None) -> None:
        self.hover_changed.emit(hover)
        self.hovered.emit(hover.text if hover else "")

    def _length_text(self, length_px: float) -> str:
        size = self.pixel_size
        return f"{length_px:.1f} px" if size is None else f"{length_px * size.mean_nm:.4g} nm"

    def _arrange_visibility(self) -> None:
        shown = self.canvas.sheet.picture is not None and self._store.current is not None
        self.banner.setVisible(shown and (self.pixel_size is None or self.banner.offers))
        self.contrast.setVisible(shown and self._contrast_wanted)

    # Dropping and leaving

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        if dropped_paths(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        if paths := dropped_paths(event.mimeData()):
            event.acceptProposedAction()
            self.paths_dropped.emit(paths)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "welcome"):
            self.welcome.set_recent(self._bench.settings.recent_folders)
