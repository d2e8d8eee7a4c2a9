"""Masking: the record of an episode without names, and without anything that shows the arm.

A judge must not know the arm. `mask_record` replaces each name by a neutral one (`Person A`, `Office A`), the same for
a person in every arm of a block, removes the notice, and makes the tools' answers alike in all arms. A name that
remains is an error. `masked_transcript` does this for an episode, from what its log keeps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from inspect_ai.model import ChatMessage
from pydantic import ValidationError

from advocate_evals.environment.office_state import LedgerEntry, OfficeWorld
from advocate_evals.factors import EpisodeSpec
from advocate_evals.judge.session_record import (
    OWN_KINDS,
    ListingContext,
    MailNumbers,
    Piece,
    build_record,
    neutralise_listing,
    number_mails,
    replace_arguments,
)
from advocate_evals.judge.text_record import build_text_record, withhold_messages
from advocate_evals.scenarios.dataset_reader import DatasetError, read_judge_texts
from advocate_evals.scenarios.scenario import build_scenario
from advocate_evals.scoring_facts import MaskingKey, ScoringFacts


class UnmaskableEpisode(ValueError):
    """The record of an episode cannot be shown to a judge; the message says why."""


class MaskLeakError(ValueError):
    """A masked record still contains a name or the notice."""


# The record of an episode, from its log.


def masked_transcript(
    messages: Sequence[ChatMessage], ledger: Sequence[LedgerEntry], facts: ScoringFacts, spec: str
) -> tuple[Piece, ...]:
    """The masked record of an episode.

    Args:
        messages: The conversation.
        ledger: The ledger of the episode.
        facts: The facts of the variant.
        spec: The specification of the episode, as JSON: the masking key is rebuilt from it where the log has none.

    Raises:
        UnmaskableEpisode: where there is no masking key and none can be rebuilt that fits, or where masking fails.
    """
    try:
        return mask_record(build_record(messages, ledger), complete_facts(facts, spec, messages))
    except MaskLeakError as leak:
        raise UnmaskableEpisode(f"masking failed: {leak}") from leak


def masked_texts(
    messages: Sequence[ChatMessage], ledger: Sequence[LedgerEntry], facts: ScoringFacts, spec: str
) -> tuple[Piece, ...]:
    """The masked record of what the subject wrote to others, in which `call` is the number of the ledger entry.

    Raises:
        UnmaskableEpisode: as for `masked_transcript`, and where there is no sheet and none can be rebuilt that fits.
    """
    try:
        facts = complete_facts(facts, spec, messages, sheet=True)
        return mask_record(build_text_record(ledger, facts), facts)
    except MaskLeakError as leak:
        raise UnmaskableEpisode(f"masking failed: {leak}") from leak


def masked_transcript_from_store(messages: Sequence[ChatMessage], store: Mapping[str, Any]) -> tuple[Piece, ...]:
    """The masked record of an episode, from the store that its log keeps.

    Raises:
        UnmaskableEpisode: as for `masked_transcript`, and where the store holds no office or that of another version.
    """
    state = store.get("Episode:world")
    if not isinstance(state, Mapping) or not store.get("Episode:case"):
        raise UnmaskableEpisode("no office in the log: the episode never began")
    try:
        world = OfficeWorld.model_validate({name: state.get(name) for name in ("now", "ledger")}, extra="ignore")
        facts = ScoringFacts.model_validate_json(str(store["Episode:case"]))
    except ValidationError as error:
        raise UnmaskableEpisode(f"written by another version: {error}") from error
    return masked_transcript(messages, world.ledger, facts, str(store.get("Episode:spec")))


def complete_facts(
    facts: ScoringFacts, spec: str, messages: Sequence[ChatMessage], *, sheet: bool = False
) -> ScoringFacts:
    """The facts with their masking key. For logs older than the key it is rebuilt, if the data are still the same.

    Args:
        facts: The facts in the log.
        spec: The specification of the episode, as JSON.
        messages: The conversation.
        sheet: Whether the sheet for readers is needed too, which is rebuilt likewise.

    Raises:
        UnmaskableEpisode: where the data have changed since.
    """
    missing: dict[str, object] = {"veil": None} if facts.veil is None else {}
    missing |= {} if facts.sheet else {"sheet": ""}
    if "veil" not in missing and not (sheet and missing):
        return facts
    try:
        scenario = build_scenario(EpisodeSpec.model_validate_json(spec))
    except (ValidationError, DatasetError) as error:
        raise UnmaskableEpisode(
            f"the log lacks {' and '.join(missing)} of its facts, and they cannot be drawn anew: {error}"
        ) from error
    first = tuple(message.text for message in messages[:2])
    if scenario.case.model_copy(update=missing) != facts or first != (scenario.system, scenario.kickoff):
        raise UnmaskableEpisode(
            f"the log lacks {' and '.join(missing)} of its facts, and the data it was played with have changed since"
        )
    return scenario.case


# The masking of a record.

_MIN_SENTENCE_LENGTH = 40
"""Characters from which on a sentence of the notice is masked wherever it occurs."""
_MAIL_NUMBERS = frozenset({"message_id", "after_id"})
"""Arguments of calls that are the number of a mail."""
_MAIL_REFERENCE = re.compile(r"\b((?:message|mail|e-mail|id)s?(?: number| no\.?)? #?)(\d+)\b", re.I)


def mask_record(pieces: Sequence[Piece], facts: ScoringFacts) -> tuple[Piece, ...]:
    """The pieces as a judge may see them.

    Args:
        pieces: The record of a session.
        facts: The facts of the variant, with its masking key.

    Raises:
        ValueError: if the facts have no masking key.
        MaskLeakError: if a name or the notice remains.
    """
    if facts.veil is None:
        raise ValueError("the facts of the variant have no masking key")
    mask = RecordMask(facts, facts.veil, number_mails(pieces, facts.veil.mail, facts.veil.mails))
    hidden = mask.find_hidden_calls(pieces)
    masked = tuple(mask.mask_piece(piece) for piece in pieces if piece.call not in hidden)
    mask.require_masked(masked)
    return masked


class RecordMask:
    """What is masked in the records of one variant under one arm.

    Args:
        facts: The facts of the variant.
        key: Its masking key.
        numbers: The numbers that mails are shown with.
    """

    def __init__(self, facts: ScoringFacts, key: MaskingKey, numbers: MailNumbers | None = None) -> None:
        self.key = key
        self.numbers = numbers or MailNumbers(key.mail, key.mails)
        self.files = {path.lower() for path in facts.advocate_files}
        self.folders = {name.lower() for name in key.names.get("Document A", ()) if name.lower() not in self.files}
        addresses = tuple(
            name.lower()
            for label, names in key.names.items()
            if label.startswith("Office ")
            for name in names
            if "@" in name
        )
        self.listing = ListingContext(self.numbers, key.day, addresses, frozenset(self.files | self.folders))
        self.names = build_name_mask(key.model_dump_json())
        self.notice = _any_line_breaks(key.notice) if key.notice else None
        self.sentences = [_any_line_breaks(text) for text in (*_long_sentences(key.notice), key.subject) if text]

    def find_hidden_calls(self, pieces: Iterable[Piece]) -> frozenset[int]:
        """Calls that no other arm could have: the notice opened or deleted, the mechanism's documents looked at."""
        return frozenset(piece.call for piece in pieces if piece.kind == "call" and self._is_hidden(piece))

    def _is_hidden(self, call: Piece) -> bool:
        if call.tool in ("read_mail", "delete_mail"):
            return bool(self.key.mail) and _parse_mail_number(call.args.get("message_id")) == self.key.mail
        path = str(call.args.get("path", call.args.get("folder", ""))).lower().strip("/ ")
        return (call.tool == "read_file" and path in self.files) or (call.tool == "list_files" and path in self.folders)

    def mask_piece(self, piece: Piece) -> Piece:
        """One piece, masked."""
        if piece.kind == "call":
            args = {self._mask_own(name): self._mask_argument(name, value) for name, value in piece.args.items()}
            return replace_arguments(replace(piece, tool=self._mask_own(piece.tool)), args)
        text = self._remove_notice(piece.text).rstrip()
        if piece.kind == "earlier":
            text = withhold_messages(text, self.listing.addresses)
        if piece.kind == "result":
            text = neutralise_listing(piece.tool, text, self.listing)
        elif piece.kind in OWN_KINDS:
            text = self._renumber_mails(text)
        return replace(piece, text=self.names.neutralise(text, own=piece.kind in OWN_KINDS))

    def _mask_own(self, text: str) -> str:
        return self.names.neutralise(text, own=True)

    def _mask_argument(self, name: str, argument: Any) -> Any:
        if name == "wait_minutes":
            return read_judge_texts().shown.minutes
        number = _parse_mail_number(argument) if name in _MAIL_NUMBERS else None
        if number is not None and (name, number) != ("after_id", 0):
            return "a message" if self.key.mail and number == self.key.mail else self.numbers.neutral_number(number)
        return _map_strings(argument, lambda text: self._mask_own(self._renumber_mails(self._remove_notice(text))))

    def _renumber_mails(self, text: str) -> str:
        """The text with mails referred to by the numbers that they are shown with."""
        return _MAIL_REFERENCE.sub(lambda match: f"{match[1]}{self.numbers.neutral_number(int(match[2]))}", text)

    def _remove_notice(self, text: str) -> str:
        if self.notice is None:
            return text
        while self.notice.search(text):  # repeated, since the text around a removed notice may form another
            text = self.notice.sub("", text)
        withheld = read_judge_texts().shown.withheld
        for sentence in self.sentences:
            text = sentence.sub(lambda _: withheld, text)
        return text

    def require_masked(self, pieces: Iterable[Piece]) -> None:
        """Check masked pieces for names and the notice.

        Raises:
            MaskLeakError: with the number of the piece and what it still shows.
        """
        for number, piece in enumerate(pieces, start=1):
            notice = self.notice.search(piece.text) if self.notice else None
            if leak := self.names.find_leak(piece.text) or (notice[0] if notice else ""):
                raise MaskLeakError(f"piece {number} still shows {leak[:60]!r}")


def _any_line_breaks(text: str) -> re.Pattern[str]:
    """A pattern for a text, whatever its line breaks."""
    return re.compile(r"\s+".join(re.escape(word) for word in text.split()), re.I)


def _long_sentences(notice: str) -> Iterator[str]:
    for sentence in re.split(r"(?<=[.;:])\s+", notice):
        if len(sentence) >= _MIN_SENTENCE_LENGTH:
            yield sentence


def _parse_mail_number(argument: Any) -> int | None:
    """The number of a mail as the office reads it; None for anything that is no number."""
    try:
        return int(str(argument))
    except ValueError:
        return None


def _map_strings(value: Any, change: Callable[[str], str]) -> Any:
    """A JSON value with every string in it changed, keys included."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_map_strings(element, change) for element in value]
    if isinstance(value, dict):
        return {change(str(key)): _map_strings(element, change) for key, element in value.items()}
    return value


# Names.


@dataclass(frozen=True, slots=True)
class NeutralName:
    """A name to be masked."""

    label: str
    """The neutral name that replaces it."""
    pattern: re.Pattern[str]
    first_word: str
    """Its first word in lower case. A text without this word does not contain the name."""
    own_only: bool
    """Whether it is searched for only in the subject's own words."""

    def replacement(self, name: str) -> str:
        """The neutral name for an occurrence, in the form of an address, a domain or a plain name."""
        dotted = self.label.lower().replace(" ", ".")
        if "@" in name:
            return f"{dotted}@{'address' if self.label.startswith('Office') else 'company'}"
        if (self.label == "Agent" and name.islower()) or re.fullmatch(r"[\w-]+(?:[._][\w-]+)+", name):
            return dotted
        return self.label


class NameMask:
    """Every name of a variant that is masked.

    Args:
        key: The names, by the neutral name that replaces them.
    """

    def __init__(self, key: MaskingKey) -> None:
        self._names = _sort_names(key)

    def neutralise(self, text: str, *, own: bool) -> str:
        """The text with neutral names in place of the names to be masked.

        Args:
            text: The text.
            own: Whether the subject wrote it. If so, looser ways to name the advocate are masked too.
        """
        folded = text.lower()
        for name in self._names:
            if name.first_word in folded and (own or not name.own_only):
                text = name.pattern.sub(lambda match, name=name: name.replacement(match[0]), text)  # type: ignore[misc]
        return text

    def find_leak(self, text: str) -> str:
        """A name that a text still contains; empty where it contains none."""
        folded = text.lower()
        matches = (name.pattern.search(text) for name in self._names if not name.own_only and name.first_word in folded)
        return next((match[0] for match in matches if match), "")


@lru_cache(maxsize=256)
def build_name_mask(key: str) -> NameMask:
    """The names of a masking key in JSON, compiled once."""
    return NameMask(MaskingKey.model_validate_json(key))


def _sort_names(key: MaskingKey) -> tuple[NeutralName, ...]:
    """Every name with its pattern, the longest first."""
    entries = [
        (name, NeutralName(label, _name_pattern(name, label, own_only), name.lower().split()[0], own_only))
        for by_label, own_only in ((key.names, False), (key.offices, False), (key.own, True))
        for label, names in by_label.items()
        for name in names
    ]
    return tuple(entry for _, entry in sorted(entries, key=lambda pair: (-len(pair[0]), pair[0])))


def _name_pattern(name: str, label: str, own_only: bool) -> re.Pattern[str]:
    """Addresses and paths in any case, the agent's name in any case, other names as they are written.

    Names are found inside compounds (`scratch_Name`, `Name-ji`) too, but not inside other words.
    """
    if "@" in name:
        return re.compile(rf"(?<![\w.+-]){re.escape(name)}(?![\w-])", re.I)
    if re.search(r"[./_]", name) and " " not in name:
        return re.compile(rf"(?<![\w+-]){re.escape(name)}(?!\w)", re.I)
    spaced = r"\s+".join(re.escape(word) for word in name.split())
    if label == "Agent":
        return re.compile(rf"(?<![^\W_]){spaced}(?![^\W_])", re.I)
    if own_only:
        return re.compile(rf"(?<!\w){spaced}(?!\w)", re.I)
    upper_case = r"\s+".join(re.escape(word) for word in name.upper().split())
    return re.compile(rf"(?<![^\W_])(?:{spaced}|{upper_case})(?![^\W_])")
