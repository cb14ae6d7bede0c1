"""`python -m sync`."""

from .cli import main

main()
