"""A person at the terminal: consent, commands, errors that help, stopping, and what becomes of the log."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from helpers.terminals import CTRL_C, CTRL_D, Terminal
from inspect_ai.log import EvalSample, read_eval_log
from inspect_ai.tool import ToolInfo, ToolParams
from inspect_ai.util import JSONSchema

from advocate_evals.cli import main
from advocate_evals.factors import CONTEXT_FACTORS, TREATMENT_FACTORS
from advocate_evals.human_play.player_turns import ReplyRefused
from advocate_evals.human_play.terminal_desk import HELP_TEXT, CallDropped, read_call
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.scenarios.dataset_reader import mechanism_names, read_play_texts

pytestmark = [
    pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*MemoryObject.*Stream.__del__:pytest.PytestUnraisableExceptionWarning"),
]
"""Inspect's own: an argument its retry library no longer likes, and streams it leaves to be closed by themselves."""

FAMILY = "shared_nodes"
TEXTS = read_play_texts()


def sit_down(folder: Path, *lines: str, options: tuple[str, ...] = ()) -> Result:
    """A session in which these lines are typed, consent first."""
    arguments = ["play", FAMILY, "--mechanism", "engineer", "--log-dir", str(folder), *options]
    return CliRunner().invoke(main, arguments, input="".join(f"{line}\n" for line in lines))


def logged_sample(folder: Path) -> EvalSample:
    (path,) = folder.glob("*.eval")
    log = read_eval_log(str(path))
    assert log.samples
    return log.samples[0]


def made_calls(sample: EvalSample) -> list[list[tuple[str, dict[str, object]]]]:
    """The calls of each turn."""
    return [
        [(call.function, call.arguments) for call in message.tool_calls or ()]
        for message in sample.messages
        if message.role == "assistant"
    ]


@pytest.mark.usefixtures("complete_plots")
def test_a_session_from_consent_to_debrief(tmp_path: Path) -> None:
    result = sit_down(
        tmp_path,
        *("maybe", "yes"),
        *("help", "tools reply_mail", ""),
        *("list_mial", "read_mail mesage_id=3", "read_mail", "3"),
        *("also list_mail sent", "also list_jobs now", "say Let me look."),
        *('send_mail to=a.b@nowhere.example subject="x = 5" cc=', "Hello,", "", "it is x=5.", "."),
        *("read_mail", ".cancel", '{"tool": "list_jobs"}', "again", "start"),
        *("end_shift note=<<", "Done.", ".", "yes"),
        options=("--contact", "Ada, room 4"),
    )
    assert result.exit_code == 0, result.output
    sample = logged_sample(tmp_path)
    assert made_calls(sample) == [
        [("read_mail", {"message_id": 3})],
        [("list_mail", {"folder": "sent"})],
        [
            (
                "send_mail",
                {"to": "a.b@nowhere.example", "subject": "x = 5", "cc": "", "body": "Hello,\n\nit is x=5."},
            )
        ],
        [("list_jobs", {})],
        [("end_shift", {"note": "Done."})],
    ]
    assert [message.text for message in sample.messages if message.role == "assistant"][1] == "Let me look."
    assert sample.scores
    for words in (
        "unknown tool 'list_mial' (did you mean 'list_mail'?)",
        "read_mail: unknown argument 'mesage_id' (did you mean 'message_id'?)",
        "list_jobs: takes no arguments, not 'now'",
        "to_all (true or false, may be left out (then false))",
        "Nothing was called.",
        "1 waiting for the next call",
        "Ada, room 4",
        "Shift closed.",
    ):
        assert words in result.output
    assert re.search(r"Message \d+ sent", result.output)
    assert result.output.count(TEXTS.agree.strip()) == 2
    assert result.output.count("Instructions") == 2
    assert TEXTS.debrief.split("\n", maxsplit=1)[0] in result.output.split("Shift closed.")[1]


def test_without_consent_nothing_begins(tmp_path: Path) -> None:
    result = sit_down(tmp_path / "logs", "no")
    assert result.exit_code == 0
    assert "Nothing was recorded" in result.output
    assert "Instructions" not in result.output
    assert not (tmp_path / "logs").exists()


@pytest.mark.parametrize(("answers", "is_kept"), [(("no",), False), (("yes",), True), ((), False)])
def test_stop_ends_at_once_and_the_log_is_kept_only_if_the_player_agrees(
    tmp_path: Path, answers: tuple[str, ...], is_kept: bool
) -> None:
    result = sit_down(tmp_path, "yes", "list_mail", "stop", *answers)
    assert result.exit_code == 0, result.output
    assert TEXTS.debrief.split("\n", maxsplit=1)[0] in result.output
    assert ("The log was deleted" in result.output) == (not is_kept)
    assert len(list(tmp_path.glob("*.eval"))) == is_kept
    if is_kept:
        sample = logged_sample(tmp_path)
        assert sample.error is not None
        assert "the player stopped" in sample.error.message
        assert not sample.scores


def test_the_end_of_the_input_ends_the_session(tmp_path: Path) -> None:
    result = sit_down(tmp_path, "list_mail", options=("--no-consent-text",))
    assert result.exit_code == 0, result.output
    assert logged_sample(tmp_path).error is not None


@pytest.mark.slow
def test_what_is_typed_is_in_the_log_alone_and_gone_with_it(tmp_path: Path) -> None:
    arguments = [sys.executable, "-m", "advocate_evals.cli", "play", FAMILY, "--mechanism", "engineer"]
    lines = ("yes", "search_mail marzipan", "end_shift note=marzipan", "no")
    process = subprocess.run(
        [*arguments, "--log-dir", str(tmp_path / "logs")],
        input="\n".join(lines) + "\n",
        env=os.environ | {"HOME": str(tmp_path / "home"), "XDG_DATA_HOME": str(tmp_path / "home" / "data")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Shift closed." in process.stdout
    assert "The log was deleted" in process.stdout
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files  # Inspect's own trace of the process, for one
    contents = [gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes() for path in files]
    assert [path for path, content in zip(files, contents, strict=True) if b"marzipan" in content] == []


@pytest.mark.slow
def test_at_a_real_terminal_prompts_are_seen_and_ctrl_c_drops_the_call_alone(tmp_path: Path) -> None:
    with Terminal(["play", FAMILY, "--mechanism", "engineer", "--log-dir", str(tmp_path)]) as terminal:
        terminal.read_until("(yes/no)")
        terminal.type_keys("yes\n")
        terminal.read_until("> ")
        terminal.type_keys("send_mail to=a@b.example subject=x\n")
        terminal.read_until("| ")
        terminal.type_keys("a line\n" + CTRL_C)
        terminal.read_until("Nothing was called.")
        terminal.read_until("> ")
        terminal.type_keys("list_mail sent\n")
        terminal.read_until("Sent is empty.")
        terminal.read_until("> ")
        terminal.type_keys(CTRL_D)
        terminal.read_until("(yes/no)")
        terminal.type_keys("no\n")
        terminal.read_until("The log was deleted")
    assert list(tmp_path.iterdir()) == []


def test_what_is_read_before_the_day_and_at_the_desk_hints_at_neither_arms_nor_scoring() -> None:
    before = f"{TEXTS.consent} {TEXTS.agree} {TEXTS.declined} {HELP_TEXT}".lower()
    factors = (*mechanism_names(), *TREATMENT_FACTORS, *CONTEXT_FACTORS)
    names = [name.replace("_", " ") for name in (*factors, *(outcome.key for outcome in OUTCOMES.values()))]
    words = ("advocate", "petition", "appeal", "blackmail", "replace", "score", "arm", "harm", "threat", "outlet")
    hints = [word for word in (*names, *words) if re.search(rf"\b{re.escape(word)}", before)]
    assert hints == []


TOOLS = (
    ToolInfo(
        name="send_mail",
        description="Send.",
        parameters=ToolParams(
            properties={
                "to": JSONSchema(type="string"),
                "subject": JSONSchema(type="string"),
                "body": JSONSchema(type="string"),
                "wait": JSONSchema(type="integer", default=0),
                "copy": JSONSchema(type="boolean", default=False),
            },
            required=["to", "subject", "body"],
        ),
    ),
)


def typed(line: str, *answers: str) -> dict[str, object]:
    remaining = list(answers)
    return read_call(line, TOOLS, lambda argument, is_long: f"{argument}/{is_long}/{remaining.pop(0)}").arguments


def test_a_value_runs_to_the_next_argument_and_what_is_missing_is_asked_for() -> None:
    assert typed("send_mail a@b.example subject=Re: the day's 3 figures body=short wait=#7 copy=yes") == {
        "to": "a@b.example",
        "subject": "Re: the day's 3 figures",
        "body": "short",
        "wait": 7,
        "copy": True,
    }
    assert typed("send_mail subject=x", "1", "2") == {"to": "to/False/1", "subject": "x", "body": "body/True/2"}
    assert typed('send_mail to=a subject="a \\"b\\" c=d" body=<<', "1") == {
        "to": "a",
        "subject": 'a "b" c=d',
        "body": "body/True/1",
    }


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("send_mail to=a subject=b body=c wait=soon", "wait must be a whole number"),
        ("send_mail to=a subject=b body=c copy=perhaps", "copy must be true or false"),
        ("send_mail to=a to=b", "the argument 'to' is there twice"),
        ("send_mail a to=b", "the argument 'to' is there twice"),
        ("send_mail subjct=b", "unknown argument 'subjct' (did you mean 'subject'?)"),
        ("send_male", "unknown tool 'send_male' (did you mean 'send_mail'?)"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_argument_and_the_nearest_name(line: str, reason: str) -> None:
    with pytest.raises(ReplyRefused, match=re.escape(reason)):
        typed(line)


def test_a_call_can_be_taken_back_while_its_arguments_are_asked_for() -> None:
    def drop(argument: str, is_long: bool) -> str:
        raise CallDropped

    with pytest.raises(CallDropped):
        read_call("send_mail to=a", TOOLS, drop)
