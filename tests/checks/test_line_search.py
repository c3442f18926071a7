"""The lines that an expression is held against: those that it may match, as `lines` splits them."""

import re

from hypothesis import given
from hypothesis import strategies as st

from orchestrate.checks.findings import Severity
from orchestrate.checks.line_search import LineCheck, in_file
from orchestrate.checks.lines import Line, lines

PATTERNS = (r"a", r"a\s*b", r"^\s*b", r"a$", r"(?:a|b)\s+", r"\bb\b|^a", r"[^x]a")


@given(st.text("ab x\r\n", max_size=30).map(str.encode), st.sampled_from(PATTERNS))
def test_every_line_that_matches_by_itself_is_told_once(text: bytes, pattern: str) -> None:
    check = LineCheck("c", pattern, None, ("**",), (), "added-lines", Severity.BLOCK, "m", "")
    split = [Line(number, line) for number, line in enumerate(lines(text), 1)]
    expected = [line.number for line in split if re.search(pattern.encode(), line.text)]
    assert [f.line for f in in_file(check, "p", text, None, marks=True)] == expected
    added = [f.line for f in in_file(check, "p", text, lambda: split, marks=True)]
    assert added == expected
