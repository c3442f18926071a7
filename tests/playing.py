"""Repositories whose agent is a replay script, for tests that run plans."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from orchestrate.policy.yaml_edit import dump_yaml

Git = Callable[..., str]

CONFIG: dict[str, Any] = {
    "schema_version": 1,
    "default_agent": "replay",
    "agents": {"replay": {"adapter": "replay", "script": ".orchestrate/script.yaml"}},
    "limits": {"gate_timeout_sec": 30},
}


def write(path: str, content: str = "x\n") -> dict[str, Any]:
    """A step of the script that writes a file."""
    return {"write": {"path": path, "content": content}}


def tries(*attempts: list[dict[str, Any]]) -> dict[str, Any]:
    """A task's tries, each a list of steps."""
    return {"attempts": [{"steps": steps} for steps in attempts]}


def playing(
    repo: Path, git: Git, tasks: dict[str, Any], config: dict[str, Any] | None = None
) -> None:
    """Commit a configuration whose replay agent plays these tasks."""
    folder = repo / ".orchestrate"
    folder.mkdir(exist_ok=True)
    (folder / "config.yaml").write_bytes(dump_yaml({**CONFIG, **(config or {})}))
    (folder / "script.yaml").write_bytes(dump_yaml({"schema_version": 1, "tasks": tasks}))
    git("add", "-A", cwd=repo)
    git("commit", "-q", "-m", "chore: set orchestrate up", cwd=repo)


def plan_file(folder: Path, *tasks: dict[str, Any], **fields: Any) -> Path:
    """A plan file outside the repository."""
    document = {
        "schema_version": 1,
        "id": "demo-abc234",
        "title": "A demonstration",
        "tasks": [{"title": task["id"], **task} for task in tasks],
        **fields,
    }
    path = folder / "plan.yaml"
    path.write_bytes(dump_yaml(document))
    return path
