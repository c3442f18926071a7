"""The runner's clock: the one place that reads the time for what is recorded."""

import time
from datetime import UTC, datetime


def now() -> int:
    """Seconds since the epoch."""
    return int(time.time())


def iso(seconds: float) -> str:
    """A time as it stands in records: ISO 8601, UTC, seconds; such texts sort by time."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
