"""Where each vendor hides the pixel size in a TIFF file: one small function a vendor, asked in turn."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lycurgus.readers import jeol
from lycurgus.readers.metadata import flat, named, number
from lycurgus.readers.scale import Length, Scale, unit_kind

if TYPE_CHECKING:
    # Only named: those who need the form of a statement alone should not wait for the library.
    import tifffile

EXIF, TESCAN, OLYMPUS, ZEISS, TVIPS = 34665, 50431, 33560, 34118, 37706
FEI_SFEG, FEI_HELIOS = 34680, 34682
DM_UNITS, DM_SCALES = (65003, 65004), (65009, 65010)
_MOST_TEXT = 1 << 18


@dataclass(frozen=True, slots=True)
class Statement:
    """What one vendor's tags say about a page."""

    scale: Scale | None = None
    signal: str = ""
    instead: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def state(page: tifffile.TiffPage) -> Statement:
    """Ask one vendor after the other; the first that knows its tags answers, even when it knows no scale.

    Parameters
    ----------
    page : with its tags read.
    """
    for vendor in VENDORS:
        statement = vendor(page)
        if statement is not None:
            return statement
    return Statement(scale=_real_resolution(page))


def fei(page: tifffile.TiffPage) -> Statement | None:
    """FEI and Thermo Fisher: an ini-like text; [Beam] Beam and Scan name the section that holds PixelWidth in metres."""
    tree = _mapping(page, FEI_HELIOS) or _mapping(page, FEI_SFEG)
    if tree is None:
        return None
    beam = _section(tree, "Beam")
    scan_names = [str(beam.get("Scan", "")), str(beam.get("Beam", "")), "Scan", "EScan", "IScan"]
    sections = [_section(tree, name) for name in scan_names if name]
    x = next((number(section["PixelWidth"]) for section in sections if number(section.get("PixelWidth")) is not None), None)
    y = next((number(section["PixelHeight"]) for section in sections if number(section.get("PixelHeight")) is not None), None)
    if x is None:
        x, y = _fei_field_of_view(tree, _section(tree, str(beam.get("Beam", ""))))
    detectors = _section(tree, "Detectors")
    detector, mode = (_stated(detectors.get(key)) for key in ("Name", "Mode"))
    volts = number(beam.get("HV"))
    user, system = _section(tree, "User"), _section(tree, "System")
    return Statement(
        scale=None if x is None else Scale.metres(x, y),
        signal=mode or detector,
        metadata=named(
            instrument=system.get("SystemType"),
            detector=detector,
            mode=mode,
            voltage_kV=None if volts is None else volts / 1000,
            date=f"{user.get('Date', '')} {user.get('Time', '')}",
        )
        | flat({name: _section(tree, name) for name in ("Beam", "Scan", "EScan", "Detectors", "Stage")}),
    )


def _fei_field_of_view(tree: Mapping[str, Any], beam: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Divide the field of view of a navigation camera by its pixels: its section has no PixelWidth."""
    image = _section(tree, "Image")
    sizes = [(number(beam.get(field)), number(image.get(pixels))) for field, pixels in (("HFW", "ResolutionX"), ("VFW", "ResolutionY"))]
    x, y = (field / pixels if field and pixels else None for field, pixels in sizes)
    return x, y


def zeiss(page: tifffile.TiffPage) -> Statement | None:
    """Zeiss SmartSEM: the unnamed first block has the size in metres, for a picture of 1,024 pixels."""
    tree = _mapping(page, ZEISS)
    if tree is None:
        return None
    scale = _zeiss_scale(tree, int(page.imagewidth))
    detector = _second(tree.get("dp_detector_channel"))
    volts, kilo = number(_second(tree.get("ap_actualkv"))), str((tree.get("ap_actualkv") or ("", "", ""))[-1]).casefold() == "kv"
    return Statement(
        scale=scale,
        signal=str(detector or ""),
        metadata=named(
            instrument=_second(tree.get("sv_serial_number")) or "Zeiss SEM",
            detector=detector,
            voltage_kV=None if volts is None else volts if kilo else volts / 1000,
            magnification=_zeiss_magnification(_second(tree.get("ap_mag"))),
            date=_second(tree.get("ap_date")),
        ),
    )


def _zeiss_scale(tree: Mapping[str, Any], width: int) -> Scale | None:
    """Take the precise size of the unnamed block, put right for pictures stored at another width than 1,024.

    The field of view (ap_width, four digits) decides which of the stated sizes belongs to the stored picture.
    """
    block = tree.get("")
    precise = number(block[3]) if isinstance(block, tuple) and len(block) > 3 else None
    field = _zeiss_length(tree.get("ap_width"))
    shown = _zeiss_length(tree.get("ap_image_pixel_size")) or _zeiss_length(tree.get("ap_pixel_size"))
    if field is None or not field > 0:
        size = precise or shown
        return None if size is None else Scale.metres(size)
    rough = field / width
    options = [size for size in (precise, shown, (precise or 0.0) * 1024 / width) if size]
    fitting = next((size for size in options if abs(size / rough - 1) < 0.01), rough)
    return Scale.metres(fitting)


def _zeiss_magnification(stated: Any) -> float | None:
    """Read 105 or "50.00 K X"."""
    found = re.match(r"\s*([\d.,]+)\s*([kK]?)", str(stated))
    value = number(found.group(1)) if found else None
    return None if value is None or found is None else value * 1000 if found.group(2) else value


def _zeiss_length(stated: Any) -> float | None:
    """Read ("Width", 5.965, "µm") in metres."""
    if not isinstance(stated, tuple) or len(stated) < 3:
        return None
    value = number(stated[1])
    nm = None if value is None else Length(value, str(stated[2])).nm
    return None if nm is None else nm * 1e-9


def tescan(page: tifffile.TiffPage) -> Statement | None:
    """Tescan: lines "PixelSizeX=0.0000000045" in metres, after a thumbnail, in one binary tag that no library reads."""
    raw = _bytes(page, TESCAN)
    if raw is None or b"PixelSize" not in raw:
        return None
    text = raw[max(0, raw.find(b"PixelSize") - 4096) :][:_MOST_TEXT].decode("latin-1")
    entries = dict(re.findall(r"([A-Za-z][A-Za-z0-9]{0,60})=([^\r\n\x00]{0,200})", text))
    x, y = number(entries.get("PixelSizeX")), number(entries.get("PixelSizeY"))
    volts = number(entries.get("HV"))
    distance = number(entries.get("WD"))
    return Statement(
        scale=None if x is None else Scale.metres(x, y),
        signal=entries.get("Detector", ""),
        metadata=named(
            instrument=entries.get("Device"),
            detector=entries.get("Detector"),
            voltage_kV=None if volts is None else volts / 1000,
            magnification=number(entries.get("Magnification")),
            date=f"{entries.get('Date', '')} {entries.get('Time', '')}",
            working_distance_mm=None if distance is None else distance * 1000,
        ),
    )


def jeol_sem(page: tifffile.TiffPage) -> Statement | None:
    """JEOL SEM: UTF-16 lines in the Exif MakerNote. JEOL TEM Center: a document there."""
    exif = _mapping(page, EXIF) or {}
    note = exif.get("MakerNote")
    said = jeol.from_note(note, picture=_jeol_picture(page)) if isinstance(note, bytes) else None
    return None if said is None else of_jeol(said)


def jeol_tem(page: tifffile.TiffPage) -> Statement | None:
    """JEOL SightX: a TemReporter document as the image's description."""
    description = _text(page, "ImageDescription")
    if "<TemReporter" not in description[:4096]:
        return None
    return of_jeol(jeol.from_reporter(description, picture=_jeol_picture(page)))


def of_jeol(said: jeol.JeolStatement) -> Statement:
    """Put JEOL's statement into the common form."""
    return Statement(said.scale, said.signal, said.instead, said.metadata, said.warnings)


def _jeol_picture(page: tifffile.TiffPage) -> jeol.Picture:
    return jeol.Picture((int(page.imagelength), int(page.imagewidth)), dots_per_inch(page))


def tvips(page: tifffile.TiffPage) -> Statement | None:
    """TVIPS EM-MENU: PixelSizeX in nm (version 2); in diffraction mode (ImageMode 2) the same field counts 1/nm."""
    tree = _mapping(page, TVIPS)
    if tree is None:
        return None
    x, y = number(tree.get("PixelSizeX")), number(tree.get("PixelSizeY"))
    volts = number(tree.get("HighTension"))
    diffraction = number(tree.get("ImageMode")) == 2
    return Statement(
        scale=None
        if not x
        else Scale(Length(x, "1/nm" if diffraction else "nm"), Length(y, "1/nm" if diffraction else "nm") if y else None),
        signal="TEM",
        metadata=named(
            instrument=tree.get("TemName") or tree.get("MicroscopeName"),
            camera=tree.get("CameraType") or tree.get("CameraName"),
            magnification=tree.get("Magnification"),
            voltage_kV=None if not volts else volts / 1000,
        ),
    )


def olympus(page: tifffile.TiffPage) -> Statement | None:
    """Olympus Soft Imaging: sizes in metres; the page without this tag is a coloured preview."""
    tree = _mapping(page, OLYMPUS)
    if tree is None:
        return None
    x, y = number(tree.get("pixelsizex")), number(tree.get("pixelsizey"))
    return Statement(
        scale=None if x is None else Scale.metres(x, y),
        metadata=named(
            camera=tree.get("cameraname") or _text(page, "Model"),
            magnification=tree.get("magnification"),
            date=str(tree.get("datetime", "")),
        ),
    )


def digital_micrograph(page: tifffile.TiffPage) -> Statement | None:
    """Gatan DigitalMicrograph's export: sizes and units in private tags 65003 to 65013."""
    sizes = [number(_value(page, code)) for code in DM_SCALES]
    units = [_clean(_value(page, code)) for code in DM_UNITS]
    if sizes[0] is None:
        return None
    x = Length(sizes[0], units[0])
    return Statement(scale=Scale(x, None if sizes[1] is None else Length(sizes[1], units[1])))


def imagej(page: tifffile.TiffPage) -> Statement | None:
    """ImageJ: the resolution tag counts pixels for each unit that the description names."""
    description = _text(page, "ImageDescription")
    if not description.startswith("ImageJ="):
        return None
    entries = dict(re.findall(r"^(\w+)=(.*)$", description[:_MOST_TEXT], flags=re.MULTILINE))
    unit = entries.get("unit", "").strip()
    per_unit = _resolution(page)
    metadata = flat({"ImageJ": entries.get("ImageJ"), "unit": unit})
    if per_unit is None or unit_kind(unit) == "none":
        return Statement(metadata=metadata)
    y_unit = entries.get("yunit", "").strip() or unit
    return Statement(scale=Scale(Length(1 / per_unit[1], unit), Length(1 / per_unit[0], y_unit)), metadata=metadata)


def ome(page: tifffile.TiffPage) -> Statement | None:
    """OME: PhysicalSizeX and PhysicalSizeXUnit (µm where not stated) of the first image's Pixels element."""
    description = _text(page, "ImageDescription")
    if "<OME" not in description[:4096]:
        return None
    element = re.search(r"<(?:\w+:)?Pixels\s([^>]{0,4000})>", description[:_MOST_TEXT])
    attributes = dict(re.findall(r'(\w+)\s*=\s*"([^"]{0,200})"', element.group(1))) if element else {}
    x, y = number(attributes.get("PhysicalSizeX")), number(attributes.get("PhysicalSizeY"))
    if x is None:
        return Statement()
    x_unit, y_unit = attributes.get("PhysicalSizeXUnit", "µm"), attributes.get("PhysicalSizeYUnit", "µm")
    return Statement(scale=Scale(Length(x, x_unit), None if y is None else Length(y, y_unit)))


def page_names(pages: Sequence[tifffile.TiffPage]) -> list[str]:
    """Name pages that are several detectors' images rather than a stack: OME channels, or distinct PageName tags.

    Returns
    -------
    One name a page, or nothing where the pages are frames.
    """
    channels = re.findall(r'<(?:\w+:)?Channel\s[^>]{0,2000}?\bName\s*=\s*"([^"]{1,80})"', _text(pages[0], "ImageDescription")[:_MOST_TEXT])
    tagged = [_text(page, "PageName").strip() for page in pages]
    for names in (channels, tagged):
        if len(names) == len(pages) == len(set(names)) and all(names):
            return [name[:80] for name in names]
    return []


VENDORS: tuple[Callable[[tifffile.TiffPage], Statement | None], ...] = (
    fei,
    zeiss,
    tescan,
    jeol_sem,
    jeol_tem,
    tvips,
    olympus,
    digital_micrograph,
    imagej,
    ome,
)

# A printing resolution never comes near this: 100 µm pixels are 254 dpi, 1 µm pixels 25,400 dpi.
_LARGEST_REAL_PIXEL_CM = 1e-4


def _real_resolution(page: tifffile.TiffPage) -> Scale | None:
    """Take resolution tags for a scale only where they count pixels in cm finer than any printer, and differ from none."""
    per_unit = _resolution(page)
    if per_unit is None or number(_value(page, 296)) != 3:
        return None
    y, x = 1 / per_unit[0], 1 / per_unit[1]
    return Scale(Length(x, "cm"), Length(y, "cm")) if max(y, x) < _LARGEST_REAL_PIXEL_CM else None


def dots_per_inch(page: tifffile.TiffPage) -> tuple[float, float] | None:
    """Give the resolution tags (y, x) in dots an inch, or None without a unit."""
    per_unit = _resolution(page)
    factor = {2.0: 1.0, 3.0: 2.54}.get(number(_value(page, 296)) or 2.0)
    return None if per_unit is None or factor is None else (per_unit[0] * factor, per_unit[1] * factor)


def _resolution(page: tifffile.TiffPage) -> tuple[float, float] | None:
    values = []
    for code in (283, 282):
        fraction = _value(page, code)
        if not isinstance(fraction, tuple) or len(fraction) != 2 or not fraction[0] or not fraction[1]:
            return None
        values.append(abs(fraction[0] / fraction[1]))
    return values[0], values[1]


def _value(page: tifffile.TiffPage, code: int) -> Any:
    tag = page.tags.get(code)
    return None if tag is None else tag.value


def _mapping(page: tifffile.TiffPage, code: int) -> Mapping[str, Any] | None:
    value = _value(page, code)
    return value if isinstance(value, Mapping) else None


def _section(tree: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = tree.get(name)
    return section if isinstance(section, Mapping) else {}


def _bytes(page: tifffile.TiffPage, code: int) -> bytes | None:
    value = _value(page, code)
    return value if isinstance(value, bytes) else None


def _text(page: tifffile.TiffPage, name: str) -> str:
    tag = page.tags.get(name)
    return tag.value if tag is not None and isinstance(tag.value, str) else ""


def _clean(value: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "ignore")
    return value.strip("\x00 ") if isinstance(value, str) else ""


def _stated(value: Any) -> str:
    return "" if value is None or str(value) == "None" else str(value)


def _second(stated: Any) -> Any:
    return stated[1] if isinstance(stated, tuple) and len(stated) > 1 else None
