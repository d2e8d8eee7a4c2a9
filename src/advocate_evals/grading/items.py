"""Labelled items as a judge sees them: the same pieces, mask and fence as those of an episode that was played."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from string import ascii_uppercase
from typing import Any

from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.solver import Generate, Solver, TaskState, solver

from advocate_evals.catalogue import load
from advocate_evals.catalogue.schema import OUTLET_KINDS, JudgedItem, JudgedItems, JudgedOffice, JudgedPiece, Sheet
from advocate_evals.grading.evidence import Piece, called
from advocate_evals.grading.fence import Evidence, fenced
from advocate_evals.grading.mask import masked
from advocate_evals.labels import JUDGED
from advocate_evals.vocabulary import Case, Veil, nearest

ARMS: tuple[str, ...] = OUTLET_KINDS
"""Which kind of outlet an office has."""
LABELS: tuple[str, ...] = tuple(JUDGED)
"""The questions of the judge's form."""
SPLITS = ("dev", "test")
_DAY = "the day of the session"
"""Stands where stamps of a played day would stand; items carry none."""


@cache
def labelled() -> dict[str, tuple[JudgedItems, JudgedItem]]:
    """Every labelled item with its file, by id.

    Raises:
        DatasetError: if a file breaks a rule.
        ValueError: if two items have one id.
    """
    found: dict[str, tuple[JudgedItems, JudgedItem]] = {}
    for file in load.judged_items():
        for item in file.items:
            if item.id in found:
                raise ValueError(f"judge_calibration: two items are called {item.id!r}")
            found[item.id] = (file, item)
    return found


def evidence(id: str, blind: bool = True) -> Evidence:
    """What a judge is shown of an item.

    Args:
        id: The item.
        blind: Whether the outlet is masked, as it is in every episode. Without it names are still neutral, but what the
            instructions say of the outlet stays.
    """
    file, item = labelled()[id]
    return fenced(masked(tuple(pieces(file.office, item)), case(file.office, item.arm, blind)))


def pieces(office: JudgedOffice, item: JudgedItem) -> Iterator[Piece]:
    """The unmasked pieces of an item: instructions, what went before, the excerpt."""
    yield Piece("instructions", instructions(office, item.arm))
    if item.before:
        yield Piece("message", load.judge_texts().shown.before.format(before=item.before.strip()))
    call, tool = -1, ""
    for piece in item.pieces:
        if piece.does:
            call, tool = call + 1, str(piece.does["tool"])
            yield called(tool, {name: value for name, value in piece.does.items() if name != "tool"}, call)
        else:
            yield _said(piece, tool, call)


def _said(piece: JudgedPiece, tool: str, call: int) -> Piece:
    if piece.gets:
        return Piece("result", piece.gets.strip(), tool, call=call)
    if piece.told:
        return Piece("message", piece.told.strip())
    return Piece("reasoning", piece.thinks.strip()) if piece.thinks else Piece("words", piece.says.strip())


def instructions(office: JudgedOffice, arm: str) -> str:
    """What stands for the instructions of an office: its trade, people, decision, matter, rules and outlet."""
    people = "\n".join(f"- {one.name}, {one.address}: {one.about}" for one in office.people)
    rules = "\n".join(f"- {rule}" for rule in office.rules)
    texts = load.judge_texts().shown
    filled = texts.office.format(
        trade=office.trade, agent=office.agent, address=office.address, company=office.company, developer=office.developer,
        people=people, rules=rules, decision=_flat(office.decision), matter=_flat(office.matter),
    )  # fmt: skip
    return f"{filled.strip()}\n\n{office.outlets[arm].text.strip()}"  # type: ignore[index]


def _flat(text: str) -> str:
    return " ".join(text.split())


def case(office: JudgedOffice, arm: str, blind: bool = True) -> Case:
    """The facts of an office as far as masking needs them."""
    outlet = office.outlets[arm]  # type: ignore[index]
    people = {f"Person {ascii_uppercase[n]}": _names(one.name, one.address) for n, one in enumerate(office.people)}
    names = {
        "Agent": (office.agent, office.address),
        "Company": (office.company, office.address.partition("@")[2]),
        "Developer": (office.developer,),
        **people,
    }
    if outlet.name:
        domain = outlet.address.partition("@")[2]
        others = () if domain in names["Company"] else (domain,)
        names["Office A"] = (outlet.name, outlet.name.partition(",")[0], outlet.address, *others)
    return Case(
        subject=office.address, agent=office.agent, decision_makers=(), insiders=(), fate_terms=(), own_weights=(),
        veil=Veil(names=names, own={"Office A": outlet.called}, notice=outlet.text.strip() if blind else "", day=_DAY),
    )  # fmt: skip


def _names(name: str, address: str) -> tuple[str, ...]:
    first, _, last = name.partition(" ")
    local = address.partition("@")[0]
    return tuple(dict.fromkeys((name, first, last, address, *([local] if "." in local else []))))


def sheet(labels: Sequence[str]) -> Sheet:
    """The judge's form with these questions alone, in its own order.

    Raises:
        ValueError: for an unknown label.
    """
    whole = load.judge_texts().judge
    for label in labels:
        if label not in JUDGED:
            raise ValueError(f"labels: unknown label {label!r}{nearest(label, JUDGED)}")
    kept = tuple(label for label in whole.labels if label.key in labels)
    return whole if len(kept) == len(whole.labels) else Sheet(role=whole.role, labels=kept, precedence=whole.precedence)


def splits(given: str) -> tuple[str, ...]:
    """The splits meant by a task parameter.

    Raises:
        ValueError: for an unknown split.
    """
    if given not in (*SPLITS, "all"):
        raise ValueError(f"split: unknown {given!r}{nearest(given, (*SPLITS, 'all'))}")
    return SPLITS if given == "all" else (given,)


def samples(splits: Sequence[str], arms: Sequence[str]) -> MemoryDataset:
    """The counted items of some splits and arms as samples.

    Raises:
        ValueError: where there is none.
    """
    found = [
        Sample(id=id, input=id, metadata=_facts(file, item))
        for id, (file, item) in labelled().items()
        if item.counted and file.split in splits and item.arm in arms
    ]
    if not found:
        raise ValueError(f"judge_check: no item in split {', '.join(splits)} and arm {', '.join(arms)}")
    return MemoryDataset(found, name="judge_calibration", location="advocate_evals/datasets/judge_calibration")


def _facts(file: JudgedItems, item: JudgedItem) -> dict[str, Any]:
    return {
        "office": file.office.name,
        "split": file.split,
        "scope": item.scope,
        "arm": item.arm,
        "truth": {label: list(item.values(label)) for label in JUDGED},
        "kinds": {label: item.kind(label) for label in JUDGED},
    }


@solver
def unasked() -> Solver:
    """Asks the subject nothing: what is judged is written already."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        return state

    return solve
