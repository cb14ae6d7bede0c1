"""Elhub, Norway: production and consumption of the five price areas, by hour."""
