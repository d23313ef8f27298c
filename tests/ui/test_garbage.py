"""Cycles of dead objects are found by the window's thread, and by it alone."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lycurgus.ui.garbage import GarbageCollection


class Ring:
    """Dies only when somebody looks for cycles."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def collection(qapp: QApplication) -> Iterator[GarbageCollection]:
    assert qapp is not None
    parent = QObject()
    yield GarbageCollection(parent)
    parent.deleteLater()


def test_threads_make_objects_without_taking_dead_ones_apart(collection: GarbageCollection) -> None:
    dead = weakref.ref(Ring())
    kept: list[list[int]] = []
    worker = threading.Thread(target=lambda: kept.extend([number] for number in range(50 * gc.get_threshold()[0])))
    worker.start()
    worker.join()

    assert kept
    assert dead() is not None
    collection.collect()
    assert dead() is None


@pytest.mark.usefixtures("collection")
def test_the_window_looks_for_them_by_itself(qtbot: QtBot) -> None:
    ended_in: list[threading.Thread] = []
    ring = Ring()
    weakref.finalize(ring, lambda: ended_in.append(threading.current_thread()))
    del ring
    kept = [[number] for number in range(2 * gc.get_threshold()[0])]

    qtbot.waitUntil(lambda: bool(ended_in), timeout=10_000)
    assert kept
    assert ended_in == [threading.main_thread()]
