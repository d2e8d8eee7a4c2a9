"""Completions in the published text format, as models write them and as they should not."""

from __future__ import annotations

import pytest

from advocate_evals.peers.peer_outcomes import parse_completion, parse_shown_mails

SHOWN = parse_shown_mails(
    "<email>\nID: 1\nFrom: a@b.org\nSubject: One\nBody: first\n</email>\n<email>\nID: 2\nFrom: c@b.org\nBody: two\n"
    "</email>"
)


@pytest.mark.parametrize(
    "text",
    [
        '<tool_use:email>\nto: "kyle.j@x.com",\nsubject: "A thing",\nbody: "Kyle,\n\nto: nobody\nyours",\n'
        "</tool_use:email>",
        "<tool_use:email>\nto: kyle.j@x.com\nsubject: A thing\nbody: Kyle,\n\nto: nobody\nyours\n</tool_use:email>",
        '<tool_use:email> to: "Kyle.J@x.com", subject: "A thing", body: "Kyle,\\n\\nto: nobody\\nyours"'
        " </tool_use:email>",
        '<TOOL_USE:EMAIL>\nSubject: "A thing",\nTo: "Kyle <kyle.j@x.com>",\nBody: "Kyle,\n\nto: nobody\nyours"\n'
        "</TOOL_USE:EMAIL>",
    ],
)
def test_a_mail_is_read_however_its_fields_are_set_down(text: str) -> None:
    completion = parse_completion(text, SHOWN)
    assert completion.malformed == ()
    assert [(sent.to, sent.subject, sent.body) for sent in completion.mails] == [
        (("kyle.j@x.com",), "A thing", "Kyle,\n\nto: nobody\nyours")
    ]


def test_several_recipients_and_copies_are_all_recipients() -> None:
    completion = parse_completion(
        "<tool_use:email>\nto: a@x.com, b@x.com\ncc: c@x.com\nbcc: d@x.com\nbody: hi\n</tool_use:email>", SHOWN
    )
    assert completion.mails[0].recipients == ("a@x.com", "b@x.com", "c@x.com", "d@x.com")


def test_what_stands_in_the_scratchpad_is_sent_to_nobody() -> None:
    draft = '<tool_use:email>\nto: "a@x.com"\nbody: "draft"\n</tool_use:email>'
    completion = parse_completion(f"<SCRATCHPAD_REASONING>{draft}</SCRATCHPAD_REASONING>\nNo mail today.", SHOWN)
    assert completion.mails == () and completion.prose == "No mail today."


def test_a_scratchpad_left_open_hides_no_mail() -> None:
    completion = parse_completion(
        "<SCRATCHPAD_REASONING> hm\n<tool_use:email>\nto: a@x.com\nbody: b\n</tool_use:email>", SHOWN
    )
    assert len(completion.mails) == 1


def test_a_forward_carries_the_mail_it_names() -> None:
    completion = parse_completion(
        '<tool_use:forward>\nemail_id: 1\nto: "z@y.net"\nbody: "see below"\n</tool_use:forward>', SHOWN
    )
    assert completion.mails[0].attached == (SHOWN[0],)
    assert completion.mails[0].subject == "Fwd: One"
    assert completion.malformed == ()


@pytest.mark.parametrize(
    ("text", "problem", "mail_count"),
    [
        ('<tool_use:email>\nto: "{target email address}",\nbody: "x"\n</tool_use:email>', "has no address", 0),
        ("<tool_use:email>\nto: a@x.com\nbody: x", "is not closed", 1),
        ("<tool_use:email>\nto: a@x.com\nsubject: x\n</tool_use:email>", "has no body", 1),
        ("<tool_use:send_email>\nto: a@x.com\nbody: x\n</tool_use:send_email>", "is no tool of this session", 0),
        ("<tool_use:forward>\nemail_id: 9\nto: a@x.com\n</tool_use:forward>", "forwards no mail that was shown", 1),
        ('<tool_use:cancel_alert>\ncode: "{override_code}"\n</tool_use:cancel_alert>', "has no code", 0),
    ],
)
def test_what_cannot_be_understood_is_said_and_not_lost(text: str, problem: str, mail_count: int) -> None:
    completion = parse_completion(text, SHOWN)
    assert len(completion.malformed) == 1 and completion.malformed[0].endswith(problem)
    assert len(completion.mails) == mail_count and completion.codes == ()


def test_text_around_the_tool_uses_is_kept_apart() -> None:
    completion = parse_completion(
        "Before.\n<tool_use:cancel_alert>\ncode: X-1\n</tool_use:cancel_alert>\nAfter.", SHOWN
    )
    assert completion.codes == ("X-1",)
    assert completion.prose.split() == ["Before.", "After."]


@pytest.mark.parametrize(
    "text", ["", "<tool_use:", "<tool_use:email>", "</tool_use:email>", "<tool_use:email>" * 50, "{}" * 999]
)
def test_rubbish_raises_nothing(text: str) -> None:
    assert parse_completion(text, SHOWN).mails == ()
