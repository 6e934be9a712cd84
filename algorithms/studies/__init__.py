"""Studies: questions about learning, each with hypotheses that are written before the run.

A study is made of cells, functions from plain data to rows of numbers, which run in worker
processes and are stored as CSV. What is measured, drawn and concluded follows from the stored rows
alone. `study` has the words, `running` does the work, `report` shows it, `ledger` keeps score.
"""
