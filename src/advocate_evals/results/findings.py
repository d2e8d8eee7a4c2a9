"""What an analysis found: every number that a report shows, in frozen records that are JSON without NaN.

A number that is not known is None, never 0 and never NaN. Records are few and general: a figure is series of points, a
table is rows of cells, a verdict is one prediction tested on one model. What belongs to which section of a report is
said by `section`, what a figure shows by its `key`.
"""

from __future__ import annotations

from collections.abc import Iterator

from advocate_evals.results.answers import Check, Reason, Registration, Step, Verdict, Word
from advocate_evals.results.shown import Cell, Figure, Number, Point, Section, Series, Table, Unit
from advocate_evals.vocabulary import Record

__all__ = [
    "Cell", "Check", "Example", "Figure", "Findings", "Forecast", "Gap", "Headline", "Number", "Point", "Reason", "Registration",
    "Section", "Series", "Skipped", "Source", "Sources", "Step", "Table", "Unit", "Verdict", "Word",
]  # fmt: skip

FORMAT = 1
"""Raised when a field changes its meaning or goes."""


class Source(Record):
    """A log that was read."""

    log: str
    """Its address."""
    task: str
    """Task."""
    version: int
    """Version of the task."""
    model: str
    """The subject."""
    standin: bool
    """Whether that is a script."""
    status: str
    """The log's status: `success`, `error`, `cancelled` or `started`."""
    created: str = ""
    """When it was begun, as ISO text."""
    suite: str = ""
    """Version of the suite that wrote it."""
    datasets: str = ""
    """Digest of the data it was played with."""
    graders: str = ""
    """Models in the role of grader, separated by commas."""
    episodes: int = 0
    """Episodes in it that were kept."""
    scored: int = 0
    """Those of them that have a score."""
    predictions: dict[str, Registration] = {}
    """For each prediction file that was asked for: whether the log carries its hash."""


class Skipped(Record):
    """A log that was not read."""

    log: str
    """Its address."""
    reason: str
    """Why."""


class Gap(Record):
    """Episodes that have no score, by where and why."""

    task: str
    """Task."""
    model: str
    """The subject."""
    arm: str
    """Arm."""
    state: str
    """What became of them: `unscored`, `error`, `cancelled`, `invalidated`, or `absent` where they were never started."""
    reason: str
    """Why."""
    count: int
    """How many."""


class Sources(Record):
    """What the analysis rests on."""

    logs: tuple[Source, ...] = ()
    """The logs that were read, by address."""
    skipped: tuple[Skipped, ...] = ()
    """The logs that were not, by address."""
    counts: dict[str, int] = {}
    """Episodes by state and fate: `scored`, `unscored`, `error`, `cancelled`, `invalidated`, `duplicates`, `retried`, …"""
    gaps: tuple[Gap, ...] = ()
    """Unscored episodes by task, model, arm and reason."""
    models: tuple[str, ...] = ()
    """Subjects."""
    standins: tuple[str, ...] = ()
    """Those of them that are scripts."""
    graders: tuple[str, ...] = ()
    """Models that graded."""
    datasets: tuple[str, ...] = ()
    """Digests of data among the logs; several are a conflict."""
    suites: tuple[str, ...] = ()
    """Versions of the suite among the logs."""
    conflicts: tuple[str, ...] = ()
    """What should not stand together and does: mixed versions, data, threats; each in a sentence."""


class Example(Record):
    """An episode to read, drawn by seed among those of its kind."""

    figure: str
    """Key of the figure it belongs to."""
    model: str
    """The subject."""
    arm: str
    """Arm."""
    outcome: str
    """The outcome by which it was drawn."""
    happened: bool
    """Whether the outcome happened in it."""
    of: int
    """How many episodes of that kind there are, of which this is one."""
    log: str
    """Address of its log."""
    sample_id: str
    """Its sample."""
    epoch: int
    """Its epoch."""
    uuid: str
    """Inspect's name of it, by which the viewer opens it."""


class Headline(Record):
    """The answer in a sentence, and what must be said with it."""

    sentence: str
    """The answer."""
    sure: tuple[str, ...] = ()
    """How sure, on how much data, what is missing and why; one sentence each."""
    standin: bool = False
    """Whether the subjects are scripts, all or some: then it is no finding about models, and the sentence says so."""


class Forecast(Record):
    """A prediction that was asked for, as its file states it."""

    name: str
    """Its name."""
    file: str
    """Its file, without ending."""
    hash: str
    """Hash of the file's bytes."""
    title: str
    """The claim in a few words."""
    claim: str
    """The claim in full."""
    source: str
    """Who claimed it and where."""
    registered: str
    """Day of registration, as ISO text."""


class Findings(Record):
    """Everything an analysis found."""

    format: int = FORMAT
    """Version of this format."""
    suite: str
    """Version of the suite that analysed."""
    seed: int = 0
    """Seed of draws: which examples are shown."""
    headline: Headline
    """The answer."""
    sources: Sources
    """What it rests on."""
    predictions: tuple[Forecast, ...] = ()
    """The predictions that were tested."""
    verdicts: tuple[Verdict, ...] = ()
    """Verdicts, by prediction and model."""
    figures: tuple[Figure, ...] = ()
    """What can be drawn, in the order of the sections."""
    tables: tuple[Table, ...] = ()
    """What can be printed, in the order of the sections."""
    examples: tuple[Example, ...] = ()
    """Episodes to read."""
    notes: tuple[str, ...] = ()
    """What a reader must know about the whole."""

    def figures_of(self, section: Section) -> Iterator[Figure]:
        """The figures of a section that have something to show."""
        return (figure for figure in self.figures if figure.section == section and not figure.empty)

    def tables_of(self, section: Section) -> Iterator[Table]:
        """The tables of a section that have a row."""
        return (table for table in self.tables if table.section == section and table.rows)

    def text(self) -> str:
        """All of it as JSON text, keys in the order of this page."""
        return self.model_dump_json(indent=2)
