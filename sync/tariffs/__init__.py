"""Tariffs: from the entry in settings to the bill of a month. Pure but for reading the colour calendar; no database."""
