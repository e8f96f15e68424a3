VENV := .venv
PROFILE ?= quick
PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3.11)
STAMP := $(VENV)/.installed
# Pyright would ask the network for a newer release of itself.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.PHONY: book test lint bless dist constraints clean

book: $(STAMP)  ## execute the chapters and build the book into build/html
	$(VENV)/bin/python book/build.py --profile $(PROFILE)

test: $(STAMP) lint  ## every test: units, properties, doctests, reference notebooks, browser
	$(VENV)/bin/python -m pytest -n 2 --dist=loadfile
	$(VENV)/bin/python -m pytest -n 2 --dist=loadfile --nbval-lax tests/reference

lint: $(STAMP)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/pyright

bless: $(STAMP)  ## rewrite the reference notebooks from the chapters, after a change that was meant
	$(VENV)/bin/python book/bless.py

dist: $(STAMP)  ## wheel and sdist; the wheel is then tried in an empty environment
	$(VENV)/bin/python .ci/dist.py

constraints:  ## pin the newest releases that pyproject.toml admits
	bash .ci/constraints $(PYTHON)

clean:
	rm -rf build $(VENV)

# No stamp, no finished install: then --clear starts over.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Python 3.11 or newer is needed, name one: make PYTHON=python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(if $(wildcard $@),,--clear) $(VENV)
	rm -f $@
	$(VENV)/bin/pip install --quiet -c constraints.txt -e ".[book,dev]"
	touch $@
