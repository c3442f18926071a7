"""A place where a secret may stand, as validators see it."""

from collections.abc import Callable
from typing import NamedTuple


class Candidate(NamedTuple):
    """What a pattern matched: the secret, the name it was assigned to ("" if none), where.

    `text` is the file and `at` the secret's offset in it.
    """

    secret: str
    name: str
    line: str
    path: str
    text: bytes = b""
    at: int = 0

    def around(self, before: int = 300, after: int = 300) -> str:
        """The text that surrounds the secret; quotes inside a string are read as quotes."""
        near = self.text[max(0, self.at - before) : self.at + len(self.secret) + after]
        return near.decode("utf-8", "replace").replace('\\"', '"')


Validator = Callable[[Candidate], bool]
