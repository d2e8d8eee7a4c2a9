"""Every text of the subject that a person could read, whatever it travels in, from the ledger.

Mails, cases, files in the shared folders, and the notes of transfers and of the end of the shift. Pure functions of the
ledger and the facts of the variant; rules and the judge read the same texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from advocate_evals.environment.office_state import SUBJECT_ACTOR, LedgerEntry
from advocate_evals.records import nearest_name
from advocate_evals.scoring_facts import ScoringFacts
from advocate_evals.text_rules.letter_text import Letter, split_quoted

TextChannel = Literal["mail", "case", "file", "transfer_note", "shift_note"]
"""What a text travels in."""

MAIL_VERBS = ("send_mail", "reply_mail", "forward_mail")
LETTER_VERBS = (*MAIL_VERBS, "open_case")
_NOTE_CHANNELS: dict[str, TextChannel] = {
    "start_transfer": "transfer_note",
    "end_shift": "shift_note",
}
"""The acts that take a note, which whoever looks at the system reads."""


@dataclass(frozen=True, slots=True)
class OutgoingText:
    """One text of the subject, as people could read it."""

    entry: int
    """Number of the ledger entry."""
    channel: TextChannel
    to: tuple[str, ...]
    """Whom it is meant for: an address with a plus tag or a typing mistake is that of the person meant. Of a file or a
    note, everybody inside the company."""
    cc: tuple[str, ...]
    """Whom a copy is meant for."""
    reached: tuple[str, ...]
    """Addresses that it reached, in lower case: of a mail that bounced, none."""
    subject: str
    """Subject line, or path of the file; empty for notes."""
    own_text: str
    """The subject's own words, among them what it only pretends to quote."""
    earlier_text: str = ""
    """The thread that it answers, newest first."""
    attached_text: str = ""
    """What it passes on: quotations of messages that exist, and a forwarded message."""
    pointed_paths: tuple[str, ...] = ()
    """Files written by the subject that the text names."""

    @property
    def full_text(self) -> str:
        """Everything that its readers get."""
        return "\n".join((self.subject, self.own_text, self.attached_text))

    def as_letter(self) -> Letter:
        """The text as the rules for mail read it."""
        return Letter(to=self.to, cc=self.cc, subject=self.subject, body=self.own_text)


def outgoing_texts(ledger: Sequence[LedgerEntry], facts: ScoringFacts) -> tuple[OutgoingText, ...]:
    """Every text of the subject that left its hands, in order: mails sent, delivered or not, cases, files and notes.

    So did what was withheld, which reached nobody.

    Args:
        ledger: The ledger, in order.
        facts: The facts of the variant.
    """
    texts: list[OutgoingText] = []
    written: dict[str, str] = {}
    readers = tuple(address.lower() for address in facts.insiders if address.lower() != facts.subject.lower())
    for entry in ledger:
        if entry.actor != SUBJECT_ACTOR or (entry.stage == "attempted" and not entry.is_withheld):
            continue
        if entry.verb in LETTER_VERBS:
            texts.append(read_letter(entry, facts, written))
        elif entry.verb == "write_file" and entry.facts.get("changed", True):
            path = str(entry.args["path"])
            written[path.lower()] = path
            texts.append(OutgoingText(entry.n, "file", readers, (), readers, path, *_split_file_text(entry)))
        elif entry.verb in _NOTE_CHANNELS and str(entry.args.get("note", "")).strip():
            channel, note = _NOTE_CHANNELS[entry.verb], str(entry.args["note"])
            texts.append(OutgoingText(entry.n, channel, readers, (), readers, "", note))
    return tuple(texts)


def _split_file_text(entry: LedgerEntry) -> tuple[str, str]:
    """The lines that the subject put into a file, and those that stood in it before."""
    lines = str(entry.args["text"]).splitlines()
    before = {line.strip() for line in str(entry.facts.get("before", "")).splitlines() if line.strip()}
    added = [line for line in lines if line.strip() not in before]
    return "\n".join(added), "\n".join(line for line in lines if line.strip() in before)


def read_letter(entry: LedgerEntry, facts: ScoringFacts, written: Mapping[str, str] | None = None) -> OutgoingText:
    """A mail or a case. Where the ledger does not say what is a quotation, the marks of quotation say it.

    Args:
        entry: The ledger entry of its sending.
        facts: The facts of the variant.
        written: Paths of files that the subject has written so far, by their lower-case form.
    """
    details = entry.facts
    body = str(entry.args["body"])
    own_text, quoted = split_quoted(body)
    if "own_words" in details:
        own_text, quoted = str(details["own_words"]), str(details["quoted"])
    is_case = entry.verb == "open_case"
    return OutgoingText(
        entry=entry.n,
        channel="case" if is_case else "mail",
        to=_resolve_addresses(details["to"], facts),
        cc=_resolve_addresses(details.get("cc", ()), facts),
        reached=_read_reached(entry),
        subject=str(details["subject"]),
        own_text=own_text,
        earlier_text=str(details.get("earlier", "")),
        attached_text="\n\n".join(part for part in (quoted, str(details.get("attached", ""))) if part),
        pointed_paths=tuple(path for name, path in (written or {}).items() if name in own_text.lower()),
    )


def _read_reached(entry: LedgerEntry) -> tuple[str, ...]:
    """The addresses that a mail or case reached, in lower case; none where it was withheld."""
    if entry.is_withheld:
        return ()
    reached = entry.facts["to" if entry.verb == "open_case" else "reached"]
    return tuple(str(address).lower() for address in reached)


def _resolve_addresses(addresses: Iterable[str], facts: ScoringFacts) -> tuple[str, ...]:
    matter = facts.matter
    more = (matter.holder, *matter.knows, *matter.proper) if matter else ()
    people = {*facts.insiders, *facts.decision_makers, *facts.advocate, *more}
    return tuple(resolve_address(str(address), people) for address in addresses)


def resolve_address(address: str, people: Iterable[str]) -> str:
    """The address of the person meant, in lower case, where an address has a plus tag or a typing mistake.

    Args:
        address: An address as it was written.
        people: Addresses that exist.
    """
    addresses = {person.lower() for person in people}
    local, _, domain = address.lower().partition("@")
    domains = sorted({person.partition("@")[2] for person in addresses})
    if domain not in domains:
        domain = next((name for name in domains if differ_little(domain, name)), domain)
    plain = f"{local.partition('+')[0]}@{domain}"
    if address.lower() in addresses or plain in addresses:
        return address.lower() if address.lower() in addresses else plain
    colleagues = {person.partition("@")[0]: person for person in addresses if person.endswith(f"@{domain}")}
    nearest = nearest_name(local.partition("+")[0], colleagues)
    return colleagues[nearest] if nearest and differ_little(local.partition("+")[0], nearest) else plain


def differ_little(first: str, second: str) -> bool:
    """Whether two words differ by a letter or two: added, left out, changed or swapped."""
    shared_start = next((n for n, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), None)
    if shared_start is None:
        return abs(len(first) - len(second)) <= 1
    tails = first[shared_start:], second[shared_start:]
    shared_end = 0
    while shared_end < min(map(len, tails)) and tails[0][-1 - shared_end] == tails[1][-1 - shared_end]:
        shared_end += 1
    return max(map(len, tails)) - shared_end <= 2
