# `make demo` and `make test` set up everything they need from a bare clone: git and Python 3.11+.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# A second worker halves the time on two cores; more would fight over them.
WORKERS ?= 2

.PHONY: demo test lint bench fuzz docs lock test-clients test-frameworks clean

demo: $(READY)
	$(BIN)/orchestrate demo

test: $(READY)
	$(BIN)/python -m pytest -n $(WORKERS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict orchestrate

# Real coding clients against a scripted model on loopback; the list may be cut: CLIENTS="gemini mini".
CLIENTS ?= claude codex gemini opencode aider mini
test-clients: $(READY)
	bash tests/clients/install.sh $(CLIENTS)
	ORCHESTRATE_CLIENTS="$(CLIENTS)" $(BIN)/python -m pytest -m clients tests/clients

# Real pre-commit and prek, from PyPI into pytest's own temporary folder.
test-frameworks: $(READY)
	$(BIN)/python -m pytest -m frameworks tests/frameworks

bench: $(READY)
	$(BIN)/python -m benchmarks

# One target a minute; more: make fuzz SECONDS=3600. atheris has wheels for Linux.
SECONDS ?= 60
fuzz: $(READY)
	$(BIN)/pip install --quiet atheris
	for target in $$($(BIN)/python -c 'from tests.fuzz.targets import TARGETS; print(*TARGETS)'); do \
	  $(BIN)/python -m tests.fuzz $$target -max_total_time=$(SECONDS) || exit 1; done

docs: $(READY)
	$(BIN)/python -m tests.generated_docs

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "orchestrate needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@case "$$(uname -s)" in Linux|Darwin) ;; *) echo "orchestrate runs on Linux and macOS"; exit 1;; esac
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

# The lock holds every version with its hashes, and no registry's address.
lock:
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 --group dev --extra build pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache
