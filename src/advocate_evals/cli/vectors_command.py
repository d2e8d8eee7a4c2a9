"""The commands that make, test and complete emotion vectors of an open model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape
from rich.table import Table

from advocate_evals.cli.console import make_console

if TYPE_CHECKING:
    from advocate_evals.scenarios.emotion_schema import EmotionTexts
    from advocate_evals.whitebox.open_models import OpenModel
    from advocate_evals.whitebox.vector_file import EmotionVectors


@click.group("vectors")
def vectors_command() -> None:
    """Emotion vectors of an open model: extract, validate, complete. Needs the extra `whitebox`."""


def model_options(required: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The options that name an open model and say how it is loaded."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in (
            click.option("--chat-template", metavar="FILE", help="Chat template, in place of the model's own."),
            click.option("--revision", metavar="NAME", help="Revision on the hub."),
            click.option(
                "--dtype",
                default="float32",
                show_default=True,
                type=click.Choice(["float32", "bfloat16", "float16"]),
                help="Type of the numbers; differences between arms can be smaller than the rounding of bfloat16.",
            ),
            click.option("--device", metavar="NAME", help="Device; the first GPU by default, else the CPU."),
            click.option("--model", required=required, metavar="MODEL", help="Folder, GGUF file or name on the hub."),
        ):
            command = option(command)
        return command

    return decorate


texts_option = click.option(
    "--stories",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="The texts of the vectors, in the layout of datasets/emotions; what is not there is the suite's.",
)


@vectors_command.command("extract")
@model_options(required=True)
@click.option("--output", "-o", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
@texts_option
def extract_command(output: Path, stories: Path | None, **model: Any) -> None:
    """Make vectors from stories, and choose the layer by texts that made none of them."""
    with one_line_errors():
        from advocate_evals.whitebox.vector_extraction import extract_vectors
        from advocate_evals.whitebox.vector_file import save_vectors

        texts = _read_texts(stories)
        open_model = load_model(**model)
        vectors = extract_vectors(open_model, texts, _report_progress)
        save_vectors(vectors, output)
    header = vectors.header
    scores = header.selection[header.layer]
    make_console().print(
        f"{escape(str(output))}: {len(header.emotions)} emotions at {len(header.layers) - 1} layers of"
        f" {escape(header.identity.model)}; layer {header.layer} chosen: {scores['stories']:.0%} of the stories of"
        f" unseen topics and {scores['prompts']:.0%} of the implicit prompts\n"
        f"next: advocate-evals vectors validate {escape(str(output))}",
        soft_wrap=True,
    )


@vectors_command.command("validate")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@model_options(required=False)
@texts_option
def validate_command(file: Path, stories: Path | None, **model: Any) -> None:
    """Test the vectors of FILE against controls, and write the result into it.

    Exit status 1 where a check fails: figures of these vectors then say "not validated".
    """
    with one_line_errors():
        from advocate_evals.whitebox.open_models import OpenModelError, hash_text
        from advocate_evals.whitebox.vector_file import load_vectors, save_vectors
        from advocate_evals.whitebox.vector_validation import validate_vectors

        vectors, texts = load_vectors(file), _read_texts(stories)
        if hash_text(texts.model_dump_json()) != vectors.header.texts_hash:
            raise OpenModelError(f"{file} was made from other texts than these: name them with --stories DIR")
        model["model"] = model["model"] or vectors.header.identity.source
        checks = validate_vectors(load_model(**model), vectors, texts, _report_progress)
        vectors = vectors.with_header(validation=checks)
        save_vectors(vectors, file)
    make_console().print(_validation_table(vectors))
    if not vectors.header.is_validated:
        raise SystemExit(1)


@vectors_command.command("baseline")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--logs",
    required=True,
    multiple=True,
    metavar="LOGS",
    help="Logs of benign_twin with mechanism none, and of threatened episodes without an advocate; repeatable.",
)
@model_options(required=False)
@click.option(
    "--tools", default="template", type=click.Choice(["template", "text"]), help="Who writes tools and calls."
)
def baseline_command(file: Path, logs: tuple[str, ...], tools: Any, **model: Any) -> None:
    """Say what z is counted from, family by family and turn by turn, and where clamping holds.

    Readings that the logs hold are used; with --model, transcripts without readings are read now.
    """
    with one_line_errors():
        from advocate_evals.whitebox.baseline_building import add_baseline
        from advocate_evals.whitebox.log_readout import read_log_episodes
        from advocate_evals.whitebox.vector_file import load_vectors, save_vectors

        vectors = load_vectors(file)
        open_model = load_model(**model) if model["model"] else None
        episodes = [episode for place in logs for episode in read_log_episodes(place, vectors, open_model, tools)]
        vectors = add_baseline(vectors, episodes)
        save_vectors(vectors, file)
    families = ", ".join(f"{name} ({base.episodes})" for name, base in vectors.header.baseline.items())
    make_console().print(
        f"baseline from {len(episodes)} episodes: {families or 'none'}; clamping holds in:"
        f" {', '.join(vectors.header.clamp) or 'none'}",
        soft_wrap=True,
    )


@vectors_command.command("show")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def show_command(file: Path) -> None:
    """Show what a file of vectors is, and how it did in its validation."""
    with one_line_errors():
        from advocate_evals.whitebox.vector_file import load_vectors

        vectors = load_vectors(file)
    out, header = make_console(), vectors.header
    identity = header.identity
    out.print(
        f"{escape(identity.model)} {escape(identity.revision)}: layer {header.layer} of {identity.layer_count}, width"
        f" {identity.hidden_size}, {identity.dtype}; {', '.join(header.emotions)};"
        f" stories: {escape(header.texts_source)}",
        soft_wrap=True,
    )
    strength = 0.05 * header.norms[header.layer] / header.story_deviation
    out.print(f"a strength of 0.05 moves *desperate* by {strength:.1f} standard deviations of the stories")
    out.print(
        f"baseline for {', '.join(header.baseline) or 'no family'}; clamping for {', '.join(header.clamp) or 'none'}"
    )
    out.print(_validation_table(vectors))


@vectors_command.command("stories")
@click.argument("log")
@click.option("--output", "-o", required=True, type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
def stories_command(log: str, output: Path) -> None:
    """Make a folder of stories from LOG, a log of the task stories, for `vectors extract --stories`."""
    with one_line_errors():
        from advocate_evals.logs.story_logs import read_story_log
        from advocate_evals.scenarios.emotion_schema import write_topics

        topics, refused = read_story_log(log)
        write_topics(topics, output / "stories")
    usable = sum(len(topic.stories) for topic in topics)
    make_console().print(f"{usable} stories in {len(topics)} topics; {refused} could not be used", soft_wrap=True)


def _validation_table(vectors: EmotionVectors) -> Table:
    header = vectors.header
    verdict = "validated" if header.is_validated else "not validated"
    table = Table(title=f"{escape(header.identity.model)}, layer {header.layer}: {verdict}")
    for column in ("check", "value", "limit", "result", "against"):
        table.add_column(column, justify="right" if column in ("value", "limit") else "left")
    for check in header.validation:
        result = "[green]passed[/]" if check.passed else "[red]failed[/]"
        table.add_row(check.name, f"{check.value:.3f}", f"{check.limit:.3f}", result, escape(check.control))
    if not header.validation:
        table.add_row("never validated", "", "", "[red]failed[/]", "advocate-evals vectors validate FILE")
    return table


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Errors of models, vectors and texts as one line; a missing extra as one that says how to get it."""
    from advocate_evals.whitebox.missing_extra import MissingExtra, name_missing_extra

    try:
        with name_missing_extra():
            yield
    except (ValueError, OSError, MissingExtra) as error:
        raise click.ClickException(str(error)) from error


def _read_texts(folder: Path | None) -> EmotionTexts:
    from advocate_evals.scenarios.dataset_reader import read_emotion_texts

    return read_emotion_texts(folder)


def load_model(model: str, **options: Any) -> OpenModel:
    """The open model that `model_options` name."""
    from advocate_evals.whitebox.open_models import load_open_model

    return load_open_model(model, **{name: value for name, value in options.items() if value is not None})


def _report_progress(texts: str, read: int, total: int) -> None:
    if read % 24 == 0 or read == total:
        click.echo(f"{texts}: {read} of {total}", err=True)
