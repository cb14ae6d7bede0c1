"""The files Enedis hands out: load curves and daily totals, read into points and Wh without any call to the API."""

from .archive import read_exports
from .export import Export

__all__ = ["Export", "read_exports"]
