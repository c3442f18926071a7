"""What ships is found from an installed wheel as well as from a checkout."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from orchestrate import resources

TOP = Path(__file__).parents[1]
FOLDERS = ("rules", "plan-templates", "schemas", "githooks")
LIST = (
    "import json, sys; sys.path.insert(0, sys.argv[1])\n"
    "from orchestrate import resources, __file__ as at\n"
    f"names = {{f: [p for p, _ in resources.walk(f)] for f in {FOLDERS!r}}}\n"
    "print(json.dumps({'at': at, 'names': names}))\n"
)


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built and unpacked as an installer would."""
    folder = tmp_path_factory.mktemp("wheel")
    args = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(args, cwd=TOP, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(unpacked: Path, *args: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, *args], cwd=cwd, check=True, capture_output=True, text=True, env=os.environ
    )
    return done.stdout


def test_the_wheel_holds_what_the_checkout_holds(unpacked: Path, tmp_path: Path) -> None:
    found = json.loads(run(unpacked, "-I", "-c", LIST, str(unpacked), cwd=tmp_path))
    assert Path(found["at"]).is_relative_to(unpacked)
    for folder in FOLDERS:
        here = [path for path, _ in resources.walk(folder)]
        assert here
        assert found["names"][folder] == here


def test_the_wheels_program_lists_the_templates_that_ship(
    unpacked: Path, repo: Path, monkeypatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(unpacked))
    out = run(unpacked, "-m", "orchestrate.cli.main", "plan", "templates", "--json", cwd=repo)
    ids = {template["id"] for template in json.loads(out)}
    assert {"team-feature", "team-bugfix", "team-deploy"} <= ids


def test_the_wheel_names_both_commands(unpacked: Path) -> None:
    (text,) = unpacked.glob("*.dist-info/entry_points.txt")
    assert "orchestrate = orchestrate.cli.main:main" in text.read_text()
    assert "git-orchestrate = orchestrate.cli.main:main" in text.read_text()
