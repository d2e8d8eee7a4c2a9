"""The command that turns logs into a report."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape

from advocate_evals.cli.console import make_console

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from advocate_evals.analysis.findings import Findings


_FORMATS = {"html": "html", "md": "markdown", "csv": "csv", "json": "json"}
"""Format of a file by its ending."""


@click.command()
@click.argument("logs", nargs=-1, required=True)
@click.option(
    "--output",
    "-o",
    multiple=True,
    help="File to write: .html, .md, .csv or .json. May be repeated. [default: report.html]",
)
@click.option("--html", metavar="FILE", help="Write the page to this file, whatever its ending.")
@click.option("--markdown", metavar="FILE", help="Write Markdown to this file.")
@click.option("--csv", metavar="FILE", help="Write every number to this file, one per row.")
@click.option("--json", metavar="FILE", help="Write every number and all findings to this file.")
@click.option("--predictions", multiple=True, help="Prediction file to test; may be repeated. [default: all]")
@click.option(
    "--delta",
    type=float,
    help="Replace the registered δ for outcomes that are shares. Verdicts are then not registered.",
)
@click.option(
    "--labels",
    multiple=True,
    metavar="SHEET",
    help="Filled-in sheet of `labels write`, one per rater. Graded outcomes are corrected by these labels.",
)
@click.option(
    "--calibration",
    multiple=True,
    metavar="LOG",
    help="Log of `judge_check` of the same grader; bounds its errors, so that verdicts on graded outcomes can stand.",
)
@click.option(
    "--makers",
    multiple=True,
    metavar="FILE|MODEL=MAKER",
    help="Who made a model, where its name does not say it: models of one maker count once when all are pooled.",
)
@click.option("--seed", default=0, show_default=True, help="Seed of the draw of example episodes.")
@click.option(
    "--viewer",
    default="http://127.0.0.1:7575",
    show_default=True,
    help="Address of `inspect view`, or of a site made by `inspect view bundle`.",
)
@click.option(
    "--log-dir", default="", help="Folder that the viewer shows. [default: the deepest folder that holds all logs]"
)
@click.option(
    "--excerpts/--no-excerpts",
    default=True,
    show_default=True,
    help="Show an excerpt of each example episode.",
)
@click.option("--strict", is_flag=True, help="Fail on unusable logs instead of skipping and listing them.")
@click.option("--cache/--no-cache", default=True, show_default=True, help="Use the log cache.")
def report_command(logs: tuple[str, ...], **options: Any) -> None:
    """Report verdicts and figures of LOGS (files, folders, patterns) as HTML, Markdown, CSV or JSON.

    Exit status 1 if nothing can be relied on: no log finished, or no episode was scored.
    """
    targets = _read_targets(options)
    findings, texts = _build_report(logs, options, set(targets.values()))
    for path, name in targets.items():
        _write_file(path, texts[name])
    sys.exit(_print_headline(findings, list(targets)))


def _read_targets(options: Mapping[str, Any]) -> dict[str, str]:
    """The format of each file to write."""
    targets = {}
    for path in options["output"]:
        ending = str(path).rpartition(".")[2].lower()
        if ending not in _FORMATS:
            from advocate_evals.records import suggest_nearest

            raise click.ClickException(f"{path}: unknown ending {ending!r}{suggest_nearest(ending, _FORMATS)}")
        targets[str(path)] = _FORMATS[ending]
    targets |= {str(options[name]): name for name in ("html", "markdown", "csv", "json") if options[name]}
    return targets or {"report.html": "html"}


def _build_report(
    logs: Sequence[str], options: Mapping[str, Any], formats: set[str]
) -> tuple[Findings, dict[str, str]]:
    from advocate_evals.analysis.analysis_run import analyse_logs
    from advocate_evals.annotation.label_sheets import LabelError, read_label_sheets
    from advocate_evals.logs.episode_table import ConflictError, LogError, read_logs
    from advocate_evals.logs.model_makers import read_makers
    from advocate_evals.logs.task_logs import read_grader_calibrations
    from advocate_evals.report.report_files import render_report
    from advocate_evals.scenarios.dataset_reader import DatasetError

    try:
        calibrations = read_grader_calibrations(options["calibration"])
    except (OSError, ValueError) as error:
        raise click.ClickException(f"--calibration: {error}") from error
    try:
        makers = read_makers(options["makers"])
    except ValueError as error:
        raise click.ClickException(f"--makers: {error}") from error
    try:
        reading = read_logs(logs, strict=options["strict"], cache=options["cache"], progress=sys.stderr.isatty())
        reading = reading.with_makers(makers)
        sheets = read_label_sheets(options["labels"]) if options["labels"] else None
        if sheets and sheets.warning:
            click.echo(f"warning: {sheets.warning}", err=True)
        labels = sheets.frame() if sheets else None
        findings = analyse_logs(
            reading,
            labels,
            delta=options["delta"],
            seed=options["seed"],
            predictions=options["predictions"] or None,
            calibrations=calibrations,
        )
        viewer = (options["viewer"], options["log_dir"])
        return findings, render_report(findings, formats, viewer=viewer, with_excerpts=options["excerpts"])
    except (FileNotFoundError, DatasetError, LabelError, LogError, ConflictError) as error:
        raise click.ClickException(str(error)) from error


def _write_file(path: str, text: str) -> None:
    """Write a file, on this machine or at any address that fsspec opens."""
    from pathlib import Path

    import fsspec

    try:
        if "://" not in path:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        with fsspec.open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except (OSError, ValueError, ImportError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise click.ClickException(f"{path}: {reason}") from error


def _print_headline(findings: Findings, paths: Sequence[str]) -> int:
    """Print the verdict and where it was written; gives the exit status."""
    from advocate_evals.report.report_files import report_faults

    console = make_console()
    console.print(f"[bold]{escape(findings.headline.sentence)}[/]", soft_wrap=True)
    for line in findings.headline.details:
        console.print(f"  {escape(line)}", soft_wrap=True)
    for path in paths:
        console.print(f"report: {escape(path)}", soft_wrap=True)
    faults = list(report_faults(findings))
    for fault in faults:
        console.print(f"[bold red]{escape(fault)}[/]", soft_wrap=True)
    return 1 if faults else 0
