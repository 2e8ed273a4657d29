# Every target sets up what it needs in .venv, once.  No root, no server started by hand.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
TEST   := $(BIN)/python -m pytest --numprocesses 2 --dist worksteal

.PHONY: setup run test cover lint bench prove protos clean

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	  || { echo "Aright needs Python 3.11, 3.12 or 3.13; $(PYTHON) is $$($(PYTHON) --version). Say: make PYTHON=python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q runtime actors protos   # as pip does where it copies
	@touch $@

run: $(READY)
	@$(BIN)/aright demo $(ARGS)

test: $(READY)
	$(TEST) $(ARGS)

# Twice as long as the tests alone.
cover: $(READY)
	$(TEST) --cov --cov-report=term:skip-covered $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	$(BIN)/vulture
	$(BIN)/deptry .
	$(BIN)/codespell

bench: $(READY)
	$(BIN)/python -m bench $(ARGS)

prove: $(READY)
	$(BIN)/python -m tests.prove $(ARGS)

protos: $(READY)
	$(BIN)/python -m protos.generate

clean:
	rm -rf $(VENV) dist build .coverage .hypothesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
