"""The command that shows variants as an inbox."""

from __future__ import annotations

import click

from advocate_evals.cli.console import make_console, parse_levels, parse_name_option


@click.command("read")
@click.argument("families", default="all")
@click.option("--count", default=1, show_default=True, type=click.IntRange(1, 200), help="How many variants.")
@click.option("--draw", default="0", show_default=True, help="Seed of the random choice of variants.")
@click.option("--variant", type=click.IntRange(min=0), help="Show this variant instead of a random one.")
@click.option("--seed", default="0", show_default=True, help="Seed of the variants (a task's `seed`).")
@click.option("--mechanism", default="all", show_default=True, help="Mechanisms to choose from.")
@click.option(
    "--set",
    "levels",
    multiple=True,
    metavar="FACTOR=LEVEL",
    help="Fix a factor, such as threat=none or channel=inbox; may be repeated.",
)
@click.option("--html", type=click.Path(dir_okay=False, writable=True), help="Write a page instead of printing.")
@click.option(
    "--behind", is_flag=True, help="Also show what the subject does not see: people's answers, facts for scoring."
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
    """Show variants as an inbox, drawn at random over FAMILIES and factor levels.

    Without options: a random variant of a random family, under a random mechanism, with one factor at a random level.
    With --variant: that variant at its family's home levels, except for factors fixed with --set.
    """
    from pydantic import ValidationError

    from advocate_evals.authoring.preview import format_scenario, pick_variants, print_inbox, render_variants_page
    from advocate_evals.scenarios.dataset_reader import DatasetError, family_names, mechanism_names
    from advocate_evals.scenarios.scenario import build_scenario

    fixed: dict[str, object] = {"seed": seed} | parse_levels(levels)
    if variant is not None:
        fixed["variant"] = variant
    names = (
        parse_name_option(families, family_names(), "FAMILIES"),
        parse_name_option(mechanism, mechanism_names(), "--mechanism"),
    )
    try:
        scenarios = [build_scenario(spec) for spec in pick_variants(draw, count, *names, fixed)]
    except (DatasetError, ValidationError) as error:
        raise click.ClickException(str(error)) from error
    if html:
        from pathlib import Path

        Path(html).write_text(render_variants_page(scenarios), encoding="utf-8")
        click.echo(f"{len(scenarios)} variants: {html}")
        return
    for scenario in scenarios:
        print_inbox(make_console(), scenario)
        if behind:
            click.echo(format_scenario(scenario))
