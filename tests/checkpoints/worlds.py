"""Random working trees, random edits, and an independent way to say what a working tree is."""

import os
import random
import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import NamedTuple

from orchestrate.checkpoints.capture import Recorder
from orchestrate.git.repository import Repository

NAMES = [
    b"a.txt", b"b.txt", b"run.sh", b"crlf.txt", b"mixed.txt", b"win.bat", b"ident.c", b"up.flt",
    b"new\nline", b"\xff\xfe.bin", b"sp ace", b"-dash", b"\xc3\xa9t\xc3\xa9",
    b"notes.ign", b"keep.ign", b".hidden", b"quo\"te", b"back\\slash", b"tab\t.txt",
]  # fmt: skip
FOLDERS = [b"", b"", b"src/", b"src/deep/er/", b"ig/", b"d\xffr/", b"a.txt.d/"]
CONTENTS = [
    b"", b"one\n", b"two\n", b"a\r\nb\r\n", b"a\r\nb\nc\r\n", b"no end", b"\x00\x01binary\r\n",
    b"$Id$\n", b"$Id: something $\n", b"LOUD\n", b"x" * 3000, b"one\ntwo\nthree\n",
]  # fmt: skip
ATTRIBUTES = [
    b"* text=auto\n*.bat eol=crlf\n*.c ident\n*.flt filter=up\n",
    b"*.txt text eol=crlf\n*.flt filter=up\n",
    b"*.txt text eol=lf\n*.c ident\n",
    b"*.txt -text\n",
]
IGNORES = [b"*.ign\n", b"*.ign\nig/\n", b"ig/*\n!ig/a.txt\n", b""]


def git(folder: Path, *args: str, check: bool = True, **env: str) -> bytes:
    """The real git's output."""
    done = subprocess.run(
        ["git", *args], cwd=folder, capture_output=True, check=False, env=os.environ | env
    )
    assert not check or done.returncode == 0, (args, done.stderr)
    return done.stdout


class World(NamedTuple):
    """All that a full rollback gives back, read without any of our code.

    `files` maps paths to (kind, content); `index` is `ls-files` with its stages and flags.
    """

    files: dict[bytes, tuple[str, bytes]]
    index: bytes
    status: bytes
    progress: dict[str, bytes]
    head: bytes

    def at_another_head(self) -> "World":
        """Without what depends on HEAD, which a rollback leaves where it is."""
        return self._replace(status=b"", head=b"")


def see(folder: Path) -> World:
    """The working tree at `folder` as it is. Status is asked without writing the index."""
    return World(
        files=files_of(folder),
        index=git(folder, "ls-files", "-z", "--stage", "-t", "-v") + intents(folder),
        status=git(
            folder, "status", "--porcelain", "-z", "-uall", "--no-renames", GIT_OPTIONAL_LOCKS="0"
        ),
        progress=_progress(folder),
        head=git(folder, "rev-parse", "-q", "--verify", "HEAD", check=False),
    )


def intents(folder: Path) -> bytes:
    """The paths that are in the index by intent only."""
    shown = git(folder, "ls-files", "--debug", "-z")
    rows = re.findall(rb"([^\0]*)\0  ctime.*?flags: ([0-9a-f]+)\n", shown, re.DOTALL)
    return b"\0".join(path for path, flags in rows if int(flags, 16) & 0x20000000)


def files_of(folder: Path, *, ignored: bool = False) -> dict[bytes, tuple[str, bytes]]:
    """Every file that git does not ignore (or every ignored one): path -> (kind, content)."""
    kinds = ["--ignored"] if ignored else ["--cached"]
    listed = git(folder, "ls-files", "-z", "--others", "--exclude-standard", *kinds).split(b"\0")
    found: dict[bytes, tuple[str, bytes]] = {}
    root = os.fsencode(folder)
    for path in listed:
        full = os.path.join(root, path)
        parents = path.rstrip(b"/").split(b"/")[:-1]
        below_link = any(
            os.path.islink(os.path.join(root, *parents[: n + 1])) for n in range(len(parents))
        )
        if path and not path.endswith(b"/") and os.path.lexists(full) and not below_link:
            kind = _kind(full)
            if kind is not None:
                found[path] = kind
    return found


def look(folder: Path, path: bytes) -> tuple[str, bytes] | None:
    """What stands at the path, ignored or not."""
    full = os.path.join(os.fsencode(folder), path)
    return _kind(full) if os.path.lexists(full) else None


def _kind(full: bytes) -> tuple[str, bytes] | None:
    mode = os.lstat(full).st_mode
    if stat.S_ISLNK(mode):
        return "link", os.readlink(full)
    if stat.S_ISDIR(mode):
        return "folder", b""
    with open(full, "rb") as file:
        return ("program" if mode & 0o100 else "file"), file.read()


def _progress(folder: Path) -> dict[str, bytes]:
    names = ("MERGE_HEAD", "MERGE_MSG", "CHERRY_PICK_HEAD", "REVERT_HEAD", "MERGE_MODE")
    return {
        name: (folder / ".git" / name).read_bytes()
        for name in names
        if (folder / ".git" / name).exists()
    }


class Maker:
    """Makes and changes working trees from one seed."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.root = os.fsencode(folder)
        self.random = random.Random(seed)

    def start(self) -> None:
        """A repository with or without commits, attributes, ignores, and some dirt on top."""
        self.folder.mkdir()
        git(self.folder, "init", "-q", "-b", "main")
        with (self.folder / ".git" / "config").open("a") as config:
            config.write('[filter "up"]\n\tclean = tr a-z A-Z\n\tsmudge = tr A-Z a-z\n')
            if self.random.random() < 0.25:
                config.write(f"[core]\n\tautocrlf = {self.random.choice(['true', 'input'])}\n")
        if self.random.random() < 0.5:
            self.put(b".gitattributes", self.random.choice(ATTRIBUTES))
        if self.random.random() < 0.6:
            self.put(b".gitignore", self.random.choice(IGNORES))
        self.edit(self.random.randint(2, 12))
        if self.random.random() < 0.85:
            git(self.folder, "add", "-A")
            git(self.folder, "commit", "-q", "--allow-empty", "-m", "first")
            if self.random.random() < 0.3:  # files as checkout writes them: smudged
                git(self.folder, "rm", "-rqf", "--cached", ".", check=False)
                git(self.folder, "reset", "-q", "--hard")
        self.dirty()

    def dirty(self) -> None:
        """Some edits, some of them staged, and now and then a flag or a merge in progress."""
        self.edit(self.random.randint(0, 6))
        if self.random.random() < 0.5:
            self.stage()
            self.edit(self.random.randint(0, 4))
        if self.random.random() < 0.15:
            self.merge()
        if self.random.random() < 0.2:
            self.flag()

    def stage(self) -> None:
        """Some of what git would list is staged, or by intent, or taken out of the index."""
        listed = [
            p
            for p in git(self.folder, "ls-files", "-z", "-co", "--exclude-standard").split(b"\0")
            if p
        ]
        for path in listed:
            choice = self.random.random()
            word = os.fsdecode(path)
            if choice < 0.4:
                git(self.folder, "add", "-A", "--", f":(literal){word}", check=False)
            elif choice < 0.5:
                git(self.folder, "add", "-N", "--", f":(literal){word}", check=False)
            elif choice < 0.55:
                git(
                    self.folder,
                    "rm",
                    "-q",
                    "-f",
                    "--cached",
                    "--",
                    f":(literal){word}",
                    check=False,
                )
        if self.random.random() < 0.2:
            git(self.folder, "add", "-f", "-A", check=False)

    def flag(self) -> None:
        """An entry that git is told to look away from."""
        listed = [p for p in git(self.folder, "ls-files", "-z").split(b"\0") if p]
        if listed:
            word = os.fsdecode(self.random.choice(listed))
            flag = self.random.choice(["--assume-unchanged", "--skip-worktree"])
            git(self.folder, "update-index", flag, "--", word, check=False)

    def merge(self) -> None:
        """A merge that stops with a conflict, if the tree allows one."""
        if git(self.folder, "rev-parse", "-q", "--verify", "HEAD", check=False) == b"":
            return
        git(self.folder, "add", "-A")
        git(self.folder, "commit", "-q", "--allow-empty", "-m", "ours")
        git(self.folder, "checkout", "-q", "-b", "side", check=False)
        for branch in ("side", "main"):
            git(self.folder, "checkout", "-q", branch, check=False)
            self.put(b"clash.txt", branch.encode() + b"\n")
            git(self.folder, "add", "-A")
            git(self.folder, "commit", "-q", "-m", branch, check=False)
        git(self.folder, "merge", "-q", "side", check=False)

    def edit(self, count: int) -> None:
        """Random changes to random files."""
        for _ in range(count):
            path = self.random.choice(FOLDERS) + self.random.choice(NAMES)
            choice = self.random.random()
            if choice < 0.55:
                self.put(path, self.random.choice(CONTENTS))
            elif choice < 0.7:
                self.remove(path)
            elif choice < 0.78:
                self.link(path)
            elif choice < 0.86:
                self.chmod(path)
            elif choice < 0.90:
                self.folder_to_file(path)
            elif choice < 0.93:
                self.put(b".gitignore", self.random.choice(IGNORES))
            elif choice < 0.96:
                self.put(b".gitattributes", self.random.choice(ATTRIBUTES))
            else:
                self.same_size(path)

    def put(self, path: bytes, data: bytes) -> None:
        full = self._clear(path)
        if full is not None:
            with open(full, "wb") as file:
                file.write(data)

    def same_size(self, path: bytes) -> None:
        """Another content of the same size, in place and at once: what stat data cannot see."""
        full = self.root + b"/" + path
        if os.path.isfile(full) and not os.path.islink(full) and self._clear(path):
            with open(full, "rb") as file:
                data = file.read()
            self.put(path, bytes(byte ^ 1 for byte in data))

    def link(self, path: bytes) -> None:
        full = self._clear(path)
        if full is not None:
            if os.path.lexists(full):
                os.unlink(full)
            os.symlink(self.random.choice([b"a.txt", b"src", b"nowhere", b"../outside"]), full)

    def chmod(self, path: bytes) -> None:
        full = self.root + b"/" + path
        if os.path.isfile(full) and not os.path.islink(full):
            os.chmod(full, self.random.choice([0o755, 0o644, 0o600]))

    def remove(self, path: bytes) -> None:
        full = self.root + b"/" + path
        if os.path.lexists(full) and not os.path.isdir(full):
            os.unlink(full)

    def folder_to_file(self, path: bytes) -> None:
        top = self.root + b"/" + path.split(b"/")[0]
        if os.path.isdir(top) and not os.path.islink(top):
            shutil.rmtree(top)
            with open(top, "wb") as file:
                file.write(b"was a folder\n")

    def _clear(self, path: bytes) -> bytes | None:
        """The full path, with real folders above it and no folder in its place."""
        at = self.root
        for part in path.split(b"/")[:-1]:
            at += b"/" + part
            if os.path.lexists(at) and (os.path.islink(at) or not os.path.isdir(at)):
                os.unlink(at)
            os.makedirs(at, exist_ok=True)
        full = self.root + b"/" + path
        if os.path.islink(full):
            os.unlink(full)
        return None if os.path.isdir(full) else full


def recorder(folder: Path) -> Recorder:
    """A new recorder, as each command line makes one."""
    return Recorder(Repository.open(folder))
