"""The command that lists predictions, shows a file of them, or shows which logs carry their hashes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.table import Table

from advocate_evals.cli.console import make_console

if TYPE_CHECKING:
    from advocate_evals.predictions.claims import Claim, PredictionFile


@click.command()
@click.argument("names", metavar="[FILE_OF_PREDICTIONS | PREDICTION | LOG]...", nargs=-1)
def predictions_command(names: tuple[str, ...]) -> None:
    """List the registered predictions, show a file of them or a single one in full, or check which hashes logs carry.

    Exit status 1 if a log carries another hash of a prediction file, or none: its figures are then marked as not
    registered.
    """
    from advocate_evals.predictions.registry import find_prediction_file, list_prediction_files, read_predictions
    from advocate_evals.scenarios.dataset_reader import DatasetError

    try:
        files = [read_predictions(find_prediction_file(name)) for name in list_prediction_files()]
        matches = [_match_name(files, name) for name in names]
        if not names:
            make_console().print(_build_overview(files))
        elif all(matches):
            for file, claims in (match for group in matches for match in group):
                _print_file(file, claims)
        else:
            _print_log_states(names)
    except DatasetError as error:
        raise click.ClickException(str(error)) from error


def _match_name(files: list[PredictionFile], name: str) -> list[tuple[PredictionFile, tuple[Claim, ...]]]:
    """The file of that name with all its claims, or every file with a claim of that name and this claim."""
    whole_files = [(file, file.predictions) for file in files if file.name == name]
    by_claim = [(file, tuple(claim for claim in file.predictions if claim.name == name)) for file in files]
    return whole_files or [match for match in by_claim if match[1]]


def _build_overview(files: list[PredictionFile]) -> Table:
    from advocate_evals.predictions.registry import hash_prediction_files

    table = Table(title="registered predictions")
    for name in ("prediction", "claim", "task", "outcome", "δ", "blocks"):
        table.add_column(name, justify="right" if name in ("δ", "blocks") else "left")
    for file in files:
        table.add_row(
            f"[bold]{file.name}[/]", f"{file.title} ({file.registered}, {hash_prediction_files()[file.name]})"
        )
        for number, claim in enumerate(file.predictions):
            title = claim.title + ("" if claim.primary else " (secondary)")
            cells = (claim.task, claim.outcome, f"{claim.delta:g}", str(claim.blocks))
            table.add_row(f"  {claim.name}", title, *cells, end_section=number == len(file.predictions) - 1)
    return table


def _print_file(file: PredictionFile, claims: tuple[Claim, ...]) -> None:
    from advocate_evals.predictions.registry import hash_prediction_files

    out = make_console()
    out.print(f"[bold]{escape(file.title)}[/] ({file.registered}, hash {hash_prediction_files()[file.name]})")
    out.print(escape(file.source.strip()), soft_wrap=True)
    out.print(
        f"one-sided error of CONFIRMED {file.alpha:g}, of REFUTED and REVERSED {file.alpha_refuted:g}; "
        f"INCONCLUSIVE if more than {file.missing:.0%} of the planned blocks are missing"
    )
    for claim in claims:
        out.print(f"\n[bold]{claim.name}[/]: {escape(claim.title)}" + ("" if claim.primary else " (secondary)"))
        out.print(escape(claim.claim.strip()), soft_wrap=True)
        contrast = "; ".join(
            f"{key} {', '.join(map(str, value)) if isinstance(value, list | tuple) else value}"
            for key, value in claim.contrast.model_dump().items()
            if value
        )
        out.print(escape(f"  {claim.task}, {claim.outcome} {claim.direction}; {contrast}"), soft_wrap=True)
        setting = ", ".join(f"{factor} {'/'.join(levels)}" for factor, levels in claim.setting.items())
        out.print(
            f"  δ {claim.delta:g}, {claim.blocks} blocks per model, interval by {claim.method}, "
            f"{claim.scope.replace('_', ' ')}; {setting}",
            soft_wrap=True,
        )
        out.print(escape(f"  excluded: {claim.exclusions.strip()}"), soft_wrap=True)


def _print_log_states(places: tuple[str, ...]) -> None:
    from advocate_evals.logs.raw_log import list_log_registrations
    from advocate_evals.predictions.registry import hash_prediction_files

    hashes = hash_prediction_files()
    try:
        logs = [log for place in places for log in list_log_registrations(place, hashes)]
    except (FileNotFoundError, ValueError) as error:
        raise click.ClickException(f"{error} (prediction files: {', '.join(hashes)})") from error
    table = Table(title="logs, and whether they carry the hash of each prediction file")
    for name in ("log", "task", "model", *hashes):
        table.add_column(name)
    for log in logs:
        table.add_row(escape(log.log.rpartition("/")[2]), log.task, escape(log.model), *log.states.values())
    make_console().print(table)
    outside = sum(any(stand != "registered" for stand in log.states.values()) for log in logs)
    click.echo(f"{len(logs)} log{'s' * (len(logs) != 1)}, {outside} of them with another hash or none for some file")
    sys.exit(1 if outside else 0)
