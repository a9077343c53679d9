# make demo: play one whole sprint on screen · make play: the same, and stay up · make test · make check
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ROOMS := bot handlers jobs compositions stages shell tests
# the folder on the path: what else finds our code costs each start of Python as much as Python itself
EDITABLE := --config-settings editable_mode=compat --editable

.PHONY: demo play test types check format clean

demo: $(VENV)/.installed
	@$(BIN)/caloron demo --once

play: $(VENV)/.installed
	@$(BIN)/caloron demo

test: $(VENV)/.for-work
	@# what is compiled of the tests is kept, whatever the environment says of other programs
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 3

types: $(VENV)/.for-work
	$(BIN)/mypy --strict $(ROOMS)

# the types beside the tests: mypy keeps one core busy for minutes, and tests wait for each other
check: $(VENV)/.for-work
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@$(MAKE) --no-print-directory --jobs=2 types test

format: $(VENV)/.for-work
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	@echo "Installing into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(EDITABLE) .
	@touch $@

$(VENV)/.for-work: pyproject.toml | $(VENV)/bin/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(EDITABLE) '.[dev]'
	@touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) build *.egg-info
