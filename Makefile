# Ringbolt: everything a newcomer needs. `make demo` and `make test` work on a fresh checkout.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
STEP   := $(PYTHON) tools/install_step.py
# Wheels only, as the locks name them; dkimpy alone has none, and is built by the pinned setuptools.
LOCKED := $(PIP) install --no-compile --progress-bar off --require-hashes --only-binary=:all:
BUILT  := --no-binary=dkimpy --no-build-isolation

# A small part of everything beside the rules and the fuzzing, for the time between two commits.
FAST   := tests/unit tests/fuzz tests/store/test_jobs.py tests/store/test_ledger.py \
          tests/contract/test_lightning_node.py tests/api/test_challenge.py \
          tests/api/test_orders_seed_page.py tests/api/test_voice_seed.py
PYTEST := -m pytest -n auto --dist worksteal

# Images set this; every process that the tests start would compile what it imports once more.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo run test test-fast coverage lint check install install-dev lock docs translations bench soak listen clean help

help: ## What can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: install ## Open a shop with play money, buy a call, print where its sound lies
	@$(BIN)/ringbolt demo

run: install ## Open the shop on http://127.0.0.1:8402 and keep it open
	@$(BIN)/ringbolt serve

test: install install-dev ## Install what is missing and run every test
	$(BIN)/python $(PYTEST)

test-fast: install install-dev ## Run the rules' tests, the fuzzing and a few others
	$(BIN)/python -m pytest -n logical --dist worksteal $(FAST)

coverage: install install-dev ## Run every test and say what they reach; fails below 95 % of the rules
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run $(PYTEST)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report --include="src/ringbolt/core/*,src/ringbolt/app/*" --fail-under=95
	$(BIN)/python -m coverage report --fail-under=90

lint: install install-dev ## The linters and the type checker
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/python -m tools.lint
	$(BIN)/mypy

check: test lint ## What the continuous integration runs

install: $(VENV)/.installed ## Install Ringbolt into .venv

install-dev: $(VENV)/.installed-dev ## Install what tests and linters need

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' || \
	  { echo "Ringbolt needs Python 3.11 to 3.14; name one with: make PYTHON=python3.11 ..."; exit 1; }
	@$(STEP) "1/3 environment in $(VENV)" 0 $(PYTHON) -m venv $(VENV)
	@touch $@

# pip does not compile: that takes as long as everything else, and most modules are never imported.
$(VENV)/.installed: requirements.lock requirements-build.lock pyproject.toml | $(VENV)/.python
	@$(STEP) "2/3 build tools" 0 $(LOCKED) -r requirements-build.lock
	@$(STEP) "2/3 packages" $$(grep -c == requirements.lock) $(LOCKED) $(BUILT) -r requirements.lock
	@$(STEP) "3/3 Ringbolt" 0 $(PIP) install --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q src/ringbolt client/src
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@$(STEP) "packages for tests" $$(grep -c == requirements-dev.lock) \
	  $(LOCKED) $(BUILT) -r requirements-dev.lock
	@touch $@

$(VENV)/.installed-listen: requirements-listen.lock $(VENV)/.installed
	@$(STEP) "packages for listening" $$(grep -c == requirements-listen.lock) \
	  $(LOCKED) $(BUILT) -r requirements-listen.lock
	@touch $@

lock: ## Pin every dependency again, with hashes (needs uv)
	uv pip compile --group build --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --no-header -q -o requirements-build.lock
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --no-header -q -o requirements.lock
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --no-header -c requirements.lock -q -o requirements-dev.lock
	uv pip compile pyproject.toml --group listen --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --no-header -c requirements.lock -q -o requirements-listen.lock

docs: install ## Write the generated pages again
	$(BIN)/python docs/generate.py

translations: install-dev ## Collect the sentences of the web pages into their catalogues
	$(BIN)/python -m tools.translations

bench: install install-dev ## Run the benchmarks (see docs/performance.md)
	$(BIN)/python -m benchmarks

soak: install install-dev ## Orders for 20 minutes, and the memory of the shop meanwhile
	$(BIN)/python -m benchmarks.soak

listen: install $(VENV)/.installed-listen ## Call a phone with 200 sentences, and recognise what it heard
	$(BIN)/python -m benchmarks.listening

clean: ## Remove what was installed and built
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.*
