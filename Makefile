# The one definition of how Headwater is built, run and tested. CI calls `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

TARGET := $(or $(CARGO_TARGET_DIR),target)
HEADWATER := $(abspath $(TARGET)/release/headwater)
WEB_SOURCES := $(shell find web \( -name node_modules -o -name dist -o -name e2e -o -name test \) -prune -o -type f -print)

.PHONY: run build web types check test setup-test test-rust test-web e2e bench fmt
.PHONY: soak soak-links soak-attacks soak-browsers soak-fuzz

# Build everything, serve, print the address. `make run ARGS="--http 127.0.0.1:9000"`
run: build
	exec $(HEADWATER) serve $(ARGS)

build: web
	cargo build --release --locked -p headwater-server

# The web pages, when a source changed. The server embeds them.
web: web/app/dist/index.html

web/app/dist/index.html: web/node_modules/.package-lock.json $(WEB_SOURCES)
	cd web && npm run build

web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm ci

# The client's types of the wire, from those of the server. A test says when they differ.
types: web/node_modules/.package-lock.json
	HEADWATER_WRITE_TYPES=1 cargo test --quiet --locked -p headwater-signaling --lib client_library
	cd web && npx biome format --write sdk/src/wire.ts

# Everything that is quick to tell without running a test.
check: web/node_modules/.package-lock.json .setup/installed.txt
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked
	scripts/check-purity
	.setup/bin/cargo-deny --locked check bans licenses sources
	.setup/bin/cargo-shear --locked
	.setup/bin/typos
	cd web && npm run check

# Install what is missing, then run all there is: checks, Rust, web, browsers.
# The last line is the sum, `N passed, N failed`.
test: setup-test
	scripts/test-all

setup-test:
	scripts/setup-test

# Many tests wait, for timeouts of the server above all: more of them at a time than there are cores.
test-rust:
	RUST_TEST_THREADS=12 cargo test --workspace --locked --no-fail-fast

test-web: web/node_modules/.package-lock.json
	cd web && npm test

# Chromium, Firefox and GStreamer against the real server.
e2e: build
	cd web && HEADWATER_BIN=$(HEADWATER) npm run e2e

# What takes too long for every change: links on which nothing stays, attacks of 20 s each, Firefox
# ten times over a lossy link, six who come and go for minutes, and hostile input for hours. Wants
# two cores that do nothing else.
soak: soak-links soak-attacks soak-browsers soak-fuzz

soak-links:
	HEADWATER_SOAK=1 cargo test --release --locked -p headwater-sim --test it wild

soak-attacks: build
	HEADWATER_ATTACK_SECONDS=20 HEADWATER_BIN=$(HEADWATER) cargo test --release --locked \
	  -p headwater-loadgen --test it -- attacks:: --nocapture

soak-browsers: build
	cd web && HEADWATER_SOAK=1 HEADWATER_BIN=$(HEADWATER) npm run e2e -- firefox-loss room-six

# Hostile input, guided by coverage: half an hour for each parser, and for whole peers. Goes on
# from where it was. `make soak-fuzz SECONDS=60 TARGETS="sdp peer"`
soak-fuzz:
	scripts/soak-fuzz $(or $(SECONDS),1800) $(TARGETS)

# What the parts cost and what the server carries; prints tables and writes docs/performance.md.
# Takes about ten minutes, and wants two cores that do nothing else.
bench: build
	cargo bench --locked -p headwater-forward --bench forward -- --sample-count 20
	cargo build --release --locked -p headwater-bench
	$(dir $(HEADWATER))headwater-bench all --server $(HEADWATER) --write docs/performance.md

fmt: web/node_modules/.package-lock.json
	cargo fmt --all
	cd web && npm run fmt

# Checkers that come as ready binaries from PyPI, pinned by hash.
.setup/installed.txt: scripts/test-tools.txt
	python3 -m venv --clear .setup
	.setup/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $<
	cp $< $@
