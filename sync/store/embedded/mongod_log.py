"""Why a mongod ended, read from its log."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

NEARLY_NOTHING = 4 * 2**20  # bytes; with less left on the disk mongod cannot go on, nor write why to its log
LOG_TAIL = 256 * 1024

NOTHING_LOST = "nothing that was stored is lost"
DISK_FULL = f"the disk is full: make room and run again; {NOTHING_LOST}"
OTHER_VERSION = "the files were written by another MongoDB version: use that one, or another folder"
REASONS = (
    ("No space left on device", DISK_FULL),
    ("Disk quota exceeded", f"the disk quota is used up: make room and run again; {NOTHING_LOST}"),
    ("File too large", f"a file-size limit is reached (ulimit -f): raise it and run again; {NOTHING_LOST}"),
    ("Address already in use", "its port is taken by another program: run again"),
    ("DBPathInUse", "another mongod uses the same folder: stop that one first"),
    ("featureCompatibilityVersion", OTHER_VERSION),
    ("unsupported WiredTiger", OTHER_VERSION),
    ("WT_TRY_SALVAGE", "the files are damaged: move the folder of the database away and load again"),
    ("Permission denied", "it may not read or write its files: give them to the user who runs the command"),
    ("Cannot allocate memory", "not enough memory: end other programs and run again"),
)
LIBRARY = re.compile(r"error while loading shared libraries: (?:\S*/)?([^/\s:]+)")
DEBIAN_PACKAGES = {"libcurl": "libcurl4", "libcrypto": "libssl3", "libssl": "libssl3", "liblzma": "liblzma5"}


def last_words(log: Path) -> str:
    """The reason with its remedy where one is known, else the first grave line; empty when the log says nothing."""
    text = _tail(log)
    if missing := LIBRARY.search(text):
        library = missing[1]
        package = DEBIAN_PACKAGES.get(library.partition(".")[0])
        hint = f" (Debian, Ubuntu: apt-get install {package})" if package else ""
        return f"the library {library} is missing{hint}: install it, or set MONGODB_URI to a server"
    grave = [line for line in text.splitlines() if _is_grave(line)]
    for words, meaning in REASONS:
        if any(words in line for line in grave):
            return meaning
    if _disk_is_full(log):
        return DISK_FULL
    return f"its log says: {_words(grave[0])}" if grave else ""


def _tail(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - LOG_TAIL))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def _is_grave(line: str) -> bool:
    """Errors, fatal ones, and what is not JSON at all: the words of the dynamic linker or of the argument parser."""
    return bool(line.strip()) and ('"s":"E"' in line or '"s":"F"' in line or not line.startswith("{"))


def _disk_is_full(log: Path) -> bool:
    try:
        return shutil.disk_usage(log.parent).free < NEARLY_NOTHING
    except OSError:
        return False


def _words(line: str) -> str:
    """The words of a log line, which is JSON unless it was cut off."""
    try:
        entry = json.loads(line)
        attributes = entry.get("attr", {})
        inner = attributes.get("message", {})  # the storage engine's own words
        said = inner["msg"] if "msg" in inner else attributes.get("error", "")
        return f"{entry['msg']}: {said}".strip(": ")[:300]
    except (ValueError, LookupError, AttributeError, TypeError):
        return line.strip()[:300]
