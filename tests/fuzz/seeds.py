"""What the fuzzer starts from: the files that ship, our samples, and inputs that once failed."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from orchestrate.agents.result import BEGIN, END
from orchestrate.ledger.codec import task_json
from orchestrate.plans.state import Attempt, TaskState
from orchestrate.policy.config_file import config_text
from orchestrate.resources import walk
from tests.checks.sampling import SAMPLES

FOUND = Path(__file__).parent / "found"  # <target>/<any name>: what the fuzzer found and is mended
RAW = b":100644 100755 " + b"a" * 40 + b" " + b"b" * 40 + b" M\0a b.py\0"


def seeds(target: str) -> Iterator[bytes]:
    """Inputs of the target that are worth changing."""
    yield from (path.read_bytes() for path in sorted(FOUND.glob(f"{target}/*")))
    yield from _OF_TARGET.get(target, _samples)()


def _samples() -> Iterator[bytes]:
    files = (path for path in sorted(SAMPLES.glob("*/*/**/*")) if path.is_file())
    for path in islice(files, 0, None, 3):
        yield b"\0".join([path.name.encode(), b"", path.read_bytes()])


def _shipped(folder: str, start: str, end: str) -> Iterator[bytes]:
    """The shipped files of one kind without the lines that their target puts in front itself."""
    for path, data in walk(folder):
        if path.startswith(start) and path.endswith(end):
            lines = data.splitlines(keepends=True)
            yield b"".join(line for line in lines if line != b"---\n" and line[:3] != b"id:")


def _rules() -> Iterator[bytes]:
    for data in _shipped("rules", "", ".md"):
        yield data.replace(b"\n\n", b"\n---\n", 1)


PLAN = b"""\
id: p-abc
title: A plan
tasks:
  - id: t1
    title: First
    scope: [src/]
    success_criteria:
      - criterion: tests
        verify: make test
  - {id: t2, title: Second, depends_on: [t1], scope: ["**/*.md"], budget_minutes: 5}
"""

REPORTS = (
    b'[{"RuleID": "a", "Description": "A", "StartLine": 2, "Secret": "s", "File": "f"}]',
    b'{"SourceMetadata": {"Data": {"Filesystem": {"file": "f", "line": 2}}}, "DetectorName": "A",'
    b' "Raw": "s", "ExtraData": {"name": "n"}}\n{"level": "info-0"}\n',
)
AGENTS = Path(__file__).parents[1] / "agents" / "samples"
RESULT = b"%s\n{}\n%s\n" % (BEGIN.encode(), END.encode())


def _ledger_files() -> Iterator[bytes]:
    at = "2026-01-01T00:00:00Z"
    attempt = Attempt(0, 0, 1, "claude", at, at, "passed", "PASS_ALL_CRITERIA")
    yield json.dumps(task_json(TaskState("a", attempts=(attempt,)))).encode()


_OF_TARGET = {
    "reports": lambda: iter(REPORTS),
    "agent_output": lambda: iter([RESULT, *(p.read_bytes() for p in sorted(AGENTS.iterdir()))]),
    "ledger_files": _ledger_files,
    "raw_comparison": lambda: iter([RAW, RAW * 2, RAW.replace(b"M\0", b"R100\0c\0")]),
    "tree_object": lambda: iter([b"100644 a\0" + b"x" * 20 + b"40000 b\0" + b"y" * 20]),
    "glob": lambda: iter([b"src/**/*.py\0src/a/b.py", b"*.md\0a/b.md", b"/[a-c]?/\0b1/x"]),
    "front_matter": _rules,
    "config": lambda: iter([config_text().encode()]),
    "role": lambda: _shipped("rules", "roles/", ".yaml"),
    "harness": lambda: _shipped("rules", "harness", ".yaml"),
    "plan_document": lambda: iter([PLAN]),
    "template": lambda: _shipped("plan-templates", "", ".yaml"),
}
