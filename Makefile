# One definition of everything: people, hooks and CI call these.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

WEB_SOURCES := $(shell find web/sdk/src web/app/src web/app/*.html web/app/*.ts web/package-lock.json 2>/dev/null)

.PHONY: run build web check purity test test-rust test-web e2e fmt setup-test

## Build everything, serve, and print the address.
run: build
	exec target/release/headwater serve

build: web
	cargo build --release --locked -p headwater-server

## The web pages, when their sources changed.
web: web/app/dist/index.html

web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm ci --no-audit --no-fund

web/app/dist/index.html: web/node_modules/.package-lock.json $(WEB_SOURCES)
	cd web && npm run build

## What must hold before a commit: no test runs here.
check: web/node_modules/.package-lock.json
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	scripts/check-purity
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked
	cd web && npm run check
	if command -v typos >/dev/null; then typos; elif [ -x .setup/bin/typos ]; then .setup/bin/typos; \
	  else echo "typos is not installed: run 'make setup-test'" >&2; exit 1; fi

## Everything CI runs, on a fresh Debian with Rust and Node. Ends with the sum over all suites.
test: setup-test
	scripts/test-all

setup-test:
	scripts/setup-test

test-rust:
	cargo test --workspace --locked

test-web: web/node_modules/.package-lock.json
	cd web && npm test

## Browsers against the real server.
e2e: build
	cd web && HEADWATER_BIN=$(CURDIR)/target/release/headwater npm run e2e

fmt: web/node_modules/.package-lock.json
	cargo fmt --all
	cd web && npm run fmt
