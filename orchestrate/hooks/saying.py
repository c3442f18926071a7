"""What a hook says to the person who commits, on stderr, and the exit code that goes with it."""

from __future__ import annotations

import sys

from orchestrate.checks.findings import blocks
from orchestrate.checks.render_text import text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrate.checks.findings import Finding


def report(found: Sequence[Finding], what: str) -> int:
    """Say the findings; 1 when one of them blocks."""
    if found:
        say(text(found, colour=sys.stderr.isatty()))
    if not blocks(found):
        return 0
    say(f"orchestrate: this {what} is refused")
    return 1


def say(line: str) -> None:
    """Write it so that any terminal can show it."""
    # A person's terminal may not take what a path holds.
    sys.stderr.write(line.encode("utf-8", "backslashreplace").decode() + "\n")
