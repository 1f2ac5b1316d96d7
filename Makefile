# Two commands for newcomers: make demo, make test. README.md has the same as plain lines.
PYTHON ?= python3
VENV ?= .venv
TORCH ?= 2.13.0
BIN := $(VENV)/bin

.PHONY: demo test test-slow check lock clean

demo: $(VENV)/.demo-installed
	$(BIN)/kizu demo

test: $(VENV)/.dev-installed
	$(BIN)/python -m pytest -n auto --dist loadfile

test-slow: $(VENV)/.dev-installed
	$(BIN)/python -m pytest -n auto --dist loadfile --slow

check: $(VENV)/.dev-installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The lock lists what the tests ran with. It is used as constraints, so that it fits any platform;
# the CUDA packages of torch for Linux are torch's own to choose.
lock:
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet torch==$(TORCH) -e ".[dev]"
	build/lock/bin/pip freeze --exclude-editable | grep -v '^nvidia' | sed 's/+cpu$$//' > requirements.lock

clean:
	rm -rf $(VENV) build demo *.egg-info

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo-installed: $(BIN)/python pyproject.toml requirements.lock
	$(BIN)/pip install --quiet -c requirements.lock -e ".[demo]"
	touch $@

$(VENV)/.dev-installed: $(BIN)/python pyproject.toml requirements.lock
	$(BIN)/pip install --quiet -c requirements.lock -e ".[dev]"
	touch $@ $(VENV)/.demo-installed
