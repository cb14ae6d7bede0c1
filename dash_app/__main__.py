"""`python -m dash_app`: the page, as `python -m sync page`."""

from sync.__main__ import run

run("page")
