"""From a source into both collections: plan, ask or read, store, enter, prove."""
