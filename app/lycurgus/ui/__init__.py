"""The window: the only place that imports PySide6 or pyqtgraph; it shows state and says what the user wants, and computes nothing."""
