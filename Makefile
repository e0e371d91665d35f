# `make` or `make help` lists what can be done here.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp

.DEFAULT_GOAL := help
.PHONY: help setup run images check test bench clean

help: ## Say what can be done
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## Make .venv with everything in it

$(STAMP): requirements.txt requirements-dev.txt pyproject.toml
	@echo "setup: making $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "setup: Python 3.11 or newer is needed, as PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "setup: apt-get install -y python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

engine: ## Make sure that a Docker engine answers
	@oduflow/adapters/docker/recipes/engine.sh

run: setup engine ## From a bare machine to a first environment, served until Ctrl-C
	@$(BIN)/oduflow quickstart

images: setup engine ## Bring or build the images of Odoo and PostgreSQL
	@$(BIN)/oduflow images ensure

check: setup ## Format, lint, types, contracts, and the tests that need no real parts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -q -n 2 tests/unit tests/faces tests/architecture

test: setup engine ## Everything it needs, then every test
	@scripts/test.sh

bench: setup engine ## Measure the product on the real parts
	@$(BIN)/python -m bench

clean: ## Remove what the tools left behind
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
