# SPDX-License-Identifier: GPL-2.0-or-later
# One Makefile for the whole house. `make help` lists what it can do.

B       ?= build
PREFIX  ?= /usr
DIR     ?= var
PORT    ?= 8081

CC       ?= cc
CPPFLAGS += -I. -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64
WARNINGS  = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wvla -Werror
HARDEN    = -fPIE -fstack-protector-strong -fstack-clash-protection
ifeq ($(SANITIZE),)
CPPFLAGS += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
else
HARDEN   += -fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all
LDFLAGS  += -fsanitize=$(SANITIZE)
endif
CFLAGS   ?= -O2 -g
CFLAGS   += -std=gnu11 -pthread $(WARNINGS) $(HARDEN)
LDFLAGS  += -pie -pthread -Wl,-z,relro,-z,now -Wl,--as-needed

DAEMONS  = ingestd parserd cmdqd
PROGRAMS = $(DAEMONS) punchctl spoolput devsim

# A room's objects become an archive, so that a program takes only what it uses and links only the libraries it needs.
room     = $(patsubst %.c,$(B)/obj/%.o,$(filter-out $(2),$(wildcard $(1)/*.c)))
LIB      = $(B)/lib.a
SPOOL    = $(B)/spool.a
STORE    = $(B)/store.a

.PHONY: all
all: $(PROGRAMS:%=$(B)/%)

$(LIB):   $(call room,lib)
$(SPOOL): $(call room,spool,spool/spoolput.c)
$(STORE): $(call room,store)
$(B)/%.a:
	@mkdir -p $(@D)
	@rm -f $@
	ar rcs $@ $^

# ---- programs: the folders they are made of, the archives, the libraries ----
BASE_LIBS = -lsystemd -lcap-ng

$(B)/ingestd:  $(call room,ingestd) $(SPOOL) $(LIB)
$(B)/ingestd:  LDLIBS = -lmicrohttpd -lconfuse -lz $(BASE_LIBS)
$(B)/parserd:  $(call room,parserd) $(STORE) $(SPOOL) $(LIB)
$(B)/parserd:  LDLIBS = -llmdb -linotifytools -lsodium -lconfuse -lz $(BASE_LIBS)
$(B)/cmdqd:    $(call room,cmdqd) $(STORE) $(SPOOL) $(LIB)
$(B)/cmdqd:    LDLIBS = -llmdb -linotifytools -lconfuse -lz $(BASE_LIBS)
$(B)/punchctl: $(call room,ctl) $(STORE) $(SPOOL) $(LIB)
$(B)/punchctl: LDLIBS = -llmdb -ljansson -lconfuse -lz $(BASE_LIBS)
$(B)/spoolput: $(B)/obj/spool/spoolput.o $(SPOOL) $(LIB)
$(B)/spoolput: LDLIBS = -lconfuse -lz $(BASE_LIBS)
$(B)/devsim:   $(call room,tests/devsim)

$(PROGRAMS:%=$(B)/%):
	$(CC) $(LDFLAGS) $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS) -o $@

$(B)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)

# ---- unit tests: drop a file in and it runs ----
UNIT = $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/test_*.c))
TEST_LIBS = -lcmocka -llmdb -linotifytools -lsodium -ljansson -lconfuse -lz $(BASE_LIBS)

# The daemons' own modules, without their main, for the tests that look inside one.
INSIDE = $(foreach r,ingestd parserd cmdqd,$(B)/inside-$(r).a)
$(B)/inside-%.a: ;
define inside
$(B)/inside-$(1).a: $(call room,$(1),$(1)/$(1).c)
	@rm -f $$@
	ar rcs $$@ $$^
endef
$(foreach r,ingestd parserd cmdqd,$(eval $(call inside,$(r))))

$(B)/unit/%: $(B)/obj/tests/unit/%.o $(INSIDE) $(STORE) $(SPOOL) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) $< $(INSIDE) $(STORE) $(SPOOL) $(LIB) $(TEST_LIBS) -lmicrohttpd -o $@

.PHONY: unit
unit: $(UNIT)
	@for t in $(UNIT); do echo "== $$t"; $$t || exit 1; done

.PHONY: format
format:
	clang-format -i $$(git ls-files '*.c' '*.h')

.PHONY: clean
clean:
	rm -rf $(B)
.SECONDARY:
