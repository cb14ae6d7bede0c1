"""Hourly series of price areas, for the pages of market and areas."""
