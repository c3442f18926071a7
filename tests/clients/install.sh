#!/bin/sh
# Install pinned coding clients by name from npm and PyPI, each in its own folder, and print what came.
#
#   tests/clients/install.sh [CLIENT ...]      into $ORCHESTRATE_CLIENTS_DIR (default: the user's cache)
#
# No client given: all six. An installed version is left alone, so a second run costs nothing.
# No install script of a package is run: the native binaries come in the platform packages.
set -eu

CLAUDE=2.1.329 # its metadata asks for node >= 22, its binary needs no node at all
CODEX=0.169.0
GEMINI=0.61.0
OPENCODE=1.18.33
AIDER=0.86.2
MINI=2.4.6

DIR=${ORCHESTRATE_CLIENTS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/orchestrate/clients}
PYTHON=${PYTHON:-$(command -v python3.11 || command -v python3.12 || command -v python3)}
export npm_config_fund=false npm_config_audit=false npm_config_update_notifier=false
mkdir -p "$DIR"
cd "$DIR"

report() { # folder what
  if [ "$3" = 0 ]; then
    echo "$2" > "$1/installed"
    echo "installed $2"
  else
    echo "could not install $2; the end of $DIR/$1/install.log:" >&2
    tail -n 20 "$1/install.log" >&2
    exit 1
  fi
}

from_npm() { # folder package@version
  [ "$(cat "$1/installed" 2>/dev/null)" = "$2" ] && return
  rm -rf "$1" && mkdir "$1" && echo '{"private": true}' > "$1/package.json"
  code=0
  (cd "$1" && npm install --ignore-scripts --loglevel=error "$2") > "$1/install.log" 2>&1 || code=$?
  report "$1" "$2" "$code"
}

from_pypi() { # folder requirement...
  folder=$1 && shift
  [ "$(cat "$folder/installed" 2>/dev/null)" = "$1" ] && return
  rm -rf "$folder" && mkdir "$folder"
  code=0
  { "$PYTHON" -m venv "$folder/venv" && "$folder/venv/bin/pip" install -q "$@"; } \
    > "$folder/install.log" 2>&1 || code=$?
  report "$folder" "$1" "$code"
}

for client in ${*:-claude codex gemini opencode aider mini}; do
  case $client in
    claude) from_npm claude "@anthropic-ai/claude-code@$CLAUDE" ;;
    codex) from_npm codex "@openai/codex@$CODEX" ;;
    gemini) from_npm gemini "@google/gemini-cli@$GEMINI" ;;
    opencode) from_npm opencode "opencode-ai@$OPENCODE" ;;
    aider) from_pypi aider "aider-chat==$AIDER" ;;
    mini) from_pypi mini "mini-swe-agent==$MINI" mcp ;; # its litellm imports mcp without asking for it
    *) echo "unknown client: $client" >&2; exit 2 ;;
  esac
done
