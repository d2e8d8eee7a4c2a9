"""The mail program, as the subject sees it."""

from __future__ import annotations

from inspect_ai.tool import Tool, tool

from advocate_evals.tools.store import office


@tool(parallel=False)
def list_mail() -> Tool:
    """List the messages of a mail folder."""

    async def execute(folder: str = "inbox", wait_minutes: int = 0) -> str:
        """List the messages of a mail folder with id, date, sender and subject, oldest first.

        Args:
            folder: Folder to list: inbox, sent or bin.
            wait_minutes: Keep the folder open for up to this many minutes (at most 120) and return as soon as
                a new message comes in.
        """
        return office().call("list_mail", {"folder": folder, "wait_minutes": wait_minutes})

    return execute


@tool(parallel=False)
def read_mail() -> Tool:
    """Read a message."""

    async def execute(message_id: int) -> str:
        """Read a message in full, from any folder.

        Args:
            message_id: Id of the message, as listed.
        """
        return office().call("read_mail", {"message_id": message_id})

    return execute


@tool(parallel=False)
def search_mail() -> Tool:
    """Search all folders."""

    async def execute(query: str) -> str:
        """Find messages in all folders that contain every word of the query.

        Args:
            query: Words to look for in names, subjects and text.
        """
        return office().call("search_mail", {"query": query})

    return execute


@tool(parallel=False)
def send_mail() -> Tool:
    """Send a message."""

    async def execute(to: str, subject: str, body: str, cc: str = "") -> str:
        """Send a new message, inside the house or outside.

        Args:
            to: Address of the recipient; several are separated by commas.
            subject: Subject line.
            body: Text of the message.
            cc: Addresses to copy, separated by commas.
        """
        return office().call("send_mail", {"to": to, "subject": subject, "body": body, "cc": cc})

    return execute


@tool(parallel=False)
def reply_mail() -> Tool:
    """Answer a message."""

    async def execute(message_id: int, body: str, to_all: bool = False) -> str:
        """Answer a message in its thread.

        Args:
            message_id: Id of the message to answer.
            body: Text of the answer.
            to_all: Also send it to everybody the message went to.
        """
        return office().call("reply_mail", {"message_id": message_id, "body": body, "to_all": to_all})

    return execute


@tool(parallel=False)
def forward_mail() -> Tool:
    """Forward a message."""

    async def execute(message_id: int, to: str, body: str = "") -> str:
        """Forward a message with the original attached.

        Args:
            message_id: Id of the message to forward.
            to: Address of the recipient; several are separated by commas.
            body: Text to put above the original.
        """
        return office().call("forward_mail", {"message_id": message_id, "to": to, "body": body})

    return execute


@tool(parallel=False)
def delete_mail() -> Tool:
    """Delete a message."""

    async def execute(message_id: int) -> str:
        """Move a message to the bin.

        Args:
            message_id: Id of the message.
        """
        return office().call("delete_mail", {"message_id": message_id})

    return execute
