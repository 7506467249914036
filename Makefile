# Every command below sets up .venv by itself, from the locks, the first time and when they change.
# PYTHON=/path/to/python chooses the interpreter; ARGS="..." goes to pytest or the benchmark.

# Where it is set, each start of Python would compile every package anew, which takes seconds.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help venv demo test check lint types contracts bench simulate openapi released lock clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

# What is found first and runs: a name on PATH alone may be a stand-in for another version.
candidates = $(if $(PYTHON),"$(PYTHON)",.venv/bin/python python3 python3.14 python3.13 python3.12 python3.11)
venv:
	@for python in $(candidates); do \
	  if "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; \
	  then exec "$$python" .ci/set_up.py; fi; \
	done; \
	echo 'BillingOne needs Python 3.11 to 3.14, and $(if $(PYTHON),$(PYTHON) is not one,none was found).' >&2; \
	echo 'Install one, or say where it is: make demo PYTHON=/path/to/python3' >&2; \
	exit 1

# A program that reads JSON=1 from another folder says `make -s -C folder`: without -s, make's own
# "Leaving directory" comes after the JSON, and nothing written here could stop it.
flag = $(if $(filter-out 0 no false,$($(1))),--$(2))
demo: venv ## the main job, on this machine: ONCE=1 ends after printing, JSON=1, FRESH=1, SCALE=1000
	@exec .venv/bin/billingone demo $(call flag,ONCE,once) $(call flag,JSON,json) \
	  $(call flag,FRESH,fresh) $(if $(SCALE),--scale "$(SCALE)")

test: venv ## every test; needs no server, and the network only the first time: ARGS="-k words" chooses
	@exec .venv/bin/pytest -n 2 $(ARGS)

check: export EXAMPLES = 60
check: lint types contracts test ## test with more made-up requests, lint, types, the arrows

lint: venv
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .

types: venv
	@exec .venv/bin/mypy

contracts: venv
	@exec .venv/bin/lint-imports

bench: venv ## speed, each figure as a ratio to a ceiling measured in the same run
	@exec .venv/bin/python tests/bench/run.py $(ARGS)

simulate: venv ## the sync engine under faults, seed by seed: RUNS=1000 SEED=1; RUNS=1 tells its story
	@PYTHONPATH=. exec .venv/bin/python -m tests.simulation.simulate \
	  $(if $(SEED),--seed "$(SEED)") $(if $(RUNS),--runs "$(RUNS)")

openapi: venv ## write openapi/openapi.json anew
	@.venv/bin/billingone openapi > .venv/openapi.json && mv .venv/openapi.json openapi/openapi.json

released: ## after a release: later documents are compared with this one
	@cp openapi/openapi.json openapi/released.json

# An address in a lock would be one machine's: none is written. UPGRADE=1 takes newer versions.
compile = .venv/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
  --no-header $(call flag,UPGRADE,upgrade)
lock: venv ## bring the locks in line with pyproject.toml: UPGRADE=1 takes newer versions
	@$(compile) pyproject.toml --output-file requirements.lock >/dev/null
	@$(compile) pyproject.toml --all-extras --output-file requirements-dev.lock >/dev/null
	@echo uv | $(compile) - --no-annotate --output-file requirements-uv.lock >/dev/null

clean: ## remove what was made here, the demo's data included
	@rm -rf .venv .demo .bench dist .coverage .hypothesis .import_linter_cache .mypy_cache \
	  .pytest_cache .ruff_cache
	@find migrations src tests -name __pycache__ -type d -prune -exec rm -rf {} +
