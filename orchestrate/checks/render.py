"""Findings as text and as the formats that other tools read. Pure: findings in, text out.

Formats: SARIF 2.1.0 (OASIS), GitHub workflow commands, GitLab code quality (a subset of Code
Climate), JUnit XML as CI servers read it, and our own JSON.
"""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from orchestrate import __version__
from orchestrate.checks.catalogue import CATALOGUE
from orchestrate.checks.findings import Finding, Severity, without_commit
from orchestrate.checks.render_text import place
from orchestrate.checks.render_text import printable as printable
from orchestrate.checks.render_text import text as text

_SARIF = {Severity.BLOCK: "error", Severity.REVIEW: "warning", Severity.WARN: "note"}
_GITHUB = {Severity.BLOCK: "error", Severity.REVIEW: "warning", Severity.WARN: "notice"}
_GITLAB = {Severity.BLOCK: "blocker", Severity.REVIEW: "major", Severity.WARN: "minor"}
_NOT_XML = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"


def as_dict(found: Finding) -> dict[str, Any]:
    """A finding as JSON holds it; bytes of a path that are no UTF-8 are written as escapes."""
    return {**found._asdict(), "severity": str(found.severity), "path": _plain(found.path)}


def _plain(path: str) -> str:
    return path.encode("utf-8", "backslashreplace").decode()


def as_json(findings: Sequence[Finding], notes: Sequence[str] = ()) -> str:
    """The findings, how many there are of each severity, and what was not looked at."""
    document = {
        "schema_version": 1,
        "findings": [as_dict(f) for f in findings],
        "notes": list(notes),
        "summary": {str(s): sum(f.severity == s for f in findings) for s in Severity},
    }
    return json.dumps(document, indent=2, sort_keys=True)


def sarif(findings: Sequence[Finding]) -> str:
    """A SARIF log, for code scanning."""
    ids = sorted({f.id for f in findings})
    run = {
        "tool": {
            "driver": {
                "name": "orchestrate",
                "semanticVersion": __version__,
                "rules": [_sarif_rule(id, findings) for id in ids],
            }
        },
        "results": [_sarif_result(f, ids) for f in findings],
        "columnKind": "unicodeCodePoints",
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2)


def _sarif_rule(id: str, findings: Sequence[Finding]) -> dict[str, Any]:
    entry = CATALOGUE.get(id)
    first = next(f for f in findings if f.id == id)
    said = entry.catches if entry else without_commit(first.message)
    return {"id": id, "shortDescription": {"text": said}, "help": {"text": first.next_step or said}}


def _sarif_result(found: Finding, ids: Sequence[str]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": found.id,
        "ruleIndex": ids.index(found.id),
        "level": _SARIF[found.severity],
        "message": {"text": found.message},
        "partialFingerprints": {"orchestrate/v1": found.fingerprint or _fingerprint(found)},
    }
    if found.path:
        where: dict[str, Any] = {"artifactLocation": {"uri": _uri(found.path)}}
        if found.line:
            where["region"] = {"startLine": found.line, "startColumn": max(found.column, 1)}
        result["locations"] = [{"physicalLocation": where}]
    return result


def _uri(path: str) -> str:
    from urllib.parse import quote

    return quote(path.encode("utf-8", "surrogateescape"))


def _fingerprint(found: Finding) -> str:
    """Names a finding by what it is and not by its line, so that it survives moved lines."""
    parts = (found.id, found.path, found.message, found.match)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:20]


def github(findings: Sequence[Finding]) -> str:
    """Workflow commands, which GitHub shows beside the lines."""
    lines = []
    for found in findings:
        fields = {"file": _plain(found.path), "title": found.id}
        if found.line:
            fields |= {"line": str(found.line), "col": str(max(found.column, 1))}
        said = ",".join(f"{key}={_property(value)}" for key, value in fields.items() if value)
        message = f"{found.message} - {found.next_step}" if found.next_step else found.message
        lines.append(f"::{_GITHUB[found.severity]} {said}::{_data(message)}")
    return "\n".join(lines)


# Workflow commands escape these (actions/toolkit, packages/core/src/command.ts).
def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")


def gitlab(findings: Sequence[Finding]) -> str:
    """A code quality report."""
    report = [
        {
            "description": found.message,
            "check_name": found.id,
            "fingerprint": _fingerprint(found._replace(match=f"{found.match}{found.line}")),
            "severity": _GITLAB[found.severity],
            "location": {"path": _plain(found.path) or ".", "lines": {"begin": max(found.line, 1)}},
        }
        for found in findings
    ]
    return json.dumps(report, indent=2)


def junit(findings: Sequence[Finding]) -> str:
    """One test case a finding; what blocks is a failure, the rest passes with its text."""
    failures = sum(f.severity == Severity.BLOCK for f in findings)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuite name="orchestrate" tests="{max(len(findings), 1)}" failures="{failures}">',
    ]
    if not findings:
        lines.append('  <testcase classname="orchestrate" name="no findings"/>')
    for found in findings:
        name = _xml_attribute(f"{place(found)}: {found.id}")
        tag = "failure" if found.severity == Severity.BLOCK else "system-out"
        message = f" message={_xml_attribute(found.message)}" if tag == "failure" else ""
        body = _xml(f"{found.message}\n{found.next_step}")
        lines.append(f"  <testcase classname={_xml_attribute(found.id)} name={name}>")
        lines.append(f"    <{tag}{message}>{body}</{tag}>")
        lines.append("  </testcase>")
    return "\n".join([*lines, "</testsuite>"])


def _xml(text: str) -> str:
    # Not xml.sax.saxutils, which imports urllib and costs every hook with a finding 15 ms.
    plain = re.sub(_NOT_XML, "?", text)
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _xml_attribute(value: str) -> str:
    quoted = _xml(value).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")
    return f'"{quoted}"'


FORMATS: dict[str, Callable[[Sequence[Finding]], str]] = {
    "text": text,
    "json": as_json,
    "sarif": sarif,
    "github": github,
    "gitlab": gitlab,
    "junit": junit,
}
