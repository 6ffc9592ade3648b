# Everything runs in .venv, which the first target that needs it creates; no other set-up is required.
#
#   make demo    the policy gradient theorem on two models, exactly and by sampling; pictures and LaTeX in out/
#   make test    formatting, lint, types, tests, doctests
#   make docs    the documentation site, in site/
#   make bench   the side-by-side tables (installs the benchmark extra)
#   make clean   removes the environment and everything that was generated
#
# PYTHON names the interpreter to build on; by default the first of these that is 3.11 or later and has venv.

SHELL := /bin/bash
CANDIDATES := python3 python3.13 python3.12 python3.11 python
USABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in $(CANDIDATES); do $$p -c '$(USABLE)' >/dev/null 2>&1 && echo $$p && break; done)

VENV := .venv
RUN := $(VENV)/bin/python
PGSYM := $(VENV)/bin/pgsym
INSTALL := $(RUN) -m pip install -qq --disable-pip-version-check
READY := $(VENV)/.pgsym-dev
READY_BENCH := $(VENV)/.pgsym-benchmark

.PHONY: demo test lint types docs bench clean
.DEFAULT_GOAL := demo

demo: $(READY)
	$(PGSYM) verify short-corridor
	$(PGSYM) verify gym:FrozenLake-v1
	$(PGSYM) solve short-corridor --out out/short-corridor
	$(PGSYM) solve two-state --out out/two-state
	$(PGSYM) solve gym:FrozenLake-v1 --out out/frozen-lake >/dev/null
	@echo "Pictures and LaTeX are in out/:"; find out -type f | sort

lint: $(READY)
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

types: $(READY)
	$(RUN) -m mypy

test: lint types
	$(RUN) -m pytest -n 2 --dist worksteal

docs: $(READY)
	NO_MKDOCS_2_WARNING=1 $(RUN) -m mkdocs build --strict --quiet
	@echo "The site is in site/; open site/index.html through a web server: $(RUN) -m http.server -d site"

bench: $(READY_BENCH)
	$(RUN) benchmarks/startup.py
	$(RUN) benchmarks/exact.py
	$(RUN) benchmarks/claims.py
	$(RUN) benchmarks/sampling.py
	$(RUN) benchmarks/soundness.py --models 12
	$(RUN) benchmarks/audit.py --audits 200
	$(RUN) benchmarks/storm.py
	command -v coqc >/dev/null && $(RUN) benchmarks/certify.py --quick || echo "no Coq: certificates are not timed"

clean:
	rm -rf $(VENV) out build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUN):
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or later with venv was found; set PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Creating $(VENV) with $$($(PYTHON) --version)"
	$(PYTHON) -m venv --clear $(VENV)

$(READY): pyproject.toml | $(RUN)
	@echo "Installing pgsym into $(VENV) (a few minutes the first time)"
	$(INSTALL) --editable ".[dev]"
	@touch $@

$(READY_BENCH): $(READY)
	$(INSTALL) --editable ".[benchmark]"
	@touch $@
