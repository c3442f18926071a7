"""The hooks as git starts them: what they let pass and refuse, in every kind of commit."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrate.checks.secrets import samples
from orchestrate.hooks import cache_file, start
from orchestrate.hooks.install import install
from orchestrate.hooks.places import TASK_FILE
from tests.hooks.making import git

BAD = b"<<<<<<< HEAD\n"
Commit = Callable[..., tuple[int, str]]


def task(folder: Path, **fields: object) -> None:
    """Put the worktree on a task, as `orchestrate start` does."""
    document = {"schema_version": 1, "plan": "p-abc", "task": "t1", "scope": ["src/"], **fields}
    git_dir = git(folder, "rev-parse", "--absolute-git-dir").stdout.decode().strip()
    Path(git_dir, TASK_FILE).write_text(json.dumps(document))


def test_an_ordinary_commit_passes_quietly(commit: Commit) -> None:
    assert commit({"b.py": b"x = 1\n"}) == (0, "")
    assert commit({"b.py": b"x = 2\n"}) == (0, "")


def test_a_finding_refuses_and_says_what_to_do(commit: Commit, guarded: Path) -> None:
    code, said = commit({"b.py": BAD})
    assert code == 1
    assert "b.py:1:1: block merge-conflict" in said
    assert "resolve it" in said
    assert git(guarded, "log", "--oneline").stdout.count(b"\n") == 1


def test_what_was_there_before_is_not_told_again(commit: Commit) -> None:
    assert commit({"b.py": BAD}, "feat: x", "--no-verify")[0] == 0
    assert commit({"b.py": BAD + b"x = 1\n"})[0] == 0


def test_commit_a_is_judged_by_its_own_index(commit: Commit, guarded: Path) -> None:
    (guarded / "a.txt").write_bytes(BAD)
    done = git(guarded, "commit", "-q", "-a", "-m", "feat: all", check=False)
    assert done.returncode == 1


def test_commit_of_a_path_is_judged_by_its_own_index(commit: Commit, guarded: Path) -> None:
    (guarded / "a.txt").write_bytes(BAD)
    (guarded / "src" / "app.py").write_bytes(b"x = 1\n")
    assert git(guarded, "commit", "-q", "-m", "feat: p", "--", "src/app.py").returncode == 0
    done = git(guarded, "commit", "-q", "-m", "feat: p", "--", "a.txt", check=False)
    assert done.returncode == 1


def test_amending_is_judged(commit: Commit, guarded: Path) -> None:
    assert commit({"b.py": b"x = 1\n"})[0] == 0
    assert commit({"b.py": BAD}, "feat: y", "--amend")[0] == 1


def test_the_first_commit_is_judged_by_the_defaults(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    install(tmp_path)
    (tmp_path / "a").write_bytes(BAD)
    git(tmp_path, "add", "-A")
    assert git(tmp_path, "commit", "-q", "-m", "feat: x", check=False).returncode == 1
    (tmp_path / "a").write_bytes(b"fine\n")
    git(tmp_path, "add", "-A")
    assert git(tmp_path, "commit", "-q", "-m", "feat: x").returncode == 0


def test_a_merge_is_not_blamed_for_what_the_other_side_had(commit: Commit, guarded: Path) -> None:
    git(guarded, "checkout", "-q", "-b", "side")
    assert commit({"side.py": BAD}, "feat: side", "--no-verify")[0] == 0
    git(guarded, "checkout", "-q", "main")
    assert commit({"main.py": b"x = 1\n"})[0] == 0
    assert git(guarded, "merge", "-q", "--no-edit", "side").returncode == 0


def test_a_conflict_left_in_a_merge_is_found(commit: Commit, guarded: Path) -> None:
    git(guarded, "checkout", "-q", "-b", "side")
    commit({"a.txt": b"side\n"})
    git(guarded, "checkout", "-q", "main")
    commit({"a.txt": b"main\n"})
    assert git(guarded, "merge", "-q", "side", check=False).returncode == 1
    git(guarded, "add", "-A")
    assert git(guarded, "commit", "-q", "--no-edit", check=False).returncode == 1
    (guarded / "a.txt").write_text("both\n")
    git(guarded, "add", "-A")
    assert git(guarded, "commit", "-q", "--no-edit").returncode == 0


def test_rebase_and_cherry_pick_go_through(commit: Commit, guarded: Path) -> None:
    git(guarded, "checkout", "-q", "-b", "side")
    commit({"s.py": b"s = 1\n"})
    git(guarded, "checkout", "-q", "main")
    commit({"m.py": b"m = 1\n"})
    assert git(guarded, "cherry-pick", "side").returncode == 0
    git(guarded, "checkout", "-q", "side")
    assert git(guarded, "rebase", "-q", "main").returncode == 0


def test_a_linked_worktree_is_guarded_and_has_its_own_task(commit: Commit, guarded: Path) -> None:
    other = guarded.parent / "other"
    git(guarded, "worktree", "add", "-q", str(other))
    task(other)
    assert commit({"b.py": b"x = 1\n"}, cwd=other)[0] == 1
    assert commit({"b.py": b"x = 1\n"})[0] == 0
    git(other, "reset", "-q", "--hard")
    assert commit({"src/b.py": b"x = 1\n"}, cwd=other)[0] == 0


def test_a_submodule_is_guarded_by_its_own_hooks(commit: Commit, guarded: Path, repo: Path) -> None:
    inner = guarded.parent / "inner"
    git(guarded.parent, "clone", "-q", str(repo), str(inner))
    git(
        guarded,
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        str(inner),
        "sub",
    )
    install(guarded / "sub")
    assert commit({"b.py": BAD}, cwd=guarded / "sub")[0] == 1
    _, said = commit({}, "feat: sub")
    assert "submodule-changed" in said


@pytest.mark.parametrize(
    "options", [["--object-format=sha256"], ["--ref-format=reftable"]], ids=lambda o: o[0]
)
def test_repositories_that_libgit2_cannot_open(options: list[str], tmp_path: Path) -> None:
    if git(tmp_path, "init", "-q", *options, ".", check=False).returncode:
        # This git is older than the format: there is no such repository to guard here.
        assert options == ["--ref-format=reftable"]
        return
    install(tmp_path)
    for content, code in ((b"x\n", 0), (b"y\n", 0), (BAD, 1)):
        (tmp_path / "a").write_bytes(content)
        git(tmp_path, "add", "-A")
        assert git(tmp_path, "commit", "-q", "-m", "feat: x", check=False).returncode == code
    git(tmp_path, "reset", "-q")
    assert git(tmp_path, "commit", "-q", "--amend", "-m", "feat: y").stderr == b""


@pytest.mark.parametrize("setting", ["split", "sparse", "untracked", "assume-unchanged"])
def test_unusual_indexes(setting: str, commit: Commit, guarded: Path) -> None:
    if setting == "split":
        git(guarded, "update-index", "--split-index")
    elif setting == "untracked":
        git(guarded, "update-index", "--untracked-cache")
    elif setting == "sparse":
        git(guarded, "sparse-checkout", "set", "--cone", "--sparse-index", "src")
    assert commit({"src/b.py": b"x = 1\n"})[0] == 0
    assert commit({"src/b.py": BAD})[0] == 1
    if setting == "assume-unchanged":
        # What is staged counts, whatever git is told to assume of the work tree.
        git(guarded, "update-index", "--assume-unchanged", "src/b.py")
        assert git(guarded, "commit", "-q", "-m", "feat: x", check=False).returncode == 1


def test_intent_to_add_brings_nothing_and_hides_nothing(guarded: Path) -> None:
    (guarded / "later.py").write_bytes(BAD)
    (guarded / "now.py").write_bytes(b"x = 1\n")
    git(guarded, "add", "-N", "later.py")
    git(guarded, "add", "now.py")
    assert git(guarded, "commit", "-q", "-m", "feat: now").returncode == 0
    assert git(guarded, "commit", "-q", "-a", "-m", "feat: all", check=False).returncode == 1


@pytest.mark.parametrize("attribute", ["-diff", "binary", "diff=hide", "export-ignore", "-text"])
def test_attributes_hide_nothing(attribute: str, commit: Commit, guarded: Path) -> None:
    git(guarded, "config", "diff.hide.textconv", "true")
    git(guarded, "config", "diff.hide.command", "true")
    (guarded / ".git" / "info").mkdir(exist_ok=True)
    (guarded / ".git" / "info" / "attributes").write_text(f"* {attribute}\n")
    assert commit({"b.py": BAD})[0] == 1


def test_settings_of_the_user_hide_nothing(commit: Commit, guarded: Path) -> None:
    for key, value in (
        ("diff.ignoreSubmodules", "all"),
        ("diff.renames", "copies"),
        ("diff.external", "true"),
        ("diff.noprefix", "true"),
        ("core.quotePath", "false"),
        ("diff.relative", "true"),
        ("core.abbrev", "4"),
    ):
        git(guarded, "config", key, value)
    assert commit({"src/b.py": BAD})[0] == 1


def test_an_empty_path_still_finds_everything(guarded: Path) -> None:
    (guarded / "a.txt").write_bytes(BAD)
    git(guarded, "add", "-A")
    bare = {k: v for k, v in os.environ.items() if k.startswith(("GIT_", "HOME", "XDG_", "LC"))}
    where = git(guarded, "--exec-path").stdout.decode().strip()
    command = [f"{where}/git" if os.path.exists(f"{where}/git") else "/usr/bin/git"]
    done = subprocess.run(
        [*command, "commit", "-q", "-m", "feat: x"],
        cwd=guarded, env={**bare, "PATH": ""}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert b"merge-conflict" in done.stderr


def test_without_an_interpreter_the_hook_refuses_and_says_how_to_repair(guarded: Path) -> None:
    git(guarded, "config", "orchestrate.python", "/nowhere/python")
    (guarded / "a.txt").write_bytes(b"fine\n")
    git(guarded, "add", "-A")
    done = subprocess.run(
        ["git", "commit", "-q", "-m", "feat: x"],
        cwd=guarded, env={**os.environ, "PATH": "/usr/bin:/bin"}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert b"orchestrate doctor --repair" in done.stderr


def test_a_policy_that_does_not_parse_refuses_with_the_way_out(
    commit: Commit, guarded: Path
) -> None:
    broken = {".orchestrate/config.yaml": b"require_task: [\n"}
    assert commit(broken, "chore: break", "--no-verify")[0] == 0
    code, said = commit({"b.py": b"x = 1\n"})
    assert code == 1
    assert ".orchestrate/config.yaml" in said
    assert "--no-verify" in said
    assert commit({".orchestrate/config.yaml": b"\n"}, "chore: mend", "--no-verify")[0] == 0
    assert commit({"b.py": b"x = 2\n"})[0] == 0


def test_a_policy_that_would_not_parse_is_not_committed(commit: Commit, guarded: Path) -> None:
    for text in (b"require_task: [\n", b"unknown: 1\n"):
        for _ in range(2):  # the second time with everything compiled
            code, said = commit({".orchestrate/config.yaml": text}, "chore: policy")
            assert (code, "block broken-policy" in said) == (1, True), said
            assert ".orchestrate/config.yaml:" in said
    assert commit({".orchestrate/config.yaml": b"require_task: off\n"}, "chore: policy")[0] == 0


def test_a_merge_is_judged_by_the_policy_that_both_sides_make(
    commit: Commit, guarded: Path
) -> None:
    rule = (
        b'---\nid: %s\nversion: "1.0.0"\nchecks: [{id: %s, pattern: xyz, message: no}]\n---\nNo.\n'
    )
    commit({".orchestrate/rules/a.md": rule % (b"a", b"one")}, "chore: a rule")
    git(guarded, "checkout", "-q", "-b", "side")
    commit({".orchestrate/rules/a.md": rule % (b"a", b"two")}, "chore: rename the check")
    git(guarded, "checkout", "-q", "main")
    commit({".orchestrate/rules/b.md": rule % (b"b", b"two")}, "chore: another rule")
    done = git(guarded, "merge", "-q", "--no-edit", "side", check=False)
    assert (done.returncode != 0, b"already defined" in done.stderr) == (True, True)
    # The other side renamed the check once more: what the merge brings fits now.
    git(guarded, "merge", "--abort")
    git(guarded, "checkout", "-q", "side")
    commit({".orchestrate/rules/a.md": rule % (b"a", b"three")}, "chore: rename it again")
    git(guarded, "checkout", "-q", "main")
    assert git(guarded, "merge", "-q", "--no-edit", "side").returncode == 0


def test_the_policy_of_head_judges_and_not_the_changes_own(commit: Commit) -> None:
    lenient = b"rules: {off: [merge-conflict]}\n"
    assert commit({".orchestrate/config.yaml": lenient, "b.py": BAD})[0] == 1
    assert commit({"b.py": b"x = 1\n"})[0] == 0
    assert commit({"c.py": BAD})[0] == 0


def test_a_task_holds_the_commit_to_its_scope(commit: Commit, guarded: Path) -> None:
    task(guarded)
    for _ in range(2):  # the second time through the fast path
        assert commit({"src/ok.py": os.urandom(3).hex().encode() + b" = 1\n"})[0] == 0
    code, said = commit({"b.py": b"x = 1\n"})
    assert (code, "outside-allowed" in said) == (1, True)


def test_no_variable_changes_the_task(
    commit: Commit, guarded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task(guarded)
    for name in ("ORCHESTRATE_TASK", "ORCHESTRATE_TASK_FILE", "ORCHESTRATE_SCOPE"):
        monkeypatch.setenv(name, "/dev/null")
    assert commit({"b.py": b"x = 1\n"})[0] == 1


def test_a_task_file_that_is_broken_refuses(commit: Commit, guarded: Path) -> None:
    (guarded / ".git" / TASK_FILE).write_text("{")
    code, said = commit({"src/b.py": b"x = 1\n"})
    assert code == 1
    assert "orchestrate start" in said


def test_a_task_signs_its_commits(commit: Commit, guarded: Path) -> None:
    task(guarded)
    assert commit({"src/b.py": b"x = 1\n"})[0] == 0
    message = git(guarded, "log", "-1", "--format=%B").stdout.decode()
    assert message.strip().endswith("Orchestrate-Plan: p-abc\nOrchestrate-Task: t1")


@pytest.mark.parametrize("required", ["protected", "always"])
def test_require_task(required: str, commit: Commit) -> None:
    assert commit({".orchestrate/config.yaml": f"require_task: {required}\n".encode()})[0] == 0
    assert commit({"b.py": b"x = 1\n"})[0] == (1 if required == "always" else 0)
    assert commit({".github/x.yml": b"a: 1\n"})[0] == 1


def test_a_message_is_judged(commit: Commit) -> None:
    config = b"commit_message: {severity: block}\n"
    assert commit({".orchestrate/config.yaml": config})[0] == 0
    code, said = commit({"b.py": b"x = 1\n"}, "added things")
    assert (code, "unconventional-subject" in said) == (1, True)
    assert commit({"b.py": b"x = 1\n"}, "feat(x): add things")[0] == 0


def test_a_secret_in_a_message_is_found(commit: Commit) -> None:
    key = samples.expand("{{github:ghp}}")
    code, said = commit({"b.py": b"x = 1\n"}, f"feat: use {key}")
    assert (code, key in said) == (1, False)


HOSTILE = [
    b"new\nline", b"tab\t", b'quo"te', b"back\\slash", b"-rf", b"\xff\xfe", b"sp ace", b"'single'",
    b"*glob?", b":(icase)x", b"$(touch hacked)", b"`id`", b"\xe2\x80\xae", b"%s%n", b"#hash",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_content_under_any_name_is_judged(name: bytes, guarded: Path) -> None:
    path = os.path.join(os.fsencode(guarded), name)
    with open(path, "wb") as file:
        file.write(BAD)
    git(guarded, "add", "-A")
    done = git(guarded, "commit", "-q", "-m", "feat: x", check=False)
    assert done.returncode == 1
    assert b"merge-conflict" in done.stderr
    assert not (guarded / "hacked").exists()


def test_fifty_thousand_files_and_a_line_of_many_megabytes(guarded: Path) -> None:
    # Through plumbing: a checkout of that size would cost the test more than the hook.
    blob = git(guarded, "hash-object", "-w", "--stdin", input=b"x = 1\n").stdout.decode().strip()
    long = git(guarded, "hash-object", "-w", "--stdin", input=b"x" * 70_000_000).stdout.decode()
    lines = [f"100644 {blob}\td{i % 500}/f{i}.py" for i in range(50_000)]
    git(guarded, "update-index", "--index-info", input="\n".join(lines).encode() + b"\n")
    assert git(guarded, "commit", "-q", "-m", "feat: many").returncode == 0
    info = f"100644 {long.strip()}\tlong.txt\n".encode()
    git(guarded, "update-index", "--index-info", input=info)
    done = git(guarded, "commit", "-q", "-m", "feat: long", check=False)
    assert done.returncode == 1
    assert b"too-large-to-scan" in done.stderr


def test_ten_worktrees_commit_at_once_with_cold_caches(
    guarded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Neither the policy's table nor the search behind it, which takes seconds, is compiled.
    cold, tables = guarded.parent / "cold", guarded / ".git" / "orchestrate"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cold))
    trees = [guarded.parent / f"w{i}" for i in range(10)]
    for i, tree in enumerate(trees):
        git(guarded, "worktree", "add", "-q", str(tree), "-b", f"b{i}")
        (tree / f"x{i}.py").write_bytes(BAD if i % 2 else b"x = 1\n")
        git(tree, "add", "-A")
    assert not tables.exists()
    assert commit_at_once(trees) == [i % 2 for i in range(10)]
    (cache,) = tables.iterdir()
    assert {file.suffix for file in cache.iterdir()} == {".table", ".policy", ""}
    assert (cache / start.SHIPPED).is_file()
    made = [file for file in cold.rglob("*") if file.is_file() and file.suffix != ".lock"]
    # Each once, and whole.
    assert sorted(file.parent.name for file in made) == ["patterns", "secrets", "table"]
    # And once more, without the one cache, then without the other.
    for gone in (tables, cold):
        shutil.rmtree(gone)
        for i, tree in enumerate(trees):
            (tree / "y.py").write_bytes(b"y = 1\n" if i % 2 else BAD)
            git(tree, "rm", "-q", "-f", "--ignore-unmatch", f"x{i}.py")
            git(tree, "add", "-A")
        assert commit_at_once(trees) == [1 - i % 2 for i in range(10)]
        for tree in trees:
            git(tree, "reset", "-q", "--hard", "main")


def commit_at_once(trees: list[Path]) -> list[int]:
    """The exit codes of commits in all worktrees, started together; who refuses says why."""
    running = [
        subprocess.Popen(["git", "commit", "-q", "-m", "feat: x"], cwd=t, stderr=subprocess.PIPE)
        for t in trees
    ]
    said = [one.communicate()[1].decode() for one in running]
    codes = [one.returncode for one in running]
    assert ["merge-conflict" in text for text in said] == [code == 1 for code in codes], said
    assert [bool(text) for text in said] == [bool(code) for code in codes], said
    return codes


@pytest.mark.parametrize("part", ["*.table", start.SHIPPED])
def test_a_cache_that_is_damaged_or_foreign_is_made_anew(
    commit: Commit, guarded: Path, part: str
) -> None:
    assert commit({"b.py": b"x = 1\n"})[0] == 0
    (cache,) = (guarded / ".git" / "orchestrate").iterdir()
    (table,) = cache.glob(part)
    whole = table.read_bytes()
    for damage in (b"", whole[: len(whole) // 2], whole[:-100] + os.urandom(100), b"{}" * 100):
        table.write_bytes(damage)
        assert commit({"b.py": os.urandom(4).hex().encode() + b" = 1\n"})[0] == 0
        table.write_bytes(damage)
        assert commit({"b.py": BAD})[0] == 1
        git(guarded, "reset", "-q", "--hard")
    table.write_bytes(whole)
    table.chmod(0o666)
    assert commit({"b.py": BAD})[0] == 1


@pytest.mark.parametrize("maker", [{"made_by": "/elsewhere"}, {}, {"made_of": "older"}])
@pytest.mark.parametrize("part", ["*.table", start.SHIPPED])
def test_a_table_that_another_installation_or_release_made_is_not_trusted(
    commit: Commit, guarded: Path, part: str, maker: dict[str, str]
) -> None:
    commit({"a.py": b"x = 1\n"})
    cache = Path(cache_file.folder_of(str(guarded / ".git")))
    (table,) = cache.glob(part)
    value = cache_file.read(str(table)).whole()
    if "made_of" not in maker:
        del value["made_by"]
    cache_file.write(str(table), {**value, **maker, "needles": {}})
    assert commit({"b.py": BAD})[0] == 1
    assert cache_file.read(str(table))["made_by"] == start.HOME


def test_the_fast_path_imports_next_to_nothing(guarded: Path) -> None:
    git(guarded, "commit", "-q", "--allow-empty", "-m", "feat: warm")
    (guarded / "b.py").write_bytes(b"x = 1\n")
    git(guarded, "add", "-A")
    imported = imported_by_the_hook(guarded)
    assert not imported & SLOW
    assert not imported & {"re", "typing"}
    assert "orchestrate.hooks.prefilter" in imported
    (guarded / "b.py").write_bytes(b"# TODO x\nsalt = 'nothing to see'\n")
    git(guarded, "add", "-A")
    imported = imported_by_the_hook(guarded)
    assert not imported & SLOW
    assert {"orchestrate.hooks.closer", "orchestrate.checks.secrets.engine"} <= imported


SLOW = {
    "dataclasses", "json", "pathlib", "subprocess", "argparse", "site", "hyperscan",
    "orchestrate.hooks.full", "orchestrate.policy.policy",
}  # fmt: skip


def imported_by_the_hook(repo: Path) -> set[str]:
    main = Path(__file__).parents[2] / "orchestrate" / "hooks" / "main.py"
    run = [sys.executable, "-I", "-S", "-X", "importtime", str(main), "pre-commit"]
    subprocess.run(run, cwd=repo, capture_output=True, check=True)  # fills the caches
    done = subprocess.run(run, cwd=repo, capture_output=True, check=True, text=True)
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}


def test_a_push_of_what_was_never_judged_is_refused(commit: Commit, guarded: Path) -> None:
    remote = guarded.parent / "remote.git"
    git(guarded, "init", "-q", "--bare", str(remote))
    git(guarded, "remote", "add", "origin", str(remote))
    assert git(guarded, "push", "-q", "origin", "main").returncode == 0
    commit({"b.py": BAD}, "feat: x", "--no-verify")
    done = git(guarded, "push", "-q", "origin", "main", check=False)
    assert (done.returncode, b"merge-conflict" in done.stderr) == (1, True)
    git(guarded, "reset", "-q", "--hard", "HEAD~1")
    commit({"b.py": b"x = 1\n"})
    assert git(guarded, "push", "-q", "origin", "main").returncode == 0
    commit({"b.py": b"x = 2\n"}, "feat: y", "--amend")
    done = git(guarded, "push", "-q", "-f", "origin", "main", check=False)
    assert (done.returncode, b"push-forces-protected" in done.stderr) == (1, True)
    done = git(guarded, "push", "-q", "origin", ":main", check=False)
    assert (done.returncode, b"push-deletes-protected" in done.stderr) == (1, True)
    assert git(guarded, "push", "-q", "origin", "HEAD:refs/heads/side").returncode == 0
    assert git(guarded, "push", "-q", "origin", ":side").returncode == 0


def test_notes_follow_an_amended_commit(commit: Commit, guarded: Path) -> None:
    commit({"b.py": b"x = 1\n"})
    git(guarded, "notes", "--ref=orchestrate", "add", "-m", '{"verdict": "pass"}')
    assert commit({"b.py": b"x = 2\n"}, "feat: y", "--amend")[0] == 0
    note = git(guarded, "notes", "--ref=orchestrate", "show").stdout
    assert b'{"verdict": "pass"}' in note


def test_a_ref_transaction_refuses_what_no_verify_let_through(
    commit: Commit, guarded: Path
) -> None:
    install(guarded, hooks=["reference-transaction"])
    assert commit({"b.py": b"x = 1\n"})[0] == 0
    code, said = commit({"b.py": BAD}, "feat: x", "--no-verify")
    assert (code != 0, "merge-conflict" in said) == (True, True)
    assert git(guarded, "branch", "another").returncode == 0
