"""The lines that an expression is held against: those that it may match, as `lines` splits them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.checks import line_search
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


@pytest.mark.parametrize(
    ("pattern", "line", "column", "match"),
    [
        (r"(?:^|[;:])\s*pdb\.step\(", b"if x: pdb.step()", 7, "pdb.step("),
        (r"(?:^|[^\w.])panic\s*\(", b"\tpanic(err)", 2, "panic("),
        (r"(?:^|[^\w.])eval\(", "é eval(x)".encode(), 3, "eval("),
        (r"(?:#|/\*)\s*TODO\b", b"x  /* TODO */", 4, "/* TODO"),
        (r"\.unwrap\(\)", b"a.unwrap()", 2, ".unwrap()"),
        (r"^\s*except:\s*", b"    except:  ", 5, "except:"),
        (r"x+", b"xxx", 1, "xxx"),
        (r"é\s*x", b"  \xc3\xa9 x", 3, "é x"),
        (r"y.*", b"y" * 200, 1, "y" * 59 + "…"),
    ],
)
def test_a_match_is_shown_from_what_matters_on(
    pattern: str, line: bytes, column: int, match: str
) -> None:
    check = LineCheck("i", pattern, None, ("**",), (), "added-lines", Severity.WARN, "m", "")
    (one,) = in_file(check, "a.py", line + b"\n", None, marks=False)
    assert (one.line, one.column, one.match) == (1, column, match)


@pytest.mark.parametrize("line", [b"pdb # orchestrate: allow c because of it\n", b"pdb noqa\n"])
def test_of_a_file_of_nothing_but_excused_lines_the_next_ones_are_told(
    line: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_search, "MAX_EXCUSED", 50)
    looked: list[int] = []
    excused = line_search._is_excused
    monkeypatch.setattr(line_search, "_is_excused", lambda *at: looked.append(1) or excused(*at))
    check = LineCheck("c", "pdb", "noqa", ("**",), (), "added-lines", Severity.BLOCK, "m", "")
    assert list(in_file(check, "p", line * 50, None, marks=True)) == []
    told = [f.line for f in in_file(check, "p", line * 500, None, marks=True)]
    assert told == list(range(51, 51 + line_search.MAX_IN_FILE))
    assert len(looked) == 100
