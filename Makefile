# Every target sets up what it needs; nothing wants root, Docker or an account.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
BUDGET ?= 20
export PYTHONDONTWRITEBYTECODE ?= 1

.PHONY: help install demo test test-all lint format bench bench-org bench-sync bench-lag lock up clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

.venv/installed: requirements-dev.txt requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

install: .venv/installed ## Make .venv in this folder, ready to run everything

demo: install ## Play the main job on sample data against the local org, in under a minute
	$(BIN)/python -m demo

test: install ## Run the tests (under 10 minutes on 2 cores)
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-all: install ## Run the slow checks too: seeds, fuzzing, kills; boxed by BUDGET= minutes
	BUDGET=$(BUDGET) $(BIN)/python -m pytest -n 2 --dist loadfile -m "slow or not slow"

lint: install ## Style, types, import rules, and the metadata gate on salesforce/
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m sandbox check salesforce

format: install ## Rewrite the code in house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install ## Measure, each figure as a ratio against a named rival
	$(BIN)/python -m bench

bench-lag: install ## Measure how long a change takes to the other side, while the worker runs
	$(BIN)/python -m bench.lag

bench-org: install ## Measure the local org: export, pages, creates, start, memory
	$(BIN)/python -m bench.org

bench-sync: install ## Race the full load against bare scripts, and kill one at half
	$(BIN)/python -m bench.sync

lock: install ## Compile requirements*.in into pinned, hashed requirements*.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header -c requirements.txt requirements-dev.in -o requirements-dev.txt

up: install ## Keep the local org, web and worker running (Ctrl-C stops them)
	$(BIN)/honcho -f Procfile.local start

clean: ## Remove what the other targets made
	rm -rf .venv .local .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
