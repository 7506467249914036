"""The one error of this room, and what a person can do about its causes."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NEARLY_FULL_BYTES = 1024 * 1024

_ADVICE = {
    "No space left on device": "Free some space on the disk that holds {folder}.",
    "Disk quota exceeded": "Free some of your disk quota, or choose a folder elsewhere.",
    "Permission denied": "Choose a folder that this account may write to instead of {folder}.",
    "Operation not permitted": "Choose a folder that belongs to this account, or run as its owner.",
    "Read-only file system": "Choose a folder on a disk that can be written instead of {folder}.",
    "Not a directory": "Choose a folder whose path leads through folders only.",
    "File exists": "Choose a folder; {folder} is a file.",
    "File name too long": "Choose a folder with a shorter path.",
    "database files are incompatible": "Move {folder} away to start with an empty database.",
    "Address already in use": "End the program that took the port, or start on a new one.",
    "password authentication failed": "Move {folder} away: its passwords and its data differ.",
}


class EmbeddedServerError(Exception):
    """A server of our own could not be run; the message says what to do."""


def advice(symptom: str, folder: Path) -> str:
    """What to do about a symptom; empty where nothing is known."""
    for marker, sentence in _ADVICE.items():
        if marker in symptom:
            return sentence.format(folder=folder)
    if _is_nearly_full(folder):
        return _ADVICE["No space left on device"].format(folder=folder)
    return ""


@contextmanager
def explained(doing: str, folder: Path) -> Iterator[None]:
    """Turn the operating system's refusals into a sentence that says what to do."""
    try:
        yield
    except OSError as error:
        message = f"{doing} failed: {error}. {advice(str(error), folder)}"
        raise EmbeddedServerError(message.strip()) from error


def _is_nearly_full(folder: Path) -> bool:
    # A server on a full disk cannot write the reason into its log either.
    return folder.exists() and shutil.disk_usage(folder).free < NEARLY_FULL_BYTES
