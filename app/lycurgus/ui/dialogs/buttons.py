"""The buttons at the foot of a dialog, alike everywhere: words without pictures, and one that Enter takes."""

from __future__ import annotations

from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QAbstractButton, QDialog, QDialogButtonBox, QPushButton


def settle_buttons(box: QDialogButtonBox, default: QAbstractButton | None) -> None:
    """Give a box its looks and its default; call it when the box is in its dialog's layout.

    Parameters
    ----------
    default : the button that Enter takes wherever the focus is; None for dialogs in which Enter means something else.
    """
    for button in box.findChildren(QPushButton):
        # Some desktops put a red cross on Cancel, and whatever has the focus would otherwise become the default.
        button.setIcon(QIcon())
        button.setAutoDefault(False)
        button.setDefault(button is default)


def confirm_or_cancel(dialog: QDialog, verb: str) -> tuple[QDialogButtonBox, QPushButton]:
    """Return a box with a button that accepts and one that cancels, and the first of them."""
    box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
    confirm = box.addButton(verb, QDialogButtonBox.ButtonRole.AcceptRole)
    box.accepted.connect(dialog.accept)
    box.rejected.connect(dialog.reject)
    return box, confirm
