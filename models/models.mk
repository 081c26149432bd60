# models.mk - the program families: each program is built twice from one source, as a shared object
# for the machine (build/models/NAME.so) and as a normal executable (build/native/NAME).

MPQUEUE := $(wildcard models/mpqueue/*.c) $(filter-out models/pool/article.c,$(wildcard models/pool/process*.c))
MODEL_HEADERS := $(wildcard models/*/*.h harness/include/allways/*.h) models/models.mk

article_SOURCES := models/pool/article.c $(MPQUEUE)
pool_SOURCES    := $(wildcard models/pool/pool*.c) $(MPQUEUE)

# Wrong versions of it: models/mutants/NAME.patch says what was changed.
MUTANTS := $(patsubst models/mutants/%.patch,%,$(wildcard models/mutants/*.patch))

# Programs whose threads share plain memory and atomics.
MEMORY := $(patsubst models/memory/%.c,%,$(wildcard models/memory/*.c))

CLASSICS := $(patsubst models/classics/%.c,%,$(wildcard models/classics/*.c))

MODEL_OBJECTS := $(BUILD)/models/article.so $(BUILD)/models/article-faults.so $(BUILD)/models/pool.so $(BUILD)/models/contract.so $(BUILD)/models/regressions/dead_sleeper.so $(BUILD)/models/random.so $(CLASSICS:%=$(BUILD)/models/classics/%.so) $(MEMORY:%=$(BUILD)/models/memory/%.so) \
                 $(MUTANTS:%=$(BUILD)/models/mutants/%.so) $(BUILD)/models/mutants/right.so
NATIVE        := $(BUILD)/native/article $(BUILD)/native/article-faults $(BUILD)/native/pool $(BUILD)/native/regressions/dead_sleeper $(BUILD)/native/contract $(BUILD)/native/cpython_peer $(CLASSICS:%=$(BUILD)/native/classics/%)

.PHONY: models
models: $(MODEL_OBJECTS) $(NATIVE)

$(BUILD)/models/article.so: $(article_SOURCES) $(MODEL_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(PROGRAM_FLAGS) $(INSTRUMENT) $(PROGRAM_LINK) $(article_SOURCES) -o $@

# The same without the calls that tell its accesses to memory: only to measure what they cost.
$(BUILD)/models/article-plain.so: $(article_SOURCES) $(MODEL_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(PROGRAM_FLAGS) $(PROGRAM_LINK) $(article_SOURCES) -o $@

# With the fault points of the queue's own source: the machine serves fiu_fail. An object of its own,
# so that what is measured without faults is the program without points.
$(BUILD)/models/article-faults.so: $(article_SOURCES) $(MODEL_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(PROGRAM_FLAGS) $(INSTRUMENT) -DMPQ_FAULTS $(PROGRAM_LINK) \
	    $(article_SOURCES) -o $@

# Every protocol in one program, with the fault points.
$(BUILD)/models/pool.so: $(pool_SOURCES) $(MODEL_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(PROGRAM_FLAGS) $(INSTRUMENT) -DMPQ_FAULTS $(PROGRAM_LINK) \
	    $(pool_SOURCES) -o $@

# Small programs for failures that no pool shows.
$(BUILD)/models/regressions/%.so: models/regressions/%.c $(MPQUEUE) $(MODEL_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(PROGRAM_FLAGS) $(INSTRUMENT) $(PROGRAM_LINK) $< $(MPQUEUE) -o $@

$(BUILD)/native/regressions/%: models/regressions/%.c $(MPQUEUE) $(MODEL_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(PROGRAM_FLAGS) -DMPQ_FAULTS $< $(MPQUEUE) -o $@ -lfiu -pthread

$(BUILD)/native/pool: $(pool_SOURCES) $(MODEL_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(PROGRAM_FLAGS) -DMPQ_FAULTS $(pool_SOURCES) -o $@ -lfiu -pthread

# What the queue's headers promise, natively and in the machine.
contract_SOURCES := $(wildcard models/contract/*.c) $(MPQUEUE)
$(BUILD)/models/contract.so: $(contract_SOURCES) $(MODEL_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(PROGRAM_FLAGS) $(INSTRUMENT) $(PROGRAM_LINK) $(contract_SOURCES) -o $@

$(BUILD)/native/contract: $(contract_SOURCES) $(MODEL_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(PROGRAM_FLAGS) $(contract_SOURCES) -o $@ -pthread

# The other side of a queue that CPython has made; for a test.
cpython_peer_SOURCES := tests/fixtures/cpython/cpython_peer.c $(MPQUEUE)
$(BUILD)/native/cpython_peer: $(cpython_peer_SOURCES) $(MODEL_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(PROGRAM_FLAGS) $(cpython_peer_SOURCES) -o $@ -pthread

# A copy of the sources is patched; a patch that no longer fits is an error.
$(BUILD)/models/mutants/%.so: models/mutants/%.patch $(article_SOURCES) $(MODEL_HEADERS)
	@rm -rf $(@D)/$*; mkdir -p $(@D)/$*
	@cp --parents $(article_SOURCES) $(filter models/%,$(MODEL_HEADERS)) $(@D)/$*
	@patch -s -p1 -F0 -d $(@D)/$* <$<
	$(CC) -I$(@D)/$*/models $(PROGRAM_FLAGS) $(INSTRUMENT) -DMPQ_FAULTS $(PROGRAM_LINK) \
	    $(article_SOURCES:%=$(@D)/$*/%) -o $@

# The queue that they are held against.
$(BUILD)/models/mutants/right.so: $(BUILD)/models/article-faults.so
	@mkdir -p $(@D)
	cp $< $@

# Natively the points in the program's source are always there: what they cost is lost among the
# system calls, and `allways native` needs them.
$(BUILD)/native/article: $(article_SOURCES) $(MODEL_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(PROGRAM_FLAGS) -DMPQ_FAULTS $(article_SOURCES) -o $@ -lfiu -pthread

$(BUILD)/native/article-faults: $(BUILD)/native/article
	cp $< $@

$(BUILD)/native/classics/%: models/classics/%.c $(MODEL_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(PROGRAM_FLAGS) $< -o $@ -pthread

$(BUILD)/models/classics/%.so: models/classics/%.c $(MODEL_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(PROGRAM_FLAGS) $(INSTRUMENT) $(PROGRAM_LINK) $< -o $@

$(BUILD)/models/memory/%.so: models/memory/%.c
	@mkdir -p $(@D)
	$(CC) $(PROGRAM_FLAGS) $(INSTRUMENT) $(PROGRAM_LINK) $< -o $@

random_SOURCES := $(wildcard models/random/*.c)
$(BUILD)/models/random.so: $(random_SOURCES) $(MODEL_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(PROGRAM_FLAGS) $(INSTRUMENT) $(PROGRAM_LINK) $(random_SOURCES) -o $@
