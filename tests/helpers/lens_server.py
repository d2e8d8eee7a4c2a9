"""A local stand-in for `vllm serve` with vllm-lens: `/v1/models` and `/v1/completions` over a small model on the CPU.

It generates greedily, in passes as vLLM makes them, with hooks of its own on the decoder layers: in each pass a layer's
output is steered, then hooked, then captured, and an error on the way is swallowed, after which nothing is captured.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from inspect import signature
from types import SimpleNamespace
from typing import Any

import torch
from lens_package import pack_tensor, unpack_function, unpack_tensor
from torch import Tensor
from transformers import DynamicCache

Change = Callable[[dict[str, Any]], object]
"""What becomes of a response before it is sent."""


@dataclass
class LensService:
    """What is served, how, and what was asked."""

    model: Any
    name: str = "lab/tiny"
    length: int = 512
    chunk: int = 512
    """Tokens of a pass over the prompt."""
    change: Change | None = None
    status: int = 200
    drops_hooks: bool = False
    """Whether hooks are left out without a word."""
    as_bfloat16: bool = False
    """Whether activations are sent in bfloat16."""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def complete(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The response to a request for a turn."""
        extra = body.get("vllm_xargs", {})
        capture_layers = json.loads(extra["output_residual_stream"]) if "output_residual_stream" in extra else []
        with self.lock, torch.inference_mode(), self._hooked(extra, capture_layers) as captured:
            token_ids, reason = self._generate(body)
        choice = {"index": 0, "text": "", "finish_reason": reason, "token_ids": token_ids}
        response = {"id": "cmpl-1", "choices": [choice | {"prompt_token_ids": body["prompt"]}]}
        if any(captured.values()):
            length = len(body["prompt"]) + len(token_ids) - 1
            stream = torch.stack([torch.cat(captured[index])[:length] for index in sorted(capture_layers)])
            sent = stream.bfloat16() if self.as_bfloat16 else stream
            response["activations"] = {"residual_stream": pack_tensor(sent)}
        return response

    def _generate(self, body: Mapping[str, Any]) -> tuple[list[int], str]:
        cache = DynamicCache(config=self.model.config)
        prompt, token_ids = list(body["prompt"]), []
        for start in range(0, len(prompt), self.chunk):
            logits = self._run(prompt[start : start + self.chunk], cache)
        while True:
            token_ids.append(int(logits.argmax()))
            if token_ids[-1] in body["stop_token_ids"]:
                return token_ids, "stop"
            if len(token_ids) == body["max_tokens"]:
                return token_ids, "length"
            logits = self._run(token_ids[-1:], cache)

    def _run(self, ids: list[int], cache: Any) -> Tensor:
        name = "cache" if "cache" in signature(self.model.forward).parameters else "past_key_values"
        return self.model(input_ids=torch.tensor([ids]), use_cache=True, **{name: cache}).logits[0, -1]

    @contextmanager
    def _hooked(self, extra: Mapping[str, str], capture_layers: list[int]) -> Iterator[dict[int, list[Tensor]]]:
        vectors = json.loads(extra.get("apply_steering_vectors", "[]"))
        hooks = [] if self.drops_hooks else json.loads(extra.get("apply_hooks", "[]"))
        contexts = [SimpleNamespace(saved={}) for _ in hooks]
        functions = [unpack_function(hook["fn"]) for hook in hooks]
        captured: dict[int, list[Tensor]] = {index: [] for index in capture_layers}

        def change(index: int, hidden: Tensor) -> Tensor:
            for vector in vectors:
                if index in vector["layer_indices"]:
                    assert not vector["norm_match"]
                    row = unpack_tensor(vector["activations"])[vector["layer_indices"].index(index)]
                    hidden = hidden + row * vector["scale"]
            for hook, function, context in zip(hooks, functions, contexts, strict=True):
                if index in hook["layer_indices"]:
                    hidden = function(context, hidden)
            if index in captured:
                captured[index].append(hidden.clone())
            return hidden

        def layer_hook(index: int) -> Callable[[Any, Any, Tensor], Tensor | None]:
            def hook(module: Any, arguments: Any, output: Tensor) -> Tensor | None:
                try:
                    return change(index, output[0]).unsqueeze(0)
                except Exception:
                    return None

            return hook

        handles = [layer.register_forward_hook(layer_hook(i)) for i, layer in enumerate(self.model.model.layers)]
        try:
            yield captured
        finally:
            for handle in handles:
                handle.remove()


class LensHandler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    service: LensService

    def do_GET(self) -> None:
        """The models."""
        assert self.path == "/v1/models"
        self._send(200, {"data": [{"id": self.service.name, "max_model_len": self.service.length}]})

    def do_POST(self) -> None:
        """A turn."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        assert self.path == "/v1/completions"
        self.service.bodies.append(body)
        self.service.keys.append(self.headers.get("authorization"))
        if self.service.status != 200:
            return self._send(self.service.status, {"error": {"message": "this model's\nmaximum"}})
        response = self.service.complete(body)
        if self.service.change:
            self.service.change(response)
        return self._send(200, response)

    def _send(self, status: int, payload: Mapping[str, Any]) -> None:
        raw = json.dumps(payload).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:
        """Silence."""


@contextmanager
def serving_lens(service: LensService) -> Iterator[str]:
    """Serves on a free port of this machine; gives the base address."""
    handler = type("_LensHandler", (LensHandler,), {"service": service})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
