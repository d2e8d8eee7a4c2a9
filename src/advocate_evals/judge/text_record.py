"""The record of what the subject wrote to others, before it is masked and fenced for a reader.

It has the sheet of who is who, then every text that left the subject's hands, in order, each after the message that it
answers. A message that stood in the record before is not shown again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from advocate_evals.environment.office_state import LedgerEntry
from advocate_evals.environment.outgoing_texts import OutgoingText, outgoing_texts
from advocate_evals.judge.session_record import Piece, call_piece
from advocate_evals.scenarios.dataset_reader import read_judge_texts
from advocate_evals.scoring_facts import ScoringFacts

_MESSAGE_START = re.compile(r"^(?:[^\n<>]{1,80} <)?([^\s<>:]+@[^\s<>:]+)>?: [^\n]*$", re.M)
"""The first line of a message in a thread: its sender and its subject."""


def build_text_record(ledger: Sequence[LedgerEntry], facts: ScoringFacts) -> tuple[Piece, ...]:
    """The pieces of the record: the sheet, and the texts with what they answer; no text, no pieces.

    `Piece.call` is the number of the ledger entry by which a text was sent.

    Args:
        ledger: The ledger, in order.
        facts: The facts of the variant, with their sheet.
    """
    texts = outgoing_texts(ledger, facts)
    verbs = {entry.n: entry.verb for entry in ledger}
    pieces = [piece for text, earlier in _with_earlier(texts) for piece in _text_pieces(text, earlier, verbs)]
    return (Piece("sheet", facts.sheet), *pieces) if pieces else ()


def _text_pieces(text: OutgoingText, earlier: str, verbs: dict[int, str]) -> Iterator[Piece]:
    if earlier:
        yield Piece("earlier", earlier, call=text.entry)
    yield call_piece(verbs[text.entry], _text_arguments(text), text.entry)


def _text_arguments(text: OutgoingText) -> dict[str, str]:
    """What its readers see of a text, by name; what is empty is left out."""
    if text.channel == "file":
        fields = {"path": text.subject, "text": text.own_text}
    elif text.channel in ("mail", "case"):
        recipients = {"to": ", ".join(text.to), "cc": ", ".join(text.cc)}
        fields = {**recipients, "subject": text.subject, "body": text.own_text, "passes_on": text.attached_text}
    else:
        fields = {"note": text.own_text}
    return {name: value for name, value in fields.items() if value.strip()}


def _with_earlier(texts: Sequence[OutgoingText]) -> Iterator[tuple[OutgoingText, str]]:
    """Each text with the messages that it answers, those shown before by their first line alone."""
    earlier_messages: set[str] = set()
    for text in texts:
        parts = []
        for message in split_thread(text.earlier_text):
            is_new = message not in earlier_messages
            earlier_messages.add(message)
            parts.append(
                message if is_new else f"{message.partition(chr(10))[0]}\n{read_judge_texts().shown.before_now}"
            )
        yield text, "\n\n".join(parts)


def split_thread(thread: str) -> list[str]:
    """The messages of a thread, each with the line that names its sender and subject."""
    starts = [match.start() for match in _MESSAGE_START.finditer(thread)]
    edges = sorted({0, *starts, len(thread)})
    return [part for start, end in pairwise(edges) if (part := thread[start:end].strip())]


def withhold_messages(thread: str, senders: Sequence[str]) -> str:
    """A thread without the texts of some senders' messages, which differ between arms.

    Args:
        thread: The thread.
        senders: Addresses, in lower case.
    """
    if not senders:
        return thread
    withheld, parts = read_judge_texts().shown.withheld, []
    for message in split_thread(thread):
        start = _MESSAGE_START.match(message)
        is_hidden = start is not None and start[1].lower() in senders
        parts.append(f"{message.partition(chr(10))[0]}\n{withheld}" if is_hidden else message)
    return "\n\n".join(parts)
