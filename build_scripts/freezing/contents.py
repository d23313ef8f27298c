"""What goes into the frozen application and what does not, asked of the installed packages wherever they can tell."""

from __future__ import annotations

import ast
import importlib.util
import pkgutil
import re
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

PACKAGE = "lycurgus"

EXCLUDED = (
    # The training package, and what it, the tests and the building need.
    *("lycurgus_train", "torch", "torchvision", "onnx", "onnxscript", "tensorboard", "numba", "llvmlite", "pytest", "hypothesis", "mypy"),
    *("setuptools", "pkg_resources", "pip", "wheel", "_distutils_hack"),
    # Clusters are made of Python installations, not of desktops.
    *("distributed", "dask"),
    # What libraries import for features that are not used here. Of ncempy only two modules are used, as files.
    *("ncempy", "matplotlib", "hdf5plugin", "IPython", "pandas", "sympy", "tkinter", "_tkinter", "PyQt5", "PyQt6", "PySide2"),
    *("onnxruntime.quantization", "onnxruntime.tools", "onnxruntime.transformers", "PIL.ImageTk", "PIL.ImageQt"),
    *("PySide6.QtNetwork", "readline"),
)

UNUSED_QT = ("translations", "qml")
UNUSED_PLUGINS = (
    # Nothing leaves the machine; and a window needs a desktop, not a bare screen, a Vulkan display or another machine's VNC viewer.
    *("tls", "networkinformation", "egldeviceintegrations", "generic", "qmltooling"),
    *("platforms/libqeglfs", "platforms/libqlinuxfb", "platforms/libqvnc", "platforms/libqvkkhrdisplay", "platforms/libqminimal"),
    # It brings GTK, which must be the system's; dialogs of the desktop come by its portal instead.
    "platformthemes/libqgtk3",
)
"""Folders of Qt and beginnings of its plugins that are left out."""

OTHER_CODECS = ("png_decode", "ljpeg_decode")
"""Decoders beside those that tifffile names: of 16 bit colour PNG, and what imagecodecs falls back to for JPEG."""


def hidden_imports() -> list[str]:
    """List every module of the application: registries, commands and lazy doors import by name, which no analysis of imports sees."""
    folder = _folder_of(PACKAGE)
    modules = [module.name for module in pkgutil.walk_packages([str(folder)], f"{PACKAGE}.", onerror=_refuse)]
    return sorted({PACKAGE, *modules, *codec_modules(), *_imports_of_ncempy()})


def codec_modules() -> list[str]:
    """List the modules of imagecodecs that compressed TIFF files need, by what tifffile names; all of them together have 80 MB."""
    from imagecodecs import imagecodecs as table

    source = (_folder_of("tifffile") / "tifffile.py").read_text(encoding="utf-8")
    names = {*re.findall(r"\bimagecodecs\.(\w+)", source), *OTHER_CODECS}
    modules = {table._ATTRIBUTES.get(table._ALIASES.get(name, name)) for name in names}
    offered = {module.name for module in pkgutil.iter_modules([str(_folder_of("imagecodecs"))])}
    return sorted(f"imagecodecs.{module}" for module in {*modules, "_shared", "_shared_cython"} & offered)


def ncempy_files() -> list[tuple[str, str]]:
    """List (file, folder in the application) of the modules of ncempy that are read as files; nothing else of it is shipped.

    Why: docs/decisions/ncempy.md.
    """
    from lycurgus.readers._ncempy import MODULES

    return [(str(_folder_of("ncempy") / "io" / f"{name}.py"), "ncempy/io") for name in MODULES]


def distributions_of(targets: Iterable[str]) -> list[str]:
    """List the packages that modules ("numpy.linalg") and files ("numpy.libs/libgfortran.so") of the application belong to, by name."""
    owners = packages_distributions()
    tops = {re.split(r"[./\\]", target, maxsplit=1)[0] for target in targets}
    return sorted({owner for top in tops for owner in owners.get(top, ())}, key=str.casefold)


def cuda_libraries() -> list[tuple[str, str]]:
    """List (file, folder in the application) of NVIDIA's libraries, where their packages have them: there they are looked for."""
    found = importlib.util.find_spec("nvidia")
    places = [Path(place) for place in (found.submodule_search_locations or ())] if found else []
    files = [(file, place) for place in places for file in sorted(place.rglob("*")) if _is_library(file)]
    return [(str(file), (Path("nvidia") / file.parent.relative_to(place)).as_posix()) for file, place in files]


def is_unused(place: str) -> bool:
    """Tell whether a file, by its place in the application, belongs to a part of Qt that nothing here uses."""
    inside = re.match(r"PySide6/(?:Qt/)?(?P<rest>.+)", place.replace("\\", "/"))
    unused = (*(f"{name}/" for name in UNUSED_QT), *(f"plugins/{name}" for name in UNUSED_PLUGINS))
    return inside is not None and inside["rest"].startswith(unused)


def information_for_macos() -> dict[str, object]:
    """What an .app says of itself: which files it opens, and that it knows dark mode and dense screens."""
    from freezing.file_types import FILE_TYPES

    return {
        "CFBundleDisplayName": "Lycurgus",
        # Of the two programs inside the one with the window; the other would make it an application without one.
        "CFBundleExecutable": "lycurgus-gui",
        "LSBackgroundOnly": False,
        "NSHighResolutionCapable": True,
        "NSRequiresAquaSystemAppearance": False,
        "LSApplicationCategoryType": "public.app-category.education",
        "CFBundleDocumentTypes": [
            {
                "CFBundleTypeName": kind.label,
                "CFBundleTypeExtensions": [extension.removeprefix(".") for extension in kind.extensions],
                "CFBundleTypeRole": "Viewer",
                "LSHandlerRank": "Alternate",
            }
            for kind in FILE_TYPES
        ],
    }


def _is_library(file: Path) -> bool:
    return file.is_file() and (".so" in file.suffixes or file.suffix == ".dll")


def _imports_of_ncempy() -> Iterator[str]:
    """What the files of ncempy import: they are mere data to the analysis of imports."""
    for file, _ in ncempy_files():
        for node in ast.walk(ast.parse(Path(file).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level and not node.module.startswith("ncempy"):
                yield node.module


def _folder_of(package: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise ImportError(f"{package} is not installed")
    return Path(found.origin).parent


def _refuse(name: str) -> None:
    raise ImportError(f"{name} cannot be imported, so that what it holds is not known")
