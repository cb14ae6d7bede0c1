# Two commands: `make run` (load two years, compare) and `make test` (lint, types, tests). Both install what they need.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: run test check bench clean system chromium java

run: $(VENV)/.installed | system
	$(BIN)/python -m sync run || [ $$? = 3 ] # 3: the day's calls are used up, tomorrow goes on

test: check | chromium java
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: $(VENV)/.installed-dev | system
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.installed-dev | system
	$(BIN)/python -m bench

$(VENV)/.installed: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) -r requirements.txt
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt requirements-bulk.txt requirements-spark.txt
	$(PIP) -r requirements-dev.txt
	touch $@

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

clean:
	rm -rf $(VENV)
