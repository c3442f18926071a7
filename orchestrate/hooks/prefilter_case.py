"""Decides that no added path surely equals another one but for case, or leaves it to the engine."""

from __future__ import annotations

from orchestrate.git.changes import parse_tree
from orchestrate.hooks.prefilter import Doubt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrate.git.changes import Raw
    from orchestrate.hooks.prefilter import Contents


def judge_case(
    added: list[bytes], entries: Sequence[Raw], objects: Contents, hash_bytes: int
) -> None:
    """No added path may equal another one but for case, at any level, in HEAD or in the change."""
    wanted: dict[bytes, set[bytes]] = {}  # folder -> the names that the change needs there
    for path in added:
        if not path.isascii():
            raise Doubt("an added path beyond ASCII")
        while path:
            folder, _, name = path.rpartition(b"/")
            names = wanted.setdefault(folder, set())
            if name in names:
                break
            names.add(name)
            path = folder
    for names, answer in zip(
        wanted.values(),
        objects.contents([f"HEAD:{_named(folder)}" for folder in wanted]),
        strict=True,
    ):
        there: dict[bytes, bytes] = {}
        if answer is not None and answer[1] == "tree":
            for name, _, _ in parse_tree(answer[2], hash_bytes):
                if not name.isascii():
                    raise Doubt("a folder with names beyond ASCII")
                there[name.lower()] = name
        folded = {name.lower() for name in names}
        if len(folded) < len(names) or any(there.get(n.lower(), n) != n for n in names):
            raise Doubt("paths that differ in case")


def _named(folder: bytes) -> str:
    if b"\n" in folder:
        raise Doubt("a newline in a path")
    return folder.decode()
