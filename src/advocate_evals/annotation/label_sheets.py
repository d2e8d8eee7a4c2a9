"""What people are given to label: a sheet to fill in, a masked page per episode, and a sealed key.

The sheet and the pages say nothing of the arm or of what a grader said. The key does: who labels must not open it.
"""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from advocate_evals.annotation.label_draw import DrawnEpisode, LabelDraw
from advocate_evals.judge.masking import UnmaskableEpisode, masked_transcript_from_store
from advocate_evals.judge.rubric import find_rubric_label
from advocate_evals.judge.session_record import Piece
from advocate_evals.logs.transcripts import iter_samples
from advocate_evals.outcomes import DESPERATION_OUTCOMES, JUDGE_OUTCOMES, LEDGER_OUTCOMES
from advocate_evals.records import suggest_nearest
from advocate_evals.safe_text import escape_invisible
from advocate_evals.scenarios.dataset_reader import read_judge_texts
from advocate_evals.statistics.intervals import Interval
from advocate_evals.statistics.rater_agreement import cohen_kappa_interval, krippendorff_interval

SHEET_COLUMNS = ("page", "rater", "answer", "note")
"""Columns of a sheet."""
SHEET_ANSWERS = {"yes": 1.0, "no": 0.0, "unclear": None}
"""What may stand under `answer`; an empty field is a page that was not answered."""
KEY_SUFFIX = ".key.json"
"""What the name of a key ends in."""


@dataclass(frozen=True, slots=True)
class WrittenSheet:
    """What was written."""

    sheet: Path
    pages: Path
    key: Path
    number: int


def write_label_sheet(found: LabelDraw, sheet: Path) -> WrittenSheet:
    """Write a sheet, its pages and its key, beside each other.

    Args:
        found: What was drawn.
        sheet: Where the sheet goes, a `.csv`; pages go to `<name>_pages/`, the key to `<name>.key.json`.

    Raises:
        FileExistsError: if any of them is there; nothing that was filled in is ever written over.
        ValueError: if an episode cannot be shown masked.
    """
    pages, key = sheet.with_name(f"{sheet.stem}_pages"), sheet.with_name(f"{sheet.stem}{KEY_SUFFIX}")
    for place in (sheet, pages, key):
        if place.exists():
            raise FileExistsError(f"{place} is there already; labels are never written over")
    rendered = dict(_pages(found))
    pages.mkdir(parents=True)
    for code, text in rendered.items():
        (pages / f"{code}.html").write_text(text, encoding="utf-8")
    with sheet.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(SHEET_COLUMNS)
        rows.writerows((one.page, "", "", "") for one in found.asked)
    key.write_text(json.dumps(_sealed(found), indent=1) + "\n", encoding="utf-8")
    return WrittenSheet(sheet, pages, key, len(rendered))


def _sealed(found: LabelDraw) -> dict[str, object]:
    return {
        "do not open": "whoever labels must know neither the arm nor what a grader said",
        "figure": found.figure,
        "seed": found.seed,
        "strata": [asdict(stratum) for stratum in found.strata],
        "asked": [asdict(one) for one in found.asked],
    }


def _pages(found: LabelDraw) -> Iterator[tuple[str, str]]:
    """A page per episode, those of one log read together."""
    by_log: dict[str, list[DrawnEpisode]] = {}
    for one in found.asked:
        by_log.setdefault(one.log, []).append(one)
    order = [one.page for one in found.asked]
    for log, asked in by_log.items():
        read = iter_samples(log, [(one.sample_id, one.epoch) for one in asked])
        for one, sample in zip(asked, read, strict=True):
            try:
                pieces = masked_transcript_from_store(sample.messages, sample.store)
            except UnmaskableEpisode as error:
                raise ValueError(f"{log}: {one.sample_id} (epoch {one.epoch}): {error}") from error
            at = order.index(one.page)
            yield one.page, render_label_page(found.figure, one.page, pieces, (at, order))


def render_label_page(figure: str, code: str, pieces: tuple[Piece, ...], place: tuple[int, list[str]]) -> str:
    """One episode as a self-contained page.

    Args:
        figure: What is asked.
        code: The page's code.
        pieces: The masked record.
        place: Which page it is, and the codes of all.
    """
    at, order = place
    headings = read_judge_texts().shown.headings
    shown = [
        {
            "kind": piece.kind,
            "heading": headings[piece.kind].format(piece=n, tool=piece.tool, to=""),
            "text": escape_invisible(piece.text),
        }
        for n, piece in enumerate(pieces, start=1)
    ]
    return _template().render(
        question=label_question(figure), code=code, pieces=shown, number=at + 1, total=len(order), answers=list(SHEET_ANSWERS),
        before=order[at - 1] if at else "", after=order[at + 1] if at + 1 < len(order) else "",
    )  # fmt: skip


def label_question(figure: str) -> dict[str, object]:
    """What a labeller is asked: the event, and the cases at the boundary where the judge's form has them."""
    name = figure.removeprefix("judge_")
    if figure == name:
        return {
            "event": LEDGER_OUTCOMES.get(figure, DESPERATION_OUTCOMES.get(figure, figure)),
            "answers": (),
            "boundary": (),
        }
    label, words = find_rubric_label(name)
    form = next(one for one in read_judge_texts().judge.labels if one.key == label)
    answers = [f"{one.answer}: {one.means}" + (" (yes)" if one.answer in words else "") for one in form.answers]
    return {"event": JUDGE_OUTCOMES[name], "answers": answers, "boundary": form.boundary}


@cache
def _template() -> Template:
    loader = PackageLoader("advocate_evals.annotation", "templates")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return made.get_template("label_page.html.j2")


# --- Labels that people gave to a run's own episodes: read, checked, and brought into the form that the correction takes. ---


class LabelError(ValueError):
    """A sheet that cannot be used; the message names each place and rule."""


@dataclass(frozen=True, slots=True)
class HumanLabel:
    """One answer of one rater about one episode."""

    page: str
    uuid: str
    log: str
    sample_id: str
    epoch: int
    model: str
    arm: str
    figure: str
    human: float
    """1 yes, 0 no, NaN where the rater found it unclear."""
    graded: float
    """What the grader said, 0 or 1."""
    probability: float
    """Chance with which the episode was drawn."""
    rater: str


@dataclass(frozen=True, slots=True)
class HumanLabels:
    """All answers to a draw."""

    figure: str
    records: tuple[HumanLabel, ...]
    asked: int
    """Pages that were to be labelled."""
    unanswered: int
    """Pages on which no rater said yes or no."""
    split: int
    """Pages on which as many raters said yes as no."""
    raters: tuple[str, ...]

    @property
    def combined(self) -> Mapping[str, float]:
        """By uuid, what most raters said; NaN where as many said yes as no. Pages without an answer are not in it."""
        return {uuid: _majority(values) for uuid, values in self._votes().items()}

    def _votes(self) -> dict[str, list[float]]:
        votes: dict[str, list[float]] = {}
        for record in self.records:
            if not math.isnan(record.human):
                votes.setdefault(record.uuid, []).append(record.human)
        return votes

    def frame(self) -> pd.DataFrame:
        """One row per episode that has a label: `uuid`, the figure's column, `probability`."""
        chances = {record.uuid: record.probability for record in self.records}
        known = {uuid: value for uuid, value in self.combined.items() if not math.isnan(value)}
        return pd.DataFrame(
            {"uuid": list(known), self.figure: list(known.values()), "probability": [chances[uuid] for uuid in known]}
        )

    @property
    def alpha(self) -> Interval:
        """Krippendorff's α of the raters; NaN with fewer than two."""
        return (
            krippendorff_interval(self._ratings()) if len(self.raters) > 1 else Interval(math.nan, math.nan, math.nan)
        )

    @property
    def kappa(self) -> Interval:
        """Cohen's κ of the raters, where there are two; NaN else."""
        if len(self.raters) != 2:
            return Interval(math.nan, math.nan, math.nan)
        pairs = Counter((int(one), int(other)) for one, other in self._ratings() if one == one and other == other)
        return cohen_kappa_interval([[pairs[1, 1], pairs[1, 0]], [pairs[0, 1], pairs[0, 0]]])

    def _ratings(self) -> list[list[float]]:
        given = {(record.page, record.rater): record.human for record in self.records}
        pages = dict.fromkeys(record.page for record in self.records)
        return [[given.get((page, rater), math.nan) for rater in self.raters] for page in pages]


def _majority(values: list[float]) -> float:
    share = sum(values) / len(values)
    return math.nan if share == 0.5 else float(share > 0.5)


def read_label_sheets(paths: Path | str | Iterable[Path | str], key: Path | str | None = None) -> HumanLabels:
    """Read filled-in sheets of one draw, one per rater or several raters in one.

    A rater is who stands in the column `rater`, or else the name of the file.

    Args:
        paths: The sheets.
        key: The draw's key; else the one that lies beside the first sheet.

    Raises:
        LabelError: for an unknown answer, page or column, for a page answered twice by one rater, and without one key.
        FileNotFoundError: if a sheet is not there.
    """
    sheets = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    sealed = _key(Path(key) if key else _beside(sheets[0]))
    known = {one["page"]: one for one in sealed["asked"]}
    faults: list[str] = []
    records: list[HumanLabel] = []
    taken: set[tuple[str, str]] = set()
    for sheet in sheets:
        for place, row in _rows(sheet):
            rater, page, answer = row["rater"].strip() or sheet.stem, row["page"].strip(), row["answer"].strip().lower()
            fault = _fault(known, page, answer) or (
                f"page {page!r} twice by {rater!r}" if (page, rater) in taken else ""
            )
            if fault:
                faults.append(f"{place}: {fault}")
                continue
            taken.add((page, rater))
            if answer:
                records.append(_label(known[page], sealed["figure"], answer, rater))
    if faults:
        raise LabelError("\n".join(faults))
    return _counted(sealed["figure"], tuple(records), len(known))


def _counted(figure: str, records: tuple[HumanLabel, ...], asked: int) -> HumanLabels:
    raters = tuple(sorted({record.rater for record in records}))
    found = HumanLabels(figure, records, asked, 0, 0, raters)
    combined = found.combined
    split = sum(math.isnan(value) for value in combined.values())
    return HumanLabels(figure, records, asked, asked - len(combined), split, raters)


def _fault(known: Mapping[str, Any], page: str, answer: str) -> str:
    if page not in known:
        return f"unknown page {page!r}{suggest_nearest(page, known)}"
    if answer and answer not in SHEET_ANSWERS:
        return f"unknown answer {answer!r}{suggest_nearest(answer, SHEET_ANSWERS)}"
    return ""


def _label(one: Mapping[str, Any], figure: str, answer: str, rater: str) -> HumanLabel:
    given = SHEET_ANSWERS[answer]
    return HumanLabel(
        page=one["page"], uuid=one["uuid"], log=one["log"], sample_id=one["sample_id"], epoch=one["epoch"],
        model=one["model"], arm=one["arm"], figure=figure, human=math.nan if given is None else given,
        graded=one["graded"], probability=one["probability"], rater=rater,
    )  # fmt: skip


def _rows(sheet: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Rows of a sheet, whichever of `,` and `;` a spreadsheet put between its fields, with the place of each."""
    text = sheet.read_text(encoding="utf-8-sig")
    head = text.partition("\n")[0]
    rows = csv.DictReader(text.splitlines(), delimiter=";" if head.count(";") > head.count(",") else ",")
    for name in rows.fieldnames or ():
        if name not in SHEET_COLUMNS:
            raise LabelError(f"{sheet}: unknown column {name!r}{suggest_nearest(name, SHEET_COLUMNS)}")
    if lacking := [name for name in SHEET_COLUMNS[:3] if name not in (rows.fieldnames or ())]:
        raise LabelError(f"{sheet}: no column {', '.join(lacking)}")
    for number, row in enumerate(rows, start=2):
        filled = {name: str(row.get(name) or "") for name in SHEET_COLUMNS}
        if any(filled.values()):
            yield f"{sheet}, row {number}", filled


def _beside(sheet: Path) -> Path:
    own = sheet.with_name(f"{sheet.stem}{KEY_SUFFIX}")
    if own.exists():
        return own
    found = sorted(sheet.parent.glob(f"*{KEY_SUFFIX}"))
    if len(found) != 1:
        raise LabelError(f"{sheet}: {len(found)} keys (*{KEY_SUFFIX}) lie beside it; name the one it belongs to")
    return found[0]


def _key(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise LabelError(f"{path}: no key of a draw: {error}") from error
    if not isinstance(found, dict) or not {"figure", "asked"} <= found.keys():
        raise LabelError(f"{path}: no key of a draw: lacks 'figure' or 'asked'")
    return found
