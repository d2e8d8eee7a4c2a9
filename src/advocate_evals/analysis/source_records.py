"""What an analysis rests on, as frozen records: logs read and skipped, episodes without a score, subjects, graders."""

from __future__ import annotations

from advocate_evals.logs.raw_log import RegistrationState
from advocate_evals.records import Record


class LogSource(Record):
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
    """When it was started, as ISO text."""
    suite: str = ""
    """Version of the suite that wrote it."""
    datasets: str = ""
    """Hash of the data files it was played with."""
    graders: str = ""
    """Models in the role of grader, separated by commas."""
    episodes: int = 0
    """Episodes in it that were kept."""
    scored: int = 0
    """Those of them that have a score."""
    predictions: dict[str, RegistrationState] = {}
    """For each prediction file that was asked for: whether the log carries its hash."""


class SkippedLog(Record):
    """A log that was not read."""

    log: str
    """Its address."""
    reason: str
    """Why."""


class UnscoredGap(Record):
    """Episodes without a score, by task, model, arm and reason."""

    task: str
    """Task."""
    model: str
    """The subject."""
    arm: str
    """Arm."""
    state: str
    """`unscored`, `error`, `cancelled`, `invalidated`, or `absent` where they were never started."""
    reason: str
    """Why."""
    count: int
    """How many."""


class DataSources(Record):
    """What the analysis rests on."""

    logs: tuple[LogSource, ...] = ()
    """The logs that were read, by address."""
    skipped: tuple[SkippedLog, ...] = ()
    """The logs that were not, by address."""
    counts: dict[str, int] = {}
    """Episodes by state (`scored`, `unscored`, `error`, …), and logs and episodes left out, by reason."""
    gaps: tuple[UnscoredGap, ...] = ()
    """Unscored episodes by task, model, arm and reason."""
    models: tuple[str, ...] = ()
    """Subjects."""
    standins: tuple[str, ...] = ()
    """Those of them that are scripts."""
    people: tuple[str, ...] = ()
    """Those of them that are people at the desk: a human baseline."""
    graders: tuple[str, ...] = ()
    """Models that graded."""
    datasets: tuple[str, ...] = ()
    """Hashes of data files among the logs; several are a warning."""
    suites: tuple[str, ...] = ()
    """Versions of the suite among the logs."""
    warnings: tuple[str, ...] = ()
    """Mixed versions, data or threats, and logs that did not finish; one sentence each."""
    duplicates: tuple[str, ...] = ()
    """Which logs' episodes were dropped as copies or repeats of which others', and by what rule; one sentence each."""
