"""The samples in `tests/samples/<id>/{fail,pass}/` as changes: bytes, modes and links.

A folder that no file system holds everywhere, such as one with two names that differ in case, is
written down in a `.tree.json` instead: path -> text. Samples are staged without being checked out.
"""

import json
import stat
import subprocess
from pathlib import Path

from orchestrate.git.types import FILE, path_bytes
from tests.checks.making import Files, link, program

SAMPLES = Path(__file__).parent.parent / "samples"
LISTED = ".tree.json"


def sample_changes() -> list[tuple[str, dict]]:
    """("<id>/<kind>", files by path) of each folder of samples, sorted."""
    folders = sorted(f for f in SAMPLES.glob("*/*") if f.is_dir() and f.name in ("fail", "pass"))
    return [(f"{f.parent.name}/{f.name}", files_of(f)) for f in folders]


def files_of(folder: Path) -> dict:
    """The files and links below a folder by path, as `making.Files`."""
    if (folder / LISTED).exists():
        listed = json.loads((folder / LISTED).read_text())
        return {path: text.encode() for path, text in listed.items()}
    return {
        str(path.relative_to(folder)): _node(path)
        for path in sorted(folder.rglob("*"))
        if (path.is_symlink() or path.is_file()) and "__pycache__" not in path.parts
    }


def _node(path: Path) -> bytes | tuple[int, bytes]:
    if path.is_symlink():
        return link(str(path.readlink()))
    data = path.read_bytes()
    return program(data) if path.stat().st_mode & stat.S_IXUSR else data


def stage(repo: Path, files: Files) -> None:
    """Add files as `files_of` gives them to the index, and nothing to the work tree."""
    lines = []
    for path, node in files.items():
        mode, data = node if isinstance(node, tuple) else (FILE, node)
        oid = _git(repo, data, "hash-object", "-w", "--stdin", "--no-filters").strip()
        lines.append(b"%o %s\t%s\0" % (mode, oid, path_bytes(path)))
    _git(repo, b"".join(lines), "update-index", "-z", "--index-info")


def _git(repo: Path, said: bytes, *args: str) -> bytes:
    return subprocess.run(
        ["git", *args], cwd=repo, input=said, capture_output=True, check=True
    ).stdout
