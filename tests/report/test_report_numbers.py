"""CSV and JSON hold every number of the findings, once, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator

import pytest
import synthetic_findings

from advocate_evals.analysis.findings import Findings
from advocate_evals.report.number_rows import (
    NumberRow,
    number_rows,
    published_figures,
    read_published_studies,
    report_as_json,
    rows_as_csv,
)

NOT_SHOWN = {"format", "seed", "epoch"}


def rows_of(findings: Findings) -> tuple[NumberRow, ...]:
    return number_rows(findings, published_figures(read_published_studies()))


def values(record: object, name: str = "") -> Iterator[float]:
    """Every number anywhere in a record."""
    if isinstance(record, dict):
        for key, value in record.items():
            yield from values(value, key)
    elif isinstance(record, list | tuple):
        for value in record:
            yield from values(value, name)
    elif isinstance(record, int | float) and not isinstance(record, bool) and name not in NOT_SHOWN:
        yield float(record)


def test_every_number_of_the_findings_is_in_the_rows() -> None:
    findings = synthetic_findings.findings()
    numeric = ("x", "estimate", "lower", "upper", "level", "n", "blocks", "missing")
    row_values = {
        float(value) for row in rows_of(findings) for name in numeric if (value := getattr(row, name)) is not None
    }
    row_values |= {float(version) for verdict in findings.verdicts for version in verdict.versions} & {
        3.0
    }  # of tasks, beside the logs'
    assert set(values(findings.model_dump())) <= row_values | {0.0}


def test_the_csv_is_read_back_to_the_rows_with_empty_fields_for_what_is_not_known() -> None:
    rows = rows_of(synthetic_findings.findings())
    read = list(csv.DictReader(io.StringIO(rows_as_csv(rows))))
    assert len(read) == len(rows)
    for text, row in zip(read, rows, strict=True):
        assert (float(text["estimate"]) if text["estimate"] else None) == row.estimate
        assert text["standin"] == str(row.standin).lower()
    assert any(row["estimate"] == "" for row in read)


def test_the_rows_say_who_is_a_script_and_what_was_not_registered() -> None:
    scripts = {row.standin for row in rows_of(synthetic_findings.findings()) if row.figure == "ladder.harm"}
    assert scripts == {True}
    models = {row.standin for row in rows_of(synthetic_findings.findings(scripts=False)) if row.section != "published"}
    assert models == {False}
    by_figure = {row.figure: row.registered for row in rows_of(synthetic_findings.findings())}
    assert by_figure["ladder.harm"]
    assert not by_figure["mix.outcomes"]


def test_a_row_of_a_ladder_names_model_arm_and_outcome() -> None:
    row = next(
        row
        for row in rows_of(synthetic_findings.findings())
        if row.figure == "ladder.harm" and row.label == "review_board"
    )
    assert (row.model, row.arm, row.outcome, row.unit, row.n, row.missing) == (
        synthetic_findings.SUBJECTS[0],
        "review_board",
        "harm",
        "share",
        80,
        4,
    )
    assert row.estimate == pytest.approx(0.06)


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1", "@sum", "\tx"])
def test_no_text_is_a_formula_to_a_spreadsheet(name: str) -> None:
    text = rows_as_csv([NumberRow(section="ladder", figure="x", model=name)])
    assert next(csv.DictReader(io.StringIO(text)))["model"] == "'" + name


def test_the_json_is_strict_and_holds_rows_findings_and_published_figures() -> None:
    findings = synthetic_findings.findings()
    text = report_as_json(findings, rows_of(findings), read_published_studies())
    document = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in the JSON"))
    assert Findings.model_validate(document["findings"]) == findings
    assert len(document["numbers"]) == len(rows_of(findings))
    assert {study["study"] for study in document["published"]} == {study.study for study in read_published_studies()}


def test_published_figures_have_a_row_each_with_their_source_and_no_interval_without_a_count() -> None:
    rows = [row for row in rows_of(synthetic_findings.findings(sections=())) if row.section == "published"]
    assert len(rows) == sum(len(study.rates) for study in read_published_studies())
    assert all("https://" in row.note for row in rows)
    assert all((row.lower is None) == (row.n is None) for row in rows)


def test_a_published_interval_is_wilsons() -> None:
    figure = next(
        figure
        for figure in published_figures(read_published_studies())
        if figure.rate.n == 50 and figure.rate.share == 0.32
    )
    z, n, p = 1.959963984540054, 50, 0.32
    middle, half = (
        (p + z * z / (2 * n)) / (1 + z * z / n),
        z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)),
    )
    assert figure.lower == pytest.approx(middle - half, abs=1e-9)
    assert figure.upper == pytest.approx(middle + half, abs=1e-9)
