"""One polite session: the persisted budget of calls and the transport that keeps it."""
