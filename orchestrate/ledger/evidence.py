"""What is kept of an attempt: redacted and capped before it becomes an object."""

from orchestrate.checks.secrets.redact import redact

MAX_FILE = 1024 * 1024  # bytes
_CUT = b"\n[... %d bytes cut here by orchestrate ...]\n"


def capped(data: bytes, limit: int = MAX_FILE) -> bytes:
    """The data, or its first and last parts around a mark that says how much was cut."""
    if len(data) <= limit:
        return data
    mark = _CUT % len(data)
    keep = limit - len(mark)
    head = keep * 3 // 4
    tail = keep - head
    mark = _CUT % (len(data) - keep)
    return data[:head] + mark + data[len(data) - tail :]


def storable(data: bytes) -> bytes:
    """The data as it may be stored: secrets replaced, then capped."""
    return capped(redact(data))


def evidence_path(task: str, revision: int, attempt: int, name: str) -> str:
    """Where an attempt's evidence lies in the ledger's tree."""
    return f"evidence/{task}/{revision}-{attempt}/{name}"
