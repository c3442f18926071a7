"""Dangerous commands: the `block` rules of the harness, held against commands, not prose.

One command line comes from an agent's hook (`judge_command`); scripts come with a change
(`check_file`): shell files, Makefiles, Dockerfiles, CI and package scripts. Only lines that the
change adds are judged.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import accumulate

from orchestrate.checks.catalogue import finding
from orchestrate.checks.change import Change
from orchestrate.checks.command_search import Line, hits, script_lines, searched
from orchestrate.checks.findings import Finding, Severity
from orchestrate.checks.line_search import (
    MAX_IN_FILE,
    is_marked,
    is_plain,
    search,
    shown,
    spans_over_lines,
)
from orchestrate.checks.linear import compile_for_text
from orchestrate.git.types import EntryChange
from orchestrate.policy.globs import globs
from orchestrate.policy.harness import HarnessRule
from orchestrate.policy.literals import needed

_SHELL_FILES = ("*.sh", "*.bash", "*.zsh", "*.ksh", "*.envrc", ".husky/*", ".githooks/*")
_RECIPES = ("Makefile", "makefile", "GNUmakefile", "*.mk", "justfile")
_CONTAINERS = ("Dockerfile", "Dockerfile.*", "*.Dockerfile", "Containerfile")
_STEPS = (
    ".github/workflows/*.y*ml",
    ".gitlab-ci.yml",
    ".circleci/*.yml",
    "action.y*ml",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
    "lefthook.y*ml",
    ".pre-commit-config.yaml",
)
_PACKAGE = ("package.json", "composer.json")
_SHEBANG = re.compile(rb"#!.*\b(?:ba|z|da|k|fi)?sh\b")
# As `re` runs it, a line of nothing but `\"` takes quadratic time.
_QUOTED = compile_for_text(r'"((?:[^"\\]|\\.)*)"\s*,?\s*$')
_STEP = re.compile(
    r"^\s*(?:-\s+)?(?:run|script|command|entry|before_script|after_script)?:?\s*[|>-]*"
)
MAX_SCRIPT = 1024 * 1024  # characters; reading them as a shell does takes some three seconds
# GNU make's manual, "Setting Variables": =, :=, ::=, ?=, +=, !=
_SET = re.compile(r"(?m)^(?:export +|override +)?([A-Za-z_]\w*)[ \t]*[:?+!]{0,3}=(.*)$")
_USED = re.compile(r"\$[({]([A-Za-z_]\w*)[)}]")
_FOLDER = re.compile(r"\w[\w./-]{0,99}")
_CODED = re.compile(r"\\[0-7xuUN]")  # a character by its number or name
_NOT_IN_WORDS = str.maketrans("", "", "'\"\\")

SCRIPTS = (_SHELL_FILES, _RECIPES, _CONTAINERS, _STEPS, _PACKAGE)
_NAMED = tuple(glob for patterns in SCRIPTS for glob in patterns)


def judge_command(command: str, rules: Iterable[HarnessRule]) -> list[Finding]:
    """What the harness' `block` rules say to one command line of an agent."""
    wanted = _blocking(rules)
    found = [f for line in script_lines(command) for f in judge_line(line, wanted, "")]
    return sorted(set(found))


def check_file(
    change: Change, entry: EntryChange, rules: Iterable[HarnessRule], *, marks: bool
) -> Iterator[Finding]:
    """Findings on dangerous commands that a change adds to one script."""
    blocking = _blocking(rules)
    script = _script(change, entry) if blocking else ""
    wanted = _named_in(script, blocking)
    if not wanted:
        return
    if len(script) > MAX_SCRIPT:
        said = f"{len(script) / MAX_SCRIPT:,.1f} MB of commands were not read"
        yield finding("too-large-to-scan", entry.path, said)
        return
    added: set[int] | None = None
    text = change.text(entry) or b""
    marks = marks and b"orchestrate:" in text  # looked for once
    told = 0
    for first, part in _parts(entry.path, script):
        for found in _in_part(part, _named_in(part, wanted), entry.path):
            if added is None:  # most scripts have no hit, and nothing to compare for
                added = {line.number for line in change.added(entry)}
            placed = found._replace(line=found.line + first)
            if placed.line in added and not (marks and is_marked(text, placed.line, placed.id)):
                yield placed
                told += placed.severity == Severity.BLOCK
            if told == MAX_IN_FILE:  # the change is refused: more say nothing new
                return


def _parts(path: str, script: str) -> Iterable[tuple[int, str]]:
    """What one shell reads, and how many lines stand before it.

    Each value of a package's file is a script of its own: a quote that one leaves open ends there.
    """
    return enumerate(script.split("\n")) if globs(_PACKAGE).match(path) else ((0, script),)


def _in_part(script: str, rules: list[HarnessRule], path: str) -> Iterator[Finding]:
    lines = list(script_lines(script)) if rules else []
    for line, possible in _possible(rules, lines):
        yield from judge_line(line, possible, path)


def is_script(path: str) -> bool:
    """Whether a file of that name holds commands; others do by their first line."""
    return globs(_NAMED).match(path)


def may_be_script(path: str) -> bool:
    """Whether a file of that name holds commands, or its first line may say so."""
    return "." not in path.rpartition("/")[2] or is_script(path)


def _blocking(rules: Iterable[HarnessRule]) -> list[HarnessRule]:
    return [r for r in rules if r.active and r.type == "block" and r.pattern is not None]


def _named_in(script: str, rules: list[HarnessRule]) -> list[HarnessRule]:
    """The rules whose needed texts stand in the script: reading it as a shell does takes longer.

    What a shell takes out of a word is taken out here: quotes, backslashes, continued lines.
    """
    joined = script.replace("\\\n", "")
    if _CODED.search(joined) and ("$'" in joined or '$"' in joined):
        return rules  # `$'\x72m'` says `rm`
    words = joined.translate(_NOT_IN_WORDS).lower()
    return [rule for rule in rules if _any_way(_needed(rule.pattern or ""), words)]


def _any_way(ways: list[list[str]], text: str) -> bool:
    return any(all(part in text for part in way) for way in ways)


@lru_cache(maxsize=256)
def _needed(pattern: str) -> list[list[str]]:
    return needed(pattern)


def _possible(
    rules: list[HarnessRule], lines: list[Line]
) -> Iterator[tuple[Line, list[HarnessRule]]]:
    """The lines of a script with the rules that may match a command there: one pass for each."""
    texts = ["\n".join(searched(line)) for line in lines]
    ends = list(accumulate(len(text.encode("utf-8", "replace")) + 1 for text in texts))
    joined = "\n".join(texts).encode("utf-8", "replace")
    found: dict[int, list[HarnessRule]] = {}
    for rule in rules:
        pattern = rule.pattern or ""
        ways = _needed(pattern)
        for number in sorted(_touched(pattern, joined, ends)):
            # What matches may run over many lines: an open quote does.
            if _any_way(ways, texts[number].lower()):
                found.setdefault(number, []).append(rule)
    for number in sorted(found):
        yield lines[number], found[number]


def _touched(pattern: str, joined: bytes, ends: list[int]) -> set[int]:
    """The numbers of the lines, of which each ends before one of `ends`, that may match."""
    if not is_plain(pattern):
        return set(range(len(ends)))
    found: set[int] = set()
    for start, end in spans_over_lines(pattern, joined):
        found.update(range(bisect_right(ends, start), bisect_right(ends, end) + 1))
    return found - {len(ends)}


def judge_line(line: Line, rules: list[HarnessRule], path: str) -> Iterator[Finding]:
    """What the rules say to the commands between two line ends of a script at `path`."""
    for rule in rules:
        for hit in hits(line, rule.pattern or "", rule.unless, _find):
            yield Finding(
                rule.id,
                rule.severity,
                path,
                rule.description,
                rule.content,
                hit.line if path else 0,
                0,
                shown(hit.text.encode("utf-8", "replace")),
            )


def _find(pattern: str, text: str) -> tuple[int, int] | None:
    """Where the pattern first matches, in characters."""
    data = text.encode("utf-8", "replace")
    span = search(pattern, data)
    if span is None:
        return None
    start, end = (len(data[:at].decode("utf-8", "ignore")) for at in span)
    return start, end


def _script(change: Change, entry: EntryChange) -> str:
    """The commands of a file, each on its own line number; "" when it is no script."""
    path = entry.path
    if not may_be_script(path):
        return ""
    data = change.text(entry) or b""
    if not is_script(path) and not _SHEBANG.match(data):
        return ""
    text = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > MAX_SCRIPT:
        return text  # only looked at for words
    if globs(_PACKAGE).match(path):
        return "\n".join(_json_value(line) for line in text.split("\n"))
    if globs(_CONTAINERS).match(path):
        return re.sub(r"(?mi)^\s*(?:RUN|CMD|ENTRYPOINT)\s", "", text)
    if globs(_RECIPES).match(path):
        return re.sub(r"(?m)^\t[@+-]*", "\t", _with_folders(text))
    if globs(_STEPS).match(path):
        return "\n".join(_STEP.sub("", line) for line in text.split("\n"))
    return text


def _with_folders(makefile: str) -> str:
    """The text with each variable that is set once, to a folder below this one, as that folder.

    `rm -rf $(BUILDDIR)/*` is no danger where BUILDDIR is `_build`: every Sphinx project has it.
    """
    values: dict[str, set[str]] = {}
    for name, value in _SET.findall(makefile):
        values.setdefault(name, set()).add(value.strip())
    folders = {name: min(all) for name, all in values.items() if len(all) == 1}
    return _USED.sub(
        lambda use: folders[use[1]] if _is_below(folders.get(use[1], "")) else use[0], makefile
    )


def _is_below(folder: str) -> bool:
    return _FOLDER.fullmatch(folder) is not None and ".." not in folder


def _json_value(line: str) -> str:
    value = _QUOTED.search(line)
    return value[1].replace('\\"', '"') if value else ""
