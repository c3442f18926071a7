"""Findings that were there before the checks: a file of fingerprints, one finding a line.

The file is JSON written by the machine. It holds no secret, but each line says where one
stands, and a guess can be tested against its fingerprint: it belongs in the repository that holds
the secrets.
"""

import json
from collections.abc import Iterable, Mapping

from orchestrate.checks.secrets.engine import Hit
from orchestrate.errors import FileError

VERSION = 1


def write_baseline(hits: Mapping[str, Iterable[Hit]]) -> bytes:
    """The baseline of all hits by path."""
    known = {
        hit.fingerprint: {"path": path, "rule": hit.rule}
        for path, one in hits.items()
        for hit in one
    }
    document = {"findings": known, "schema_version": VERSION}
    return (json.dumps(document, indent=2, sort_keys=True) + "\n").encode()


def read_baseline(data: bytes, path: str) -> frozenset[str]:
    """The fingerprints in a baseline file.

    Raises:
        FileError: not JSON, not a baseline, or written by a later version.
    """
    hint = "write it again with `orchestrate check --all --baseline`"
    try:
        document = json.loads(data)
        version, findings = document["schema_version"], document["findings"]
    except (ValueError, KeyError, TypeError) as e:
        raise FileError(path, f"not a baseline of findings: {e}", hint=hint) from e
    if version != VERSION:
        raise FileError(path, f"a baseline of version {version}, expected {VERSION}", hint=hint)
    return frozenset(findings)


def stale(baseline: frozenset[str], seen: Iterable[str]) -> frozenset[str]:
    """The fingerprints of a baseline that a full scan no longer meets."""
    return baseline - frozenset(seen)
