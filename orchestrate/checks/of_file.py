"""The checks of one file's content: read once, searched once, then looked at where it matters.

Rules kept here:

* A check is left out only where something cheaper proves that it finds nothing: the joint search
  saw no place for it, no byte of its kind is there, or no policy names the path.
* A file that cannot be read, or a search that fails, is a blocking finding (`running.py`).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import perf_counter

from orchestrate.checks import commands, hidden, hygiene, patterns, unsafe_path
from orchestrate.checks.change import Change
from orchestrate.checks.findings import Finding
from orchestrate.checks.running import Stats, crashed
from orchestrate.checks.search import NOT_SEARCHED, Search, Seen
from orchestrate.checks.secrets.text import readable
from orchestrate.checks.selecting import Wanted
from orchestrate.checks.task_rules import TaskRules
from orchestrate.git.types import EntryChange
from orchestrate.policy.policy import Policy

FileCheck = Callable[["Content"], Iterable[Finding]]


@dataclass(slots=True)
class Content:
    """One file while it is judged: its new bytes, the same as UTF-8, what the joint pass saw.

    `data` None is too large to be read, or not wanted by any check.
    """

    entry: EntryChange
    data: bytes | None = None
    text: bytes = b""
    seen: Seen = NOT_SEARCHED


class FileChecks:
    """Judges the files of one change, one at a time. `search` None: preparing it crashed."""

    def __init__(
        self,
        change: Change,
        policy: Policy,
        task: TaskRules | None,
        search: Search | None,
        baseline: frozenset[str],
    ) -> None:
        self._change = change
        self._search = search
        self._policy = policy
        self._marks = policy.config.secrets.inline_allow
        self._allowed = hidden.permits(policy.config.secrets, baseline)
        self._lines = patterns.line_checks(policy, task.role if task else None)
        builtins = hygiene.switched_on(policy)
        self._builtins = hygiene.FileBuiltins(builtins)
        self._huge = next((c for c in builtins if c.builtin == "huge-file"), None)

    def wanted(self, wanted: Wanted, *, sizes: bool) -> list[tuple[str, FileCheck]]:
        """The checks to run on every file, in order, by the names that `--stats` shows."""
        of_content: list[tuple[str, FileCheck]] = []
        if self._search is not None and wanted.runs("secrets"):
            of_content.append(("secrets", self._secrets))
        if wanted.runs("patterns"):
            of_content += [("patterns", self._patterns), ("hygiene", self._hygiene)]
        if wanted.runs("commands"):
            of_content.append(("commands", self._commands))
        found: list[tuple[str, FileCheck]] = []
        if wanted.runs("secrets") or wanted.runs("patterns"):
            found.append(("search", self._look))
        if of_content:
            found = [("reading", self._read), *found, *of_content]
        if sizes and wanted.runs("paths"):
            found.append(("sizes", self._sizes))
        return found

    def _read(self, file: Content) -> Iterable[Finding]:
        file.data = self._change.content(file.entry)
        if file.data is not None:
            file.text = readable(file.data)
        return ()

    def _look(self, file: Content) -> Iterable[Finding]:
        if self._search is not None and file.data is not None:
            file.seen = self._search.look(file.text)
        return ()

    def _secrets(self, file: Content) -> Iterable[Finding]:
        if self._search is None or file.data is None:
            return ()  # `too-large-to-scan` blocks it
        scanner, places = self._search.scanner, file.seen.places
        if places is not None and not places and not scanner.direct_forms(file.entry.path.lower()):
            return ()
        return hidden.check_file(self._change, file.entry, scanner, self._allowed)

    def _patterns(self, file: Content) -> Iterable[Finding]:
        if file.data is None or file.seen.patterns == frozenset():
            return ()
        possible = [check for check in self._lines if file.seen.may_match(check.pattern)]
        return patterns.check_file(self._change, file.entry, possible, marks=self._marks)

    def _hygiene(self, file: Content) -> Iterable[Finding]:
        if file.data is None:
            return ()
        conflict = file.seen.may_match(hygiene.CONFLICT_MARK)
        possible = self._builtins.possible(file.entry.path, file.data, conflict=conflict)
        return hygiene.check_file(self._change, file.entry, possible) if possible else ()

    def _commands(self, file: Content) -> Iterable[Finding]:
        if file.data is None or not commands.may_be_script(file.entry.path):
            return ()
        return commands.check_file(
            self._change, file.entry, self._policy.harness, marks=self._marks
        )

    def _sizes(self, file: Content) -> Iterable[Finding]:
        files = self._policy.config.files
        return unsafe_path.check_size(self._change, file.entry, files, self._huge)


def in_file(checks: list[tuple[str, FileCheck]], entry: EntryChange, stats: Stats) -> list[Finding]:
    """Everything that is found in one file, as `run_check` does for one check."""
    file, found, seconds = Content(entry), list[Finding](), stats.seconds
    began = perf_counter()
    for name, check in checks:
        try:
            found += check(file)
        except Exception as error:  # noqa: BLE001 - an edge, as in `run_check`
            found.append(crashed(name, error))
        ended = perf_counter()
        seconds[name] = seconds.get(name, 0.0) + ended - began
        began = ended
    return found
