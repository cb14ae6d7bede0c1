"""Norway's price areas: what they produce and use."""
