"""`orchestrate check`, `verify`, `hook`, `doctor` and `uninstall` as commands."""

import json
from pathlib import Path

import click
import platformdirs
import pytest
from click.testing import CliRunner, Result

from orchestrate.cli.check import check
from orchestrate.cli.doctor import doctor
from orchestrate.cli.hook import hook
from orchestrate.cli.integrate import integrate
from orchestrate.cli.uninstall import uninstall
from orchestrate.cli.verify import verify
from orchestrate.errors import InvalidInput
from tests.hooks.making import git

BAD = b"<<<<<<< HEAD\n"


@pytest.fixture(autouse=True)
def compiled_once(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path_factory.getbasetemp() / "cache"
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda name: str(shared / name))


def run(command: click.Command, repo: Path, *args: str) -> Result:
    result = CliRunner().invoke(command, list(args), obj=str(repo), standalone_mode=False)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def code(result: Result) -> int:
    return result.return_value if isinstance(result.return_value, int) else result.exit_code


def write(repo: Path, name: str, data: bytes) -> None:
    (repo / name).parent.mkdir(parents=True, exist_ok=True)
    (repo / name).write_bytes(data)


def test_staged_is_the_default(repo: Path) -> None:
    write(repo, "b.py", BAD)
    assert run(check, repo).output == "0 findings\n"
    git(repo, "add", "-A")
    done = run(check, repo)
    assert code(done) == 1
    assert done.output.startswith("b.py:1:1: block merge-conflict")


def test_worktree_sees_untracked_changed_and_deleted_files(repo: Path) -> None:
    write(repo, "new.py", BAD)
    write(repo, "a.txt", b"one\n" + BAD)
    write(repo, ".gitignore", b"ignored\n")
    write(repo, "ignored", BAD)
    (repo / "src" / "app.py").unlink()
    found = json.loads(run(check, repo, "--worktree", "--json").output)["findings"]
    assert {f["path"] for f in found if f["id"] == "merge-conflict"} == {"new.py", "a.txt"}


def test_paths_are_judged_whole_and_from_the_folder_one_is_in(repo: Path) -> None:
    write(repo, "src/b.py", BAD)
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "feat: b")
    assert code(run(check, repo, "src/b.py")) == 1
    assert code(run(check, repo / "src", "b.py")) == 1
    assert code(run(check, repo, "a.txt")) == 0
    with pytest.raises(InvalidInput, match="no file of the work tree"):
        run(check, repo, "nothing-here")
    with pytest.raises(InvalidInput, match="HEAD is a commit and no file") as refused:
        run(check, repo, "HEAD")
    assert "`HEAD~..HEAD`" in refused.value.hint


def test_a_range_is_judged_by_its_base(repo: Path) -> None:
    git(repo, "checkout", "-q", "-b", "side")
    write(repo, ".orchestrate/config.yaml", b"rules: {off: [merge-conflict]}\n")
    write(repo, "b.py", BAD)
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "feat: b")
    ids = {f["id"] for f in json.loads(run(check, repo, "main..side", "--json").output)["findings"]}
    assert {"merge-conflict", "policy-changed"} <= ids
    done = run(verify, repo, "--base", "main", "--json")
    assert code(done) == 1
    assert {f["id"] for f in json.loads(done.output)["findings"]} == ids
    with pytest.raises(InvalidInput, match="does not name a commit"):
        run(check, repo, "main..nowhere")


def test_all_and_history(repo: Path) -> None:
    write(repo, "b.py", BAD)
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "feat: b")
    assert code(run(check, repo, "--all")) == 1
    git(repo, "rm", "-q", "b.py")
    git(repo, "commit", "-q", "-m", "feat: no b")
    assert code(run(check, repo, "--all")) == 0
    done = run(check, repo, "--history")
    assert (code(done), "commit " in done.output) == (1, True)


def test_all_judges_what_is_committed_whatever_the_work_tree_holds(repo: Path) -> None:
    for number in range(40):  # more than the work tree is tried for
        write(repo, f"f{number}.py", b"# TODO in the commit %d\n" % number)
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "feat: x")
    clean = run(check, repo, "--all", "--json").stdout
    assert clean.count("bare-todo") >= 40
    for number in range(40):
        write(repo, f"f{number}.py", b"# fine\n")
    assert run(check, repo, "--all", "--json").stdout == clean
    for number in range(0, 40, 2):
        (repo / f"f{number}.py").unlink()
    assert run(check, repo, "--all", "--json").stdout == clean


def test_history_blames_a_merge_for_what_no_parent_had(repo: Path) -> None:
    lines = b"x = 1\n" * 9
    write(repo, "both.py", lines)
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "feat: both")
    git(repo, "switch", "-q", "-c", "side")
    write(repo, "both.py", lines + BAD + b"# TODO more\n")
    git(repo, "commit", "-q", "-a", "-m", "feat: side")
    side = git(repo, "rev-parse", "HEAD").stdout.decode()[:12]
    git(repo, "switch", "-q", "main")
    write(repo, "both.py", b"y = 1\n" + lines)
    git(repo, "commit", "-q", "-a", "-m", "feat: main")
    git(repo, "merge", "-q", "--no-ff", "--no-commit", "side")
    write(repo, "evil.py", BAD)
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "merge: side")
    merge = git(repo, "rev-parse", "HEAD").stdout.decode()[:12]
    found = json.loads(run(check, repo, "--history", "--json").output)["findings"]
    assert {(f["path"], f["message"].split(":")[0]) for f in found} == {
        ("both.py", f"commit {side}"),
        ("evil.py", f"commit {merge}"),
    }


def test_a_conflict_resolved_badly_is_the_merges(repo: Path) -> None:
    for branch, text in (("side", b"theirs\n"), ("main", b"ours\n")):
        git(repo, "switch", "-q", *(["-c", branch] if branch == "side" else [branch]))
        write(repo, "a.txt", text)
        git(repo, "commit", "-q", "-a", "-m", f"feat: {branch}")
    git(repo, "merge", "-q", "side", check=False)
    git(repo, "commit", "-q", "-a", "-m", "merge: side")
    merge = git(repo, "rev-parse", "HEAD").stdout.decode()[:12]
    done = run(check, repo, "--history")
    assert (code(done), f"commit {merge}: " in done.output) == (1, True)


def test_only_selects(repo: Path) -> None:
    write(repo, "b.py", BAD)
    git(repo, "add", "-A")
    assert code(run(check, repo, "--only", "secrets,scope")) == 0
    assert code(run(check, repo, "--only", "merge-conflict")) == 1


def test_an_id_or_group_that_there_is_not_is_refused(repo: Path) -> None:
    for option in ("--only", "--explain"):
        with pytest.raises(InvalidInput, match="no check of the id 'merge-conflit'") as refused:
            run(check, repo, option, "merge-conflit")
        assert "did you mean merge-conflict" in refused.value.hint
    assert code(run(check, repo, "--only", "secrets,gitleaks-any,github-token,bare-todo")) == 0


def test_only_knows_the_ids_of_the_policy_that_judges(repo: Path) -> None:
    rule = b'---\nid: own\nversion: "1.0.0"\nchecks:\n'
    rule += b"  - {id: no-xyz, severity: block, pattern: xyz, message: no}\n---\nNo.\n"
    write(repo, ".orchestrate/rules/own.md", rule)
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "chore: a rule")
    write(repo, "b.py", b"xyz = 1\n")
    assert code(run(check, repo, "--worktree", "--only", "no-xyz")) == 1
    git(repo, "rm", "-q", "-r", ".orchestrate")
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "chore: no rule")
    assert code(run(check, repo, "HEAD~1..HEAD", "--only", "no-xyz")) == 1
    with pytest.raises(InvalidInput, match="no-xyz"):
        run(check, repo, "--all", "--only", "no-xyz")


def test_a_bare_repository_is_judged_by_its_commits_alone(repo: Path) -> None:
    bare = repo.parent / "bare.git"
    git(repo, "clone", "-q", "--bare", str(repo), str(bare))
    for asked in ([], ["--staged"], ["--worktree"], ["a.txt"]):
        with pytest.raises(InvalidInput, match="bare repository"):
            run(check, bare, *asked)
    for asked in (["--all"], ["--history"], ["HEAD..HEAD"]):
        assert code(run(check, bare, *asked)) == 0


def test_history_says_where_it_has_none_or_is_cut(repo: Path) -> None:
    empty = repo.parent / "empty"
    git(repo, "init", "-q", str(empty))
    with pytest.raises(InvalidInput, match="there is no commit yet"):
        run(check, empty, "--history")
    write(repo, "b.py", b"x = 1\n")
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "feat: b")
    cut = repo.parent / "cut"
    git(repo, "clone", "-q", "--depth=1", repo.as_uri(), str(cut))
    assert "shallow" in run(check, cut, "--history").stderr
    assert json.loads(run(check, cut, "--history", "--json").stdout)["notes"]
    assert json.loads(run(check, repo, "--history", "--json").stdout)["notes"] == []


def test_a_path_outside_the_work_tree_is_told_as_such(repo: Path) -> None:
    write(repo.parent, "elsewhere/x.py", b"x = 1\n")
    for path in ("../elsewhere", "../nothing", "..", "src/../../elsewhere/x.py", "/etc/passwd"):
        with pytest.raises(InvalidInput, match="outside the work tree"):
            run(check, repo, path)
    write(repo, "a..b", BAD)
    assert code(run(check, repo, "a..b")) == 1
    assert code(run(check, repo / "src", "../a..b")) == 1
    with pytest.raises(click.UsageError, match="alone"):
        run(check, repo, "HEAD..HEAD", "a.txt")


def test_fix_says_what_to_stage_and_what_the_index_still_holds(repo: Path) -> None:
    write(repo, "b.py", b"a\r\nb\nc\n")
    git(repo, "add", "-A")
    done = run(check, repo, "--fix")
    assert "git add -- b.py" in done.stderr
    assert "repaired on disk, not in the index" in done.stdout
    git(repo, "add", "b.py")
    assert run(check, repo, "--fix").output == "0 findings\n"
    with pytest.raises(click.UsageError, match="commits"):
        run(check, repo, "--all", "--fix")


def test_fix_repairs_what_is_safe(repo: Path) -> None:
    write(repo, "b.py", b"a\r\nb\nc\n")
    (repo / "a.txt").chmod(0o755)
    done = run(check, repo, "--worktree", "--fix")
    assert (repo / "b.py").read_bytes() == b"a\nb\nc\n"
    assert (repo / "a.txt").stat().st_mode & 0o111 == 0
    assert code(done) == 0


def test_a_baseline_silences_what_is_known(repo: Path) -> None:
    from orchestrate.checks.secrets.samples import expand

    write(repo, "b.py", expand("token = '{{github:ghp}}'\n").encode())
    git(repo, "add", "-A")
    assert code(run(check, repo)) == 1
    known = str(repo.parent / "baseline.json")
    done = run(check, repo, "--write-baseline", known)
    assert code(done) == 0
    assert f"wrote 1 known secret to {known}" in done.stderr
    assert "secrets: {baseline: PATH" in done.stderr
    assert code(run(check, repo, "--baseline", known)) == 0
    assert "ghp_" not in Path(known).read_text()


def test_strict_fails_for_reviews(repo: Path) -> None:
    write(repo, "run", b"#!/bin/sh\n")
    (repo / "run").chmod(0o755)
    git(repo, "add", "-A")
    assert code(run(check, repo)) == 0
    assert code(run(check, repo, "--strict")) == 1


def test_a_change_does_not_choose_what_it_is_compared_with(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_BASE_REF", raising=False)
    policy = b"schema_version: 1\nbase_branch: %s\n"
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    git(repo, "remote", "add", "origin", str(tmp_path / "remote.git"))
    write(repo, ".orchestrate/config.yaml", policy % b"develop")
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "feat: policy")
    git(repo, "push", "-q", "origin", "main", "main:develop")
    write(repo, ".orchestrate/config.yaml", policy % b"a-mine")
    write(repo, "b.py", BAD)
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "feat: b")
    git(repo, "push", "-q", "origin", "HEAD:a-mine")
    assert code(run(verify, repo)) == 1
    monkeypatch.setenv("GITHUB_BASE_REF", "gone")
    with pytest.raises(InvalidInput, match="origin/gone"):
        run(verify, repo)


def test_a_history_of_its_own_is_judged_by_the_policy_it_is_for(repo: Path, tmp_path: Path) -> None:
    write(repo, ".orchestrate/config.yaml", b"rules: {severity: {bare-todo: block}}\n")
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "feat: policy")
    git(repo, "checkout", "-q", "--orphan", "alone")
    git(repo, "rm", "-q", "-r", "--cached", ".orchestrate")
    (repo / ".orchestrate" / "config.yaml").unlink()
    write(repo, "b.py", b"# TODO\n")
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "feat: b")
    for command in ((verify, "--base", "main"), (check, "main..alone")):
        done = run(command[0], repo, *command[1:])
        assert (code(done), "block bare-todo" in done.output) == (1, True)
    git(tmp_path, "clone", "-q", "--depth=1", "--no-single-branch", repo.as_uri(), "cut")
    git(tmp_path / "cut", "checkout", "-q", "-b", "side")
    git(tmp_path / "cut", "commit", "-q", "--allow-empty", "-m", "feat: c")
    with pytest.raises(InvalidInput, match="this clone is shallow"):
        run(verify, tmp_path / "cut", "--base", "origin/main")


def test_the_framework_gets_its_range_or_everything(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(repo, "b.py", BAD)
    git(repo, "add", "-A")
    assert code(run(check, repo, "--framework")) == 1
    git(repo, "commit", "-q", "-m", "feat: b")
    assert code(run(check, repo, "--framework")) == 1
    git(repo, "commit", "-q", "--allow-empty", "-m", "feat: c")
    monkeypatch.setenv("PRE_COMMIT_FROM_REF", "HEAD~1")
    monkeypatch.setenv("PRE_COMMIT_TO_REF", "HEAD")
    assert code(run(check, repo, "--framework")) == 0
    write(repo, "c.py", BAD)
    git(repo, "add", "-A")
    assert code(run(check, repo, "--framework")) == 0
    monkeypatch.setenv("GIT_INDEX_FILE", str(repo / ".git" / "index"))  # git is committing
    assert code(run(check, repo, "--framework")) == 1
    monkeypatch.setenv("PRE_COMMIT_REMOTE_BRANCH", "refs/heads/main")
    assert code(run(check, repo, "--framework")) == 1


def test_stats_and_explain(repo: Path) -> None:
    write(repo, "b.py", b"x = 1\n")
    git(repo, "add", "-A")
    assert "MB of content" in run(check, repo, "--stats").stderr
    git(repo, "commit", "-q", "-m", "feat: x")
    for target in ("--all", "--history", "HEAD~1..HEAD"):
        told = run(check, repo, target, "--stats").stderr
        assert all(name in told for name in ("ms  reading", "ms  search", "ms  sizes"))
        assert "0 entries" not in told
    assert run(check, repo, "--explain", "huge-file").output.startswith("huge-file (block")


def test_doctor_and_uninstall(repo: Path) -> None:
    assert code(run(doctor, repo)) == 1
    assert code(run(doctor, repo, "--repair")) == 0
    rows = json.loads(run(doctor, repo, "--json").output)
    assert rows["fine"] is True
    assert "removed: " in run(uninstall, repo).output
    assert run(uninstall, repo).output == "there were no hooks of orchestrate\n"


def test_uninstall_takes_our_lines_out_of_other_managers_files(repo: Path) -> None:
    theirs = {
        ".pre-commit-config.yaml": b"# mine\nrepos:\n- repo: local  # too\n  hooks: []",
        ".husky/pre-commit": b"npm test",
        "lefthook.yml": b"# mine\npre-commit:\n  parallel: true\n",
    }
    for name, data in theirs.items():
        (repo / name).parent.mkdir(exist_ok=True)
        (repo / name).write_bytes(data)
    before = everything(repo)
    for tool in ("pre-commit", "husky", "lefthook"):
        assert run(integrate, repo, tool).exit_code == 0
    run(doctor, repo, "--repair")
    assert everything(repo) != before
    assert run(uninstall, repo).exit_code == 0
    assert everything(repo) == before
    assert run(uninstall, repo).output == "there were no hooks of orchestrate\n"


def test_uninstall_leaves_what_it_cannot_tell_apart_and_says_so(repo: Path) -> None:
    own = b"pre-commit:\n  commands:\n    mine:\n      run: orchestrate hook pre-commit\n"
    (repo / "lefthook.yml").write_bytes(own)
    assert run(uninstall, repo).output == "there were no hooks of orchestrate\n"
    (repo / "lefthook.yml").write_bytes(b"a: 1\n")
    run(integrate, repo, "lefthook")
    edited = (repo / "lefthook.yml").read_bytes() + b"# later\n"
    (repo / "lefthook.yml").write_bytes(edited)
    assert "kept: " in run(uninstall, repo).output
    assert (repo / "lefthook.yml").read_bytes() == edited


def everything(repo: Path) -> dict[str, bytes]:
    """Every file and folder of the work tree and of git's own folder, without git's objects."""
    found = (p for p in sorted(repo.rglob("*")) if "objects" not in p.parts)
    return {str(p.relative_to(repo)): p.read_bytes() if p.is_file() else b"" for p in found}


def test_hook_answers_the_probe(repo: Path) -> None:
    assert "this hook fires" in run(hook, repo, "pre-commit", "--orchestrate-probe").stderr


def test_a_merge_of_a_file_where_the_other_side_has_a_submodule_is_judged(repo: Path) -> None:
    commit = git(repo, "rev-parse", "HEAD").stdout.decode().strip()
    git(repo, "switch", "-q", "-c", "side")
    git(repo, "update-index", "--add", "--cacheinfo", f"160000,{commit},sub")
    git(repo, "commit", "-q", "-m", "chore: a submodule")
    git(repo, "switch", "-q", "main")
    write(repo, "other.py", b"x = 1\n")
    git(repo, "add", "other.py")
    git(repo, "commit", "-q", "-m", "feat: other")
    git(repo, "merge", "-q", "--no-ff", "--no-commit", "side")
    git(repo, "rm", "-q", "--cached", "-f", "sub")
    (repo / "sub").rmdir()
    write(repo, "sub", BAD)
    git(repo, "add", "sub")
    git(repo, "commit", "-q", "-m", "merge: a file instead")
    done = run(check, repo, "--history", "--json")
    ids = {f["id"] for f in json.loads(done.output)["findings"]}
    assert "check-crashed" not in ids
