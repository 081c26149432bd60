# native.mk - the native twin: the library that `allways native` loads into every process of a run.

PRELOAD_SOURCES := $(wildcard fault/native/*.c) fault/plan.c fault/points.c
PRELOAD_HEADERS := $(wildcard fault/*.h fault/native/*.h) harness/include/allways/probe.h

all: $(BUILD)/allways-preload.so

$(BUILD)/allways-preload.so: $(PRELOAD_SOURCES) $(PRELOAD_HEADERS)
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -O2 -g -fPIC -fvisibility=hidden -fno-builtin -U_FORTIFY_SOURCE $(WARNINGS) \
	    -Ifault -Iharness -Iharness/include -shared $(PRELOAD_SOURCES) -o $@.new -lfiu -ldl -pthread && \
	    mv $@.new $@

# The tests run real programs.
NATIVE_FIXTURE := $(BUILD)/tests/native/fixture
$(NATIVE_FIXTURE): tests/native/fixture.c harness/include/allways/probe.h
	@mkdir -p $(@D)
	$(CC) $(PROGRAM_FLAGS) -DFIU_ENABLE=1 $< -o $@ -lfiu -pthread

$(BUILD)/tests/native/test_native $(BUILD)/tests/native/test_native_command: | $(NATIVE_FIXTURE) \
    $(BUILD)/allways-preload.so $(BUILD)/allways

.PHONY: plot-native
plot-native: all ## measure the article's protocols natively, and draw docs/native-delay.svg
	@python3 tools/plot_native.py $(BUILD)
