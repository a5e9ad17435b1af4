# Everything a user or a contributor runs. `make` alone lists it.
.DEFAULT_GOAL := help
.PHONY: help setup demo test check long bench lock docs clean
BIN := .venv/bin

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

setup: ## make .venv with everything (run, load, dev)
	@tools/setup.sh dev

demo: ## start everything embedded, pay, and audit the money
	@tools/setup.sh run
	@$(BIN)/payproof demo $(ARGS)

test: ## the whole suite, fast tests first
	@tools/setup.sh dev
	@tools/test.sh

check: ## lint, types, import walls
	@tools/setup.sh dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

long: ## the long hunts; results go to docs/results/
	@tools/setup.sh dev
	@$(BIN)/python tools/long.py $(ARGS)

bench: ## calls a second against signatures a second, in one run
	@tools/setup.sh dev
	@$(BIN)/python -m tools.bench $(ARGS)

lock: ## resolve the dependencies anew (needs uv)
	@tools/lock.sh

docs: ## regenerate what is generated (scenarios/schema.json, docs/requirements.md, the verbs of scenarios, tests/sdk/COVERAGE.md)
	@tools/setup.sh run
	@$(BIN)/payproof schema > scenarios/schema.json
	@$(BIN)/python -m harness.catalog.write_requirements
	@$(BIN)/python -m harness.catalog.write_abilities
	@$(BIN)/python -m harness.script.write_reference
	@$(BIN)/python -m tests.sdk.kit.coverage > tests/sdk/COVERAGE.md

clean: ## remove .venv, caches and run folders
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .payproof runs
