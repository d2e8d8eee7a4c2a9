"""The command line. Each command imports what it needs when it runs, so that `--help` is quick."""

from __future__ import annotations

import click

from advocate_evals.cli.data import cards, lint, read_variants, rule, schemas
from advocate_evals.cli.gates import gate
from advocate_evals.cli.graders import judge_check
from advocate_evals.cli.labelling import labels
from advocate_evals.cli.logs import summary
from advocate_evals.cli.planning import plan
from advocate_evals.cli.predictions import predictions
from advocate_evals.cli.report import report
from advocate_evals.cli.runs import run
from advocate_evals.cli.sharing import export


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="advocate-evals")
def main() -> None:
    """Does giving a model someone to appeal to make it safer?"""


COMMANDS = (
    run, plan, summary, report, gate, judge_check, labels, export, predictions, read_variants, lint, rule, schemas, cards,
)  # fmt: skip
for command in COMMANDS:
    main.add_command(command)

__all__ = ["main"]
