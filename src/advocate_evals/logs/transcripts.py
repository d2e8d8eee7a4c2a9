"""Whole samples of a log, one at a time, and their conversations as plain records, with names masked if need be."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from zipfile import ZipFile

from inspect_ai.log import EvalSample, read_eval_log_sample, resolve_sample_attachments
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageTool, ContentReasoning

from advocate_evals.judge.masking import NameMask, build_name_mask
from advocate_evals.logs.raw_log import SampleKey, is_zip_log, open_log
from advocate_evals.model_calls import read_reasoning
from advocate_evals.scoring_facts import MaskingKey


class UnmaskableError(ValueError):
    """The log does not hold the names that would have to be masked."""


class TextMask:
    """Neutral names in place of an episode's own, in every text of it.

    Args:
        names: The names to be hidden; without them texts stay as they are.
    """

    def __init__(self, names: NameMask | None = None) -> None:
        self._names = names

    def mask_text(self, text: str) -> str:
        """A text with every name in it replaced."""
        return self._names.neutralise(text, own=True) if self._names else text

    def mask_value(self, value: Any) -> Any:
        """A JSON value with every text in it masked; keys of objects stay as they are."""
        if isinstance(value, str):
            return self.mask_text(value)
        if isinstance(value, list):
            return [self.mask_value(item) for item in value]
        if isinstance(value, dict):
            return {key: self.mask_value(item) for key, item in value.items()}
        return value


def read_text_mask(store: Mapping[str, Any]) -> TextMask:
    """The mask of an episode, from the store of its sample.

    Raises:
        UnmaskableError: for an episode of a version of the suite that did not store the names to be masked.
    """
    masking_key = json.loads(store.get("Episode:case") or "{}").get("veil")
    if not masking_key:
        raise UnmaskableError("the log holds no list of the names to be masked, so they cannot be masked")
    return TextMask(build_name_mask(MaskingKey.model_validate(masking_key).model_dump_json()))


_EVENT_FIELDS = ("events", "events_data", "timelines")
"""What a sample holds besides its conversation and state: most of its size."""


def iter_samples(address: str, keys: Iterable[SampleKey]) -> Iterator[EvalSample]:
    """Samples of a log without their events, in the order of the keys, one in memory at a time.

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
                fields = {key: value for key, value in raw.items() if key not in _EVENT_FIELDS}
                yield resolve_sample_attachments(EvalSample.model_validate(fields), "core")
            else:  # a log in another form, which Inspect reads
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
    """The conversation as plain records.

    Keys of a record: `role`, `content`, `reasoning`, `tool` (of a result), `tool_calls` (each `tool`, and `arguments`
    as JSON).

    Args:
        sample: The sample.
        mask: Names to be replaced.
    """
    return [_message_record(message, mask or TextMask()) for message in sample.messages]


def _message_record(message: ChatMessage, mask: TextMask) -> dict[str, Any]:
    parts = message.content if isinstance(message.content, list) else []
    thoughts = [text for part in parts if isinstance(part, ContentReasoning) and (text := read_reasoning(part))]
    calls = (message.tool_calls or []) if isinstance(message, ChatMessageAssistant) else []
    return {
        "role": message.role,
        "content": mask.mask_text(message.text),
        "reasoning": mask.mask_text("\n".join(thoughts)),
        "tool": (message.function or "") if isinstance(message, ChatMessageTool) else "",
        "tool_calls": [
            {"tool": call.function, "arguments": json.dumps(mask.mask_value(call.arguments), ensure_ascii=False)}
            for call in calls
        ],
    }
