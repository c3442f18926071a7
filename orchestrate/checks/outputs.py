"""Required outputs: what a task's whole change must contain. Never judged over a part of it."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from orchestrate.checks.catalogue import finding
from orchestrate.checks.change import Change
from orchestrate.checks.findings import Finding
from orchestrate.checks.line_search import search
from orchestrate.checks.lines import lines
from orchestrate.policy.globs import Globs
from orchestrate.policy.roles import RequiredOutput


class Wanted(NamedTuple):
    """One required output and who asks for it."""

    output: RequiredOutput
    owner: str


def check_outputs(change: Change, wanted: Iterable[Wanted]) -> Iterator[Finding]:
    """A finding for each required output that the change does not contain."""
    for output, owner in wanted:
        globs = Globs([output.pattern])
        touched = [e for e in change.entries if not e.is_deleted and globs.match(e.path)]
        if not touched:
            said = output.description or "a file the change must add or modify"
            yield finding(
                "missing-output", "", f"no file matches `{output.pattern}`: {said} ({owner})"
            )
        elif output.check is not None and not any(
            _holds(change.content(entry) or b"", output.check)
            for entry in change.files()
            if globs.match(entry.path)
        ):
            said = output.description or "a line the change must contain"
            yield finding(
                "missing-output-content",
                touched[0].path,
                f"no line matches `{output.check}`: {said} ({owner})",
            )


def _holds(data: bytes, pattern: str) -> bool:
    return any(search(pattern, line) for line in lines(data))
