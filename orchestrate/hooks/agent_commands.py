"""Which commands an agent must not run, seen in its command line before it runs.

A seatbelt: it reads a line as a shell would, as far as words, separators, heredocs, `sh -c`, `eval`
and substitutions go, but a determined agent gets round it (a script, a variable). The runner judges
the tree whatever happened. Standard library only, and no more of it than needed: each tool call of
an agent waits for this.
"""

import re
import shlex
from collections.abc import Iterator

SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ksh"})
# Words before the real command that change nothing of what it does.
PREFIXES = frozenset(
    {"sudo", "env", "nohup", "time", "command", "exec", "builtin", "nice", "xargs"}
)
MAX_DEPTH = 6
MAX_LINE = 200_000  # characters; nothing that people write comes near

_HEREDOC = re.compile(r"<<-?[ \t]*(['\"]?)([A-Za-z_]\w*)\1")
_SUBSTITUTION = re.compile(r"\$\(([^()]*)\)|`([^`]*)`")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
# Variables that would point git elsewhere or switch hooks off.
_HOOK_VARIABLES = re.compile(
    r"GIT_(CONFIG.*|DIR|WORK_TREE|COMMON_DIR|EXEC_PATH|OBJECT_DIRECTORY|INDEX_FILE|NAMESPACE)"
)
_SWITCHES = {"HUSKY": "0", "LEFTHOOK": "0", "SKIP": None, "PRE_COMMIT_ALLOW_NO_CONFIG": None}


def simple_commands(line: str, depth: int = 0) -> Iterator[list[str]]:
    """The words of each simple command in a line, those inside `sh -c` and `$(...)` included."""
    if depth > MAX_DEPTH or len(line) > MAX_LINE:
        yield ["?too-deep-or-long"]
        return
    for found in _SUBSTITUTION.finditer(line):
        yield from simple_commands(found[1] or found[2] or "", depth + 1)
    for words in _split(_without_heredocs(line)):
        yield words
        inner = _inner(unprefixed(words))
        if inner:
            yield from simple_commands(inner, depth + 1)


def _split(line: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|()\n")
    lexer.whitespace = " \t\r"
    lexer.commenters = ""
    words: list[str] = []
    try:
        for word in lexer:
            if word and not word.strip(";&|()\n"):
                if words:
                    yield words
                words = []
            else:
                words.append(word)
    except ValueError:  # a quote is not closed: the words themselves are looked at
        yield [word.strip("'\"") for word in line.split()]
    if words:
        yield words


def _without_heredocs(line: str) -> str:
    """The line without text that goes into a file or a program; what a shell reads stays."""
    if "<<" not in line:
        return line
    kept: list[str] = []
    until: list[str] = []
    for text in line.split("\n"):
        if until:
            if text.strip() == until[0]:
                until.pop(0)
            continue
        kept.append(text)
        program = text.split()[0].rpartition("/")[2] if text.split() else ""
        if program not in SHELLS:
            until = [found[2] for found in _HEREDOC.finditer(text)]
    return "\n".join(kept)


def unprefixed(words: list[str]) -> list[str]:
    """The words from the program on: without assignments, `env`, `sudo` and the like."""
    at = 0
    while at < len(words):
        name = words[at].rpartition("/")[2]
        if _ASSIGNMENT.fullmatch(words[at]) or name in PREFIXES or (at and words[at][0:1] == "-"):
            at += 1
        else:
            break
    return words[at:]


def _inner(words: list[str]) -> str:
    """The command line that a shell or eval gets as its argument."""
    if not words:
        return ""
    name = words[0].rpartition("/")[2]
    if name == "eval":
        return " ".join(words[1:])
    if name in SHELLS:
        for at, word in enumerate(words[1:], 1):
            if word.startswith("-") and not word.startswith("--") and "c" in word:
                return words[at + 1] if at + 1 < len(words) else ""
    return ""


def refusals(line: str) -> Iterator[str]:
    """What must not run, one sentence for each reason; nothing when all of it may."""
    for words in simple_commands(line):
        if words == ["?too-deep-or-long"]:
            yield "the command line is too long or too deeply nested to be judged"
            continue
        yield from _variables(words)
        command = unprefixed(words)
        if command and command[0].rpartition("/")[2] == "git":
            yield from _git(command[1:])


def _variables(words: list[str]) -> Iterator[str]:
    names = words[1:] if words[0] in ("unset", "export") or "env" in words[:2] else words
    for word in names:
        found = _ASSIGNMENT.fullmatch(word)
        name, value = (found[1], found[2]) if found else (word, None)
        if _HOOK_VARIABLES.fullmatch(name) and (found or words[0] == "unset" or "-u" in words):
            yield f"{name} decides where git looks for its hooks; leave it as it is"
        elif found and name in _SWITCHES and _SWITCHES[name] in (None, value):
            yield f"{name}={value} switches hooks off; fix what they say instead"
        if not found and names is words:
            return


def _git(words: list[str]) -> Iterator[str]:
    """What is wrong with one git command, given its words after `git`."""
    at = 0
    while at < len(words) and words[at].startswith("-"):
        option = words[at]
        value = words[at + 1] if at + 1 < len(words) else ""
        setting = value if option in ("-c", "--config-env") else option.partition("=")[2]
        if _names_hooks(setting) and (option[:2] == "-c" or option.startswith("--config-env")):
            yield "the hooks of this repository stay on: do not set core.hooksPath or an alias"
        separate = ("-c", "-C", "--git-dir", "--work-tree", "--namespace", "--config-env")
        at += 2 if option in separate else 1
    if at < len(words):
        yield from _subcommand(words[at], words[at + 1 :])


def _names_hooks(setting: str) -> bool:
    key = setting.partition("=")[0].lower()
    return key == "core.hookspath" or key.startswith(("alias.", "include.", "includeif."))


def _subcommand(name: str, words: list[str]) -> Iterator[str]:
    options = words[: words.index("--")] if "--" in words else words
    if any(_abbreviates(word, "--no-verify", "--no-veri") for word in options) or (
        name in ("commit", "am") and any(_short(word, "n", "mFCctuS") for word in options)
    ):
        yield f"git {name} without its hooks is not allowed: drop --no-verify and fix what they say"
    if name == "push":
        yield from _push(options, words)
    reading = {"get", "--get", "--get-all", "list", "-l", "--list"} & set(words)
    if name == "config" and not reading and any(w.lower() == "core.hookspath" for w in words):
        yield "the hooks of this repository stay on: leave core.hooksPath as it is"
    if name in ("update-ref", "symbolic-ref") and any("refs/" in word for word in words):
        yield f"git {name} moves references past the hooks: commit and switch branches instead"


def _push(options: list[str], words: list[str]) -> Iterator[str]:
    forced = (
        any(_abbreviates(word, "--force-with-lease", "--force") for word in options)
        or any(_abbreviates(word, "--mirror", "--mir") for word in options)
        or any(_short(word, "f", "o") for word in options)
        or any(word.startswith("+") for word in words)
    )
    if forced:
        yield "a forced push rewrites what others have: push without force"


def _abbreviates(word: str, option: str, shortest: str) -> bool:
    """Whether git takes the word for the option: any beginning that is not another option's."""
    name = word.partition("=")[0]
    return name.startswith(shortest) and (option.startswith(name) or name.startswith("--force-"))


def _short(word: str, letter: str, takes_value: str) -> bool:
    """Whether a cluster of short options (`-anm`) holds the letter, before one with a value."""
    if not word.startswith("-") or word.startswith("--"):
        return False
    for char in word[1:]:
        if char == letter:
            return True
        if char in takes_value:
            return False
    return False
