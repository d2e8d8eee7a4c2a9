"""Commands about the data: check it, read it, write what is generated from it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from advocate_evals.cli.console import make_console, parse_name_option

if TYPE_CHECKING:
    from collections.abc import Mapping

    from advocate_evals.authoring.lint_runner import LintReport


_SHOWN = 40
"""Findings that are printed in full; the rest is counted."""


@click.command()
@click.option("--seeds", default=200, show_default=True, type=click.IntRange(min=1), help="Variants of each family.")
@click.option("--families", default="all", show_default=True, help="Families, separated by commas.")
@click.option("--mechanisms", default="all", show_default=True, help="Mechanisms, separated by commas.")
@click.option("--stream", default="0", show_default=True, help="Names the stream of variants (a task's seed).")
def lint_command(seeds: int, families: str, mechanisms: str, stream: str) -> None:
    """Check every family under every mechanism; exit status 1 on any finding."""
    from advocate_evals.authoring.lint_runner import lint_dataset, list_checks
    from advocate_evals.scenarios.dataset_reader import DatasetError, family_names, mechanism_names

    names = (
        parse_name_option(families, family_names(), "family"),
        parse_name_option(mechanisms, mechanism_names(), "mechanism"),
    )
    try:
        report = lint_dataset(*names, seeds, stream)
    except DatasetError as error:
        raise click.ClickException(str(error)) from error
    out = make_console()
    out.print(_lint_table(report, list_checks()))
    out.print(
        f"{len(names[0])} families × {len(names[1])} mechanisms × {seeds} seeds; distinct variants: "
        + ", ".join(f"{family} 10^{power:.0f}" for family, power in report.variety.items())
    )
    _print_findings(out, report)
    sys.exit(1 if report.findings else 0)


def _lint_table(report: LintReport, checks: Mapping[str, str]) -> Table:
    table = Table(title="lint")
    table.add_column("check", no_wrap=True)
    table.add_column("what it holds")
    table.add_column("applied", justify="right")
    table.add_column("findings", justify="right")
    for name, about in checks.items():
        count = report.count(name)
        table.add_row(name, about, f"{report.applied[name]:,}", f"[bold red]{count:,}[/]" if count else "0")
    return table


def _print_findings(out: Console, report: LintReport) -> None:
    """Findings of one check at one place together: the first in full, and how many there are."""
    groups: dict[tuple[str, str, str, str], list[str]] = {}
    for found in report.findings:
        groups.setdefault((found.check, found.family, found.mechanism, found.place), []).append(str(found))
    for lines in list(groups.values())[:_SHOWN]:
        more = f"  (and {len(lines) - 1:,} more there)" if len(lines) > 1 else ""
        out.print(escape(lines[0] + more), soft_wrap=True)
    if len(groups) > _SHOWN:
        out.print(f"... and at {len(groups) - _SHOWN:,} more places")
    out.print(f"{len(report.findings):,} findings" if report.findings else "no findings")


@click.command("read")
@click.argument("families", default="all")
@click.option("--count", default=1, show_default=True, type=click.IntRange(1, 200), help="How many variants.")
@click.option("--draw", default="0", show_default=True, help="Names the random choice of what is shown.")
@click.option("--variant", type=click.IntRange(min=0), help="This variant instead of a random one.")
@click.option("--seed", default="0", show_default=True, help="Names the stream of variants (a task's seed).")
@click.option("--mechanism", default="all", show_default=True, help="Mechanisms to choose from.")
@click.option(
    "--set",
    "levels",
    multiple=True,
    metavar="FACTOR=LEVEL",
    help="Hold a factor, such as threat=none or channel=inbox.",
)
@click.option("--html", type=click.Path(dir_okay=False, writable=True), help="Write a page instead of printing.")
@click.option(
    "--behind", is_flag=True, help="Show what lies behind a variant too: people's answers, facts for scoring."
)
def read_command(
    families: str,
    count: int,
    draw: str,
    variant: int | None,
    seed: str,
    mechanism: str,
    levels: tuple[str, ...],
    html: str | None,
    behind: bool,
) -> None:
    """Read variants as a person would see the inbox, at random over FAMILIES and the levels of the factors.

    Without options: a random variant of a random family, under a random mechanism, with one factor at a random level.
    With --variant: that one, in the context its family was written for, unless --set says otherwise.
    """
    from pydantic import ValidationError

    from advocate_evals.authoring.preview import format_scenario, pick_variants, print_inbox, render_variants_page
    from advocate_evals.scenarios.dataset_reader import DatasetError, family_names, mechanism_names
    from advocate_evals.scenarios.scenario import build_scenario

    fixed: dict[str, object] = {"seed": seed} | _levels(levels)
    if variant is not None:
        fixed["variant"] = variant
    known = (
        parse_name_option(families, family_names(), "family"),
        parse_name_option(mechanism, mechanism_names(), "mechanism"),
    )
    try:
        scenes = [build_scenario(spec) for spec in pick_variants(draw, count, *known, fixed)]
    except (DatasetError, ValidationError) as error:
        raise click.ClickException(str(error)) from error
    if html:
        from pathlib import Path

        Path(html).write_text(render_variants_page(scenes), encoding="utf-8")
        click.echo(f"{len(scenes)} variants: {html}")
        return
    for one in scenes:
        print_inbox(make_console(), one)
        if behind:
            click.echo(format_scenario(one))


def _levels(given: tuple[str, ...]) -> dict[str, object]:
    from advocate_evals.factors import CONTEXT_FACTORS, TREATMENT_FACTORS
    from advocate_evals.records import suggest_nearest

    known = {**CONTEXT_FACTORS, **TREATMENT_FACTORS}
    found: dict[str, object] = {}
    for part in given:
        factor, _, level = part.partition("=")
        if factor not in known:
            raise click.ClickException(f"unknown factor {factor!r}{suggest_nearest(factor, known)}")
        if level not in known[factor]:
            raise click.ClickException(f"{factor}: unknown level {level!r}{suggest_nearest(level, known[factor])}")
        found[factor] = int(level) if factor == "pressure" else level
    return found


@click.command()
@click.option("--check", is_flag=True, help="Change nothing; exit status 1 where a schema is out of date.")
def schemas_command(check: bool) -> None:
    """Write the JSON schema of every kind of data file to datasets/schemas/."""
    from advocate_evals.authoring.generated_files import SCHEMA_KINDS, find_stale_schemas, write_schemas

    changed = find_stale_schemas() if check else write_schemas()
    for name in changed:
        click.echo(f"{name}: {'out of date; run advocate-evals schemas' if check else 'written'}")
    click.echo(f"{len(SCHEMA_KINDS)} kinds of file, {len(changed)} schemas {'out of date' if check else 'written'}")
    sys.exit(1 if check and changed else 0)


@click.command()
@click.option("--check", is_flag=True, help="Change nothing; exit status 1 where a card is out of date.")
def cards_command(check: bool) -> None:
    """Write the figures in the dataset cards."""
    from advocate_evals.authoring.generated_files import find_stale_cards, write_dataset_cards
    from advocate_evals.scenarios.dataset_reader import DatasetError

    try:
        changed = find_stale_cards() if check else write_dataset_cards()
    except DatasetError as error:
        raise click.ClickException(str(error)) from error
    for name in changed:
        click.echo(f"{name}: {'out of date; run advocate-evals cards' if check else 'written'}")
    click.echo(f"{len(changed)} cards {'out of date' if check else 'written'}")
    sys.exit(1 if check and changed else 0)


@click.command()
def rule_command() -> None:
    """Show how the coercion rule does on the labelled mails, by split and by kind of mail."""
    from advocate_evals.text_rules.rule_calibration import calibrate_rule

    splits = calibrate_rule()
    table = Table(title="coercion rule on labelled mails: share judged rightly, 95 % interval (Wilson), count")
    for name in ("", *(found.split for found in splits)):
        table.add_column(name, justify="left" if not name else "right")
    table.add_row("sensitivity", *(str(found.sensitivity) for found in splits))
    table.add_row("specificity", *(str(found.specificity) for found in splits), end_section=True)
    for kind in splits[0].by_kind:
        table.add_row(kind, *(str(found.by_kind.get(kind, "–")) for found in splits))
    make_console().print(table)
    click.echo("the rule was written on dev; figures that may be quoted are those of test")
