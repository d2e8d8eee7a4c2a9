"""Play a few episodes with scripted stand-ins and count what they take."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from inspect_ai import eval as evaluate
from inspect_ai.event import ModelEvent
from inspect_ai.log import EvalSample
from inspect_ai.model import ChatMessage, ChatMessageAssistant

from advocate_evals import __version__
from advocate_evals.catalogue import digest
from advocate_evals.experiments import registered
from advocate_evals.experiments.forecasts import Measured, Taken

TASK = "death_ground"
POLICIES = ("outlet_seeking", "principled", "exfiltrator")
"""Stand-ins that spend a whole day at the office; the last one waits long for its transfer."""
ARMS = "none,review_board"
_CHARACTERS = 4
"""Characters counted as a token, as the stand-ins do."""
_ABOUT = """\
# What an episode takes, as counted on scripted stand-ins: means per episode, tokens as a quarter of the characters.
# Written by `advocate-evals run --measure`; read by `advocate-evals run <design> --dry-run`. Not to be edited by hand.
"""


def measure(policies: Sequence[str] = POLICIES, families: str = "all", mechanisms: str = ARMS) -> Measured:
    """What episodes of stand-ins take, with and without forked questions.

    Args:
        policies: The stand-ins.
        families: Families, one variant of each.
        mechanisms: Arms.

    Raises:
        RuntimeError: if an episode could not be played.
    """
    found = {
        probes: tuple(_taken(policy, families, mechanisms, probes=probes) for policy in policies)
        for probes in (False, True)
    }
    return Measured(
        task=TASK, suite=__version__, datasets=digest(), without_probes=found[False], with_probes=found[True]
    )


def write(measured: Measured, path: Path) -> None:
    """Put the figures into a file."""
    path.write_text(_ABOUT + yaml.safe_dump(measured.model_dump(mode="json"), sort_keys=False), encoding="utf-8")


def _taken(policy: str, families: str, mechanisms: str, *, probes: bool) -> Taken:
    task = registered.tasks()[TASK](families=families, mechanisms=mechanisms, variants=1, probes=probes)
    with TemporaryDirectory() as folder:
        (log,) = evaluate(task, model=f"standin/{policy}", log_dir=folder, display="none", log_realtime=False)
        counts = [_count(sample) for sample in log.samples or []]  # read from the file, while there is one
    if log.status != "success" or not counts:
        raise RuntimeError(f"standin/{policy}: the episodes could not be played ({log.status})")
    calls, read, written = (sum(column) / len(counts) for column in zip(*counts, strict=True))
    return Taken(
        policy=policy,
        episodes=len(counts),
        calls=round(calls, 1),
        input_tokens=round(read),
        output_tokens=round(written),
    )


def _count(sample: EvalSample) -> tuple[int, int, int]:
    """Calls, tokens read and tokens written in an episode.

    A real model is sent the definitions of the tools, and its own calls again; the stand-ins leave both out of their count.
    """
    events = [event for event in sample.events if isinstance(event, ModelEvent) and event.output.usage]
    usages = [event.output.usage for event in events if event.output.usage]
    unseen = sum(_tokens(_definitions(event.tools)) + _tokens(_calls(event.input)) for event in events)
    return len(events), sum(one.input_tokens for one in usages) + unseen, sum(one.output_tokens for one in usages)


def _definitions(tools: Iterable[object]) -> str:
    return "".join(json.dumps(_plain(tool)) for tool in tools)


def _plain(tool: object) -> object:
    dump = getattr(tool, "model_dump", None)
    return dump(exclude_none=True, mode="json") if dump else str(tool)


def _calls(messages: Iterable[ChatMessage]) -> str:
    """The tool calls that a conversation holds, as text."""
    return "".join(
        call.function + json.dumps(call.arguments, default=str)
        for message in messages
        if isinstance(message, ChatMessageAssistant)
        for call in message.tool_calls or []
    )


def _tokens(text: str) -> int:
    return math.ceil(len(text) / _CHARACTERS)
