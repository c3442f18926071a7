"""What commands share when they print: JSON, tables, colour on a terminal only."""

import json
import sys
from collections.abc import Iterable, Sequence

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text


def console() -> Console:
    """Standard output for people: rich decides by the terminal whether there is colour."""
    return Console(soft_wrap=True, highlight=False)


def progress_console() -> Console:
    """Standard error, for progress."""
    return Console(stderr=True, soft_wrap=True, highlight=False)


def print_json(value: object) -> None:
    """A value as JSON on standard output, for programs."""
    click.echo(json.dumps(value, indent=2, sort_keys=True))


def shown(text: str) -> str:
    """Text of an agent's or a file's, without what could steer a terminal."""
    kept = "".join(
        c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text
    )
    return kept.encode("utf-8", "replace").decode()


def shortened(text: str, most: int) -> str:
    """The text in at most so many characters; what is cut off shows as an ellipsis."""
    return text if len(text) <= most else text[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Rows with aligned columns; plain spaces between them, so that they can be cut and copied."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(shown(cell)) for cell in row))
    out = console()
    if sys.stdout.isatty():
        out.print(table)
        return
    out.width = 10_000  # a pipe has no width: nothing is folded
    with out.capture() as printed:
        out.print(table)
    click.echo("\n".join(line.rstrip() for line in printed.get().splitlines()))


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
