"""The samples in `tests/samples/<id>/{fail,pass}/` as changes: bytes, modes and links."""

import os
import stat
from pathlib import Path

from tests.checks.making import Files, link, program

SAMPLES = Path(__file__).parent.parent / "samples"


def sample_changes() -> list[tuple[str, dict]]:
    """("<id>/<kind>", files by path) of each folder of samples, sorted."""
    folders = sorted(f for f in SAMPLES.glob("*/*") if f.is_dir() and f.name in ("fail", "pass"))
    return [(f"{f.parent.name}/{f.name}", files_of(f)) for f in folders]


def files_of(folder: Path) -> dict:
    """The files and links below a folder by path, as `making.Files`."""
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


def write(folder: Path, files: Files) -> None:
    """Put files as `files_of` gives them below a folder."""
    for path, node in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        mode, data = node if isinstance(node, tuple) else (0o100644, node)
        if stat.S_ISLNK(mode):
            os.symlink(data, os.fsencode(target))
        else:
            target.write_bytes(data)
            target.chmod(mode & 0o777)
