"""Where a form's whole pattern runs: on the line of each place that the matcher reports.

Rules kept here:

* A longer line than `NEAR + AHEAD` bytes is looked at in windows, the same for all places of one.
* A window is run once for a form. A form that no rule uses at this path has none.
"""

from __future__ import annotations

from orchestrate.checks.secrets.matching import BASE64

TYPE_CHECKING = False  # as typing's
if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrate.checks.secrets.confirming import Judging

NEAR = 2048  # bytes of a long line looked at before a place
AHEAD = 2048  # and after it
STEP = 4096  # windows of long lines start at multiples of this, so that neighbours share one


def windows(how: Judging) -> Iterator[tuple[int, int, int]]:
    """Each (form, start, end) to run that form's pattern over. Form -1 is base64."""
    text, path, scanner, sure_only = how.text, how.lower, how.scanner, how.sure_only
    forms = scanner.ruleset.forms
    last: dict[int, tuple[int, int]] = {}  # form -> its last window: those of a form ascend
    coded: list[int] = []
    if not sure_only:
        for form in scanner.direct_forms(path):
            yield form, 0, len(text)
    for form, end in scanner.matcher.places(text):
        if form == BASE64:
            coded.append(end)
            continue
        if not scanner.using(form, path, sure_only):
            continue
        start, stop = _line_around(text, end, forms[form].reach)
        before = last.get(form, (-1, -1))
        if start != before[0] or stop > before[1]:
            last[form] = start, stop
            yield form, start, stop
    for end in sorted(coded):
        yield BASE64, end, end


def _line_around(text: bytes, end: int, reach: int) -> tuple[int, int]:
    low = max(0, end - NEAR)
    start = text.rfind(b"\n", low, end) + 1
    stop = -1
    if not start and low:
        start = low - low % STEP
    else:
        stop = text.find(b"\n", end, end + AHEAD)
    if stop < 0:  # the same for all places of a window, so that it is run once
        stop = min(len(text), start + NEAR + AHEAD + STEP)
    if reach and start:  # what runs over lines may have begun on the line before
        low = max(0, start - NEAR)
        start = max(low, text.rfind(b"\n", low, start - 1) + 1)
    return start, min(len(text), max(stop, end + reach)) if reach else stop
