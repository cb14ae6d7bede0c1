"""Many series in a few small collections, so that the page need not read 168 million readings to say what is usual.

The server sums them month by month from the time-series collection; each month is written whole, so that a stop at any
moment and a second run change nothing.
"""
