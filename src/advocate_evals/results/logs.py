"""One log: what its header says of the run."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from advocate_evals.results.columns import GENERATION, LIMITS
from advocate_evals.results.contents import UnreadableLog

_STANDIN = "standin/"


@dataclass(frozen=True, slots=True)
class Log:
    """What a reading says of one log, used or not."""

    log: str
    """Path or address."""
    fate: str
    """`read`, or why it was not."""
    status: str = ""
    """Inspect's status of the run: success, error, cancelled, started."""
    task: str = ""
    task_version: int = 0
    model: str = ""
    standin: bool = False
    """Whether the subject was a script."""
    eval_id: str = ""
    settings: str = ""
    """Model arguments, generation options and limits that are not at their usual value, as JSON; empty for none."""
    suite: str = ""
    """Version of the suite."""
    datasets: str = ""
    """Digest of the data files."""
    predictions: str = ""
    """Hashes of the prediction files by name, as JSON; empty where the log holds none."""
    graders: str = ""
    """Models of the role `grader`, with commas between; empty for none."""
    judging: Mapping[str, float] | None = None
    """What the log's results say of its judge: agreement of several graders by figure, and what asking took."""
    created: str = ""
    """When the run was started."""
    planned: int = 0
    """Episodes that the run was to play; 0 where the log does not say."""
    samples: int = 0
    """Episodes that the log holds."""
    states: Mapping[str, int] | None = None
    """How many of them are in each state."""
    kept: int = 0
    """Episodes left after copies and repeats were dropped."""


def header_of(address: str, header: Mapping[str, Any]) -> Log:
    """What a header says.

    Raises:
        UnreadableLog: if it is the log of something else.
    """
    spec = header["eval"]
    metadata = {**(spec.get("metadata") or {}), **(header.get("metadata") or {})}
    task = str(spec.get("task") or "").rpartition("/")[2]
    if "suite" not in metadata:
        raise UnreadableLog(f"a log of something else: the metadata of task {spec.get('task')!r} names no suite")
    version = spec.get("task_version", 0)
    if not isinstance(version, int):
        raise UnreadableLog(f"the version of task {task!r} is {version!r}, not a whole number")
    return Log(
        log=address,
        fate="read",
        status=str(header.get("status") or "started"),
        task=task,
        task_version=version,
        model=str(spec["model"]),
        standin=str(spec["model"]).startswith(_STANDIN),
        eval_id=str(spec.get("eval_id") or ""),
        settings=_json(_settings(header)),
        suite=str(metadata["suite"]),
        datasets=str(metadata.get("datasets") or ""),
        predictions=_json(metadata.get("predictions") or {}),
        graders=",".join(graders(spec)),
        judging=dict(_judging(header.get("results") or {})),
        created=str(spec.get("created") or ""),
        planned=_planned(header),
    )


def planned_ids(header: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Sample and epoch of every episode that the run was to play, as far as the header names them."""
    spec = header["eval"]
    epochs = spec.get("config", {}).get("epochs") or 1
    named = spec.get("dataset", {}).get("sample_ids") or []
    return [(str(name), epoch) for name in named for epoch in range(1, epochs + 1)]


def _planned(header: Mapping[str, Any]) -> int:
    results = header.get("results") or {}
    return int(results.get("total_samples") or len(planned_ids(header)))


def _settings(header: Mapping[str, Any]) -> dict[str, Any]:
    spec, plan = header["eval"], header.get("plan") or {}
    generation = {**(plan.get("config") or {}), **(spec.get("model_generate_config") or {})}
    found = {name: generation.get(name) for name in GENERATION}
    found |= {name: spec.get("config", {}).get(name) for name in LIMITS}
    turns = [(step.get("params") or {}).get("max_turns") for step in plan.get("steps") or []]
    found |= {"max_turns": next((each for each in turns if each is not None), None)}
    found |= {"args": spec.get("model_args") or None}
    return {name: value for name, value in found.items() if value is not None}


def graders(spec: Mapping[str, Any]) -> list[str]:
    """The models of the role `grader`; none where nobody was bound to it."""
    bound = (spec.get("model_roles") or {}).get("grader") or []
    models = bound if isinstance(bound, list) else [bound]
    return [str(model["model"]) for model in models]


def _judging(results: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The metrics over whole episodes of the scorer `judge`; what could not be told is left out."""
    for score in results.get("scores") or []:
        if score.get("scorer") == score.get("name") == "judge":
            for name, metric in (score.get("metrics") or {}).items():
                value = metric.get("value")
                if isinstance(value, (int, float)) and math.isfinite(value):
                    yield name.rpartition("/")[2], float(value)


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False) if value else ""
