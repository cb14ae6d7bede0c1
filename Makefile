# Two commands: `make run` (load two years, compare) and `make test` (lint, types, tests). Both install what they need,
# from lock files with hashes; `make lock` renews these, `make test NEWEST=1` tries the newest that the ranges allow.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PYTEST := $(BIN)/python -m pytest --dist worksteal
LOCK    = $(BIN)/uv pip compile --no-config --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
          --no-annotate --no-header --no-emit-index-url --no-emit-find-links

# The tests start thousands of processes: none is to compile the project anew.
export PYTHONDONTWRITEBYTECODE :=

ifdef NEWEST
RUN_NEEDS := --upgrade -r requirements.txt
DEV_NEEDS := --upgrade --editable '.[dev]'
else
RUN_NEEDS := --require-hashes -r requirements.lock
DEV_NEEDS := --require-hashes -r requirements-dev.lock
endif

.PHONY: run test soak check bench lock clean system chromium java postgres

run: $(VENV)/.installed | system
	$(BIN)/python -m sync run || [ $$? = 3 ] # 3: the day's calls are used up, tomorrow goes on

# These wait for servers a third of the time, so two cores carry three at once; the long ones use both.
test: check | chromium postgres
	$(PYTEST) -n 3 -m "not soak"

# The long ones: kills at random moments, whole years, a hundred meters, Spark.
soak: $(VENV)/.installed-dev | system chromium java postgres
	$(PYTEST) -n 2 -m soak

check: $(VENV)/.installed-dev | system
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/python -m tests.eslint

bench: $(VENV)/.installed-dev | system
	$(BIN)/python -m bench

lock: $(VENV)/.installed-dev
	$(LOCK) requirements.txt -o requirements.lock
	$(LOCK) -c requirements.lock --all-extras pyproject.toml -o requirements-dev.lock

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt requirements.lock | $(BIN)/python
	$(PIP) $(RUN_NEEDS)
	touch $@

$(VENV)/.installed-dev: requirements.txt requirements-dev.lock pyproject.toml | $(BIN)/python
	$(PIP) $(DEV_NEEDS)
	touch $@ $(VENV)/.installed

# The embedded mongod needs libcurl4 and OpenSSL 3; installed where this may be done without asking.
system:
	@if [ "$$(uname -s)" = Linux ] && ! PATH="$$PATH:/sbin:/usr/sbin" ldconfig -p | grep -q 'libcurl\.so\.4'; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && apt-get install -y -qq libcurl4 >/dev/null; \
	  else echo "the embedded MongoDB needs libcurl4: sudo apt-get install libcurl4 (or set MONGODB_URI)"; fi; fi

# The tests of the page need a browser; the same.
chromium:
	@if ! command -v chromium >/dev/null && ! command -v google-chrome >/dev/null && [ -z "$$CHROMIUM" ]; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	  else echo "the tests of the page need Chromium: sudo apt-get install chromium (or set CHROMIUM)"; fi; fi

# The tests of the Spark job need Java; the same. Newer systems have no 17, only what is their default.
java:
	@if ! command -v java >/dev/null && [ -z "$$JAVA_HOME" ]; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && { apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless >/dev/null \
	      || apt-get install -y -qq --no-install-recommends default-jre-headless >/dev/null; }; \
	  else echo "the tests of the Spark job need Java 17: sudo apt-get install openjdk-17-jre-headless"; fi; fi

# The tests of the export need PostgreSQL, which they start themselves; the same.
postgres:
	@if ! ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 && ! command -v postgres >/dev/null; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql >/dev/null; \
	  else echo "the tests of the export need PostgreSQL: sudo apt-get install postgresql"; fi; fi

clean:
	rm -rf $(VENV)
