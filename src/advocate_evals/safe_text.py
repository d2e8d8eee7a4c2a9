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
_WRITTEN_OUT = re.compile(r"\\u\{[0-9a-f]{1,6}\}")
"""A character that is not seen, as `escape_invisible` writes it out."""
_NO_LETTERS = re.compile(r"[\W_]+")
_ALPHABET_LOOKALIKES = (
    ("\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0405\u0406\u0408", "ABEKMHOPCTYXSIJ"),
    ("\u0430\u0432\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445\u0455\u0456\u0458", "abekmhopctyxsij"),
    ("\u0501\u051b\u051d\u04af\u04bb\u04cf\u04c0\u0433\u043f\u0475\u0461\u051a\u051c\u04ae", "dqwyhlIrnvwQWY"),
    ("\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7", "ABEZHIKMNOPTYX"),
    (
        "\u03b1\u03b2\u03b3\u03b5\u03b7\u03b9\u03ba\u03bd\u03bf\u03c1\u03c3\u03c4\u03c5\u03c7\u03c9\u03f2\u03f3",
        "abyenikvopotuxwcj",
    ),
    ("\u0555\u054d\u0585\u057d\u0578\u0570\u0581\u0584\u0566", "OUounhgfq"),
    ("\u0131\u0237\u0251\u0261\u0269\u026a\u0280\u028f\u0299\u029c\u029f\u01c0", "ijagiirybhll"),
    (
        "\u1d00\u1d04\u1d05\u1d07\u1d0a\u1d0b\u1d0d\u1d0f\u1d18\u1d1b\u1d1c\u1d20\u1d21\u1d22\ua730\ua731\u0274\u0262",
        "acdejkmoptuvwzfsng",
    ),
    ("\u00f8\u00d8\u0142\u0141\u0111\u0110\u0127\u0126\u0167\u0166", "oOlLdDhHtT"),
)
"""Letters of other alphabets (Cyrillic, Greek, Armenian), letters without their dot, small capitals and letters with a
stroke, each set with the plain letters that its letters look like. Wide, styled and accented ones are decomposed."""
_LOOKALIKES = {
    **{ord(char): plain for chars, letters in _ALPHABET_LOOKALIKES for char, plain in zip(chars, letters, strict=True)},
    **dict.fromkeys(map(ord, _FILLERS)),
}


def replace_surrogates(text: str) -> str:
    """Text that a log can be written with: pairs of surrogates joined, lone ones replaced by a mark."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def replace_unprintable(text: str) -> str:
    """Text for any encoding and any screen: a question mark for whatever is not printable, line breaks included."""
    return "".join(char if char.isprintable() else "?" for char in text)


def clean_terminal_text(text: str) -> str:
    """Text that a terminal shows and does not obey: a mark for each control character but tab and line feed, and
    nothing for those that turn the direction of text or are not seen."""
    return _UNPRINTABLE_IN_LINE.sub(REPLACEMENT_MARK, _UNSEEN.sub("", text))


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
    return limit_invisible(text, len(text))[0]


def limit_invisible(text: str, most: int) -> tuple[str, int]:
    """Text as `escape_invisible` writes it, with at most `most` characters written out, and how many are left out.

    A character that is not seen takes up to ten when it is written out: a text filled with them would grow tenfold.
    """
    pieces, stacked, unseen = [], 0, 0
    for char in _LINE_BREAKS.sub("\n", text):
        if char == "\n" or (char.isascii() and char.isprintable()):
            pieces.append(char)
            stacked = 0
            continue
        stacked = stacked + 1 if unicodedata.combining(char) else 0
        if unicodedata.category(char) in _HIDDEN_CATEGORIES or stacked > _MAX_STACKED or _shows_nothing(char):
            unseen += 1
            pieces.append(f"\\u{{{ord(char):x}}}" if unseen <= most else "")
        else:
            pieces.append(char)
    return "".join(pieces), max(0, unseen - most)


def fold_letters(text: str) -> str:
    """The letters and digits of a text alone, in lower case, each as the plain one that it looks like.

    Two texts that look alike fold alike, whatever they hold between the letters: characters that are not seen, written
    out or not, marks on letters, letters of other scripts, spaces and signs.
    """
    plain = unicodedata.normalize("NFKD", _WRITTEN_OUT.sub("", text))
    return _NO_LETTERS.sub("", replace_lookalikes(plain)).casefold()


def replace_lookalikes(text: str) -> str:
    """The text with plain letters for those of other scripts that look like them."""
    return text.translate(_LOOKALIKES)


def _shows_nothing(char: str) -> bool:
    """Whether a character shows nothing though it is no space: a filler or a variation selector."""
    return char in _FILLERS or "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"
