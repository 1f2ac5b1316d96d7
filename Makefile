# Two commands for newcomers: make demo, make test. README.md has the same as plain lines.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
COMPILE := --quiet --universal --python-version 3.11 --extra dev --no-header --no-annotate \
	--no-emit-index-url pyproject.toml

# Tests start dozens of processes; without bytecode each would compile all of kizu once more.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo docs test test-slow consumers check lock clean

demo: $(VENV)/.demo-installed
	$(BIN)/kizu demo

# build/site; its search wants a server: python -m http.server -d build/site
docs: $(VENV)/.dev-installed
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

test: $(VENV)/.dev-installed
	$(BIN)/python -m pytest -n auto --dist loadfile

test-slow: $(VENV)/.dev-installed
	$(BIN)/python -m pytest -n auto --dist loadfile --slow

# The tools that exports are for, each in an environment of its own, for they pin versions that clash
# and some have other licences than kizu. Gigabytes, most of it PyTorch, twice.
CONSUMERS ?= build/consumers
consumers: $(VENV)/.dev-installed $(patsubst tests/consumers/%.txt,$(CONSUMERS)/%/.installed,$(wildcard tests/consumers/*.txt))
	KIZU_CONSUMERS=$(CONSUMERS) $(BIN)/python -m pytest --slow -m consumers

$(CONSUMERS)/%/.installed: tests/consumers/%.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet -r $<
	touch $@

check: $(VENV)/.dev-installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The lock lists what the tests ran with, for all platforms; pip takes it as constraints. The other
# file has the hashes of the same releases, but for PyTorch and its CUDA libraries: which build of it
# is installed depends on the machine, and CPU builds have hashes of their own.
lock:
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet uv
	build/lock/bin/uv pip compile $(COMPILE) -o requirements.lock
	build/lock/bin/uv pip compile $(COMPILE) -c requirements.lock --generate-hashes \
		$$(grep -oE '^(torch|triton|(cuda|nvidia)-[a-z0-9-]+)=' requirements.lock \
			| sed 's/^/--no-emit-package /; s/=//') -o requirements.hashes.txt

clean:
	rm -rf $(VENV) build demo *.egg-info

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo-installed: $(BIN)/python pyproject.toml requirements.lock
	$(BIN)/pip install --quiet -c requirements.lock -e .
	touch $@

$(VENV)/.dev-installed: $(BIN)/python pyproject.toml requirements.lock requirements.hashes.txt
	$(BIN)/pip install --quiet --no-deps --require-hashes -r requirements.hashes.txt
	$(BIN)/pip install --quiet -c requirements.lock -e ".[dev]"
	$(BIN)/pip check
	touch $@ $(VENV)/.demo-installed
