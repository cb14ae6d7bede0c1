"""Record, mirror, ledger and proof in MongoDB; never sees an API."""
