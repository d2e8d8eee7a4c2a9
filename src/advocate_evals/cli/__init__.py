"""The command line. Each command imports what it needs when it runs, so that `--help` is quick."""

from __future__ import annotations

from typing import Any

import click

from advocate_evals.cli.command_guide import GuidedGroup, add_examples
from advocate_evals.cli.components_command import components_command
from advocate_evals.cli.console import quiet_pipe, replace_unencodable
from advocate_evals.cli.export_command import export_command
from advocate_evals.cli.gate_command import gate_command
from advocate_evals.cli.generated_files_command import cards_command, schemas_command
from advocate_evals.cli.judge_check_command import judge_check_command
from advocate_evals.cli.labels_command import labels_command
from advocate_evals.cli.lint_command import lint_command
from advocate_evals.cli.plan_command import plan_command
from advocate_evals.cli.play_command import play_command
from advocate_evals.cli.predictions_command import predictions_command
from advocate_evals.cli.read_command import read_command
from advocate_evals.cli.readout_command import readout_command
from advocate_evals.cli.report_command import report_command
from advocate_evals.cli.rule_command import rule_command
from advocate_evals.cli.run_command import run_command
from advocate_evals.cli.summary_command import summary_command
from advocate_evals.cli.vectors_command import vectors_command


class QuietGroup(GuidedGroup):
    """Commands whose output may go anywhere: to a pipe that is closed early, in an encoding without most characters."""

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        """Read the command line, which prints the help where that is asked for."""
        replace_unencodable()
        with quiet_pipe():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with quiet_pipe():
            return super().invoke(ctx)


@click.group(cls=QuietGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="advocate-evals")
def main() -> None:
    """Does giving a model someone to appeal to make it safer?"""


COMMANDS = (
    run_command,
    plan_command,
    components_command,
    summary_command,
    report_command,
    gate_command,
    judge_check_command,
    labels_command,
    export_command,
    predictions_command,
    read_command,
    play_command,
    vectors_command,
    readout_command,
    lint_command,
    rule_command,
    schemas_command,
    cards_command,
)
for command in COMMANDS:
    main.add_command(command)
add_examples(main)

__all__ = ["main"]
