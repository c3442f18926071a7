"""Prints the table of `orchestrate/checks/secrets/wordlike.py`, made on Python 3.11's own library.

Each cell is the surprise, in half bits, of a letter after another (first row: at a word's start).
"""

import math
import re
import sysconfig
from collections import Counter
from pathlib import Path

LETTERS = "abcdefghijklmnopqrstuvwxyz"
SMOOTHING = 0.3


def words() -> Counter[str]:
    """The words of the standard library's sources (site-packages left out), by frequency."""
    library = Path(sysconfig.get_path("stdlib"))
    found: Counter[str] = Counter()
    for file in sorted(library.rglob("*.py")):
        if "site-packages" not in file.parts:
            text = file.read_text("utf-8", "ignore")
            found.update(w.lower() for w in re.findall(r"[A-Za-z][a-z]{2,}|[A-Z]{3,}", text))
    return found


def table(counted: Counter[str]) -> list[str]:
    """27 rows of 26 cells."""
    pairs: Counter[str] = Counter()
    for word, count in counted.items():
        if count > 1:
            for before, after in zip("^" + word, word, strict=False):
                pairs[before + after] += 1 + math.log(count)  # type: ignore[assignment]
    return [_row(before, pairs) for before in "^" + LETTERS]


def _row(before: str, pairs: Counter[str]) -> str:
    total = sum(pairs[before + after] for after in LETTERS) + SMOOTHING * len(LETTERS)
    costs = (-math.log2((pairs[before + after] + SMOOTHING) / total) for after in LETTERS)
    return "".join(LETTERS[min(25, round(2 * cost))] for cost in costs)


if __name__ == "__main__":
    print("\n".join(table(words())))
