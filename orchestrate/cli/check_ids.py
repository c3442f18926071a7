"""The ids and groups of checks as values on a command line, which shells complete."""

from contextlib import closing, suppress
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from orchestrate.checks.catalogue import CATALOGUE
from orchestrate.checks.explaining import known_ids
from orchestrate.checks.selecting import GROUPS
from orchestrate.errors import OrchestrateError
from orchestrate.git.changes import Objects
from orchestrate.git.folders import top_of
from orchestrate.hooks.place import Place


class CheckId(click.ParamType[str]):
    """An id of a check, or, after commas, several with the groups; completes to those there are."""

    name = "id"

    def __init__(self, *, groups: bool) -> None:
        self._groups = groups

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """What begins with what is typed; of a list, its last part."""
        before, comma, begun = incomplete.rpartition(",") if self._groups else ("", "", incomplete)
        names = [*(GROUPS if self._groups else ()), *sorted(_ids_in(_folder(ctx)))]
        return [CompletionItem(before + comma + n) for n in names if n.startswith(begun)]


def _folder(ctx: click.Context) -> str:
    return ctx.find_root().params.get("directory") or "."


def _ids_in(folder: str) -> frozenset[str]:
    """The ids that hold in the repository at `folder`; those built in where it cannot be read."""
    with suppress(OrchestrateError), closing(Objects(top_of(folder))) as objects:
        policy, _, search = Place(objects, Path(objects.folder)).prepared()
        return known_ids(policy, search.ruleset)
    return frozenset(CATALOGUE)


ID, GROUP_OR_ID = CheckId(groups=False), CheckId(groups=True)
