# One Map. `make run` takes in the embedded sample; `make serve` shows it; `make test` checks all,
# `make quick` what takes no long time.
#   PYTHON=python3.12   another Python (3.11 or newer)
#   ARGS="--map bangkok --drops /path/to/files"   for run and serve

PYTHON ?= python3
ARGS ?=
UPGRADE ?=
# The tests of one dear fixture stay together, and begin in our order: what is slow first.
pytest = $(bin)/pytest --numprocesses=auto --dist=loadgroup --no-loadscope-reorder
# Per cent of the statements that the tests' own processes run; 96 are measured. Where `CI` is set: to
# count them takes a sixth of the time.
coverage_floor = 94
coverage = $(if $(CI),--cov --cov-report=term --cov-fail-under=$(coverage_floor))
bin := .venv/bin
# Each of many processes would compile our modules anew.
unexport PYTHONDONTWRITEBYTECODE
npm_ci := ../$(bin)/npm ci --no-audit --no-fund --no-update-notifier --loglevel=error

.PHONY: run serve schedule prefect-server test quick mutation bench golden lint lock wheel clean postgis chromium
.DELETE_ON_ERROR:

run: .venv/run.stamp web/node_modules/run.stamp postgis
	@$(bin)/onemap run $(ARGS)

serve: .venv/run.stamp web/node_modules/run.stamp postgis
	@$(bin)/onemap serve $(ARGS)

# Prefect's server, the maps' deployments and a worker, until it is stopped: each map is looked after
# every hour. ARGS="--map bangkok": that map alone.
schedule: .venv/run.stamp .venv-prefect/run.stamp postgis
	@$(bin)/onemap schedule $(ARGS)

# The server's own environment: its web libraries are not the application's.
prefect-server: .venv-prefect/run.stamp

test: lint web/node_modules/test.stamp .venv-prefect/run.stamp postgis chromium
	$(pytest) $(coverage)

# The inner loop: all but what is marked `slow`.
quick: .venv/test.stamp web/node_modules/test.stamp postgis chromium
	$(pytest) -m "not slow"

# Do the heart's tests notice wrong code? ARGS="--sample 0 geo/gate.py": all mutants of one module.
mutation: .venv/test.stamp
	$(bin)/python scripts/mutation.py $(ARGS)

# How fast, how large, beside what a user would pick instead: docs/performance.md. Some hours; ARGS names
# sections and sizes (`ARGS=--help`). It needs the peers: `apt-get install gdal-bin postgis`.
bench: .venv/bench.stamp web/node_modules/test.stamp postgis chromium
	$(bin)/python -m bench $(ARGS)

# What the maps come to, written anew; refused where no step number of geo/steps.py was raised.
golden: .venv/test.stamp postgis
	ONEMAP_WRITE_GOLDEN=1 $(bin)/pytest tests/golden

lint: .venv/test.stamp
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy
	$(bin)/lint-imports
	$(bin)/deptry .
	$(bin)/sqlfluff lint sql --disable-progress-bar
	$(bin)/onemap lint

# Stamps: a second call finds everything done.
.venv/run.stamp: requirements.lock pyproject.toml scripts/make-environment.sh
	@scripts/make-environment.sh $(PYTHON) requirements.lock
	@touch $@

.venv/test.stamp: requirements-dev.lock pyproject.toml scripts/make-environment.sh
	@scripts/make-environment.sh $(PYTHON) requirements-dev.lock
	@touch .venv/run.stamp $@

.venv/bench.stamp: requirements-bench.lock .venv/test.stamp
	@scripts/make-environment.sh $(PYTHON) requirements-bench.lock
	@touch $@

.venv-prefect/run.stamp: requirements-prefect-server.lock scripts/make-environment.sh
	@scripts/make-environment.sh $(PYTHON) requirements-prefect-server.lock .venv-prefect
	@touch $@

web/node_modules/run.stamp: web/package-lock.json | .venv/run.stamp
	@echo "Installing the viewer's packages into web/node_modules"
	@cd web && PATH="$(CURDIR)/$(bin):$$PATH" $(npm_ci) --omit=dev
	@touch $@

web/node_modules/test.stamp: web/package-lock.json | .venv/test.stamp
	@echo "Installing the viewer's packages into web/node_modules"
	@cd web && PATH="$(CURDIR)/$(bin):$$PATH" $(npm_ci)
	@touch web/node_modules/run.stamp $@

postgis:
	@scripts/install-postgis.sh

chromium:
	@scripts/install-chromium.sh

# The locks from pyproject.toml, for every platform: a pin stays where it may. UPGRADE=--upgrade takes
# the newest versions that are allowed, UPGRADE="--upgrade-package NAME" that of one package.
lock: export UV_CUSTOM_COMPILE_COMMAND = make lock
lock: compile := build/uv/bin/uv pip compile --quiet $(UPGRADE) --universal --python-version 3.11 --no-strip-extras \
	--generate-hashes --no-emit-index-url --no-emit-find-links
lock: .venv/run.stamp
	@$(bin)/pip install --quiet --disable-pip-version-check --upgrade --target build/uv uv
	$(compile) pyproject.toml --output-file requirements.lock
	$(compile) pyproject.toml --extra dev --constraint requirements.lock --output-file requirements-dev.lock
	$(compile) pyproject.toml --extra bench --constraint requirements.lock --output-file requirements-bench.lock
	@sed -n 's/^\(prefect==[^ ]*\).*/\1/p' requirements.lock >build/prefect.txt
	$(compile) --group prefect-server --constraint build/prefect.txt --output-file requirements-prefect-server.lock

# dist/: a wheel with all that it needs but Python packages, and the lock of those. The same commit and
# npm lock give the same bytes.
wheel: export SOURCE_DATE_EPOCH = $(or $(shell git log -1 --format=%ct 2>/dev/null),315532800)
wheel: .venv/run.stamp web/node_modules/run.stamp
	@rm -rf build/lib build/bdist.* dist
	@$(bin)/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .
	@cp requirements.lock requirements-prefect-server.lock dist
	@ls dist/*

# What was built; the data in .onemap stay (`onemap db reset` removes them).
clean:
	rm -rf .venv .venv-prefect build dist web/node_modules .mypy_cache .pytest_cache .ruff_cache \
		.import_linter_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
