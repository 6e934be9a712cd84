"""Pieces of HTML that several sections of the page use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from algorithms.report import figures


def table(
    header: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]], name_column: int = 0
) -> str:
    """A table in which all columns but that of the names hold numbers; cells are markup."""

    def cell(tag: str, column: int, text: str, scope: str) -> str:
        kind = "name" if column == name_column else "number"
        return f'<{tag} class="{kind}"{scope}>{text}</{tag}>'

    head = "".join(cell("th", c, text, ' scope="col"') for c, text in enumerate(header))
    body = "\n".join(
        f'<tr class="{row_class}">'
        + "".join(
            cell("th", c, text, ' scope="row"') if c == name_column else cell("td", c, text, "")
            for c, text in enumerate(cells)
        )
        + "</tr>"
        for row_class, cells in rows
    )
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="table"><table>'
        f"<thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>"
    )


def colour_key(learner: int | None) -> str:
    """The learner's colour as a small square before its name."""
    colour = "var(--muted)" if learner is None else f"var(--series-{learner % len(figures.SERIES)})"
    return f'<span class="key" style="background:{colour}"></span>'


def place_figure(
    figure: Figure, path: Path, description: str, png: bool = False, attributes: str = ""
) -> str:
    """Store a figure and give its markup, with links to the files.

    Args:
        figure: to store.
        path: of the SVG file, in the folder ``figures`` beside the page.
        description: read out in place of the picture.
        png: whether to store a PNG file too.
        attributes: of the surrounding element, beginning with a space.
    """
    figures.save(figure, path, png)
    files = f'<a href="figures/{path.name}">SVG</a>'
    files += f' <a href="figures/{path.stem}.png">PNG</a>' if png else ""
    return (
        f'<div class="figure"{attributes}><div class="scroll" tabindex="0" role="region" '
        f'aria-label="figure">{figures.inline(path, description)}</div>'
        f'<p class="files">{files}</p></div>'
    )
