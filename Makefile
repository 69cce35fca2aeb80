# Everything there is to do with Telltale, each in one command. `make help` lists them.
# `run` and `test` install what is missing themselves; a second run finds it all there.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help run dev test soak fuzz bench lint package bindings screenshots audit rust-and-node compiler packages test-packages test-bundles

AGENT_PACKAGES := build-essential
BUILD_PACKAGES := build-essential pkg-config libwebkit2gtk-4.1-dev
# The window tests: a screen, a window manager, a driver for the web view. The accuracy tests: loads and other meters. The
# tests of packages: what checks each thing in them, and a root to install them in.
TEST_PACKAGES := xvfb openbox wmctrl xdotool xclip dbus webkit2gtk-driver imagemagick stress-ng sysstat iproute2 procps util-linux \
	libfaketime strace rpm desktop-file-utils appstream man-db systemd zsh fish debootstrap
TEST_PROGRAMS := Xvfb openbox wmctrl xdotool xclip dbus-daemon WebKitWebDriver identify stress-ng mpstat iostat ip free unshare \
	strace rpm desktop-file-validate appstreamcli lexgrog systemd-analyze zsh fish

# What people have today, and a terminal for those that need one.
BENCH_PACKAGES := btop htop gnome-system-monitor xterm
BENCH_PROGRAMS := btop htop gnome-system-monitor xterm

UI_INSTALLED := ui/node_modules/.installed
UI_BUILT := ui/dist/index.html
UI_SOURCES := $(shell find ui -name node_modules -prune -o -name dist -prune -o -type f -print)
TAURI := ui/node_modules/.bin/tauri
# As in ui/package.json, for which npm only warns.
NODE_FITS := node -e 'const [major, minor] = process.versions.node.split(".").map(Number); \
	process.exit(major >= 24 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19) ? 0 : 1)'
# What the packages are made of, built together so that each crate is built once; src-tauri/packaging/linux/stage.sh lays it out.
PACKAGED := --package telltale --package telltale-agent --package telltale-egl --package telltale-speech --package telltale-pages
DENY_VERSION := 0.20.2
FUZZ_VERSION := 0.13.2
FUZZ := target/tools/cargo-fuzz-$(FUZZ_VERSION)/bin/cargo-fuzz
FUZZ_SECONDS ?= 60
FUZZ_TARGETS := $(basename $(notdir $(wildcard tests/fuzz/targets/*.rs)))
DENY := target/tools/cargo-deny-$(DENY_VERSION)/bin/cargo-deny

# $(call need,Debian packages,command that succeeds where they are, for systems without apt-get)
define need
	@if ! command -v apt-get >/dev/null; then \
		$(2) || { echo "That is missing, and there is no apt-get here to install it. On Debian it is in: $(1)" >&2; exit 1; }; \
		exit 0; \
	fi; \
	missing=$$(for package in $(1); do \
		dpkg-query -W -f '$${Status}' "$$package" 2>/dev/null | grep -q 'ok installed' || printf ' %s' "$$package"; \
	done); \
	[ -n "$$missing" ] || exit 0; \
	as_root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	echo "Installing what this needs and is not here, with $${as_root:+sudo }apt-get:$$missing"; \
	$$as_root apt-get update -qq; \
	$$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing
endef

# $(call programs,names): succeeds if all are on the PATH, and else names those that are not
programs = ! { for program in $(1); do command -v $$program >/dev/null || echo "Missing: $$program"; done | grep . >&2; }

help: ## Prints this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r name what; do \
		printf '  make %-12s %s\n' "$$name" "$$what"; done

run: rust-and-node ## Builds and starts Telltale; without a display, prints this machine's figures instead
ifeq ($(DISPLAY)$(WAYLAND_DISPLAY),)
	@$(MAKE) --no-print-directory compiler
	@echo "Neither DISPLAY nor WAYLAND_DISPLAY is set, so no window can be opened."
	@echo "Running telltale-agent watch instead, a line per channel every two seconds; Ctrl+C ends it."
	cargo run --release --quiet --package telltale-agent -- watch
else
	@$(MAKE) --no-print-directory packages $(UI_BUILT)
	cargo build --release --package telltale-egl --package telltale-speech
	cargo run --release --package telltale
endif

dev: rust-and-node packages $(UI_INSTALLED) ## Starts Telltale so that changes to ui/ and src-tauri/ show at once
	cargo build --package telltale-egl --package telltale-speech
	$(TAURI) dev

test: rust-and-node packages test-packages $(UI_BUILT) lint ## Lints and tests everything, the real window too
	cd ui && npm test
	cargo build --workspace
	@$(MAKE) --no-print-directory test-bundles
	cargo test --workspace

soak: rust-and-node packages test-packages $(UI_BUILT) ## A day's ticks with the window open, then hidden and shown; kills among saves (half an hour)
	cargo build --workspace
	TELLTALE_SOAK_TICKS=43200 TELLTALE_KILLS=100 cargo test --test whole -- faults::day faults::kill --nocapture --test-threads 1

fuzz: rust-and-node compiler $(FUZZ) ## Feeds nonsense to the parsers of the kernel's files, settings, queries and scripts, a minute each (FUZZ_SECONDS=…); new inputs stay in target/fuzz
	CARGO_TARGET_DIR=target/fuzz $(FUZZ) build --fuzz-dir tests/fuzz --sanitizer none
	for target in $(FUZZ_TARGETS); do \
		mkdir -p target/fuzz/corpus/$$target && CARGO_TARGET_DIR=target/fuzz $(FUZZ) run --fuzz-dir tests/fuzz --sanitizer none $$target \
			target/fuzz/corpus/$$target tests/fuzz/corpus/$$target -- -max_total_time=$(FUZZ_SECONDS) -timeout=10 || exit 1; \
	done

lint: rust-and-node packages $(UI_BUILT) $(DENY) ## Checks formats, types, lints, licences and where crates come from
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cd ui && npm run check
	cd ui && npm run lint
	$(DENY) --log-level warn check bans licenses sources

package: rust-and-node packages $(UI_INSTALLED) ## Makes the .deb and the .rpm, under target/release/bundle
	$(TAURI) build --bundles deb,rpm -- $(PACKAGED)

# Of the programs that `cargo build --workspace` made, for the tests of packages: before the tests, as it writes to the
# app's binary for a moment.
test-bundles: $(UI_INSTALLED)
	$(TAURI) bundle --debug --bundles deb,rpm

bindings: rust-and-node packages $(UI_BUILT) ## Writes ui/src/bindings.ts anew from the commands and events in Rust
	TELLTALE_WRITE_BINDINGS=1 cargo test --package telltale --lib bindings

screenshots: rust-and-node packages test-packages $(UI_BUILT) ## Takes the pictures in the README from the real window
	cargo build --workspace
	TELLTALE_SCREENSHOT_SECONDS=300 cargo test --test whole -- window::screenshots
	mkdir -p tests/screenshots
	cp tests/out/screenshots/overview-dark-1280x800-1gpu.png tests/screenshots/overview-dark.png
	cp tests/out/screenshots/overview-light-1280x800-8gpu.png tests/screenshots/overview-light.png

bench: rust-and-node packages test-packages $(UI_BUILT) ## Measures Telltale beside btop, htop and gnome-system-monitor: tests/cost/RESULTS.md
	$(call need,$(BENCH_PACKAGES),$(call programs,$(BENCH_PROGRAMS)))
	cargo build --release --package telltale --package telltale-egl --package telltale-speech --package nvml-sim
	TELLTALE_NVML_LIB=$(CURDIR)/target/release/libnvml_sim.so TELLTALE_NVML_SIM=$(CURDIR)/target/bench.sim \
		cargo bench --package telltale-core -- --warm-up-time 1 --measurement-time 3
	cargo bench --bench cost

audit: rust-and-node compiler $(UI_INSTALLED) $(DENY) ## Asks the advisory databases of crates and of npm; needs the network
	$(DENY) check advisories
	cd ui && npm audit

rust-and-node:
	@command -v cargo >/dev/null || { \
		echo "Rust is missing: https://rustup.rs$${SUDO_USER:+ (sudo hides what is in your home: README, Two commands)}" >&2; \
		exit 1; \
	}
	@command -v npm >/dev/null || { echo "npm is missing, which comes with Node (on Debian in a package of its own): https://nodejs.org" >&2; exit 1; }
	@$(NODE_FITS) || { \
		echo "Needed is Node 20.19, 22.12, 24 or newer (not 21 or 23), and here is $$(node --version 2>/dev/null || echo none): https://nodejs.org" >&2; \
		exit 1; \
	}

compiler:
	$(call need,$(AGENT_PACKAGES),$(call programs,cc))

packages:
	$(call need,$(BUILD_PACKAGES),$(call programs,cc pkg-config) && pkg-config --print-errors --exists webkit2gtk-4.1)

test-packages:
	$(call need,$(TEST_PACKAGES),$(call programs,$(TEST_PROGRAMS)))

$(UI_INSTALLED): ui/package.json ui/package-lock.json
	cd ui && npm ci --no-fund
	touch $@

# The shell embeds ui/dist when it is compiled, so this comes before every cargo command that compiles it.
$(UI_BUILT): $(UI_INSTALLED) $(UI_SOURCES)
	cd ui && npm run build
	touch $@

# It is built on every new machine and runs for seconds: optimized whole, as its own profile has it, it takes minutes.
$(DENY):
	CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
		cargo install cargo-deny@$(DENY_VERSION) --locked --no-default-features --root target/tools/cargo-deny-$(DENY_VERSION)

$(FUZZ):
	cargo install cargo-fuzz@$(FUZZ_VERSION) --locked --root target/tools/cargo-fuzz-$(FUZZ_VERSION)
