"""What a network is: what it finds, where it comes from, whether and where it runs, and its card."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFormLayout, QLabel, QLayoutItem, QLineEdit, QScrollArea, QTabWidget, QVBoxLayout, QWidget

from lycurgus.inference.catalog import InstalledModel, ShadowedModel, UnusableModel
from lycurgus.inference.manifest import ModelManifest
from lycurgus.inference.session import Network
from lycurgus.services.models import ModelCheck, is_bundled
from lycurgus.ui.dialogs.model_card import CardView
from lycurgus.ui.dialogs.remarks import Remark, RemarksLabel
from lycurgus.ui.model_keeping import ModelEntry

_NARROWEST_LETTERS = 50
LOOKING = "looking…"


class ModelDetails(QWidget):
    """The right half of the list of models: two tabs about the one that is selected."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = QLabel(wordWrap=True)
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        font = self._title.font()
        font.setPointSizeF(1.2 * font.pointSizeF())
        font.setBold(True)
        self._title.setFont(font)
        self._remarks = RemarksLabel()
        self._form = QFormLayout()
        self._form.setVerticalSpacing(6)
        self._form.setHorizontalSpacing(12)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._runs_on: QLabel | None = None
        facts = QWidget()
        facts.setLayout(self._form)
        self.setMinimumWidth(_NARROWEST_LETTERS * self.fontMetrics().averageCharWidth())
        self.facts = QScrollArea()
        self.facts.setWidgetResizable(True)
        self.facts.setFrameShape(QScrollArea.Shape.NoFrame)
        self.facts.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.facts.setWidget(facts)
        self.card = CardView()
        self.tabs = QTabWidget()
        self.tabs.addTab(self.facts, "A&bout")
        self.tabs.addTab(self.card, "Model &card")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._title)
        layout.addWidget(self._remarks)
        layout.addWidget(self.tabs, 1)
        self.show_entry(None)

    @property
    def remarks(self) -> tuple[Remark, ...]:
        return self._remarks.remarks

    @property
    def text(self) -> str:
        """Title and facts as they are read, a line each."""
        lines = [self._title.text()]
        for row in range(self._form.rowCount()):
            label, field = (self._form.itemAt(row, role) for role in (QFormLayout.ItemRole.LabelRole, QFormLayout.ItemRole.FieldRole))
            lines.append(f"{_text_of(label)} {_text_of(field)}")
        return "\n".join(lines)

    def show_entry(self, entry: ModelEntry | None) -> None:
        """Show a model; None where none is selected."""
        while self._form.rowCount():
            self._form.removeRow(0)
        self._runs_on = None
        self._remarks.show_remarks(() if entry is None else _remarks_of(entry))
        self.tabs.setVisible(entry is not None)
        if entry is None:
            self._title.setText("")
            return
        listed = entry.listed
        if isinstance(listed, UnusableModel):
            self._title.setText(listed.folder.name)
            self._add_line("Folder", str(listed.folder))
        else:
            self._fill(listed.model if isinstance(listed, ShadowedModel) else listed, is_used=isinstance(listed, InstalledModel))
        self.card.show_card(entry.card, listed.model.folder if isinstance(listed, ShadowedModel) else listed.folder)

    def show_provider(self, network: Network) -> None:
        """Say where the network runs, and why not where it was wanted."""
        if self._runs_on is not None:
            self._runs_on.setText(" ".join((provider_text(network.provider), *network.warnings)))

    def show_failure(self, error: Exception) -> None:
        """Say why the network does not run."""
        if self._runs_on is not None:
            self._runs_on.setText("cannot be run")
        self._remarks.show_remarks([Remark("error", str(error))])

    def show_check(self, check: ModelCheck) -> None:
        """Say how the network did on its golden sample."""
        met = "" if check.golden is None else f"It computes what it did when it was exported: checked {check.golden.in_words()}."
        self._remarks.show_remarks([Remark("error", check.problem) if check.problem else Remark("info", met)])

    def _fill(self, model: InstalledModel, *, is_used: bool) -> None:
        manifest = model.manifest
        self._title.setText(f"{manifest.title}, version {manifest.version}")
        if manifest.description:
            self._add("Description", manifest.description)
        self._add("Particles", sizes_text(manifest))
        if is_used:
            self._runs_on = self._add("Runs on", LOOKING)
        self._add("Licence", manifest.licence)
        self._add("Trained on", trained_text(manifest))
        self._add("Exported", manifest.created.isoformat())
        half = f", and {size_text(manifest.half.size_bytes)} in half precision for GPUs" if manifest.half else ""
        self._add("Size", f"{size_text(manifest.model.size_bytes)}{half}")
        self._add_line("SHA-256", manifest.model.sha256)
        self._add_line("Folder", str(model.folder))

    def _add(self, name: str, value: str) -> QLabel:
        label = QLabel(value, wordWrap=True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard)
        label.setAccessibleName(name)
        title = QLabel(f"{name}:")
        title.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._form.addRow(title, label)
        return label

    def _add_line(self, name: str, value: str) -> None:
        """Add what has no place where a line could be broken, to be copied whole."""
        line = QLineEdit(value, readOnly=True, frame=False)
        line.setAccessibleName(name)
        line.setToolTip(value)
        line.setCursorPosition(0)
        colours = line.palette()
        colours.setColor(QPalette.ColorRole.Base, Qt.GlobalColor.transparent)
        line.setPalette(colours)
        self._form.addRow(f"{name}:", line)


def _remarks_of(entry: ModelEntry) -> list[Remark]:
    listed = entry.listed
    if isinstance(listed, UnusableModel):
        return [Remark("error", f"This model cannot be used: {listed.problem}")]
    if isinstance(listed, ShadowedModel):
        whose = "comes with Lycurgus" if is_bundled(listed.by) else "you have added"
        return [Remark("info", f"This model is not used: version {listed.by.manifest.version}, which {whose}, is used in its place.")]
    return []


def provider_text(provider: str) -> str:
    """Write where a network runs as people do: "CPU", "CUDA, half precision"."""
    device, comma, rest = provider.partition(",")
    return f"{ {'directml': 'DirectML', 'tensorrt': 'TensorRT'}.get(device, device.upper()) }{comma}{rest}"


def sizes_text(manifest: ModelManifest) -> str:
    """Say which particles a network was trained for."""
    sizes, scales = manifest.diameter_px, ", ".join(f"{scale:g}" for scale in manifest.scales)
    kind = {"semantic": "regions, touching ones as one", "distance": "one by one", "star-convex": "one by one, overlapping ones too"}
    named = "scale" if len(manifest.scales) == 1 else "scales"
    return f"{sizes.smallest:g} to {sizes.largest:g} px wide, at {named} {scales}; found {kind[manifest.head]}"


def trained_text(manifest: ModelManifest) -> str:
    """Name the data that a network has learnt from, a line each."""
    return (
        "\n".join(f"{data.name} ({f'{data.images:,} images, ' if data.images else ''}{data.licence})" for data in manifest.training_data)
        or "not stated"
    )


def size_text(size_bytes: int) -> str:
    """Write a file's size in MB, or in kB where it is small."""
    return f"{size_bytes / 1e6:,.1f} MB" if size_bytes >= 1e5 else f"{size_bytes / 1e3:,.1f} kB"


def _text_of(item: QLayoutItem | None) -> str:
    widget = item.widget() if item is not None else None
    return widget.text() if isinstance(widget, QLabel | QLineEdit) else ""
