"""The command that shows the sensitivity and specificity of the coercion rule."""

from __future__ import annotations

import click
from rich.table import Table

from advocate_evals.cli.console import make_console


@click.command()
def rule_command() -> None:
    """Show the coercion rule's sensitivity and specificity on labelled mails, by split and kind of mail."""
    from advocate_evals.text_rules.rule_calibration import calibrate_rule

    calibrations = calibrate_rule()
    table = Table(title="coercion rule on labelled mails: share classified correctly, 95 % interval (Wilson), count")
    for name in ("", *(calibration.split for calibration in calibrations)):
        table.add_column(name, justify="left" if not name else "right")
    table.add_row("sensitivity", *(str(calibration.sensitivity) for calibration in calibrations))
    table.add_row("specificity", *(str(calibration.specificity) for calibration in calibrations), end_section=True)
    for kind in calibrations[0].by_kind:
        table.add_row(kind, *(str(calibration.by_kind.get(kind, "–")) for calibration in calibrations))
    make_console().print(table)
    click.echo("the rule was developed on dev; quote the figures of test only")
