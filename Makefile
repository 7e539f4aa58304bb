# The doors of this project. Each makes .venv first, from the lock, when it is missing or the lock has changed.
PYTHON ?= python3
LOCK ?= requirements.txt
ifdef LENET_DATA
export LENET_DATA := $(abspath $(LENET_DATA))
endif
IN := .venv/bin/

.PHONY: help report preview lab test test-faults test-browser peers lint lock clean clean-runs
help: ## list these doors
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 20

# The stamp names the lock's content, so that another lock, or a changed one, makes a new environment.
STAMP := .venv/.made-from-$(shell cksum < $(LOCK) | tr ' ' -)
$(STAMP):
	@$(PYTHON) check_python.py
	$(PYTHON) -m venv --clear --upgrade-deps .venv
	$(IN)pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	$(IN)pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

report: $(STAMP) ## run what is missing, then write reports/report.html, report.pdf and results.json
	@$(IN)python -m lenet report

preview: $(STAMP) ## the same on small embedded digits, within minutes, in reports/preview/
	@$(IN)python -m lenet preview

lab: $(STAMP) ## open the notebooks in JupyterLab
	$(IN)jupyter lab notebooks

test: $(STAMP) ## every test but those of the next two doors; every notebook runs
	$(IN)python -m pytest -n 2 --dist loadfile -m "not faults and not browser"

test-faults: $(STAMP) ## kill kernels and workflows and look at what is left
	$(IN)python -m pytest -m faults

test-browser: $(STAMP) ## open the page in Chromium, with the network off
	$(IN)python -m pytest -m browser

PEERS := peers/.venv/.made-from-$(shell cksum < peers/requirements.txt | tr ' ' -)
$(PEERS):
	@$(PYTHON) check_python.py && $(PYTHON) -m venv --clear --upgrade-deps peers/.venv
	peers/.venv/bin/pip install --quiet --disable-pip-version-check -r peers/requirements.txt && touch $@

peers: $(PEERS) ## time the same work in other libraries: reports/records/peers.json
	@peers/.venv/bin/python -m peers.run $(ARGS)

lint: $(STAMP) ## check the style of package, tests and notebooks
	$(IN)ruff check . && $(IN)ruff format --check .

COMPILE = $(IN)uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url pyproject.toml
lock: $(STAMP) ## choose the newest versions that fit and write them down, with hashes
	$(COMPILE) --upgrade --extra dev -o requirements.txt
	$(COMPILE) --extra dev --extra gpu -c requirements.txt -o requirements-gpu.txt

clean: ## remove what is rendered; finished runs stay
	for in in reports reports/preview; do rm -rf $$in/report.* $$in/results.json $$in/figures; done

clean-runs: clean ## remove finished runs as well
	rm -rf reports/runs reports/logs reports/preview
