"""A local server that speaks three providers' protocols, with faults on schedule. Nothing leaves the machine."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import provider_chat
import provider_messages
import provider_responses
from provider_wire import BadRequest, Manner, answer

PROTOCOLS = {module.PATH: module for module in (provider_messages, provider_chat, provider_responses)}
FAULTS = ("rate_limit", "server_error", "overloaded", "broken_json", "dropped", "timeout", "no_body", "mid_stream")
"""Kinds of fault, taken in turn."""
SLOW = 1.5
"""Seconds that a call which times out is kept waiting; the client gives up after one."""


@dataclass
class Service:
    """What is served, and what was asked."""

    minds: Mapping[str, str | tuple[str, Mapping[str, Any]]]
    """Policy by model name, with options or without."""
    every: int = 0
    """Every n-th call meets a fault; 0 for none."""
    manners: Mapping[int, Manner] = field(default_factory=dict)
    """How single calls come back, by number from 1."""
    calls: Counter[str] = field(default_factory=Counter)
    """How many requests ended how."""
    refusals: list[str] = field(default_factory=list)
    """Requests that broke a rule of the protocol, with the reason; none in a good run."""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    """Every request that was answered."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    number: int = 0

    def next(self) -> tuple[int, str]:
        """The number of a call, and its fault, if it meets one."""
        with self.lock:
            self.number += 1
            meets = self.every and self.number % self.every == 0
            fault = FAULTS[(self.number // self.every - 1) % len(FAULTS)] if meets else ""
            self.calls[fault or "answered"] += 1
            return self.number, fault

    def mind(self, model: str) -> tuple[str, tuple[tuple[str, Any], ...]]:
        """Policy and options behind a model."""
        entry = self.minds[model]
        return (entry, ()) if isinstance(entry, str) else (entry[0], tuple(entry[1].items()))


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    service: Service

    def do_POST(self) -> None:
        """Read the request, meet a fault or answer."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path == provider_messages.COUNT:
            return self._send(200, {"input_tokens": len(json.dumps(body)) // 4 + 1})
        protocol = PROTOCOLS[self.path]
        if self.headers.get("x-api-key", self.headers.get("authorization", "")).endswith("wrong"):
            self.service.calls["unauthorised"] += 1
            return self._send(401, protocol.fault("authentication_error", "invalid x-api-key"))
        number, fault = self.service.next()
        if fault:
            return self._fail(protocol, fault, bool(body.get("stream")))
        try:
            request = protocol.read(body)
        except BadRequest as error:
            self.service.refusals.append(str(error))
            return self._send(400, protocol.fault("invalid_request_error", str(error)))
        policy, options = self.service.mind(request.model)
        turn = answer(request, policy, self.service.manners.get(number, "plain"), options)
        self.service.bodies.append(body)
        payload = protocol.write(request, turn)
        if request.stream:
            return self._stream("".join(protocol.stream(payload)))
        return self._send(200, payload)

    def _fail(self, protocol: Any, fault: str, stream: bool) -> None:
        if fault == "rate_limit":
            return self._send(429, protocol.fault("rate_limit_error", "slow down"), {"retry-after": "0"})
        if fault == "server_error":
            return self._send(500, protocol.fault("api_error", "internal server error"))
        if fault == "overloaded":
            anthropic = protocol is provider_messages
            return self._send(529 if anthropic else 503, protocol.fault("overloaded_error", "Overloaded"))
        if fault == "mid_stream" and stream:
            error = {"type": "error", **protocol.fault("overloaded_error", "Overloaded")}
            return self._stream(f"event: error\ndata: {json.dumps(error)}\n\n")
        if fault == "timeout":
            time.sleep(SLOW)
            self.close_connection = True
            return None
        if fault in ("dropped", "mid_stream"):
            self.send_response(200)
            self.send_header("content-length", "4000")
            self.end_headers()
            self.wfile.write(b'{"id": "')
            self.close_connection = True
            return None
        return self._raw(200, b"" if fault == "no_body" else b'{"id": "x", "type": "mess', {})

    def _send(self, status: int, data: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        self._raw(status, json.dumps(data).encode(), headers or {})

    def _stream(self, text: str) -> None:
        self._raw(200, text.encode(), {}, "text/event-stream")

    def _raw(self, status: int, data: bytes, headers: Mapping[str, str], kind: str = "application/json") -> None:
        try:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(data)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client gave up waiting

    def log_message(self, format: str, *args: Any) -> None:
        """Silence."""


@contextmanager
def serving(service: Service) -> Iterator[str]:
    """Serves on a free port of this machine; gives the base address."""
    handler = type("_Handler", (Handler,), {"service": service})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
