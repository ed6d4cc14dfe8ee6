# packetpath: `make demo` shows what it does, `make test` runs every test. Only Python >= 3.11 and make are needed.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
SAMPLE ?= samples/default-bridge/snapshot.tar.gz

.PHONY: demo test lint kernel kernel-test kernel-keep bench clean
.DELETE_ON_ERROR:

demo: $(VENV)/.installed
	@rm -rf out
	$(BIN)/packetpath flows $(SAMPLE)
	$(BIN)/packetpath draw $(SAMPLE) -o out --format svg --format png
	@echo "The pictures are in out/: topology.svg, rules.svg, and a flow-NNN.svg for each way that flows took (the same as .png)."

test: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -n auto --dist loadgroup

kernel: export PACKETPATH_KERNEL = 1
kernel: test

# Random worlds of every kind against this machine's kernel (root). FIRST=n: from that seed on, else from a fresh one.
kernel-test: $(VENV)/.tested
	$(BIN)/python -m tests.kernel.hunt --seeds $(or $(SEEDS),5) --packets $(or $(PACKETS),40) $(if $(FIRST),--first $(FIRST)) $(if $(KINDS),--kinds $(KINDS))

# Run a case again and keep it as a vector that needs no root: make kernel-keep CASE=out/kernel/router-7.json NAME=router-7
kernel-keep: $(VENV)/.tested
	$(BIN)/python -m tests.kernel.record --case $(CASE) -o tests/kernel/recorded/$(NAME)

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
