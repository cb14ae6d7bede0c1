"""Low Carbon London (UK Power Networks, London Datastore, CC BY 4.0): half-hourly smart-meter readings as published.

A label is the END of its half hour in UTC, all year (48 rows on every change day); the meters resolve 1 Wh.
"""
