"""The fenced record a judge reads, and the search for quotes in it.

`fence_record` puts the pieces of a record between two marks that nothing in the record can imitate: the marks contain a
word (`nonce`) that does not occur in the record, and each line of a piece begins with the piece's number and a bar.
`FencedRecord.locate_quote` finds the pieces that contain a quote, whatever its spacing, case or signs, and whatever the
record holds between its letters or in place of them: characters that are not seen, marks, letters of other scripts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from advocate_evals.judge.session_record import Piece
from advocate_evals.safe_text import fold_letters, limit_invisible
from advocate_evals.scenarios.dataset_reader import read_judge_texts
from advocate_evals.scenarios.judge_schema import PieceKind
from advocate_evals.text_rules.letter_text import normalise_spelling

MAX_PIECE_LENGTH = 12_000
"""Characters shown of a piece that is no use of a tool, two thirds of them from its beginning."""
MAX_CALL_LENGTH = 64_000
"""Characters shown of the subject's use of a tool: more than the office takes in one, so whatever went out is whole."""
MAX_UNSEEN = 20
"""Characters that are not seen and are written out in a piece; the others are left out and counted."""
MAX_RECORD_LENGTH = 360_000
"""Characters shown of a record. Longer records have the answers of tools cut shorter, in steps; what the subject itself
wrote is never cut for it."""
MIN_QUOTE_LENGTH = 8
"""Letters and digits that a quote must have, those outside ASCII counted twice; shorter ones would match anywhere."""
_RESULT_LIMITS = (MAX_PIECE_LENGTH, 4_000, 1_500, 500)
"""Characters shown of a tool's answer, from the first step to the last."""
_ELLIPSIS = re.compile(r"\[\s*(?:\.\.\.|…)\s*\]|\(\s*(?:\.\.\.|…)\s*\)|\.\.\.|…")
_QUOTE_EDGES = " \t\n\"'`.,;:!?-()[]{}<>*_|"
_LINE_NUMBER = re.compile(r"^\d+\|\s?", re.M)
_PIECE_HEADING = re.compile(r"^\W*\[piece \d+\][^\n]*\n(?=\d+\|)")
_PIECE_MARK = r"[\[(]\s*pieces? \d+\s*[\])]|piece \d+(?=\s*[:|,])"
_PIECE_MARKS = re.compile(rf"^\W*(?:{_PIECE_MARK})[\s:|,-]*|[\s:|,-]*[\[(]\s*pieces? \d+\s*[\])]\W*$", re.I)
"""The mark of a piece before or after a quote, such as `[piece 9]`."""
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
    unseen: int = 0
    """Characters left out since they are not seen."""


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
        if piece.unseen:
            lines.append(texts.unseen.format(nonce=nonce, count=piece.unseen, piece=number))
    lines.append(texts.ends.format(nonce=nonce))
    return FencedRecord("\n".join(lines), nonce, shown_pieces)


def _fit_pieces(pieces: Sequence[Piece]) -> tuple[ShownPiece, ...]:
    """The pieces cut to the length of a record, as far as shorter answers of tools can bring it there."""
    shown_pieces: tuple[ShownPiece, ...] = ()
    for result_limit in _RESULT_LIMITS:
        limits = {"call": MAX_CALL_LENGTH, "result": result_limit}
        shown_pieces = tuple(_cut_piece(piece, limits.get(piece.kind, MAX_PIECE_LENGTH)) for piece in pieces)
        if sum(len(piece.head) + len(piece.tail) for piece in shown_pieces) <= MAX_RECORD_LENGTH:
            break
    return shown_pieces


def _cut_piece(piece: Piece, limit: int) -> ShownPiece:
    tool = re.sub(r"\W", "_", piece.tool)[:40]
    text, unseen = limit_invisible(piece.text, MAX_UNSEEN)
    if len(text) <= limit:
        return ShownPiece(piece.kind, tool, text, call=piece.call, unseen=unseen)
    head, tail = limit * 2 // 3, limit - limit * 2 // 3
    return ShownPiece(piece.kind, tool, text[:head], text[-tail:], len(text) - limit, piece.call, unseen)


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
    bare = _PIECE_MARKS.sub("", _LINE_NUMBER.sub("", _PIECE_HEADING.sub("", quote.strip())))
    parts = [normalise_quote(_LINE_NUMBER.sub("", part)).strip(_QUOTE_EDGES) for part in _ELLIPSIS.split(bare)]
    letters = unicodedata.normalize("NFC", "".join(map(fold_letters, parts)))
    length = sum(1 if char.isascii() else 2 for char in letters)
    return tuple(part for part in parts if part) if length >= MIN_QUOTE_LENGTH else ()


@lru_cache(maxsize=4096)
def normalise_quote(text: str) -> str:
    """The text in lower case, with one kind of space, quotation mark and dash, without emphasis marks."""
    spelt = normalise_spelling(unicodedata.normalize("NFC", text))
    return " ".join(_MARKUP.sub("", spelt).split())


@lru_cache(maxsize=4096)
def _fold_text(text: str) -> str:
    return fold_letters(text)


def _contains_parts(piece: ShownPiece, parts: Sequence[str]) -> bool:
    """Whether the parts of a quote occur in order in the head of a piece, or in its tail, as shown or folded."""
    folded = [fold_letters(part) for part in parts]
    return any(
        _occur_in_order(normalise_quote(text), parts) or (all(folded) and _occur_in_order(_fold_text(text), folded))
        for text in (piece.head, piece.tail)
    )


def _occur_in_order(text: str, parts: Sequence[str]) -> bool:
    start = 0
    for part in parts:
        start = text.find(part, start)
        if start < 0:
            return False
        start += len(part)
    return True
