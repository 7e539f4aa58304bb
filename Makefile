# The targets of this project. Each makes .venv first, from the lock: when that has changed, or the project has moved.
PYTHON ?= python3
# Given on the command line alone: in a person's shell these names may stand for something else.
LOCK := requirements.txt
ARGS :=
N := 3
DATASET :=
PROFILE :=
STUDY :=
SET :=

# Kernels start in other folders, so a relative path is completed here; make itself would cut it at a space.
ifdef LENET_DATA
COMPLETE := import os, sys; print(os.path.abspath(os.path.expanduser(sys.argv[1])))
override LENET_DATA := $(shell $(PYTHON) -c '$(COMPLETE)' '$(subst ','\'',$(value LENET_DATA))')
export LENET_DATA
endif

# What a shell sets for another Python is not for this one.
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP
export PYTHONUTF8 := 1
PY := .venv/bin/python

.PHONY: help report draft preview plan run publish verify lab test test-faults test-browser test-slurm lint peers record lock clean clean-runs
help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 20

STAMP := .venv/.made-from-$(shell (pwd -P && cat $(LOCK)) | cksum | tr ' ' -)
$(STAMP):
	@$(PYTHON) check_python.py
	$(PYTHON) -m venv --clear .venv
	$(PY) install.py $(LOCK)
	@touch $@

# What hands runs to SLURM comes on top of either lock, for those alone who name a profile.
SLURM := .venv/.slurm-from-$(shell (pwd -P && cat requirements-slurm.txt) | cksum | tr ' ' -)
$(SLURM): $(STAMP)
	$(PY) install.py requirements-slurm.txt
	@touch $@

WHERE = $(if $(DATASET),--dataset $(DATASET)) $(if $(PROFILE),--profile '$(PROFILE)')
report: $(STAMP) $(if $(PROFILE),$(SLURM)) ## make what is missing: reports/report.html, report.pdf, results.json; a draft of them first
	@$(PY) -m pipeline report $(WHERE) $(ARGS)

draft: $(STAMP) ## the same from what is finished, marked as a draft: reports/draft/report.html
	@$(PY) -m pipeline draft $(ARGS)

preview: $(STAMP) $(if $(PROFILE),$(SLURM)) ## the same on small embedded digits, within minutes, in reports/preview/
	@$(PY) -m pipeline preview $(if $(PROFILE),--profile '$(PROFILE)') $(ARGS)

plan: $(STAMP) ## tell what make report would make, why, and how long it takes; ARGS=--preview
	@$(PY) -m pipeline plan $(WHERE) $(ARGS)

# Whatever a person writes reaches Python as it is.
QUOTED = '$(subst ','\'',$(value $(1)))'
run: $(STAMP) ## one more run, apart from its study: STUDY=lr_study SET="lr=0.02 seeds=3"
	@$(PY) -m pipeline.own $(call QUOTED,STUDY) $(call QUOTED,SET) $(ARGS)

publish: $(STAMP) ## put the finished report into reports/published/, to be committed
	@$(PY) -m pipeline.edition publish

verify: $(STAMP) ## make three of the published runs again, or N=all, and compare; ARGS="--seed 5"
	@$(PY) -m pipeline.edition verify --n $(N) $(ARGS)

# Copies to play with: what is changed and saved there neither shows in git nor makes a run stale.
PLAY := $(patsubst notebooks/%,play/%,$(wildcard notebooks/*.ipynb))
play/%.ipynb: notebooks/%.ipynb
	@mkdir -p play
	@[ ! -e $@ ] || mv $@ $(@:.ipynb=)-before-$$(date -u +%Y-%m-%d-%H%M%S).ipynb
	@cp $< $@

# JupyterLab refuses root, as whom one works in a container, unless told.
USER_ID = $(shell id -u)
LAB = --ip=127.0.0.1 $(if $(filter 0,$(USER_ID)),--allow-root )--LabApp.default_url=/lab/tree/play
# Nor do a person's settings count, as of a JupyterLab that is open to all; those made here lie in play/ too.
lab: export JUPYTER_CONFIG_DIR = $(CURDIR)/play/.jupyter
lab: export JUPYTER_CONFIG_PATH =
lab: $(STAMP) $(PLAY) ## open JupyterLab here, on copies of the notebooks in play/
	$(PY) -m jupyterlab $(LAB) $(ARGS)

test: $(STAMP) ## every test but those of the next three targets; every notebook runs
	$(PY) -m pytest -n 3 --dist loadfile -m "not faults and not browser and not slurm" $(ARGS)

test-faults: $(STAMP) ## kill kernels and workflows, and look at what is left
	$(PY) -m pytest -n 2 --dist loadfile -m faults $(ARGS)

test-browser: $(STAMP) ## open the page and JupyterLab in Chromium, with the network off
	$(PY) -m pytest -m browser $(ARGS)

test-slurm: $(SLURM) ## start a SLURM of one node, as root, and let it befall what can
	$(PY) -m pytest -n 3 -m slurm tests/test_slurm.py $(ARGS)

lint: $(STAMP) ## check style, types, the order of the rooms, and that notebooks hold no output
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports
	$(PY) -m nbstripout --keep-id --verify notebooks/*.ipynb

PEERS := peers/.venv/.made-from-$(shell (pwd -P && cat peers/requirements.txt) | cksum | tr ' ' -)
$(PEERS):
	@$(PYTHON) check_python.py
	$(PYTHON) -m venv --clear peers/.venv
	peers/.venv/bin/python -m pip install --quiet --disable-pip-version-check -r peers/requirements.txt
	@touch $@

peers: $(PEERS) ## time the same work in other libraries, into peers/records/
	@peers/.venv/bin/python -m peers.run $(ARGS)

record: $(STAMP) ## time one network on this machine, into reports/records/; ARGS="--filters 16 --epochs 3"
	$(PY) -m pipeline.record --json reports/records/$(shell date -u +%Y-%m-%d-%H%M%S).json $(ARGS)

COMPILE = $(PY) -m uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url pyproject.toml
# The entries of a second list whose first words stand in no entry of the first.
NOT_LOCKED = NR == FNR {locked[$$1]; next} /^[^ ]/ {wanted = !($$1 in locked)} wanted
lock: $(STAMP) ## choose the newest versions that fit and write them down, with hashes
	$(COMPILE) --upgrade --extra dev -o requirements.txt
	$(COMPILE) --extra dev --extra gpu -c requirements.txt -o requirements-gpu.txt
	$(COMPILE) --no-annotate --extra dev --extra slurm -c requirements.txt | awk '$(NOT_LOCKED)' requirements.txt - > requirements-slurm.txt
	$(PY) -m uv pip compile --quiet --upgrade --no-config --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url -c requirements.txt peers/requirements.in -o peers/requirements.txt
	echo pip | $(PY) -m uv pip compile --quiet --upgrade --generate-hashes --no-header --no-annotate --no-emit-index-url - -o requirements-pip.txt

clean: ## remove what is rendered; finished runs stay
	for in in reports reports/preview; do rm -rf $$in/report.* $$in/results.json $$in/figures $$in/draft; done

clean-runs: clean ## remove finished runs as well
	rm -rf reports/runs reports/logs reports/preview
