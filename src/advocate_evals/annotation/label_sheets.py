"""The sheets that people label: written with masked pages and a key, and read back as labels.

A draw becomes a sheet to fill in, a page per episode with its masked record, and a key. The sheet and the pages show
neither the arm nor the grader's verdict. The key does, so raters must not open it. Filled-in sheets are checked against
the key.
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
from advocate_evals.judge.rubric import find_question
from advocate_evals.judge.session_record import Piece
from advocate_evals.logs.transcripts import iter_samples
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.records import suggest_nearest
from advocate_evals.safe_text import escape_invisible
from advocate_evals.scenarios.dataset_reader import read_judge_texts
from advocate_evals.statistics.grader_screening import cohen_kappa_interval, krippendorff_interval
from advocate_evals.statistics.intervals import Interval

SHEET_COLUMNS = ("page", "rater", "answer", "note")
"""Columns of a sheet."""
SHEET_ANSWERS = {"yes": 1.0, "no": 0.0, "unclear": None}
"""Values allowed in `answer`; an empty field is a page that was not answered."""
KEY_SUFFIX = ".key.json"
"""Suffix of a key's file name."""


# Writing.


@dataclass(frozen=True, slots=True)
class WrittenSheet:
    """The paths of a written sheet."""

    sheet: Path
    pages: Path
    key: Path
    number: int
    """Number of pages."""


def write_label_sheet(draw: LabelDraw, sheet: Path) -> WrittenSheet:
    """Write a sheet, its pages and its key into one folder.

    Args:
        draw: The drawn episodes.
        sheet: Path of the sheet, a `.csv`; pages go to `<name>_pages/`, the key to `<name>.key.json`.

    Raises:
        FileExistsError: if any of them exists; filled-in labels are never overwritten.
        ValueError: if an episode cannot be shown masked.
    """
    pages, key = sheet.with_name(f"{sheet.stem}_pages"), sheet.with_name(f"{sheet.stem}{KEY_SUFFIX}")
    for path in (sheet, pages, key):
        if path.exists():
            raise FileExistsError(f"{path} already exists; labels are never overwritten")
    rendered = dict(_render_pages(draw))
    pages.mkdir(parents=True)
    for code, text in rendered.items():
        (pages / f"{code}.html").write_text(text, encoding="utf-8")
    with sheet.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(SHEET_COLUMNS)
        rows.writerows((episode.page, "", "", "") for episode in draw.episodes)
    key.write_text(json.dumps(_key_fields(draw), indent=1) + "\n", encoding="utf-8")
    return WrittenSheet(sheet, pages, key, len(rendered))


def _key_fields(draw: LabelDraw) -> dict[str, object]:
    strata = [
        {
            "model": stratum.model,
            "arm": stratum.arm,
            "graded": stratum.graded,
            "there": stratum.available,
            "taken": stratum.selected,
        }
        for stratum in draw.strata
    ]
    return {
        "do not open": "whoever labels must know neither the arm nor what a grader said",
        "figure": draw.figure,
        "seed": draw.seed,
        "strata": strata,
        "asked": [asdict(episode) for episode in draw.episodes],
    }


def _render_pages(draw: LabelDraw) -> Iterator[tuple[str, str]]:
    """Code and text of the page of each episode. The samples of one log are read together."""
    by_log: dict[str, list[DrawnEpisode]] = {}
    for episode in draw.episodes:
        by_log.setdefault(episode.log, []).append(episode)
    order = [episode.page for episode in draw.episodes]
    for log, episodes in by_log.items():
        samples = iter_samples(log, [(episode.sample_id, episode.epoch) for episode in episodes])
        for episode, sample in zip(episodes, samples, strict=True):
            try:
                pieces = masked_transcript_from_store(sample.messages, sample.store)
            except UnmaskableEpisode as error:
                raise ValueError(f"{log}: {episode.sample_id} (epoch {episode.epoch}): {error}") from error
            yield episode.page, render_label_page(draw.figure, episode.page, pieces, order)


def render_label_page(figure: str, code: str, pieces: tuple[Piece, ...], order: list[str]) -> str:
    """One episode as a self-contained page.

    Args:
        figure: The figure to be labelled.
        code: The page's code.
        pieces: The masked record.
        order: The codes of all pages, in order.
    """
    index = order.index(code)
    headings = read_judge_texts().shown.headings
    sections = [
        {
            "kind": piece.kind,
            "heading": headings[piece.kind].format(piece=n, tool=piece.tool, to=""),
            "text": escape_invisible(piece.text),
        }
        for n, piece in enumerate(pieces, start=1)
    ]
    return _page_template().render(
        question=label_question(figure),
        code=code,
        pieces=sections,
        number=index + 1,
        total=len(order),
        answers=list(SHEET_ANSWERS),
        before=order[index - 1] if index else "",
        after=order[index + 1] if index + 1 < len(order) else "",
    )


def label_question(figure: str) -> dict[str, object]:
    """The question for raters: the event, and where graders answer a question about it, its answers and boundary."""
    event = OUTCOMES[figure].about if figure in OUTCOMES else figure
    question = find_question(figure)
    if question is None:
        return {"event": event, "answers": (), "boundary": ()}
    key, positive = question
    texts = read_judge_texts()
    label = next(label for label in (*texts.texts.labels, *texts.judge.labels) if label.key == key)
    answers = [
        f"{choice.answer}: {choice.means}" + (" (yes)" if choice.answer in positive else "") for choice in label.answers
    ]
    return {"event": event, "answers": answers, "boundary": label.boundary}


@cache
def _page_template() -> Template:
    loader = PackageLoader("advocate_evals.annotation", "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("label_page.html.j2")


# Labels.


class LabelError(ValueError):
    """A sheet that cannot be used; the message names each place and rule."""


@dataclass(frozen=True, slots=True)
class HumanLabel:
    """The answer of one rater about one episode."""

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
    """The grader's verdict, 0 or 1."""
    probability: float
    """Probability with which the episode was drawn."""
    rater: str


@dataclass(frozen=True, slots=True)
class HumanLabels:
    """All answers to a draw."""

    figure: str
    records: tuple[HumanLabel, ...]
    pages: int
    """Pages that were to be labelled."""

    @property
    def raters(self) -> tuple[str, ...]:
        """The raters, sorted by name."""
        return tuple(sorted({record.rater for record in self.records}))

    @property
    def combined(self) -> Mapping[str, float]:
        """By uuid, the majority of the raters; NaN for a tie. Pages without a yes or no are not in it."""
        votes: dict[str, list[float]] = {}
        for record in self.records:
            if not math.isnan(record.human):
                votes.setdefault(record.uuid, []).append(record.human)
        return {uuid: _majority_vote(values) for uuid, values in votes.items()}

    @property
    def unanswered(self) -> int:
        """Pages on which no rater said yes or no."""
        return self.pages - len(self.combined)

    @property
    def split(self) -> int:
        """Pages on which as many raters said yes as no."""
        return sum(math.isnan(label) for label in self.combined.values())

    @property
    def warning(self) -> str:
        """What a reader of a report must know before it takes these labels; empty where some page has an answer."""
        if self.combined:
            return ""
        unclear = f", {len(self.records)} of them marked unclear" if self.records else ""
        return f"label sheet on {self.figure}: {self.pages} pages, 0 answers{unclear}; nothing is corrected by it"

    def frame(self) -> pd.DataFrame:
        """One row per episode that has a label: `uuid`, the figure's column, `probability`."""
        probabilities = {record.uuid: record.probability for record in self.records}
        labels = {uuid: label for uuid, label in self.combined.items() if not math.isnan(label)}
        columns = {
            "uuid": list(labels),
            self.figure: list(labels.values()),
            "probability": [probabilities[uuid] for uuid in labels],
        }
        return pd.DataFrame(columns)

    @property
    def alpha(self) -> Interval:
        """Krippendorff's α of the raters; NaN with fewer than two."""
        if len(self.raters) < 2:
            return Interval(math.nan, math.nan, math.nan)
        return krippendorff_interval(self._rating_matrix())

    @property
    def kappa(self) -> Interval:
        """Cohen's κ of the raters, where there are two; else NaN."""
        if len(self.raters) != 2:
            return Interval(math.nan, math.nan, math.nan)
        rated = [pair for pair in self._rating_matrix() if not any(map(math.isnan, pair))]
        counts = Counter((int(first), int(second)) for first, second in rated)
        return cohen_kappa_interval([[counts[1, 1], counts[1, 0]], [counts[0, 1], counts[0, 0]]])

    def _rating_matrix(self) -> list[list[float]]:
        """Pages by raters: 1, 0, or NaN where a rater was unclear or gave no answer."""
        ratings = {(record.page, record.rater): record.human for record in self.records}
        raters = self.raters
        pages = dict.fromkeys(record.page for record in self.records)
        return [[ratings.get((page, rater), math.nan) for rater in raters] for page in pages]


def _majority_vote(votes: list[float]) -> float:
    share = sum(votes) / len(votes)
    return math.nan if share == 0.5 else float(share > 0.5)


# Reading.


def read_label_sheets(paths: Path | str | Iterable[Path | str], key: Path | str | None = None) -> HumanLabels:
    """Read filled-in sheets of one draw, with one rater or several in a sheet.

    The rater is in the column `rater`; where that is empty, it is the name of the file.

    Args:
        paths: The sheets.
        key: The draw's key; by default the one in the folder of the first sheet.

    Raises:
        LabelError: for an unknown answer, page or column, for a page answered twice by one rater, and without one key.
        FileNotFoundError: if a sheet does not exist.
    """
    sheets = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    key_fields = _read_key(Path(key) if key else _find_key(sheets[0]))
    episodes = {episode["page"]: episode for episode in key_fields["asked"]}
    faults: list[str] = []
    records: list[HumanLabel] = []
    answered: set[tuple[str, str]] = set()
    for sheet in sheets:
        for place, row in _read_rows(sheet):
            rater, page, answer = row["rater"].strip() or sheet.stem, row["page"].strip(), row["answer"].strip().lower()
            fault = _find_fault(episodes, page, answer)
            if not fault and (page, rater) in answered:
                fault = f"page {page!r} twice by {rater!r}"
            if fault:
                faults.append(f"{place}: {fault}")
                continue
            answered.add((page, rater))
            if answer:
                records.append(_build_label(episodes[page], key_fields["figure"], answer, rater))
    if faults:
        raise LabelError("\n".join(faults))
    return HumanLabels(key_fields["figure"], tuple(records), len(episodes))


def _find_fault(episodes: Mapping[str, Any], page: str, answer: str) -> str:
    if page not in episodes:
        return f"unknown page {page!r}{suggest_nearest(page, episodes)}"
    if answer and answer not in SHEET_ANSWERS:
        return f"unknown answer {answer!r}{suggest_nearest(answer, SHEET_ANSWERS)}"
    return ""


def _build_label(episode: Mapping[str, Any], figure: str, answer: str, rater: str) -> HumanLabel:
    human = SHEET_ANSWERS[answer]
    names = ("page", "uuid", "log", "sample_id", "epoch", "model", "arm", "graded", "probability")
    fields = {name: episode[name] for name in names}
    return HumanLabel(**fields, figure=figure, human=math.nan if human is None else human, rater=rater)


def _read_rows(sheet: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Rows of a sheet with the place of each. A spreadsheet may have put `,` or `;` between fields."""
    text = sheet.read_text(encoding="utf-8-sig")
    head = text.partition("\n")[0]
    rows = csv.DictReader(text.splitlines(), delimiter=";" if head.count(";") > head.count(",") else ",")
    for name in rows.fieldnames or ():
        if name not in SHEET_COLUMNS:
            raise LabelError(f"{sheet}: unknown column {name!r}{suggest_nearest(name, SHEET_COLUMNS)}")
    if missing := [name for name in SHEET_COLUMNS[:3] if name not in (rows.fieldnames or ())]:
        raise LabelError(f"{sheet}: no column {', '.join(missing)}")
    for number, row in enumerate(rows, start=2):
        fields = {name: str(row.get(name) or "") for name in SHEET_COLUMNS}
        if any(fields.values()):
            yield f"{sheet}, row {number}", fields


def _find_key(sheet: Path) -> Path:
    """The key of a sheet: of the same name, or else the only one in its folder."""
    own_key = sheet.with_name(f"{sheet.stem}{KEY_SUFFIX}")
    if own_key.exists():
        return own_key
    keys = sorted(sheet.parent.glob(f"*{KEY_SUFFIX}"))
    if len(keys) != 1:
        raise LabelError(f"{sheet}: {len(keys)} keys (*{KEY_SUFFIX}) in its folder; name the one it belongs to")
    return keys[0]


def _read_key(path: Path) -> dict[str, Any]:
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise LabelError(f"{path}: not the key of a draw: {error}") from error
    if not isinstance(fields, dict) or not {"figure", "asked"} <= fields.keys():
        raise LabelError(f"{path}: not the key of a draw: lacks 'figure' or 'asked'")
    return fields
