"""`orchestrate demo`: the whole way of a plan on a small program, played without a model."""

import shutil
import subprocess  # noqa: TID251 - shows git's own view, as a person would type it
import tempfile
from importlib.resources import as_file, files
from pathlib import Path

import click

from orchestrate.cli.main import run as orchestrate
from orchestrate.cli.output import console
from orchestrate.errors import OrchestrateError
from orchestrate.git.process import run_git
from orchestrate.git.removal import remove_tree
from orchestrate.git.repository import Repository
from orchestrate.ledger.store import plan_ids
from orchestrate.runner.places import repository_cache

_CONFIG = """\
schema_version: 1
default_agent: replay
agents:
  replay:
    adapter: replay
    script: {script}
"""
_CONTEXT = "average_word_length crashes on an empty text"
_TEST = "python3 -m unittest discover -q -s tests -t ."


@click.command()
@click.option(
    "--keep", type=click.Path(file_okay=False), help="Make it in this folder and keep it."
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 16),
    default=2,
    show_default=True,
    help="How many tasks at once.",
)
@click.pass_context
def demo(ctx: click.Context, keep: str | None, jobs: int) -> None:
    """See a plan run on a small program, without a model and without leaving a trace.

    A replay agent plays four tasks of the team-bugfix template: one attempt leaves its scope and is
    sent back, one task waits for a person. Everything is then read back with git alone.

    \b
    Examples:
      orchestrate demo
      orchestrate demo --keep /tmp/orchestrate-demo
    """
    if keep:
        folder = Path(keep).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise OrchestrateError(f"{folder} is not empty", hint="name a new or an empty folder")
        _Demo(folder, jobs).play()
        click.echo(f"\nkept in {folder}")
        return
    with tempfile.TemporaryDirectory(prefix="orchestrate-demo-") as made:
        played = _Demo(Path(made).resolve(), jobs)
        try:
            played.play()
        finally:
            remove_tree(repository_cache(played.repo / ".git"))
    click.echo("\nThe folder is gone; --keep DIR would have kept it.")


class _Demo:
    def __init__(self, folder: Path, jobs: int) -> None:
        self.repo = folder / "textstats"
        self.script = folder / "script.yaml"
        self.jobs = jobs
        self.out = console()

    def play(self) -> None:
        self._say("A small program with a failing test, in a new git repository")
        self._make()
        self._shell(_TEST, quiet=True)
        self._say("A plan from the template team-bugfix; a person reads and approves it")
        self._orchestrate(
            *("plan", "create", "team-bugfix", "--context", _CONTEXT),
            *("--var", f"test_command={_TEST}", "--var", 'source=["textstats/**", "tests/**"]'),
            *("--set", "regression-test.requires_review=true"),
        )
        self._orchestrate("plan", "approve")
        self._say("The run: each task in its own clone, judged, promoted as one commit")
        self._orchestrate("run", "--jobs", str(self.jobs))
        self._say("The last task waits for a person, who looks and approves")
        self._orchestrate("task", "show", "fix")
        self._orchestrate("task", "approve", "regression-test", "--comment", "good edges")
        self._orchestrate("run")
        plan = plan_ids(Repository.open(self.repo))[0]
        branch = f"orchestrate/{plan}"
        self._say("What a reviewer of a pull request sees: commits with code and record")
        self._shell(f"git log --graph --format='%h %s' main..{branch} --stat=72")
        self._shell(f"git show {branch}:.orchestrate/plans/{plan}/record.md")
        self._say("The ledger: one commit an event, read with git and verified by replay")
        self._shell(f"git log --reverse --format='%h %s' refs/orchestrate/ledgers/{plan}")
        self._orchestrate("log", "--verify")
        self._say("The user's own tree was never touched; the branch is ready to merge")
        self._shell("git status --short --branch")

    def _make(self) -> None:
        data = files("orchestrate.demo")
        with as_file(data / "program") as program:
            shutil.copytree(program, self.repo, ignore=shutil.ignore_patterns("__pycache__"))
        self.script.write_bytes((data / "script.yaml").read_bytes())
        settings = self.repo / ".orchestrate"
        settings.mkdir()
        (settings / "config.yaml").write_text(_CONFIG.format(script=self.script))
        (self.repo / ".gitignore").write_text("__pycache__/\n")
        for args in (
            ("init", "-q", "-b", "main"),
            ("config", "user.name", "Demo Person"),
            ("config", "user.email", "demo@example.org"),
            ("add", "-A"),
            ("commit", "-q", "-m", "feat: count words and sentences"),
        ):
            run_git(args, cwd=self.repo)

    def _say(self, text: str) -> None:
        self.out.print(f"\n[bold]== {text}[/bold]")

    def _orchestrate(self, *args: str) -> None:
        shown = " ".join(f"'{a}'" if " " in a or "[" in a else a for a in args)
        self.out.print(f"$ orchestrate {shown}", style="cyan", markup=False)
        code = orchestrate(["-C", str(self.repo), *args])
        if code != 0:
            raise OrchestrateError(f"orchestrate {shown} ended with {code}")

    def _shell(self, line: str, *, quiet: bool = False) -> None:
        """Run a line as a person would; `quiet` shows only how it ended."""
        self.out.print(f"$ {line}", style="cyan", markup=False)
        done = subprocess.run(
            ["/bin/sh", "-c", line], cwd=self.repo, capture_output=True, check=False
        )
        text = (done.stdout + done.stderr).decode("utf-8", "replace").rstrip()
        if quiet:
            text = text.splitlines()[-1] if text else f"exit {done.returncode}"
        self.out.print(text, markup=False)
