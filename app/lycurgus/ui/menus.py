"""Every action of the window, as one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lycurgus.ui.actions import ActionSpec, when
from lycurgus.ui.viewer.overlay_options import change_overlay

if TYPE_CHECKING:
    from lycurgus.ui.main_window import MainWindow

MENUS = {
    "file": "&File",
    "analysis": "&Analysis",
    "edit": "&Edit",
    "tool": "&Tools",
    "view": "&View",
    "help": "&Help",
}

GESTURES = (
    ("Single keys", "Act while the image has the keyboard: click on it"),
    ("Mouse wheel", "Zoom at the cursor"),
    ("Space and drag", "Move the image"),
    ("Hold H", "Hide the overlay"),
    ("Click", "Select a particle; with Ctrl, add it"),
    ("Drag with the selection tool", "Select the particles in a box"),
)
"""What has no menu entry, for the shortcut sheet."""


def action_table(window: MainWindow) -> tuple[ActionSpec, ...]:
    """Return the table; the order is that of the menus."""
    return (*_files(window), *_analysis(window), *_edits(window), *_tools(window), *_views(window), *_help(window))


def _files(window: MainWindow) -> tuple[ActionSpec, ...]:
    return (
        ActionSpec("file.open", "&Open images…", "Ctrl+O", window.choose_files, "Open micrographs", icon="open", toolbar=True),
        ActionSpec("file.open_folder", "Open &folder…", "Ctrl+Shift+O", window.choose_folder, "Open all micrographs of a folder"),
        ActionSpec("file.samples", "Open &sample images", "", window.open_samples, "Open the micrographs that come with Lycurgus"),
        ActionSpec("file.restore", "&Restore last session", "", window.restore_session, "Open what was open the last time"),
        ActionSpec(
            "file.export",
            "&Export…",
            "Ctrl+Shift+E",
            window.show_export,
            "Write the report",
            icon="export",
            enabled=when.any_result,
            toolbar=True,
        ),
        ActionSpec(
            "file.close_image", "&Close image", "Ctrl+W", window.close_image, "Take the image out of the session", enabled=when.current
        ),
        ActionSpec("file.quit", "&Quit", "Ctrl+Q", window.close, "End Lycurgus"),
    )


def _analysis(window: MainWindow) -> tuple[ActionSpec, ...]:
    return (
        ActionSpec(
            "analysis.this",
            "&Analyse image",
            "F5",
            window.analyse_current,
            "Analyse this image",
            icon="analyse",
            enabled=when.current,
            toolbar=True,
        ),
        ActionSpec(
            "analysis.all",
            "Analyse a&ll images",
            "Shift+F5",
            window.analyse_all,
            "Analyse every open image that has no current result",
            icon="analyse-all",
            enabled=when.any_document,
            toolbar=True,
        ),
        ActionSpec("analysis.batch", "&Batch…", "Ctrl+B", window.show_batch, "Analyse a whole folder"),
        ActionSpec(
            "analysis.watch",
            "&Watch a folder…",
            "Ctrl+Shift+W",
            window.watch,
            "Analyse the images of a folder as they land in it; press again to stop",
            icon="watch",
            toolbar=True,
            checkable=True,
        ),
        ActionSpec(
            "analysis.retry", "&Retry failed", "", window.analysing.retry_failed, "Analyse again what failed", enabled=when.any_failure
        ),
        ActionSpec(
            "analysis.cancel",
            "&Cancel",
            "Ctrl+.",
            window.status.run_panel.cancel,
            "Stop the analysis or the batch; what is done stays",
            icon="cancel",
            enabled=lambda _: window.status.run_panel.running,
        ),
        ActionSpec(
            "analysis.pixel_size", "Pixel &size…", "Ctrl+P", window.show_calibration, "State the size of a pixel", enabled=when.current
        ),
        ActionSpec("analysis.models", "&Models…", "", window.show_models, "List, add, remove and choose the networks that find particles"),
    )


def _edits(window: MainWindow) -> tuple[ActionSpec, ...]:
    editing = window.editing
    return (
        ActionSpec(
            "edit.undo", "&Undo", "Ctrl+Z", editing.undo, "Undo the last correction", icon="undo", enabled=when.undoable, toolbar=True
        ),
        ActionSpec(
            "edit.redo",
            "&Redo",
            "Ctrl+Shift+Z Ctrl+Y",
            editing.redo,
            "Do the correction again",
            icon="redo",
            enabled=when.redoable,
            toolbar=True,
        ),
        ActionSpec(
            "edit.delete",
            "&Delete particles",
            "Del",
            editing.delete,
            "Delete the selected particles",
            icon="delete",
            enabled=when.particles_selected,
            toolbar=True,
            context="particles",
        ),
        ActionSpec(
            "edit.merge",
            "&Merge particles",
            "M",
            editing.merge,
            "Make one particle of the selected ones",
            icon="merge",
            enabled=when.several_selected,
            toolbar=True,
            context="viewer",
        ),
        ActionSpec(
            "edit.exclude",
            "E&xclude from statistics…",
            "X",
            window.ask_to_exclude,
            "Leave the selected particles out of statistics, with a reason",
            icon="exclude",
            enabled=when.particles_selected,
            context="viewer",
        ),
        ActionSpec(
            "edit.include",
            "&Include in statistics",
            "Shift+X",
            editing.include,
            "Count excluded particles again",
            enabled=when.excluded_selected,
            context="viewer",
        ),
        ActionSpec(
            "edit.reclassify",
            "Re&classify…",
            "R",
            window.ask_for_class,
            "Give the selected particles a class",
            enabled=when.particles_selected,
            context="viewer",
        ),
        ActionSpec(
            "edit.select_all", "Select &all", "Ctrl+A", window.select_all, "Select every particle of the image", enabled=when.result
        ),
        ActionSpec("edit.select_none", "Select &none", "Ctrl+Shift+A", window.select_none, "Select no particle", enabled=when.result),
    )


def _tools(window: MainWindow) -> tuple[ActionSpec, ...]:
    def tool(name: str, text: str, key: str, tip: str, icon: str, *, toolbar: bool = True) -> ActionSpec:
        return ActionSpec(
            f"tool.{name.replace(' ', '_')}",
            text,
            key,
            lambda on, name=name: window.use_tool(name, on),
            tip,
            icon=icon,
            enabled=when.picture if name in ("select", "scale bar") else when.editable,
            toolbar=toolbar,
            checkable=True,
            checked=name == "select",
            group="tool",
            context="viewer",
        )

    return (
        tool("select", "&Select", "V", "Select particles by click or box", "select"),
        tool("draw", "&Draw freehand", "D", "Draw a particle's outline", "draw"),
        tool("circle", "&Circle", "C", "Drag from the centre of a round particle", "circle"),
        tool("ellipse", "&Ellipse", "E", "Drag the long axis, then the width", "ellipse", toolbar=False),
        tool("polygon", "&Polygon", "P", "Click the corners, Enter closes", "polygon", toolbar=False),
        tool("split", "S&plit by a line", "S", "Draw a line across two particles found as one", "split"),
        tool("scale bar", "Measure scale &bar", "B", "Click both ends of the burnt-in scale bar", "scale-bar"),
    )


def _views(window: MainWindow) -> tuple[ActionSpec, ...]:
    viewer = window.viewer
    overlay = window.bench.settings.overlay
    return (
        ActionSpec(
            "view.previous",
            "&Previous image",
            "PgUp",
            lambda: window.browser.step(-1),
            "Show the previous image",
            enabled=when.any_document,
            context="viewer",
        ),
        ActionSpec(
            "view.next",
            "&Next image",
            "PgDown",
            lambda: window.browser.step(1),
            "Show the next image",
            enabled=when.any_document,
            context="viewer",
        ),
        ActionSpec(
            "view.fit", "&Fit", "0", viewer.fit, "Show the whole image", icon="fit", enabled=when.picture, toolbar=True, context="viewer"
        ),
        ActionSpec(
            "view.actual",
            "&Actual size",
            "1",
            viewer.actual_size,
            "One image pixel on one screen pixel",
            enabled=when.picture,
            context="viewer",
        ),
        ActionSpec("view.zoom_in", "Zoom &in", "+ =", viewer.zoom_in, "Zoom in", enabled=when.picture, context="viewer"),
        ActionSpec("view.zoom_out", "Zoom &out", "-", viewer.zoom_out, "Zoom out", enabled=when.picture, context="viewer"),
        ActionSpec(
            "view.auto_contrast",
            "Auto &contrast",
            "Return",
            viewer.auto_contrast,
            "Stretch the contrast on screen; the analysis is not touched",
            enabled=when.picture,
            context="viewer",
        ),
        ActionSpec(
            "view.overlay",
            "&Overlay",
            "Ctrl+H",
            lambda on: change_overlay(window.bench, visible=on),
            "Show the particles' outlines",
            icon="overlay",
            toolbar=True,
            checkable=True,
            checked=overlay.visible,
        ),
        ActionSpec(
            "view.ids",
            "Particle &numbers",
            "N",
            lambda on: change_overlay(window.bench, ids=on),
            "Write the particles' numbers beside them",
            checkable=True,
            checked=overlay.ids,
            context="viewer",
        ),
        ActionSpec(
            "view.compare_beside",
            "Compare &beside",
            "F7",
            lambda on: window.compare("beside", on),
            "Show the Otsu baseline beside the result",
            icon="compare",
            enabled=when.picture,
            toolbar=True,
            checkable=True,
            group="compare",
        ),
        ActionSpec(
            "view.compare_swipe",
            "Compare by s&wiping",
            "F8",
            lambda on: window.compare("swipe", on),
            "Show the Otsu baseline under a curtain",
            icon="swipe",
            enabled=when.picture,
            checkable=True,
            group="compare",
        ),
    )


def _help(window: MainWindow) -> tuple[ActionSpec, ...]:
    return (
        ActionSpec(
            "help.guide", "&User guide", "F1", window.helping.show, "Explain Lycurgus; over a panel, begin with that panel", icon="help"
        ),
        ActionSpec("help.shortcuts", "&Keyboard shortcuts", "Ctrl+F1", window.show_shortcuts, "List every shortcut"),
        ActionSpec("help.log", "Open &log folder", "", window.open_log_folder, "Show the folder of the log files"),
        ActionSpec("help.about", "&About Lycurgus", "", window.show_about, "Version, folders and licences"),
    )
