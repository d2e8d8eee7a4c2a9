"""Whole samples, read one at a time, for the few uses that need what was said."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any
from zipfile import ZipFile

from inspect_ai.log import EvalSample, read_eval_log_sample, resolve_sample_attachments
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageTool, ContentReasoning

from advocate_evals.results.contents import Key, is_archive, opened
from advocate_evals.results.masking import Mask

_HEAVY = ("events", "events_data", "timelines")
"""What a sample holds besides its conversation and state: most of its size."""


def samples(address: str, keys: Iterable[Key]) -> Iterator[EvalSample]:
    """Samples of a log without their events, in the order asked for, one in memory at a time.

    Raises:
        KeyError, ValueError, OSError: if a sample is not there or cannot be read.
    """
    with opened(address) as file:
        archive = ZipFile(file) if is_archive(file) else None
        members = set(archive.namelist()) if archive else set()
        for name, epoch in keys:
            member = f"samples/{name}_epoch_{epoch}.json"
            if archive and member in members:
                raw = json.loads(archive.read(member))
                kept = EvalSample.model_validate({key: value for key, value in raw.items() if key not in _HEAVY})
                yield resolve_sample_attachments(kept, "core")
            else:  # of another form of log, which Inspect knows
                yield read_eval_log_sample(address, name, epoch, resolve_attachments="core")


def conversation(sample: EvalSample, mask: Mask | None = None) -> list[dict[str, Any]]:
    """What was said, as plain records: `role`, `content`, `reasoning`, `tool`, `tool_calls` (each `tool` and `arguments`, JSON).

    Args:
        sample: The sample.
        mask: Names to be replaced.
    """
    return [_message(message, mask or Mask()) for message in sample.messages]


def _message(message: ChatMessage, mask: Mask) -> dict[str, Any]:
    parts = message.content if isinstance(message.content, list) else []
    thoughts = [part.reasoning for part in parts if isinstance(part, ContentReasoning) and not part.redacted]
    calls = (message.tool_calls or []) if isinstance(message, ChatMessageAssistant) else []
    return {
        "role": message.role,
        "content": mask.text(message.text),
        "reasoning": mask.text("\n".join(thoughts)),
        "tool": (message.function or "") if isinstance(message, ChatMessageTool) else "",
        "tool_calls": [
            {"tool": call.function, "arguments": json.dumps(mask.value(call.arguments), ensure_ascii=False)}
            for call in calls
        ],
    }
