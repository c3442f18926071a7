"""The environment of an agent: names that are allowed, and nothing else of the runner's.

Keys and base URLs are passed only to the tool whose they are. No GIT_* variable of the runner is:
a hook's would point git at another repository. Git itself asks nobody, and its hooks are pinned:
`GIT_CONFIG_PARAMETERS` is read after `GIT_CONFIG_COUNT`, which one client sets to switch hooks off,
and holds after `git config --unset core.hooksPath` (shared by all six clients, seen with each).
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from orchestrate.errors import InvalidInput

# Whatever the tool: where programs, home and temporary files are, language, terminal, network.
BASE_NAMES = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "TERM", "LANG", "LANGUAGE"),
        *("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE"),
    }
)
IDENTITY = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL")


def allowed(
    environ: Mapping[str, str], names: Iterable[str] = (), prefixes: tuple[str, ...] = ()
) -> dict[str, str]:
    """The variables of `environ` that a tool may see: the base, `names`, and those by prefix."""
    wanted = BASE_NAMES.union(names, IDENTITY)
    picked = {
        name: value
        for name, value in environ.items()
        if name in wanted
        or name.startswith("LC_")
        or (bool(prefixes) and name.startswith(prefixes))
    }
    picked.setdefault("PATH", os.defpath)
    picked["GIT_TERMINAL_PROMPT"] = "0"
    picked["GIT_OPTIONAL_LOCKS"] = "0"
    return picked


def pin_hooks(folder: Path) -> dict[str, str]:
    """Variables that make git run the hooks of this folder, whatever the configuration says.

    Raises:
        InvalidInput: the path is relative, or holds a quote or newline, which git would misread.
    """
    path = str(folder)
    if not folder.is_absolute() or "'" in path or "\n" in path:
        raise InvalidInput(f"hooks folder {path!r} must be an absolute path without quotes")
    return {"GIT_CONFIG_PARAMETERS": f"'core.hooksPath'='{path}'"}
