"""The table of built-in ids for `docs/checks.md`, made from the catalogue."""

from itertools import groupby

from orchestrate.checks.catalogue import CATALOGUE

BEGIN = "<!-- ids: made from orchestrate/checks/catalogue.py -->"
END = "<!-- end of ids -->"


def ids_table() -> str:
    """A heading a group, a row an id."""
    parts = []
    entries = sorted(CATALOGUE.values(), key=lambda e: e.group)
    for group, found in groupby(entries, key=lambda e: e.group):
        rows = "\n".join(
            f"| `{e.id}` | {e.severity} | {e.catches} | {e.because} | {e.next_step} |"
            for e in sorted(found)
        )
        head = "| id | severity | catches | because | what to do |\n|---|---|---|---|---|"
        parts.append(f"### {group}\n\n{head}\n{rows}")
    return "\n\n".join(parts)


def with_table(page: str) -> str:
    """The page with the table between its marks.

    Raises:
        ValueError: the page has no marks.
    """
    start, end = page.index(BEGIN) + len(BEGIN), page.index(END)
    return f"{page[:start]}\n\n{ids_table()}\n\n{page[end:]}"
