"""The demonstration, as a newcomer types it."""

import subprocess
from pathlib import Path


def test_the_demo_shows_a_refusal_a_person_and_a_ledger_and_leaves_nothing(
    orchestrate, fenced: Path, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    ran = orchestrate("demo")
    assert "outside-allowed" in ran.out
    assert "approved regression-test" in ran.out
    assert "events verified" in ran.out
    assert list(tmp_path.iterdir()) == [tmp_path / "repo"]
    assert list((fenced / ".cache").glob("orchestrate/repositories/*")) == []


def test_the_demo_is_kept_where_it_is_asked_to(orchestrate, tmp_path: Path) -> None:
    orchestrate("demo", "--keep", str(tmp_path / "kept"))
    repo = tmp_path / "kept" / "textstats"
    names = subprocess.run(
        ["git", "for-each-ref", "--format=%(refname:short)"],
        cwd=repo,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "orchestrate/average" in names
    test = ["python3", "-m", "unittest", "discover", "-q", "-s", "tests", "-t", "."]
    branch = next(n for n in names.split() if n.startswith("orchestrate/average"))
    subprocess.run(["git", "switch", "-q", branch], cwd=repo, check=True)
    assert subprocess.run(test, cwd=repo, capture_output=True, check=False).returncode == 0
    orchestrate("demo", "--keep", str(tmp_path / "kept"), code=1)
