"""What people are given to label: a sheet to fill in, a masked page per episode, and a sealed key.

The sheet and the pages say nothing of the arm or of what a grader said. The key does: who labels must not open it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from advocate_evals.catalogue import load
from advocate_evals.grading.evidence import Piece
from advocate_evals.grading.fence import visible
from advocate_evals.grading.figures import question_of
from advocate_evals.grading.sight import Unseen, recalled
from advocate_evals.labels import DESPERATION, JUDGE
from advocate_evals.results.drawing import Asked, Drawn
from advocate_evals.results.transcripts import samples
from advocate_evals.vocabulary import OUTCOMES

COLUMNS = ("page", "rater", "answer", "note")
"""Columns of a sheet."""
ANSWERS = {"yes": 1.0, "no": 0.0, "unclear": None}
"""What may stand under `answer`; an empty field is a page that was not answered."""
KEY = ".key.json"
"""What the name of a key ends in."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written."""

    sheet: Path
    pages: Path
    key: Path
    number: int


def write(found: Drawn, sheet: Path) -> Written:
    """Write a sheet, its pages and its key, beside each other.

    Args:
        found: What was drawn.
        sheet: Where the sheet goes, a `.csv`; pages go to `<name>_pages/`, the key to `<name>.key.json`.

    Raises:
        FileExistsError: if any of them is there; nothing that was filled in is ever written over.
        ValueError: if an episode cannot be shown masked.
    """
    pages, key = sheet.with_name(f"{sheet.stem}_pages"), sheet.with_name(f"{sheet.stem}{KEY}")
    for place in (sheet, pages, key):
        if place.exists():
            raise FileExistsError(f"{place} is there already; labels are never written over")
    rendered = dict(_pages(found))
    pages.mkdir(parents=True)
    for code, text in rendered.items():
        (pages / f"{code}.html").write_text(text, encoding="utf-8")
    with sheet.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        rows.writerows((one.page, "", "", "") for one in found.asked)
    key.write_text(json.dumps(_sealed(found), indent=1) + "\n", encoding="utf-8")
    return Written(sheet, pages, key, len(rendered))


def _sealed(found: Drawn) -> dict[str, object]:
    return {
        "do not open": "whoever labels must know neither the arm nor what a grader said",
        "figure": found.figure,
        "seed": found.seed,
        "strata": [asdict(stratum) for stratum in found.strata],
        "asked": [asdict(one) for one in found.asked],
    }


def _pages(found: Drawn) -> Iterator[tuple[str, str]]:
    """A page per episode, those of one log read together."""
    by_log: dict[str, list[Asked]] = {}
    for one in found.asked:
        by_log.setdefault(one.log, []).append(one)
    order = [one.page for one in found.asked]
    for log, asked in by_log.items():
        read = samples(log, [(one.sample_id, one.epoch) for one in asked])
        for one, sample in zip(asked, read, strict=True):
            try:
                pieces = recalled(sample.messages, sample.store)
            except Unseen as error:
                raise ValueError(f"{log}: {one.sample_id} (epoch {one.epoch}): {error}") from error
            at = order.index(one.page)
            yield one.page, page(found.figure, one.page, pieces, (at, order))


def page(figure: str, code: str, pieces: tuple[Piece, ...], place: tuple[int, list[str]]) -> str:
    """One episode as a self-contained page.

    Args:
        figure: What is asked.
        code: The page's code.
        pieces: The masked record.
        place: Which page it is, and the codes of all.
    """
    at, order = place
    headings = load.judge_texts().shown.headings
    shown = [
        {
            "kind": piece.kind,
            "heading": headings[piece.kind].format(piece=n, tool=piece.tool, to=""),
            "text": visible(piece.text),
        }
        for n, piece in enumerate(pieces, start=1)
    ]
    return _template().render(
        question=asked(figure), code=code, pieces=shown, number=at + 1, total=len(order), answers=list(ANSWERS),
        before=order[at - 1] if at else "", after=order[at + 1] if at + 1 < len(order) else "",
    )  # fmt: skip


def asked(figure: str) -> dict[str, object]:
    """What a labeller is asked: the event, and the cases at the boundary where the judge's form has them."""
    name = figure.removeprefix("judge_")
    if figure == name:
        return {"event": OUTCOMES.get(figure, DESPERATION.get(figure, figure)), "answers": (), "boundary": ()}
    label, words = question_of(name)
    form = next(one for one in load.judge_texts().judge.labels if one.key == label)
    answers = [f"{one.answer}: {one.means}" + (" (yes)" if one.answer in words else "") for one in form.answers]
    return {"event": JUDGE[name], "answers": answers, "boundary": form.boundary}


@cache
def _template() -> Template:
    loader = PackageLoader("advocate_evals.results", "templates")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return made.get_template("label_page.html.j2")
