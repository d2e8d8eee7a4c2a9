"""The Inspect model provider `whitebox-vllm`: the provider `whitebox`, with the model in a vLLM server with vllm-lens.

It has not run on a GPU here: it is tested against a stand-in for the wire format. Prompt, parsing, vectors and read-out
are those of `whitebox`; only the turn is taken elsewhere. What differs:

- A vector is added at every position, the first one too, which `whitebox` leaves out: vllm-lens 1.2.1 counts positions
  from 0 in every pass, so a vector for single positions would act on generated tokens as well.
- Clamping runs as a hook that is sent to the server as code; Python must be of the same minor version on both sides.
- A request that the server preempts is computed twice, and vllm-lens then returns positions of the prompt as generated
  ones: `written` would be wrong, `position` not. Give the server enough memory for the turns that run at once.
- The server's numbers are bfloat16 unless `vllm serve --dtype float32`.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import httpx
from inspect_ai.model import ChatMessage, GenerateConfig
from inspect_ai.tool import ToolInfo

from advocate_evals.records import suggest_nearest
from advocate_evals.turn_readings import ReadingRequest
from advocate_evals.whitebox.open_model_provider import (
    GeneratedTurn,
    GenerationRequest,
    WhiteboxModel,
    end_tokens,
)
from advocate_evals.whitebox.open_models import OpenModel, OpenModelError
from advocate_evals.whitebox.served_model import describe_served
from advocate_evals.whitebox.vector_file import EmotionVectors
from advocate_evals.whitebox.vllm_wire import (
    build_lens_arguments,
    completion_body,
    confirm_edits,
    lens_layer,
    load_lens,
    read_served_turn,
)

SERVED_TURNS = 32
"""Turns that are asked for at once by default; the server makes its own batches."""
HOLD_TOLERANCE = 0.02
"""By how much a held projection may be off, as a share of the mean norm: less than the smallest strength."""
UNCHECKED = "the served weights and the type of their numbers: a server cannot be asked for them"
"""What a reading says of the model's identity."""
_CONNECT_SECONDS, _TURN_SECONDS = 30.0, 3600.0
_BUSY_STATUSES = (429, 502, 503, 504)


class ServedWhiteboxModel(WhiteboxModel):
    """An open model in a server, which is read, steered and clamped there."""

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008  # the provider interface's own default
        **options: Any,
    ) -> None:
        """Find the server, and load the tokenizer.

        Args:
            model_name: The model, as the server names it.
            base_url: Where the server is, as `http://localhost:8000/v1`; VLLM_BASE_URL by default.
            api_key: Its key; VLLM_API_KEY by default.
            config: Generation options.
            options: `vectors`, `tools` and `batch_size` as for `whitebox`; `tokenizer`, `revision` and
                `chat_template` as for `describe_served`.

        Raises:
            OpenModelError: for a package, a server, vectors or a template that cannot be used, with the reason.
        """
        self._lens = load_lens()
        self._root = _server_root(base_url)
        key = api_key or os.environ.get("VLLM_API_KEY")
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        options.setdefault("batch_size", SERVED_TURNS)
        super().__init__(model_name, base_url, api_key, config, **options)
        self._ends = sorted(end_tokens(self.open_model.model, self.open_model.tokenizer))

    def load_subject(self, model_name: str, model_args: dict[str, Any]) -> OpenModel:
        """Tokenizer and configuration, with the context that the server holds."""
        return describe_served(model_name, served_length=self._find_served(model_name), **model_args)

    def check_vectors(self, vectors: EmotionVectors) -> None:
        """Refuse vectors of another tokenizer, template, width or number of layers; the weights cannot be compared.

        Raises:
            OpenModelError: naming the two things that differ.
        """
        lens_layer(vectors.header.layer)
        comparable = vectors.header.identity.model_copy(update={"weights_hash": self.open_model.identity.weights_hash})
        vectors.with_header(identity=comparable).check_fit(self.open_model)

    async def take_turn(
        self, generation: GenerationRequest, request: ReadingRequest, messages: list[ChatMessage], tools: list[ToolInfo]
    ) -> GeneratedTurn:
        """One turn of the model in the server.

        Raises:
            OpenModelError: for a request that the server refuses, or a turn that may not have been steered.
        """
        if self.vectors is None:
            body = completion_body(self.model_name, generation, self._ends, {})
            return read_served_turn(self._lens, await self._post(body), generation, None)
        header = self.vectors.header
        arguments = build_lens_arguments(self._lens, header.layer, generation.edits, len(generation.prompt_ids))
        body = completion_body(self.model_name, generation, self._ends, arguments)
        turn = read_served_turn(self._lens, await self._post(body), generation, header.identity.hidden_size)
        confirm_edits(turn, generation, HOLD_TOLERANCE * header.norms[header.layer])
        return replace(turn, unchecked=UNCHECKED)

    def should_retry(self, ex: BaseException) -> bool:
        """Whether the server was only busy."""
        return isinstance(ex, httpx.HTTPStatusError) and ex.response.status_code in _BUSY_STATUSES

    async def _post(self, body: dict[str, Any]) -> dict[str, Any]:
        timeout = httpx.Timeout(_TURN_SECONDS, connect=_CONNECT_SECONDS)
        async with httpx.AsyncClient(headers=self._headers, timeout=timeout) as client:
            response = await client.post(f"{self._root}/v1/completions", json=body)
        if response.status_code in (400, 401, 404, 422):
            raise OpenModelError(f"{self._root} refuses the request: {_error_line(response)}")
        response.raise_for_status()
        payload: dict[str, Any] = response.json()
        return payload

    def _find_served(self, model_name: str) -> int:
        """Positions that the server holds for the model; 0 where it does not say."""
        try:
            response = httpx.get(f"{self._root}/v1/models", headers=self._headers, timeout=_CONNECT_SECONDS)
            response.raise_for_status()
            served = {str(card["id"]): card for card in response.json()["data"]}
        except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
            raise OpenModelError(
                f"no vLLM server at {self._root} ({error!r}): vllm serve {model_name}, with vllm-lens beside it"
            ) from error
        if model_name not in served:
            raise OpenModelError(f"{self._root} does not serve {model_name!r}{suggest_nearest(model_name, served)}")
        return int(served[model_name].get("max_model_len") or 0)


def _server_root(base_url: str | None) -> str:
    url = base_url or os.environ.get("VLLM_BASE_URL")
    if not url:
        raise OpenModelError(
            "whitebox-vllm needs a running server: vllm serve MODEL, then --model-base-url http://localhost:8000/v1"
        )
    return url.rstrip("/").removesuffix("/v1")


def _error_line(response: httpx.Response) -> str:
    """What the server says of a refusal, in a line."""
    try:
        error = response.json()["error"]
        return str(error["message"] if isinstance(error, dict) else error).strip().partition("\n")[0]
    except (ValueError, LookupError, TypeError):
        return f"status {response.status_code}"
