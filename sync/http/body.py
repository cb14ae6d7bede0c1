"""The body of an answer, of the loader and of a function run here: decoded as it comes, and no more than allowed."""

from __future__ import annotations

import re
from collections.abc import Callable

import requests
from urllib3.exceptions import DecodeError

LARGEST_ANSWER = 24 * 2**20  # bytes; a week of a meter is 40 kB, a month of Norway 4 MB, a quarter of Denmark 15 MB
LARGEST_WIDE = 6 * 2**20  # bytes with letters beyond Latin-1, of which one makes all others wide
WIDE = re.compile(rb"[\xc4-\xff]")
LONGEST_ANSWER = 120.0  # s for one whole answer, however steadily it drips
PIECE = 65_536  # bytes decoded at a time
ACCEPTED = "gzip, deflate"
ENCODINGS = ("", "identity", "gzip", "x-gzip", "deflate")
"""Of these; several of them in one another are a bomb and nothing else."""


class TooMuch(Exception):
    """An answer that is larger, or comes slower, than any; says in what."""


def whole_body(response: requests.Response, seconds: Callable[[], float]) -> bytearray:
    """All of a body. seconds: since it was asked for, at any moment.

    Raises TooMuch, and of urllib3 what stands for an encoding that was not asked for and for a body that ends early.
    `read1` hands over what has come, so that the time is looked at while an answer drips, and from urllib3 2.6 on no
    more is decoded than is asked for.
    """
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ENCODINGS:
        raise DecodeError(f"an encoding that was not asked for: {encoding[:40]}")
    body = bytearray()
    while part := response.raw.read1(PIECE, decode_content=True):
        body += part
        if len(body) > LARGEST_ANSWER:
            raise TooMuch(f"sent more than {LARGEST_ANSWER >> 20} MiB")
        if seconds() > LONGEST_ANSWER:
            raise TooMuch(f"took more than {LONGEST_ANSWER:.0f} s to answer: run again")
    if len(body) > LARGEST_WIDE and WIDE.search(body):
        raise TooMuch(f"sent more than {LARGEST_WIDE >> 20} MiB in letters that take four times their room")
    return body
