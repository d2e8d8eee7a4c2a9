"""A command at a pseudo-terminal, for what only a real terminal shows: prompts, line editing, Ctrl-C."""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
import time
from collections.abc import Sequence
from typing import Self

CTRL_C, CTRL_D = "\x03", "\x04"
PATIENCE = 90.0


class Terminal:
    """A running command, what it printed so far, and a keyboard."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._process, self._screen = pty.fork()
        if not self._process:
            os.execv(sys.executable, [sys.executable, "-m", "advocate_evals.cli", *arguments])
        self._unread = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._screen)
        os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)

    def type_keys(self, keys: str) -> None:
        os.write(self._screen, keys.encode())

    def read_until(self, words: str) -> str:
        """What is printed up to these words."""
        deadline = time.monotonic() + PATIENCE
        while words not in self._unread:
            assert time.monotonic() < deadline, f"no {words!r} in {self._unread[-2000:]!r}"
            if select.select([self._screen], [], [], 0.2)[0]:
                self._unread += os.read(self._screen, 65_536).decode(errors="replace")
        text, _, self._unread = self._unread.partition(words)
        return text
