"""A reader over a dict, and the error that a call raises: what most policy tests need."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from orchestrate.errors import OrchestrateError


class DictReader:
    """Files of a commit, as path -> bytes."""

    def __init__(self, files: dict[str, bytes] | None = None) -> None:
        self.files = files or {}

    def list(self, prefix: str) -> list[tuple[str, str]]:
        return [
            (path, hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest())
            for path, data in self.files.items()
            if path.startswith(prefix)
        ]

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)


def refusal(call: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    """The message and, after `|`, the hint of the error that the call must raise."""
    with pytest.raises(OrchestrateError) as caught:
        call(*args, **kwargs)
    hint = caught.value.hint
    return f"{caught.value} | {hint}" if hint else str(caught.value)
