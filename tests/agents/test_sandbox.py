"""The sandbox's command line, and what it really does where bubblewrap works."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import orchestrate
from orchestrate.agents.adapter import AttemptEnd, AttemptRequest, Outcome
from orchestrate.agents.reasons import Reason
from orchestrate.agents.registry import adapter_for
from tests.agents.conftest import agent_config


def namespaces_work() -> bool:
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        return False
    line = [bwrap, "--ro-bind", "/", "/", "--unshare-pid", "--proc", "/proc", "true"]
    return subprocess.run(line, capture_output=True, check=False).returncode == 0


needs_bwrap = pytest.mark.skipif(not namespaces_work(), reason="bubblewrap does not work here")


@pytest.fixture
def run(attempt: Callable[..., AttemptRequest]) -> Callable[..., AttemptEnd]:
    """Runs a shell line as a sandboxed agent."""

    def run(line: str, request: AttemptRequest | None = None, **fields: object) -> AttemptEnd:
        config = agent_config("tool", command=["sh", "-c", line], sandbox="bwrap", **fields)
        return adapter_for("tool", config).run(request or attempt())

    return run


def test_without_bubblewrap_nothing_starts(
    run: Callable[..., AttemptEnd], attempt: Callable[..., AttemptRequest], tmp_path: Path
) -> None:
    end = run("touch ran", replace(attempt(), environ={"PATH": str(tmp_path)}))
    assert (end.outcome, end.reason_code) == (Outcome.TOOL_FAILED, Reason.SANDBOX_MISSING)
    assert "bubblewrap" in end.detail
    assert not (attempt().workspace / "ran").exists()


@needs_bwrap
def test_only_the_workspace_is_written_and_the_users_repository_is_unseen(
    run: Callable[..., AttemptEnd], attempt: Callable[..., AttemptRequest], tmp_path: Path
) -> None:
    users = tmp_path / "users"
    (users / "objects").mkdir(parents=True)
    (users / "objects" / "pack").write_text("borrowed")
    (users / "secret").write_text("unseen")
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id").write_text("key")
    line = f"""
      echo mine > mine; ls {users} > seen; cat {users}/objects/pack >> seen
      cat {users}/secret {home}/.ssh/id >> seen 2>/dev/null
      for path in {users}/x {users}/objects/x {home}/x {tmp_path}/x /etc/x /tmp/shared; do
        echo x > $path
      done 2>/dev/null
      cat "$ORCHESTRATE_PACK" > /dev/null && echo x 2>/dev/null > "$ORCHESTRATE_PACK"; true
    """
    request = replace(
        attempt(),
        hide=(users,),
        show=(users / "objects",),
        environ={"PATH": os.environ["PATH"], "HOME": str(home)},
    )
    end = run(line, request)
    assert end.reason_code is Reason.ENDED, end.output.read_text()
    assert (request.workspace / "mine").read_text() == "mine\n"
    assert (request.workspace / "seen").read_text() == "objects\nborrowed"
    assert (request.scratch / "step-pack.json").read_text().startswith("{")
    for path in (users / "x", users / "objects/x", home / "x", tmp_path / "x", Path("/etc/x")):
        assert not path.exists(), path
    assert not Path("/tmp/shared").exists()


@needs_bwrap
def test_no_network_when_the_configuration_says_so(
    run: Callable[..., AttemptEnd], attempt: Callable[..., AttemptRequest]
) -> None:
    run("ls /sys/class/net > with; cat /proc/net/dev > devices")
    both = (attempt().workspace / "devices").read_text()
    run("cat /proc/net/dev > devices", network=False)
    alone = (attempt().workspace / "devices").read_text()
    assert alone.count(":") <= both.count(":")
    assert [line.split(":")[0].strip() for line in alone.splitlines()[2:]] == ["lo"]


@needs_bwrap
def test_a_daemon_in_the_sandbox_ends_with_it(run: Callable[..., AttemptEnd]) -> None:
    end = run("setsid sleep 300 & sleep 0.1; exit 0")
    assert end.reason_code is Reason.ENDED
    assert end.seconds < 5


@needs_bwrap
def test_temporary_files_have_a_place(
    run: Callable[..., AttemptEnd], attempt: Callable[..., AttemptRequest], tmp_path: Path
) -> None:
    request = replace(attempt(), environ={**os.environ, "TMPDIR": str(tmp_path / "unseen")})
    end = run('touch "$(mktemp)" && echo "$TMPDIR"', request)
    assert (end.code, end.output.read_text()) == (0, "/tmp\n")


INSIDE = """
import os, sys
from pathlib import Path
import orchestrate
from orchestrate.agents.adapter import AttemptRequest
from orchestrate.agents.pack import StepPack
from orchestrate.agents.registry import adapter_for
from orchestrate.policy.config import load_config
from orchestrate.runner.workspace_hooks import write_hooks
assert orchestrate.__file__.startswith(os.getcwd())
config = load_config(b"agents: {a: {command: ['true'], sandbox: bwrap}}").agents["a"]
repo, folder = map(Path, sys.argv[1:])
pack = StepPack(plan="p", task="t", title="T", attempt="R0/S0", objective="o")
request = AttemptRequest(repo, folder / "scratch", pack, "", environ=os.environ,
                         git_hooks=write_hooks(folder / "hooks"))
print(adapter_for("a", config).run(request).reason_code)
"""


@needs_bwrap
def test_this_program_is_seen_inside_wherever_it_is_installed(tmp_path: Path, repo: Path) -> None:
    """Here below /tmp, where the sandbox has a folder of its own in the real one's place."""
    root = Path(tempfile.mkdtemp(prefix="orchestrate-", dir="/tmp"))
    try:
        shutil.copytree(Path(orchestrate.__file__).parent, root / "orchestrate")
        for name in ("rules", "schemas", "plan-templates"):
            (root / name).symlink_to(Path(orchestrate.__file__).parents[1] / name)
        done = subprocess.run(
            [sys.executable, "-c", INSIDE, str(repo), str(tmp_path)],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        shutil.rmtree(root)
    assert done.stdout.split() == ["ENDED"], done.stderr
