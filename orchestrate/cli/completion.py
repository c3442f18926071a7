"""`orchestrate completion`: the script that lets a shell complete our command lines.

The scripts are click's own. Added to each are the second name of the program, `git-orchestrate`,
and where the shell's git completion asks subcommands for help, `git orchestrate` as well.
"""

import click
from click.shell_completion import get_completion_class

_NAME = "orchestrate"
_VARIABLE = "_ORCHESTRATE_COMPLETE"  # what click makes of the program's name

# git's own bash completion calls `_git_<subcommand>` with the line in words and cword.
_BASH = """
complete -o nosort -F _orchestrate_completion git-orchestrate

_git_orchestrate() {
    local at=1
    while (( at < cword )) && [[ ${words[at]} != orchestrate ]]; do
        (( at++ ))
    done
    local COMP_CWORD=$(( cword - at ))
    local COMP_WORDS=("${words[@]:at}")
    _orchestrate_completion orchestrate
}
"""
# zsh's git completion calls `_git-<subcommand>` with the words from the subcommand on.
_ZSH = """
compdef _orchestrate_completion git-orchestrate
_git-orchestrate() { _orchestrate_completion "$@" }
"""
_FISH = """
complete --no-files --command git-orchestrate --arguments "(_orchestrate_completion)";
"""
_ADDED = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


@click.command()
@click.argument("shell", type=click.Choice(sorted(_ADDED)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell; it is run when the shell starts.

    \b
    bash, in ~/.bashrc:
      eval "$(orchestrate completion bash)"
    zsh, in ~/.zshrc, after compinit:
      eval "$(orchestrate completion zsh)"
    fish, in ~/.config/fish/config.fish:
      orchestrate completion fish | source

    It completes orchestrate and git-orchestrate; with git's own completion also
    git orchestrate.
    """
    made = get_completion_class(shell)
    assert made is not None  # click knows the three shells
    script = made(ctx.find_root().command, {}, _NAME, _VARIABLE)
    click.echo(script.source_template % script.source_vars() + _ADDED[shell])
