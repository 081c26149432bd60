# allways - a model checker for POSIX C programs. `make help` lists the targets.
#
# Everything that is made goes below build/. Sources are found by pattern.

VERSION  := 0.1.0
BUILD    := build
CC       := gcc
PACKAGES := libfyaml libxxhash libdw libelf jansson gmp

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
ifdef CI
WARNINGS += -Werror
endif
OPTIMISE ?= -O2
CFLAGS   ?= -g
override CFLAGS += -std=gnu17 $(OPTIMISE) $(WARNINGS) $(SANITIZE) -Iharness -Iharness/include -Ifault \
            -DAW_VERSION='"$(VERSION)"' -MMD -MP
LDLIBS    = $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lfiu -lZydis -ldl
INCLUDES  = $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)

# How programs for the machine are compiled; the same flags as `allways cc` (harness/cli/cc.c).
PROGRAM_FLAGS := -std=gnu17 -O1 -g -fPIC -fno-stack-protector -ftrivial-auto-var-init=zero \
                 -U_FORTIFY_SOURCE -fcf-protection=none -Wall -Wextra -Iharness/include -Imodels
# What makes their accesses to memory seen. For compiling only: linked without ThreadSanitizer's
# library, whose calls the machine answers. Library functions that gcc would expand in place stay calls.
SEEN_FUNCTIONS := memcpy memmove mempcpy memset memcmp bcopy bzero bcmp memchr strlen strnlen strcmp \
                  strncmp strcpy strncpy stpcpy stpncpy strcat strncat strchr strrchr strstr strspn \
                  strcspn strpbrk
INSTRUMENT := -fsanitize=thread --param tsan-distinguish-volatile=1 \
              --param tsan-instrument-func-entry-exit=0 -fno-omit-frame-pointer \
              $(SEEN_FUNCTIONS:%=-fno-builtin-%)
PROGRAM_LINK := -shared -nodefaultlibs -Wl,-z,now -Wl,-z,relro -Wl,-z,noexecstack
RUNTIME_FLAGS := -std=gnu17 -O1 -g -fPIC -fno-stack-protector -ftrivial-auto-var-init=zero \
                 -U_FORTIFY_SOURCE -fcf-protection=none -ffreestanding -fno-builtin $(INSTRUMENT) \
                 -Wall -Wextra

LIB_SOURCES := $(filter-out harness/cli/main.c,$(wildcard harness/base/*.c harness/machine/*.c \
               harness/explore/*.c harness/scenario/*.c harness/trace/*.c harness/report/*.c \
               harness/verify/*.c harness/library/*.c harness/native/*.c harness/cli/*.c harness/view/*.c fault/*.c)) \
               fault/native/job.c fault/native/decide.c
LIB_ASM     := $(wildcard harness/machine/*.S harness/view/*.S)
LIB_OBJECTS := $(LIB_SOURCES:%.c=$(BUILD)/%.o) $(LIB_ASM:%.S=$(BUILD)/%.o)
RUNTIME_SRC := $(wildcard harness/runtime/*.c)

.DEFAULT_GOAL := all
include models/models.mk
include fault/native/native.mk
include harness/library/library.mk

.PHONY: golden all help deps run scenarios catalogue quick test soak schema field-guide bench sanitize format check-format clean

all: $(BUILD)/allways $(BUILD)/runtime.so $(BUILD)/canary.so models ## build everything

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(INCLUDES) -c $< -o $@

$(BUILD)/%.o: %.S
	@mkdir -p $(@D)
	$(CC) -g -c $< -o $@

# The page that `allways show --format html` writes is embedded as it stands.
$(BUILD)/harness/view/page.o: $(wildcard harness/view/page.*)

$(BUILD)/liballways.a: $(LIB_OBJECTS)
	@rm -f $@.new$$$$; ar rcs $@.new$$$$ $^ && mv $@.new$$$$ $@

$(BUILD)/allways: $(BUILD)/harness/cli/main.o $(BUILD)/liballways.a
	$(CC) $(SANITIZE) -rdynamic $^ -o $@.new $(LDLIBS) && mv $@.new $@

$(BUILD)/runtime.so: $(RUNTIME_SRC) $(wildcard harness/runtime/*.h) Makefile
	@mkdir -p $(@D)
	$(CC) $(RUNTIME_FLAGS) -shared -nostdlib -Wl,-z,now -Wl,-z,relro -Wl,-z,noexecstack \
	    $(RUNTIME_SRC) -o $@

# A program that is known to be wrong, for `allways run` to find so.
$(BUILD)/canary.so: harness/canary/canary.c harness/include/allways/probe.h
	@mkdir -p $(@D)
	$(CC) $(PROGRAM_FLAGS) -shared -Wl,-z,now -Wl,-z,relro -Wl,-z,noexecstack $< -o $@

# Tests: every tests/**/test_*.c is an executable of its own, linked with tests/support and the library.
TEST_SUPPORT := $(filter-out tests/support/test_%.c tests/support/soak.c,$(wildcard tests/support/*.c))
TEST_SOURCES := $(sort $(wildcard tests/*/test_*.c))
TESTS        := $(TEST_SOURCES:%.c=$(BUILD)/%)
SUPPORT_OBJECTS := $(TEST_SUPPORT:%.c=$(BUILD)/%.o)
$(BUILD)/tests/docs/test_schema: | $(filter $(BUILD)/tests/scenario/test_scenario%,$(TESTS))
QUEUE_TESTS   := $(filter $(BUILD)/tests/models/test_mpqueue%,$(TESTS)) $(BUILD)/tests/models/test_process
RUNTIME_TESTS := $(filter $(BUILD)/tests/runtime/%,$(TESTS))

$(QUEUE_TESTS): EXTRA := $(MPQUEUE)
$(RUNTIME_TESTS): LIBRARY :=
# They load the runtime beside libc (RTLD_DEEPBIND), which sanitizers refuse; nothing else is in them.
$(RUNTIME_TESTS): private override SANITIZE :=
$(QUEUE_TESTS): $(MPQUEUE)

LIBRARY = $(SUPPORT_OBJECTS) $(BUILD)/liballways.a
$(BUILD)/tests/%: tests/%.c $(SUPPORT_OBJECTS) $(BUILD)/liballways.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -Imodels -Itests/support $(INCLUDES) -rdynamic $< $(EXTRA) $(LIBRARY) -o $@ \
	    -lcriterion $(LDLIBS) -pthread

$(BUILD)/tests/support/%.o: tests/support/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -Itests/support $(INCLUDES) -c $< -o $@

$(BUILD)/soak: $(BUILD)/tests/support/soak.o $(SUPPORT_OBJECTS) $(BUILD)/liballways.a
	$(CC) $(SANITIZE) $(filter-out %/shell.o,$^) -o $@ $(LDLIBS)

deps: ## look for what is missing and install Debian's packages where allowed
	@sh tools/deps.sh

run: deps ## build everything and run the article's scenarios
	@$(MAKE) --no-print-directory -s all
	@$(BUILD)/allways run scenarios/article

scenarios: deps ## run every scenario, as CI does
	@$(MAKE) --no-print-directory -s all
	@$(BUILD)/allways run scenarios

catalogue: scenarios ## the same: every scenario, on all processors

# What is over in seconds; `make scenarios` is all of them.
QUICK := scenarios/article scenarios/classics scenarios/profiles scenarios/regressions
quick: deps ## run the scenarios that take a moment
	@$(MAKE) --no-print-directory -s all
	@$(BUILD)/allways run $(QUICK)

test: quick ## build, run the quick scenarios and pass the tests
	@$(MAKE) --no-print-directory -s all
	@$(MAKE) --no-print-directory -s build-tests
	@sh tools/run-tests.sh $(TESTS)

.PHONY: build-tests
build-tests: $(TESTS)

golden: all $(BUILD)/tests/view/test_view $(BUILD)/tests/report/test_golden ## write the views and reports that tests compare with; read the diff
	AW_GOLDEN=update $(BUILD)/tests/view/test_view
	AW_GOLDEN=update $(BUILD)/tests/report/test_golden

SEED ?= 1
COUNT ?= 20000
SIZE ?= small
PLANS ?= none
soak: all $(BUILD)/soak ## compare with the oracles on COUNT random programs from SEED on
	$(BUILD)/soak $(SEED) $(COUNT) $(SIZE) 0 $(PLANS)

field-guide: deps ## run what decides the cells of docs/field-guide.md, and write its table and traces
	@$(MAKE) --no-print-directory -s all
	@python3 tools/field_guide.py update

schema: ## write docs/scenario.schema.json from the loader's tables
	@python3 tools/schema.py write

bench: deps ## measure, and print a table
	@$(MAKE) --no-print-directory -s all $(BUILD)/models/article-plain.so
	@python3 tools/bench.py $(BUILD)

sanitize: deps ## the tests with address and undefined-behaviour sanitizers
	@$(MAKE) --no-print-directory -s all
	@$(MAKE) --no-print-directory -s BUILD=$(BUILD)/sanitize OPTIMISE=-O1 \
	    SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer" \
	    sanitize-tests

.PHONY: sanitize-tests
sanitize-tests: all build-tests
	@ASAN_OPTIONS=detect_leaks=0:handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:handle_abort=0:allow_user_segv_handler=1:use_sigaltstack=0:detect_stack_use_after_return=0:exitcode=99 \
	    UBSAN_OPTIONS=print_stacktrace=1:exitcode=99 \
	    AW_BIN=$(BUILD)/allways ALLWAYS_RUNTIME=$(abspath $(BUILD))/runtime.so AW_RUNTIME=$(abspath $(BUILD))/runtime.so \
	    sh tools/run-tests.sh $(TESTS)

C_FILES := $(wildcard harness/*/*.[ch] harness/include/allways/*.h models/*/*.[ch] fault/*.[ch] \
           fault/*/*.[ch] tests/*/*.[ch] examples/*/*.[ch])
format: ## lay out the sources as .clang-format says
	clang-format -i $(C_FILES)

check-format: ## fail where a source is laid out otherwise
	clang-format --dry-run --Werror $(C_FILES)

clean: ## remove everything that was built
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
