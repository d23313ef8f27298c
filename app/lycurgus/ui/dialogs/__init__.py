"""The dialogs: none of them stops the rest of the window."""
