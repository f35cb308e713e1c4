# Targets for people and for CI alike; `make help` lists them.
# Variables: PYTHON (3.11 or newer), VENV (folder of the virtual environment), PYTEST_ARGS, DEMO,
# DESIGNS and PATTERN (benchmarks).

.DELETE_ON_ERROR:
.SHELLFLAGS := -eu -c
MAKEFLAGS += --no-print-directory

NEW_ENOUGH := -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))'
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$p $(NEW_ENOUGH) 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
PYTEST_ARGS ?= -n logical --maxprocesses 8
DEMO ?= examples/02_fifo/fifo.sv
DESIGNS ?= examples
PATTERN ?= fifo.sv

PY := $(VENV)/bin/python
# Named after this folder: a checkout that was moved or copied is installed anew.
HERE := $(shell pwd | cksum | cut -d' ' -f1)
INSTALLED := $(VENV)/.installed-$(HERE)
INSTALLED_DEV := $(VENV)/.installed-dev-$(HERE)
PYTHON_FILES := sim agent server trainer tests $(wildcard benchmarks)

EXTENSION := vscode-extension
# The extension is built and tested with a Node of its own, put there by scripts/setup-node.sh.
WITH_NODE := cd $(EXTENSION) && PATH="$$PWD/.vscode-test/node/bin:$$PATH"
EXTENSION_SOURCES := $(EXTENSION)/package.json $(EXTENSION)/package-lock.json

.PHONY: help setup demo test test-vscode lint types format bench package vscode clean

help:  ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */\1|/' \
	  | while IFS='|' read -r name text; do printf '  %-9s %s\n' "$$name" "$$text"; done

setup: $(INSTALLED_DEV)  ## Make the virtual environment, with everything a developer needs

demo: $(INSTALLED)  ## Write a testbench for an example and show its coverage
	$(VENV)/bin/benchwright doctor
	mkdir -p build/demo
	$(VENV)/bin/benchwright generate $(DEMO) --budget 20 --force -o build/demo/tb_demo.sv \
	  --save build/demo/run.json
	$(VENV)/bin/benchwright report build/demo/run.json --force -o build/demo/coverage.html
	@echo "Read the testbench in build/demo/tb_demo.sv and the report in build/demo/coverage.html"

test: $(INSTALLED_DEV)  ## Run the tests
	$(PY) -m pytest $(PYTEST_ARGS)

test-vscode: $(INSTALLED_DEV) $(EXTENSION)/node_modules/.stamp  ## Run the extension in a real VS Code
	PYTHON=$(abspath $(PY)) $(EXTENSION)/scripts/setup-vscode.sh
	$(WITH_NODE) BENCHWRIGHT_PYTHON=$(abspath $(PY)) npm test --silent

lint: $(INSTALLED_DEV)  ## Check style and formatting
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: $(INSTALLED_DEV)  ## Check types
	$(PY) -m mypy $(PYTHON_FILES)

format: $(INSTALLED_DEV)  ## Format the code and repair what can be repaired
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

# A model of the real size takes 2.5 GB of temporary files and minutes, and some ask for designs or
# models, so these are run by hand.
BY_HAND := %_closing.py %_coverage.py %_model_4b.py

bench: $(INSTALLED_DEV)  ## Run the benchmarks; DESIGNS and PATTERN choose designs for coverage
	for file in $(filter-out $(BY_HAND),$(wildcard benchmarks/bench_*.py)); do \
	  PYTHONPATH=. $(PY) $$file || exit 1; \
	done
	$(PY) benchmarks/bench_coverage.py $(DESIGNS) --pattern '$(PATTERN)'

package: $(INSTALLED_DEV)  ## Build the wheel and the source archive into dist/
	rm -rf dist
	$(PY) -m build --outdir dist .

vscode: $(EXTENSION)/node_modules/.stamp  ## Build the VS Code extension, vscode-extension/*.vsix
	$(WITH_NODE) npm run --silent types
	$(WITH_NODE) npm run --silent lint
	$(WITH_NODE) npm run --silent package

clean:  ## Remove what was built here, the virtual environment too
	rm -rf $(EXTENSION)/node_modules $(EXTENSION)/dist $(EXTENSION)/.vscode-test $(EXTENSION)/*.vsix
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

# A half-made environment has no stamp, and one whose Python is gone a dangling link: both are made
# again by the next call. What an environment that works holds is kept, whoever made it.
$(VENV)/.made $(PY) &:
	@test -n "$(PYTHON)" && $(PYTHON) $(NEW_ENOUGH) || \
	  { echo "Benchwright needs Python 3.11 or newer; name one with make PYTHON=..." >&2; exit 1; }
	@clear=--clear; $(PY) -c '' 2>/dev/null && clear=; $(PYTHON) -m venv $$clear $(VENV) || \
	  { echo "The venv module lacks pip; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@touch $(VENV)/.made

$(INSTALLED): pyproject.toml | $(VENV)/.made $(PY)
	$(PY) -m pip install --quiet --editable .
	@touch $@

$(INSTALLED_DEV): pyproject.toml | $(VENV)/.made $(PY)
	$(PY) -m pip install --quiet --editable '.[dev]'
	@touch $@ $(INSTALLED)

$(EXTENSION)/node_modules/.stamp: $(EXTENSION_SOURCES) $(EXTENSION)/scripts/setup-node.sh | $(VENV)/.made
	PYTHON=$(abspath $(PY)) $(EXTENSION)/scripts/setup-node.sh
	$(WITH_NODE) npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@
