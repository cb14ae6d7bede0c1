"""The facts of the platform, tried from inside a real project."""
