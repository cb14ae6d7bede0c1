"""The functions to an Atlas project, through its Admin API."""
