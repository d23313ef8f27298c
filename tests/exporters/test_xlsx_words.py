"""The sentences of the summary say no more than the numbers do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lycurgus.core.summary import SampleSummary
from lycurgus.exporters.base import Report
from lycurgus.exporters.xlsx.words import counted, figure, lead
from reports import make_report


def summary_of(report: Report) -> SampleSummary:
    assert report.summary is not None
    return report.summary


def with_p(report: Report, p: float) -> Report:
    """The report with another p value of its best fit."""
    summary = summary_of(report)
    fits = tuple(replace(fit, ks_p=p) if fit.name == summary.main.best_fit else fit for fit in summary.main.fits)
    return replace(report, summary=replace(summary, main=replace(summary.main, fits=fits)))


def test_a_rejected_fit_is_not_praised() -> None:
    report = make_report(2, 60)
    assert "distribution fits best" in lead(with_p(report, 0.4))
    rejected = lead(with_p(report, 0.002))
    assert "fits best" not in rejected
    assert "does not describe the sample (p = 0.002)" in rejected


def test_particles_needed_are_compared_with_particles_counted() -> None:
    report = make_report(2, 60)
    summary = summary_of(report)
    n = summary.main.n
    for needed, words in ((n, "reached"), (n + 1, f"{n} so far")):
        changed = replace(report, summary=replace(summary, main=replace(summary.main, needed=needed)))
        assert f"A mean within ±5 % needs {needed:,} particles ({words})." in lead(changed)


def test_nothing_is_said_about_sizes_that_are_unknown() -> None:
    assert lead(make_report(1, 0)) == "No particle was found in 1 image."
    assert lead(make_report(0)) == "There was nothing to analyse."
    assert "nan" not in lead(make_report(1, 1))


@pytest.mark.parametrize(
    ("value", "words"), [(8.1234, "8.123 nm"), (123.456, "123.5 nm"), (12345.6, "12346 nm"), (0.01234, "0.01234 nm"), (float("nan"), "—")]
)
def test_figures_have_four_digits_and_a_unit(value: float, words: str) -> None:
    assert figure(value, "nm") == words


def test_one_is_singular() -> None:
    assert (counted(1, "image"), counted(1234, "image"), counted(0, "image")) == ("1 image", "1,234 images", "0 images")
