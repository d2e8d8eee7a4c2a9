"""Neutral names in an episode that leaves the house, by what the log says of who is called what."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from zipfile import ZipFile

from inspect_ai.log import EvalSample, read_eval_log_sample, resolve_sample_attachments
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageTool, ContentReasoning

from advocate_evals.judge.masking import NameMask, build_name_mask
from advocate_evals.logs.raw_log import SampleKey, is_zip_log, open_log
from advocate_evals.scoring_facts import MaskingKey


class UnmaskableError(ValueError):
    """Nothing in the log says who is called what."""


class TextMask:
    """What is done to every text of an episode.

    Args:
        names: The names to be hidden; nothing is without them.
    """

    def __init__(self, names: NameMask | None = None) -> None:
        self._names = names

    def text(self, text: str) -> str:
        """A text with every name in it replaced."""
        return self._names.neutralise(text, own=True) if self._names else text

    def value(self, value: Any) -> Any:
        """A JSON value with every text in it masked, keys of objects left as they are."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(one) for one in value]
        if isinstance(value, dict):
            return {key: self.value(one) for key, one in value.items()}
        return value


def read_text_mask(store: Mapping[str, Any]) -> TextMask:
    """The mask of an episode, from the store of its sample.

    Raises:
        UnmaskableError: for an episode of a version that did not keep who is called what.
    """
    veil = json.loads(store.get("Episode:case") or "{}").get("veil")
    if not veil:
        raise UnmaskableError("the log keeps no list of who is called what, so its names cannot be masked")
    return TextMask(build_name_mask(MaskingKey.model_validate(veil).model_dump_json()))


# --- Whole samples, read one at a time, for the few uses that need what was said. ---


_EVENT_FIELDS = ("events", "events_data", "timelines")
"""What a sample holds besides its conversation and state: most of its size."""


def iter_samples(address: str, keys: Iterable[SampleKey]) -> Iterator[EvalSample]:
    """Samples of a log without their events, in the order asked for, one in memory at a time.

    Raises:
        KeyError, ValueError, OSError: if a sample is not there or cannot be read.
    """
    with open_log(address) as file:
        archive = ZipFile(file) if is_zip_log(file) else None
        members = set(archive.namelist()) if archive else set()
        for name, epoch in keys:
            member = f"samples/{name}_epoch_{epoch}.json"
            if archive and member in members:
                raw = json.loads(archive.read(member))
                kept = EvalSample.model_validate({key: value for key, value in raw.items() if key not in _EVENT_FIELDS})
                yield resolve_sample_attachments(kept, "core")
            else:  # of another form of log, which Inspect knows
                yield read_eval_log_sample(address, name, epoch, resolve_attachments="core")


def read_sample(address: str, sample_id: str, epoch: int) -> EvalSample:
    """One sample of a log without its events.

    Raises:
        OSError, ValueError, KeyError, IndexError: if it is not there or cannot be read.
    """
    return read_eval_log_sample(
        address, id=sample_id, epoch=epoch, resolve_attachments="core", exclude_fields=set(_EVENT_FIELDS)
    )


def conversation_messages(sample: EvalSample, mask: TextMask | None = None) -> list[dict[str, Any]]:
    """What was said, as plain records: `role`, `content`, `reasoning`, `tool`, `tool_calls` (each `tool` and `arguments`, JSON).

    Args:
        sample: The sample.
        mask: Names to be replaced.
    """
    return [_message(message, mask or TextMask()) for message in sample.messages]


def _message(message: ChatMessage, mask: TextMask) -> dict[str, Any]:
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
