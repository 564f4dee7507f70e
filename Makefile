# The commands of the workshop: setup, run, test, check, bench.
#   make run ARGS="ls --json"   passes arguments to mnix
#   make test ARGS="-k fleet"   passes arguments to pytest
.PHONY: setup run test check bench lock clean
.DEFAULT_GOAL := setup

ARGS ?=
PY := .venv/bin/python

setup: .venv/.mnix-dev

.venv/.mnix-dev: requirements-dev.lock requirements.lock pyproject.toml
	@sh tests/setup/venv.sh dev

.venv/.mnix-run: requirements.lock pyproject.toml
	@sh tests/setup/venv.sh run

run: .venv/.mnix-run
	@exec .venv/bin/mnix $(ARGS)

check: setup
	$(PY) -m ruff format --check mnix_tui server_agent tests
	$(PY) -m ruff check mnix_tui server_agent tests
	$(PY) -m mypy
	.venv/bin/lint-imports --no-logo

test: setup
	@sh tests/setup/system.sh
	@$(MAKE) --no-print-directory check
	$(PY) -m pytest $(ARGS)

bench: setup
	$(PY) -m tests.bench $(ARGS)

lock:
	@sh tests/setup/lock.sh

clean:
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
