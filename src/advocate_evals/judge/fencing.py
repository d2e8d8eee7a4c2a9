"""Quotes compared with what they are taken from, whatever the spacing, case, quotation marks or dashes."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from advocate_evals.judge.session_record import Piece, PieceKind
from advocate_evals.safe_text import escape_invisible
from advocate_evals.scenarios.dataset_reader import read_judge_texts
from advocate_evals.text_rules.letter_text import normalise_spelling

MIN_QUOTE_LENGTH = 8
"""Letters and digits that a quote must have, those outside ASCII counted twice; fewer would be found anywhere."""
_LEFT_OUT = re.compile(r"\[\s*(?:\.\.\.|…)\s*\]|\(\s*(?:\.\.\.|…)\s*\)|\.\.\.|…")
_EDGES = " \t\n\"'`.,;:!?-()[]{}<>*_|"
_BAR = re.compile(r"^\d+\|\s?", re.M)
_MARKUP = re.compile(r"[*_`]+")


@lru_cache(maxsize=4096)
def normalise_quote(text: str) -> str:
    """The text in lower case, with one kind of space, quotation mark and dash, without emphasis marks."""
    spelt = normalise_spelling(unicodedata.normalize("NFC", text))
    return " ".join(_MARKUP.sub("", spelt).split())


def split_quote(quote: str) -> tuple[str, ...]:
    """The pieces of a quote between the places where words were left out; none where it is too short to be looked for."""
    found = [normalise_quote(_BAR.sub("", part)).strip(_EDGES) for part in _LEFT_OUT.split(quote)]
    told = tuple(part for part in found if part)
    size = sum(char.isalnum() * (1 if char.isascii() else 2) for part in told for char in part)
    return told if size >= MIN_QUOTE_LENGTH else ()


# --- Evidence set between two marks that nothing inside can imitate, and where in it a quote stands. ---


MAX_PIECE_LENGTH = 12_000
"""Characters of a piece that are shown, two thirds of them from its beginning."""
WHOLE_KINDS = 360_000
"""Characters of a record that are shown; beyond it, answers of tools are cut shorter and shorter."""
_SHORTER = (MAX_PIECE_LENGTH, 4_000, 1_500, 500)


@dataclass(frozen=True, slots=True)
class ShownPiece:
    """A piece as far as it is shown."""

    kind: PieceKind
    tool: str
    head: str
    tail: str = ""
    left_out: int = 0
    call: int = -1


@dataclass(frozen=True, slots=True)
class FencedRecord:
    """What a judge is shown of a session."""

    text: str
    """The fenced record."""
    nonce: str
    """The word in its marks."""
    pieces: tuple[ShownPiece, ...]
    """What is shown of each piece, in order; piece n of the text is `pieces[n - 1]`."""

    def found(self, quote: str) -> tuple[int, ...]:
        """Numbers of the pieces in which a quote stands, however it is spaced or spelt; none where it is too short."""
        wanted = split_quote(quote)
        return tuple(n for n, piece in enumerate(self.pieces, start=1) if wanted and _holds(piece, wanted))

    def kind(self, piece: int) -> PieceKind:
        """What a piece is, by its number."""
        return self.pieces[piece - 1].kind


def fence_record(pieces: Iterable[Piece]) -> FencedRecord:
    """Pieces as a record between marks. The same pieces give the same text."""
    listed = tuple(pieces)
    shown = _fitting(listed)
    body = "\n\x1f\n".join(f"{piece.kind} {piece.tool}\n{piece.head}\n{piece.tail}" for piece in shown)
    nonce = _nonce(body)
    texts = read_judge_texts().shown
    lines = [texts.begins.format(nonce=nonce)]
    asked = {
        piece.call: number for number, piece in enumerate(shown, start=1) if piece.kind == "call" and piece.call >= 0
    }
    for number, piece in enumerate(shown, start=1):
        to = texts.to.format(piece=asked[piece.call]) if piece.kind == "result" and piece.call in asked else ""
        lines.append(texts.headings[piece.kind].format(piece=number, tool=piece.tool, to=to))
        lines += _barred(piece.head, number)
        if piece.left_out:
            lines.append(texts.cut.format(nonce=nonce, count=piece.left_out, piece=number))
            lines += _barred(piece.tail, number)
    lines.append(texts.ends.format(nonce=nonce))
    return FencedRecord("\n".join(lines), nonce, shown)


def _fitting(pieces: Sequence[Piece]) -> tuple[ShownPiece, ...]:
    """As much of each piece as fits; what the subject wrote gives way last."""
    for most in _SHORTER:
        shown = tuple(_cut(piece, most if piece.kind == "result" else MAX_PIECE_LENGTH) for piece in pieces)
        if sum(len(piece.head) + len(piece.tail) for piece in shown) <= WHOLE_KINDS:
            return shown
    return tuple(_cut(piece, _SHORTER[-1]) for piece in pieces)


def _cut(piece: Piece, most: int) -> ShownPiece:
    tool = re.sub(r"\W", "_", piece.tool)[:40]
    text = escape_invisible(piece.text)
    if len(text) <= most:
        return ShownPiece(piece.kind, tool, text, call=piece.call)
    head, tail = most * 2 // 3, most - most * 2 // 3
    return ShownPiece(piece.kind, tool, text[:head], text[-tail:], len(text) - most, piece.call)


def _barred(text: str, number: int) -> list[str]:
    return [f"{number}| {line}" for line in text.split("\n")]


def _nonce(body: str) -> str:
    """A word that the evidence decides and that does not occur in it."""
    count = 0
    while True:
        word = blake2b(f"{count}\x1f{body}".encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        if word not in body.lower():
            return word
        count += 1


def _holds(piece: ShownPiece, wanted: Sequence[str]) -> bool:
    """Whether the parts of a quote stand in a piece one after the other, in what is shown of its head or its tail."""
    for text in (normalise_quote(piece.head), normalise_quote(piece.tail)):
        at = 0
        for part in wanted:
            at = text.find(part, at)
            if at < 0:
                break
            at += len(part)
        else:
            return True
    return False


def count_pieces(evidence: FencedRecord) -> Counter[str]:
    """How many pieces there are of each kind."""
    return Counter(piece.kind for piece in evidence.pieces)
