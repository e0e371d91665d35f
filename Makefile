# `make` or `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
DEV_STAMP := $(VENV)/.dev-stamp
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Where it is set, each of the processes that the tests start compiles the product anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup dev engine run images check types quick test clients mutants chaos docs screenshots bench clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## Create .venv with what the server needs

$(STAMP): requirements.txt pyproject.toml
	@echo "setup: creating $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "setup: Python 3.11 or newer is needed, as PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "setup: apt-get install -y python3-venv"; exit 1; }
	@$(PIP) -r requirements.txt "$$(grep '^setuptools==' requirements-dev.txt)"
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

dev: $(DEV_STAMP) ## Add the tools for development and tests to .venv

$(DEV_STAMP): $(STAMP) requirements-dev.txt
	@echo "dev: adding the tools for development to $(VENV)"
	@$(PIP) -r requirements-dev.txt
	@touch $@

engine: ## Start or install Docker
	@oduflow/adapters/docker/recipes/engine.sh

run: setup engine ## Install what is missing, serve until Ctrl-C, create a first environment
	@$(BIN)/oduflow quickstart

images: setup engine ## Pull or build the images of Odoo and PostgreSQL
	@$(BIN)/oduflow images ensure

check: dev ## Run format, lint, types, import contracts, and the tests without Docker
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@$(MAKE) --no-print-directory --jobs 2 --output-sync types quick

types: dev
	$(BIN)/mypy

quick: dev
	@scripts/quick.sh -m "not thorough"

test: dev engine ## Install what the tests need, then run all tests
	@scripts/test.sh

clients: dev ## Connect Claude Code, Codex, Gemini CLI, opencode and mcp-remote, without a model
	$(BIN)/pytest -q tests/clients tests/e2e/sign_in_test.py

mutants: dev ## Change the security code piece by piece, and list each change that no test detects
	$(BIN)/mutmut run
	$(BIN)/mutmut results

chaos: dev engine ## Kill everything while three teams work, as `make chaos [SEED=1] [ROUNDS=50] [OWN_ENGINE=1]`
	@$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(ROUNDS),--rounds $(ROUNDS)) \
		$(if $(OWN_ENGINE),--own-engine)

docs: dev ## Generate the tables of the documents from the code
	@$(BIN)/python -m tests.support.documents

screenshots: dev ## Take the documents' pictures of the dashboard again
	@$(BIN)/python -m tests.support.screenshots

bench: dev engine ## Measure the product with real Docker, PostgreSQL and Odoo
	@$(BIN)/python -m bench

clean: ## Remove build results and caches
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache mutants
