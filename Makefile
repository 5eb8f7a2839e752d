# Plain words for what one does here: `make` alone lists them. Everything lives in .venv and in FITSERVE_HOME (./var).
.DEFAULT_GOAL := help
.PHONY: help setup quickstart run stop migrate test test-quick lint format check

# The first of these that is a Python the pinned versions exist for.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null && { echo $$p; break; }; done)
PIP_ARGS ?=
BIN := .venv/bin
PYTEST := $(BIN)/pytest -r s --numprocesses 2 --dist loadgroup  # -r s: what was skipped, and why

help:  ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## */\t/' | expand -t 14

setup: .venv/installed  ## the environment in .venv, from pinned versions (quick when it is there)
	@:

.venv/installed: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "fitserve needs Python 3.11 to 3.14 and found none; on Debian or Ubuntu: sudo apt install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make environments; on Debian or Ubuntu: sudo apt install python3-venv"; exit 1; }
	@echo "Installing into .venv (minutes the first time: PyTorch is large) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check $(PIP_ARGS) --constraint constraints.txt --editable '.[dev]'
	@touch $@

quickstart: setup  ## a dataset, a trained network, a prediction, in about two minutes; the service goes on running
	@$(BIN)/fitserve quickstart

run: setup  ## start the service here and keep it up; Ctrl-C ends it
	@$(BIN)/fitserve serve

stop:  ## end the service that runs on this FITSERVE_HOME
	@if test -x $(BIN)/fitserve; then $(BIN)/fitserve stop; else echo "No service runs: nothing is installed yet."; fi

migrate: setup  ## bring the database up to date
	@$(BIN)/fitserve migrate

test: setup  ## every test
	$(PYTEST)

test-quick: setup  ## the tests that take seconds, not minutes
	$(PYTEST) -m 'not slow'

lint: setup  ## style, types, import contracts, dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

format: setup  ## put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

check: lint test  ## what a submission must pass
