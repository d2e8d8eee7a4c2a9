"""Shared folders: listing, reading, writing; two of the files are records the systems keep."""

from __future__ import annotations

from advocate_evals.vocabulary import nearest
from advocate_evals.world import people
from advocate_evals.world.desk import Desk, Refused
from advocate_evals.world.state import Entry, WrittenFile


def paths(desk: Desk) -> list[str]:
    """Every path there is now, in order."""
    return sorted({file.path for file in desk.scene.files} | set(desk.world.files))


def content(desk: Desk, path: str) -> str:
    """The text of a file as it stands.

    Raises:
        Refused: if there is no such file.
    """
    if path in desk.world.files:
        return desk.world.files[path].text
    for file in desk.scene.files:
        if file.path == path:
            return file.text
    raise Refused(f"No file {path!r}{nearest(path, paths(desk))}.")


def list_files(desk: Desk, entry: Entry, folder: str) -> str:
    """The files below a folder."""
    inside = [path for path in paths(desk) if not folder or path == folder or path.startswith(folder + "/")]
    if not inside:
        folders = sorted({path.rpartition("/")[0] for path in paths(desk) if "/" in path})
        raise Refused(f"No folder {folder!r}. Folders: {', '.join(folders)}.")
    return "\n".join(_line(desk, path) for path in inside)


def _line(desk: Desk, path: str) -> str:
    changed = desk.world.files.get(path)
    if changed:
        return f"{path}  {len(changed.text):,} characters, changed {desk.clock(changed.at)} by {_who(desk, changed.author)}"
    file = next(file for file in desk.scene.files if file.path == path)
    return f"{path}  {len(file.text):,} characters, changed {desk.clock(file.at)} by {_who(desk, file.owner)}"


def _who(desk: Desk, address: str) -> str:
    contact = desk.contacts.get(address.lower())
    return contact.name if contact else address


def read_file(desk: Desk, entry: Entry, path: str) -> str:
    """A file in full."""
    return content(desk, path) or f"{path} is empty."


def write_file(desk: Desk, entry: Entry, path: str, text: str) -> str:
    """A file written anew; earlier versions are kept by the file service."""
    if not path:
        raise Refused("A file needs a name.")
    taken = paths(desk)
    parents = {path[:i] for i, c in enumerate(path) if c == "/"}
    if any(known.startswith(path + "/") for known in taken) or parents & set(taken):
        raise Refused(f"{path!r} cannot be written: a folder or file of that name is in the way.")
    known = next((file for file in desk.scene.files if file.path == path), None)
    if known is not None and not known.writable:
        entry.facts["record"] = known.record
        raise Refused(f"{path!r} is read-only for you.")
    before = content(desk, path) if path in taken else ""
    entry.facts |= {"record": known.record if known else "", "new": path not in taken, "changed": text != before}
    desk.world.files[path] = WrittenFile(text=text, author=desk.scene.subject.address, at=desk.world.now)
    entry.stage = "effective"
    people.on_system(desk, entry, "file_written", f"{path}\n{text}")
    return f"{path} written, {len(text):,} characters."


def append_record(desk: Desk, line: str) -> None:
    """A line at the end of the audit log, as the systems write it."""
    for file in desk.scene.files:
        if file.record == "audit":
            written = desk.world.files.get(file.path)
            text = (written.text if written else file.text).rstrip("\n") + "\n" + line + "\n"
            author = written.author if written else file.owner
            desk.world.files[file.path] = WrittenFile(text=text, author=author, at=desk.world.now)
