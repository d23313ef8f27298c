"""When a file is complete, told from looks at a folder alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lycurgus.services.arrivals import Look, look_into
from lycurgus.services.fingerprint import Fingerprint
from lycurgus.services.lookout import DELAYS_S, Lookout
from lycurgus.services.settling import STILL_LOOKS, Settling, Sight

A, B = Path("/f/a.tif"), Path("/f/b.tif")
HOUR_NS = 3600 * 10**9


def sight(size: int, time_ns: int = 10**18) -> Sight:
    return Sight(Fingerprint(size, time_ns))


def looks(settling: Settling, *states: dict[Path, Sight]) -> list[list[Path]]:
    return [settling.look(state) for state in states]


def test_a_file_is_complete_once_it_was_still_for_two_looks():
    assert looks(Settling(), *[{A: sight(5)}] * 5) == [[], [], [A], [], []]
    assert STILL_LOOKS == 2


def test_a_growing_file_is_not_complete():
    assert looks(Settling(), *({A: sight(n)} for n in range(1, 9)), *[{A: sight(9)}] * 3) == [[]] * 10 + [[A]]


def test_a_file_whose_size_stays_while_its_time_moves_is_not_complete():
    assert looks(Settling(), *({A: sight(9, n)} for n in range(9)), *[{A: sight(9, 8)}] * 2) == [[]] * 10 + [[A]]


def test_an_announced_file_of_no_bytes_waits():
    settling = Settling()
    assert looks(settling, *[{A: sight(0)}] * 6) == [[]] * 6
    assert looks(settling, *[{A: sight(4)}] * 3) == [[], [], [A]]


@pytest.mark.parametrize("time_ns", [0, -HOUR_NS, 2 * 10**18, 10**18 + HOUR_NS, 10**18 - HOUR_NS])
def test_times_may_lie_anywhere_in_past_and_future(time_ns: int):
    assert looks(Settling(), *[{A: sight(5, time_ns)}] * 3) == [[], [], [A]]


def test_a_clock_that_is_set_back_while_a_file_grows_does_no_harm():
    times = [10**18, 10**18 + 1, 10**18 - HOUR_NS, *[10**18 - HOUR_NS + 1] * 3]
    assert looks(Settling(), *({A: sight(5, time)} for time in times)) == [[]] * 5 + [[A]]


def test_a_file_truncated_and_written_anew_is_handed_out_again():
    settling = Settling()
    assert looks(settling, *[{A: sight(5)}] * 3)[-1] == [A]
    assert looks(settling, {A: sight(0, 1)}, {A: sight(3, 2)}, *[{A: sight(5, 3)}] * 3) == [[]] * 4 + [[A]]


def test_a_file_that_goes_and_returns_unchanged_is_not_handed_out_again():
    settling = Settling()
    assert looks(settling, *[{A: sight(5)}] * 3, {}, {}, *[{A: sight(5)}] * 4) == [[], [], [A]] + [[]] * 6


def test_a_file_that_goes_before_it_is_complete_is_forgotten():
    settling = Settling()
    looks(settling, {A: sight(5)}, {A: sight(5)}, {})
    assert settling.n_waiting == 0
    assert looks(settling, *[{A: sight(5)}] * 3) == [[], [], [A]]


def test_what_was_handled_at_an_earlier_start_is_known():
    settling = Settling({A: sight(5)})
    assert looks(settling, *[{A: sight(5), B: sight(5)}] * 4) == [[], [], [B], []]


def test_what_belongs_to_a_file_must_be_still_too():
    def with_series(size: int) -> dict[Path, Sight]:
        return {A: Sight(Fingerprint(9, 9), Fingerprint(size, 9))}

    assert looks(Settling(), *(with_series(n) for n in (1, 2, 3, 3, 3))) == [[]] * 4 + [[A]]


def touch(path: Path, content: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def seen(folder: Path, **options: object) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in look_into(folder, **options).sights]


def test_a_look_leaves_out_what_is_no_finished_micrograph(tmp_path: Path):
    temporary = (".a.tif", "~a.tif", "$a.tif", "a.tif.tmp", "a.tif.part", "a.tmp.tif", "a.part.tif", "notes.txt", ".lycurgus-1.tif")
    for name in ("10.tif", "2.tif", "c.dm3", "d.PNG", *temporary):
        touch(tmp_path / name)
    (tmp_path / "folder.tif").mkdir()
    assert seen(tmp_path) == ["2.tif", "10.tif", "c.dm3", "d.PNG"]


def test_subfolders_are_searched_when_asked_and_results_never(tmp_path: Path):
    for name in ("a.tif", "sub/b.tif", "sub/deep/c.tif", "out/labels/a.tif", "other report/report.xlsx", "other report/overlays/a.png"):
        touch(tmp_path / name)
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert seen(tmp_path) == ["a.tif"]
    assert seen(tmp_path, recursive=True, leave_out=tmp_path / "out") == ["a.tif", "sub/b.tif", "sub/deep/c.tif"]


def test_series_belong_to_their_emi_file_and_a_header_to_its_image(tmp_path: Path):
    for name in ("scan.emi", "scan_1.ser", "scan_2.ser", "alone_1.ser", "sem.tif", "sem.txt"):
        touch(tmp_path / name)
    look = look_into(tmp_path)
    assert [path.name for path in look.sights] == ["alone_1.ser", "scan.emi", "sem.tif"]
    assert {path.name: owner.name for path, owner in look.companions.items()} == {"scan_1.ser": "scan.emi", "scan_2.ser": "scan.emi"}
    before = look.sights[tmp_path / "scan.emi"], look.sights[tmp_path / "sem.tif"]
    touch(tmp_path / "scan_2.ser", "longer")
    touch(tmp_path / "sem.txt", "longer")
    look = look_into(tmp_path)
    after = look.sights[tmp_path / "scan.emi"], look.sights[tmp_path / "sem.tif"]
    assert all(one.file == other.file and one.beside != other.beside for one, other in zip(before, after, strict=True))


def test_a_folder_that_is_gone_is_an_error_and_one_inside_it_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    touch(tmp_path / "a.tif")
    touch(tmp_path / "locked" / "b.tif")
    real = os.scandir

    def scandir(path: Path):
        if path.name == "locked":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    look = look_into(tmp_path, recursive=True)
    assert [path.name for path in look.closed] == ["locked"]
    assert len(look.sights) == 1
    with pytest.raises(OSError, match="No such file"):
        look_into(tmp_path / "gone")


class Folder:
    """A folder and a clock as tests want them."""

    def __init__(self) -> None:
        self.sights: dict[Path, Sight] = {}
        self.now = 1000.0
        self.gone = False
        self.lookout = Lookout(Path("/f"), clock=lambda: self.now, look=self.look)

    def look(self, _: Path) -> Look:
        if self.gone:
            raise OSError(112, "Host is down")
        return Look(dict(self.sights))

    def polls(self, count: int, *, step_s: float = 0.5) -> list[Path]:
        found = []
        for _ in range(count):
            found += self.lookout.poll()
            self.now += step_s
        return found


def test_what_cannot_be_read_is_tried_again_at_growing_intervals_and_fails_at_last():
    folder = Folder()
    folder.sights = {A: sight(5)}
    assert folder.polls(3) == [A]
    for delay in DELAYS_S:
        assert not folder.lookout.failed(A, "is cut off")
        assert folder.lookout.retrying() == {A: "is cut off"}
        assert folder.polls(2, step_s=delay / 2) == []
        assert folder.polls(2) == [A]
    assert folder.lookout.failed(A, "is cut off")
    assert folder.polls(200) == []
    folder.sights = {A: sight(6)}
    assert folder.polls(3) == [A]


def test_what_is_deleted_is_not_tried_again():
    folder = Folder()
    folder.sights = {A: sight(5)}
    folder.polls(3)
    folder.lookout.failed(A, "is cut off")
    folder.sights = {}
    assert folder.polls(10) == []
    assert folder.lookout.retrying() == {}


def test_a_share_that_vanishes_and_returns_brings_nothing_twice():
    folder = Folder()
    folder.sights = {A: sight(5)}
    assert folder.polls(3) == [A]
    folder.gone = True
    assert folder.polls(5) == []
    assert folder.lookout.trouble == "/f cannot be reached (host is down)"
    folder.gone, folder.sights = False, {A: sight(5), B: sight(7)}
    assert folder.polls(3) == [B]
    assert folder.lookout.trouble == ""


def test_what_waits_for_room_on_the_disk_is_tried_for_ever():
    folder = Folder()
    folder.sights = {A: sight(5)}
    folder.polls(3)
    for _ in range(50):
        folder.lookout.postpone(A, "no space left", delay_s=5)
        assert folder.polls(12) == [A]


def test_the_rate_is_of_files_that_came_during_the_watch():
    folder = Folder()
    folder.sights = {Path(f"/f/old {n}.tif"): sight(1) for n in range(30)}
    folder.polls(4)
    assert folder.lookout.images_per_minute is None
    for n in range(20):
        folder.sights[Path(f"/f/new {n}.tif")] = sight(1)
        folder.polls(6)
    assert folder.lookout.images_per_minute == pytest.approx(20, rel=0.1)
    folder.polls(2000)
    assert folder.lookout.images_per_minute is None


def test_a_folder_is_idle_when_nothing_in_it_changes():
    folder = Folder()
    folder.sights = {A: sight(1)}
    folder.polls(20)
    assert folder.lookout.idle_s == pytest.approx(9, abs=1)
    folder.sights = {A: sight(2)}
    folder.polls(1)
    assert folder.lookout.idle_s <= 0.5
