"""Git directories made by hand: a handful of files, no process, objects borrowed from the user's.

What is taken over from the user's repository is what decides how files look on disk (line ends,
filters, ignored files); its refs, remotes, hooks, aliases and monitors stay behind. libgit2 reads
only the repository's own configuration here (see `opening`); git adds the user's by itself.
"""

import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from orchestrate.git.names import check_identity
from orchestrate.git.repository import Repository
from orchestrate.git.types import Oid, path_bytes, path_text

# Settings that change the bytes of a checkout or what counts as a change.
_TAKEN_OVER = re.compile(
    r"core\.(autocrlf|eol|safecrlf|filemode|symlinks|ignorecase|precomposeunicode|protecthfs"
    r"|protectntfs|excludesfile|attributesfile|bigfilethreshold|loosecompression|compression)"
    r"|filter\..*|lfs\..*"
)
_COPIED = ("info/exclude", "info/attributes", "shallow")

Settings = Iterable[tuple[str, str]]


def make_git_dir(
    folder: Path,
    repo: Repository,
    head: Oid,
    *,
    settings: Settings = (),
    identity: tuple[str, str] | None = None,
) -> None:
    """Makes a git directory at `folder`, HEAD detached at the commit `head`; no index yet.

    `settings` are further (key, value) pairs of configuration.
    """
    for name in ("objects/info", "objects/pack", "refs/heads", "refs/tags", "hooks", "info"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name in _COPIED:
        if (repo.common_dir / name).is_file():
            shutil.copyfile(repo.common_dir / name, folder / name)
    stores = b"".join(_alternate_line(path) for path in object_stores(repo.common_dir))
    (folder / "objects/info/alternates").write_bytes(stores)
    (folder / "config").write_bytes(config_bytes(_settings(folder, repo, identity, settings)))
    (folder / "HEAD").write_text(f"{head}\n")


def _settings(
    folder: Path, repo: Repository, identity: tuple[str, str] | None, more: Settings
) -> Iterator[tuple[str, str]]:
    yield "core.repositoryformatversion", "0"
    yield "core.bare", "false"
    yield from ((k, v) for k, v in repo.own_settings() if _TAKEN_OVER.fullmatch(k))
    if (repo.common_dir / "lfs").is_dir():
        yield "lfs.storage", str(repo.common_dir / "lfs")
    if identity:
        name, email = check_identity(*identity)
        yield from (("user.name", name), ("user.email", email))
    # The user's monitor, hooks and housekeeping must not meet an agent's tree or a borrowed store.
    yield "core.hooksPath", str(folder / "hooks")
    yield "core.fsmonitor", "false"
    # What the user may have set to save time would let a file change unseen.
    yield "core.trustctime", "true"
    yield "core.checkStat", "default"
    yield "core.ignoreStat", "false"
    yield "gc.auto", "0"
    yield "maintenance.auto", "false"
    yield from more


def config_bytes(settings: Settings) -> bytes:
    """A configuration file with these settings, each under a header of its own."""
    lines = []
    for key, value in settings:
        section, _, name = key.rpartition(".")
        section, dot, subsection = section.partition(".")
        header = f'{section} "{_escaped(subsection)}"' if dot else section
        lines.append(f'[{header}]\n\t{name} = "{_escaped(value)}"\n')
    return path_bytes("".join(lines))


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def object_stores(common_dir: Path) -> list[Path]:
    """The repository's object folder and all that it borrows from, absolute, nearest first.

    Git follows a borrowed store's own relative paths nowhere, so the whole chain is spelled out.
    """
    found = [(common_dir / "objects").resolve()]
    for store in found:  # grows while it is walked
        found += [path for path in _alternates(store) if path.is_dir() and path not in found]
    return found


def _alternates(store: Path) -> Iterator[Path]:
    try:
        raw = (store / "info" / "alternates").read_bytes()
    except FileNotFoundError:
        return
    for line in path_text(raw).split("\n"):
        if line and not line.startswith("#"):
            yield (store / _unquoted(line)).resolve()


def _alternate_line(path: Path) -> bytes:
    raw = path_bytes(str(path))
    if raw.startswith((b'"', b"#")) or b"\n" in raw:
        raw = b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n") + b'"'
    return raw + b"\n"


def _unquoted(line: str) -> str:
    if not (line.startswith('"') and line.endswith('"')):
        return line
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], line[1:-1])
