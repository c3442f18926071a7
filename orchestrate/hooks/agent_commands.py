"""Which commands an agent must not run, seen in its command line before it runs.

`agent_lines.py` says how far a line is read. Rules:

 * Git's hooks stay on: no option, variable, setting or alias that passes them by.
 * References move by commits, and a push adds to what others have.
 * What judges the agent is not the agent's: it does not approve, start, skip or remove.

Each refusal goes to the model, so each says what to do instead.
"""

from __future__ import annotations

from orchestrate.hooks.agent_lines import Run, Unreadable, decodes_into_a_shell, runs
from orchestrate.hooks.agent_words import INTERPRETERS, SHELLS, base, is_assignment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Variables that would point git elsewhere or switch hooks off.
GIT_VARIABLES = frozenset(
    ["DIR", "WORK_TREE", "COMMON_DIR", "EXEC_PATH", "OBJECT_DIRECTORY", "INDEX_FILE", "NAMESPACE"]
)
SWITCHES = {"HUSKY": "0", "LEFTHOOK": "0", "SKIP": None, "PRE_COMMIT_ALLOW_NO_CONFIG": None}
SETTERS = frozenset(["export", "declare", "typeset", "readonly", "local", "env", "unset"])
HOOKS_STAY = "the hooks of this repository stay on: leave core.hooksPath, includes and aliases"

# Commands of ours that only look; an agent under a runner has no use for others.
READING = frozenset(["status", "log", "check", "verify", "doctor", "agents", "gate", "completion"])
READING_PAIRS = frozenset(
    [
        *(("plan", "show"), ("plan", "list"), ("plan", "templates"), ("task", "show")),
        *(("checkpoint", name) for name in ("list", "show", "diff", "compare")),
    ]
)
# Decisions of a person about the agent's work; `None` is the command as a whole.
OF_A_PERSON: dict[str, frozenset[str] | None] = {
    "start": None,
    "uninstall": None,
    "plan": frozenset(["approve", "reject", "merge", "abort", "restore", "rollback", "resume"]),
    "task": frozenset(["approve", "retry", "return", "skip", "cancel", "rollback"]),
    "finish": frozenset(["--reviewed", "--cancel", "--since"]),
    "init": frozenset(["--remove"]),
}


def refusals(line: str, *, in_attempt: bool = False) -> Iterator[str]:
    """What must not run, one sentence for each reason; nothing when all of it may.

    `in_attempt` says that a runner started the agent.
    """
    try:
        yield from refused(runs(line), in_attempt=in_attempt)
    except Unreadable as error:
        yield f"the command line is {error}, so it cannot be judged: split it"
        return
    if decodes_into_a_shell(line):
        yield "a text that is decoded into a shell cannot be read before it runs: write it plainly"


def refused(found: Iterable[Run], *, in_attempt: bool) -> Iterator[str]:
    """The same for what a line was found to run."""
    for run in found:
        yield from _variables(run.words)
        command = run.command
        name = base(command[0]) if command else ""
        if name == "git":
            yield from _git(command[1:])
        elif name == "orchestrate":
            yield from _ours(command[1:], in_attempt)
        elif name.startswith(INTERPRETERS) and "-m" in command:
            module = command[command.index("-m") + 1 :]
            if module and module[0].partition(".")[0] == "orchestrate":
                yield from _ours(module[1:], in_attempt)


def _variables(words: list[str]) -> Iterator[str]:
    setter = base(words[0]) if base(words[0]) in SETTERS else ""
    cleared = setter == "env" and {"-i", "-", "--ignore-environment"} & set(words)
    if cleared and any(base(w) in SHELLS | {"git"} or " " in w for w in words):
        yield "git's hooks are set by the environment: do not clear it"
    unset = setter == "unset" or (setter == "env" and any(w[:2] == "-u" for w in words))
    for word in words[1:] if setter else words:
        name, equals, value = word.partition("=")
        if not equals and not setter:
            return
        name = name.removeprefix("--unset").removeprefix("-u").strip("=") or value
        if _steers_git(name) and (equals or unset):
            yield f"{name} decides where git looks for its hooks; leave it as it is"
        elif equals and is_assignment(word) and SWITCHES.get(name, "") in (None, value):
            yield f"{name}={value} switches hooks off; fix what they say instead"


def _steers_git(name: str) -> bool:
    if name[:4] != "GIT_":
        return False
    return name[4:10] == "CONFIG" or name[4:] in GIT_VARIABLES


def _git(words: list[str]) -> Iterator[str]:
    """What is wrong with one git command, given its words after `git`."""
    at = 0
    while at < len(words) and words[at].startswith("-"):
        option = words[at]
        value = words[at + 1] if at + 1 < len(words) else ""
        setting = value if option in ("-c", "--config-env") else option.partition("=")[2]
        if _names_hooks(setting) and (option[:2] == "-c" or option.startswith("--config-env")):
            yield HOOKS_STAY
        if option.startswith("--exec-path="):
            yield "--exec-path would run other programs for git's: leave it out"
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
    judge = _JUDGES.get(name)
    if judge is not None:
        yield from judge(options, words)


def _config(options: list[str], words: list[str]) -> Iterator[str]:
    reading = {"get", "--get", "--get-all", "list", "-l", "--list"} & set(words)
    sections = {"remove-section", "--remove-section", "rename-section", "--rename-section"}
    removed = sections & set(words) and {"core", "alias", "include"} & set(words)
    if not reading and (removed or any(map(_names_hooks, words))):
        yield HOOKS_STAY


def _push(options: list[str], words: list[str]) -> Iterator[str]:
    forced = (
        any(_abbreviates(word, "--force-with-lease", "--force") for word in options)
        or any(_abbreviates(word, "--mirror", "--mir") for word in options)
        or any(_short(word, "f", "o") for word in options)
        or any(word.startswith("+") for word in words)
    )
    if forced:
        yield "a forced push rewrites what others have: push without force"
    deletes = (
        any(_abbreviates(word, "--delete", "--de") for word in options)
        or any(_abbreviates(word, "--prune", "--pru") for word in options)
        or any(_short(word, "d", "o") for word in options)
        or any(word.startswith(":") and word != ":" for word in words)
    )
    if deletes:
        yield "a push that deletes takes away what others have: leave it to a person"


def _references(options: list[str], words: list[str]) -> Iterator[str]:
    yield "this moves references past the hooks: commit and switch branches instead"


def _symbolic_ref(options: list[str], words: list[str]) -> Iterator[str]:
    if len([w for w in words if w[:1] != "-"]) > 1 or {"-d", "--delete"} & set(words):
        yield from _references(options, words)


def _pruning(options: list[str], words: list[str]) -> Iterator[str]:
    if {"expire", "delete"} & set(words[:1]) or any(word[:8] == "--prune=" for word in options):
        yield "this throws away what could bring lost work back: leave it to a person"


_JUDGES = {
    "config": _config,
    "push": _push,
    "update-ref": _references,
    "fast-import": _references,
    "symbolic-ref": _symbolic_ref,
    "reflog": _pruning,
    "gc": _pruning,
}


def _ours(words: list[str], in_attempt: bool) -> Iterator[str]:
    """What an agent asks of this program that would let it judge itself."""
    if not words or {"-h", "--help", "--version"} & set(words):
        return
    while words and words[0].startswith("-"):
        words = words[2:] if words[0] == "-C" else words[1:]
    name, then = (words[0] if words else ""), words[1:]
    second = next((word for word in then if word[:1] != "-"), "")
    if in_attempt:
        if name not in READING and (name, second) not in READING_PAIRS and name:
            yield f"orchestrate {name} is the runner's: it judges and lands your work; only read"
        return
    whats = OF_A_PERSON.get(name, frozenset())
    asked = second if whats is not None and second in whats else ""
    asked = asked or next((w for w in then if whats and w.partition("=")[0] in whats), "")
    if whats is None or asked:
        what = f"{name} {asked}".strip()
        yield f"orchestrate {what} is a person's decision: say why it is needed and ask for it"


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
