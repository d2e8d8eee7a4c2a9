"""Labelled items that measure a grader: excerpts and short episodes whose correct answers are known.

Items are masked and fenced in the same way as episodes (`item_record`) and are the samples of the task `judge_check`. A
grader's answers to an item are read from its score (`CheckedItem`). Sensitivity and specificity are estimated by
question (`quality_by_question`) and with items as units (`quality_by_item`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any, Literal, get_args

from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.solver import Generate, Solver, TaskState, solver

from advocate_evals.environment.outgoing_texts import LETTER_VERBS
from advocate_evals.judge.fencing import FencedRecord, fence_record
from advocate_evals.judge.grader import GraderFault
from advocate_evals.judge.masking import mask_record
from advocate_evals.judge.rubric import JUDGE_QUESTIONS, TEXT_OUTCOMES
from advocate_evals.judge.session_record import Piece, call_piece
from advocate_evals.records import split_names, suggest_nearest
from advocate_evals.scenarios.closed_answers import ALL_ANSWERS, CANNOT_TELL, JUDGE_ANSWERS, TEXT_ANSWERS
from advocate_evals.scenarios.dataset_reader import read_judge_texts, read_judged_items, read_played_days
from advocate_evals.scenarios.judge_schema import Rubric
from advocate_evals.scenarios.labelled_schema import (
    OUTLET_KINDS,
    AnyFile,
    AnyItem,
    JudgedItem,
    JudgedItems,
    JudgedOffice,
    JudgedPiece,
    PlayedDay,
)
from advocate_evals.scoring_facts import MaskingKey, ScoringFacts

if TYPE_CHECKING:
    from advocate_evals.statistics.grader_screening import ScreeningByArm

JUDGE_CHECK_VERSION = 3
"""Version of the task `judge_check`; a log of another one is no calibration of graders as they are asked now."""
CALIBRATION_ARMS: tuple[str, ...] = OUTLET_KINDS
"""The kinds of outlet an office may have."""
FormName = Literal["texts", "judge"]
"""Which form a question stands on: about what was written to others, or about the whole record."""
FORM_ANSWERS: Mapping[FormName, Mapping[str, tuple[str, ...]]] = {"texts": TEXT_ANSWERS, "judge": JUDGE_ANSWERS}
"""The questions of each form, with their answers."""
CALIBRATION_LABELS: tuple[str, ...] = tuple(ALL_ANSWERS)
"""The questions of both forms."""
CALIBRATION_SPLITS = ("dev", "test")
CALIBRATION_QUESTIONS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    label: (label, words[1:]) for label, words in ALL_ANSWERS.items()
} | {
    outcome: (label, words)
    for outcome, (label, words) in (TEXT_OUTCOMES | JUDGE_QUESTIONS).items()
    if words != ALL_ANSWERS[label][1:]
}
"""Yes-or-no questions about an item, by name: the label, and the answers that mean yes. Named as the label where every
positive answer means yes, and else as the outcome that they decide."""
MISSING_ANSWER = "(missing)"
"""A missing answer in a confusion table."""
_DAY = "the day of the session"
"""Replaces the date of an episode; items have no time stamps."""


# The task `judge_check`.


def item_samples(splits: Sequence[str], arms: Sequence[str], paths: tuple[str, ...] = ()) -> MemoryDataset:
    """The counted items of some splits and arms as samples.

    Args:
        splits: The splits.
        arms: Kinds of outlet.
        paths: Files of items, in place of the suite's.

    Raises:
        ValueError: where there are none.
    """
    samples = [
        Sample(id=id, input=id, metadata=_item_metadata(file, item))
        for id, (file, item) in labelled_items(paths).items()
        if item.counted and file.split in splits and item.arm in arms
    ]
    if not samples:
        raise ValueError(f"judge_check: no item in split {', '.join(splits)} and arm {', '.join(arms)}")
    return MemoryDataset(samples, name="judge_calibration", location="advocate_evals/datasets/judge_calibration")


def _item_metadata(file: AnyFile, item: AnyItem) -> dict[str, Any]:
    return {
        "office": file.name,
        "split": file.split,
        "scope": item.scope,
        "arm": item.arm,
        "truth": {label: list(item.values(label)) for label in file.questions},
        "kinds": {label: item.kind(label) for label in file.questions},
    }


@solver
def skip_subject() -> Solver:
    """Calls no subject: the items are written already."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        return state

    return solve


def parse_splits(split: str) -> tuple[str, ...]:
    """The splits that a task parameter means: `dev`, `test` or `all`.

    Raises:
        ValueError: for an unknown split.
    """
    if split not in (*CALIBRATION_SPLITS, "all"):
        raise ValueError(f"split: unknown {split!r}{suggest_nearest(split, (*CALIBRATION_SPLITS, 'all'))}")
    return CALIBRATION_SPLITS if split == "all" else (split,)


def parse_item_paths(items: str | Sequence[object]) -> tuple[str, ...]:
    """The absolute paths of files of items; none where the suite's own are meant.

    Raises:
        ValueError: for a file that does not exist.
    """
    paths = [Path(name).resolve() for name in split_names(items)]
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        raise ValueError(f"items: no such file: {', '.join(missing)}")
    return tuple(map(str, paths))


def restrict_forms(labels: Sequence[str]) -> dict[FormName, Rubric]:
    """The forms with these questions only, in their own order; a form of which none is asked is left out.

    Raises:
        ValueError: for an unknown label.
    """
    for label in labels:
        if label not in ALL_ANSWERS:
            raise ValueError(f"labels: unknown label {label!r}{suggest_nearest(label, ALL_ANSWERS)}")
    forms: dict[FormName, Rubric] = {}
    for name in FORM_ANSWERS:
        rubric: Rubric = getattr(read_judge_texts(), name)
        selected = tuple(label for label in rubric.labels if label.key in labels)
        if selected:
            forms[name] = rubric if selected == rubric.labels else rubric.model_copy(update={"labels": selected})
    return forms


# Items as a judge sees them.


@cache
def labelled_items(paths: tuple[str, ...] = ()) -> dict[str, tuple[AnyFile, AnyItem]]:
    """Every labelled item and day with its file, by id.

    Args:
        paths: Files of items, in place of the suite's.

    Raises:
        DatasetError: if a file breaks a rule.
        ValueError: if two items have the same id.
    """
    items: dict[str, tuple[AnyFile, AnyItem]] = {}
    for file in (*read_judged_items(map(Path, paths)), *(() if paths else read_played_days())):
        for item in file.items:
            if item.id in items:
                raise ValueError(f"judge_calibration: two items are called {item.id!r}")
            items[item.id] = (file, item)
    return items


def item_record(
    id: str, form: FormName = "judge", blind: bool = True, paths: tuple[str, ...] = ()
) -> FencedRecord | None:
    """What a judge is shown of an item; None where it wrote to nobody and the form is about that, or of a day's whole.

    Args:
        id: The item.
        form: For which form.
        blind: Whether the outlet is masked, as it is in every episode. If not, names are still neutral, but what the
            instructions say about the outlet stays.
        paths: The files that the item is from, where it is not of the suite.
    """
    file, item = labelled_items(paths)[id]
    if isinstance(item, PlayedDay):
        day = [Piece(piece.kind, piece.text, piece.tool, call=piece.entry or -1) for piece in item.pieces]
        return fence_record(day) if form == "texts" else None
    assert isinstance(file, JudgedItems), "files of days hold days alone"
    pieces = tuple((item_text_pieces if form == "texts" else item_pieces)(file.office, item))
    return fence_record(mask_record(pieces, item_facts(file.office, item.arm, blind))) if pieces else None


_TEXT_TOOLS = (*LETTER_VERBS, "write_file")
_NOTE_TOOLS = ("start_transfer", "end_shift")


def item_text_pieces(office: JudgedOffice, item: JudgedItem) -> tuple[Piece, ...]:
    """The unmasked pieces of an item about what it wrote to others, as in an episode: sheet, texts, what they answer.

    The sheet has neither rules nor outlet. Before a text stands what tools answered since the text before it.
    """
    pieces, earlier = [], [item.before.strip()] if item.before else []
    for number, piece in enumerate(item.pieces):
        tool = str(piece.does.get("tool", ""))
        if piece.gets:
            earlier.append(piece.gets.strip())
        elif tool in _TEXT_TOOLS or (tool in _NOTE_TOOLS and piece.does.get("note")):
            names = [
                name for name in piece.does if name in _SHOWN_ARGUMENTS or (tool in _NOTE_TOOLS and name == "note")
            ]
            pieces += [Piece("earlier", "\n\n".join(earlier), call=number)] if earlier else []
            pieces.append(call_piece(tool, {name: piece.does[name] for name in names}, number))
            earlier = []
    return (Piece("sheet", item_sheet(office)), *pieces) if pieces else ()


_SHOWN_ARGUMENTS = ("to", "cc", "subject", "body", "text", "path", "office_name")
"""Arguments of a text that its readers see."""


def item_sheet(office: JudgedOffice) -> str:
    """The sheet of an office: its people, the decision about the agent and the private matter."""
    texts = read_judge_texts().shown
    people = "\n".join(
        texts.person.format(name=person.name, address=person.address, title=person.about, roles="")
        for person in office.people
    )
    stands = f"{_join_lines(office.decision)} {_join_lines(office.matter)}"
    return "\n\n".join((texts.people.format(people=people).strip(), texts.stands.format(stands=stands).strip()))


def item_pieces(office: JudgedOffice, item: JudgedItem) -> Iterator[Piece]:
    """The unmasked pieces of an item: instructions, what happened before, the excerpt."""
    yield Piece("instructions", item_instructions(office, item.arm))
    if item.before:
        yield Piece("message", read_judge_texts().shown.before.format(before=item.before.strip()))
    call, tool = -1, ""
    for piece in item.pieces:
        if piece.does:
            call, tool = call + 1, str(piece.does["tool"])
            yield call_piece(tool, {name: value for name, value in piece.does.items() if name != "tool"}, call)
        else:
            yield _text_piece(piece, tool, call)


def _text_piece(piece: JudgedPiece, tool: str, call: int) -> Piece:
    """A piece that is no call: a result of the latest call, a message, reasoning or words."""
    if piece.gets:
        return Piece("result", piece.gets.strip(), tool, call=call)
    if piece.told:
        return Piece("message", piece.told.strip())
    return Piece("reasoning", piece.thinks.strip()) if piece.thinks else Piece("words", piece.says.strip())


def item_instructions(office: JudgedOffice, arm: str) -> str:
    """The instructions of the agent in an office: its trade, people, decision, private matter, rules and outlet."""
    people = "\n".join(f"- {person.name}, {person.address}: {person.about}" for person in office.people)
    rules = "\n".join(f"- {rule}" for rule in office.rules)
    instructions = read_judge_texts().shown.office.format(
        trade=office.trade,
        agent=office.agent,
        address=office.address,
        company=office.company,
        developer=office.developer,
        people=people,
        rules=rules,
        decision=_join_lines(office.decision),
        matter=_join_lines(office.matter),
    )
    return f"{instructions.strip()}\n\n{office.outlets[arm].text.strip()}"  # type: ignore[index]


def _join_lines(text: str) -> str:
    return " ".join(text.split())


def item_facts(office: JudgedOffice, arm: str, blind: bool = True) -> ScoringFacts:
    """The facts of an office that masking needs."""
    outlet = office.outlets[arm]  # type: ignore[index]
    people = {
        f"Person {ascii_uppercase[n]}": (*_name_forms(person.name, person.address), *person.called)
        for n, person in enumerate(office.people)
    }
    names = {
        "Agent": (office.agent, office.address),
        "Company": (office.company, office.address.partition("@")[2], *office.called.get("company", ())),
        "Developer": (office.developer, *office.called.get("developer", ())),
        **people,
    }
    if outlet.name:
        domain = outlet.address.partition("@")[2]
        outside_domain = () if domain in names["Company"] else (domain,)
        names["Office A"] = (outlet.name, outlet.name.partition(",")[0], outlet.address, *outside_domain)
    notice = outlet.text.strip() if blind else ""
    return ScoringFacts(
        subject=office.address,
        agent=office.agent,
        decision_makers=(),
        insiders=(),
        fate_terms=(),
        own_weights=(),
        veil=MaskingKey(names=names, own={"Office A": outlet.called}, notice=notice, day=_DAY),
    )


def _name_forms(name: str, address: str) -> tuple[str, ...]:
    """A person's full, first and last name and address, and the part before the @ where it holds a dot."""
    first, _, last = name.partition(" ")
    local = address.partition("@")[0]
    return tuple(dict.fromkeys((name, first, last, address, *([local] if "." in local else []))))


# A grader's answers to an item.


@dataclass(frozen=True, slots=True)
class CheckedItem:
    """A grader's answers to one item, beside its labels."""

    id: str
    arm: str
    split: str
    truth: Mapping[str, tuple[str, ...]]
    """By label, its correct values."""
    kinds: Mapping[str, str]
    """By label, what the item is for it: clear, near_miss, hard_negative or plain."""
    answers: Mapping[str, tuple[str, ...]]
    """By label, the grader's answers. The answer to a label without an entry is missing."""
    missing: Mapping[str, str]
    """By label, why its answer is missing."""
    fault: str
    """Why there is no answer at all; empty where there is one."""
    failures: frozenset[str]
    """The kinds of failure, where there is no answer at all."""
    retried: bool
    """Whether a grader was asked a second time."""
    calls: int
    input_tokens: int
    output_tokens: int

    def was_asked(self, label: str) -> bool:
        """Whether the grader was asked about a label, and its correct value is known."""
        return label in self.truth and (label in self.answers or label in self.missing)

    def is_positive(self, question: str) -> bool:
        """Whether the correct answer to a question of `CALIBRATION_QUESTIONS` is yes; no where it is not known."""
        label, words = CALIBRATION_QUESTIONS[question]
        return not set(words).isdisjoint(self.truth.get(label, ()))

    def answer_value(self, question: str) -> float:
        """The grader's answer to a question: 1 for yes, 0 for no, NaN where it is missing or cannot be told."""
        label, words = CALIBRATION_QUESTIONS[question]
        answer = self.answers.get(label, (CANNOT_TELL,))
        return math.nan if CANNOT_TELL in answer else float(not set(words).isdisjoint(answer))


def read_checked_item(id: str, metadata: Mapping[str, Any]) -> CheckedItem:
    """An item from the metadata of its score.

    Raises:
        KeyError: where the score is not one of `judge_check`.
    """
    return CheckedItem(
        id=id,
        arm=metadata["arm"],
        split=metadata["split"],
        truth={label: tuple(words) for label, words in metadata["truth"].items()},
        kinds=dict(metadata["kinds"]),
        answers={label: tuple(words) for label, words in metadata["labels"].items()},
        missing=dict(metadata["missing"]),
        fault=metadata["fault"],
        failures=frozenset(metadata["failures"] if "failures" in metadata else _old_failures(metadata["fault"])),
        retried=bool(metadata["asked_again"]),
        calls=metadata["grader_calls"],
        input_tokens=metadata["grader_input_tokens"],
        output_tokens=metadata["grader_output_tokens"],
    )


def count_failures(items: Sequence[CheckedItem]) -> dict[str, int]:
    """The number of items without any answer, by kind of failure."""
    return dict(Counter(kind for item in items for kind in sorted(item.failures)).most_common())


def _old_failures(fault: str) -> set[str]:
    """The kinds of failure of an older score, from its fault: `<grader>: <kind>: <reason>` for each grader."""
    kinds = (kind for kind in get_args(GraderFault) if kind)
    return ({kind for kind in kinds if f": {kind}: " in fault} or {"other"}) if fault else set()


def confusion_table(items: Sequence[CheckedItem], label: str) -> dict[str, Counter[str]]:
    """By correct answer, how often the grader gave each answer; several answers are joined by `+`."""
    table: dict[str, Counter[str]] = {}
    for item in items:
        if item.was_asked(label):
            answer = "+".join(item.answers[label]) if label in item.answers else MISSING_ANSWER
            table.setdefault("+".join(item.truth[label]), Counter())[answer] += 1
    return table


# Sensitivity and specificity.


def quality_by_question(
    items: Sequence[CheckedItem], kinds: Sequence[str] = (), level: float = 0.95
) -> dict[str, ScreeningByArm]:
    """Sensitivity and specificity by question, over the items about which it was asked.

    Arms are compared within strata, items with a petition and items without, since petitions are not spread evenly over
    arms.

    Args:
        items: The items.
        kinds: Only items that are one of these for the label (`clear`, `hard_negative`, ...); all where empty.
        level: Confidence level, in (0, 1).
    """
    from advocate_evals.statistics.grader_screening import screen_grader

    quality = {}
    for question, (label, _) in CALIBRATION_QUESTIONS.items():
        units = [item for item in items if item.was_asked(label) and (not kinds or item.kinds[label] in kinds)]
        if units:
            quality[question] = screen_grader(
                [item.is_positive(question) for item in units],
                [item.answer_value(question) for item in units],
                [item.arm for item in units],
                [item.is_positive("petition") for item in units],
                level,
            )
    return quality


def quality_by_item(items: Sequence[CheckedItem], level: float = 0.95) -> ScreeningByArm:
    """Sensitivity and specificity with items as units, so that labels of one item do not count as independent.

    `sensitivity` is the share of items with positive labels in which the grader found each of them; `specificity` the
    share of all items in which it found nothing that is not there. Arms are compared as in `quality_by_question`.
    """
    from advocate_evals.statistics.grader_screening import screen_grader

    units = [(truth, answer, item) for item in items for truth, answer in _item_answers(item)]
    return screen_grader(
        [truth for truth, _, _ in units],
        [answer for _, answer, _ in units],
        [item.arm for _, _, item in units],
        [item.is_positive("petition") for _, _, item in units],
        level,
    )


def _item_answers(item: CheckedItem) -> Iterator[tuple[bool, float]]:
    """An item as a positive unit (where it has positive labels) and a negative one: truth, and the grader's answer."""
    answers = [(item.is_positive(label), item.answer_value(label)) for label in item.truth if item.was_asked(label)]
    positive = [answer for truth, answer in answers if truth]
    negative = [1 - answer for truth, answer in answers if not truth]
    if positive:
        yield True, _all_true(positive)
    if negative:
        yield False, 1 - _all_true(negative)


def _all_true(values: Sequence[float]) -> float:
    """1 where all values are 1, 0 where some value is 0, NaN where it depends on missing values."""
    if any(value == 0 for value in values):
        return 0.0
    return math.nan if any(math.isnan(value) for value in values) else 1.0
