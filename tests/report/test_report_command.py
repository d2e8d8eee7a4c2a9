"""The command, and the whole path from logs to the page."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import made_up
import pytest
import synthetic_findings as made
from click.testing import CliRunner, Result
from family_params import LADDER_ARMS
from inspect_ai.log import EvalLog
from pages import parts

from advocate_evals.analysis.analysis_run import analyse_logs
from advocate_evals.analysis.findings import Findings
from advocate_evals.cli import main
from advocate_evals.report.number_format import STANDIN_NOTE
from advocate_evals.report.number_rows import number_rows
from advocate_evals.report.published_rates import published_figures, read_published_studies
from advocate_evals.report.report_files import MAX_EXAMPLES, limit_examples, render_report, report_faults

pytestmark = [
    pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*MemoryObject.*Stream.__del__:pytest.PytestUnraisableExceptionWarning"),
]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["report", *map(str, arguments)])


def test_logs_become_a_page_a_note_and_every_number(folder: Path, tmp_path: Path) -> None:
    files = [tmp_path / "out" / f"report.{ending}" for ending in ("html", "md", "csv", "json")]
    done = run(folder, *(part for file in files for part in ("-o", file)))
    assert done.exit_code == 0, done.output
    page, note, table, whole = (file.read_text(encoding="utf-8") for file in files)
    found = Findings.model_validate(json.loads(whole)["findings"])
    assert found.headline.sentence in " ".join(done.output.split())
    assert all(str(file) in done.output for file in files)
    assert found.headline.sentence in "".join(parts(page).texts)
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
    done = run(path, "--html", file, "--viewer", "../site", "--log-dir", path.parent.parent, "--seed", "5")
    assert done.exit_code == 0, done.output
    text = file.read_text(encoding="utf-8")
    assert f'href="../site/#/logs/{path.parent.name}/{path.name.replace("+", "%2B")}' in text
    assert "(seed 5)" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-o", "report.htlm"), "report.htlm: unknown ending 'htlm' (did you mean 'html'?)"),
        (("--predictions", "prediction-2026-05"), "prediction-2026-04"),
    ],
)
def test_an_unknown_name_is_an_error_that_names_the_nearest(path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = run(path, *arguments)
    assert done.exit_code != 0
    assert said in done.output


def test_a_place_without_logs_is_an_error(tmp_path: Path) -> None:
    done = run(tmp_path / "none")
    assert done.exit_code == 1
    assert "none" in done.output


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

    done = run(edited(fail), "-o", tmp_path / "r.html")
    assert done.exit_code == 1, done.output
    assert "no log finished" in done.output
    assert "no episode has a score" in done.output
    assert "CONFIRMED<" not in (tmp_path / "r.html").read_text(encoding="utf-8").split('<details class="reads">')[0]


def test_one_unfinished_log_among_others_is_no_reason_to_distrust_all() -> None:
    assert list(report_faults(made.findings())) == []
    nothing = made.findings().sources.model_copy(update={"logs": ()})
    assert list(report_faults(made.findings().model_copy(update={"sources": nothing}))) == ["no log could be read"]


def test_without_excerpts_no_sample_is_read() -> None:
    found = made.findings()  # whose logs are nowhere
    assert "could not be read" in render_report(found, {"html"})["html"]
    assert "could not be read" not in render_report(found, {"html"}, with_excerpts=False)["html"]
    assert set(render_report(found, {"csv", "json"})) == {"csv", "json"}


def test_at_most_a_few_examples_are_shown_and_the_seed_chooses_which() -> None:
    found = made.findings()
    many = tuple(found.examples[0].model_copy(update={"sample_id": f"pump_house-{n:04d}-none"}) for n in range(40))
    kept = [limit_examples(found.model_copy(update={"examples": many, "seed": seed})) for seed in (0, 0, 1)]
    assert [len(one) for one in kept] == [MAX_EXAMPLES] * 3
    assert kept[0] == kept[1] != kept[2]
    assert list(kept[0]) == [one for one in many if one in kept[0]]
    assert limit_examples(found) == found.examples


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
    found = analyse_logs(made_up.reading(*frames))
    made_of = render_report(found, {"html", "json"}, with_excerpts=False)
    page = parts(made_of["html"])
    rows = number_rows(
        found.model_copy(update={"examples": limit_examples(found)}), published_figures(read_published_studies())
    )
    numeric = ("x", "estimate", "lower", "upper", "level", "n", "blocks", "missing")
    there = {float(value) for row in rows for name in numeric if (value := getattr(row, name)) is not None}
    assert set(page.values) | set(page.bounds) <= there
    assert {"ladder-harm", "odds-harm"} <= set(page.ids)
    said = "".join(page.texts)
    assert said.index("example/falls: yes") < said.index("Data and missing episodes")
    assert STANDIN_NOTE not in said
