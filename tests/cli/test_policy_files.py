"""Policy files that cannot hold, as `check` tells of them in a real repository."""

from pathlib import Path

RULE = "---\nid: house\nchecks:\n  - {id: no-foo, pattern: foo, message: m}\n---\nText.\n"
HARNESS = "rules:\n  - {id: no-foo, description: d, type: inject, content: c}\n"


def put(repo: Path, path: str, text: str) -> None:
    file = repo / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_a_check_with_the_id_of_a_harness_rule_is_refused_by_the_names_of_both(
    repo: Path, git, orchestrate
) -> None:
    put(repo, ".orchestrate/rules/house.md", RULE)
    put(repo, ".orchestrate/rules/harness.yaml", HARNESS)
    git("add", "-A", cwd=repo)
    said = orchestrate("check", code=1).out
    assert ".orchestrate/rules/house.md:4" in said
    assert "has the id of a harness rule in .orchestrate/rules/harness.yaml" in said
    git("commit", "-qm", "feat: twins", cwd=repo)
    refused = orchestrate("check", "--all", code=2).err
    assert "no-foo" in refused and "commit it with `git commit --no-verify`" in refused
