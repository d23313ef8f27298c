"""A particle table on an empty window."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from lycurgus.ui.editing import Editing
from lycurgus.ui.panels.particles import ParticlesPanel
from lycurgus.ui.workbench import Workbench


@pytest.fixture
def editing(workbench: Workbench) -> Editing:
    return Editing(workbench)


@pytest.fixture
def panel(workbench: Workbench, editing: Editing, qtbot: QtBot) -> ParticlesPanel:
    made = ParticlesPanel(workbench, editing)
    qtbot.addWidget(made)
    made.resize(1200, 280)
    made.show()
    return made
