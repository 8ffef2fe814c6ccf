PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test lint types catalogues bench clean

demo: $(READY)
	$(BIN)/labcheck demo

test: $(READY)
	LABCHECK_OFFLINE=1 $(BIN)/python -m pytest -n logical --maxprocesses 4

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(READY)
	$(BIN)/mypy

catalogues: $(READY)
	mkdir -p build
	$(BIN)/pybabel -q extract -k _ -k ngettext:1,2 -k operator:2 -F babel.cfg --no-location -o build/labcheck.pot checker
	$(BIN)/pybabel -q update --no-fuzzy-matching --ignore-obsolete -D labcheck -i build/labcheck.pot -d checker/locale
	$(BIN)/pybabel -q compile -D labcheck -d checker/locale

bench: $(READY)
	LABCHECK_OFFLINE=1 $(BIN)/python bench/check.py

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $(READY)

clean:
	rm -rf $(VENV) build dist
