"""The London import and the analysis of many households as Spark jobs, for those who outgrow one machine.

An extra (`pip install .[spark]`): nothing else of the project imports it.
"""
