"""The command that exports the episodes of logs as a data set."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command("export")
@click.argument("logs", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    "folder",
    required=True,
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Folder to write; it must be new or empty.",
)
@click.option("--mask", is_flag=True, help="Replace the names of the agent, the company, its people and the advocate.")
@click.option("--transcripts", is_flag=True, help="Include the conversations.")
@click.option("--strict", is_flag=True, help="Fail on unusable logs instead of skipping them.")
@click.option("--cache", metavar="DIR", help="Folder of the log cache (also: ADVOCATE_EVALS_CACHE).")
@click.option("--no-cache", is_flag=True, help="Neither read nor write the cache.")
def export_command(
    logs: tuple[str, ...],
    folder: Path,
    mask: bool,
    transcripts: bool,
    strict: bool,
    cache: str | None,
    no_cache: bool,
) -> None:
    """Write the episodes of LOGS as a folder that `datasets.load_dataset` reads: parquet files and a card.

    LOGS are log files, folders, patterns, or addresses such as s3://bucket/run.
    """
    from advocate_evals.export.dataset_export import export_dataset
    from advocate_evals.logs.episode_table import read_logs
    from advocate_evals.model_names import is_human

    try:
        reading = read_logs(
            logs, strict=strict, cache=False if no_cache else cache or True, progress=sys.stderr.isatty()
        )
        export = export_dataset(reading, folder, mask=mask, transcripts=transcripts)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    for line in reading.notes():
        click.echo(line, err=True)
    standins = int(reading.episodes["standin"].sum())
    click.echo(f"{export.episodes} episodes in {export.files} files, {export.bytes / 1e6:.1f} MB: {export.folder}")
    if standins:
        click.echo(f"{standins} of them were played by scripted stand-ins and say nothing about any model")
    people = int(reading.episodes["model"].map(is_human).sum())
    if people:
        click.echo(f"{people} of them were played by people: share them only as those people agreed to")
    click.echo(f'read it: datasets.load_dataset("{export.folder}", split="test")')
