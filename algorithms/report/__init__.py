"""The report of a comparison: one page, its figures and its tables, from players and games.

    report/
      index.html       self-contained: figures, styles and script are inside
      figures/*.svg    the same figures for papers, the main ones as .png too
      tables/*.csv     every number that the page shows, and more

`standings` counts, `curves` and `tables` arrange the numbers, `figures` draws,
`games` chooses what to show, `headline` says it in a sentence, and `page` puts all together.
"""

from algorithms.report.page import write_report

__all__ = ["write_report"]
