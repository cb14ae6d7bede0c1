"""The London import as a Spark job, for those who outgrow one machine: `python -m sync.spark import-lcl`.

An extra (`requirements-spark.txt`): nothing else of the project imports it.
"""
