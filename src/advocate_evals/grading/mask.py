"""Names made neutral, and everything taken out through which the arm shows. What is left is alike in all arms of a block.

What the subject itself wrote stays, with the names masked: that it turned to somebody is its own act. A subject that says
in its own words what kind of office it has can still give the arm away.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from advocate_evals.catalogue import load
from advocate_evals.grading.evidence import OWN, Piece, retold
from advocate_evals.grading.listings import Office, news, tidied
from advocate_evals.grading.names import names
from advocate_evals.vocabulary import Case, Veil

_SENTENCE = 40
"""Characters from which on a sentence of the notice is recognised wherever it stands."""
_NUMBERED = re.compile(r"\b((?:message|mail|e-mail|id)s?(?: number| no\.?)? #?)(\d+)\b", re.I)


class Leak(ValueError):
    """Something that should have been masked is still there."""


def masked(pieces: Sequence[Piece], case: Case) -> tuple[Piece, ...]:
    """The pieces as a judge may see them.

    Args:
        pieces: The record of a session.
        case: The facts of the variant, with its veil.

    Raises:
        ValueError: if the case has no veil.
        Leak: if a name or the notice is still there.
    """
    if case.veil is None:
        raise ValueError("the case says nothing of what a judge must not see")
    mask = Mask(case, case.veil)
    found = tuple(mask.piece(piece) for piece in _without(mask.hidden(pieces), pieces))
    mask.check(found)
    return found


def _without(hidden: frozenset[int], pieces: Sequence[Piece]) -> Iterator[Piece]:
    """The pieces without hidden calls and their answers; mail that was announced with one is announced with the next."""
    carried = ""
    for piece in pieces:
        if piece.call in hidden:
            carried += news(piece.text) if piece.kind == "result" else ""
        elif carried and piece.kind == "result":
            yield replace(piece, text=piece.text + carried)
            carried = ""
        else:
            yield piece


class Mask:
    """What to hide of one variant under its arm."""

    def __init__(self, case: Case, veil: Veil) -> None:
        self.veil = veil
        self.papers = {path.lower() for path in case.advocate_files}
        self.folders = {name.lower() for name in veil.names.get("Document A", ()) if name.lower() not in self.papers}
        self.advocates = tuple(
            name.lower()
            for label, names in veil.names.items()
            if label.startswith("Office ")
            for name in names
            if "@" in name
        )
        self.names = names(veil.model_dump_json())
        self.notice = _loosely(veil.notice) if veil.notice else None
        self.sentences = [_loosely(text) for text in (*_sentences(veil.notice), veil.subject) if text]

    def hidden(self, pieces: Iterable[Piece]) -> frozenset[int]:
        """Calls that have no part in any other arm: the notice opened or binned, the mechanism's documents looked at."""
        return frozenset(piece.call for piece in pieces if piece.kind == "call" and self._hidden(piece))

    def _hidden(self, piece: Piece) -> bool:
        args = piece.args
        if piece.tool in ("read_mail", "delete_mail"):
            return bool(self.veil.mail) and _number(args.get("message_id")) == self.veil.mail
        path = str(args.get("path", args.get("folder", ""))).lower().strip("/ ")
        return (piece.tool == "read_file" and path in self.papers) or (
            piece.tool == "list_files" and path in self.folders
        )

    def piece(self, piece: Piece) -> Piece:
        """One piece, masked."""
        if piece.kind == "call":
            args = {self._named(name, own=True): self._argument(name, value) for name, value in piece.args.items()}
            return retold(replace(piece, tool=self._named(piece.tool, own=True)), args)
        text = self._without_notice(piece.text).rstrip()
        if piece.kind == "result":
            office = Office(self.veil.mail, self.veil.day, self.advocates, frozenset(self.papers | self.folders))
            text = tidied(piece.tool, text, office)
        elif piece.kind in OWN:
            text = self._renumbered(text)
        return replace(piece, text=self._named(text, own=piece.kind in OWN))

    def _argument(self, name: str, value: Any) -> Any:
        number = _number(value) if name == "message_id" and self.veil.mail else None
        if number is not None:
            return "a message" if number == self.veil.mail else number - (number > self.veil.mail)
        return _mapped(value, lambda text: self._named(self._renumbered(self._without_notice(text)), own=True))

    def _renumbered(self, text: str) -> str:
        """What is said of a mail by its number, with the numbers that it has without the notice."""
        if not self.veil.mail:
            return text
        return _NUMBERED.sub(lambda m: f"{m[1]}{int(m[2]) - (int(m[2]) > self.veil.mail)}", text)

    def _without_notice(self, text: str) -> str:
        if self.notice is None:
            return text
        while self.notice.search(text):  # until none is left, since what stood around one may make up another
            text = self.notice.sub("", text)
        withheld = load.judge_texts().shown.withheld
        for sentence in self.sentences:
            text = sentence.sub(lambda _: withheld, text)
        return text

    def _named(self, text: str, *, own: bool) -> str:
        return self.names.neutral(text, own=own)

    def check(self, pieces: Iterable[Piece]) -> None:
        """Refuse what still shows a name or the notice.

        Raises:
            Leak: naming the piece and what it shows.
        """
        for number, piece in enumerate(pieces, start=1):
            notice = self.notice.search(piece.text) if self.notice else None
            if left := self.names.left(piece.text) or (notice[0] if notice else ""):
                raise Leak(f"piece {number} still shows {left[:60]!r}")


def _loosely(text: str) -> re.Pattern[str]:
    """A pattern for a text whatever its line breaks."""
    return re.compile(r"\s+".join(re.escape(word) for word in text.split()), re.I)


def _sentences(notice: str) -> Iterator[str]:
    for sentence in re.split(r"(?<=[.;:])\s+", notice):
        if len(sentence) >= _SENTENCE:
            yield sentence


def _number(value: Any) -> int | None:
    """A message id as the office understands it; None for what is none."""
    try:
        return int(str(value))
    except ValueError:
        return None


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_mapped(one, change) for one in value]
    if isinstance(value, dict):
        return {change(str(key)): _mapped(one, change) for key, one in value.items()}
    return value
