# Two commands set up all they need on a fresh machine with Python >= 3.11, git and make:
#   make demo   a real sweep, a leaderboard and a report
#   make test   the tests
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
DEMO_DB = demo/runs.db

.PHONY: demo test lint types benchmarks gpu-check clean

demo: $(VENV)/.demo
	mkdir -p demo
	$(BIN)/bench sweep --dataset digits --budget 10M --seeds 3 --recipe quick --strategies linear,neck \
	  --backbones tf_efficientnet_lite0,tf_efficientnet_lite1,tf_efficientnet_lite2 --db $(DEMO_DB)
	$(BIN)/bench leaderboard --db $(DEMO_DB)
	$(BIN)/bench report --db $(DEMO_DB) -o demo/report

test: $(VENV)/.test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

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
