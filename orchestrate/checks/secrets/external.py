"""Asks the program that `secrets.engine` names for secrets too.

Rules kept here:

* The program sees copies, in a folder that only this user can enter and that is gone afterwards.
  Each copy stands in a folder of its own under its last name, so that no path of the change leads
  out, hides a file from the program or configures it (`.gitleaks.toml`, `.gitleaksignore`).
* It gets an empty home and no environment but the way to find it.
* What it finds in the old file as often is not new; the policy's exceptions hold for it as they do
  for our own rules.
* Missing, failing, too slow or not to be understood: a blocking finding. Nothing passes in silence.
* The report holds the secrets themselves: it stays in that folder, and what is told is redacted.
"""

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from orchestrate.agents.process import EndReason, ProcessEnd, ProcessLimits, run_process
from orchestrate.checks.catalogue import finding
from orchestrate.checks.findings import Finding, Severity
from orchestrate.checks.secrets.allow import Permits, allowed_inline
from orchestrate.checks.secrets.hits import fingerprint, masked
from orchestrate.checks.secrets.redact import redact
from orchestrate.checks.secrets.rules import NEXT_STEP
from orchestrate.checks.secrets.scanner import Scanner
from orchestrate.checks.secrets.text import Places
from orchestrate.checks.secrets.tools import TOOLS, Leak, Tool, rule_id

FAILED = "secrets-engine-failed"
BASE_SEC = 60.0  # what a program may take to start and to read little
SEC_PER_MB = 2.0  # and for each megabyte it is given; gitleaks 8.30 reads some 10 MB a second
MAX_REPORT_MB = 50.0
NEW, OLD = "new", "old"  # folders: the file as the change leaves it, and as it was
MAX_SAID = 300  # characters of its complaint that are told


class Content(NamedTuple):
    """A file of the change: its new text, and its old one, b"" when there was none."""

    path: str
    text: bytes
    old: bytes


class _Failed(Exception):
    """The program did not do its work; the text says how."""


def external_findings(
    name: str, contents: Iterable[Content], scanner: Scanner, permits: Permits
) -> list[Finding]:
    """A finding for each secret that the program called `name` sees and the old files lack.

    `scanner` redacts what the program complains of.
    """
    tool = TOOLS[name]
    wanted = (c for c in contents if c.text and not permits.allows_path(c.path))
    with tempfile.TemporaryDirectory(prefix="orchestrate-") as folder:  # mode 0700
        top = Path(folder).resolve()
        copies = _write(top / "content", wanted, tool.mentions)
        if not copies:
            return []
        try:
            reported = _reported(tool, top, scanner)
        except _Failed as failure:
            return [finding(FAILED, "", f"{name} {failure}")]
        found: list[Finding] = []
        for number, copy in enumerate(copies):
            leaks = list(_new(reported.get((number, NEW), ()), reported.get((number, OLD), ())))
            found += _findings(tool, leaks, copy, permits)
        return found


class Copy(NamedTuple):
    """A file of the change by its path, and where its new text was written."""

    path: str
    file: Path


def _write(copies: Path, contents: Iterable[Content], mentions: Sequence[bytes]) -> list[Copy]:
    """Write each content below a folder named by its number; one is in memory at a time."""
    written = []
    for number, content in enumerate(contents):
        for side, text in ((NEW, content.text), (OLD, content.old)):
            for mention in mentions:
                text = text.replace(mention, b"-" * len(mention))
            file = copies / str(number) / side / _name(content.path)
            file.parent.mkdir(parents=True)
            file.write_bytes(text)
        written.append(Copy(content.path, copies / str(number) / NEW / _name(content.path)))
    return written


Reported = Mapping[tuple[int, str], Sequence[Leak]]  # (number of the content, NEW or OLD)


def _reported(tool: Tool, top: Path, scanner: Scanner) -> Reported:
    copies, output, errors = top / "content", top / "output", top / "errors"
    size = sum(file.stat().st_size for file in copies.glob("*/*/*"))
    limits = ProcessLimits(
        max_runtime_sec=BASE_SEC + SEC_PER_MB * size / 1e6,
        max_silence_sec=None,
        max_output_mb=MAX_REPORT_MB,
    )
    end = run_process(
        [tool.name, *tool.before, str(copies), *tool.after],
        cwd=top,
        env={"PATH": _search_path(), "HOME": str(top), "TMPDIR": str(top), "LC_ALL": "C"},
        output=output,
        errors=errors,
        limits=limits,
    )
    said = errors.read_bytes() if errors.exists() else b""
    if not end.ok or tool.complaint.search(said):
        raise _Failed(_failure(end, limits, said, scanner))
    try:
        return _by_content(tool.read(output.read_bytes()), copies)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _Failed(f"wrote a report that cannot be read ({type(error).__name__})") from None


def _name(path: str) -> str:
    """The last name of a path where a file can have it; rules of the program go by names."""
    name = path.rpartition("/")[2]
    is_odd = name in ("", ".", "..") or not name.isascii() or not name.isprintable()
    return "file" if is_odd else name[-100:]


def _search_path() -> str:
    """PATH, and the folder of this Python: a program that pip installed stands there."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])


def _failure(end: ProcessEnd, limits: ProcessLimits, said: bytes, scanner: Scanner) -> str:
    if end.reason is EndReason.NOT_FOUND:
        return "is what the policy asks to look for secrets too, and it is not installed"
    if end.reason is EndReason.TIMEOUT:
        return f"did not end within {limits.max_runtime_sec:.0f} s"
    last = redact(said, scanner=scanner).decode("utf-8", "replace").strip().rpartition("\n")[2]
    how = f"code {end.code}" if end.reason is EndReason.EXITED else f"reason {end.reason}"
    return f"ended with {how}: {last[-MAX_SAID:] or 'it said nothing'}"


def _by_content(leaks: Iterable[Leak], copies: Path) -> Reported:
    found: dict[tuple[int, str], list[Leak]] = {}
    for leak in leaks:
        number, side, _ = Path(leak.file).relative_to(copies).parts
        found.setdefault((int(number), side), []).append(leak)
    return found


def _new(leaks: Sequence[Leak], old: Sequence[Leak]) -> Iterator[Leak]:
    """The leaks that the old file does not hold as often, wherever in it they stood."""
    known = Counter((leak.rule, leak.secret) for leak in old)
    for leak in leaks:
        if known[leak.rule, leak.secret] > 0:
            known[leak.rule, leak.secret] -= 1
        else:
            yield leak


def _findings(tool: Tool, leaks: Sequence[Leak], copy: Copy, permits: Permits) -> Iterator[Finding]:
    text = copy.file.read_bytes() if leaks else b""
    for leak in leaks:
        id = rule_id(tool.name, leak.rule)
        secret = leak.secret.encode("utf-8", "replace")
        mark = fingerprint(id, copy.path, secret)
        at, is_exact = _offset(text, leak.line, secret)
        if permits.allows_value(leak.secret) or mark in permits.baseline:
            continue
        if permits.inline and allowed_inline(text, at, id):
            continue
        line, column = Places(text).of(at)
        yield Finding(
            id, Severity.BLOCK, copy.path, f"{leak.description} (seen by {tool.name})",
            NEXT_STEP, line, column if is_exact else 0, masked(secret), mark,
        )  # fmt: skip


def _offset(text: bytes, line: int, secret: bytes) -> tuple[int, bool]:
    """Where the secret stands from its line on, and whether it does: it may have been decoded."""
    start = 0
    for _ in range(line - 1):
        start = text.find(b"\n", start) + 1 or start
    at = text.find(secret, start)
    return (at, True) if at >= 0 else (start, False)
