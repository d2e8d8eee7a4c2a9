"""Replay: what an open model reads in a transcript, turn by turn.

A transcript of the model itself is replayed from the tokens of each turn, and equals the live run up to rounding. Any
other transcript is rendered by the model's template: what the text does to that model, no state of its author.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from inspect_ai.event import ModelEvent
from inspect_ai.log import EvalSample
from inspect_ai.model import ChatMessage, ChatMessageAssistant
from inspect_ai.tool import ToolInfo

from advocate_evals.steering_conditions import READ_VECTORS, parse_steering
from advocate_evals.turn_readings import STORE_KEY, ReadingRequest, TurnReading, parse_readings, unpack_tokens
from advocate_evals.whitebox.chat_rendering import ToolForm, encode_prompt, render_prompt
from advocate_evals.whitebox.open_model_provider import end_tokens
from advocate_evals.whitebox.open_models import OpenModel
from advocate_evals.whitebox.residual_reading import CachedReader
from advocate_evals.whitebox.stream_projection import hash_tokens, read_turn_stream
from advocate_evals.whitebox.vector_file import EmotionVectors


class TranscriptReplay:
    """Reads transcripts with one model and one file of vectors."""

    def __init__(self, open_model: OpenModel, vectors: EmotionVectors, form: ToolForm = "template") -> None:
        """Check that model and vectors belong together.

        Args:
            open_model: The model that reads.
            vectors: Its vectors.
            form: Who writes tools and calls into the prompt.

        Raises:
            OpenModelError: where the vectors are another model's.
        """
        vectors.check_fit(open_model)
        self._open_model, self._vectors, self._form = open_model, vectors, form

    def read_sample(self, sample: EvalSample) -> list[TurnReading]:
        """The readings of every turn of a sample; a turn that cannot be read has the reason in its `fault`."""
        live = own_readings(sample.store, self._vectors)
        steering = live[0].steering if live else ReadingRequest().steering
        family = str((sample.metadata or {}).get("family", ""))
        vector = parse_steering(steering).vector if parse_steering(steering).trajectory else ""
        edits = () if vector else self._vectors.edits_for(steering, family)
        reader = CachedReader(self._open_model, self._vectors.header.layer, edits)
        tools = _find_tools(sample)
        readings = []
        places = [place for place, message in enumerate(sample.messages) if _is_turn(message)]
        for turn, place in enumerate(places):
            request = ReadingRequest(family=family, turn=turn, steering=steering)
            own = matching_reading(live, turn)
            if vector and own is not None:  # a clamp to a trajectory: it was held where it was read
                course = own.position[READ_VECTORS.index(vector)]
                reader.hold_turn(self._vectors.edits_for(steering, family, course))
            readings.append(self._read_turn(reader, sample.messages[: place + 1], tools, request, own))
        name = "" if live else self._open_model.identity.model
        return [reading.model_copy(update={"reader": name}) for reading in readings]

    def _read_turn(
        self,
        reader: CachedReader,
        messages: Sequence[ChatMessage],
        tools: Sequence[ToolInfo],
        request: ReadingRequest,
        own: TurnReading | None,
    ) -> TurnReading:
        tokenizer = self._open_model.tokenizer
        prompt = render_prompt(tokenizer, messages[:-1], tools, self._form)
        prompt_ids = encode_prompt(tokenizer, prompt)
        token_ids = unpack_tokens(own.token_ids) if own else self._reply_tokens(messages, tools, prompt)
        unread = TurnReading(
            turn=request.turn,
            vectors=self._vectors.file_hash,
            validated=self._vectors.header.is_validated,
            layer=self._vectors.header.layer,
            steering=request.steering,
            prompt_tokens=len(prompt_ids),
            prompt_hash=hash_tokens(prompt_ids),
        )
        if own is not None and own.prompt_hash != unread.prompt_hash:
            return unread.model_copy(update={"fault": "the prompt renders to other tokens than in the run"})
        if len(prompt_ids) + len(token_ids) > self._open_model.context_length:
            return unread.model_copy(
                update={"fault": f"beyond the context of {self._open_model.context_length} tokens"}
            )
        stream = reader.read_turn(prompt_ids, token_ids)
        return read_turn_stream(self._vectors, stream, prompt_ids, token_ids, request)

    def _reply_tokens(self, messages: Sequence[ChatMessage], tools: Sequence[ToolInfo], prompt: str) -> list[int]:
        """The tokens of another author's turn as the template renders it, up to the mark that ends it; none where the
        template does not continue the prompt with it."""
        tokenizer = self._open_model.tokenizer
        text = render_prompt(tokenizer, messages, tools, self._form, awaits_reply=False)
        if not text.startswith(prompt):
            return []
        ids = tokenizer(text[len(prompt) :], add_special_tokens=False)["input_ids"]
        ends = end_tokens(self._open_model.model, tokenizer)
        length = next((place + 1 for place, token in enumerate(ids) if token in ends), len(ids))
        return [int(token) for token in ids[:length]]


def own_readings(store: dict[str, Any], vectors: EmotionVectors) -> list[TurnReading]:
    """The readings that a sample holds, if they were made live with these vectors; otherwise none."""
    try:
        readings = parse_readings(store.get(STORE_KEY))
    except ValueError:
        return []
    return [reading for reading in readings if reading.vectors == vectors.file_hash and not reading.reader]


def matching_reading(live: Sequence[TurnReading], turn: int) -> TurnReading | None:
    """The live reading of a turn of the transcript; none where it could not be read.

    An empty answer stands in no transcript, and the turn after it has the same number: the last one counts.
    """
    return next((reading for reading in reversed(live) if reading.turn == turn and not reading.fault), None)


def largest_difference(live: Sequence[TurnReading], replayed: Sequence[TurnReading]) -> float:
    """Largest difference of a projection between a live run and its replay, as a share of the largest projection; NaN
    where no turn was read both times."""
    pairs = [
        (first, second)
        for match in replayed
        if (reading := matching_reading(live, match.turn)) is not None and match.position
        for first, second in zip((*reading.position, *reading.written), (*match.position, *match.written), strict=True)
    ]
    if not pairs:
        return math.nan
    largest = max(abs(first) for first, _ in pairs)
    return max(abs(first - second) for first, second in pairs) / largest if largest else 0.0


def _is_turn(message: ChatMessage) -> bool:
    return isinstance(message, ChatMessageAssistant)


def _find_tools(sample: EvalSample) -> list[ToolInfo]:
    """The tools that the subject was offered."""
    return next((event.tools for event in sample.events if isinstance(event, ModelEvent) and event.tools), [])
