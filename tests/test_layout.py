"""The layout that docs/architecture.md draws, held against the code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "orchestrate"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROOMS = {path.parent.name for path in PACKAGE.glob("*/__init__.py")} - {"demo"}

# What each room may import; modules at the top (errors, resources, ...) are everybody's.
BELOW = {
    "plans": set[str](),
    "policy": set[str](),
    "git": set[str](),
    "ledger": {"plans", "policy", "git"},
    "agents": {"plans", "policy", "git"},
    "checks": {"policy", "git"},
    "checkpoints": {"checks", "policy", "git"},
    "runner": {"agents", "ledger", "checks", "checkpoints", "plans", "policy", "git"},
    "hooks": ROOMS - {"cli"},
    "cli": ROOMS,
}
# Imports that go another way: (who, what) -> why.
EXCEPTIONS = {
    ("policy", "checks.findings"): "a rule says how severe its findings are",
    ("policy.taken", "checks.catalogue"): "a rule's own check takes no built-in check's id",
    ("ledger.evidence", "checks.secrets.redact"): "no secret enters a record",
    ("checks.secrets.external", "agents.process"): "another scanner runs within limits",
    ("runner.judging", "hooks.compiling"): "a candidate is searched with what hooks search with",
    ("runner.workspace_hooks", "hooks"): "an agent's clone gets the same hooks",
}
IMPURE = {
    *("os", "subprocess", "pygit2", "time", "datetime", "random", "secrets", "uuid", "socket"),
    *("signal", "threading", "shutil", "tempfile", "fcntl"),
}
# Outside of git/: (module: what for).
STARTS_PROCESSES = {
    "agents.process": "agents, gates and scanners, within limits",
    "agents.replay_player": "the agent's side of the fence",
    "cli.demo": "shows git's own view, as a person would type it",
}
RUNS_GIT = {
    "agents.proof_run": "a repository for one trial of a client",
    "cli.demo": "a repository to show",
    "hooks": "they work in every repository format, also those that pygit2 does not open",
}

MODULE = re.compile(rf"(?:`|orchestrate/)((?:{'|'.join(sorted(ROOMS))})/[\w/]+\.py)\b")
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted(ROOT.glob("docs/*.md")),
    *sorted(ROOT.glob("rules/**/*.yaml")),
    *sorted(path for path in PACKAGE.rglob("*.py") if MODULE.search(path.read_text("utf-8"))),
]


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts[0] in ROOMS:
            name = ".".join(part for part in parts if part != "__init__")
            yield name, ast.parse(path.read_bytes())


def imported(tree: ast.Module) -> Iterator[str]:
    """Every module that is imported, also within functions and for types only."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None, "imports name the whole package"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


IMPORTS = {name: set(imported(tree)) for name, tree in modules()}


def below(name: str, what: str) -> bool:
    return name == what or name.startswith(f"{what}.")


def test_every_room_is_in_the_table_of_the_page() -> None:
    told = re.findall(r"^\| `(\w+)/` \|", PAGE, re.MULTILINE)
    assert set(told) == ROOMS == set(BELOW)


def test_a_room_imports_only_the_rooms_below_it() -> None:
    used = set()
    for name, wanted in IMPORTS.items():
        room = name.split(".")[0]
        for full in wanted:
            what = full.removeprefix("orchestrate.")
            other = what.split(".")[0]
            if what == full or other not in ROOMS or other in BELOW[room] | {room}:
                continue
            reasons = [e for e in EXCEPTIONS if below(name, e[0]) and below(what, e[1])]
            # `from orchestrate.checks import findings` names the package, too
            assert reasons or f"{full}." in "\n".join(wanted), f"{name} imports {full}"
            used.update(reasons)
    assert used == set(EXCEPTIONS), "an exception that nothing needs"


@pytest.mark.parametrize("room", ["plans", "policy"])
def test_a_pure_room_knows_no_clock_no_process_and_no_git(room: str) -> None:
    for name, wanted in IMPORTS.items():
        if below(name, room):
            assert not {full.split(".")[0] for full in wanted} & IMPURE, name


def test_one_room_knows_pygit2_and_few_modules_run_git_or_another_program() -> None:
    def outside(what: str) -> set[str]:
        return {name for name, all in IMPORTS.items() if what in all and not below(name, "git")}

    assert outside("pygit2") == set()
    assert outside("subprocess") == set(STARTS_PROCESSES)
    for name in outside("orchestrate.git.process.run_git"):
        assert any(below(name, one) for one in RUNS_GIT), name


def test_one_room_prints_for_people() -> None:
    for name, wanted in IMPORTS.items():
        if not below(name, "cli"):
            assert not {full.split(".")[0] for full in wanted} & {"click", "rich"}, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_module_that_a_page_or_a_comment_names_exists(page: Path) -> None:
    named = MODULE.findall(page.read_text(encoding="utf-8"))
    assert [path for path in named if not (PACKAGE / path).is_file()] == []
