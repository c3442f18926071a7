"""What the scanner asks of a matcher: the places of a text where a form of a secret could stand.

A hostile text has one at nearly every byte: a pass ends after `MAX_PLACES` of them, and who goes
over the places then learns that they are not all.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

TYPE_CHECKING = False  # as typing's; at run time nothing of it is needed here
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

MAX_PLACES = 2_000_000  # in one text: some two seconds, and 16 MB
BASE64 = -1  # a place where base64 of a secret could stand


class Place(NamedTuple):
    """A trigger matched: `form` indexes the ruleset's forms, or is BASE64."""

    form: int
    end: int


class TooManyPlaces(Exception):
    """A text with more places than are looked at; those there are were given."""


class Places:
    """Places by the numbers of `matcher.expressions`, in eight bytes each."""

    def __init__(self, forms: int) -> None:
        from array import array  # for who has a text to look at

        self._forms = forms
        self._coded = array("Q")  # end of the match, and the number of the expression

    def add(self, number: int, end: int) -> bool:
        """Remember a match; whether there are too many now, which ends hyperscan's pass."""
        self._coded.append(end << 20 | number)
        return len(self._coded) > MAX_PLACES

    @property
    def is_cut(self) -> bool:
        """Whether the pass was ended before the text."""
        return len(self._coded) > MAX_PLACES

    def __len__(self) -> int:
        return len(self._coded)

    def __iter__(self) -> Iterator[Place]:
        """The places. Raises: TooManyPlaces behind the last one, when that is not all."""
        for coded in self._coded:
            number = coded & 0xFFFFF
            yield Place(number if number < self._forms else BASE64, coded >> 20)
        if self.is_cut:
            raise TooManyPlaces

    def found_by(self, database: Any, text: bytes, on_match: Any, **more: Any) -> Places:
        """These, after a pass of a hyperscan database whose callback adds to them."""
        try:
            if text:
                database.scan(text, match_event_handler=on_match, **more)
        except Exception:  # of hyperscan's own, whose module hooks load in another way
            if not self.is_cut:
                raise
        return self


class Matcher(Protocol):
    """Finds every place where a form could match."""

    def places(self, text: bytes) -> Iterable[Place]:
        """The places in `text`, in no particular order."""
        ...
