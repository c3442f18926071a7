"""JSON without the package `json`, which imports `re` and takes 6 ms: as much as starting Python.

The scanner is the one that `json` itself uses. Where it is missing or stumbles, `json` does it all.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Context:
    """What the scanner asks of the decoder that it belongs to."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    memo: dict[str, str] = {}  # noqa: RUF012 - the scanner's own

    @staticmethod
    def parse_constant(name: str) -> float:
        return float(name)


def loads(data: bytes) -> Any:
    """The value of a JSON text in UTF-8.

    Raises:
        ValueError: it is none.
    """
    text = data.decode().strip(" \t\n\r")
    try:
        from _json import make_scanner

        value, end = make_scanner(_Context)(text, 0)  # type: ignore[arg-type]
        if end == len(text):
            return value
    except (ImportError, StopIteration, SystemError):
        pass  # what is wrong with it, `json` says
    import json

    return json.loads(text)
