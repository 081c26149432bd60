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
LDLIBS    = $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lfiu -ldl
INCLUDES  = $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)

# How programs for the machine are compiled; the same flags as `allways cc` (harness/cli/cc.c).
PROGRAM_FLAGS := -std=gnu17 -O1 -g -fPIC -fno-stack-protector -ftrivial-auto-var-init=zero \
                 -U_FORTIFY_SOURCE -fcf-protection=none -Wall -Wextra -Iharness/include -Imodels
RUNTIME_FLAGS := -std=gnu17 -O1 -g -fPIC -fno-stack-protector -ftrivial-auto-var-init=zero \
                 -U_FORTIFY_SOURCE -fcf-protection=none -ffreestanding -fno-builtin -Wall -Wextra

LIB_SOURCES := $(filter-out harness/cli/main.c,$(wildcard harness/base/*.c harness/machine/*.c \
               harness/explore/*.c harness/scenario/*.c harness/trace/*.c harness/report/*.c \
               harness/cli/*.c fault/*.c))
LIB_ASM     := $(wildcard harness/machine/*.S)
LIB_OBJECTS := $(LIB_SOURCES:%.c=$(BUILD)/%.o) $(LIB_ASM:%.S=$(BUILD)/%.o)
RUNTIME_SRC := $(wildcard harness/runtime/*.c)

include models/models.mk

.PHONY: all help deps run test soak bench sanitize format check-format clean

all: $(BUILD)/allways $(BUILD)/runtime.so models ## build everything

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(INCLUDES) -c $< -o $@

$(BUILD)/%.o: %.S
	@mkdir -p $(@D)
	$(CC) -g -c $< -o $@

$(BUILD)/liballways.a: $(LIB_OBJECTS)
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/allways: $(BUILD)/harness/cli/main.o $(BUILD)/liballways.a
	$(CC) $(SANITIZE) -rdynamic $^ -o $@ $(LDLIBS)

$(BUILD)/runtime.so: $(RUNTIME_SRC) $(wildcard harness/runtime/*.h)
	@mkdir -p $(@D)
	$(CC) $(RUNTIME_FLAGS) -shared -nostdlib -Wl,-z,now -Wl,-z,relro -Wl,-z,noexecstack \
	    $(RUNTIME_SRC) -o $@

clean: ## remove everything that was built
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
