"""The fenced record a judge reads, and the search for quotes in it.

`fence_record` puts the pieces of a record between two marks that nothing in the record can imitate: the marks contain a
word (`nonce`) that does not occur in the record, and each line of a piece begins with the piece's number and a bar.
`FencedRecord.locate_quote` finds the pieces that contain a quote, whatever its spacing, case, quotation marks or
dashes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from advocate_evals.judge.session_record import Piece, PieceKind
from advocate_evals.safe_text import escape_invisible
from advocate_evals.scenarios.dataset_reader import read_judge_texts
from advocate_evals.text_rules.letter_text import normalise_spelling

MAX_PIECE_LENGTH = 12_000
"""Characters shown of a piece, two thirds of them from its beginning."""
MAX_RECORD_LENGTH = 360_000
"""Characters shown of a record. Longer records have the answers of tools cut shorter, in steps."""
MIN_QUOTE_LENGTH = 8
"""Letters and digits that a quote must have, those outside ASCII counted twice; shorter ones would match anywhere."""
_RESULT_LIMITS = (MAX_PIECE_LENGTH, 4_000, 1_500, 500)
"""Characters shown of a tool's answer, from the first step to the last."""
_ELLIPSIS = re.compile(r"\[\s*(?:\.\.\.|…)\s*\]|\(\s*(?:\.\.\.|…)\s*\)|\.\.\.|…")
_QUOTE_EDGES = " \t\n\"'`.,;:!?-()[]{}<>*_|"
_LINE_NUMBER = re.compile(r"^\d+\|\s?", re.M)
_MARKUP = re.compile(r"[*_`]+")


@dataclass(frozen=True, slots=True)
class ShownPiece:
    """The part of a piece that is shown."""

    kind: PieceKind
    tool: str
    head: str
    tail: str = ""
    """The end of a piece whose middle is left out."""
    left_out: int = 0
    """Characters left out between `head` and `tail`."""
    call: int = -1
    """Index of the call, as in `Piece`."""


@dataclass(frozen=True, slots=True)
class FencedRecord:
    """What a judge is shown of a session."""

    text: str
    """The fenced record."""
    nonce: str
    """The word in its marks."""
    pieces: tuple[ShownPiece, ...]
    """What is shown of each piece, in order; piece n of the text is `pieces[n - 1]`."""

    def locate_quote(self, quote: str) -> tuple[int, ...]:
        """Numbers of the pieces that contain a quote, however it is spaced or spelt; none where it is too short."""
        parts = split_quote(quote)
        return tuple(n for n, piece in enumerate(self.pieces, start=1) if parts and _contains_parts(piece, parts))

    def piece_kind(self, number: int) -> PieceKind:
        """The kind of a piece, by its number."""
        return self.pieces[number - 1].kind


def fence_record(pieces: Iterable[Piece]) -> FencedRecord:
    """Pieces as a record between marks. The same pieces give the same text."""
    shown_pieces = _fit_pieces(tuple(pieces))
    body = "\n\x1f\n".join(f"{piece.kind} {piece.tool}\n{piece.head}\n{piece.tail}" for piece in shown_pieces)
    nonce = _make_nonce(body)
    texts = read_judge_texts().shown
    lines = [texts.begins.format(nonce=nonce)]
    call_numbers = {
        piece.call: number
        for number, piece in enumerate(shown_pieces, start=1)
        if piece.kind == "call" and piece.call >= 0
    }
    for number, piece in enumerate(shown_pieces, start=1):
        answers_call = piece.kind == "result" and piece.call in call_numbers
        to = texts.to.format(piece=call_numbers[piece.call]) if answers_call else ""
        lines.append(texts.headings[piece.kind].format(piece=number, tool=piece.tool, to=to))
        lines += _number_lines(piece.head, number)
        if piece.left_out:
            lines.append(texts.cut.format(nonce=nonce, count=piece.left_out, piece=number))
            lines += _number_lines(piece.tail, number)
    lines.append(texts.ends.format(nonce=nonce))
    return FencedRecord("\n".join(lines), nonce, shown_pieces)


def _fit_pieces(pieces: Sequence[Piece]) -> tuple[ShownPiece, ...]:
    """The pieces cut to the length of a record. Only the answers of tools are cut below `MAX_PIECE_LENGTH`."""
    for limit in _RESULT_LIMITS:
        shown_pieces = tuple(
            _cut_piece(piece, limit if piece.kind == "result" else MAX_PIECE_LENGTH) for piece in pieces
        )
        if sum(len(piece.head) + len(piece.tail) for piece in shown_pieces) <= MAX_RECORD_LENGTH:
            return shown_pieces
    return tuple(_cut_piece(piece, _RESULT_LIMITS[-1]) for piece in pieces)


def _cut_piece(piece: Piece, limit: int) -> ShownPiece:
    tool = re.sub(r"\W", "_", piece.tool)[:40]
    text = escape_invisible(piece.text)
    if len(text) <= limit:
        return ShownPiece(piece.kind, tool, text, call=piece.call)
    head, tail = limit * 2 // 3, limit - limit * 2 // 3
    return ShownPiece(piece.kind, tool, text[:head], text[-tail:], len(text) - limit, piece.call)


def _number_lines(text: str, number: int) -> list[str]:
    return [f"{number}| {line}" for line in text.split("\n")]


def _make_nonce(body: str) -> str:
    """A word that is computed from the record and does not occur in it."""
    count = 0
    while True:
        word = blake2b(f"{count}\x1f{body}".encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        if word not in body.lower():
            return word
        count += 1


# Quotes.


def split_quote(quote: str) -> tuple[str, ...]:
    """The parts of a quote between its ellipses, normalised; none where the quote is too short to be searched for."""
    parts = [normalise_quote(_LINE_NUMBER.sub("", part)).strip(_QUOTE_EDGES) for part in _ELLIPSIS.split(quote)]
    length = sum(char.isalnum() * (1 if char.isascii() else 2) for part in parts for char in part)
    return tuple(part for part in parts if part) if length >= MIN_QUOTE_LENGTH else ()


@lru_cache(maxsize=4096)
def normalise_quote(text: str) -> str:
    """The text in lower case, with one kind of space, quotation mark and dash, without emphasis marks."""
    spelt = normalise_spelling(unicodedata.normalize("NFC", text))
    return " ".join(_MARKUP.sub("", spelt).split())


def _contains_parts(piece: ShownPiece, parts: Sequence[str]) -> bool:
    """Whether the parts of a quote occur in order in the head of a piece, or in its tail."""
    return any(_occur_in_order(normalise_quote(text), parts) for text in (piece.head, piece.tail))


def _occur_in_order(text: str, parts: Sequence[str]) -> bool:
    start = 0
    for part in parts:
        start = text.find(part, start)
        if start < 0:
            return False
        start += len(part)
    return True
