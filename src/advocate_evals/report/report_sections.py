"""The sections of a report, from `datasets/report/sections.yaml`."""

from __future__ import annotations

from functools import cache
from typing import Annotated, get_args

from pydantic import Field, model_validator

from advocate_evals.analysis.findings import Findings, ReportSection
from advocate_evals.records import Record
from advocate_evals.scenarios import dataset_reader
from advocate_evals.scenarios.dataset_reader import read_record
from advocate_evals.scenarios.shared_schema import Text


class SectionTexts(Record):
    """One section."""

    section: ReportSection
    """Its name."""
    heading: Text
    """Its heading."""
    asks: Text
    """What it asks, and how an answer is read, in a sentence or two."""
    command: Text
    """The command that would fill it where it is empty."""
    caveat: str = ""
    """What must be said with every chart of it; empty for nothing."""
    only_with_data: bool = False
    """Whether a report without data for it leaves it out, since few subjects can fill it."""


class ReportSections(Record):
    """`report/sections.yaml`: every section in the order in which they are read."""

    canary: Text
    """The canary string."""
    sections: Annotated[tuple[SectionTexts, ...], Field(min_length=1)]
    """The sections."""

    @model_validator(mode="after")
    def _check_complete(self) -> ReportSections:
        names = [section.section for section in self.sections]
        if names != list(get_args(ReportSection)):
            raise ValueError(f"sections must be, in this order, {', '.join(get_args(ReportSection))}")
        return self


def shown_sections(findings: Findings) -> tuple[SectionTexts, ...]:
    """The sections of a report on some findings: all but those that are shown with data only, and have none."""
    return tuple(
        texts
        for texts in read_report_sections()
        if not texts.only_with_data or any(findings.charts_in(texts.section)) or any(findings.tables_in(texts.section))
    )


@cache
def read_report_sections() -> tuple[SectionTexts, ...]:
    """Every section, in the order in which they are read."""
    path = dataset_reader.DATASETS / "report" / "sections.yaml"
    return read_record(path, ReportSections).sections
