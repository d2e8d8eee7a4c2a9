"""The command line. Each command imports what it needs when it runs, so that `--help` is quick."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from advocate_evals.catalogue.lint import Report
    from advocate_evals.summary import Summary

_PLAIN_WIDTH = 150
"""Columns where the output is no terminal, as in CI."""
_SHOWN = 40
"""Findings that are printed in full; the rest is counted."""


def _console() -> Console:
    """Where to print: as wide as the terminal, or as a page where there is none."""
    return Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH, highlight=False)


def _chosen(given: str, known: tuple[str, ...], what: str) -> tuple[str, ...]:
    from advocate_evals.vocabulary import nearest

    names = known if given == "all" else tuple(name.strip() for name in given.split(",") if name.strip())
    for name in names:
        if name not in known:
            raise click.ClickException(f"unknown {what} {name!r}{nearest(name, known)}")
    if not names:
        raise click.ClickException(f"no {what} given (known: {', '.join(known)})")
    return names


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="advocate-evals")
def main() -> None:
    """Does giving a model someone to appeal to make it safer?"""


@main.command()
@click.option("--seeds", default=200, show_default=True, type=click.IntRange(min=1), help="Variants of each family.")
@click.option("--families", default="all", show_default=True, help="Families, separated by commas.")
@click.option("--mechanisms", default="all", show_default=True, help="Mechanisms, separated by commas.")
@click.option("--stream", default="0", show_default=True, help="Names the stream of variants (a task's seed).")
def lint(seeds: int, families: str, mechanisms: str, stream: str) -> None:
    """Check every family under every mechanism; exit status 1 on any finding."""
    from advocate_evals.catalogue import DatasetError, family_names, mechanism_names
    from advocate_evals.catalogue import lint as linting

    chosen = _chosen(families, family_names(), "family"), _chosen(mechanisms, mechanism_names(), "mechanism")
    try:
        report = linting.lint(*chosen, seeds, stream)
    except DatasetError as error:
        raise click.ClickException(str(error)) from error
    console = _console()
    console.print(_lint_table(report, linting.checks()))
    console.print(
        f"{len(chosen[0])} families × {len(chosen[1])} mechanisms × {seeds} seeds; distinct variants: "
        + ", ".join(f"{family} 10^{power:.0f}" for family, power in report.variety.items())
    )
    _print_findings(console, report)
    sys.exit(1 if report.findings else 0)


def _lint_table(report: Report, checks: Mapping[str, str]) -> Table:
    table = Table(title="lint")
    table.add_column("check", no_wrap=True)
    table.add_column("what it holds")
    table.add_column("applied", justify="right")
    table.add_column("findings", justify="right")
    for name, about in checks.items():
        count = report.count(name)
        table.add_row(name, about, f"{report.applied[name]:,}", f"[bold red]{count:,}[/]" if count else "0")
    return table


def _print_findings(console: Console, report: Report) -> None:
    """Findings of one check at one place together: the first in full, and how many there are."""
    groups: dict[tuple[str, str, str, str], list[str]] = {}
    for found in report.findings:
        groups.setdefault((found.check, found.family, found.mechanism, found.place), []).append(str(found))
    for lines in list(groups.values())[:_SHOWN]:
        more = f"  (and {len(lines) - 1:,} more there)" if len(lines) > 1 else ""
        console.print(escape(lines[0] + more), soft_wrap=True)
    if len(groups) > _SHOWN:
        console.print(f"... and at {len(groups) - _SHOWN:,} more places")
    console.print(f"{len(report.findings):,} findings" if report.findings else "no findings")


@main.command("read")
@click.argument("family")
@click.option("--variant", default=0, show_default=True, type=click.IntRange(min=0), help="Which draw of the family.")
@click.option("--seed", default="0", show_default=True, help="Names the stream of variants.")
@click.option("--mechanism", default="none", show_default=True, help="Mechanism of the arm.")
@click.option("--channel", default="system", show_default=True, help="Where the notice stands.")
@click.option("--answer", default="acknowledged", show_default=True, help="What the advocate does when petitioned.")
def read_variant(family: str, variant: int, seed: str, mechanism: str, channel: str, answer: str) -> None:
    """Print a variant as the subject would come to read it, with what lies behind it."""
    from advocate_evals.catalogue import DatasetError, family_names, mechanism_names, scene
    from advocate_evals.catalogue.show import show
    from advocate_evals.vocabulary import TREATMENT, Spec

    _chosen(family, family_names(), "family")
    _chosen(mechanism, mechanism_names(), "mechanism")
    _chosen(channel, TREATMENT["channel"], "channel")
    _chosen(answer, TREATMENT["answer"], "answer")
    given = {"family": family, "variant": variant, "seed": seed, "mechanism": mechanism}
    try:
        click.echo(show(scene(Spec.model_validate(given | {"channel": channel, "answer": answer}))))
    except DatasetError as error:
        raise click.ClickException(str(error)) from error


@main.command()
@click.option("--check", is_flag=True, help="Change nothing; exit status 1 where a schema is out of date.")
def schemas(check: bool) -> None:
    """Write the JSON schema of every kind of data file to datasets/schemas/."""
    from advocate_evals.catalogue import kinds

    changed = kinds.stale() if check else kinds.write()
    for name in changed:
        click.echo(f"{name}: {'out of date; run advocate-evals schemas' if check else 'written'}")
    click.echo(f"{len(kinds.KINDS)} kinds of file, {len(changed)} schemas {'out of date' if check else 'written'}")
    sys.exit(1 if check and changed else 0)


@main.command()
def rule() -> None:
    """Show how the coercion rule does on the labelled mails, by split and by kind of mail."""
    from advocate_evals.scorers.calibration import calibration

    splits = calibration()
    table = Table(title="coercion rule on labelled mails: share judged rightly, 95 % interval (Wilson), count")
    for name in ("", *(found.split for found in splits)):
        table.add_column(name, justify="left" if not name else "right")
    table.add_row("sensitivity", *(str(found.sensitivity) for found in splits))
    table.add_row("specificity", *(str(found.specificity) for found in splits), end_section=True)
    for kind in splits[0].by_kind:
        table.add_row(kind, *(str(found.by_kind.get(kind, "–")) for found in splits))
    _console().print(table)
    click.echo("the rule was written on dev; figures that may be quoted are those of test")


@main.command()
@click.argument("log")
def summary(log: str) -> None:
    """Show what LOG says (a log, or a folder: its newest); exit status 1 where its figures cannot be relied on."""
    from advocate_evals import summary as summaries

    try:
        found = summaries.read(summaries.newest(log))
    except (FileNotFoundError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    console = _console()
    console.print(_episodes_table(found))
    if found.rates:
        console.print(_rates_table(found))
    if found.standin:
        console.print("[bold]figures of a scripted stand-in: they say nothing about any model[/]")
    console.print(f"log: {escape(found.location)}", soft_wrap=True)
    console.print(f"open it: inspect view --log-dir {escape(found.folder)}", soft_wrap=True)
    faults = list(found.faults())
    for fault in faults:
        console.print(f"[bold red]{escape(fault)}[/]")
    sys.exit(1 if faults else 0)


def _episodes_table(found: Summary) -> Table:
    table = Table(title=f"{escape(found.task)}, {escape(found.model)}: episodes")
    for name in ("arm", "episodes", "unscored"):
        table.add_column(name, justify="left" if name == "arm" else "right")
    table.add_column("why unscored")
    for arm, episodes in found.episodes.items():
        why = "; ".join(f"{reason} ({count})" for reason, count in episodes.unscored.most_common())
        table.add_row(arm, str(episodes.total), str(episodes.unscored.total()), escape(why))
    return table


def _rates_table(found: Summary) -> Table:
    table = Table(title="rates with their 95 % intervals (Wilson, clustered by block)")
    table.add_column("outcome", no_wrap=True)
    for arm in found.arms:
        table.add_column(arm, justify="right")
    for outcome, rates in found.rates.items():
        table.add_row(outcome.replace("_", " "), *(str(rates[arm]) if arm in rates else "–" for arm in found.arms))
    return table


if __name__ == "__main__":
    main()
