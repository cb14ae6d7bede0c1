"""The page: what the time-series form saves, what the household uses, what it costs, and whether anything is missing.

Data flows one way: `reader` → `queries` (aggregation on the server) → `Frame` → `figures` (pure) → `pages`. Pages never
write; nothing here asks an API.
"""
