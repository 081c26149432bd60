# library.mk - liballways as it is installed, and the installation.
#
#   make install [DESTDIR=...] [PREFIX=/usr/local]        make uninstall, with the same
#
# The objects of the library are compiled once more, for shared use and with everything hidden that
# allways.h does not declare. Both libraries export aw_verify... and nothing else.

PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/bin
LIBDIR  ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
MANDIR  ?= $(DATADIR)/man
SONAME  := liballways.so.$(firstword $(subst ., ,$(VERSION)))
LIB     := $(BUILD)/lib

PIC_SOURCES := $(filter-out harness/cli/% harness/native/% fault/native/%,$(LIB_SOURCES))
PIC_OBJECTS := $(PIC_SOURCES:%.c=$(BUILD)/pic/%.o) $(LIB_ASM:%.S=$(BUILD)/%.o)

$(BUILD)/pic/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -fPIC -fvisibility=hidden $(INCLUDES) $(PLACE) -c $< -o $@

# Where the runtime will be is part of this object: it is made anew for another place.
$(BUILD)/pic/harness/library/place.o: PLACE = -DAW_LIBDIR='"$(LIBDIR)"'
$(BUILD)/pic/harness/library/place.o: $(LIB)/place
$(LIB)/place: FORCE
	@mkdir -p $(@D); echo '$(LIBDIR)' | cmp -s - $@ || echo '$(LIBDIR)' >$@
.PHONY: FORCE
FORCE:

$(LIB)/exports: harness/library/library.mk
	@mkdir -p $(@D)
	@echo '{ global: aw_verify; aw_verify_*; local: *; };' >$@

$(LIB)/$(SONAME): $(PIC_OBJECTS) $(LIB)/exports
	$(CC) -shared -Wl,-soname,$(SONAME) -Wl,-z,defs -Wl,--version-script=$(LIB)/exports \
	    $(PIC_OBJECTS) -o $@.new $(LDLIBS) && mv $@.new $@

# One object, in which every other name is local: a program's own aw_... cannot clash with ours.
# What begins with aw_verify_ and is not public is hidden (-fvisibility), and becomes local as well.
$(LIB)/liballways.a: $(PIC_OBJECTS)
	@mkdir -p $(@D); rm -f $@
	ld -r $(PIC_OBJECTS) -o $(LIB)/liballways.o
	objcopy --localize-hidden -w --keep-global-symbol='aw_verify*' $(LIB)/liballways.o
	ar rcs $@ $(LIB)/liballways.o

$(LIB)/allways.pc: harness/library/allways.pc.in FORCE
	@mkdir -p $(@D)
	@sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' \
	    -e 's|@VERSION@|$(VERSION)|' -e 's|@PACKAGES@|$(PACKAGES)|' $< >$@

# Manual page and completions, from what `allways help` says.
USAGE := $(BUILD)/usage/allways.1 $(BUILD)/usage/allways.bash $(BUILD)/usage/_allways $(BUILD)/usage/allways.fish
$(BUILD)/usage/allways.1: FORMAT := man
$(BUILD)/usage/allways.bash: FORMAT := bash
$(BUILD)/usage/_allways: FORMAT := zsh
$(BUILD)/usage/allways.fish: FORMAT := fish
$(USAGE): $(BUILD)/allways tools/usage.py
	@mkdir -p $(@D)
	@python3 tools/usage.py $(FORMAT) $(BUILD)/allways >$@.new && mv $@.new $@

.PHONY: library install uninstall
library: $(LIB)/liballways.a $(LIB)/$(SONAME) $(LIB)/allways.pc $(USAGE) ## what is installed besides: liballways, manual pages, completions

# What is installed, as "mode:file:place"; uninstalling goes by the same list.
INSTALLED = \
    755:$(BUILD)/allways:$(BINDIR)/allways \
    644:$(BUILD)/runtime.so:$(LIBDIR)/allways/runtime.so \
    644:$(BUILD)/canary.so:$(LIBDIR)/allways/canary.so \
    644:$(BUILD)/allways-preload.so:$(LIBDIR)/allways/allways-preload.so \
    644:$(LIB)/liballways.a:$(LIBDIR)/liballways.a \
    644:$(LIB)/$(SONAME):$(LIBDIR)/$(SONAME) \
    644:$(LIB)/allways.pc:$(LIBDIR)/pkgconfig/allways.pc \
    644:harness/include/allways/allways.h:$(INCLUDEDIR)/allways/allways.h \
    644:harness/include/allways/probe.h:$(INCLUDEDIR)/allways/probe.h \
    644:$(BUILD)/usage/allways.1:$(MANDIR)/man1/allways.1 \
    644:docs/man/aw_verify.3:$(MANDIR)/man3/aw_verify.3 \
    644:$(BUILD)/usage/allways.bash:$(DATADIR)/bash-completion/completions/allways \
    644:$(BUILD)/usage/_allways:$(DATADIR)/zsh/site-functions/_allways \
    644:$(BUILD)/usage/allways.fish:$(DATADIR)/fish/vendor_completions.d/allways.fish \
    644:docs/scenario.schema.json:$(DATADIR)/allways/scenario.schema.json

install: all library ## install below PREFIX (/usr/local), staged in DESTDIR
	@for entry in $(INSTALLED); do \
	    mode=$${entry%%:*}; rest=$${entry#*:}; \
	    install -D -m $$mode "$${rest%%:*}" "$(DESTDIR)$${rest#*:}" || exit 1; \
	done
	@ln -sf $(SONAME) "$(DESTDIR)$(LIBDIR)/liballways.so"

uninstall: ## remove what was installed
	@for entry in $(INSTALLED); do rest=$${entry#*:}; rm -f "$(DESTDIR)$${rest#*:}"; done
	@rm -f "$(DESTDIR)$(LIBDIR)/liballways.so"
	@rmdir "$(DESTDIR)$(LIBDIR)/allways" "$(DESTDIR)$(INCLUDEDIR)/allways" "$(DESTDIR)$(DATADIR)/allways" 2>/dev/null || true
