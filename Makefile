# Two commands set up all they need on a fresh machine with Python >= 3.11, git and make:
#   make demo   a real sweep, a leaderboard and a report
#   make test   the tests
# `make test-fast` is for the minutes between two edits, `make test-all` adds the exhaustive cases (hours).
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
DEMO_DB = demo/runs.db
WORKERS ?= logical
EXHAUSTIVE ?= none
PYTEST = OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal
FAST = tests/disk tests/metrics tests/records tests/registry tests/store tests/report/board tests/data/folders \
  tests/tune/test_space.py tests/test_errors.py tests/test_layers.py tests/test_spec.py tests/test_units.py

.PHONY: demo test test-fast test-all coverage lint types benchmarks gpu-check clean

demo: $(VENV)/.demo
	mkdir -p demo
	$(BIN)/bench sweep --dataset digits --budget 10M --seeds 3 --recipe quick --strategies linear,neck \
	  --backbones tf_efficientnet_lite0,tf_efficientnet_lite1,tf_efficientnet_lite2 --db $(DEMO_DB)
	$(BIN)/bench leaderboard --db $(DEMO_DB)
	$(BIN)/bench report --db $(DEMO_DB) -o demo/report

test: $(VENV)/.test
	$(PYTEST) --exhaustive $(EXHAUSTIVE)

# Folders that need no browser, no weights, no PostgreSQL.
test-fast: $(VENV)/.test
	$(PYTEST) --exhaustive none -m "not (slow or browser or postgres or shared_data)" $(FAST)

test-all: $(VENV)/.test
	BENCH_TEST_LONG=1 $(PYTEST) --exhaustive all

coverage: $(VENV)/.test
	$(PYTEST) --exhaustive none --cov --cov-report=term:skip-covered

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test
	$(BIN)/mypy

benchmarks: $(VENV)/.test
	$(BIN)/python -m pytest tests/benchmarks --benchmark-only -p no:xdist

# Prints a page for docs/gpu.md; exits with 2 where there is no GPU. A CUDA build of torch has to be installed first.
gpu-check: $(VENV)/.test
	$(BIN)/python tests/gpu/gpu_check.py

clean:
	rm -rf $(VENV) demo

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("bench needs Python >= 3.11: make PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) -e '.[demo]'
	touch $@

$(VENV)/.test: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) -e '.[demo,test,lint]'
	touch $@ $(VENV)/.demo
