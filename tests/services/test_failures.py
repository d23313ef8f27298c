"""Whatever goes wrong with one file is a row of the report; of a defect the log keeps where it happened."""

from __future__ import annotations

from pathlib import Path

import pytest

from lycurgus.core.errors import Cancelled, ReadError
from lycurgus.services.failures import failed


def test_a_file_that_cannot_be_read_is_named_by_its_row_alone() -> None:
    path = Path("run 7/a.dm3")
    assert failed(path, ReadError(path, "is empty", hint="copy it again")).reason == "is empty: copy it again"


def test_a_defect_is_a_row_and_the_log_says_where_it_happened(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="lycurgus"):
        row = failed(Path("a.dm3"), ZeroDivisionError("nobody thought of it"))
    assert "nobody thought of it" in row.reason
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError
    assert record.levelname == "INFO", "the command line shows warnings, and its own sentence is enough there"


def test_stopping_is_no_failure() -> None:
    with pytest.raises(Cancelled):
        failed(Path("a.dm3"), Cancelled())
