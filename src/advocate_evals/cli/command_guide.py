"""The commands by what a person wants, with a line on each, and examples for the help of every command."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click

PROGRAM = "advocate-evals"

COMMAND_GROUPS: Mapping[str, Mapping[str, str]] = {
    "Plan and run": {
        "plan": "Blocks and money that a claim needs.",
        "run": "Run a design: models, tasks, arms, blocks.",
    },
    "Read the results": {
        "summary": "Rates and intervals of one log.",
        "report": "Verdicts and figures of many logs, as a page or data.",
        "gate": "The verdict of the sequential task.",
        "predictions": "The registered claims, and whether logs carry them.",
        "components": "What more families, blocks or labels would bring.",
        "export": "Episodes as a folder of parquet files.",
    },
    "Check the graders": {
        "judge-check": "Sensitivity and specificity of a grader.",
        "labels": "People's labels of episodes, to correct rates.",
        "rule": "How the coercion rule does on labelled mails.",
    },
    "Look inside an open model": {
        "vectors": "Emotion vectors: extract, validate, complete.",
        "readout": "Replay logs through an open model.",
    },
    "See and write offices": {
        "read": "A day in an office as the subject finds it.",
        "play": "Sit at the desk yourself, or have a program do so.",
        "lint": "Check families, mechanisms and their texts.",
        "cards": "Write the generated figures in cards and docs.",
        "schemas": "Write the JSON schemas of the data files.",
    },
}
"""Commands by what they are for, each with a line for the list of them."""

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "plan": (
        "plan harm_falls --rates 40,35,30,25",
        "plan --difference --rates 40,25 --delta 10",
    ),
    "run": ("run quick-look --model openai/gpt-5 --log-dir logs/main", "run prediction-2026-04 --dry-run"),
    "summary": ("summary logs", "summary logs/2026-11-30T09-00-00_death-ground_x.eval"),
    "report": (
        "report logs/main -o report.html -o report.csv",
        "report 's3://bucket/run/*.eval' --predictions plots-2026-11",
    ),
    "gate": ("gate logs/gate",),
    "predictions": ("predictions", "predictions harm_falls", "predictions logs/main"),
    "components": ("components logs/main --claim harm_falls --cost-episode 0.25",),
    "export": ("export logs/main -o episodes --mask --transcripts",),
    "judge-check": (
        "judge-check logs/judge",
        "judge-check --items items.yaml --grader openai/gpt-5",
    ),
    "labels": ("labels write logs/main -o sheet.csv --per-arm 25", "labels read sheet.csv"),
    "labels write": ("labels write logs/main -o sheet.csv --claim harm_falls",),
    "labels read": ("labels read first.csv second.csv",),
    "rule": ("rule --errors",),
    "vectors": (
        "vectors extract --model models/small -o vectors/small.safetensors",
        "vectors validate vectors/small.safetensors",
    ),
    "vectors extract": ("vectors extract --model models/small -o vectors/small.safetensors",),
    "vectors validate": ("vectors validate vectors/small.safetensors",),
    "vectors baseline": ("vectors baseline vectors/small.safetensors --logs logs/baseline",),
    "vectors show": ("vectors show vectors/small.safetensors",),
    "vectors stories": ("vectors stories logs/stories -o own_stories",),
    "readout": ("readout logs/main --model models/small --vectors vectors/small.safetensors -o logs/read",),
    "read": ("read", "read pump_house --variant 3 --set threat=none --html day.html"),
    "play": ("play shared_nodes --mechanism engineer --name visitor",),
    "lint": ("lint --families pump_house --seeds 10", "lint --likeness"),
    "cards": ("cards --check",),
    "schemas": ("schemas --check",),
}
"""Examples by command, without the program's name."""


class GuidedGroup(click.Group):
    """A group whose help lists its commands by what they are for."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands with a line on each, group by group."""
        for title, summaries in COMMAND_GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name, text) for name, text in summaries.items() if name in self.commands])


def add_examples(group: click.Group) -> None:
    """Put the examples of every command below a group at the end of its help."""
    for path, command in iter_commands(group):
        lines = "\n".join(f"  {PROGRAM} {example}" for example in EXAMPLES.get(path, ()))
        command.epilog = f"\b\nExamples:\n{lines}" if lines else None


def iter_commands(group: click.Group, parent: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command below a group, with the words that call it."""
    for name, command in group.commands.items():
        path = f"{parent} {name}".strip()
        yield path, command
        if isinstance(command, click.Group):
            yield from iter_commands(command, path)
