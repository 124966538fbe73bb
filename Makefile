# Everything below works on a machine that has python3 (3.11 or newer, with venv) and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps

.PHONY: demo test quick torture mutants openapi screenshots schemathesis check format bench bench-fleet bench-kinds bench-policies \
  bench-prune bench-pages lock docs wheel clean

demo: $(VENV)/.runtime
	@$(BIN)/rekindle demo $(ARGS)

# The number of test processes, each with its own servers; 0: only this process.
JOBS := 4
# Without byte code each process compiles all that it imports again: statsmodels alone is 8 s of
# processor time.
test quick: export PYTHONDONTWRITEBYTECODE :=
test: $(VENV)/.dev
	@$(BIN)/python -m pytest --numprocesses $(JOBS) --dist worksteal $(ARGS)

# For use while you work: the tests that find the most in the least time, on one server.
# tests/README.md says which tests it leaves out.
QUICK := tests/unit tests/database tests/mutants tests/docs/test_documents.py tests/docs/test_reference.py \
  tests/property/test_vocabulary.py
quick: $(VENV)/.dev
	@TEST_SERVERS=embedded $(BIN)/python -m pytest -q --numprocesses $(JOBS) --dist worksteal -m "not slow" $(QUICK) $(ARGS)
	@$(MAKE) --no-print-directory check

# SECONDS: time under faults, shared among the seeds. SEED: whole numbers or the word random.
# ARGS: --design, --systematic N.
SECONDS := 60
SEED := 1
torture: $(VENV)/.dev
	@PYTHONPATH=tests $(BIN)/python -m torture --seconds $(SECONDS) --seed $(SEED) $(ARGS)

# Removes one condition of the promise at a time, and checks that a test fails. ARGS: words of the
# mutants' names.
mutants: $(VENV)/.dev
	@PYTHONPATH=tests $(BIN)/python -m mutants $(ARGS)

# Writes docs/reference/openapi.json.
openapi: $(VENV)/.dev
	@PYTHONPATH=tests $(BIN)/python -m docs.openapi

# Writes the pictures of docs/pictures from the world of the demo. Needs Playwright and Chromium.
screenshots: $(VENV)/.dev
	@PYTHONPATH=tests $(BIN)/python -m docs.screenshots

# schemathesis for longer than in the tests. EXAMPLES: requests per route, role and phase; SEED: a
# whole number.
EXAMPLES := 200
schemathesis: $(VENV)/.dev
	@SCHEMATHESIS_EXAMPLES=$(EXAMPLES) SCHEMATHESIS_SEED=$(SEED) $(BIN)/python -m pytest -q --timeout 0 tests/acceptance/api/test_schemathesis.py $(ARGS)

# The Edge Functions. Deno keeps its cache inside the venv, and does not use the network.
FUNCTIONS := examples/supabase/functions/*/
DENO := DENO_NO_UPDATE_CHECK=1 DENO_DIR=$(CURDIR)/$(VENV)/.deno $(CURDIR)/$(BIN)/deno

check: $(VENV)/.dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/basedpyright --warnings
	@$(BIN)/lint-imports --no-cache
	@PYTHONPATH=tests $(BIN)/python -m prose
	@for one in $(FUNCTIONS); do (cd $$one && $(DENO) check -q --no-remote --no-npm . && $(DENO) lint -q && $(DENO) fmt -q --check) || exit 1; done

format: $(VENV)/.dev
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@for one in $(FUNCTIONS); do (cd $$one && $(DENO) fmt -q) || exit 1; done

bench: $(VENV)/.dev
	@$(BIN)/python benchmarks/run_cycle.py $(ARGS)

bench-fleet: $(VENV)/.dev
	@$(BIN)/python benchmarks/run_fleet.py $(ARGS)

bench-policies: $(VENV)/.dev
	@$(BIN)/python benchmarks/run_policies.py $(ARGS)

bench-kinds: $(VENV)/.dev
	@$(BIN)/python benchmarks/run_kinds.py $(ARGS)

bench-prune: $(VENV)/.dev
	@$(BIN)/python benchmarks/run_prune.py $(ARGS)

bench-pages: $(VENV)/.dev
	@$(BIN)/python benchmarks/run_pages.py $(ARGS)

# The documents as a site, in $(SITE)/html. Fails on a broken link.
SITE := $(VENV)/.site
docs: $(VENV)/.docs
	@rm -rf $(SITE) && mkdir -p $(SITE)/source/tests
	@cp -R README.md CONTRIBUTING.md CHANGELOG.md LICENSE docs examples $(SITE)/source
	@cp tests/README.md $(SITE)/source/tests
	@mv $(SITE)/source/docs/zensical.toml $(SITE)
	@$(BIN)/zensical build --strict --clean --config-file $(SITE)/zensical.toml
	@echo "$(SITE)/html/index.html"

# dist/rekindle_push-VERSION-py3-none-any.whl, by the pinned hatchling and without the network. The
# same source makes the same file, byte by byte.
wheel: $(VENV)/.runtime
	@rm -rf dist
	@SOURCE_DATE_EPOCH=1767225600 $(BIN)/python -m hatchling build --target wheel --directory dist >/dev/null
	@ls dist/*.whl

# The environment is rebuilt from scratch when a lock changes. An incomplete one is never kept.
$(VENV)/.python:
	@echo "Setting up $(VENV) ..."
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Rekindle needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.runtime: $(VENV)/.python requirements.lock pyproject.toml
	@$(PIP) -r requirements.lock
	@$(BIN)/python -m pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation --editable .
	@touch $@

# Without byte code, which Python makes of what is imported. For statsmodels and pandas alone, all
# of it takes 20 s of processor time.
$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	@$(PIP) --no-compile -r requirements-dev.lock
	@touch $@

$(VENV)/.docs: $(VENV)/.runtime requirements-docs.lock
	@$(PIP) -r requirements-docs.lock
	@touch $@

# Pinned, with hashes, and without the address of a registry. Needs uv (any recent version).
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url
lock:
	$(LOCK) --upgrade --extra demo --extra serve --extra telemetry pyproject.toml requirements-build.in -o requirements.lock
	$(LOCK) --extra serve --extra telemetry pyproject.toml -c requirements.lock -o requirements-serve.lock
	$(LOCK) --extra demo --extra effect --extra serve --extra telemetry --group dev pyproject.toml requirements-build.in -c requirements.lock -o requirements-dev.lock
	$(LOCK) --group docs -c requirements-dev.lock -o requirements-docs.lock

clean:
	rm -rf $(VENV)
