"""Many meters at once."""
