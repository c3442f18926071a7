"""The scanner's own repository, rule file and generators hold nothing that it would report."""

import subprocess
from pathlib import Path

from orchestrate.checks.secrets.engine import scan
from orchestrate.checks.secrets.scanner import Scanner

ROOT = Path(__file__).parents[2]


def test_no_file_of_this_repository_is_reported(scanner: Scanner) -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    found = []
    for path in filter(None, listed.stdout.decode().split("\0")):
        file = ROOT / path
        if file.is_file() and not file.is_symlink():
            hits = scan(file.read_bytes(), path, scanner=scanner)
            found += [f"{path}:{hit.line}: {hit.rule}" for hit in hits]
    assert found == []
