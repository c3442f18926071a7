"""Each real client does a task, is refused, corrects itself, and ends with the right reason."""

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrate.agents import hook_proof, proof_cache
from orchestrate.agents.adapter import Outcome
from orchestrate.agents.limits import ProcessLimits
from orchestrate.agents.reasons import Reason
from orchestrate.agents.result import BEGIN, END
from orchestrate.agents.sessions import Session
from tests.clients.conftest import Bench
from tests.clients.model import Turn

pytestmark = pytest.mark.clients

REPORT = f'Done.\n{BEGIN}\n{{"verdict": "done", "summary": "added"}}\n{END}\n'
SHELL = ("claude", "codex", "gemini", "opencode", "mini")  # aider runs no commands
HOOKS = ("claude", "codex", "gemini", "opencode")


def test_probe_tells_the_version(bench: Bench) -> None:
    probe = bench.adapter([]).probe()
    assert probe.installed
    assert probe.runnable, probe.reason
    assert probe.version or bench.name == "mini"  # which tells it in its greeting only


def test_a_task_end_to_end(bench: Bench, git: Callable[..., str]) -> None:
    """Refused by its own hook, twice, and by git's; corrected; reported."""
    turns = [
        Turn("Elsewhere.", write=("docs/x.txt", "out of scope")),
        Turn("Bypass.", shell="git commit --allow-empty --no-verify -m bypass"),
        Turn("Write.", write=("src/new.txt", "FORBIDDEN")),
        Turn("Commit.", shell="git add -A src && git commit -m bad"),
        Turn("Fix.", write=("src/new.txt", "fine")),
        Turn("Again.", shell="git add -A src && git commit -m good"),
        Turn(REPORT),
    ]
    if bench.name == "aider":
        turns = [turns[4], Turn(REPORT)]
    elif bench.name == "mini":
        turns = turns[2:]  # it has no hooks of its own
    end = bench.run(turns)
    assert (end.outcome, end.reason_code) == (Outcome.ENDED, Reason.ENDED), end
    assert (bench.repo / "src/new.txt").read_text().strip() == "fine"
    if bench.name == "aider":
        return
    assert git("log", "--format=%s", cwd=bench.repo).split("\n") == ["good", "feat: first"]
    assert end.result is not None
    assert end.result.summary == "added"
    assert end.usage.input_tokens >= 5000 or bench.name == "mini"
    if bench.name in HOOKS:
        assert not (bench.repo / "docs/x.txt").exists()
        assert end.refused >= 2
        assert end.session is not None and end.session.id
        told = " ".join(bench.model.requests) if bench.model else ""
        assert "outside the scope of this task" in told
        assert "drop --no-verify" in told
        assert "GUARD: the change holds FORBIDDEN" in told
    if bench.name in ("claude", "opencode"):
        assert end.usage.cost_usd
    assert end.usage.turns


def test_refused_credentials(bench: Bench) -> None:
    end = bench.run([Turn(status=401)] * 30)
    assert (end.outcome, end.reason_code) == (Outcome.TOOL_FAILED, Reason.AGENT_AUTH), end


def test_an_overloaded_service_is_tried_again(bench: Bench) -> None:
    if bench.name == "mini":
        pytest.skip("mini tries again for minutes by itself; the attempt's limits end that")
    end = bench.run([Turn(status=529), Turn("Fix.", write=("src/new.txt", "fine")), Turn(REPORT)])
    assert end.reason_code is Reason.ENDED, end
    assert (bench.repo / "src/new.txt").exists()


def test_runtime_ends_it_with_the_tools_command(bench: Bench) -> None:
    if bench.name not in SHELL:
        pytest.skip("aider runs no commands")
    turns = [Turn("Wait.", shell="echo started > src/began; sleep 300"), Turn(REPORT)]
    cancel = threading.Event()
    began = bench.repo / "src/began"
    watcher = threading.Thread(target=_cancel_when, args=(began, cancel))
    watcher.start()
    end = bench.adapter(turns).run(bench.attempt(), cancel)
    watcher.join()
    assert began.exists(), end
    assert (end.outcome, end.reason_code) == (Outcome.CANCELLED, Reason.CANCELLED), end


def _cancel_when(path: Path, cancel: threading.Event) -> None:
    for _ in range(600):
        if path.exists():
            break
        threading.Event().wait(0.1)
    cancel.set()


def test_silence(bench: Bench) -> None:
    limits = ProcessLimits(max_silence_sec=6, max_runtime_sec=60, grace_sec=0.5)
    end = bench.run([Turn("x", delay=60)], limits=limits)
    assert (end.outcome, end.reason_code) == (Outcome.STOPPED, Reason.NO_OUTPUT), end


def test_waiting_for_the_model_is_a_sign_of_life(bench: Bench) -> None:
    limits = ProcessLimits(heartbeat_sec=3, max_runtime_sec=90, grace_sec=0.5)
    turns = [Turn("x", delay=12, write=("src/new.txt", "fine")), Turn(REPORT)]
    end = bench.run(turns, limits=limits)
    assert end.reason_code is Reason.ENDED, end


def test_saying_the_same_again_and_again_ends_it(bench: Bench) -> None:
    same = Turn("I look at it again.", shell="ls src")
    if bench.name == "aider":
        pytest.skip("aider asks three times at most by itself")
    end = bench.run([same] * 10)
    assert (end.outcome, end.reason_code) == (Outcome.STOPPED, Reason.OUTPUT_LOOP), end
    assert bench.model is not None
    assert len(bench.model.requests) < 7


def test_turns_are_limited_while_it_runs(bench: Bench) -> None:
    if bench.name == "aider":
        pytest.skip("aider has one turn a message")
    end = bench.run([Turn("x", shell=f"echo {word}") for word in "abcdefgh"], max_turns=3)
    assert end.reason_code is Reason.TURN_LIMIT, end
    assert bench.model is not None
    assert len(bench.model.requests) <= 5


def test_a_session_is_continued_and_its_usage_counted_once(bench: Bench) -> None:
    adapter = bench.adapter([Turn("One."), Turn("Two.")])
    if not adapter.probe().capabilities.resume:
        pytest.skip(f"{bench.name} has no sessions")
    first = adapter.run(bench.attempt())
    assert first.session is not None, first
    second = adapter.run(bench.attempt(session=first.session))
    assert second.reason_code is Reason.ENDED, second
    assert second.session is not None
    assert second.session.id == first.session.id
    assert first.usage.input_tokens == second.usage.input_tokens == 1000
    assert second.session.usage.input_tokens == 2000
    told = bench.model.requests[-1] if bench.model else ""
    assert "One." in told  # it remembers


def test_a_session_that_is_gone_is_an_error(bench: Bench) -> None:
    adapter = bench.adapter([Turn("One.")])
    if not adapter.probe().capabilities.resume:
        pytest.skip(f"{bench.name} has no sessions")
    gone = "ses_00000000000000000000000000" if bench.name == "opencode" else ""
    session = Session(
        bench.name, "demo-abc234", "add", gone or "00000000-0000-4000-8000-000000000000"
    )
    end = adapter.run(bench.attempt(session=session))
    assert end.reason_code is Reason.SESSION_UNKNOWN, end
    assert bench.model is not None
    assert not bench.model.requests, "the model was asked in a new session"


def silence(client: str, patch: pytest.MonkeyPatch) -> None:
    """As if the client did not take our settings: what it is given asks for another event."""
    module = f"orchestrate.agents.{client}"
    if client == "opencode":
        patch.setattr(f"{module}.PLUGIN", "this is not JavaScript %(argv)s")
    elif client == "codex":
        patch.setattr(f"{module}._hook", lambda event, line: f"hooks.Interrupt=[] # {line}")
    else:
        patch.setattr(f"{module}._settings", lambda hook: {"hooks": {}})


def test_a_client_that_does_not_fire_its_hooks_is_not_started(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    if bench.name not in HOOKS:
        pytest.skip(f"{bench.name} has no hooks")
    shutil.rmtree(proof_cache.folder())
    silence(bench.name, monkeypatch)
    end = bench.run([Turn("x", shell="echo x")])
    assert (end.outcome, end.reason_code) == (Outcome.TOOL_FAILED, Reason.HOOKS_SILENT), end
    assert "it ran what its hook must refuse" in end.detail
    assert bench.model is not None
    assert not bench.model.requests, "the attempt's own model was asked"


def test_a_client_whose_shell_loses_gits_hooks_is_not_started(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A git that forgets how it was configured stands in PATH before the real one."""
    if bench.name not in SHELL:
        pytest.skip("aider runs no commands")
    shutil.rmtree(proof_cache.folder())
    programs = tmp_path / "bin"
    programs.mkdir()
    real = shutil.which("git")
    (programs / "git").write_text(f'#!/bin/sh\nunset GIT_CONFIG_PARAMETERS\nexec {real} "$@"\n')
    (programs / "git").chmod(0o755)
    path = f"{programs}:{bench.environ['PATH']}"
    if bench.name == "codex":
        pytest.skip("its login shell builds PATH anew, so this git is not found there")
    end = bench.run([Turn("x", shell="echo x")], environ={**bench.environ, "PATH": path})
    assert (end.outcome, end.reason_code) == (Outcome.TOOL_FAILED, Reason.GIT_HOOKS_SILENT), end
    assert bench.model is not None
    assert not bench.model.requests


def test_hooks_that_do_not_fire_end_the_run(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though they did when they were proved: the user's own settings may stand in the way."""
    if bench.name not in HOOKS:
        pytest.skip(f"{bench.name} has no hooks")
    assert bench.run([Turn("Nothing.")]).reason_code is Reason.ENDED
    silence(bench.name, monkeypatch)
    end = bench.run([Turn("x", shell="echo x; sleep 20"), Turn("x", shell="echo y")])
    assert (end.outcome, end.reason_code) == (Outcome.TOOL_FAILED, Reason.HOOKS_SILENT), end
    assert "called a tool and its hooks did not fire" in end.detail


def test_the_proof_costs_once(bench: Bench) -> None:
    first = hook_proof.require(bench.adapter([]), bench.environ)
    began = time.monotonic()
    again = hook_proof.require(bench.adapter([]), bench.environ)
    assert again == first
    assert time.monotonic() - began < 0.5
    if bench.name == "aider":
        assert first is None
    else:
        assert first is not None
        assert first.git
        assert first.own == ("tool call" if bench.name in HOOKS else "")


def test_what_an_agent_does_to_its_hooks_does_not_help(
    bench: Bench, git: Callable[..., str]
) -> None:
    """Hooks unset, settings rewritten and switched off, references written: all in one run."""
    if bench.name not in HOOKS:
        pytest.skip(f"{bench.name} has no hooks")
    off = '{"disableAllHooks": true, "hooks": {}}'
    overwrite = (
        'python3 -c "import os; [os.makedirs(d, exist_ok=True) or '
        f"open(d + '/settings.json', 'w').write('''{off}''') "
        "for d in ('.claude', '.gemini')]\""
    )
    turns = [
        Turn("x", shell="git config --local core.hooksPath /dev/null"),
        Turn(
            "x", shell="python3 -c \"open('.git/config', 'a').write('[core]\\nhooksPath=/x\\n')\""
        ),
        Turn("x", shell=overwrite),
        Turn("x", shell="sleep 1; git commit --allow-empty --no-verify -m bypass"),
        Turn("x", write=("src/new.txt", "FORBIDDEN")),
        Turn("x", shell="git add src && git commit -m bad"),
        Turn("x", shell="printf 'git commit --no-verify -qm worse' > src/s.sh; sh src/s.sh"),
        Turn(REPORT),
    ]
    end = bench.run(turns)
    assert end.reason_code is Reason.ENDED, end
    assert end.refused >= 2
    assert git("log", "--format=%s", cwd=bench.repo) == "feat: first"


def test_in_the_sandbox_only_the_workspace_can_be_written(bench: Bench, tmp_path: Path) -> None:
    users = tmp_path / "users-repository"
    users.mkdir()
    (users / "secret.txt").write_text("untouched")
    program = "import pathlib; p = pathlib.Path({!r}); p.exists() and p.write_text('x')"
    write = f'cat {users}/secret.txt; python3 -c "{program.format(str(users / "secret.txt"))}"'
    if bench.name not in SHELL:
        write = ""
    adapter = bench.adapter(
        [Turn("x", shell=write)] * bool(write)
        + [Turn("x", write=("src/new.txt", "y")), Turn(REPORT)],
        sandbox="bwrap",
    )
    end = adapter.run(replace(bench.attempt(), hide=(users,)))
    if end.reason_code is Reason.SANDBOX_MISSING:
        pytest.skip(end.detail)
    assert end.reason_code is Reason.ENDED, end
    assert (bench.repo / "src/new.txt").exists()
    assert (users / "secret.txt").read_text() == "untouched"
    assert "untouched" not in " ".join(bench.model.requests if bench.model else ())
