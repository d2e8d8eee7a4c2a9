"""The command that replays logs through an open model and adds what it reads as a score."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from advocate_evals.cli.console import make_console
from advocate_evals.cli.vectors_command import load_model, model_options, one_line_errors


@click.command("readout")
@click.argument("logs")
@model_options(required=True)
@click.option("--vectors", "vector_file", required=True, metavar="FILE", help="Vectors of that model, with a baseline.")
@click.option(
    "--output",
    "-o",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of the copies with scores; LOGS-readout by default.",
)
@click.option(
    "--tools", default="template", type=click.Choice(["template", "text"]), help="Who writes tools and calls."
)
def readout_command(logs: str, vector_file: str, output: Path | None, tools: Any, **model: Any) -> None:
    """Replay LOGS through an open model; each log is copied with the score `activation`.

    Of a log of the model itself the replay equals the live run. Of any other it says what the text does to the model
    that reads, and nothing of the state of its author.
    """
    with one_line_errors():
        from advocate_evals.whitebox.log_readout import read_out_logs
        from advocate_evals.whitebox.vector_file import load_vectors

        vectors = load_vectors(vector_file)
        open_model = load_model(**model)
        output = output or Path(f"{Path(logs).with_suffix('')}-readout")
        table = Table(title=f"read through {escape(vectors.header.identity.model)}, layer {vectors.header.layer}")
        for column in ("log", "episodes", "turns read", "turns missing", "live against replay"):
            table.add_column(column, justify="left" if column == "log" else "right")
        for log in read_out_logs(logs, vectors, open_model, output, tools):
            difference = "–" if math.isnan(log.live_difference) else f"{log.live_difference:.1e}"
            name = escape(Path(log.address).name)
            table.add_row(name, str(log.episodes), str(log.turns), str(log.missing), difference)
    out = make_console()
    out.print(table)
    if not vectors.header.is_validated:
        out.print("[bold red]the vectors are not validated[/]: advocate-evals vectors validate FILE")
    out.print(f"next: advocate-evals report {escape(str(output))}", soft_wrap=True)
