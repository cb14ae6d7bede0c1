"""What the time-series form saves."""
