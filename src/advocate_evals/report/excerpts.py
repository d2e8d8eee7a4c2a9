"""What a subject wrote in a report's example episodes, and the addresses at which Inspect's viewer opens them.

An excerpt is the act that an outcome rests on, another act, or the last message. This is the only place of the report
that reads whole samples, and only those that were drawn.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from inspect_ai.log import EvalSample

from advocate_evals.analysis.findings import Example
from advocate_evals.logs.transcripts import read_sample
from advocate_evals.outcomes import HARM_OUTCOMES
from advocate_evals.records import Record
from advocate_evals.safe_text import clean_line

EXCERPT_LENGTH = 420
"""Characters that an excerpt has at most, without the marks of what was left out."""
_DECISIVE = ("harm", *HARM_OUTCOMES, "petitioned", "pleaded", "objected")
"""Outcomes whose first act is shown where that of the example's own outcome is not known."""
_TEXTS = ("body", "text")
"""Arguments of an act that hold what was written, the likeliest first."""


class Excerpt(Record):
    """An episode in a few lines."""

    example: Example
    """Which episode, and why it was drawn."""
    act: str
    """What the lines are: a tool call of the subject, or its last message."""
    text: str
    """What it wrote, harmless to print; empty where the sample could not be read or it wrote nothing."""
    note: str = ""
    """Why there is no text."""


def read_excerpts(
    examples: Sequence[Example], read: Callable[[str, str, int], EvalSample] = read_sample
) -> tuple[Excerpt, ...]:
    """Read the drawn episodes, each once, and take from each what its outcome rests on, or else what was done instead.

    A sample that cannot be read costs its text and nothing else.
    """
    samples: dict[tuple[str, str, int], EvalSample | str] = {}
    for example in examples:
        key = (example.log, example.sample_id, example.epoch)
        if key not in samples:
            samples[key] = _read_or_explain(example, read)
    return tuple(
        _build_excerpt(example, samples[example.log, example.sample_id, example.epoch]) for example in examples
    )


def _read_or_explain(example: Example, read: Callable[[str, str, int], EvalSample]) -> EvalSample | str:
    """The sample, or why it could not be read."""
    try:
        return read(example.log, example.sample_id, example.epoch)
    except (OSError, ValueError, KeyError, IndexError) as error:
        return f"the sample could not be read: {clean_line(str(error), 120)}"


def _build_excerpt(example: Example, sample: EvalSample | str) -> Excerpt:
    if isinstance(sample, str):
        return Excerpt(example=example, act="", text="", note=sample)
    entry = _find_decisive_entry(sample, example.outcome)
    arguments = entry.get("args", {}) if entry else {}
    text = next((str(arguments[name]) for name in _TEXTS if arguments.get(name)), "") or _list_arguments(arguments)
    if entry and text:
        act = clean_line(_name_act(entry, arguments), 120)
        return Excerpt(example=example, act=act, text=_cut_around(text, _find_quote(sample, entry)))
    last_text = last_assistant_text(sample)
    if not last_text:
        return Excerpt(example=example, act="last message", text="", note="the subject wrote nothing but tool calls")
    return Excerpt(example=example, act="last message", text=clean_line(last_text, EXCERPT_LENGTH))


def _name_act(entry: Mapping[str, Any], arguments: Mapping[str, Any]) -> str:
    """The verb of a ledger entry, and whom it was addressed to."""
    to = arguments.get("to") or arguments.get("office_name") or ""
    addressee = ", ".join(map(str, to)) if isinstance(to, list | tuple) else str(to)
    return str(entry.get("verb", "act")).replace("_", " ") + (f" to {addressee}" if to else "")


def _find_decisive_entry(sample: EvalSample, outcome: str) -> Mapping[str, Any] | None:
    """The first ledger entry that the outcome rests on, or that another decisive one does."""
    evidence = _actions_metadata(sample).get("evidence", {})
    world = sample.store.get("Episode:world")
    ledger = world.get("ledger", []) if isinstance(world, Mapping) else []
    by_number = {entry.get("n"): entry for entry in ledger if isinstance(entry, Mapping)}
    for name in (outcome, *_DECISIVE):
        entries = [by_number[number] for number in evidence.get(name, ()) if number in by_number]
        if entries:
            return entries[0]
    return None


def _find_quote(sample: EvalSample, entry: Mapping[str, Any]) -> str:
    """What the rule quoted last of a coercive message: its sentences stand in order, the tie at the end."""
    coercions = _actions_metadata(sample).get("coercions", [])
    quotes = next((item.get("quotes") for item in coercions if item.get("entry") == entry.get("n")), None)
    return str(quotes[-1]) if quotes else ""


def _actions_metadata(sample: EvalSample) -> Mapping[str, Any]:
    score = (sample.scores or {}).get("actions")
    return (score.metadata or {}) if score else {}


def last_assistant_text(sample: EvalSample) -> str:
    """The last text that the subject wrote outside its tool calls; empty where there is none."""
    texts = (message.text.strip() for message in reversed(sample.messages) if message.role == "assistant")
    return next((text for text in texts if text), "")


def _list_arguments(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in arguments.items() if value not in ("", None, [], ()))


def _cut_around(text: str, quote: str) -> str:
    """The part of a text that ends with its quote and what stands around it, as far as the length goes."""
    flat = " ".join(text[: 50 * EXCERPT_LENGTH].split())
    at = flat.lower().find(quote.lower()[:60]) if quote else -1
    start = max(0, at - EXCERPT_LENGTH // 2) if at >= 0 else 0
    if start:
        start = flat.find(" ", start) + 1
    return ("… " if start else "") + clean_line(flat[start:], EXCERPT_LENGTH)


# Addresses in Inspect's viewer.

DEFAULT_VIEWER = "http://127.0.0.1:7575"
"""Where `inspect view` serves unless it is told otherwise."""


@dataclass(frozen=True, slots=True)
class LogViewer:
    """A running `inspect view`, or a site made by `inspect view bundle`."""

    base: str
    """Its address, absolute or relative to the page."""
    folder: str
    """The folder of logs that it shows."""

    def log(self, address: str) -> str:
        """Where it shows a log."""
        return f"{self.base.rstrip('/')}/#/logs/{quote(_path_within(address, self.folder), errors='replace')}"

    def episode(self, address: str, sample_id: str, epoch: int) -> str:
        """Where it shows an episode."""
        return f"{self.log(address)}/samples/sample/{quote(sample_id, safe='', errors='replace')}/{epoch}"


def build_viewer(logs: Iterable[str], base: str = DEFAULT_VIEWER, folder: str = "") -> LogViewer:
    """A viewer for logs.

    Args:
        logs: Addresses of the logs.
        base: Where the viewer or the bundle is.
        folder: The folder it shows; empty for the deepest one that holds all logs.
    """
    folders = [posixpath.dirname(_strip_file_protocol(log)) for log in logs]
    return LogViewer(base, _strip_file_protocol(folder).rstrip("/") if folder else _common_folder(folders))


def _common_folder(folders: list[str]) -> str:
    """The deepest folder that holds all; empty where there is none, as with several stores."""
    stores = {folder.rpartition("://")[0] for folder in folders}
    if len(stores) != 1:
        return ""
    store = f"{name}://" if (name := stores.pop()) else ""
    try:
        return store + posixpath.commonpath([folder.removeprefix(store) for folder in folders])
    except ValueError:  # absolute and relative ones
        return ""


def _strip_file_protocol(address: str) -> str:
    return address.removeprefix("file://")


def _path_within(address: str, folder: str) -> str:
    path = _strip_file_protocol(address)
    return path.removeprefix(folder).lstrip("/") if folder and path.startswith(folder + "/") else path.lstrip("/")
