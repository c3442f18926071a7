"""The file of known findings of an old repository: fingerprints that are not told again."""

import json
from collections.abc import Iterable

from orchestrate.checks.findings import Finding
from orchestrate.errors import FileError
from orchestrate.machine_json import to_json

_HINT = "write it anew with `orchestrate check --all --write-baseline FILE`"


def parse_baseline(data: bytes, path: str) -> frozenset[str]:
    """The fingerprints in a baseline file.

    Raises:
        FileError: it is not a baseline of version 1.
    """
    try:
        document = json.loads(data)
        if document["schema_version"] != 1:
            raise FileError(path, "is not a baseline of version 1", hint=_HINT)
        return frozenset(str(entry["fingerprint"]) for entry in document["findings"])
    except (ValueError, KeyError, TypeError) as error:
        raise FileError(path, f"is not a baseline: {error}", hint=_HINT) from None


def baseline_of(findings: Iterable[Finding]) -> bytes:
    """A baseline of every finding that has a fingerprint."""
    known = sorted({(f.path, f.id, f.fingerprint) for f in findings if f.fingerprint})
    document = {
        "schema_version": 1,
        "findings": [{"fingerprint": mark, "id": id, "path": path} for path, id, mark in known],
    }
    return to_json(document)
