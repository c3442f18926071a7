"""Reads coverage reports: lcov, Cobertura (coverage.py writes it too) and JaCoCo.

Rules:
 * Every record counts, and each line of source once: a line that several records or classes name is
   covered when one of them says so. Totals that a report states about itself are not looked at.
 * A report that is cut, malformed or measures no line is an error, never 0 % and never a pass.
 * XML is read as a stream. A document may name a DTD, which is never fetched; one that declares an
   entity is refused, so nothing can be expanded (CVE-2003-1564 and its kin).
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple
from xml.parsers import expat

from orchestrate.errors import OrchestrateError

MAX_BYTES = 256 * 1024 * 1024

Hits = dict[tuple[str, int], bool]  # file and line -> whether it was run


class Covered(NamedTuple):
    """How many lines a report measures, and how many of them were run."""

    covered: int
    lines: int

    @property
    def share(self) -> float:
        return self.covered / self.lines


class CoverageUnreadable(OrchestrateError):
    """The report is not there, not of its format, or measures nothing."""


def read_coverage(path: Path, form: str | None = None) -> Covered:
    """What a report says; `form` is lcov, cobertura or jacoco, None is told by the content.

    Raises:
        CoverageUnreadable: it says nothing that can be relied on.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CoverageUnreadable(f"the report is larger than {MAX_BYTES:,} bytes")
        data = path.read_bytes()
    except OSError as error:
        raise CoverageUnreadable(f"the report cannot be read: {error.strerror}") from None
    hits = READERS[form or told_by(data)](data)
    if not hits:
        raise CoverageUnreadable("the report measures no line")
    return Covered(sum(hits.values()), len(hits))


def told_by(data: bytes) -> str:
    """The format that the first bytes are of.

    Raises:
        CoverageUnreadable: none that is read here.
    """
    start = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith((b"TN:", b"SF:")):
        return "lcov"
    root = re.search(rb"<([A-Za-z][\w.-]*)[\s>/]", start) if start.startswith(b"<") else None
    form = _ROOTS.get(root[1]) if root else None
    if form is None:
        raise CoverageUnreadable(
            "the report is neither lcov, Cobertura nor JaCoCo",
            hint="convert it, or name its format in the step's coverage",
        )
    return form


_ROOTS = {b"coverage": "cobertura", b"report": "jacoco"}


def _lcov(data: bytes) -> Hits:
    """Lines of an lcov trace file (geninfo(1), "FILES")."""
    hits: Hits = {}
    source: str | None = None
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        key, _, value = line.strip().partition(":")
        if key == "SF":
            source = value
        elif key == "DA":
            found = _DA.fullmatch(value)
            if found is None or source is None:
                raise CoverageUnreadable(f"line {number} of the report is not lcov: {line[:60]!r}")
            _count(hits, source, int(found[1]), int(found[2]))
        elif key == "end_of_record":
            source = None
    if source is not None:
        raise CoverageUnreadable("the report is cut: its last record has no end_of_record")
    return hits


_DA = re.compile(r"(\d{1,9}),(-?\d{1,18})(?:,.*)?")


def _count(hits: Hits, source: str, line: int, count: int) -> None:
    hits[source, line] = hits.get((source, line), False) or count > 0


def _cobertura(data: bytes) -> Hits:
    """Lines of a Cobertura report: the `line`s below `class[@filename]` (coverage-04.dtd)."""
    hits: Hits = {}
    sources: list[str] = []

    def start(tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "class":
            sources.append(attributes["filename"])
        elif tag == "line" and sources:
            _count(hits, sources[-1], int(attributes["number"]), int(attributes["hits"]))

    def end(tag: str) -> None:
        if tag == "class":
            sources.pop()

    _parse(data, "coverage", start, end)
    return hits


def _jacoco(data: bytes) -> Hits:
    """Lines of a JaCoCo report: `sourcefile/line[@ci]`, covered instructions (report.dtd 1.1)."""
    hits: Hits = {}
    place: list[str] = []

    def start(tag: str, attributes: Mapping[str, str]) -> None:
        if tag in ("group", "package", "sourcefile"):
            place.append(attributes["name"])
        elif tag == "line":
            _count(hits, "/".join(place), int(attributes["nr"]), int(attributes["ci"]))

    def end(tag: str) -> None:
        if tag in ("group", "package", "sourcefile"):
            place.pop()

    _parse(data, "report", start, end)
    return hits


def _parse(
    data: bytes,
    root: str,
    start: Callable[[str, Mapping[str, str]], None],
    end: Callable[[str], None],
) -> None:
    """Read an XML document whose outermost element is `root`.

    Raises:
        CoverageUnreadable: it is not well-formed, declares entities, or lacks an attribute.
    """
    parser = expat.ParserCreate()
    opened: list[str] = []

    def begin(tag: str, attributes: Mapping[str, str]) -> None:
        if not opened and tag != root:
            raise CoverageUnreadable(f"the report begins with <{tag}>, expected <{root}>")
        opened.append(tag)
        start(tag, attributes)

    def refuse(*_: object) -> None:
        raise CoverageUnreadable("the report declares an XML entity, which is refused")

    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise CoverageUnreadable(f"the report is not well-formed XML: {error}") from None
    except KeyError as error:
        at = f"line {parser.CurrentLineNumber}"
        raise CoverageUnreadable(f"{at} of the report lacks the attribute {error}") from None
    except ValueError:
        at = f"line {parser.CurrentLineNumber}"
        raise CoverageUnreadable(f"{at} of the report has a count that is no number") from None


READERS: Mapping[str, Callable[[bytes], Hits]] = {
    "lcov": _lcov,
    "cobertura": _cobertura,
    "jacoco": _jacoco,
}
