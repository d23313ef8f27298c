"""No name from elsewhere leads out of the folder it is put into, and what does not belong to a model is not taken."""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lycurgus.services.model_files import DEEPEST, LONGEST_NAME, Entry, RefusedError, chosen, safe_parts

PIECES = st.sampled_from(
    ["..", ".", "", "/", "\\", "//", "C:", "c:", "con", "NUL.txt", "a", "a ", "a.", "~", "$HOME", "\0", "\n", "\u202e", "é"]
)
NAMES = st.text(max_size=30) | st.lists(PIECES | st.text(max_size=4), max_size=9).map("".join) | st.lists(PIECES, max_size=6).map("/".join)


@settings(max_examples=1500, deadline=None, derandomize=True)
@given(name=NAMES)
def test_a_name_is_refused_or_stays_in_its_folder_under_every_system(name: str) -> None:
    with suppress(RefusedError):
        parts = safe_parts(name)
        assert 0 < len(parts) <= DEEPEST
        for kind in (PurePosixPath, PureWindowsPath):
            folder = kind("/models/new")
            path = folder.joinpath(*parts)
            assert path.parts[: len(folder.parts)] == folder.parts
            assert path.parts[len(folder.parts) :] == parts, "no part vanishes or is taken apart"
            assert not {"..", "."} & set(path.parts)
        assert not any(letter < " " or letter in '<>:"|?*' for part in parts for letter in part)
        assert all(part == part.rstrip(" .") and len(part) <= LONGEST_NAME for part in parts)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("manifest.json", ("manifest.json",)),
        ("alpha/model.onnx", ("alpha", "model.onnx")),
        ("./alpha/failures/sem image.png", ("alpha", "failures", "sem image.png")),
        ("alpha\\failures\\sem.png", ("alpha", "failures", "sem.png")),
        ("Größe-µ.md", ("Größe-µ.md",)),
        ("folder/", ("folder",)),
    ],
)
def test_ordinary_names_are_taken_as_they_are(name: str, parts: tuple[str, ...]) -> None:
    assert safe_parts(name) == parts


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../model.onnx", "leads out"),
        ("alpha/../../model.onnx", "leads out"),
        ("alpha\\..\\model.onnx", "leads out"),
        ("..", "leads out"),
        ("/etc/passwd", "absolute"),
        ("\\\\server\\share\\x", "absolute"),
        ("C:\\x", "absolute"),
        ("c:x", "absolute"),
        ("a/b:stream", "no file name"),
        ("con", "no file name"),
        ("a/COM1.txt", "no file name"),
        ("a./b", "no file name"),
        ("a//b", "no file name"),
        ("a\0b", "no file name"),
        ("a\nb", "no file name"),
        ("a\x7f", "no file name"),
        ("x" * 200, "no file name"),
        ("a\u202efdp.exe", "cannot be shown"),
        ("a\udc80", "cannot be shown"),
        ("a/b/c/d/e", "deeper"),
        ("", "no file name"),
        (".", "empty"),
    ],
)
def test_dangerous_names_are_refused_with_the_reason(name: str, said: str) -> None:
    with pytest.raises(RefusedError, match=said) as refused:
        safe_parts(name)
    assert str(refused.value).isprintable()


def entry(name: str, size_bytes: int = 10) -> Entry:
    return Entry(tuple(name.split("/")), size_bytes, lambda: io.BytesIO(bytes(size_bytes)))


def names(entries: list[Entry]) -> list[str]:
    return [each.name for each in entries]


def test_the_model_is_the_folder_of_the_manifest_and_nothing_else_is_taken() -> None:
    source = ["README.md", "a/manifest.json", "a/model.onnx", "a/failures/x.png", "a/weights.bin", "a/LICENSE", "b/golden.npz", "a/run.py"]
    junk = ["__MACOSX/a/._manifest.json", "__MACOSX/a/manifest.json", "a/.DS_Store", "a/.git/manifest.json", "a/Thumbs.db"]
    taken, left_out = chosen([entry(name) for name in source + junk])
    assert names(taken) == ["manifest.json", "model.onnx", "failures/x.png", "LICENSE"]
    assert left_out == ["README.md", "a/weights.bin", "b/golden.npz", "a/run.py"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ([], "holds no model"),
        (["model.onnx"], "holds no model"),
        (["Manifest.JSON"], "holds no model"),
        (["manifest.json", "a/manifest.json"], "there are 2 models"),
        (["manifest.json", "model.onnx", "MODEL.onnx"], "is in it twice"),
        (["manifest.json", "manifest.json"], "is in it twice"),
    ],
)
def test_what_is_no_single_model_is_refused(source: list[str], said: str) -> None:
    with pytest.raises(RefusedError, match=said):
        chosen([entry(name) for name in source])


@pytest.mark.parametrize(
    ("name", "size_bytes"),
    [("manifest.json", 2 << 20), ("model.onnx", 600 << 20), ("model.half.onnx", 1 << 40), ("golden.npz", 300 << 20), ("card.md", 17 << 20)],
)
def test_what_is_too_large_is_refused_by_what_it_says_before_it_is_read(name: str, size_bytes: int) -> None:
    source = [entry("manifest.json")] if name != "manifest.json" else []
    huge = Entry((name,), size_bytes, lambda: pytest.fail("was opened"))
    with pytest.raises(RefusedError, match=f"{name} unpacks to"):
        chosen([*source, huge])


def test_many_documents_are_too_large_together() -> None:
    with pytest.raises(RefusedError, match="documents have 75 MB together"):
        chosen([entry("manifest.json"), *(Entry((f"{number}.png",), 15 << 20, lambda: pytest.fail("was opened")) for number in range(5))])


def test_the_size_of_what_is_not_taken_does_not_matter() -> None:
    taken, left_out = chosen([entry("manifest.json"), Entry(("video.mp4",), 1 << 40, lambda: pytest.fail("was opened"))])
    assert (names(taken), left_out) == (["manifest.json"], ["video.mp4"])
