"""gitleaks and trufflehog beside our own rules: what they see is merged, what they fail at blocks.

The programs here are small scripts that print what the real ones document; where gitleaks itself is
installed, it runs too.
"""

import os
import shutil
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrate.checks.engine import run_checks
from orchestrate.checks.explaining import explained
from orchestrate.checks.findings import Finding, Severity
from orchestrate.checks.secrets import external, tools
from orchestrate.policy.policy import Policy
from tests.checks.making import change_of
from tests.hooks.making import fast_doubt, prepared, shipped_policy

SECRET = "leak-" + "k3Jx9QpL7vTz"  # what the scripts below take for a secret, and our rules do not
IN_FILE = f"first\nvalue: {SECRET}\n".encode()

WALK = """\
import json, pathlib, re, sys
files = sorted(f for f in pathlib.Path(sys.argv[2]).rglob("*") if f.is_file())
hits = [
    (str(file), number, found[0])
    for file in files
    for number, line in enumerate(file.read_text(errors="replace").split("\\n"), 1)
    for found in re.finditer(r"leak-\\w+|gh[p]_\\w+", line)
]
"""
GITLEAKS = """\
assert sys.argv[1] == "dir" and "--ignore-gitleaks-allow" in sys.argv
print(json.dumps([
    {"RuleID": "Toy_Key", "Description": "A toy's key", "StartLine": line, "EndLine": line,
     "StartColumn": 1, "EndColumn": 9, "Match": secret, "Secret": secret, "File": file}
    for file, line, secret in hits
]))
"""
TRUFFLEHOG = """\
assert sys.argv[1] == "filesystem" and "--no-verification" in sys.argv
print(json.dumps({"level": "info-0", "msg": "running source"}))
for file, line, secret in hits:
    print(json.dumps({
        "SourceMetadata": {"Data": {"Filesystem": {"file": file, "line": line}}},
        "DetectorName": "ToyKey", "DetectorDescription": "A toy's key", "Verified": False,
        "Raw": secret, "Redacted": "", "ExtraData": None,
    }))
"""


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The first folder of PATH; temporary folders are made in `tmp_path/"temporary"`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.defpath}")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    return folder


def program(folder: Path, name: str, text: str) -> None:
    file = folder / name
    file.write_text(f"#!{sys.executable}\n{textwrap.dedent(text)}")
    file.chmod(0o755)


def policy(engine: str, **secrets: object) -> Policy:
    shipped = shipped_policy()
    chosen = replace(shipped.config.secrets, engine=engine, **secrets)  # type: ignore[arg-type]
    return replace(shipped, config=replace(shipped.config, secrets=chosen))


def found(
    old: dict, new: dict, engine: str = "gitleaks", *, only: str = "secrets", **secrets: object
) -> list[Finding]:
    return run_checks(
        change_of(old, new),
        policy(engine, **secrets),
        None,
        only=frozenset({only}),
        search=prepared()[0],
    )


@pytest.mark.parametrize(
    ("name", "script", "id"),
    [
        ("gitleaks", GITLEAKS, "gitleaks-toy-key"),
        ("trufflehog", TRUFFLEHOG, "trufflehog-toykey"),
    ],
)
def test_what_the_program_sees_is_a_finding(
    name: str, script: str, id: str, bin_folder: Path
) -> None:
    program(bin_folder, name, WALK + script)
    (one,) = found({}, {"docs/notes.txt": IN_FILE, "b.txt": b"nothing\n"}, name)
    assert (one.id, one.severity, one.path) == (id, Severity.BLOCK, "docs/notes.txt")
    assert (one.line, one.column, one.match) == (2, 8, "l… (17 characters)")
    assert one.fingerprint and SECRET not in repr(one)
    assert explained(id, policy(name)).startswith(id)


def test_only_what_is_new_is_told(bin_folder: Path) -> None:
    program(bin_folder, "gitleaks", WALK + GITLEAKS)
    assert found({"a": IN_FILE}, {"a": b"moved\nby a line\n" + IN_FILE}) == []
    assert [f.line for f in found({"a": IN_FILE}, {"a": IN_FILE * 2})] == [4]


def test_the_policys_exceptions_hold(bin_folder: Path) -> None:
    program(bin_folder, "gitleaks", WALK + GITLEAKS)
    (one,) = found({}, {"a": IN_FILE})
    assert found({}, {"a": IN_FILE}, allow_paths=("a",)) == []
    assert found({}, {"a": IN_FILE}, stopwords=("K3JX",)) == []
    marked = b"# orchestrate: allow gitleaks-toy-key it opens a toy\n" + IN_FILE.split(b"\n")[1]
    assert found({}, {"a": marked}) == []
    assert len(found({}, {"a": marked}, inline_allow=False)) == 1
    known = frozenset({one.fingerprint})
    change = change_of({}, {"a": IN_FILE})
    search = prepared()[0]
    only = frozenset({"secrets"})
    assert (
        run_checks(change, policy("gitleaks"), None, only=only, search=search, baseline=known) == []
    )


def test_a_line_that_our_rules_block_is_told_once(bin_folder: Path) -> None:
    program(bin_folder, "gitleaks", WALK + GITLEAKS)
    login = "https://user:" + "k3Jx9QpL7vTz@db.corp.net/"
    line = f"{SECRET} {login}\n".encode()
    ours = found({}, {"a.py": line}, "builtin")
    assert [f.severity for f in ours] == [Severity.BLOCK]
    told = found({}, {"a.py": line, "b.py": IN_FILE})
    assert [(f.path, f.id) for f in told] == [("a.py", ours[0].id), ("b.py", "gitleaks-toy-key")]


def test_no_path_of_the_change_configures_the_program_or_leads_out(
    bin_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = """
        import json, pathlib, stat, sys, os
        top = pathlib.Path(sys.argv[2])
        assert stat.S_IMODE(top.parent.stat().st_mode) == 0o700
        assert "GITLEAKS_CONFIG" not in os.environ and os.environ["HOME"] == os.getcwd()
        assert all(f.is_dir() and f.name.isdigit() for f in top.iterdir())
        assert len([f for f in top.glob("*/new/*") if f.is_file()]) == 6
        print("[]")
    """
    program(bin_folder, "gitleaks", listing)
    monkeypatch.setenv("GITLEAKS_CONFIG", "/nowhere")
    files = [".gitleaks.toml", ".gitleaksignore", "a/..", "é\n", "x" * 250, "node_modules/x"]
    contents = [external.Content(path, b"x\n", b"") for path in files]
    scanner = prepared()[0].scanner
    assert external.external_findings("gitleaks", contents, scanner, external.Permits()) == []


def test_the_content_cannot_make_trufflehog_look_away(bin_folder: Path) -> None:
    seen = 'sys.exit("seen" if any("trufflehog:ignore" in f.read_text() for f in files) else 0)\n'
    program(bin_folder, "trufflehog", WALK + seen)
    assert found({}, {"a": b"x # trufflehog:ignore\n"}, "trufflehog") == []


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (None, "not installed"),
        ("import sys; sys.exit('no such rule')", "ended with code 1: no such rule"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended with code -9"),
        ("print('all is well')", "cannot be read"),
        ("print('[{}]')", "cannot be read"),
        ("print('3')", "cannot be read"),
        ("", "cannot be read"),
        ("import sys; print('[]'); print('10:10AM ERR open: denied', file=sys.stderr)", "denied"),
        ("import time; time.sleep(60)", "did not end within"),
        ("print('[' + ' ' * 3_000_000 + ']')", "reason output"),
    ],
)
def test_a_program_that_does_not_do_its_work_blocks(
    script: str | None, says: str, bin_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(external, "BASE_SEC", 2.0)
    monkeypatch.setattr(external, "MAX_REPORT_MB", 1.0)
    if script is not None:
        program(bin_folder, "gitleaks", script)
    elif Path(sys.executable).with_name("gitleaks").exists():
        pytest.skip("gitleaks is installed beside this Python")
    (one,) = found({}, {"a": IN_FILE})
    assert (one.id, one.severity) == ("secrets-engine-failed", Severity.BLOCK)
    assert says in one.message and "secrets.engine" in one.next_step
    assert list((bin_folder.parent / "temporary").iterdir()) == []


# A line as pkg/output/json.go of trufflehog 3 prints it, with all of its fields.
PRINTED = {
    "SourceMetadata": {"Data": {"Filesystem": {"file": "", "line": 2}}},
    "SourceID": 1, "SourceType": 15, "SourceName": "trufflehog - filesystem",
    "DetectorType": 17, "DetectorName": "URI", "DetectorDescription": "A toy's key",
    "DecoderName": "PLAIN", "Verified": False, "VerificationFromCache": False,
    "Raw": SECRET, "RawV2": "", "Redacted": "", "ExtraData": None, "StructuredData": None,
}  # fmt: skip


def test_trufflehog_is_asked_and_read_as_version_3_has_it(bin_folder: Path) -> None:
    script = f"""
        assert sys.argv[1] == "filesystem" and len(sys.argv) == 6
        assert set(sys.argv[3:]) == {{"--json", "--no-verification", "--no-update"}}
        one = {PRINTED!r}
        one["SourceMetadata"]["Data"]["Filesystem"]["file"] = str(files[0])
        print(json.dumps(one))
        custom = dict(one, DetectorName="CustomRegex", ExtraData={{"name": "Our Key"}})
        custom["SourceMetadata"] = {{"Data": {{"Filesystem": {{"file": str(files[0])}}}}}}
        print(json.dumps(custom))
        print(json.dumps({{"level": "info-0", "msg": "finished scanning"}}), file=sys.stderr)
    """
    program(bin_folder, "trufflehog", WALK + textwrap.dedent(script))
    told = [(f.id, f.line, f.message) for f in found({}, {"a": IN_FILE}, "trufflehog")]
    assert ("trufflehog-uri", 2, "A toy's key (seen by trufflehog)") in told
    assert any(id == "trufflehog-our-key" for id, _, _ in told)


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("sys.exit(183)", "ended with code 183"),  # --fail's, which is not given
        ("print('no such flag', file=sys.stderr); sys.exit(1)", "ended with code 1: no such flag"),
        ("print('{')", "cannot be read"),
        ("print('[]')", "cannot be read"),
        ("print('3')", "cannot be read"),
        ("print(json.dumps({'SourceMetadata': None}))", "cannot be read"),
        ("print(json.dumps({'SourceMetadata': {'Data': {'Git': {}}}}))", "cannot be read"),
        ('print(\'{"level":"error","msg":"denied"}\', file=sys.stderr)', "denied"),
        ('print(\'{"level":"fatal","msg":"denied"}\', file=sys.stderr)', "denied"),
    ],
)
def test_trufflehog_that_does_not_do_its_work_blocks(
    script: str, says: str, bin_folder: Path
) -> None:
    program(bin_folder, "trufflehog", f"import json, sys\n{script}\n")
    (one,) = found({}, {"a": IN_FILE}, "trufflehog")
    assert (one.id, one.severity) == ("secrets-engine-failed", Severity.BLOCK)
    assert says in one.message


def test_what_it_complains_of_is_redacted(bin_folder: Path) -> None:
    token = "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"
    program(bin_folder, "gitleaks", f"import sys; sys.exit('cannot read {token}')")
    (one,) = found({}, {"a": IN_FILE})
    assert token not in one.message


def test_it_runs_only_where_secrets_are_asked_for(bin_folder: Path) -> None:
    # No program is installed: where it were asked for, that would be a finding.
    assert found({}, {"a": IN_FILE}, only="patterns") == []
    assert found({}, {"a": IN_FILE}, only="bare-todo") == []
    assert found({"a": IN_FILE}, {}) == []
    assert found({}, {"a": IN_FILE}, "builtin") == []


def test_the_fast_path_leaves_every_change_to_the_engine() -> None:
    assert "another program" in fast_doubt({}, {"a.py": b"x = 1\n"}, policy=policy("gitleaks"))


def test_gitleaks_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("gitleaks", path=external._search_path()) is None:
        pytest.skip("gitleaks is not installed")
    token = "xoxb-" + "263594206564-2343594206574-FGqddMF8t08v8N7Oq4i57vs1"
    text = f"first\nslack = '{token}'  # gitleaks:allow\n".encode()
    seen = external.external_findings(
        "gitleaks",
        [external.Content("a.py", text, b""), external.Content("b.py", text, text)],
        prepared()[0].scanner,
        external.Permits(),
    )
    assert [(f.id, f.path, f.line, f.column) for f in seen] == [
        ("gitleaks-slack-bot-token", "a.py", 2, 10)
    ]


def test_ids_of_rules() -> None:
    assert tools.rule_id("trufflehog", "AWS / Key") == "trufflehog-aws-key"
    assert tools.rule_id("gitleaks", "—") == "gitleaks-secret"
