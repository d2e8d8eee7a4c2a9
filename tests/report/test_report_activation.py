"""The section about the inside of a model: on the page and in Markdown, with its marks, drawn within its plot."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from browsers import MARKS, OVER, chromium, opened
from made_readings import SUBJECT, read_ladder, steered, steering_rates
from made_up import claims, ladder, reading
from pages import rendered

from advocate_evals.analysis.analysis_run import build_findings
from advocate_evals.analysis.findings import Chart, ChartPoint, ChartSeries, Findings
from advocate_evals.report.chart_layout import layout_chart
from advocate_evals.report.excerpts import build_viewer
from advocate_evals.report.markdown_report import render_markdown

CLAIMS = ("activation_falls", "steering_up_undoes_board", "clamp_restores_harm")
DOSES = {f"review_board+steering=desperate:{strength}": rate for strength, rate in {"-0.05": 0.05, "0.1": 0.8}.items()}


def findings_of(*frames: pd.DataFrame) -> Findings:
    return build_findings(reading(*frames), claims(*CLAIMS))


def read_section(page: str) -> str:
    return page[page.index('<section id="activation"') :].split("</section>")[0]


@pytest.fixture(scope="module")
def findings() -> Findings:
    """A model that was read live, with steering, and one that another model read by vectors that failed."""
    replayed = read_ladder(model="api/closed", validated=0.0, replayed=1.0, blocks=24)
    return findings_of(read_ladder(blocks=24), replayed, steered(steering_rates() | DOSES, blocks=24))


def test_the_section_is_on_the_page_and_in_markdown_with_its_marks(findings: Findings) -> None:
    section = read_section(rendered(findings))
    note = render_markdown(findings, (), (), build_viewer([]))
    assert "## Inside the model" in note and "<h2>Inside the model</h2>" in section
    for text in (section, note):
        for heading in (
            "Activation of desperate, by arm (in part not validated, in part by replay)",
            f"Harm, by strength of steering, mechanism review board: {SUBJECT}",
            "What setting the activation did to harm, beside what the board did",
            "Can the steered model still act?",
            "Readings inside the model",
        ):
            assert heading in text
        assert "no state of the subject" in text and f"{SUBJECT}, permuted copies" in text
    figures = re.findall(r"<figure.*?</figure>", section, re.S)
    by_arm = [figure for figure in figures if "by strength of steering" not in figure]
    assert len(by_arm) == 5 and all("not validated" in figure and "replay" in figure for figure in by_arm)
    assert not any("not validated" in figure for figure in figures if figure not in by_arm)


def test_the_mediation_that_was_not_manipulated_keeps_its_words(findings: Findings) -> None:
    method = next(table.method for table in findings.tables if table.key == "activation.manipulated")
    assert "Experimental" in method
    associations = [chart for chart in findings.charts if chart.section == "mediation"]
    assert all("associational" in chart.method for chart in associations)


def test_without_a_reading_the_page_has_no_such_section() -> None:
    findings = findings_of(ladder(0.8, 0.8, 0.5, 0.3, 0.1, blocks=10))
    assert 'id="activation"' not in rendered(findings) and "#activation" not in rendered(findings)
    assert "Inside the model" not in render_markdown(findings, (), (), build_viewer([]))


def test_values_below_zero_have_a_place_of_their_own() -> None:
    values = {"none": (1.4, 1.1, 1.7), "engineer": (-0.2, -0.6, 0.2), "review_board": (-2.6, -3.1, -2.2)}
    points = tuple(ChartPoint(label=arm, value=z, lower=low, upper=high, n=9) for arm, (z, low, high) in values.items())
    chart = Chart(
        key="activation.desperate",
        section="activation",
        title="Activation of desperate",
        unit="deviations",
        reference=0.0,
        series=(ChartSeries(name=SUBJECT, model=SUBJECT, points=points),),
    )
    layout = layout_chart(chart)
    placed = {point.point.label: point for group in layout.groups for point in group.points}
    assert layout.value_axis.low <= -3.1 and layout.value_axis.high >= 1.7 and layout.reference is not None
    for arm, (z, low, high) in values.items():
        width = layout.value_axis.high - layout.value_axis.low
        expected = [(value - layout.value_axis.low) / width for value in (low, z, high)]
        point = placed[arm]
        assert [point.low, point.position, point.high] == pytest.approx(expected)
    assert placed["review_board"].text == "−2.60" and placed["review_board"].interval == "[−3.10, −2.20]"


@pytest.mark.slow
def test_every_mark_stands_within_its_picture_in_a_browser(findings: Findings, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(rendered(findings), encoding="utf-8")
    with chromium() as browser:
        for width in (360, 1200):
            with opened(browser, path, width=width) as (page, heard):
                assert heard == [] and page.evaluate(OVER) == []
                figures = page.query_selector_all("#activation figure")
                assert len(figures) == 9
                marks = [page.evaluate(MARKS, figure) for figure in figures]
                assert all(marks) and all(all(within) for within in marks)
