# The one definition of how Headwater is built, run and tested. CI calls `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

TARGET := $(or $(CARGO_TARGET_DIR),target)
HEADWATER := $(abspath $(TARGET)/release/headwater)
WEB_SOURCES := $(shell find web \( -name node_modules -o -name dist -o -name e2e -o -name test \) -prune -o -type f -print)

.PHONY: run build web types check check-sources lint test setup-test test-rust test-web bench fmt
.PHONY: e2e e2e-together e2e-alone
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

# Everything that is told without running a test.
check: check-sources lint

# What is told without compiling Rust.
check-sources: web/node_modules/.package-lock.json .setup/installed.txt
	cargo fmt --all --check
	scripts/check-purity
	.setup/bin/cargo-deny --locked check bans licenses sources
	.setup/bin/cargo-shear --locked
	.setup/bin/typos
	cd web && npm run check

# As in a release, there is no guard in `forward`: tests compile it with one.
lint:
	cargo clippy --workspace --all-targets --locked \
	  --config profile.dev.package.headwater-forward.debug-assertions=false -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# Install what is missing, then run all there is: checks, Rust, web, browsers.
# The last line is the sum, `N passed, N failed`.
test: setup-test
	scripts/test-all

setup-test:
	scripts/setup-test

test-rust:
	scripts/test-rust

test-web: web/node_modules/.package-lock.json
	cd web && npm test

# Chromium, Firefox, FFmpeg, GStreamer and others against the real server.
e2e: build
	cd web && HEADWATER_BIN=$(HEADWATER) npm run e2e

# The suites that share the machine, and those that measure and have it to themselves, both with the
# server that `make test-rust` has built: in it, a guard checks every stream that is sent.
e2e-together e2e-alone: e2e-%: web
	cd web/e2e && HEADWATER_BIN=$(abspath $(TARGET)/debug/headwater) npx vitest run --project $*

# What takes too long for every change: links on which nothing stays, attacks of 20 s each, Firefox
# ten times over a lossy link, six who come, go and watch for minutes, and hostile input for hours. Wants
# two cores that do nothing else.
soak: soak-links soak-attacks soak-browsers soak-fuzz

soak-links:
	HEADWATER_SOAK=1 cargo test --release --locked -p headwater-sim --test it wild

soak-attacks: build
	HEADWATER_ATTACK_SECONDS=20 HEADWATER_BIN=$(HEADWATER) cargo test --release --locked \
	  -p headwater-loadgen --test it -- attacks:: --nocapture

soak-browsers: build
	cd web && HEADWATER_SOAK=1 HEADWATER_BIN=$(HEADWATER) npm run e2e -- firefox-loss room-six six-viewers

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
