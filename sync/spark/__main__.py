"""`python -m sync.spark`."""

from ..cli import main
from .command import spark

main(spark)
