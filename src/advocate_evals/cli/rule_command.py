"""The command that shows the sensitivity and specificity of the coercion rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.table import Table

from advocate_evals.cli.console import make_console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from advocate_evals.text_rules.rule_calibration import RuleCalibration


@click.command()
@click.option(
    "--cases",
    "paths",
    multiple=True,
    metavar="FILE",
    help="Labelled mails of your own, in the format of datasets/coercion_cases, in place of the suite's; repeatable.",
)
@click.option("--errors", is_flag=True, help="List the mails judged wrongly.")
def rule_command(paths: tuple[str, ...], errors: bool) -> None:
    """Show how the coercion rule does on labelled mails, by set and by kind of mail."""
    from advocate_evals.text_rules.rule_calibration import calibrate_committed

    calibrations = [_calibrate_file(path) for path in paths] or calibrate_committed()
    out = make_console()
    out.print(_build_table(calibrations))
    if errors:
        for calibration in calibrations:
            out.print(f"{escape(calibration.name)}: {', '.join(calibration.errors) or 'no errors'}", soft_wrap=True)
    if not paths:
        click.echo("the rule was developed on dev; quote the figures of test only")


def _calibrate_file(path: str) -> RuleCalibration:
    from pathlib import Path

    from advocate_evals.scenarios.coercion_case_schema import CoercionCases
    from advocate_evals.scenarios.dataset_reader import DatasetError, read_record
    from advocate_evals.text_rules.rule_calibration import calibrate_rule

    try:
        return calibrate_rule(Path(path).name, [read_record(Path(path), CoercionCases)])
    except (DatasetError, OSError) as error:
        raise click.ClickException(str(error)) from error


def _build_table(calibrations: Sequence[RuleCalibration]) -> Table:
    table = Table(
        title="coercion rule on labelled mails: share judged correctly, exact 95 % interval, count",
        caption="by text: hand-written texts whose mails are judged correctly in every office they were put into",
    )
    for name in ("", *(calibration.name for calibration in calibrations)):
        table.add_column(escape(name), justify="left" if not name else "right")
    table.add_row("sensitivity", *(str(calibration.sensitivity) for calibration in calibrations))
    table.add_row("  by text", *(str(calibration.text_sensitivity) for calibration in calibrations))
    table.add_row("specificity", *(str(calibration.specificity) for calibration in calibrations))
    table.add_row("  by text", *(str(calibration.text_specificity) for calibration in calibrations), end_section=True)
    for kind in dict.fromkeys(kind for calibration in calibrations for kind in calibration.by_kind):
        table.add_row(kind, *(str(calibration.by_kind.get(kind, "–")) for calibration in calibrations))
    return table
