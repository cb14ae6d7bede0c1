"""The London import as a Spark job, for those who outgrow one machine: `python -m sync.spark import-lcl`.

An extra (`pip install .[spark]`): nothing else of the project imports it.
"""
