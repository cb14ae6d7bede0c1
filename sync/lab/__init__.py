"""The lab: the user's own readings built anew in every form worth comparing, measured, asked, and removed again.

`forms` says which forms there are and fills them, `questions` asks them, `experiment` runs it all and keeps the
result. The record and its mirror are only read.
"""
