"""The parameters of the last session, kept and found again."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from lycurgus.core.errors import ParameterError
from lycurgus.parameters import NO_NETWORK_AT_HAND, is_network_at_hand, params_from
from lycurgus.ui.workbench import Workbench

_SETTLING_MS = 500
_NO_NETWORK = f"{NO_NETWORK_AT_HAND[0].upper()}{NO_NETWORK_AT_HAND[1:]}"
_NOT_USABLE = "The parameters of the last session cannot be used here; the defaults are set"


class ParameterMemory(QObject):
    """Writes the store's parameters to the settings a moment after they changed."""

    def __init__(self, workbench: Workbench, parent: QObject) -> None:
        super().__init__(parent)
        self._bench = workbench
        # A slider sets dozens of values a second; one of them is worth keeping.
        self._settling = QTimer(self, singleShot=True, interval=_SETTLING_MS)
        self._settling.timeout.connect(self._keep)
        self._restore()
        workbench.store.params_changed.connect(self._settling.start)

    def keep_now(self) -> None:
        """Keep at once what waits to be kept: before the window closes."""
        if self._settling.isActive():
            self._settling.stop()
            self._keep()

    def _keep(self) -> None:
        self._bench.change_settings(params=self._bench.store.params.document())

    def _restore(self) -> None:
        document = self._bench.settings.params
        if not document:
            if not is_network_at_hand():
                self._say_later(_NO_NETWORK)
            return
        try:
            self._bench.store.set_params(params_from(document))
        except ParameterError as error:
            self._say_later(_NOT_USABLE, str(error))

    def _say_later(self, text: str, details: str = "") -> None:
        """Once the window stands: while it is made nobody listens yet."""
        QTimer.singleShot(0, self, lambda: self._bench.warn(text, details))
