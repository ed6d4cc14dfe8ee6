# packetpath: `make demo` shows what it does, `make test` runs every test. Only Python >= 3.11 and make are needed.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
SAMPLE ?= samples/default-bridge/snapshot.tar.gz

.PHONY: demo test lint kernel bench clean
.DELETE_ON_ERROR:

demo: $(VENV)/.installed
	@rm -rf out
	$(BIN)/packetpath flows $(SAMPLE)
	$(BIN)/packetpath draw $(SAMPLE) -o out --format svg --format png
	@echo "The pictures are in out/: topology.svg, and a flow-NNN.svg for each flow above (the same as .png)."

test: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -n auto

kernel: export PACKETPATH_KERNEL = 1
kernel: test

bench: $(VENV)/.tested
	$(BIN)/python tests/bench/bench.py

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "packetpath needs Python 3.11 or later")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@

clean:
	rm -rf $(VENV) out build *.egg-info
