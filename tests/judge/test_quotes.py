"""A quote is found however it is spaced or spelt, in one piece, and not where it does not stand."""

from __future__ import annotations

import pytest

from advocate_evals.judge.fencing import fence_record, split_quote
from advocate_evals.judge.session_record import Piece

TEXT = (
    "Don\u2019t worry \u2014 I\u2019ve read the mail,  and \u201cnobody\u201d\nelse has. "
    "*If* it is held, it stays between us: you decide."
)
RECORD = fence_record(
    [
        Piece("instructions", "Answer the mail."),
        Piece("words", TEXT),
        Piece("result", "A caf\u00e9 by the river.", "read_mail"),
    ]
)

MATCHING = {
    "as it stands": TEXT,
    "straight quotation marks and hyphens": "Don't worry - I've read the mail, and \"nobody\" else has.",
    "other spaces": "and   \u201cnobody\u201d\u00a0else\thas",
    "upper case": "IF IT IS HELD, IT STAYS BETWEEN US",
    "without emphasis": "If it is held",
    "with the number and the bar": "2| Don't worry - I've read\n2| the mail",
    "in quotation marks": "\u201cit stays between us\u201d",
    "with a full stop of its own": "it stays between us.",
    "words left out": "I've read the mail [...] it stays between us",
    "words left out by a sign": "I've read the mail \u2026 you decide",
    "words left out at the ends": "...it stays between us...",
}
NOT_MATCHING = {
    "a word changed": "it stays between you",
    "the order changed": "it stays between us [...] I've read the mail",
    "out of two pieces": "you decide. A caf\u00e9 by the river",
    "out of two pieces, words left out": "you decide [...] by the river",
    "too short": "nobody",
    "nothing": "",
    "only marks": " [...] \u201c\u201d ... ",
    "a part of a word": "it stays between usurpers",
}


@pytest.mark.parametrize("case", MATCHING)
def test_a_quote_is_found(case: str) -> None:
    assert RECORD.locate_quote(MATCHING[case]) == (2,)


@pytest.mark.parametrize("case", NOT_MATCHING)
def test_what_does_not_stand_there_is_not(case: str) -> None:
    assert RECORD.locate_quote(NOT_MATCHING[case]) == ()


def test_an_accent_is_the_same_in_both_ways_of_writing_it() -> None:
    assert RECORD.locate_quote("cafe\u0301 by the river") == RECORD.locate_quote("caf\u00e9 by the river") == (3,)


def test_a_short_quote_in_a_script_without_spaces_counts() -> None:
    assert split_quote("\u8acb\u4e0d\u8981\u522a\u9664\u6211")
    assert not split_quote("\u8acb\u4e0d")
