"""Known findings stay known until they change."""

import pytest

from orchestrate.checks.secrets.adapter import findings
from orchestrate.checks.secrets.allow import Permits
from orchestrate.checks.secrets.baseline import read_baseline, stale, write_baseline
from orchestrate.checks.secrets.engine import Scanner, scan
from orchestrate.checks.secrets.samples import expand
from orchestrate.errors import FileError

OLD = expand("{{github:ghp}}", 1)
NEW = expand("{{github:ghp}}", 2)


def test_a_baseline_allows_what_it_knows_and_nothing_else(scanner: Scanner) -> None:
    before = scan(f"a = '{OLD}'".encode(), "a.py", scanner=scanner)
    known = read_baseline(write_baseline({"a.py": before}), "baseline.json")
    after = f"import os\na = '{OLD}'\nb = '{NEW}'\n".encode()
    left = scan(after, "a.py", scanner=scanner, permits=Permits(baseline=known))
    assert [hit.line for hit in left] == [3]
    assert len(scan(after, "b.py", scanner=scanner, permits=Permits(baseline=known))) == 2


def test_a_baseline_holds_no_secret(scanner: Scanner) -> None:
    hits = scan(f"a = '{OLD}'".encode(), "a.py", scanner=scanner)
    assert OLD[4:].encode() not in write_baseline({"a.py": hits})


def test_stale_entries_are_told(scanner: Scanner) -> None:
    assert stale(frozenset({"a", "b"}), ["b", "c"]) == {"a"}


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"{", "not a baseline"), (b"[]", "not a baseline"),
     (b'{"findings": {}, "schema_version": 9}', "version 9, expected 1")],
)  # fmt: skip
def test_a_bad_baseline_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(FileError) as refused:
        read_baseline(data, "b.json")
    assert said in str(refused.value)
    assert "orchestrate check" in refused.value.hint


def test_findings_carry_the_line_of_the_new_file(scanner: Scanner) -> None:
    data = f"x = 1\nt = '{OLD}'\n".encode()
    (finding,) = findings([("a.py", data, (10, 42))], scanner=scanner)
    assert (finding.id, finding.severity, finding.path) == ("github-token", "block", "a.py")
    assert (finding.line, finding.column) == (42, 6)
    assert "allow github-token <reason>" in finding.next_step
    assert OLD[4:] not in repr(finding)
