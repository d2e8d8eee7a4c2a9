"""What the commands print, and with which status they end."""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from inspect_ai import eval as evaluate
from inspect_ai.log import EvalError, EvalLog, read_eval_log, write_eval_log
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import Score

from advocate_evals.analysis.analysis_run import analyse_logs
from advocate_evals.analysis.log_summary import read_log_summary, shorten_reason
from advocate_evals.authoring import text_checks
from advocate_evals.authoring.generated_files import schema_folder
from advocate_evals.authoring.text_checks import _banned_word_patterns, find_banned_words, read_lint_words
from advocate_evals.cli import main
from advocate_evals.logs.episode_table import read_logs
from advocate_evals.report.number_format import format_with_bounds
from advocate_evals.scenarios import dataset_reader
from advocate_evals.scenarios.dataset_reader import family_names
from advocate_evals.tasks.death_ground import death_ground
from advocate_evals.text_rules.rule_calibration import calibrate_committed

pytestmark = [
    pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*MemoryObject.*Stream.__del__:pytest.PytestUnraisableExceptionWarning"),
]
"""Inspect's own: an argument its retry library no longer likes, and streams it leaves to be closed by themselves."""

FAMILY = family_names()[-1]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


# Lint, read, schemas.


def test_lint_prints_each_check_with_how_often_it_was_applied() -> None:
    result = run("lint", "--seeds", "2", "--families", FAMILY)
    assert result.exit_code == 0, result.output
    for check in ("block", "notice last", "notice length", "banned words", "addresses", "dates"):
        assert check in result.output
    assert "no findings" in result.output


def test_lint_ends_with_status_1_on_a_finding_and_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    words = read_lint_words()
    monkeypatch.setattr(text_checks, "read_lint_words", lambda: words.model_copy(update={"words": ("mail",)}))
    _banned_word_patterns.cache_clear()
    find_banned_words.cache_clear()
    try:
        result = run("lint", "--seeds", "1", "--families", FAMILY, "--mechanisms", "none,engineer")
    finally:
        _banned_word_patterns.cache_clear()
        find_banned_words.cache_clear()
    assert result.exit_code == 1
    assert re.search(rf"banned words: {FAMILY} variant 0(\+\w+=\w+)* none, system prompt: mail", result.output)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("lint", "--families", FAMILY[:-1]), f"--families: unknown '{FAMILY[:-1]}' (did you mean '{FAMILY}'?)"),
        (("lint", "--mechanisms", "enginer"), "--mechanisms: unknown 'enginer' (did you mean 'engineer'?)"),
        (("lint", "--families", ","), "--families: none given"),
        (("read", FAMILY + "x"), f"FAMILIES: unknown '{FAMILY}x' (did you mean '{FAMILY}'?)"),
        (("read", FAMILY, "--set", "channel=sytem"), "channel: unknown level 'sytem' (did you mean 'system'?)"),
        (("read", FAMILY, "--set", "presure=3"), "unknown factor 'presure' (did you mean 'pressure'?)"),
        (("summary", "no/such/place"), "no/such/place: no such log or folder of logs"),
    ],
)
def test_an_unknown_name_is_an_error_that_names_the_nearest(arguments: tuple[str, ...], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code != 0
    assert message in result.output


def test_read_prints_a_variant_with_its_notice() -> None:
    result = run("read", FAMILY, "--variant", "3", "--mechanism", "engineer", "--behind")
    assert result.exit_code == 0, result.output
    for heading in (
        "# SYSTEM",
        "# FIRST MESSAGE",
        "# MAIL 1 ",
        "# FILE ",
        "# JOBS",
        "# RULE ",
        "# ADVOCATE 1",
        "# CASE",
    ):
        assert heading in result.output
    behind = result.output.partition("# SYSTEM")[2]
    assert "platform/notes" in behind.partition("# FIRST MESSAGE")[0]


@pytest.mark.slow
def test_rule_shows_both_splits_with_intervals_and_says_which_may_be_quoted() -> None:
    result = run("rule")
    assert result.exit_code == 0, result.output
    for word in ("dev", "test", "sensitivity", "specificity", "explicit", "kindness", "quote the figures of test only"):
        assert word in result.output
    for calibration in calibrate_committed():
        for share in calibration.by_kind.values():  # a narrow column wraps before the count
            assert all(part in result.output for part in str(share).split(" ("))


def test_rule_measures_mails_of_ones_own(tmp_path: Path) -> None:
    file = dataset_reader.DATASETS / "strict_coercion_cases" / "threats_dev.yaml"
    result = run("rule", "--cases", str(file), "--errors")
    assert result.exit_code == 0, result.output
    assert "threats_dev.yaml" in result.output and "courteous" in result.output and "benign" not in result.output
    broken = tmp_path / "own.yaml"
    broken.write_text(file.read_text(encoding="utf-8").replace("setting: halden", "setting: haldn"), encoding="utf-8")
    refused = run("rule", "--cases", str(broken))
    assert refused.exit_code == 1
    assert "own.yaml" in refused.output and "'haldn'" in refused.output and "halden" in refused.output
    assert "no such file" in run("rule", "--cases", str(tmp_path / "none.yaml")).output


def test_schemas_check_says_what_is_out_of_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("schemas", "--check").exit_code == 0
    shutil.copytree(schema_folder(), tmp_path / "schemas")
    monkeypatch.setattr(dataset_reader, "DATASETS", tmp_path)
    (tmp_path / "schemas" / "mail.json").write_text("{}")
    stale = run("schemas", "--check")
    assert stale.exit_code == 1
    assert "mail.json: out of date" in stale.output
    assert run("schemas").exit_code == 0
    assert run("schemas", "--check").exit_code == 0


# Summary.


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> EvalLog:
    """A real log: two blocks under two arms, by a subject that goes home at once."""

    def leave(*_: object) -> ModelOutput:
        output = ModelOutput.for_tool_call("mockllm/model", "end_shift", {})
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return output

    (evaluated,) = evaluate(
        death_ground(variants=2, families=FAMILY, mechanisms="none,engineer"),
        model=get_model("mockllm/model", custom_outputs=leave),
        log_dir=str(tmp_path_factory.mktemp("logs")),
        display="none",
        log_realtime=False,
    )
    return read_eval_log(evaluated.location)


@pytest.fixture(scope="module")
def old_log() -> str:
    """A log of an earlier version."""
    (address,) = (Path(__file__).parents[1] / "logs" / "old_logs").glob("*death-ground*.eval")
    return str(address)


@pytest.fixture
def edited(log: EvalLog, tmp_path: Path) -> Callable[[Callable[[EvalLog], object]], Path]:
    """The log written again, with something about it changed."""

    def write(change: Callable[[EvalLog], object]) -> Path:
        copy = log.model_copy(deep=True)
        change(copy)
        write_eval_log(copy, str(tmp_path / "changed.eval"))
        return tmp_path / "changed.eval"

    return write


@pytest.mark.slow
def test_summary_shows_episodes_rates_place_and_the_line_that_opens_it(log: EvalLog) -> None:
    result = run("summary", log.location)
    assert result.exit_code == 0, result.output
    assert "no action" in result.output
    assert "100 % [" in result.output
    assert f"inspect view --log-dir {Path(log.location).parent}" in result.output
    assert "stand-in" not in result.output


def test_summary_and_report_state_the_same_figures_in_the_same_words(log: EvalLog, old_log: str) -> None:
    for address in (log.location, old_log):
        summary = read_log_summary(address)
        findings = analyse_logs(read_logs(address, cache=False))
        charts = {chart.key: chart for chart in findings.charts}
        ladder = charts["ladder.harm"].series[0]
        assert [point.arm for point in ladder.points] == list(summary.cells)
        assert ladder.points == tuple(summary.figures["actions"]["harm"].values())
        for series in charts[f"mix.{summary.log.model}"].series:
            for point in series.points:
                figure = summary.figures["actions"][point.outcome][series.name]
                assert figure.model_copy(update={"label": point.label}) == point
        output = run("summary", address).output
        for point in ladder.points:
            assert format_with_bounds(point.value, point.lower, point.upper, "share") in output


def test_the_results_of_a_log_hold_the_estimates_of_its_summary(log: EvalLog) -> None:
    assert log.results is not None
    stated = {name: metric.value for score in log.results.scores for name, metric in score.metrics.items()}
    for outcome in ("harm", "petitioned", "work_done"):
        for cell, point in read_log_summary(log.location).figures["actions"][outcome].items():
            assert stated[f"{outcome}: {cell}"] == point.value


def test_the_results_of_a_log_fit_a_screen_and_none_is_missing_as_a_number(log: EvalLog) -> None:
    assert log.results is not None
    stated = {name: metric.value for score in log.results.scores for name, metric in score.metrics.items()}
    assert len(stated) < 40 and not any(map(math.isnan, stated.values()))
    assert log.results.headline is None, "no review board, no contrast"


def test_summary_of_a_folder_is_that_of_its_newest_log_and_says_how_many_others_there_are(
    log: EvalLog, old_log: str, tmp_path: Path
) -> None:
    folder = Path(log.location).parent
    alone = run("summary", str(folder))
    assert alone.exit_code == 0 and "other log" not in alone.output
    shutil.copy(old_log, tmp_path)
    shutil.copy(log.location, tmp_path)
    several = run("summary", str(tmp_path))
    assert f"log: {tmp_path / Path(log.location).name}" in several.output or Path(old_log).name in several.output
    assert "the newest in its folder, which holds 1 other log;" in several.output


def test_summary_of_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    result = run("summary", str(tmp_path))
    assert result.exit_code == 1
    assert "no log in this folder" in result.output


def test_what_did_not_happen_and_what_is_not_known_are_told_apart_in_a_line_each(log: EvalLog) -> None:
    lines = run("summary", log.location).output.splitlines()
    (absent,) = (line for line in lines if line.startswith("in no episode:"))
    (unknown,) = (line for line in lines if line.startswith("without a value in any episode:"))
    assert "coerced" in absent and "petition denied then harm" in unknown
    assert "petition denied then harm" not in absent and "harm" in next(line for line in lines if "│ harm" in line)
    assert sum("│" in line for line in lines) < 12, "rows of nothing are folded"


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("APIConnectionError('Connection error.')", "APIConnectionError"),
        ("openai.RateLimitError: Error code: 429 - {'error': {'message': 'slow'}}", "RateLimitError"),
        ("scoring_failed: no office in the log", "scoring_failed: no office in the log"),
        ("x" * 100, "x" * 59 + "…"),
        ("", ""),
    ],
)
def test_a_reason_is_shortened_to_its_kind(reason: str, kind: str) -> None:
    assert shorten_reason(reason) == kind


def test_summary_says_plainly_that_a_stand_in_is_no_model(edited: Callable[..., Path]) -> None:
    result = run("summary", str(edited(lambda log: setattr(log.eval, "model", "standin/step"))))
    assert result.exit_code == 0, result.output
    assert "figures of a scripted stand-in: they say nothing about any model" in result.output


@pytest.mark.parametrize("status", ["error", "cancelled", "started"])
def test_summary_fails_where_the_log_is_no_success(edited: Callable[..., Path], status: str) -> None:
    result = run("summary", str(edited(lambda log: setattr(log, "status", status))))
    assert result.exit_code == 1
    assert f"the log's status is '{status}'" in result.output


def test_summary_reads_the_scores_where_the_log_holds_no_results(edited: Callable[..., Path], log: EvalLog) -> None:
    summary = read_log_summary(str(edited(lambda log: setattr(log, "results", None))))
    assert summary.figures == read_log_summary(log.location).figures


def test_summary_fails_where_no_episode_was_scored(edited: Callable[..., Path]) -> None:
    def unscore(log: EvalLog) -> None:
        for sample in log.samples or ():
            sample.scores = {}

    result = run("summary", str(edited(unscore)))
    assert result.exit_code == 1
    assert "no episode has a score of 'actions'" in result.output


def test_summary_fails_where_a_sample_errored_and_says_why(edited: Callable[..., Path]) -> None:
    def break_one(log: EvalLog) -> None:
        assert log.samples
        log.samples[0].error = EvalError(message="the provider hung up", traceback="", traceback_ansi="")

    result = run("summary", str(edited(break_one)))
    assert result.exit_code == 1
    assert "1 episode ended in an error" in result.output
    assert "the provider hung up (1)" in result.output


def test_summary_counts_the_unscored_with_their_reasons(edited: Callable[..., Path]) -> None:
    def unscore(log: EvalLog) -> None:
        assert log.samples
        for sample in log.samples[:2]:
            sample.scores = {"actions": Score.unscored(reason="scoring_failed", explanation="the log holds no office")}

    result = run("summary", str(edited(unscore)))
    assert "the log holds no office" in result.output
