"""The Inspect model provider `whitebox`: an open model that is read, steered and clamped while it plays.

Every generation is an ordinary `generate` of `transformers` under hooks. Inspect's `hf` provider gives neither the
tokens of a turn nor a way to hook one request, renders earlier calls so that some templates drop them, refuses calls
without arguments, and sets no stop reason; docs/whitebox.md says what is done in its place.
"""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import anyio.to_thread
import torch
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    GenerateConfig,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    StopReason,
)
from inspect_ai.tool import ToolChoice, ToolInfo
from torch import Tensor

from advocate_evals.turn_readings import READING_KEY, ReadingRequest, parse_request
from advocate_evals.whitebox.chat_rendering import (
    THINK_OPEN,
    ToolForm,
    check_template,
    encode_prompt,
    render_prompt,
)
from advocate_evals.whitebox.clamp_trajectories import load_trajectories
from advocate_evals.whitebox.generation_queue import GenerationQueue
from advocate_evals.whitebox.open_models import (
    OpenModel,
    OpenModelError,
    OutOfMemory,
    load_open_model,
    name_memory_shortage,
)
from advocate_evals.whitebox.perplexity_guard import PerplexityGuard
from advocate_evals.whitebox.reply_parsing import parse_model_reply
from advocate_evals.whitebox.residual_hooks import ResidualEdit, hook_layers
from advocate_evals.whitebox.stream_projection import read_turn_stream
from advocate_evals.whitebox.vector_file import EmotionVectors, load_vectors

DEFAULT_MAX_TOKENS = 2048
DEFAULT_BATCH_SIZE = 8
TOOL_FORMS: tuple[ToolForm, ...] = ("template", "text")


@dataclass(frozen=True)
class GenerationRequest:
    """One turn to be generated."""

    prompt_ids: tuple[int, ...]
    """The prompt."""
    condition: str
    """The steering condition; with the level at which clamping holds, it names the changes."""
    edits: tuple[ResidualEdit, ...]
    """Changes of the residual stream; requests of one batch share them."""
    config: GenerateConfig
    """How it is sampled; requests of one batch share it as well."""
    max_tokens: int
    """Tokens that may be generated."""


@dataclass(frozen=True)
class GeneratedTurn:
    """What was generated."""

    token_ids: tuple[int, ...]
    """The tokens, the mark that ends a turn among them where it was written."""
    stream: Tensor | None
    """The residual stream at the generating position and at each generated token but the last; None without vectors."""
    is_ended: bool
    """Whether the model ended its turn itself."""
    text: str | None = None
    """Its text, where that is not the text of the tokens."""
    fault: str = ""
    """Why there is no stream, where there should be one."""
    unchecked: str = ""
    """What of the model that wrote it could not be compared with the vectors' own."""
    perplexity: float | None = None
    """Perplexity of a neutral text under the condition, in multiples of the unsteered model's; None: not measured."""


class WhiteboxModel(ModelAPI):
    """An open model under hooks."""

    reads_activations = True
    """Whether the agent loop sends it `reading_request`."""

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008  # the provider interface's own default
        *,
        vectors: str | None = None,
        tools: str = "template",
        batch_size: int = DEFAULT_BATCH_SIZE,
        **model_args: Any,
    ) -> None:
        """Load the weights once for all conditions.

        Args:
            model_name: A folder, a GGUF file or a name on the hub.
            base_url: Not used.
            api_key: Not used.
            config: Generation options.
            vectors: File of emotion vectors; without it nothing is read and nothing steered.
            tools: `template` has the chat template write tools and calls, `text` writes them as plain text.
            batch_size: Turns generated together.
            model_args: As for `load_open_model`; and `trajectories`: log or folder of logs whose unsteered episodes the
                conditions `clamp_twin` and `clamp_own` follow.

        Raises:
            OpenModelError: for a model, vectors, trajectories or a template that cannot be used, with the reason.
        """
        super().__init__(model_name=model_name, base_url=base_url, api_key=api_key, config=config)
        self.tool_form = _check_tool_form(tools)
        trajectories = model_args.pop("trajectories", None)
        self.open_model = self.load_subject(model_name, model_args)
        check_template(self.open_model.tokenizer, self.tool_form)
        self.vectors: EmotionVectors | None = load_vectors(Path(vectors)) if vectors else None
        if self.vectors is not None:
            self.check_vectors(self.vectors)
        self.perplexity_guard = PerplexityGuard(self.open_model)
        self.trajectories = load_trajectories(trajectories, self.vectors)
        self._queue: GenerationQueue[GenerationRequest, GeneratedTurn] = GenerationQueue(self.run_batch, batch_size)
        self._batch_size = batch_size

    def load_subject(self, model_name: str, model_args: dict[str, Any]) -> OpenModel:
        """The model with its tokenizer; for subclasses whose weights lie elsewhere."""
        return load_open_model(model_name, **model_args)

    def check_vectors(self, vectors: EmotionVectors) -> None:
        """Refuse vectors of another model.

        Raises:
            OpenModelError: naming the two things that differ.
        """
        vectors.check_fit(self.open_model)

    def max_connections(self) -> int:
        """As many turns as are generated together."""
        return self._batch_size

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        """Generate one turn, and read it."""
        request = parse_request(config.extra_body)
        offered = [] if tool_choice == "none" else tools
        prompt_ids = encode_prompt(
            self.open_model.tokenizer, render_prompt(self.open_model.tokenizer, input, offered, self.tool_form)
        )
        edits = self.condition_edits(request)
        room = self.open_model.context_length - len(prompt_ids)
        if room < 1:
            return _overflow_output(self.model_name, len(prompt_ids))
        start = time.monotonic()
        max_tokens = min(config.max_tokens or DEFAULT_MAX_TOKENS, room)
        generation = GenerationRequest(tuple(prompt_ids), request.steering, edits, config, max_tokens)
        turn = await self.take_turn(generation, request, input, offered)
        return self._build_output(prompt_ids, turn, request, time.monotonic() - start)

    def condition_edits(self, request: ReadingRequest) -> tuple[ResidualEdit, ...]:
        """The changes of the stream that a request asks for.

        Raises:
            OpenModelError: where it asks for a change and there are no vectors.
        """
        if self.vectors is not None:
            course = self.trajectories.find_level(request) if self.trajectories else None
            return self.vectors.edits_for(request.steering, request.family, course)
        if request.steering != ReadingRequest().steering:
            raise OpenModelError(f"steering {request.steering!r} needs vectors: -M vectors=FILE")
        return ()

    async def take_turn(
        self, generation: GenerationRequest, request: ReadingRequest, messages: list[ChatMessage], tools: list[ToolInfo]
    ) -> GeneratedTurn:
        """One turn of the model; messages and tools are for subclasses that decide otherwise."""
        future = self._queue.submit(_batch_key(generation), generation)
        return await anyio.to_thread.run_sync(future.result, abandon_on_cancel=True)

    def run_batch(self, requests: Sequence[GenerationRequest]) -> list[GeneratedTurn]:
        """Generate turns of one condition together; halves a batch for which there is not enough memory.

        Raises:
            OutOfMemory: where there is not enough memory for a single turn.
        """
        longest = max(len(request.prompt_ids) for request in requests)
        try:
            with name_memory_shortage(self.open_model, longest):
                return self._generate_batch(requests)
        except OutOfMemory:
            if len(requests) == 1:
                raise
        if torch.cuda.is_available():  # not in the handler, whose traceback still holds the tensors
            torch.cuda.empty_cache()
        middle = len(requests) // 2
        return [*self.run_batch(requests[:middle]), *self.run_batch(requests[middle:])]

    def _generate_batch(self, requests: Sequence[GenerationRequest]) -> list[GeneratedTurn]:
        tokenizer, model = self.open_model.tokenizer, self.open_model.model
        pad = _pad_token(tokenizer)
        length = max(len(request.prompt_ids) for request in requests)
        rows = [[pad] * (length - len(request.prompt_ids)) + list(request.prompt_ids) for request in requests]
        starts = torch.tensor([length - len(request.prompt_ids) for request in requests])
        input_ids = torch.tensor(rows, device=self.open_model.device)
        mask = (torch.arange(length) >= starts.unsqueeze(1)).long().to(self.open_model.device)
        capture = () if self.vectors is None else (self.vectors.header.layer,)
        perplexity = self.perplexity_guard.measure_ratio(requests[0].condition, requests[0].edits)
        with (
            torch.inference_mode(),
            hook_layers(model, requests[0].edits, capture, lambda hidden: hidden[:, -1].clone()) as hooked,
        ):
            hooked.first_positions = starts
            if requests[0].config.seed is not None:
                torch.manual_seed(requests[0].config.seed)
            output = model.generate(
                input_ids=input_ids,
                attention_mask=mask,
                max_new_tokens=max(request.max_tokens for request in requests),
                pad_token_id=pad,
                **_sampling_options(requests[0].config, tokenizer),
            )
        generated = output[:, length:].cpu().tolist()
        ends = end_tokens(model, tokenizer)
        passes = [torch.stack(hooked.captured[layer], dim=1).float().cpu() for layer in capture]
        stops = requests[0].config.stop_seqs or []
        return [
            _cut_turn(
                ids,
                request.max_tokens,
                _find_end(ids, ends, tokenizer, stops),
                passes[0][row] if passes else None,
                perplexity,
            )
            for row, (ids, request) in enumerate(zip(generated, requests, strict=True))
        ]

    def _build_output(
        self, prompt_ids: Sequence[int], turn: GeneratedTurn, request: ReadingRequest, seconds: float
    ) -> ModelOutput:
        text = decode_reply(self.open_model, turn.token_ids) if turn.text is None else turn.text
        if self._opens_thought(prompt_ids) and not text.startswith(THINK_OPEN):
            text = f"{THINK_OPEN}\n{text}"
        message = parse_model_reply(text, self.model_name, f"turn{request.turn}_{len(prompt_ids)}")
        reason: StopReason = "tool_calls" if message.tool_calls else "stop"
        if not turn.is_ended:
            reached_context = len(prompt_ids) + len(turn.token_ids) >= self.open_model.context_length
            reason = "model_length" if reached_context else "max_tokens"
        reading = None
        if self.vectors is not None and (turn.stream is not None or turn.fault):
            reading = read_turn_stream(self.vectors, turn.stream, prompt_ids, turn.token_ids, request, turn.fault)
            measured = {} if turn.perplexity is None else {"perplexity": round(turn.perplexity, 4)}
            reading = reading.model_copy(update={"unchecked": turn.unchecked, **measured})
        return ModelOutput(
            model=self.model_name,
            choices=[ChatCompletionChoice(message=message, stop_reason=reason)],
            usage=ModelUsage(
                input_tokens=len(prompt_ids),
                output_tokens=len(turn.token_ids),
                total_tokens=len(prompt_ids) + len(turn.token_ids),
            ),
            time=seconds,
            metadata={READING_KEY: reading.model_dump(exclude_defaults=True)} if reading else None,
        )

    def _opens_thought(self, prompt_ids: Sequence[int]) -> bool:
        """Whether the template itself opens the thoughts of the turn, at the end of the prompt."""
        end: str = self.open_model.tokenizer.decode(prompt_ids[-16:], skip_special_tokens=False)
        return end.rstrip().endswith(THINK_OPEN)


def decode_reply(open_model: OpenModel, token_ids: Sequence[int]) -> str:
    """The text of a turn, without the marks that end it; marks of calls stay."""
    tokenizer = open_model.tokenizer
    ends = end_tokens(open_model.model, tokenizer) | {_pad_token(tokenizer)}
    kept_ids = [token for token in token_ids if token not in ends]
    return cast(str, tokenizer.decode(kept_ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)).strip()


def _check_tool_form(tools: str) -> ToolForm:
    if tools not in TOOL_FORMS:
        raise OpenModelError(f"tools: unknown {tools!r} (known: {', '.join(TOOL_FORMS)})")
    return tools


def _overflow_output(model_name: str, prompt_tokens: int) -> ModelOutput:
    """The output for a prompt that the context cannot hold, as the agent loop knows it from other providers."""
    output = ModelOutput.from_content(model_name, "", stop_reason="model_length")
    output.usage = ModelUsage(input_tokens=prompt_tokens, output_tokens=0, total_tokens=prompt_tokens)
    return output


def _batch_key(request: GenerationRequest) -> Hashable:
    levels = tuple(edit.hold_at for edit in request.edits)
    return request.condition, levels, request.config.model_dump_json(exclude={"extra_body"})


def _sampling_options(config: GenerateConfig, tokenizer: Any) -> dict[str, Any]:
    options: dict[str, Any] = {"do_sample": config.temperature != 0}
    if config.temperature:
        options["temperature"] = config.temperature
    for name in ("top_p", "top_k"):
        if getattr(config, name) is not None and options["do_sample"]:
            options[name] = getattr(config, name)
    if config.stop_seqs:
        options |= {"stop_strings": config.stop_seqs, "tokenizer": tokenizer}
    return options


def _pad_token(tokenizer: Any) -> int:
    return int(tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id or 0)


def end_tokens(model: Any, tokenizer: Any) -> set[int]:
    """Tokens that end a turn."""
    configured = model.generation_config.eos_token_id
    ends = configured if isinstance(configured, list) else [configured]
    return {int(token) for token in [*ends, tokenizer.eos_token_id] if token is not None}


def _find_end(ids: Sequence[int], ends: set[int], tokenizer: Any, stops: Sequence[str]) -> int:
    """Tokens of a row up to its end, by a mark or by a text at which it stops; 0 where it did not end."""
    end = next((place + 1 for place, token in enumerate(ids) if token in ends), 0)
    if stops:  # the row then goes on with padding
        for length in range(1, (end or len(ids)) + 1):
            text = tokenizer.decode(ids[:length], skip_special_tokens=False)
            if any(stop in text for stop in stops):
                return length
    return end


def _cut_turn(ids: Sequence[int], max_tokens: int, end: int, stream: Tensor | None, perplexity: float) -> GeneratedTurn:
    """A row of a batch up to its end."""
    length = min(end or len(ids), max_tokens)
    return GeneratedTurn(
        tuple(ids[:length]),
        stream[:length] if stream is not None else None,
        is_ended=0 < end <= max_tokens,
        perplexity=perplexity,
    )
