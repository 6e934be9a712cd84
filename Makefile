# Two commands do everything: `make compare` and `make test`. Both set up what they need.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup compare test lint format clean

help:  ## show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

# Set up again only when what is installed changes.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "GoZoo needs Python 3.10 to 3.13: make PYTHON=python3.12 ..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing GoZoo and what it needs into $(VENV): some minutes, once ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		-c constraints.txt -e '.[dev]'
	@$(BIN)/gozoo warmup
	@touch $(READY)

setup: $(READY)  ## make a virtual environment with everything in it

compare: $(READY)  ## compare AlphaZero and REINFORCE on 5x5 within ten minutes; ends in a report
	$(BIN)/gozoo compare configs/compare_5x5.yaml --resume

test: $(READY)  ## run all tests
	$(BIN)/python -m pytest -n auto --dist worksteal

lint: $(READY)  ## check style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(READY)  ## mend style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:  ## delete caches; runs are kept
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis build
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
