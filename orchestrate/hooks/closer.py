"""A closer look at the files that the fast path left in doubt, without starting the engine.

Rules kept here:

* Only the content of ordinary files is in doubt here, and only by places that the joint pass saw.
  What stands there is found by the engine's own functions (`line_search.in_file`,
  `hidden.in_file`); tests hold the two together. Everything else is a doubt and left to it.
* Nothing slow is imported: no dataclasses, pathlib, json and no policy. tests/hooks measures it.
"""

from __future__ import annotations

import marshal

from orchestrate.checks.findings import Finding, Severity, order
from orchestrate.checks.line_search import LineCheck, in_file
from orchestrate.checks.lines import added_lines
from orchestrate.checks.secrets.text import readable
from orchestrate.hooks.prefilter import Doubt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from orchestrate.checks.secrets.allow import Permits
    from orchestrate.checks.secrets.matching import Place
    from orchestrate.checks.secrets.scanner import Scanner
    from orchestrate.hooks.prefilter import Compiled, Contents, Suspect

MAX_CONTENT = 64 * 1024 * 1024  # as checks/change.py, whose import would cost too much


def findings(
    suspects: Sequence[Suspect], compiled: Compiled, role: str, objects: Contents
) -> list[Finding]:
    """What the engine finds in these files, sorted as it does.

    Raises:
        Doubt: something about them is not for here.
    """
    paths = frozenset(suspect.path for suspect in suspects)
    look = CloserLook(compiled, role)
    if look.has_baseline or any(not look.is_for_here(suspect) for suspect in suspects):
        raise Doubt("content that only the engine judges", paths)
    found: set[Finding] = set()
    for suspect in suspects:
        found.update(look.findings(suspect, objects))
    return sorted(found, key=order)


class CloserLook:
    """The part of a compiled policy that says what is found, not only where."""

    def __init__(self, compiled: Compiled, role: str) -> None:
        value = marshal.loads(compiled.table["closer"])
        self.has_baseline: bool = value["has_baseline"]
        self._value = value
        self._compiled = compiled
        self._role = role
        self._scanning: tuple[Scanner, Permits] | None = None

    def is_for_here(self, suspect: Suspect) -> bool:
        """Whether the file's path means one thing only, and nothing else than lines is in doubt."""
        maybe, surely = suspect.classes
        return maybe == surely and not suspect.hits & self._compiled.table["not_alone"]

    def findings(self, suspect: Suspect, objects: Contents) -> Iterator[Finding]:
        """Everything that is found in one file."""
        path, new = suspect.path.decode(), suspect.data
        old = _Old(suspect.old, objects)
        added = (lambda: added_lines(old.text(), new)) if suspect.old else None
        marks: bool = self._value["inline_allow"]
        for check in self._checks(suspect):
            yield from in_file(check, path, new, added, marks=marks)
        if any(id in self._compiled.secrets for id in suspect.hits):
            from orchestrate.checks.hidden import in_file as secrets_in_file

            yield from secrets_in_file(new, old.text, path, *self._scanner())

    def _checks(self, suspect: Suspect) -> Iterator[LineCheck]:
        lines = self._value["lines"]
        for number in sorted(self._compiled.line_checks(suspect, self._role)):
            *first, severity, message, fix = lines[number]
            yield LineCheck._make((*first, Severity(severity), message, fix))

    def _scanner(self) -> tuple[Scanner, Permits]:
        if self._scanning is None:
            from orchestrate.checks.secrets import lazy, rules
            from orchestrate.checks.secrets.allow import Permits
            from orchestrate.checks.secrets.scanner import Scanner

            shipped = self._compiled.shipped.value
            lazy.take(marshal.loads(shipped["expressions"]))
            ruleset = rules.from_values(*marshal.loads(shipped["ruleset"]))
            # Paths that whole files are searched for are none for here.
            scanner = Scanner(ruleset, _Places(self._compiled, len(ruleset.forms)), direct=False)
            # Paths that the policy lets pass had no hit; a baseline is not for here.
            inline: bool = self._value["inline_allow"]
            self._scanning = scanner, Permits((), self._value["stopwords"], inline)
        return self._scanning


class _Old:
    """The old content of a file, read when it is first asked for."""

    def __init__(self, oid: str, objects: Contents) -> None:
        self._ask: Callable[[], bytes] = lambda: _content(oid, objects) if oid else b""
        self._text: bytes | None = None

    def text(self) -> bytes:
        if self._text is None:
            self._text = readable(self._ask())
        return self._text


def _content(oid: str, objects: Contents) -> bytes:
    answer = next(iter(objects.contents([oid])))
    if answer is None:
        raise Doubt("an old blob is not there")
    return answer[2] if len(answer[2]) <= MAX_CONTENT else b""


class _Places:
    """The scanner's matcher, by the database that the fast path has loaded."""

    def __init__(self, compiled: Compiled, forms: int) -> None:
        self._compiled = compiled
        self._forms = forms

    def places(self, text: bytes) -> Iterable[Place]:
        from orchestrate.checks.secrets.matching import Places

        found, first = Places(self._forms), self._compiled.secrets.start

        def on_match(id: int, start: int, end: int, flags: int, context: object) -> bool:
            return found.add(id - first, end)

        plain = text.replace(b"\r", b"\n") if b"\r" in text else text
        return found.found_by(self._compiled.shipped.triggers, plain, on_match)
