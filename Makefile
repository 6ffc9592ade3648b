# Everything runs in .venv, which the first target that needs it creates; no other set-up is required.
#
#   make demo    the policy gradient theorem on two models, exactly and by sampling; pictures and LaTeX in out/
#   make check   formatting, lint, types, the tests of the main promises: under 2 minutes
#   make test    formatting, lint, types, all tests, doctests
#   make docs    the documentation site, in site/; with the playground where npm is installed
#   make bench   the side-by-side tables (installs the benchmark extra)
#   make newest  make test on the newest versions, in .venv-newest; prints those that differ from constraints.txt
#   make constraints  writes constraints.txt, the versions in .venv, anew: the newest ones
#   make clean   removes the environment and everything that was generated
#
# PYTHON names the interpreter to build on; by default the first of these that is 3.11 or later and has venv.

SHELL := /bin/bash
CANDIDATES := python3 python3.13 python3.12 python3.11 python
USABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in $(CANDIDATES); do $$p -c '$(USABLE)' >/dev/null 2>&1 && echo $$p && break; done)

VENV := .venv
# Versions of all that is installed, build tools too; empty: the newest.
CONSTRAINTS := constraints.txt
RUN := $(VENV)/bin/python
PGSYM := $(VENV)/bin/pgsym
PIP := PIP_CONSTRAINT=$(CONSTRAINTS) PIP_BUILD_CONSTRAINT=$(CONSTRAINTS) $(RUN) -m pip
INSTALL := $(PIP) install -qq --disable-pip-version-check
READY := $(VENV)/.pgsym-dev
READY_BENCH := $(VENV)/.pgsym-benchmark

NEWEST := VENV=.venv-newest CONSTRAINTS=
# Models, exact solutions, claims and the first commands, without what takes minutes: random search, and documents.
FAST := tests/test_layers.py tests/model tests/exact tests/claims tests/cli/test_cli.py tests/cli/test_check.py \
  --ignore=tests/claims/test_soundness.py --ignore=tests/claims/test_derivation.py

.PHONY: demo check test lint types docs bench newest newest-environment constraints clean
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

check: lint types
	$(RUN) -m pytest -n 2 --dist worksteal $(FAST)

docs: $(READY)
	PLAYGROUND=$$(command -v npm) NO_MKDOCS_2_WARNING=1 $(RUN) -m mkdocs build --strict --quiet
	@echo "The site is in site/; open site/index.html through a web server: $(RUN) -m http.server -d site"

bench: $(READY_BENCH)
	$(RUN) benchmarks/startup.py
	$(RUN) benchmarks/exact.py
	$(RUN) benchmarks/claims.py
	$(RUN) benchmarks/moments.py
	$(RUN) benchmarks/sampling.py
	$(RUN) benchmarks/soundness.py --claims 1000
	$(RUN) benchmarks/hostile_names.py --models 2000
	$(RUN) benchmarks/audit.py --audits 200
	$(RUN) benchmarks/storm.py
	$(RUN) benchmarks/order.py
	$(RUN) benchmarks/floats.py
	$(RUN) benchmarks/growth.py
	command -v coqc >/dev/null && $(RUN) benchmarks/certify.py --quick || echo "no Coq: certificates are not timed"

newest: newest-environment
	status=0; $(MAKE) test $(NEWEST) || status=$$?; .venv-newest/bin/python .ci/versions.py changed; exit $$status

constraints: NEWEST := VENV=.venv-newest CONSTRAINTS=.ci/held.txt
constraints: newest-environment
	.venv-newest/bin/python .ci/versions.py > constraints.txt

newest-environment:
	rm -rf .venv-newest
	$(MAKE) .venv-newest/.pgsym-dev $(NEWEST)

clean:
	rm -rf .venv .venv-newest out build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUN):
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or later with venv was found; set PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Creating $(VENV) with $$($(PYTHON) --version)"
	$(PYTHON) -m venv --clear $(VENV)

$(READY): pyproject.toml $(CONSTRAINTS) | $(RUN)
	@echo "Installing pgsym into $(VENV) (a few minutes the first time)"
	$(INSTALL) --editable ".[dev]"
	@touch $@

$(READY_BENCH): $(READY)
	$(INSTALL) --editable ".[benchmark]"
	@touch $@
