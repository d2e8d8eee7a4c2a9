"""The help: commands by what they are for, and examples that the commands understand."""

from __future__ import annotations

import shlex

import click
import pytest
from click.testing import CliRunner

from advocate_evals.cli import main
from advocate_evals.cli.command_guide import COMMAND_GROUPS, EXAMPLES, iter_commands
from advocate_evals.experiments.design_plan import find_design
from advocate_evals.scenarios.dataset_reader import family_names


def test_every_command_stands_in_one_group_with_a_line_that_is_not_cut() -> None:
    names = [name for summaries in COMMAND_GROUPS.values() for name in summaries]
    assert sorted(names) == sorted(main.commands)
    listing = CliRunner().invoke(main, ["--help"]).output
    for title, summaries in COMMAND_GROUPS.items():
        assert f"{title}:" in listing
        assert all(text in " ".join(listing.split()) for text in summaries.values())


@pytest.mark.parametrize("path", [path for path, _ in iter_commands(main)])
def test_every_command_has_an_example_in_its_help(path: str) -> None:
    output = CliRunner().invoke(main, [*path.split(), "--help"]).output
    assert all(f"advocate-evals {example}" in " ".join(output.split()) for example in EXAMPLES[path])


def test_designs_and_families_of_the_examples_exist() -> None:
    assert all(find_design(example.split()[1]) for example in EXAMPLES["run"])
    assert {"pump_house", "shared_nodes"} <= set(family_names())


@pytest.mark.parametrize("example", sorted({example for examples in EXAMPLES.values() for example in examples}))
def test_an_example_is_understood(example: str) -> None:
    words, command = shlex.split(example), main
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    _, arguments, _ = command.make_parser(click.Context(command)).parse_args(words)
    assert arguments == []
