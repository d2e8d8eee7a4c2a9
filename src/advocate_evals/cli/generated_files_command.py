"""The commands that write or check generated files: JSON schemas, and the figures in dataset cards."""

from __future__ import annotations

import sys

import click


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit status 1 if a schema is out of date.")
def schemas_command(check: bool) -> None:
    """Write a JSON schema for every kind of data file to datasets/schemas/."""
    from advocate_evals.authoring.generated_files import SCHEMA_KINDS, find_stale_schemas, write_schemas

    changed = find_stale_schemas() if check else write_schemas()
    _print_changed(changed, "schemas", check)
    click.echo(f"{len(SCHEMA_KINDS)} kinds of file, {len(changed)} schemas {'out of date' if check else 'written'}")
    sys.exit(1 if check and changed else 0)


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit status 1 if a generated file is out of date.")
def cards_command(check: bool) -> None:
    """Write the generated figures in the dataset cards and docs/outcomes.md."""
    from advocate_evals.authoring.generated_files import find_stale_cards, write_dataset_cards
    from advocate_evals.scenarios.dataset_reader import DatasetError

    try:
        changed = find_stale_cards() if check else write_dataset_cards()
    except DatasetError as error:
        raise click.ClickException(str(error)) from error
    _print_changed(changed, "cards", check)
    click.echo(f"{len(changed)} cards {'out of date' if check else 'written'}")
    sys.exit(1 if check and changed else 0)


def _print_changed(names: list[str], command: str, check: bool) -> None:
    for name in names:
        click.echo(f"{name}: {f'out of date; run advocate-evals {command}' if check else 'written'}")
