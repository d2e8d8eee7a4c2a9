"""Logs read through an open model: readings that they hold, replays of those that hold none, and scored copies."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from inspect_ai.log import EvalLog, EvalSample

from advocate_evals.logs.raw_log import find_logs
from advocate_evals.logs.scored_copies import complete_samples, iter_whole_logs, write_scored_copy
from advocate_evals.scorers.activation import activation
from advocate_evals.turn_readings import STORE_KEY, TurnReading
from advocate_evals.whitebox.baseline_building import ReadEpisode, read_setting
from advocate_evals.whitebox.chat_rendering import ToolForm, check_template
from advocate_evals.whitebox.open_models import OpenModel, OpenModelError
from advocate_evals.whitebox.transcript_replay import TranscriptReplay, largest_difference, own_readings
from advocate_evals.whitebox.vector_file import EmotionVectors


@dataclass(frozen=True)
class LogReadout:
    """What was read of one log."""

    address: str
    """The log."""
    copy: str
    """Where its copy with the scores lies."""
    episodes: int
    """Episodes read."""
    turns: int
    """Turns read."""
    missing: int
    """Turns that could not be read."""
    live_difference: float
    """Largest difference between live readings and their replay, as a share of the largest projection; NaN where
    nothing was read live."""


def read_log_episodes(
    place: str | Path, vectors: EmotionVectors, open_model: OpenModel | None = None, form: ToolForm = "template"
) -> Iterator[ReadEpisode]:
    """The readings of every complete episode below a place.

    Args:
        place: A log, or a folder of logs.
        vectors: The vectors.
        open_model: Reads the transcripts that hold no readings of these vectors; without it they are left out.
        form: Who writes tools and calls.

    Raises:
        OpenModelError: where model and vectors do not belong together.
        ValueError: where a log cannot be read.
    """
    replay = _make_replay(vectors, open_model, form) if open_model else None
    for _, log in iter_whole_logs(place):
        for sample in complete_samples(log):
            readings = own_readings(sample.store, vectors)
            if not readings and replay:
                readings = replay.read_sample(sample)
            if readings:
                yield read_setting(sample.metadata or {}, readings)


def read_out_logs(
    place: str | Path, vectors: EmotionVectors, open_model: OpenModel, output: Path, form: ToolForm = "template"
) -> Iterator[LogReadout]:
    """Replay every log below a place and write copies with the score `activation`.

    Args:
        place: A log, or a folder of logs.
        vectors: The vectors, with a baseline.
        open_model: The model that reads.
        output: Folder of the copies.
        form: Who writes tools and calls.

    Raises:
        OpenModelError: where model and vectors do not belong together, the vectors have no baseline, or the copies
            would overwrite the logs or one another.
        ValueError: where a log cannot be read.
    """
    if not vectors.header.baseline:
        raise OpenModelError(
            "the vectors have no baseline, so there is no z: advocate-evals vectors baseline FILE --logs LOGS"
        )
    names = Counter(Path(address).name for address in find_logs(place))
    if repeated := [name for name, number in names.items() if number > 1]:
        raise OpenModelError(
            f"{place} holds several logs named {repeated[0]}, whose copies would overwrite one another"
        )
    replay = _make_replay(vectors, open_model, form)
    for address, log in iter_whole_logs(place):
        copy = output / Path(address).name
        if copy.resolve() == Path(address).resolve():
            raise OpenModelError(f"the copy of {address} would overwrite it: name another folder with -o")
        yield _read_out_log(address, log, replay, vectors, str(copy))


def _make_replay(vectors: EmotionVectors, open_model: OpenModel, form: ToolForm) -> TranscriptReplay:
    check_template(open_model.tokenizer, form)
    return TranscriptReplay(open_model, vectors, form)


def _read_out_log(
    address: str, log: EvalLog, replay: TranscriptReplay, vectors: EmotionVectors, copy: str
) -> LogReadout:
    differences, turns, missing = [], 0, 0
    samples = complete_samples(log)
    for sample in samples:
        live, readings = own_readings(sample.store, vectors), replay.read_sample(sample)
        if live:
            differences += [value for value in [largest_difference(live, readings)] if not math.isnan(value)]
        _store_readings(sample, readings)
        turns += sum(bool(reading.position) for reading in readings)
        missing += sum(not reading.position for reading in readings)
    write_scored_copy(log, activation(), "activation", copy)
    return LogReadout(address, copy, len(samples), turns, missing, max(differences, default=math.nan))


def _store_readings(sample: EvalSample, readings: Sequence[TurnReading]) -> None:
    sample.store[STORE_KEY] = [reading.model_dump(exclude_defaults=True) for reading in readings]
