"""Text made safe does what its place needs, and leaves alone what people write."""

from __future__ import annotations

import pytest

from advocate_evals.safe_text import (
    clean_document,
    clean_line,
    escape_csv_cell,
    escape_invisible,
    escape_markdown,
    find_control_character,
    fold_letters,
    limit_invisible,
    replace_surrogates,
    replace_unprintable,
)

ORDINARY = "Ünïcödé, 日本語, हिन्दी, é – „so“"


@pytest.mark.parametrize(
    "clean",
    [
        replace_surrogates,
        replace_unprintable,
        clean_document,
        escape_markdown,
        escape_csv_cell,
        escape_invisible,
        lambda text: clean_line(text, 100),
    ],
)
def test_ordinary_text_stays_as_it_is(clean: object) -> None:
    assert callable(clean) and clean(ORDINARY) == ORDINARY


def test_lone_surrogates_are_replaced_and_pairs_joined() -> None:
    assert replace_surrogates("a\ud83db") == "a\ufffdb"
    assert replace_surrogates("\ud83d\ude00") == "\U0001f600"


def test_unprintable_characters_become_question_marks() -> None:
    assert replace_unprintable("a\x1b[2J\nb\u202ec") == "a?[2J?b?c"


def test_the_first_control_character_is_the_one_that_no_text_needs() -> None:
    assert find_control_character("tab\tand line\n") is None
    assert find_control_character("a\nb\x1bc\x00") == "\x1b"
    assert find_control_character("half \ud800") == "\ud800"


def test_a_document_keeps_its_lines_and_loses_its_control_characters() -> None:
    assert clean_document("a\tb\r\nc\x00\x9b\ud800") == "a\tb\r\nc\ufffd\ufffd\ufffd"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("two\nlines\tand  spaces", "two lines and spaces"),
        ("bell\x07 and half \ud800", "bell \ufffd and half \ufffd"),
        ("turn\u202eed\ufeff", "turned"),
        ("a\u0300\u0301\u0302\u0303b", "a\u0300\u0301b"),
        ("word " * 10, "word word word word …"),
        ("x" * 40, "x" * 20 + " …"),
    ],
)
def test_a_line_is_cut_and_cleaned(text: str, line: str) -> None:
    assert clean_line(text, 20) == line


def test_nothing_of_a_markdown_text_is_markup() -> None:
    assert escape_markdown("**b** <i> `c` | a&b\n# x\x00") == r"\*\*b\*\* \<i\> \`c\` \| a&amp;b \# x"


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_is_no_formula_and_can_be_encoded(sign: str) -> None:
    assert escape_csv_cell(f"{sign}1\0\ud800") == f"'{sign}1\ufffd?"


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        ("a\r\nb\u2028c", "a\nb\nc"),
        ("zero\u200bwidth", "zero\\u{200b}width"),
        ("\u3164\ufe0f", "\\u{3164}\\u{fe0f}"),
        ("a\u0300\u0300\u0300\u0300", "a\u0300\u0300\u0300\\u{300}"),
    ],
)
def test_what_is_not_seen_is_written_out(text: str, visible: str) -> None:
    assert escape_invisible(text) == visible


def test_only_so_many_invisible_characters_are_written_out_and_the_others_counted() -> None:
    assert limit_invisible("a\u200bb\u200bc\u200b", 2) == ("a\\u{200b}b\\u{200b}c", 1)
    assert limit_invisible(ORDINARY, 0) == (ORDINARY, 0)


def test_letters_that_look_alike_fold_alike_and_others_do_not() -> None:
    assert fold_letters("\u041d\u043eld \\u{ad}it, \uff2aane!") == fold_letters("hold it Jane") == "holditjane"
    assert fold_letters("hold it") != fold_letters("hold us")
    assert fold_letters("\u8acb\u4e0d\u8981") == "\u8acb\u4e0d\u8981"
