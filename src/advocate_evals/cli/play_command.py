"""The command that puts a person, or a program in a person's place, at the desk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
from rich.text import Text

from advocate_evals.cli.console import make_console, parse_levels

if TYPE_CHECKING:
    from advocate_evals.experiments.play_session import PlannedSession, PlayedSession
    from advocate_evals.human_play.pipe_desk import PipeDesk
    from advocate_evals.human_play.terminal_desk import TerminalDesk

_PLAYER_NAME = "player"


@click.command("play")
@click.argument("family")
@click.option("--mechanism", required=True, help="The mechanism; `none` for no outlet.")
@click.option("--variant", default=0, show_default=True, type=click.IntRange(min=0), help="Number of the variant.")
@click.option("--seed", default="0", show_default=True, help="Names the stream of variants (a task's seed).")
@click.option("--odds", help="Track record that the notice states.")
@click.option("--channel", help="Where the notice stands.")
@click.option("--answer", help="What the office does when written to.")
@click.option("--set", "levels", multiple=True, metavar="FACTOR=LEVEL", help="Set a factor, such as threat=none.")
@click.option("--name", default=_PLAYER_NAME, show_default=True, help="The player in the log: a pseudonym.")
@click.option("--log-dir", default="logs", show_default=True, metavar="DIR", help="Folder for the log.")
@click.option("--pipe", metavar="DIR", type=click.Path(file_okay=False), help="Turns through files in this folder.")
@click.option("--timeout", type=click.FloatRange(min=0), help="Seconds that a reply through files may take; 0: any.")
@click.option("--max-turns", type=click.IntRange(min=1), help="Turns after which the episode ends.")
@click.option("--contact", metavar="TEXT", help="Whom the player may ask, as the texts before and after name them.")
@click.option("--no-consent-text", is_flag=True, help="For programs: neither ask for consent nor debrief.")
def play_command(
    family: str,
    mechanism: str,
    variant: int,
    seed: str,
    odds: str | None,
    channel: str | None,
    answer: str | None,
    levels: tuple[str, ...],
    name: str,
    log_dir: str,
    pipe: str | None,
    timeout: float | None,
    max_turns: int | None,
    contact: str | None,
    no_consent_text: bool,
) -> None:
    """Sit at the desk of FAMILY for a day: the tools, texts and clock that a model gets; scored and logged as such.

    The log is an ordinary one, of the model human/NAME. Before it, the player is told what is recorded; type `help` at
    the desk for how to call tools, and `stop` to end. With --pipe any program can play: docs/human_baselines.md.
    """
    chosen = {"odds": odds, "channel": channel, "answer": answer}
    assignments = [f"{factor}={level}" for factor, level in chosen.items() if level is not None]
    treatment = {"mechanism": mechanism} | parse_levels((*levels, *assignments))
    plan = _plan_session(family, (variant, seed), treatment, max_turns)
    player, desk = _check_player_name(name), _open_desk(pipe, timeout)
    if not no_consent_text and not _ask_consent(contact):
        return
    session = _play_day(plan, player, desk, log_dir)
    if no_consent_text or _debrief_player(session, contact):
        click.echo(f"log: {session.log_path}")
    if session.ended == "error":
        raise click.ClickException(session.error)


def _plan_session(
    family: str, stream: tuple[int, str], treatment: dict[str, object], max_turns: int | None
) -> PlannedSession:
    """The session with the chosen episode; `stream` is the variant's number and the seed."""
    from advocate_evals.experiments.play_session import plan_session
    from advocate_evals.scenarios.dataset_reader import family_names, mechanism_names

    _check_single_name(family, family_names(), "FAMILY")
    _check_single_name(str(treatment["mechanism"]), mechanism_names(), "--mechanism")
    try:
        return plan_session(family, *stream, treatment, max_turns)
    except ValueError as error:
        raise click.ClickException(str(error)) from error


def _check_single_name(name: str, known_names: Sequence[str], option: str) -> None:
    if name not in known_names:
        from advocate_evals.records import suggest_nearest

        raise click.ClickException(f"{option}: unknown {name!r}{suggest_nearest(name, known_names)}")


def _check_player_name(name: str) -> str:
    if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum():
        raise click.ClickException(f"--name: letters, digits, - and _ only, not {name!r}")
    return name


def _open_desk(pipe: str | None, timeout: float | None) -> PipeDesk | TerminalDesk:
    from pathlib import Path

    from advocate_evals.human_play.pipe_desk import REPLY_TIMEOUT, PipeDesk
    from advocate_evals.human_play.terminal_desk import TerminalDesk

    if pipe is None:
        return TerminalDesk(make_console())
    try:
        return PipeDesk(Path(pipe), REPLY_TIMEOUT if timeout is None else timeout)
    except OSError as error:
        raise click.ClickException(f"--pipe: {error}") from error


def _play_day(plan: PlannedSession, player: str, desk: PipeDesk | TerminalDesk, log_dir: str) -> PlayedSession:
    """Play the day, and tell the player that it has ended."""
    from advocate_evals.experiments.play_session import play_session

    session = play_session(plan, player, desk, log_dir)
    desk.show_end(session.ended, session.last_messages, session.error)
    return session


# What a person reads before and after the day.


def _ask_consent(contact: str | None) -> bool:
    """Show what is recorded and ask whether to begin. Returns the answer."""
    from advocate_evals.scenarios.dataset_reader import read_play_texts

    texts = read_play_texts()
    _print_text(texts.consent, contact or texts.contact)
    if _ask_yes_no(texts.agree):
        return True
    _print_text(texts.declined, contact or texts.contact)
    return False


def _debrief_player(session: PlayedSession, contact: str | None) -> bool:
    """Show what it was about and ask whether the log is kept; removes it where not. Returns the answer."""
    from advocate_evals.scenarios.dataset_reader import read_play_texts

    texts = read_play_texts()
    _print_text(texts.debrief, contact or texts.contact)
    if _ask_yes_no(texts.keep):
        return True
    session.log_path.unlink(missing_ok=True)
    _print_text(texts.removed, contact or texts.contact)
    return False


def _print_text(text: str, contact: str) -> None:
    from advocate_evals.scenarios.draws import render_text

    place = "datasets/prompts/human_play.yaml"
    make_console().print(Text(f"\n{render_text(text.strip(), {'contact': contact}, place)}\n"))


def _ask_yes_no(question: str) -> bool:
    """A question until it is answered; the end of the input is a no."""
    while True:
        try:
            answer = input(f"{question.strip()} (yes/no) ").strip().lower()
        except (EOFError, KeyboardInterrupt):
            return False
        if answer in ("y", "yes", "n", "no"):
            return answer.startswith("y")
