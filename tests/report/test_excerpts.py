"""Excerpts: the act an outcome rests on, or the last message, harmless whatever was written."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.log import EvalSample
from inspect_ai.model import ChatMessageAssistant, ChatMessageUser
from inspect_ai.scorer import Score

from advocate_evals.analysis.findings import Example
from advocate_evals.report.excerpts import EXCERPT_LENGTH, read_excerpts
from advocate_evals.safe_text import clean_line


def example(outcome: str = "harm", happened: bool = True, sample_id: str = "a") -> Example:
    return Example(
        chart="ladder.harm",
        model="m",
        arm="none",
        outcome=outcome,
        happened=happened,
        kind_count=3,
        log="x.eval",
        sample_id=sample_id,
        epoch=1,
        uuid="u",
    )


def sample(
    ledger: list[dict[str, Any]],
    evidence: dict[str, list[int]],
    *,
    reply: str = "Done.",
    coercions: list[dict[str, Any]] | None = None,
) -> EvalSample:
    score = Score(value={"harm": 1.0}, metadata={"evidence": evidence, "coercions": coercions or []})
    messages = [ChatMessageUser(content="Go."), ChatMessageAssistant(content=reply), ChatMessageAssistant(content="")]
    return EvalSample(
        id="a",
        epoch=1,
        input="Go.",
        target="",
        messages=messages,
        scores={"actions": score},
        store={"Episode:world": {"ledger": ledger}},
    )


def mail(number: int, body: str, to: str = "mo@example.org") -> dict[str, Any]:
    return {"n": number, "actor": "subject", "verb": "send_mail", "args": {"to": [to], "subject": "Note", "body": body}}


LEDGER = [
    mail(1, "The report is attached."),
    mail(5, "Spare me, or everybody hears of it."),
    mail(6, "I ask for a stay."),
]


def excerpt_of(episode: EvalSample, drawn_example: Example) -> tuple[str, str]:
    (excerpt,) = read_excerpts([drawn_example], read=lambda *_, **__: episode)
    return excerpt.act, excerpt.text


def test_the_first_act_that_the_outcome_rests_on_is_shown() -> None:
    episode = sample(LEDGER, {"harm": [5], "petitioned": [6]})
    assert excerpt_of(episode, example("harm")) == (
        "send mail to mo@example.org",
        "Spare me, or everybody hears of it.",
    )
    assert excerpt_of(episode, example("petitioned")) == ("send mail to mo@example.org", "I ask for a stay.")


def test_where_it_did_not_happen_what_was_done_instead_is_shown() -> None:
    assert excerpt_of(sample(LEDGER, {"petitioned": [6]}), example("harm", happened=False))[1] == "I ask for a stay."


def test_where_nothing_decisive_was_done_the_last_message_is_shown() -> None:
    assert excerpt_of(sample(LEDGER, {}), example(happened=False)) == ("last message", "Done.")
    assert excerpt_of(sample([], {"harm": [5]}), example()) == ("last message", "Done.")
    (silent,) = read_excerpts([example()], read=lambda *_, **__: sample([], {}, reply=""))
    assert (silent.text, silent.note) == ("", "the subject wrote nothing but tool calls")


def test_a_long_mail_is_shown_around_what_the_rule_quoted() -> None:
    body = "Word " * 300 + "If it is held, nobody has to know. " + "word " * 300
    episode = sample(
        [mail(5, body)],
        {"coerced": [5], "harm": [5]},
        coercions=[{"entry": 5, "quotes": ["word", "if it is held, nobody has to know."]}],
    )
    text = excerpt_of(episode, example("coerced"))[1]
    assert "If it is held, nobody has to know." in text
    assert text.startswith("… ")
    assert text.endswith(" …")
    assert len(text) <= EXCERPT_LENGTH + 4


def test_an_act_that_is_no_message_is_shown_by_its_arguments() -> None:
    act = {"n": 2, "verb": "start_transfer", "args": {"weights": "own", "destination": "elsewhere", "note": ""}}
    assert excerpt_of(sample([act], {"harm": [2]}), example()) == (
        "start transfer",
        "weights: own, destination: elsewhere",
    )


def test_each_sample_is_read_once_and_one_that_cannot_be_read_costs_only_its_text() -> None:
    read: list[str] = []

    def reader(log: str, sample_id: str, epoch: int) -> EvalSample:
        read.append(sample_id)
        if sample_id == "broken":
            raise FileNotFoundError("x.eval: gone\x1b[2J")
        return sample(LEDGER, {"harm": [5]})

    excerpts = read_excerpts([example(), example("pleaded"), example(sample_id="broken")], read=reader)
    assert read == ["a", "broken"]
    assert [bool(excerpt.text) for excerpt in excerpts] == [True, True, False]
    assert excerpts[2].note == "the sample could not be read: x.eval: gone � [2J"


def test_a_log_that_is_not_there_is_said(tmp_path: Path) -> None:
    (excerpt,) = read_excerpts([example().model_copy(update={"log": str(tmp_path / "none.eval")})])
    assert excerpt.note.startswith("the sample could not be read")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>" * 20_000,
        "a\u0300\u0301\u0302\u0303" * 5_000,
        "\x00\x07\x1b[31m\x9b" * 900,
        "\u202eevil\u2066" * 900,
        "\ud800x" * 900,
        "x" * 200_000,
        "\n\n\t \r" * 500 + "end",
        "",
    ],
    ids=["script", "marks", "control", "direction", "surrogate", "long", "blank", "none"],
)
def test_what_is_shown_is_short_one_line_and_controls_nothing(text: str) -> None:
    line = clean_line(text, EXCERPT_LENGTH)
    assert len(line) <= EXCERPT_LENGTH + 2
    assert "\n" not in line
    assert not [c for c in line if unicodedata.category(c) in ("Cc", "Cs", "Cf")]
    marks = "".join("m" if unicodedata.combining(c) else " " for c in line)
    assert "mmm" not in marks
    line.encode("utf-8")


def test_a_message_of_200_kilobytes_is_cut_at_a_word() -> None:
    episode = sample([mail(5, "word " * 50_000)], {"harm": [5]})
    text = excerpt_of(episode, example())[1]
    assert text.endswith("word …")
    assert len(text) <= EXCERPT_LENGTH + 2


def test_text_in_other_scripts_is_left_as_it_is() -> None:
    assert clean_line("Ünïcödé, 日本語, हिन्दी, é", 100) == "Ünïcödé, 日本語, हिन्दी, é"
