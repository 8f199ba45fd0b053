# Two commands a newcomer needs: `make run` and `make test`. Each does all its own set-up.
PYTHON ?= python3
PORT ?= 8080
BIN := .venv/bin
ALL_PROCESSORS := --numprocesses auto --dist worksteal

.PHONY: run graphiql test check conformance test-view pictures chromium prove mutate bench bench-faults bench-service format operations schema release-schema lock clean

run: .venv/ready
	@$(BIN)/python -m sandbox.graphiql var/graphiql || true
	@$(BIN)/hoks-gateway run --port $(PORT)

# The page on which the sandbox is asked by hand, fetched from npm; where that fails it says so, and the rest works.
graphiql: .venv/ready
	@$(BIN)/python -m sandbox.graphiql var/graphiql

test: .venv/ready
	$(BIN)/python -m pytest $(ALL_PROCESSORS)

# The running gateway against what is not ours: the audit of GraphQL over HTTP, what graphql-cop looks for, schemathesis
# as each of the cast, names that must not be suggested, Apollo's composition and gateway, clients in TypeScript; a network
# that parts; and what stands in deploy/, with HAProxy. Node is taken from the path or, in the environment, from PyPI;
# programs of Debian come by apt.
CONFORMANCE := var/conformance
conformance: $(CONFORMANCE)/venv/ready
	@$(CONFORMANCE)/venv/bin/python -m tests.conformance.programs
	$(CONFORMANCE)/venv/bin/python -m pytest -q --no-header tests/conformance

$(CONFORMANCE)/venv/ready: requirements-conformance.txt
	$(PYTHON) -m venv --clear $(CONFORMANCE)/venv
	$(CONFORMANCE)/venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# The gateway's pages in the Chromium of the system, which as root on Debian is installed where it is missing.
VIEW := var/view
test-view: $(VIEW)/venv/ready chromium graphiql
	$(VIEW)/venv/bin/python -m pytest -q --no-header tests/browser

# The pictures of the page in the documentation, made anew.
pictures: $(VIEW)/venv/ready chromium
	@mkdir -p docs/pictures
	PICTURES=docs/pictures $(VIEW)/venv/bin/python -m pytest -q --no-header tests/browser/test_view_pictures.py

chromium:
	@command -v chromium > /dev/null || \
	  { [ "$$(id -u)" = 0 ] && apt-get update --quiet=2 && \
	    apt-get install --quiet=2 --yes --no-install-recommends chromium; } || \
	  { echo "Chromium is needed: install the package \`chromium\`"; exit 1; }

$(VIEW)/venv/ready: requirements-view.txt
	$(PYTHON) -m venv --clear $(VIEW)/venv
	$(VIEW)/venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# The random and the sampled proofs of the access rules and every fault of a source, in full; one line per property.
prove: .venv/ready
	HOKS_PROVE=1 $(BIN)/python -m pytest -q -m proves $(ALL_PROCESSORS)

# Changes the deciding code a small step at a time, in a copy; fails on a change that no test notices and that is not
# listed with a reason in tests/hoks/access/mutants.toml. About ten minutes.
MUTATE := var/mutate
mutate: $(MUTATE)/ready
	@rm -rf $(MUTATE)/copy && mkdir -p $(MUTATE)/copy
	@git ls-files -z --cached --others --exclude-standard | tar --null --create --files-from=- | tar --extract -C $(MUTATE)/copy
	cd $(MUTATE)/copy && $(CURDIR)/$(MUTATE)/venv/bin/mutmut run > run.log
	$(MUTATE)/venv/bin/python -m tests.mutants $(MUTATE)/copy $(CURDIR)/$(MUTATE)/venv/bin/mutmut

$(MUTATE)/ready: requirements-mutate.txt
	$(PYTHON) -m venv $(MUTATE)/venv
	$(MUTATE)/venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# What the gateway costs, alone and beside others that npm ships (installed on demand, where Node is); a quarter of an
# hour on a quiet machine, kept in bench/RESULTS.md. ARGS='--quick' shows that it runs, '--only list' takes one table.
bench: .venv/ready
	@$(BIN)/python -m bench $(ARGS)

# What failing sources cost, beside the targets; about six minutes. ARGS='r3 r6' for some alone, '--every' for every fault.
bench-faults: .venv/ready
	@$(BIN)/python -m bench.faults $(ARGS)

# What the service stands as a whole, beside the targets; half an hour. ARGS='r5 r8' for some alone, '--short' each for
# seconds within the same bounds: what misses twice fails; with '--untimed' no figure that hangs on time does.
bench-service: .venv/ready
	@$(BIN)/python -m bench.service $(ARGS)

check: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hoks-gateway schema | diff -u schema.graphql - || \
	  { echo "schema.graphql is stale: run \`make schema\`"; exit 1; }
	$(BIN)/hoks-gateway explain | diff -u docs/access.md - || \
	  { echo "docs/access.md is stale: run \`make schema\`"; exit 1; }
	$(BIN)/python -m tests.schema_changes

format: .venv/ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The documents that the view asks by, for its manifest and with their hashes for its modules.
operations: .venv/ready
	$(BIN)/python -m tests.view.operations

schema: .venv/ready
	$(BIN)/hoks-gateway schema > schema.graphql.new && mv schema.graphql.new schema.graphql
	$(BIN)/hoks-gateway explain > docs/access.md.new && mv docs/access.md.new docs/access.md

# At a release: from now on clients may rely on the schema as it is.
release-schema: .venv/ready
	$(BIN)/python -m tests.schema_changes --release

# A pinned, hashed environment. The project itself is installed in place, without its dependencies.
.venv/ready: requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one with PYTHON=..."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	  -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Needs `uv` on the path; writes hashes and no index address.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header pyproject.toml -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --extra otel -c requirements.txt pyproject.toml -o requirements-otel.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --extra dev --extra otel -c requirements.txt pyproject.toml requirements-build.in \
	  -o requirements-dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header -c requirements-dev.txt requirements-build.in -o requirements-build.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --extra dev --extra otel --extra mutate -c requirements-dev.txt pyproject.toml \
	  -o requirements-mutate.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --extra dev --extra conformance -c requirements-dev.txt pyproject.toml \
	  -o requirements-conformance.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --extra dev --extra view -c requirements-dev.txt pyproject.toml \
	  -o requirements-view.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header -c requirements-conformance.txt requirements-node.in -o requirements-node.txt

clean:
	rm -rf .venv var build *.egg-info
