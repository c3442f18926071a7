"""Adds our hooks to the file of another hook manager, with its comments kept, and takes them out.

Rules kept here:

* Only on request, and only that tool's own file in the work tree; a person commits it.
* What was there is kept beside our cache: while the file is as we left it, removing restores every
  byte. A file edited since keeps its edits, and loses our marked lines alone.
* A YAML file is read again after the edit and must hold the old value and ours, nothing else.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

from orchestrate.errors import Conflict, FileError, InvalidInput
from orchestrate.hooks.install import common_dir
from orchestrate.hooks.stubs import BEGIN, END, HOOKS, READS_STDIN
from orchestrate.policy.yaml import load_yaml
from orchestrate.policy.yaml_edit import set_values

MANAGERS = ("pre-commit", "prek", "husky", "lefthook")
TOOLS = ("pre-commit", "husky", "lefthook")  # prek reads pre-commit's file
# pre-commit and prek keep what git says on standard input: `post-rewrite` is of no use there.
_LOCAL = (
    ("", "orchestrate check --framework", "pre-commit, pre-merge-commit", False),
    ("-prepare-commit-msg", "orchestrate hook prepare-commit-msg", "prepare-commit-msg", True),
    ("-commit-msg", "orchestrate hook commit-msg", "commit-msg", True),
    ("-pre-push", "orchestrate check --framework", "pre-push", False),
)


def integrate(top: Path, tool: str) -> list[Path]:
    """The files that were changed; those that have our lines already are left as they are.

    Raises:
        InvalidInput: a tool we do not know.
        FileError: its file cannot be edited safely.
    """
    changed = []
    for path, edit in _files(top, tool):
        old = path.read_bytes() if path.exists() else b""
        if _calls_us(old):
            continue
        new = edit(old, path.name)
        _keep(top, path, old, new)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(new)
        changed.append(path)
    return changed


def separate(top: Path, tool: str) -> list[Path]:
    """The files that our lines were taken out of.

    Raises:
        InvalidInput: a tool we do not know.
        Conflict: a file was edited since, and our lines have no marks in it.
    """
    changed = []
    for path, _ in _files(top, tool):
        now = path.read_bytes() if path.exists() else b""
        old = _before(top, path, now)
        if old is None and b"orchestrate hook" in now:
            raise Conflict(
                f"{path} was edited since", hint="remove the entry named `orchestrate` by hand"
            )
        if old is not None:
            _put_back(top, path, old)
            changed.append(path)
    return changed


def integrated(top: Path) -> list[str]:
    """The managers whose file in the worktree at `top` calls us."""
    return [
        tool
        for tool in TOOLS
        if any(path.exists() and _calls_us(path.read_bytes()) for path, _ in _files(top, tool))
    ]


def _calls_us(data: bytes) -> bool:
    return BEGIN.encode() in data or b"orchestrate hook" in data


def separate_all(top: Path) -> list[tuple[Path, bool]]:
    """Each file that `integrate` edited in the worktree at `top`, and whether our lines are out.

    They are not where the file was edited since and our lines have no marks in it.
    """
    found = []
    for path in (path for tool in TOOLS for path, _ in _files(top, tool)):
        if not path.exists() or not _store(top, path).exists():
            continue
        now = path.read_bytes()
        old = _before(top, path, now)
        if old is not None:
            _put_back(top, path, old)
        if old is not None or b"orchestrate hook" in now:
            found.append((path, old is not None))
    return found


def _before(top: Path, path: Path, now: bytes) -> bytes | None:
    """The file without our lines, or None when it has none, or they cannot be told from others."""
    old = _kept(top, path, now)
    return _without_block(now) if old is None and BEGIN.encode() in now else old


def _put_back(top: Path, path: Path, old: bytes) -> None:
    store = _store(top, path)
    if old:
        path.write_bytes(old)
    else:
        path.unlink()
    store.unlink(missing_ok=True)
    for folder in (store.parent, store.parent.parent, path.parent):
        if folder != top and not any(folder.iterdir()):
            folder.rmdir()


Edit = Callable[[bytes, str], bytes]


def _files(top: Path, tool: str) -> list[tuple[Path, Edit]]:
    if tool in ("pre-commit", "prek"):
        return [(top / ".pre-commit-config.yaml", _add_repo)]
    if tool == "husky":
        return [(top / ".husky" / hook, _add_line(hook)) for hook in HOOKS]
    if tool == "lefthook":
        names = ("lefthook.yml", "lefthook.yaml", ".lefthook.yml", ".lefthook.yaml")
        there = [top / name for name in names if (top / name).exists()]
        return [((there or [top / names[0]])[0], _add_commands)]
    raise InvalidInput(f"{tool!r} is no hook manager we know", hint=f"known: {', '.join(MANAGERS)}")


def _add_repo(data: bytes, name: str) -> bytes:
    """A pre-commit configuration with our local hooks as its last repository."""
    old = load_yaml(data, name) or {}
    text = data.decode("utf-8-sig")
    if text and not text.endswith("\n"):
        text += "\n"
    if "repos" not in old:
        new = f"{text}repos:\n{_repo_block('')}"
    else:
        lines = text.splitlines(keepends=True)
        at, indent = _end_of_repos(lines)
        new = "".join([*lines[:at], _repo_block(indent), *lines[at:]])
    found = load_yaml(new.encode(), name)
    repos = found.pop("repos")
    expected = dict(old)
    if repos[:-1] != expected.pop("repos", []) or found != expected:
        raise FileError(name, "cannot be edited without changing more", hint="edit it by hand")
    return new.encode()


def _end_of_repos(lines: list[str]) -> tuple[int, str]:
    """The line before which the list of repositories ends, and how its entries are indented."""
    start = next((i for i, line in enumerate(lines) if line.startswith("repos:")), 0)
    indent, end = "", start + 1
    for i in range(start + 1, len(lines)):
        bare = lines[i].lstrip(" ")
        if bare.startswith("- ") and end == start + 1:
            indent = lines[i][: len(lines[i]) - len(bare)]
        if bare.strip() and not bare.startswith("#"):
            if not lines[i].startswith((" ", "-")):
                break
            end = i + 1
    return end, indent


def _repo_block(indent: str) -> str:
    lines = [BEGIN, "- repo: local", "  hooks:"]
    for of, entry, stages, takes_names in _LOCAL:
        lines += [
            f"  - id: orchestrate{of}",
            f"    name: orchestrate{of}",
            f"    entry: {entry}",
            "    language: system",
            f"    pass_filenames: {str(takes_names).lower()}",
            "    always_run: true",
            f"    stages: [{stages}]",
        ]
    return "".join(f"{indent}{line}\n" for line in [*lines, END])


def _add_line(hook: str) -> Edit:
    """Husky runs its files with `sh -e`: our line ends the script when it refuses."""

    def edit(data: bytes, name: str) -> bytes:
        start = data if not data or data.endswith(b"\n") else data + b"\n"
        return start + f'{BEGIN}\norchestrate hook {hook} "$@" || exit $?\n{END}\n'.encode()

    return edit


def _add_commands(data: bytes, name: str) -> bytes:
    """A lefthook configuration with a command in each of our hooks."""
    edits: list[tuple[tuple[str, ...], str | bool]] = []
    for hook in HOOKS:
        at = (hook, "commands", "orchestrate")
        words = "" if hook.endswith("-commit") else " {0}"  # what git says on the command line
        edits.append(((*at, "run"), f"orchestrate hook {hook}{words}"))
        if hook in READS_STDIN:
            edits.append(((*at, "use_stdin"), True))
    return set_values(data, name, edits)


def _without_block(data: bytes) -> bytes | None:
    lines = data.decode("utf-8", "surrogateescape").splitlines(keepends=True)
    marks = [i for i, line in enumerate(lines) if line.strip() in (BEGIN, END)]
    if len(marks) != 2:
        return None
    kept = lines[: marks[0]] + lines[marks[1] + 1 :]
    return "".join(kept).encode("utf-8", "surrogateescape")


def _store(top: Path, path: Path) -> Path:
    name = str(path.relative_to(top)).replace("/", "%")
    return common_dir(top) / "orchestrate" / "integrated" / name


def _keep(top: Path, path: Path, old: bytes, new: bytes) -> None:
    store = _store(top, path)
    store.parent.mkdir(parents=True, exist_ok=True)
    store.write_bytes(hashlib.sha256(new).digest() + old)


def _kept(top: Path, path: Path, now: bytes) -> bytes | None:
    """The file as it was before, when it is still exactly as we left it."""
    try:
        kept = _store(top, path).read_bytes()
    except FileNotFoundError:
        return None
    return kept[32:] if kept[:32] == hashlib.sha256(now).digest() else None
