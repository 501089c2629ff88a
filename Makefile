# Two commands matter: `make run` and `make test`. They need Python 3.11+ and make, nothing else.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help env run demo check test lint browser bench lock clean

# The first of these that is new enough; or name one: make run PYTHON=/somewhere/python3.12
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && exit; \
	done; echo python3)
VENV := .venv
BIN := $(VENV)/bin
# Compiled modules are kept, whatever the shell says: a start takes a third of the time.
export PYTHONDONTWRITEBYTECODE =
WORKERS ?= 3

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/runtime.stamp ## Start everything on this machine; Ctrl-C stops it, the data stay in ./var
	@exec $(BIN)/python -m oversight run --tethered

demo: $(VENV)/runtime.stamp ## The same with throw-away data and a trial ten times as fast
	@var=$$(mktemp -d) && trap 'rm -rf "$$var"' EXIT INT TERM && \
	OVERSIGHT_VAR="$$var" OVERSIGHT_DEMO=1 OVERSIGHT_DEMO_SPEED=$${OVERSIGHT_DEMO_SPEED:-10} \
	$(BIN)/python -m oversight run --tethered --throwaway

env: $(VENV)/development.stamp ## Make the environment in .venv with all that tests need

check: lint ## The quick part of what CI runs: style, types, layers, fast tests
	@$(BIN)/python -m pytest -q -n $(WORKERS) -m "not slow and not browser and not faults"

test: lint browser ## Everything, with real servers, workers and a real browser
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

lint: $(VENV)/development.stamp
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || { echo "Run .venv/bin/ruff format ."; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

browser: $(VENV)/development.stamp
	@$(BIN)/python -m tests.browser.install

bench: $(VENV)/development.stamp ## The figures of docs/performance.md, each with its last line as JSON
	@for name in gateway drain claim console escalation; do $(BIN)/python -m benchmarks.$$name || exit 1; done

lock: $(VENV)/development.stamp ## Pin the requirements anew
	$(BIN)/uv pip compile --universal --python-version 3.11 --no-header --quiet --upgrade requirements.txt -o requirements.lock
	$(BIN)/uv pip compile --universal --python-version 3.11 --no-header --quiet --upgrade requirements-dev.txt -o requirements-dev.lock

clean: ## Remove the environment and caches; ./var stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +

# The environment. uv is fast; where it cannot be installed, pip does the same more slowly.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Oversight needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) -V 2>&1)."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "Python's venv module is missing (on Debian: apt-get install python3-venv)."; exit 1; }

$(VENV)/uv.stamp: | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv || \
		echo "uv cannot be installed here; pip does the work, more slowly."
	@touch $@

$(VENV)/runtime.stamp: requirements.lock | $(VENV)/uv.stamp
	@echo "Installing what the product needs into $(VENV) (once; about 20 seconds)"
	@$(call install,requirements.lock)
	@touch $@

$(VENV)/development.stamp: requirements-dev.lock | $(VENV)/uv.stamp
	@echo "Installing what the tests need into $(VENV) (once; about 20 seconds)"
	@$(call install,requirements-dev.lock)
	@touch $@ $(VENV)/runtime.stamp

install = if [ -x $(BIN)/uv ]; then $(BIN)/uv pip install --quiet --python $(BIN)/python -r $(1); \
	else $(BIN)/python -m pip install --quiet --disable-pip-version-check -r $(1); fi
