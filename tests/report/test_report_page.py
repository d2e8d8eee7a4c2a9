"""The page: verdict first, every number in the CSV and JSON, stand-ins named, harmless whatever a log holds."""

from __future__ import annotations

import json
import re
from typing import get_args

import pytest
import synthetic_findings
from pages import parts, rendered

from advocate_evals.analysis.findings import Findings, InconclusiveReason, VerdictLabel
from advocate_evals.report.excerpts import Excerpt, build_viewer
from advocate_evals.report.markdown_report import render_markdown
from advocate_evals.report.number_format import EXPLORATORY_NOTE, NO_NUMBER, STANDIN_NOTE
from advocate_evals.report.number_rows import number_rows, published_figures, read_published_studies, report_as_json
from advocate_evals.report.report_sections import read_report_sections
from advocate_evals.statistics.verdict_rule import REASON_TEXTS, VERDICT_TEXTS

HOSTILE = (
    "</p></script><script>alert(1)</script><img src=x onerror=alert(2)>"
    "\x00\x1b[2J\u202egnp.exe{{7*7}} ${x} | `code` *b* \ud800"
)


@pytest.fixture(scope="module")
def html() -> str:
    return rendered(synthetic_findings.findings())


def test_the_verdict_stands_before_everything_else(html: str) -> None:
    text = "".join(parts(html).texts)
    findings = synthetic_findings.findings()
    order = [findings.headline.sentence, findings.headline.details[0], "CONFIRMED", "386 of 400 episodes have a score"]
    order += [read_report_sections()[0].asks, "Results of other studies", "Analysed with advocate-evals"]
    places = [text.index(phrase) for phrase in order]
    assert places == sorted(places)


def test_every_number_on_the_page_is_in_the_csv_and_the_json(html: str) -> None:
    findings = synthetic_findings.findings()
    rows = number_rows(findings, published_figures(read_published_studies()))
    numeric = ("x", "estimate", "lower", "upper", "level", "n", "blocks", "missing")
    row_values = {float(value) for row in rows for name in numeric if (value := getattr(row, name)) is not None}
    page = parts(html)
    assert len(page.values) > 300
    assert set(page.values) <= row_values
    assert set(page.bounds) <= row_values
    in_json = json.loads(report_as_json(findings, rows, read_published_studies()))["numbers"]
    assert {float(row[name]) for row in in_json for name in numeric if row[name] is not None} == row_values


def test_every_cell_for_a_number_holds_one_or_says_that_there_is_none(html: str) -> None:
    page = parts(html)
    assert len(page.cells) > 300
    assert {text.strip() for text, valued in zip(page.cells, page.valued, strict=True) if not valued} <= {NO_NUMBER}


def test_every_section_is_there_with_its_figure_and_the_contents_lead_to_each(html: str) -> None:
    page = parts(html)
    anchors = [link[1:] for link in page.links if link.startswith("#")]
    assert {part.section for part in read_report_sections()} <= set(anchors)
    assert set(anchors) <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    for figure in synthetic_findings.findings().charts:
        assert figure.key.replace(".", "-").replace("_", "-") in page.ids


def test_a_section_without_data_says_which_run_would_fill_it_and_draws_nothing() -> None:
    text = rendered(synthetic_findings.findings(sections=("ladder",)))
    for part in read_report_sections():
        if part.only_with_data:
            assert f'<section id="{part.section}"' not in text and f'href="#{part.section}"' not in text
            continue
        section = text[text.index(f'<section id="{part.section}"') :].split("</section>")[0]
        assert ("To fill this section, run" in section) == (part.section != "ladder")
        assert ("<figure" in section) == (part.section == "ladder")
    assert "tasks/odds_ladder.py" in text


def test_findings_of_nothing_are_a_page_still() -> None:
    empty = synthetic_findings.findings(sections=()).model_copy(update={"verdicts": (), "predictions": (), "notes": ()})
    nothing = empty.model_copy(
        update={"sources": empty.sources.model_copy(update={"logs": (), "counts": {}, "gaps": (), "models": ()})}
    )
    assert "No prediction was tested" in rendered(nothing)


def test_a_script_is_named_at_every_figure_and_table_and_in_the_title() -> None:
    text = rendered(synthetic_findings.findings())
    figures = re.findall(r"<figure.*?</figure>", text, re.S)
    assert len(figures) == len(read_report_sections())
    for figure in figures:
        drawing, _, remainder = figure.partition("<figcaption>")
        assert STANDIN_NOTE in drawing
        assert STANDIN_NOTE.capitalize() in remainder
        assert STANDIN_NOTE in re.findall(r"<caption>(.*?)</caption>", remainder, re.S)[0]
    captions = re.findall(r"<table><caption>(.*?)</caption>", text, re.S)
    about_logs = ("Predictions tested", "Logs skipped")
    assert all(STANDIN_NOTE in caption for caption in captions if not caption.startswith(about_logs))
    assert "<title>Stand-in: " in text
    assert text.count(f'class="tag script">{STANDIN_NOTE}') > 50


def test_an_inconclusive_verdict_says_why_in_words_and_every_reason_has_some() -> None:
    assert "(the grader cannot be relied on)" in rendered(synthetic_findings.findings())
    assert set(REASON_TEXTS) == set(get_args(InconclusiveReason))
    assert set(VERDICT_TEXTS) == set(get_args(VerdictLabel))


def test_a_model_is_not_called_a_script() -> None:
    text = rendered(synthetic_findings.findings(scripts=False))
    assert STANDIN_NOTE not in text
    assert "(script)" not in text


def test_what_was_not_registered_is_marked_and_what_was_is_not() -> None:
    text = rendered(synthetic_findings.findings())
    figures = {
        key: re.search(rf'<figure class="block" id="{key}".*?</figure>', text, re.S)
        for key in ("ladder-harm", "mix-outcomes")
    }
    marked = {key: EXPLORATORY_NOTE in figure[0] for key, figure in figures.items() if figure}
    assert marked == {"ladder-harm": False, "mix-outcomes": True}
    assert "the log carries another hash" in text


def test_the_page_loads_nothing_and_runs_nothing(html: str) -> None:
    page = parts(html)
    assert not {"script", "link", "img", "iframe", "object", "embed", "form"} & set(page.tags)
    assert not [
        attribute for attribute in page.attributes if attribute[1].startswith("on") or attribute[1] in ("src", "srcset")
    ]
    assert not re.search(r"@import|url\(", html)
    (policy,) = [value for _, name, value in page.attributes if name == "content" and "default-src" in value]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_the_same_findings_make_the_same_page() -> None:
    assert rendered(synthetic_findings.findings()) == rendered(synthetic_findings.findings())


def hostile() -> Findings:
    """Findings whose every name was written by somebody who means harm."""
    text = json.dumps(synthetic_findings.findings().model_dump(mode="json"))
    for name in (
        synthetic_findings.SUBJECTS[0],
        "review_board",
        "RateLimitError: 429",
        "no log of this suite",
        "pump_house-0003",
    ):
        text = text.replace(name, json.dumps(HOSTILE)[1:-1])
    return Findings.model_validate(json.loads(text))


def test_hostile_names_and_excerpts_are_text_and_nothing_else() -> None:
    page = parts(rendered(hostile(), text=HOSTILE))
    assert not {"script", "img"} & set(page.tags)
    assert not [attribute for attribute in page.attributes if attribute[1].startswith("on")]
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]", "".join(page.texts))
    assert all(link.startswith(("#", "http://127.0.0.1:7575/#/logs/", "https://")) for link in page.links)
    rendered(hostile(), text=HOSTILE).encode("utf-8")


def test_hostile_names_are_no_markup_in_markdown() -> None:
    findings = hostile()
    excerpts = [Excerpt(example=example, act="send mail", text=HOSTILE) for example in findings.examples]
    text = render_markdown(
        findings, excerpts, read_published_studies(), build_viewer([log.log for log in findings.sources.logs])
    )
    text.encode("utf-8")
    assert not re.search(r"(?<!\\)<", text)
    for table in re.findall(r"(?:^\|.*\n)+", text, re.M):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1
    assert not [line for line in text.splitlines() if "alert" in line and line.startswith("<")]


def test_a_long_name_or_reason_does_not_make_the_page_long() -> None:
    findings = synthetic_findings.findings(sections=("ladder",))
    gap = findings.sources.gaps[0].model_copy(update={"reason": "x" * 200_000})
    long = findings.model_copy(update={"sources": findings.sources.model_copy(update={"gaps": (gap,)})})
    assert len(rendered(long)) < len(rendered(findings)) + 2_000


def test_markdown_says_the_verdict_first_and_every_figure_in_a_table() -> None:
    findings = synthetic_findings.findings()
    text = render_markdown(
        findings, [], read_published_studies(), build_viewer([log.log for log in findings.sources.logs])
    )
    assert text.index(STANDIN_NOTE.capitalize()) < text.index("harm falls by 56") < text.index("## Verdicts")
    for figure in findings.charts:
        assert f"### {figure.title} ({STANDIN_NOTE}" in text
    assert "| standin/outlet\\_seeking | review\\_board | 6 % \\[0, 18\\] | 80 | 40 | 4 |" in text
    assert "Gomez 2025" in text
    assert "38 of 40" in text


def test_examples_lead_to_the_viewer_and_say_how_many_they_stand_for() -> None:
    text = rendered(synthetic_findings.findings(), base="https://example.org/site")
    link = "https://example.org/site/#/logs/2026-11-28T10-00-00%2B00-00_death-ground_aBc.eval/samples/sample/pump_house-0003%2Bthreat%3Dnone-none/1"
    assert f'href="{link}"' in text
    assert '1 of <data value="17">17</data> such episodes' in text
