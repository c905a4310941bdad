# Everything a fresh machine needs is made here: git, make and python3 (or uv) are enough.
# The versions come from requirements.lock; `make lock` renews it from pyproject.toml.

PYTHON ?= python3
VENV   := .venv
DIST   := dist
BIN    := $(VENV)/bin
UV     := $(shell command -v uv 2>/dev/null)
ARGS   ?=

.PHONY: practice run test check bench fuzz pythons lock dist sbom picture clean

practice: $(VENV)/.run          ## the wizard against the practice Nexus
	@$(BIN)/cgwizard practice $(ARGS)

run: $(VENV)/.run               ## the wizard against your Nexus: make run ARGS=https://nexus.example.com
	@$(BIN)/cgwizard $(ARGS)

test: $(VENV)/.dev check        ## style, types, layers, spelling, then every test
	@$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

check: $(VENV)/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/codespell
	@$(BIN)/python tests/support/banned_phrases.py

bench: $(VENV)/.dev             ## the figures in docs/measures.md, as ratios in one run
	@$(BIN)/python -m pytest tests/bench -m bench -s $(ARGS)

fuzz: $(VENV)/.dev              ## types at 1,000 random moments, prints the seeds; kills and fills disks at every point
	@CGWIZARD_FUZZ_LAUNCHES=$${CGWIZARD_FUZZ_LAUNCHES:-1000} CGWIZARD_POINTS_EVERY=1 \
	  $(BIN)/python -m pytest -n auto -rA -q \
	  tests/whole/test_typed_early.py tests/whole/test_killed.py tests/whole/test_full_disk.py $(ARGS)

pythons:                        ## the quick tests with each Python and with the oldest dependencies
	@.ci/pythons $(ARGS)

# --no-deps --no-build-isolation: the lock file alone decides what is installed.
$(VENV)/.run: requirements.lock pyproject.toml
ifdef UV
	@test -x $(BIN)/python || uv venv --quiet $(VENV)
	@uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
else
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "cgwizard needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Try: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing cgwizard into $(VENV) (once)..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
endif
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
ifdef UV
	@uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.lock
else
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
endif
	@touch $@

lock:                           ## needs uv
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --custom-compile-command "make lock" \
	  --python-version 3.11 --group build pyproject.toml -o requirements.lock $(ARGS)
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --custom-compile-command "make lock" \
	  --python-version 3.11 --group dev -c requirements.lock -o requirements-dev.lock $(ARGS)

# The time of the last commit, so that everybody builds the same bytes from it.
dist: $(VENV)/.dev              ## the sdist and the wheel, in dist/
	@rm -rf $(DIST)
	@SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)} \
	  $(BIN)/python -m build --no-isolation --outdir $(DIST) . >/dev/null

sbom: dist                      ## their bill of materials, as CycloneDX
	@$(BIN)/python docs/sbom.py $(DIST)/*.whl $(DIST)/cgwizard.cdx.json

picture: $(VENV)/.dev           ## the README's picture, made by the wizard itself
	@$(BIN)/python docs/picture.py

clean:
	rm -rf $(VENV) build dist
