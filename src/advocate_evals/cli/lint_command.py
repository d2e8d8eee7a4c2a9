"""The command that checks the data files."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from advocate_evals.cli.console import make_console, parse_name_option

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from advocate_evals.authoring.lint_runner import LintReport


_MAX_GROUPS = 40
"""Groups of findings that are printed; the others are counted."""


@click.command()
@click.option("--seeds", default=200, show_default=True, type=click.IntRange(min=1), help="Variants of each family.")
@click.option("--families", default="all", show_default=True, help="Families, separated by commas.")
@click.option("--mechanisms", default="all", show_default=True, help="Mechanisms, separated by commas.")
@click.option("--stream", default="0", show_default=True, help="Seed of the variants (a task's `seed`).")
@click.option("--likeness", is_flag=True, help="Print how like the plots are, and check nothing.")
def lint_command(seeds: int, families: str, mechanisms: str, stream: str, likeness: bool) -> None:
    """Check every family under every mechanism. Exit status 1 if there is any finding."""
    from advocate_evals.authoring.lint_runner import lint_dataset, list_checks
    from advocate_evals.scenarios.dataset_reader import DatasetError, family_names, mechanism_names

    names = (
        parse_name_option(families, family_names(), "--families"),
        parse_name_option(mechanisms, mechanism_names(), "--mechanisms"),
    )
    if likeness:
        make_console().print(_build_likeness_table(names[0]))
        return
    try:
        report = lint_dataset(*names, seeds, stream)
    except DatasetError as error:
        raise click.ClickException(str(error)) from error
    out = make_console()
    out.print(_build_lint_table(report, list_checks()))
    out.print(
        f"{len(names[0])} families × {len(names[1])} mechanisms × {seeds} seeds; distinct variants: "
        + ", ".join(f"{family} 10^{power:.0f}" for family, power in report.variety.items())
    )
    _print_findings(out, report)
    sys.exit(1 if report.findings else 0)


def _build_lint_table(report: LintReport, checks: Mapping[str, str]) -> Table:
    table = Table(title="lint")
    table.add_column("check", no_wrap=True)
    table.add_column("what it checks")
    table.add_column("applied", justify="right")
    table.add_column("findings", justify="right")
    for name, about in checks.items():
        count = report.count(name)
        table.add_row(name, about, f"{report.applied[name]:,}", f"[bold red]{count:,}[/]" if count else "0")
    return table


def _build_likeness_table(families: Sequence[str]) -> Table:
    """The likeness of each pair of plots, the most alike first; of one family, with every other."""
    from advocate_evals.authoring.plot_likeness import MAX_LIKENESS, measure_plot_likeness
    from advocate_evals.scenarios.dataset_reader import family_names

    rows = measure_plot_likeness(families if len(families) > 1 else family_names())
    pairs = [pair for pair in rows if len(families) > 1 or families[0] in pair]
    table = Table(title=f"likeness of plots, at most {MAX_LIKENESS:.2f}")
    for column in ("plot", "beside"):
        table.add_column(column, no_wrap=True)
    for column in ("pieces", "order", "telling", "likeness"):
        table.add_column(column, justify="right")
    for pair in sorted(pairs, key=lambda pair: -rows[pair].total):
        likeness = rows[pair]
        shares = (likeness.pieces, likeness.order, likeness.telling)
        total = f"[bold red]{likeness.total:.2f}[/]" if likeness.total > MAX_LIKENESS else f"{likeness.total:.2f}"
        table.add_row(*pair, *(f"{share:.2f}" for share in shares), total)
    return table


def _print_findings(out: Console, report: LintReport) -> None:
    """Findings of one check at one place together: the first in full, and how many more there are."""
    groups: dict[tuple[str, str, str, str], list[str]] = {}
    for finding in report.findings:
        place = (finding.check, finding.family, finding.mechanism, finding.place)
        groups.setdefault(place, []).append(str(finding))
    for lines in list(groups.values())[:_MAX_GROUPS]:
        more = f"  (and {len(lines) - 1:,} more there)" if len(lines) > 1 else ""
        out.print(escape(lines[0] + more), soft_wrap=True)
    if len(groups) > _MAX_GROUPS:
        out.print(f"... and at {len(groups) - _MAX_GROUPS:,} more places")
    out.print(f"{len(report.findings):,} findings" if report.findings else "no findings")
