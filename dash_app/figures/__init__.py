"""Figures as plain dicts: frame in, figure out, no clock and no database. `base` holds what all of them share."""
