"""The hot path: columns of readings into BSON and back, without an object for each."""
