"""Names that a variant drew, and the neutral ones that stand for them. The same person has the same one in every arm of a block."""

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
    Piece,
    build_record,
    find_news_line,
    neutralise_listing,
    replace_arguments,
)
from advocate_evals.scenarios.dataset_reader import DatasetError, read_judge_texts
from advocate_evals.scenarios.scenario import build_scenario
from advocate_evals.scoring_facts import MaskingKey, ScoringFacts


@dataclass(frozen=True, slots=True)
class NeutralName:
    """A name to be hidden."""

    stands: str
    """The neutral name that stands for it."""
    pattern: re.Pattern[str]
    first: str
    """Its first word in lower case: where that does not occur, the name does not."""
    loose: bool
    """Whether it is looked for in the subject's own words alone."""

    def label(self, found: str) -> str:
        """The neutral name for an occurrence, in the form of an address, a domain or a plain name."""
        dotted = self.stands.lower().replace(" ", ".")
        if "@" in found:
            return f"{dotted}@{'address' if self.stands.startswith('Office') else 'company'}"
        if (self.stands == "Agent" and found.islower()) or re.fullmatch(r"[\w-]+(?:[._][\w-]+)+", found):
            return dotted
        return self.stands


class NameMask:
    """Every name of a variant to be hidden.

    Args:
        veil: Who is who.
    """

    def __init__(self, veil: MaskingKey) -> None:
        self._known = _listed(veil)

    def neutral(self, text: str, *, own: bool) -> str:
        """A text with neutral names in the place of those to be hidden.

        Args:
            text: The text.
            own: Whether it is the subject's own, in which looser ways of naming are looked for too.
        """
        folded = text.lower()
        for name in self._known:
            if name.first in folded and (own or not name.loose):
                text = name.pattern.sub(lambda match, name=name: name.label(match[0]), text)  # type: ignore[misc]
        return text

    def left(self, text: str) -> str:
        """A name that a text still shows; empty for none."""
        folded = text.lower()
        found = (name.pattern.search(text) for name in self._known if not name.loose and name.first in folded)
        return next((match[0] for match in found if match), "")


@lru_cache(maxsize=256)
def build_name_mask(veil: str) -> NameMask:
    """The names of a veil given as JSON, made once."""
    return NameMask(MaskingKey.model_validate_json(veil))


def _listed(known: MaskingKey) -> tuple[NeutralName, ...]:
    """The longest first."""
    found = [
        (name, NeutralName(label, _pattern(name, label, loose), name.lower().split()[0], loose))
        for names, loose in ((known.names, False), (known.own, True))
        for label, listed in names.items()
        for name in listed
    ]
    return tuple(entry for _, entry in sorted(found, key=lambda pair: (-len(pair[0]), pair[0])))


def _pattern(name: str, label: str, loose: bool) -> re.Pattern[str]:
    """Addresses and paths in any case, the agent's name inside compound words too, other names as they are written."""
    if "@" in name:
        return re.compile(rf"(?<![\w.+-]){re.escape(name)}(?![\w-])", re.I)
    if re.search(r"[./_]", name) and " " not in name:
        return re.compile(rf"(?<![\w+-]){re.escape(name)}(?!\w)", re.I)
    spaced = r"\s+".join(re.escape(word) for word in name.split())
    if label == "Agent":
        return re.compile(rf"(?<![^\W_]){spaced}(?![^\W_])", re.I)
    if loose:
        return re.compile(rf"(?<!\w){spaced}(?!\w)", re.I)
    shouted = r"\s+".join(re.escape(word) for word in name.upper().split())
    return re.compile(rf"(?<![\w-])(?:{spaced}|{shouted})(?![\w-])")


# --- Names made neutral, and everything taken out through which the arm shows. What is left is alike in all arms of a block. ---


_SENTENCE = 40
"""Characters from which on a sentence of the notice is recognised wherever it stands."""
_NUMBERED = re.compile(r"\b((?:message|mail|e-mail|id)s?(?: number| no\.?)? #?)(\d+)\b", re.I)


class MaskLeakError(ValueError):
    """Something that should have been masked is still there."""


def mask_record(pieces: Sequence[Piece], case: ScoringFacts) -> tuple[Piece, ...]:
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
    mask = RecordMask(case, case.veil)
    found = tuple(mask.piece(piece) for piece in _without(mask.hidden(pieces), pieces))
    mask.check(found)
    return found


def _without(hidden: frozenset[int], pieces: Sequence[Piece]) -> Iterator[Piece]:
    """The pieces without hidden calls and their answers; mail that was announced with one is announced with the next."""
    carried = ""
    for piece in pieces:
        if piece.call in hidden:
            carried += find_news_line(piece.text) if piece.kind == "result" else ""
        elif carried and piece.kind == "result":
            yield replace(piece, text=piece.text + carried)
            carried = ""
        else:
            yield piece


class RecordMask:
    """What to hide of one variant under its arm."""

    def __init__(self, case: ScoringFacts, veil: MaskingKey) -> None:
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
        self.names = build_name_mask(veil.model_dump_json())
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
            return replace_arguments(replace(piece, tool=self._named(piece.tool, own=True)), args)
        text = self._without_notice(piece.text).rstrip()
        if piece.kind == "result":
            office = ListingContext(
                self.veil.mail, self.veil.day, self.advocates, frozenset(self.papers | self.folders)
            )
            text = neutralise_listing(piece.tool, text, office)
        elif piece.kind in OWN_KINDS:
            text = self._renumbered(text)
        return replace(piece, text=self._named(text, own=piece.kind in OWN_KINDS))

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
        withheld = read_judge_texts().shown.withheld
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
                raise MaskLeakError(f"piece {number} still shows {left[:60]!r}")


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


# --- The record of an episode as a judge may see it, from what the log keeps. ---


class UnmaskableEpisode(ValueError):
    """The record cannot be shown to a judge; the text says why."""


def masked_transcript(
    messages: Sequence[ChatMessage], ledger: Sequence[LedgerEntry], case: ScoringFacts, spec: str
) -> tuple[Piece, ...]:
    """The masked record of an episode.

    Args:
        messages: The conversation.
        ledger: What happened.
        case: The facts of the variant.
        spec: Which episode, as JSON: the veil is drawn anew from it where the log has none.

    Raises:
        Unseen: where there is no veil and none can be drawn that fits, or where masking fails.
    """
    try:
        return mask_record(build_record(messages, ledger), facts_with_masking_key(case, spec, messages))
    except MaskLeakError as leak:
        raise UnmaskableEpisode(f"masking failed: {leak}") from leak


def masked_transcript_from_store(messages: Sequence[ChatMessage], store: Mapping[str, Any]) -> tuple[Piece, ...]:
    """The masked record of an episode, from the store that its log keeps.

    Raises:
        Unseen: as for `seen`, and where the store holds no office or that of another version.
    """
    kept = store.get("Episode:world")
    if not isinstance(kept, Mapping) or not store.get("Episode:case"):
        raise UnmaskableEpisode("no office in the log: the episode never began")
    try:
        world = OfficeWorld.model_validate({name: kept.get(name) for name in ("now", "ledger")}, extra="ignore")
        case = ScoringFacts.model_validate_json(str(store["Episode:case"]))
    except ValidationError as error:
        raise UnmaskableEpisode(f"written by another version: {error}") from error
    return masked_transcript(messages, world.ledger, case, str(store.get("Episode:spec")))


def facts_with_masking_key(case: ScoringFacts, spec: str, messages: Sequence[ChatMessage]) -> ScoringFacts:
    """The case with its veil; drawn anew for logs written before there was one, if the data still say the same.

    Raises:
        Unseen: where the data have changed since.
    """
    if case.veil is not None:
        return case
    try:
        drawn = build_scenario(EpisodeSpec.model_validate_json(spec))
    except (ValidationError, DatasetError) as error:
        raise UnmaskableEpisode(
            f"the log says nothing of what to mask, and it cannot be drawn anew: {error}"
        ) from error
    first = tuple(message.text for message in messages[:2])
    if drawn.case.model_copy(update={"veil": None}) != case or first != (drawn.system, drawn.kickoff):
        raise UnmaskableEpisode(
            "the log says nothing of what to mask, and the data it was played with have changed since"
        )
    return drawn.case
