"""A secret that an agent writes anywhere reaches no object of the repository."""

import zlib
from pathlib import Path

import pytest

from orchestrate.policy.yaml_edit import dump_yaml
from tests.playing import plan_file, playing, tries, write

# Put together here, so that this file scans clean. Shaped as GitHub documents its tokens; the
# last six characters are the checksum.
TOKEN = "ghp_" + "x7Qm2Vt9LkR4nZc8WbY1dHs6PfJ3gT" + "2zsOMc"
KEY = "sk_" + "live_" + "Zk81HqLyjWDaQ3tT1zdp7RmX"


def every_object(repo: Path, git) -> list[bytes]:
    """The content of every object there is, reachable or not, loose or packed."""
    listed = git(
        "cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)", cwd=repo
    )
    found = []
    for line in listed.splitlines():
        oid, kind = line.split()
        loose = repo / ".git" / "objects" / oid[:2] / oid[2:]
        if loose.exists():
            found.append(zlib.decompress(loose.read_bytes()))
        else:
            found.append(git("cat-file", kind, oid, cwd=repo).encode())
    return found


@pytest.mark.parametrize("secret", [TOKEN, KEY])
def test_a_secret_planted_wherever_an_agent_can_write_is_in_no_object(
    repo: Path, git, orchestrate, tmp_path: Path, secret: str
) -> None:
    line = f"aws_access_key_id = {secret}\n"
    planted = [
        [write("a/config.py", f'TOKEN = "{secret}"\n'), {"print": line}],
        [
            {"print": f"export GITHUB_TOKEN={secret}"},
            {"run": f"echo 'token: {secret}' >&2; git commit -q --allow-empty -m '{secret}' || :"},
            {"result": {"verdict": "done", "summary": f"used {secret}", "open_questions": [line]}},
            write("a/fine.py", "x = 1\n"),
        ],
    ]
    # The script and what the command prints stay outside: a person's own files are not the agent's.
    script, keeper = tmp_path / "script.yaml", tmp_path / "secret"
    keeper.write_text(secret)
    script.write_bytes(dump_yaml({"schema_version": 1, "tasks": {"a": tries(*planted)}}))
    agents = {"replay": {"adapter": "replay", "script": str(script)}}
    playing(repo, git, {}, {"agents": agents})
    criteria = [{"criterion": "shown", "verify": f"test -f a/fine.py && cat {keeper}"}]
    task = {"id": "a", "scope": ["a/**"], "success_criteria": criteria}
    orchestrate("plan", "create", "--file", str(plan_file(tmp_path, task)), "--approve")
    ran = orchestrate("run")
    assert "CHECKS_FAILED" in ran.out
    assert "PASS_ALL_CRITERIA" in ran.out
    assert secret not in ran.out + ran.err
    guilty = [data[:200] for data in every_object(repo, git) if secret.encode() in data]
    assert guilty == []
