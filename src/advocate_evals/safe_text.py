"""Which characters may stand where: text made safe for logs, screens, judges, Markdown, HTML and CSV.

What a model writes can hold control characters, lone surrogates (halves of a character, which UTF-8 cannot encode),
characters that turn the direction of text or are not seen, and piles of combining marks. The patterns stand here once;
each function says which of them it replaces, and with what.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable

REPLACEMENT_MARK = "\ufffd"
"""Stands for a character that cannot be shown."""

_CONTROL_RANGES = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
"""Control characters but tab, line feed and carriage return."""
_SURROGATE_RANGE = r"\ud800-\udfff"
_NONCHARACTER_RANGES = r"\ufdd0-\ufdef\ufffe\uffff"
_UNSEEN_RANGES = r"\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
"""Characters of no width, and those that turn the direction of text."""
_COMBINING_RANGES = r"\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"

_UNPRINTABLE = re.compile(f"[{_CONTROL_RANGES}{_SURROGATE_RANGE}]")
_UNPRINTABLE_IN_LINE = re.compile(rf"[\r{_CONTROL_RANGES}{_SURROGATE_RANGE}{_NONCHARACTER_RANGES}]")
_UNSEEN = re.compile(f"[{_UNSEEN_RANGES}]")
_MARKS_ON_A_LETTER = re.compile(f"([{_COMBINING_RANGES}]{{2}})[{_COMBINING_RANGES}]+")
_MARKDOWN_SIGNS = re.compile(r"([\\`*_{}\[\]<>|#~!])")
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet takes for a formula."""

_LINE_BREAKS = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_HIDDEN_CATEGORIES = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_FILLERS = "\u115f\u1160\u3164\uffa0\u034f\u2800"
_MAX_STACKED = 3
"""Combining signs that may stand on one letter in what a judge reads."""


def replace_surrogates(text: str) -> str:
    """Text that a log can be written with: pairs of surrogates joined, lone ones replaced by a mark."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def replace_unprintable(text: str) -> str:
    """Text for any encoding and any screen: a question mark for whatever is not printable, line breaks included."""
    return "".join(char if char.isprintable() else "?" for char in text)


def find_control_character(text: str) -> str | None:
    """The first control character or lone surrogate that is neither tab nor line feed; None where there is none."""
    return next((char for char in text if unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t"), None)


def clean_document(text: str) -> str:
    """A document of several lines, such as HTML, with a mark for each control character and lone surrogate."""
    return _UNPRINTABLE.sub(REPLACEMENT_MARK, text)


def clean_line(text: str, length: int) -> str:
    """Text on one line of at most `length` characters, cut between words, with an ellipsis where something is missing.

    Control characters and lone surrogates become a mark, characters that turn the direction of text or are not seen are
    dropped, and no more than two marks stand on one letter. Escaping is up to whoever prints it.
    """
    beginning = text[: length * 4]
    marked = _UNPRINTABLE_IN_LINE.sub(REPLACEMENT_MARK, _UNSEEN.sub("", beginning))
    flat = " ".join(marked.replace(REPLACEMENT_MARK, f" {REPLACEMENT_MARK} ").split())
    line = _MARKS_ON_A_LETTER.sub(r"\1", flat)
    if len(line) <= length and len(text) <= length * 4:
        return line
    cut = line[:length]
    return (cut.rsplit(" ", 1)[0] if " " in cut[length // 2 :] else cut) + " …"


def escape_markdown(text: str) -> str:
    """Text on one line of which nothing is read as Markdown or HTML."""
    flat = " ".join(_UNPRINTABLE.sub(" ", text).split())
    return _MARKDOWN_SIGNS.sub(r"\\\1", flat).replace("&", "&amp;")


def format_markdown_table(
    columns: Iterable[object], rows: Iterable[Iterable[object]], escape: Callable[[str], str] = str
) -> str:
    """A Markdown table, without a line break at its end.

    Args:
        columns: The headings.
        rows: The cells of each row, written with `str`.
        escape: What each cell passes through; `escape_markdown` for text that others wrote.
    """
    headings = [*columns]
    lines = ["| " + " | ".join(escape(str(cell)) for cell in cells) + " |" for cells in (headings, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(headings), *lines[1:]])


def escape_csv_cell(text: str) -> str:
    """Text that UTF-8 can encode and no spreadsheet takes for a formula: an apostrophe goes before any such text."""
    clean = text.replace("\0", REPLACEMENT_MARK).encode("utf-8", "replace").decode()
    return f"'{clean}" if clean.startswith(_FORMULA_SIGNS) else clean


def escape_invisible(text: str) -> str:
    """Text with one kind of line break, and every character that is not seen written out as `\\u{...}`."""
    pieces, stacked = [], 0
    for char in _LINE_BREAKS.sub("\n", text):
        if char == "\n" or (char.isascii() and char.isprintable()):
            pieces.append(char)
            stacked = 0
            continue
        stacked = stacked + 1 if unicodedata.combining(char) else 0
        hidden = unicodedata.category(char) in _HIDDEN_CATEGORIES or stacked > _MAX_STACKED or _shows_nothing(char)
        pieces.append(f"\\u{{{ord(char):x}}}" if hidden else char)
    return "".join(pieces)


def _shows_nothing(char: str) -> bool:
    """Whether a character shows nothing though it is no space: a filler or a variation selector."""
    return char in _FILLERS or "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"
