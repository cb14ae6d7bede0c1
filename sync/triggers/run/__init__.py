"""An Atlas function on this machine: Node, the platform's surface, a real database."""
