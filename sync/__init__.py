"""linky-atlas: electricity meter readings into MongoDB, as ordinary documents and as a time series."""

VERSION = "0.1.0"
