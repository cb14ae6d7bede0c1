"""What a curve says about tomorrow, about the house, and about itself; each statement with its measured reliability.

NumPy alone, but for what `classic` and `sarimax` take from an extra. Everything stands on the grid of a series, local
days by half-hours; many homes are one array.
"""
