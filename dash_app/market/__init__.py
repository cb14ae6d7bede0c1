"""Denmark's prices and production."""
