"""A program that plays through files, as a thread beside the command."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PATIENCE = 60.0


class PipePlayer(threading.Thread):
    """Answers each turn with the next of its replies; a string is written as it is, everything else as JSON.

    A reply that is refused is followed by the next one for the same turn.
    """

    def __init__(self, folder: Path, replies: Sequence[object]) -> None:
        super().__init__(daemon=True)
        self.folder, self.replies = folder, list(replies)
        self.requests: list[dict[str, Any]] = []
        self.errors: list[dict[str, Any]] = []

    def run(self) -> None:
        turn, is_answered = 0, True
        for reply in self.replies:
            if is_answered:
                turn += 1
                request = self.await_file(f"turn-{turn:03d}.request.json")
                if request is None:
                    return
                self.requests.append(request)
            self.write_reply(turn, reply)
            error = self.await_answer(turn)
            is_answered = error is None
            if error is not None:
                self.errors.append(error)

    def write_reply(self, turn: int, reply: object) -> None:
        text = reply if isinstance(reply, str) else json.dumps(reply)
        part = self.folder / ".reply.part"
        part.write_text(text, encoding="utf-8")
        os.replace(part, self.folder / f"turn-{turn:03d}.reply.json")

    def await_answer(self, turn: int) -> dict[str, Any] | None:
        """The error that answers a reply; None where the session goes on, or has ended."""
        deadline = time.monotonic() + PATIENCE
        error_path = self.folder / f"turn-{turn:03d}.error.json"
        while time.monotonic() < deadline:
            if (self.folder / f"turn-{turn + 1:03d}.request.json").exists() or (self.folder / "end.json").exists():
                return None
            error = json.loads(error_path.read_text()) if error_path.exists() else None
            if error and error["refused"] > sum(earlier["turn"] == turn for earlier in self.errors):
                return dict(error)
            time.sleep(0.02)
        return None

    def await_file(self, name: str) -> dict[str, Any] | None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and not (self.folder / "end.json").exists():
            if (self.folder / name).exists():
                return dict(json.loads((self.folder / name).read_text(encoding="utf-8")))
            time.sleep(0.02)
        return None
