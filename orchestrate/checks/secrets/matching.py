"""What the scanner asks of a matcher: the places of a text where a form of a secret could stand."""

from __future__ import annotations

from typing import NamedTuple, Protocol

TYPE_CHECKING = False  # as typing's; at run time nothing of it is needed here
if TYPE_CHECKING:
    from collections.abc import Iterable

BASE64 = -1  # a place where base64 of a secret could stand


class Place(NamedTuple):
    """A trigger matched: `form` indexes the ruleset's forms, or is BASE64."""

    form: int
    end: int


class Matcher(Protocol):
    """Finds every place where a form could match."""

    def places(self, text: bytes) -> Iterable[Place]:
        """The places in `text`, in no particular order."""
        ...
