"""Rules for the functions' JavaScript."""
