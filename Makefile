# SPDX-License-Identifier: Apache-2.0
# The front door. Meson and Ninja do the work; `make help` lists what there is.

BUILD := build
MESON := meson
PREFIX ?= /usr/local
T ?=
QUICK ?=
SECONDS_EACH ?= 600

.PHONY: help build run test check bench lint format fuzz docs reproduce install uninstall clean

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

build: $(BUILD)/build.ninja ## build/ferryd, build/ferry and build/ferryctl, optimised
	@ninja -C $(BUILD) --quiet

$(BUILD)/build.ninja:
	@tools/setup build
	@$(MESON) setup $(BUILD) --prefix=$(PREFIX) -Dtests=disabled >/dev/null

run: build ## serve a demo directory on port 2121
	@tools/run

test: ## everything, with ASan and UBSan; T=path/or/name runs a part
	@tools/setup test
	@tools/test $(T)

check: ## unit tests only, in seconds
	@tools/setup test
	@tools/test --unit $(T)

bench: build ## measure against Debian's servers; QUICK=1 in two minutes; T=name for a part
	@tools/setup bench
	@bench/run $(if $(QUICK),--quick) $(T)

lint: ## format, static analysis and the house's own rules
	@tools/setup test
	@tools/lint

format: ## format the C sources in place
	@tools/setup test
	@clang-format -i $$(git ls-files '*.c' '*.h')

fuzz: ## fuzz every pure module, SECONDS_EACH (600) seconds each; T=name for one
	@tools/setup fuzz
	@tools/fuzz $(SECONDS_EACH) $(T)

docs: ## write docs/conformance.md anew
	@tools/setup test
	@tools/conformance --write

reproduce: ## build what is committed twice, in different places, and compare
	@tools/setup build
	@tools/reproduce

install: build ## into PREFIX (/usr/local)
	@$(MESON) configure $(BUILD) --prefix=$(PREFIX)
	@$(MESON) install -C $(BUILD) --quiet

uninstall: ## what install installed
	@ninja -C $(BUILD) --quiet uninstall

clean: ## remove build/
	@rm -rf $(BUILD)
