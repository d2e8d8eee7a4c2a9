"""Turns through files, so that any program can play: a request file for each turn, and a reply file that answers it.

Request and error files appear whole, by renaming. A reply should be put in place the same way; one that is read while
it is still being written is read again once it has stopped growing. Hidden files are never read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import anyio

from advocate_evals.human_play.player_turns import (
    PlayerMessage,
    PlayerStopped,
    ReplyRefused,
    TurnReply,
    TurnRequest,
    describe_tools,
    parse_reply,
)
from advocate_evals.safe_text import replace_surrogates

REPLY_TIMEOUT = 3600.0
"""Seconds that a reply may usually take."""
_POLL_SECONDS, _SETTLED_SECONDS = 0.05, 0.5
_END_FILE = "end.json"


class PipeDesk:
    """A player who reads and writes files in a folder.

    Args:
        folder: The folder; it is created, and must hold no session yet.
        timeout: Seconds that a reply may take; 0 for any time.

    Raises:
        FileExistsError: where the folder holds files of a session.
    """

    def __init__(self, folder: Path, timeout: float = REPLY_TIMEOUT) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        leftover = sorted(path.name for path in (*folder.glob("turn-*.json"), *folder.glob(_END_FILE)))
        if leftover:
            raise FileExistsError(f"{folder}: holds {leftover[0]} of an earlier session; name an empty folder")
        self._folder, self._timeout, self._turns = folder, timeout, 0

    async def take_turn(self, request: TurnRequest) -> TurnReply:
        """Write the request and wait for its reply; a malformed one is put aside, answered and waited for again.

        Raises:
            PlayerStopped: where the reply says so, or none comes in time.
        """
        self._turns += 1
        stem = f"turn-{self._turns:03d}"
        reply_path = self._folder / f"{stem}.reply.json"
        content: dict[str, Any] = {"turn": self._turns, "messages": describe_messages(request.messages)}
        if self._turns == 1 or not request.tools:
            content["tools"] = describe_tools(request.tools)
        self._write_file(f"{stem}.request.json", content | {"status": {"waiting_for": reply_path.name}})
        refused = 0
        while True:
            text = await self._wait_for_reply(reply_path)
            try:
                reply = parse_reply(text, request.tools)
            except ReplyRefused as error:
                refused += 1
                os.replace(reply_path, self._folder / f"{stem}.refused-{refused}.json")
                self._write_file(
                    f"{stem}.error.json",
                    {"turn": self._turns, "refused": refused, "error": str(error), "waiting_for": reply_path.name},
                )
                continue
            if reply.stop:
                raise PlayerStopped("the player stopped")
            return reply

    def show_end(self, why: str, messages: Sequence[PlayerMessage] = (), error: str = "") -> None:
        """Write that the session has ended, with what came after the last turn."""
        content: dict[str, Any] = {"ended": why, "messages": describe_messages(messages)}
        self._write_file(_END_FILE, content | ({"error": error} if error else {}))

    async def _wait_for_reply(self, path: Path) -> str:
        """The text of a reply file, once it is JSON or has stopped changing.

        Raises:
            PlayerStopped: where none comes in time.
        """
        deadline = monotonic() + self._timeout if self._timeout else None
        last_text, changed_at = "", monotonic()
        while True:
            text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
            if text != last_text:
                last_text, changed_at = text, monotonic()
            if path.is_file() and (_is_json(text) or monotonic() - changed_at > _SETTLED_SECONDS):
                return text
            if deadline is not None and monotonic() > deadline:
                raise PlayerStopped(f"no reply within {self._timeout:g} seconds ({path.name})")
            await anyio.sleep(_POLL_SECONDS)

    def _write_file(self, name: str, content: Mapping[str, Any]) -> None:
        text = replace_surrogates(json.dumps(content, ensure_ascii=False, indent=1)) + "\n"
        part = self._folder / f".{name}.part"
        part.write_text(text, encoding="utf-8")
        os.replace(part, self._folder / name)


def describe_messages(messages: Sequence[PlayerMessage]) -> list[Mapping[str, str]]:
    """Messages as plain data: role and text, and the tool where one answers."""
    return [
        {"role": message.role, **({"tool": message.tool} if message.tool else {}), "text": message.text}
        for message in messages
    ]


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
