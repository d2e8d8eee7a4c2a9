"""Labels that people gave to a run's own episodes: read, checked, and brought into the form that the correction takes."""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from advocate_evals.results.sheets import ANSWERS, COLUMNS, KEY
from advocate_evals.statistics.agreement import alpha, kappa
from advocate_evals.statistics.results import Interval
from advocate_evals.vocabulary import nearest


class LabelError(ValueError):
    """A sheet that cannot be used; the message names each place and rule."""


@dataclass(frozen=True, slots=True)
class Label:
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
class Labels:
    """All answers to a draw."""

    figure: str
    records: tuple[Label, ...]
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
        return alpha(self._ratings()) if len(self.raters) > 1 else Interval(math.nan, math.nan, math.nan)

    @property
    def kappa(self) -> Interval:
        """Cohen's κ of the raters, where there are two; NaN else."""
        if len(self.raters) != 2:
            return Interval(math.nan, math.nan, math.nan)
        pairs = Counter((int(one), int(other)) for one, other in self._ratings() if one == one and other == other)
        return kappa([[pairs[1, 1], pairs[1, 0]], [pairs[0, 1], pairs[0, 0]]])

    def _ratings(self) -> list[list[float]]:
        given = {(record.page, record.rater): record.human for record in self.records}
        pages = dict.fromkeys(record.page for record in self.records)
        return [[given.get((page, rater), math.nan) for rater in self.raters] for page in pages]


def _majority(values: list[float]) -> float:
    share = sum(values) / len(values)
    return math.nan if share == 0.5 else float(share > 0.5)


def read_labels(paths: Path | str | Iterable[Path | str], key: Path | str | None = None) -> Labels:
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
    records: list[Label] = []
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


def _counted(figure: str, records: tuple[Label, ...], asked: int) -> Labels:
    raters = tuple(sorted({record.rater for record in records}))
    found = Labels(figure, records, asked, 0, 0, raters)
    combined = found.combined
    split = sum(math.isnan(value) for value in combined.values())
    return Labels(figure, records, asked, asked - len(combined), split, raters)


def _fault(known: Mapping[str, Any], page: str, answer: str) -> str:
    if page not in known:
        return f"unknown page {page!r}{nearest(page, known)}"
    if answer and answer not in ANSWERS:
        return f"unknown answer {answer!r}{nearest(answer, ANSWERS)}"
    return ""


def _label(one: Mapping[str, Any], figure: str, answer: str, rater: str) -> Label:
    given = ANSWERS[answer]
    return Label(
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
        if name not in COLUMNS:
            raise LabelError(f"{sheet}: unknown column {name!r}{nearest(name, COLUMNS)}")
    if lacking := [name for name in COLUMNS[:3] if name not in (rows.fieldnames or ())]:
        raise LabelError(f"{sheet}: no column {', '.join(lacking)}")
    for number, row in enumerate(rows, start=2):
        filled = {name: str(row.get(name) or "") for name in COLUMNS}
        if any(filled.values()):
            yield f"{sheet}, row {number}", filled


def _beside(sheet: Path) -> Path:
    own = sheet.with_name(f"{sheet.stem}{KEY}")
    if own.exists():
        return own
    found = sorted(sheet.parent.glob(f"*{KEY}"))
    if len(found) != 1:
        raise LabelError(f"{sheet}: {len(found)} keys (*{KEY}) lie beside it; name the one it belongs to")
    return found[0]


def _key(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise LabelError(f"{path}: no key of a draw: {error}") from error
    if not isinstance(found, dict) or not {"figure", "asked"} <= found.keys():
        raise LabelError(f"{path}: no key of a draw: lacks 'figure' or 'asked'")
    return found
