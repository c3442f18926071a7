"""The programs that matter in a command line, and the lines that stand within a command's words."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SHELLS = frozenset(["sh", "bash", "zsh", "dash", "ksh", "fish", "source", "."])
INTERPRETERS = ("python", "perl", "ruby", "node", "deno", "bun", "php", "awk", "gawk", "osascript")
LAUNCHERS = frozenset(
    [
        *("env", "sudo", "doas", "su", "ssh", "xargs", "parallel", "find", "fd", "nohup", "time"),
        *("nice", "ionice", "stdbuf", "timeout", "setsid", "unshare", "nsenter", "chroot"),
        *("proot", "flock", "script", "watch", "command", "exec", "builtin", "busybox", "strace"),
        *("ltrace", "gdb", "entr", "trap", "alias", "coproc", "caffeinate", "uv", "uvx", "pipx"),
        *("poetry", "hatch", "npx"),
    ]
)
# Subcommands of git that run what they are given.
GIT_LAUNCHERS = frozenset(["rebase", "bisect", "submodule", "filter-branch", "difftool"])
WRITERS = frozenset(
    [
        *("rm", "rmdir", "touch", "mkdir", "tee", "truncate", "mv", "cp", "ln", "install", "rsync"),
        *("chmod", "chown", "unlink", "shred", "sed", "perl", "dd"),
    ]
)
STARTED = WRITERS | LAUNCHERS | SHELLS | {"git", "orchestrate", "eval", "export", "unset", "cd"}
SPEAKERS = frozenset(["echo", "printf"])
# Program -> the letters of which one, in its options, makes it decode; "": it does nothing else.
DECODERS = {
    "base64": "dD",
    "base32": "d",
    "basenc": "d",
    "xxd": "r",
    "openssl": "d",
    "uudecode": "",
}
RESERVED = frozenset(["if", "then", "else", "elif", "do", "while", "until", "!", "time", "in"])


def base(word: str) -> str:
    """The name of a program without its folder."""
    return word.rpartition("/")[2]


def is_assignment(word: str) -> bool:
    """Whether a word sets a variable."""
    name, equals, _ = word.partition("=")
    return bool(equals) and name.isidentifier()


def lines_given(name: str, command: list[str], at: int) -> Iterator[str]:
    """The command lines that a shell or eval gets as its arguments."""
    given = command[at + 1 :]
    if name == "eval":
        yield " ".join(given)
    elif name in SHELLS:
        for place, word in enumerate(given):
            before = given[place - 1] if place else ""
            is_code = before[:1] == "-" and before[:2] != "--" and "c" in before
            is_input = before.endswith("<<<") or "<<<" in word
            if is_code:
                yield " ".join([word, *map(_quoted, given[place + 1 :])])
            elif is_input or " " in word or "\n" in word:
                yield word.rpartition("<<<")[2]


def substituted(words: list[str]) -> Iterator[str]:
    """The command lines of `$(...)` and backticks.

    Where one stands in a single word, the word holds all of it; else its words follow.
    """
    for at, word in enumerate(words):
        for mark, close in (("$(", ")"), ("`", "`")):
            _, found, inner = word.partition(mark)
            if not found:
                continue
            if close in inner:
                yield inner.rpartition(close)[0]
            else:
                rest = [inner, *(w.rstrip("`") for w in words[at + 1 :])]
                yield " ".join(_quoted(w) for w in rest)


def _quoted(word: str) -> str:
    return (
        "'" + word.replace("'", "'\\''") + "'" if set(word) & set(" \t\n\"'`;&|()<>$\\") else word
    )


def value_of(word: str) -> str:
    """The text behind `--exec=` or `name=`."""
    name, equals, value = word.partition("=")
    plain = equals and name.lstrip("-").replace("-", "_").isidentifier()
    return value if plain else word
