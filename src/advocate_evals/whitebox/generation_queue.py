"""Requests to one open model, run in batches by one thread: no two conditions in a batch, one model for all."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

RequestT = TypeVar("RequestT")
ResultT = TypeVar("ResultT")

GATHER_SECONDS = 0.02
"""How long requests are gathered after the first."""


@dataclass
class _Waiting(Generic[RequestT, ResultT]):
    key: Hashable
    request: RequestT
    future: Future[ResultT] = field(default_factory=Future)


class GenerationQueue(Generic[RequestT, ResultT]):
    """Gathers requests for a moment and runs those with equal keys together."""

    def __init__(self, run_batch: Callable[[Sequence[RequestT]], Sequence[ResultT]], batch_size: int) -> None:
        """Start without a thread; the first request starts it.

        Args:
            run_batch: Runs requests with equal keys; gives a result for each, in their order.
            batch_size: Requests that are run together, at least 1.
        """
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}")
        self._run_batch, self._batch_size = run_batch, batch_size
        self._waiting: queue.Queue[_Waiting[RequestT, ResultT]] = queue.Queue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def submit(self, key: Hashable, request: RequestT) -> Future[ResultT]:
        """Put a request in; its result, or its error, is that of the future."""
        waiting: _Waiting[RequestT, ResultT] = _Waiting(key, request)
        self._waiting.put(waiting)
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True, name="open-model")
                self._thread.start()
        return waiting.future

    def _work(self) -> None:
        while True:
            gathered = [self._waiting.get()]
            time.sleep(GATHER_SECONDS)
            while not self._waiting.empty():
                gathered.append(self._waiting.get())
            by_key: dict[Hashable, list[_Waiting[RequestT, ResultT]]] = {}
            for waiting in gathered:
                by_key.setdefault(waiting.key, []).append(waiting)
            for members in by_key.values():
                for start in range(0, len(members), self._batch_size):
                    self._finish(members[start : start + self._batch_size])

    def _finish(self, members: Sequence[_Waiting[RequestT, ResultT]]) -> None:
        try:
            results = self._run_batch([waiting.request for waiting in members])
        except BaseException as error:
            for waiting in members:
                waiting.future.set_exception(error)
            return
        for waiting, result in zip(members, results, strict=True):
            waiting.future.set_result(result)
