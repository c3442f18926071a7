"""Starts a hook: the fast path where one exists, and the whole engine whenever that is in doubt.

Rules kept here:

* The fast path ends with 0, with what a closer look at some files found, or with a doubt.
* Whatever goes wrong in it, the engine decides; whatever goes wrong there, the hook refuses.
"""

from __future__ import annotations

import gc
import os
import sys

from orchestrate.git.changes import GIVEN, Objects, parse_raw, read_given, start_staged
from orchestrate.hooks import cache_file, places
from orchestrate.hooks.prefilter import Compiled, Doubt, Shipped, Task, judge_each, judge_together

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, NoReturn

    from orchestrate.checks.findings import Finding
    from orchestrate.git.changes import Raw
    from orchestrate.hooks import parts
    from orchestrate.hooks.prefilter import Contents, Suspect

SEVERAL = 10  # files from which reading without git pays its imports
MANY = 200  # files from which the change is judged in parts (`parts.py`)

# What the policy is made of, by the names that git knows in the commit that is built on.
POLICY_OBJECTS = (".orchestrate", ".orchestrate/config.yaml", ".orchestrate/rules",
                  ".orchestrate/roles")  # fmt: skip


def main(argv: Sequence[str]) -> NoReturn:
    """Run one hook and end the process."""
    hook, *arguments = argv or [""]
    if arguments[:1] == ["--orchestrate-probe"]:  # `doctor` asks; see stubs.py
        sys.stderr.write("orchestrate: this hook fires\n")
        _end(0)
    gc.disable()  # what the fast path makes is little and lives as long as it
    doubtful = None
    if hook in FAST:
        try:
            _end(FAST[hook](os.getcwd(), arguments))
        except Doubt as doubt:
            doubtful = doubt.paths
        except Exception as error:  # noqa: BLE001 - any failure here is a doubt; the engine decides
            if os.environ.get("ORCHESTRATE_DEBUG"):
                sys.stderr.write(f"orchestrate: fast path: {type(error).__name__}: {error}\n")
    _whole(hook, arguments, doubtful)


def _end(code: int) -> NoReturn:
    # No finalizers: freeing the databases would cost a millisecond of every commit.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _whole(hook: str, arguments: Sequence[str], doubtful: frozenset[bytes] | None) -> NoReturn:
    """Run the hook with everything imported; `doubtful` is what the fast path left to look at."""
    gc.enable()
    if sys.flags.no_site:
        import site

        site.main()
    from orchestrate.hooks.full import run_hook

    _end(run_hook(hook, arguments, doubtful))


def pre_commit(folder: str, arguments: Sequence[str]) -> int:
    """The exit code, when what is staged surely gives no finding or a closer look is enough.

    Raises:
        Doubt: the engine must look.
    """
    git_dir = places.find_git_dir(folder)
    if git_dir is None:
        raise Doubt("no git directory")
    if os.path.exists(os.path.join(git_dir, "MERGE_HEAD")):
        raise Doubt("a merge")
    is_given = GIVEN in arguments
    # First: in a large repository it takes longest.
    staged = None if is_given else start_staged("HEAD", folder)
    with Objects(folder) as objects:
        objects.ask_info([f"HEAD:{name}" for name in POLICY_OBJECTS])
        source = places.read_task(git_dir)
        common = places.common_dir(git_dir)
        shipped = shipped_part(common)  # while git looks for the policy
        key = policy_key(objects)
        compiled = Compiled(cached_table(common, key, shipped), shipped)
        objects.most = compiled.table["max_bytes"]
        task = _task(git_dir, source, key, shipped.hyperscan)
        entries = parse_raw(read_given(0) if staged is None else staged.read_all())
        found = _findings(entries, compiled, task, _reader(len(entries), common, objects))
    return _report(found) if found else 0


def _reader(files: int, common: str, objects: Objects) -> Contents:
    if files < SEVERAL:
        return objects
    from orchestrate.git.loose import LooseFirst

    store = os.environ.get("GIT_OBJECT_DIRECTORY") or os.path.join(common, "objects")
    return LooseFirst(store, objects)


def _findings(
    entries: Sequence[Raw], compiled: Compiled, task: Task | None, objects: Contents
) -> Sequence[Finding]:
    """What a closer look at the suspects found. Raises: Doubt."""

    def judge_part(part: Sequence[Raw], in_child: bool) -> parts.Judged:
        where = objects.for_child() if in_child else objects
        suspects = judge_each(part, compiled, task, where)
        paths = frozenset(suspect.path for suspect in suspects)
        return (_look_closer(suspects, compiled, task, where, paths) if paths else []), paths

    if len(entries) < MANY:
        judge_together(entries, compiled, task, objects)
        return judge_part(entries, False)[0]
    from orchestrate.hooks import parts

    return parts.findings(
        entries, judge_part, lambda: judge_together(entries, compiled, task, objects)
    )


def _look_closer(
    suspects: Sequence[Suspect],
    compiled: Compiled,
    task: Task | None,
    objects: Contents,
    paths: frozenset[bytes],
) -> Sequence[Finding]:
    try:
        # `-S` left the packages' folder out; RE2 stands there beside hyperscan.
        folder = compiled.shipped.value["extension"].rpartition("/")[0].rpartition("/")[0]
        if folder not in sys.path:
            sys.path.append(folder)
        from orchestrate.hooks import closer

        return closer.findings(suspects, compiled, task.role if task else "", objects)
    except Doubt:
        raise
    except Exception as error:
        raise Doubt(f"the closer look: {type(error).__name__}: {error}", paths) from error


def _report(found: Sequence[Finding]) -> int:
    from orchestrate.hooks.saying import report

    return report(found, "commit")


def commit_msg(folder: str, arguments: Sequence[str]) -> int:
    """0, when the message in the file surely gives no finding.

    Raises:
        Doubt: it may give one.
    """
    git_dir = places.find_git_dir(folder)
    if git_dir is None:
        raise Doubt("no git directory")
    with Objects(folder) as objects:
        objects.ask_info([f"HEAD:{name}" for name in POLICY_OBJECTS])
        with open(arguments[0], "rb") as file:
            text = file.read()
        common = places.common_dir(git_dir)
        shipped = shipped_part(common)
        compiled = Compiled(cached_table(common, policy_key(objects), shipped), shipped)
    from orchestrate.hooks.prefilter_message import judge_message

    judge_message(text, compiled)
    return 0


SHIPPED = "shipped"  # the file of the cache for what is the same under every policy
# The installation that runs: another one may mean another thing by the same table.
HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

FAST = {"pre-commit": pre_commit, "commit-msg": commit_msg}


def policy_key(objects: Objects) -> str:
    """The name of the policy's cache: the ids of its files in HEAD; the question was asked before.

    Raises:
        Doubt: something else than a folder stands where the policy should.
    """
    ids = []
    for name in POLICY_OBJECTS:
        found = objects.read_info()
        kind = "blob" if name.endswith(".yaml") else "tree"
        if found is not None and found[1] != kind:
            raise Doubt(f"{name} is no {kind}")
        # The folder itself changes with every plan; only that it is one matters.
        ids.append("-" if found is None else "+" if name == ".orchestrate" else found[0])
    return "".join(ids[1:])


def shipped_part(common: str) -> Shipped:
    """What is the same under every policy, from the cache.

    Raises:
        Doubt: it is not there, or was made from other shipped files.
    """
    value = cache_file.read(os.path.join(cache_file.folder_of(common), SHIPPED))
    if value is None:
        raise Doubt("nothing is compiled")
    if value.get("made_by") != HOME:
        raise Doubt("another installation compiled it")
    for path, mtime, size in value["inputs"]:
        about = os.stat(path)
        if about.st_mtime_ns != mtime or about.st_size != size:
            raise Doubt("the shipped files changed")
    return Shipped(value, load_extension(value["extension"]))


def cached_table(common: str, key: str, shipped: Shipped) -> dict[str, Any]:
    """The compiled policy from the cache.

    Raises:
        Doubt: there is none, or it was made from other shipped files.
    """
    table = cache_file.read(os.path.join(cache_file.folder_of(common), f"{key}.table"))
    if table is None:
        raise Doubt("the policy is not compiled")
    found: dict[str, Any] = table
    if any(found.get(name) != shipped.value[name] for name in ("made_by", "made_of")):
        raise Doubt("the policy was compiled from other shipped files")
    return found


def _task(git_dir: str, source: bytes | None, key: str, hyperscan: Any) -> Task | None:
    if source is None:
        return None
    value = cache_file.read(os.path.join(git_dir, "orchestrate-task.cache"))
    if value is None or value["source"] != source or value["policy_key"] != key:
        raise Doubt("the task is not compiled")
    return Task(value, hyperscan)


def load_extension(path: str) -> Any:
    """Hyperscan's own module, without the package around it, which imports typing."""
    import _imp
    from _frozen_importlib import ModuleSpec
    from _frozen_importlib_external import ExtensionFileLoader

    name = "hyperscan._hs_ext"
    spec = ModuleSpec(name, ExtensionFileLoader(name, path), origin=path)
    module = _imp.create_dynamic(spec)
    _imp.exec_dynamic(module)
    return module
