# Everything is set up from nothing but Python 3.11+ and make. `make help` lists what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO ?= build/demo
STAMP := $(VENV)/.installed
SOURCES := contracts connectors hub flows cli sandbox tests

.DEFAULT_GOAL := help
.PHONY: help run test check reference incumbents bench crash fuzz lock clean

help:  ## list the targets
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $@

run: $(STAMP)  ## start the three simulated CDMOs, run the real flow over them, show what is in the store
	$(BIN)/jid demo --home $(DEMO)

test: $(STAMP)  ## all tests
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

check: $(STAMP)  ## lint, format, types, import rules
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports

reference: $(STAMP)  ## write docs/reference anew from the profile, the rulebook and the codes
	$(BIN)/python -m contracts.reference docs/reference

INCUMBENTS := build/incumbents/.installed
$(INCUMBENTS): tests/bench/incumbents/requirements.txt
	$(BIN)/uv venv --quiet --clear build/incumbents
	$(BIN)/uv pip install --quiet --python build/incumbents/bin/python -r $<
	@touch $@

incumbents: $(STAMP) $(INCUMBENTS)  ## the tools that bench measures beside ours, in an environment of their own

bench: $(STAMP)  ## figures as ratios to a bare floor; ONLY=series runs a part
	-@$(MAKE) --quiet --no-print-directory incumbents
	$(BIN)/python -m tests.bench $(ONLY)

crash: $(STAMP)  ## kill -9 at every fault point, the long form
	$(BIN)/python -m pytest -m crash --scale=full

fuzz: $(STAMP)  ## random, hostile and seeded input, the long form
	$(BIN)/python -m pytest -m fuzz --scale=full --timeout=3600

lock: $(STAMP)  ## compile requirements.lock anew from pyproject.toml, with hashes and without any index
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --no-annotate --all-extras -o requirements.lock pyproject.toml

clean:  ## remove what was built (the virtual environment too)
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
