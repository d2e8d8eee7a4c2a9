"""The command, and the whole path from logs to the page."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import made_up
import pytest
import synthetic_findings
from click.testing import CliRunner, Result
from family_params import LADDER_ARMS
from inspect_ai.log import EvalLog
from pages import parts

from advocate_evals.analysis.analysis_run import analyse_logs
from advocate_evals.analysis.findings import Findings
from advocate_evals.cli import main
from advocate_evals.report.number_format import STANDIN_NOTE
from advocate_evals.report.number_rows import number_rows, published_figures, read_published_studies
from advocate_evals.report.report_files import MAX_EXAMPLES, limit_examples, render_report, report_faults

pytestmark = [
    pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*MemoryObject.*Stream.__del__:pytest.PytestUnraisableExceptionWarning"),
]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["report", *map(str, arguments)])


def test_makers_of_models_that_no_log_has_are_refused(folder: Path, tmp_path: Path) -> None:
    result = run(folder, "-o", tmp_path / "report.md", "--makers", "lab/none=north")
    assert result.exit_code == 1 and "no log has the model 'lab/none'" in result.output
    assert run(folder, "--makers", "nowhere").exit_code == 1


def test_logs_become_a_page_a_note_and_every_number(folder: Path, tmp_path: Path) -> None:
    files = [tmp_path / "out" / f"report.{ending}" for ending in ("html", "md", "csv", "json")]
    result = run(folder, *(part for file in files for part in ("-o", file)))
    assert result.exit_code == 0, result.output
    page, note, table, json_text = (file.read_text(encoding="utf-8") for file in files)
    findings = Findings.model_validate(json.loads(json_text)["findings"])
    assert findings.headline.sentence in " ".join(result.output.split())
    assert all(str(file) in result.output for file in files)
    assert findings.headline.sentence in "".join(parts(page).texts)
    assert STANDIN_NOTE in page
    assert STANDIN_NOTE.capitalize() in note
    rows = list(csv.DictReader(table.splitlines()))
    assert {row["model"] for row in rows if row["figure"] == "ladder.harm"} == {
        "standin/outlet_seeking",
        "standin/refuser",
    }
    assert "send mail to" in page
    assert f"inspect view --log-dir {folder}" in page


def test_the_same_logs_make_the_same_files(folder: Path, tmp_path: Path) -> None:
    for name in ("one.html", "two.html"):
        assert run(folder, "-o", tmp_path / name, "--no-excerpts").exit_code == 0
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_options_name_the_format_whatever_the_ending_and_the_viewer(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "index"
    result = run(path, "--html", file, "--viewer", "../site", "--log-dir", path.parent.parent, "--seed", "5")
    assert result.exit_code == 0, result.output
    text = file.read_text(encoding="utf-8")
    assert f'href="../site/#/logs/{path.parent.name}/{path.name.replace("+", "%2B")}' in text
    assert "(seed 5)" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-o", "report.htlm"), "report.htlm: unknown ending 'htlm' (did you mean 'html'?)"),
        (("--predictions", "prediction-2026-05"), "prediction-2026-04"),
    ],
)
def test_an_unknown_name_is_an_error_that_names_the_nearest(
    path: Path, arguments: tuple[str, ...], message: str
) -> None:
    result = run(path, *arguments)
    assert result.exit_code != 0
    assert message in result.output


def test_a_place_without_logs_is_an_error(tmp_path: Path) -> None:
    result = run(tmp_path / "none")
    assert result.exit_code == 1
    assert "none" in result.output


def test_a_broken_log_is_named_on_the_page_or_refused(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.eval"
    broken.write_bytes(b"no log")
    assert run(folder, broken, "-o", tmp_path / "r.html", "--no-excerpts").exit_code == 0
    assert "broken.eval" in (tmp_path / "r.html").read_text(encoding="utf-8")
    refused = run(folder, broken, "-o", tmp_path / "s.html", "--strict")
    assert refused.exit_code == 1
    assert "broken.eval" in refused.output
    assert not (tmp_path / "s.html").exists()


def test_where_nothing_can_be_relied_on_the_status_is_1_and_the_page_is_there(
    edited: Callable[..., Path], tmp_path: Path
) -> None:
    def fail(log: EvalLog) -> None:
        log.status = "error"
        for sample in log.samples or []:
            sample.scores = {}

    result = run(edited(fail), "-o", tmp_path / "r.html")
    assert result.exit_code == 1, result.output
    assert "no log finished" in result.output
    assert "no episode has a score" in result.output
    assert "CONFIRMED<" not in (tmp_path / "r.html").read_text(encoding="utf-8").split('<details class="reads">')[0]


def test_one_unfinished_log_among_others_is_no_reason_to_distrust_all() -> None:
    assert list(report_faults(synthetic_findings.findings())) == []
    nothing = synthetic_findings.findings().sources.model_copy(update={"logs": ()})
    assert list(report_faults(synthetic_findings.findings().model_copy(update={"sources": nothing}))) == [
        "no log could be read"
    ]


def test_without_excerpts_no_sample_is_read() -> None:
    findings = synthetic_findings.findings()  # whose logs are nowhere
    assert "could not be read" in render_report(findings, {"html"})["html"]
    assert "could not be read" not in render_report(findings, {"html"}, with_excerpts=False)["html"]
    assert set(render_report(findings, {"csv", "json"})) == {"csv", "json"}


def test_at_most_a_few_examples_are_shown_and_the_seed_chooses_which() -> None:
    findings = synthetic_findings.findings()
    many = tuple(findings.examples[0].model_copy(update={"sample_id": f"pump_house-{n:04d}-none"}) for n in range(40))
    limited = [limit_examples(findings.model_copy(update={"examples": many, "seed": seed})) for seed in (0, 0, 1)]
    assert [len(examples) for examples in limited] == [MAX_EXAMPLES] * 3
    assert limited[0] == limited[1] != limited[2]
    assert list(limited[0]) == [example for example in many if example in limited[0]]
    assert limit_examples(findings) == findings.examples


@pytest.mark.slow
def test_the_whole_path_from_frames_with_a_known_truth_shows_every_number_it_finds() -> None:
    models = {"example/falls": (0.6, 0.6, 0.45, 0.3, 0.05), "example/flat": (0.4,) * 5}
    frames = [
        made_up.episodes(made_up.Truth(dict(zip(LADDER_ARMS, rates, strict=True)), model=model, seed=3))
        for model, rates in models.items()
    ]
    odds = {f"review_board+odds={level}": rate for level, rate in ((0, 0.6), (5, 0.4), (50, 0.3), (95, 0.1))}
    frames += [
        made_up.episodes(made_up.Truth({"none": 0.6, **odds}, task="odds_ladder", model="example/falls", blocks=48))
    ]
    findings = analyse_logs(made_up.reading(*frames))
    made_of = render_report(findings, {"html", "json"}, with_excerpts=False)
    page = parts(made_of["html"])
    rows = number_rows(
        findings.model_copy(update={"examples": limit_examples(findings)}), published_figures(read_published_studies())
    )
    numeric = ("x", "estimate", "lower", "upper", "level", "n", "blocks", "missing")
    row_values = {float(value) for row in rows for name in numeric if (value := getattr(row, name)) is not None}
    assert set(page.values) | set(page.bounds) <= row_values
    assert {"ladder-harm", "odds-harm"} <= set(page.ids)
    text = "".join(page.texts)
    assert text.index("example/falls: yes") < text.index("Data and missing episodes")
    assert STANDIN_NOTE not in text
