# The commands of the workshop: setup, run, test, check, bench.
#   make run ARGS="ls --json"   passes arguments to mnix
#   make test ARGS="-k fleet"   passes arguments to pytest
.PHONY: setup run test check bench lock clean
.PHONY: check-format check-lint check-types check-imports
.DEFAULT_GOAL := setup

ARGS ?=
PY := .venv/bin/python
SOURCES := mnix_tui server_agent tests

setup: .venv/.mnix-dev

.venv/.mnix-dev: requirements-dev.lock requirements.lock pyproject.toml
	@sh tests/setup/venv.sh dev

.venv/.mnix-run: requirements.lock pyproject.toml
	@sh tests/setup/venv.sh run

run: .venv/.mnix-run
	@exec .venv/bin/mnix $(ARGS)

# All four say what they found, and then it fails if one did.
check: setup
	@$(MAKE) --no-print-directory --keep-going check-format check-lint check-types check-imports

check-format:
	$(PY) -m ruff format --check --quiet $(SOURCES)
check-lint:
	$(PY) -m ruff check --quiet $(SOURCES)
check-types:
	$(PY) -m mypy
check-imports:
	.venv/bin/lint-imports --no-logo

test: setup
	@sh tests/setup/system.sh
	@$(MAKE) --no-print-directory check
	@sh tests/setup/test.sh $(ARGS)

bench: setup
	$(PY) -m tests.bench $(ARGS)

lock:
	@sh tests/setup/lock.sh

clean:
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
