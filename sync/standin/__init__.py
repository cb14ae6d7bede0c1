"""Local servers that answer like the APIs: for demos, for tests and for load."""
