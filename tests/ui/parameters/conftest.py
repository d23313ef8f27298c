"""A parameter panel with every stage unfolded."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from lycurgus.ui.analysing import Analysing
from lycurgus.ui.panels.parameters import ParametersPanel
from lycurgus.ui.workbench import Workbench
from parameter_panels import MakePanel


@pytest.fixture
def make_panel(qtbot: QtBot) -> MakePanel:
    def make(bench: Workbench) -> ParametersPanel:
        panel = ParametersPanel(bench, Analysing(bench))
        qtbot.addWidget(panel)
        panel.resize(340, 700)
        panel.show()
        for group in panel.groups.values():
            group.expand(animate=False)
        return panel

    return make


@pytest.fixture
def panel(workbench: Workbench, make_panel: MakePanel) -> ParametersPanel:
    return make_panel(workbench)
