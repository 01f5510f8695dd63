# Each command sets up what it needs in .venv, from nothing.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

# Its schedulers need nothing of torchvision, of which there is no CPU build.
TIMM := $(PIP) --no-deps timm

.PHONY: test soak lint demo bench images evidence docs clean

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"

$(VENV)/test: pyproject.toml constraints.txt Makefile | $(BIN)/python
	$(PIP) -e ".[torch,plot,report,design]" --group test --group lint --group demo --group docs
	$(TIMM)
	touch $@

$(VENV)/demo: pyproject.toml constraints.txt Makefile | $(BIN)/python
	$(PIP) -e ".[torch,plot]" --group demo
	touch $@

$(VENV)/docs: pyproject.toml constraints.txt Makefile | $(BIN)/python
	$(PIP) -e ".[torch,plot,forecast]" --group docs
	touch $@

$(VENV)/bench: pyproject.toml constraints.txt Makefile | $(BIN)/python
	$(PIP) -e ".[torch,plot]" --group bench
	$(TIMM)
	touch $@

test: $(VENV)/test lint  ## Everything that must hold: lint, types, tests, doctests, README blocks.
	$(BIN)/python -m pytest -n 2 --dist loadfile  # a page of the docs is one story

soak: $(VENV)/test  ## What takes longer: more kills, more fuzz.
	$(BIN)/python -m pytest tests/soak

lint: $(VENV)/test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

demo: $(VENV)/demo  ## Trains a small GPT under each of the three standard schedules, and draws them.
	$(BIN)/python examples/train_gpt.py --out demo

bench: $(VENV)/bench  ## Prints every figure of the docs beside its peers.
	$(BIN)/python -m benchmarks

images: $(VENV)/demo  ## Draws the pictures of the README and the docs.
	$(BIN)/python -m lehr --out docs/images
	$(BIN)/python examples/changed_run.py --out docs/images/changes.png

evidence: $(VENV)/demo  ## Fills the tables and draws the pictures of docs/evidence.md; LEHR_DATA says where the public curves are.
	$(BIN)/python -m benchmarks.evidence

docs: $(VENV)/docs  ## Builds the documentation site, and opens it.
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build
	@$(BIN)/python -m webbrowser -t "file://$(CURDIR)/docs/_build/index.html" || true
	@echo "docs/_build/index.html"

clean:
	rm -rf $(VENV) demo images docs/_build docs/gallery docs/reference
