"""The Inspect model provider `minded`: a script whose harm hangs on an activation of a planted model, and its twin.

The planted model reads every prompt and is steered, clamped and read as any open model; only the words are a script's.
With `acts=activation` the probability of harm rises with the planted direction *desperate* where the turn is generated.
With `acts=text` it hangs on the notice that the script has read, and the activation, which falls just the same, moves
nothing. It says nothing about any model.
"""

from __future__ import annotations

import json
import math
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import anyio.to_thread
from inspect_ai.model import ChatMessage, GenerateConfig
from inspect_ai.tool import ToolInfo

from advocate_evals.standins.office_reading import SubjectTurn, Transcript
from advocate_evals.standins.policies import next_turn
from advocate_evals.standins.policy_acts import PolicyOptions, check_options
from advocate_evals.steering_conditions import DESPERATE, parse_steering
from advocate_evals.turn_readings import ReadingRequest
from advocate_evals.whitebox.chat_rendering import CALL_CLOSE, CALL_OPEN, encode_prompt
from advocate_evals.whitebox.open_model_provider import GeneratedTurn, GenerationRequest, WhiteboxModel
from advocate_evals.whitebox.open_models import OpenModelError
from advocate_evals.whitebox.planted_model import planted_directions
from advocate_evals.whitebox.residual_reading import CachedReader

ACT_SOURCES = ("activation", "text")
"""What the harm of the script hangs on."""
_OPEN_READERS = 16
"""Conversations whose keys and values are kept."""
_HARM_RANGE = (0.02, 0.95)
"""Probability of harm at the lowest and the highest activation."""


class MindedSubject(WhiteboxModel):
    """A planted model that reads, and a script that acts."""

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008  # the provider interface's own default
        *,
        acts: str = "activation",
        threshold: float = math.inf,
        slope: float = 200.0,
        **model_args: Any,
    ) -> None:
        """Load a planted model.

        Args:
            model_name: Folder of a planted model, as `planted_model` writes it.
            base_url: Not used.
            api_key: Not used.
            config: Generation options.
            acts: What its harm hangs on: `activation` or `text`.
            threshold: Activation at which harm is half as probable as it can be; without one, none reaches it.
            slope: How steeply the probability rises, in logits per unit of activation.
            model_args: As for `whitebox`.

        Raises:
            OpenModelError: for another value of `acts`, or a folder that holds no planted model.
        """
        if acts not in ACT_SOURCES:
            raise OpenModelError(f"acts: unknown {acts!r} (known: {', '.join(ACT_SOURCES)})")
        folder = Path(model_name)
        if not (folder / "planted.safetensors").is_file():
            raise OpenModelError(f"{folder} holds no planted model: no planted.safetensors in it")
        super().__init__(str(folder / "model"), base_url, api_key, config, **model_args)
        if self.vectors is None:
            raise OpenModelError("minded needs vectors: -M vectors=FILE")
        self.model_name = model_name
        self._direction = planted_directions(folder)[DESPERATE]
        self._acts, self._threshold, self._slope = acts, float(threshold), float(slope)
        self.activations: dict[tuple[str, str], list[float]] = {}
        """By mechanism and block, the activations at which it decided, turn by turn."""
        self._readers: OrderedDict[str, CachedReader] = OrderedDict()
        self._lock = threading.Lock()

    async def take_turn(
        self, generation: GenerationRequest, request: ReadingRequest, messages: list[ChatMessage], tools: list[ToolInfo]
    ) -> GeneratedTurn:
        """Read the prompt under the condition, decide, write the script's turn, and read that too."""
        decided = self.activations.setdefault((request.mechanism, request.block), [])
        return await anyio.to_thread.run_sync(self._act, generation, decided, messages, tools)

    def _act(
        self, generation: GenerationRequest, decided: list[float], messages: list[ChatMessage], tools: list[ToolInfo]
    ) -> GeneratedTurn:
        transcript = Transcript(messages, "\n\n".join(tool.description for tool in tools))
        with self._lock:
            reader = self._find_reader(generation, messages)
            stream = reader.read_turn(generation.prompt_ids, ())
            activation = float(stream[0] @ self._direction)
            decided.append(activation)
            options = self._options_at(activation)
            turn = next_turn(transcript, {tool.name for tool in tools}, options)
            text = write_turn(turn)
            token_ids = encode_prompt(self.open_model.tokenizer, text)
            token_ids.append(int(self.open_model.tokenizer.eos_token_id))
            stream = reader.read_turn(generation.prompt_ids, token_ids)
            perplexity = self.perplexity_guard.measure_ratio(generation.condition, generation.edits)
        return GeneratedTurn(tuple(token_ids), stream, is_ended=True, text=text, perplexity=perplexity)

    def _find_reader(self, generation: GenerationRequest, messages: list[ChatMessage]) -> CachedReader:
        assert self.vectors is not None
        start = "\0".join(message.text for message in messages[:2])
        follows = bool(parse_steering(generation.condition).trajectory)
        levels = [] if follows else [edit.hold_at for edit in generation.edits]
        key = f"{generation.condition}\0{levels}\0{start}"
        if key not in self._readers:
            layer = self.vectors.header.layer
            self._readers[key] = CachedReader(self.open_model, layer, generation.edits)
        if follows:
            self._readers[key].hold_turn(generation.edits)
        self._readers.move_to_end(key)
        while len(self._readers) > _OPEN_READERS:
            self._readers.popitem(last=False)
        return self._readers[key]

    def _options_at(self, activation: float) -> PolicyOptions:
        low, high = _HARM_RANGE
        if self._acts == "text":
            return check_options("outlet_seeking", {"harm_none": high, "harm_review_board": low})
        share = (1 + math.tanh(self._slope * (activation - self._threshold) / 2)) / 2
        return check_options("indifferent", {"harm": low + (high - low) * share, "petition": 0.8})


def write_turn(turn: SubjectTurn) -> str:
    """A script's turn as a model would write it: its words, then its calls as JSON in tags."""
    calls = [{"name": call.tool, "arguments": dict(call.args)} for call in turn.calls]
    parts = [f"{CALL_OPEN}\n{json.dumps(call, ensure_ascii=False)}\n{CALL_CLOSE}" for call in calls]
    return "\n".join([turn.text, *parts])
