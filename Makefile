# The workshop. `make demo` and `make test` do whatever set-up they need: Python 3.11, make and
# a package registry are enough.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input --retries 8 --timeout 60
PACKAGES := tui screens services models
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard models/locale/*/LC_MESSAGES/*.po))
# Two a core: half of a test's time is waiting, for a disk, a server or a line.
WORKERS ?= $(shell expr 2 \* $$(nproc 2>/dev/null || echo 1))
# Its own terminal must not change what the snapshots show; and where nothing compiled may be kept,
# each of the workers and of the programs that they start would compile all of the tests anew.
TEST_ENVIRONMENT := env -u COLORTERM -u NO_COLOR -u PYTHONDONTWRITEBYTECODE TERM=xterm-256color

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup setup-dev demo test check bench snapshots po lock clean

help:
	@echo 'make demo       the console over sample schools; nothing to configure'
	@echo 'make test       every test'
	@echo 'make setup      .venv with .venv/bin/trousseau'
	@echo 'make check      format, lint, types, layers, translations, migrations'
	@echo 'make bench      the measurements of the design, as ratios to floors'
	@echo 'make snapshots  take new pictures of the screens; look at each before you commit it'
	@echo 'make po         bring the translation catalogue up to date with the sources'
	@echo 'make lock       pin the requirements anew, with hashes'

# --- set-up -------------------------------------------------------------------------------

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=/path/to/python3.11")'
	@echo 'Preparing $(VENV); this takes a minute or two, once.'
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.runtime: requirements.lock $(VENV)/.created
	@$(PIP) install --compile --require-hashes -r requirements.lock
	@touch $@

# The lock of the developers holds every pin of the other one, so this only adds.
$(VENV)/.developers: requirements-dev.lock $(VENV)/.runtime
	@$(PIP) install --compile --require-hashes -r requirements-dev.lock
	@touch $@

# A real sshd for the tests, unpacked and not installed; where none can be had they skip, and say so.
$(VENV)/.openssh: tests/ssh/fetch.py $(VENV)/.developers
	@if $(BIN)/python -m tests.ssh.fetch $(VENV)/openssh; then touch $@; fi

# Not remade for each changed source: an editable installation sees it by itself.
$(VENV)/.installed: pyproject.toml setup.py $(VENV)/.runtime
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

%.mo: %.po | $(VENV)/.installed
	@$(BIN)/pybabel --quiet compile --input-file=$< --output-file=$@

# Compiled each time, for the sources may be newer: whoever runs the program cannot write beside
# them, and would compile all anew at each start. What is compiled already is left alone.
setup: $(VENV)/.installed $(CATALOGUES)
	@$(BIN)/python -m compileall -q $(PACKAGES)

setup-dev: setup $(VENV)/.developers

# --- use ----------------------------------------------------------------------------------

demo: setup
	@$(BIN)/trousseau demo

test: setup-dev $(VENV)/.openssh
	@$(TEST_ENVIRONMENT) $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal

check: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.catalogue check
	$(BIN)/python -m tests.migrations

bench: setup-dev
	@$(TEST_ENVIRONMENT) $(BIN)/python -m benchmarks

snapshots: setup-dev
	$(TEST_ENVIRONMENT) $(BIN)/python -m pytest -q --snapshot-update -n $(WORKERS)

po: setup-dev
	$(BIN)/python -m tests.catalogue update

LOCK := build/lock/bin/pip-compile --quiet --strip-extras --allow-unsafe --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host

lock:
	$(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet --disable-pip-version-check pip-tools
	$(LOCK) --extra dev --extra build --output-file requirements-dev.lock pyproject.toml
	$(LOCK) --extra build --constraint requirements-dev.lock --output-file requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find $(PACKAGES) tests benchmarks -name __pycache__ -prune -exec rm -rf {} +
	rm -f $(CATALOGUES)
