"""The text of the hook stubs: they find the interpreter and hand over; nothing is decided in them.

Rules kept here:

* The interpreter and the entry are recorded in the repository's own configuration by `install`;
  without them PATH is tried; without that the hook refuses, with the line that repairs it.
* POSIX sh and git alone, and at most one git process to find the interpreter; none where the
  configuration is as git writes it, beside the hooks.
* What takes longest in a large repository, comparing the index with HEAD, is started here: it needs
  nothing that an interpreter would have to say.
* A hook that was there before runs first, from the file it was moved to, with the same arguments
  and the same standard input.
"""

from orchestrate.git.changes import GIVEN, staged_in_shell

BEGIN = "# >>> orchestrate >>>"
END = "# <<< orchestrate <<<"
CHAINED = ".before-orchestrate"  # the suffix of a hook that was moved aside

HOOKS = (
    "pre-commit",
    "pre-merge-commit",
    "prepare-commit-msg",
    "commit-msg",
    "pre-push",
    "post-rewrite",
)
OPT_IN = ("reference-transaction",)
ALL = HOOKS + OPT_IN
READS_STDIN = ("pre-push", "post-rewrite", "reference-transaction")
# A hook that only keeps records must not fail what has already happened.
_NEVER_FAILS = ("post-rewrite",)

PROBE = "--orchestrate-probe"
PROBE_ANSWER = "orchestrate: this hook fires"

# Hooks that most commits need not start an interpreter for.
_NOTHING_TO_DO = {
    "prepare-commit-msg": (
        "git_dir=${GIT_DIR:-.git}\n"
        'if [ "${1-}" != "{PROBE}" ] && [ -d "$git_dir" ] '
        '&& [ ! -e "$git_dir/orchestrate-task.json" ]; then\n'
        "  exit 0\n"
        "fi\n"
    ),
    "reference-transaction": (
        'if [ "${1-}" != "{PROBE}" ] && [ "${1-}" != prepared ]; then\n  exit 0\nfi\n'
    ),
}


def stub(hook: str) -> str:
    """The whole file of a hook."""
    run = _CHAIN_STDIN if hook in READS_STDIN else _CHAIN
    quick = _NOTHING_TO_DO.get(hook, "").replace("{PROBE}", PROBE)
    missing = "exit 0" if hook in _NEVER_FAILS else "exit 1"
    start = _COMPARE + _START if hook == "pre-commit" else _START
    body = (run + quick + _FIND + start + _REFUSE + missing + "\n").replace("{HOOK}", hook)
    body = body.replace("{PROBE}", PROBE).replace("{CHAINED}", CHAINED)
    return f"#!/bin/sh\n{BEGIN}\n{body}{END}\n"


_CHAIN = """\
# A hook that was here before orchestrate runs first.
chained=${0%/*}/{HOOK}{CHAINED}
if [ "${1-}" != "{PROBE}" ] && [ -x "$chained" ]; then
  "$chained" "$@" || exit $?
fi
"""

_CHAIN_STDIN = """\
# A hook that was here before orchestrate runs first; both get what git says on standard input.
chained=${0%/*}/{HOOK}{CHAINED}
if [ "${1-}" != "{PROBE}" ] && [ -x "$chained" ]; then
  said=$(cat; echo .)
  said=${said%.}
  printf '%s' "$said" | "$chained" "$@" || exit $?
  exec <<ORCHESTRATE_STDIN
${said}
ORCHESTRATE_STDIN
fi
"""

_FIND = """\
# GUI clients start hooks with hardly any PATH; git names its own folder.
PATH=${PATH:-/usr/bin:/bin}${GIT_EXEC_PATH:+:$GIT_EXEC_PATH}
python=
entry=
section=
case ${0%/*} in
.git/hooks | */.git/hooks)
  # The configuration stands beside git's own hooks folder: as written, it is read without git.
  while IFS= read -r line; do
    case $section$line in
      *'[orchestrate]') section=ours ;;
      *'['*) section= ;;
      'ours	python = '*) python=${line#*= } ;;
      'ours	entry = '*) entry=${line#*= } ;;
    esac
  done <"${0%/*}/../config"
  ;;
esac
if [ ! -x "$python" ] || [ ! -f "$entry" ]; then
  while read -r key value; do
    case $key in
      orchestrate.python) python=$value ;;
      orchestrate.entry) entry=$value ;;
    esac
  done <<ORCHESTRATE_CONFIG
$(git config --local --get-regexp '^orchestrate\\.(python|entry)$' 2>/dev/null)
ORCHESTRATE_CONFIG
fi
"""


_COMPARE = f"""\
if [ -x "$python" ] && [ -f "$entry" ] && [ $# -eq 0 ]; then
  # Git compares while the interpreter starts.
  {{
    {staged_in_shell("HEAD")}
  }} 2>/dev/null | "$python" -I -S "$entry" {{HOOK}} {GIVEN}
  exit $?
fi
"""


# `while read` above takes its input from a heredoc: standard input is still the hook's.
_START = """\
if [ -x "$python" ] && [ -f "$entry" ]; then
  exec "$python" -I -S "$entry" {HOOK} "$@"
fi
if command -v orchestrate >/dev/null 2>&1; then
  exec orchestrate hook {HOOK} "$@"
fi
"""

_REFUSE = """\
echo 'orchestrate: the {HOOK} hook finds no interpreter, so it refuses' >&2
echo 'hint: install orchestrate, then run `orchestrate doctor --repair` here' >&2
"""
