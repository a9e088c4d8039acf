# SPDX-License-Identifier: GPL-2.0-or-later
# One Makefile for the whole house. What `make help` shows:
## make run [DIR=var] [PORT=8081]  punchd in the foreground; installs what is missing
## make test                      everything that must hold; installs what is missing
## make all                       the programs, into build/
## make unit                      the unit tests alone
## make bench [BENCH_ARGS=--quick]  how fast, as ratios to limits measured in the same run
## make order-check               10,000 replies: written, synced, renamed, synced, then answered
## make kill-check                kill -9 of a random daemon 200 times under load, of cmdqd 300 times among commands; then count
## make fault-check               every kind of system call fails, with every error, at any moment; disks full or failing; wrong clocks
## make queue-check               500,000 files wait for parserd: in order, none missing, how long, how much memory
## make test-boot                 the package in a machine that is really booted, as root; installs what is missing
## make crash-check               kill -9 at every step of writer and consumer
## make test-powercut             punchd on the disk that 100,000 power cuts leave: ext4, xfs, btrfs
## make fuzz TIME=60              each fuzz target for so many seconds
## make fuzz-coverage             what the inputs of the fuzz targets reach of each parser
## make tsan-check                ingestd's system tests with ThreadSanitizer
## make valgrind-check            valgrind's memcheck over unit tests, golden tests and the inputs of the fuzz targets
## make lint                      gcc -fanalyzer, cppcheck and clang-tidy over the product's code: prints nothing
## make format / make tidy        clang-format / clang-tidy over all files
## make deb                       the Debian package, into build/; installs what is missing
## make install [DESTDIR=]        programs, units, manual pages, example configuration
## make SANITIZE=address,undefined B=build/san  the same with sanitizers
## make TRAP=1 B=build/trap       a system call that the sandbox forbids is named on stderr

B       ?= build
PREFIX  ?= /usr
DIR     ?= var
PORT    ?= 8081

CC      ?= cc
CFLAGS  ?= -O2 -g

# What is always needed stands in names of its own: CFLAGS, CPPFLAGS and LDFLAGS are the builder's, and one given on
# the command line would silently replace what is added to it here.
PREPROCESS = -I. -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64
WARNINGS   = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wvla -Werror
HARDEN     = -fPIE -fstack-protector-strong -fstack-clash-protection
LINK       = -pie -pthread -Wl,-z,relro,-z,now -Wl,--as-needed
ifeq ($(SANITIZE),)
PREPROCESS += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
else
# The runtime has needs of its own: lib/sandbox_*.c
PREPROCESS += -DSANDBOX_SANITIZED
TRAP ?= 1
HARDEN += -fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all
LINK   += -fsanitize=$(SANITIZE)
endif
ifneq ($(TRAP),)
PREPROCESS += -DSANDBOX_TRAP
endif
COMPILE = $(PREPROCESS) -std=gnu11 -pthread $(WARNINGS) $(HARDEN) $(CPPFLAGS) $(CFLAGS)
LINK   += $(LDFLAGS)

DAEMONS  = ingestd parserd cmdqd notifyd matchd
PROGRAMS = $(DAEMONS) punchctl spoolput devsim alarm

.DEFAULT_GOAL = all

# A room's objects become an archive, so that a program takes only what it uses and links only the libraries it needs.
room     = $(patsubst %.c,$(B)/obj/%.o,$(filter-out $(2),$(wildcard $(1)/*.c)))
LIB      = $(B)/lib.a
SPOOL    = $(B)/spool.a
STORE    = $(B)/store.a
COMMAND  = $(B)/command.a

.PHONY: all
all: $(PROGRAMS:%=$(B)/%)

$(LIB):   $(call room,lib)
$(SPOOL): $(call room,spool,spool/spoolput.c)
$(STORE): $(call room,store)
$(COMMAND): $(call room,command)
$(B)/%.a:
	@mkdir -p $(@D)
	@rm -f $@
	ar rcs $@ $^

# ---- programs: the folders they are made of, the archives, the libraries ----
BASE_LIBS = -lsystemd -lcap-ng -lseccomp

$(B)/ingestd:  $(call room,ingestd) $(SPOOL) $(LIB)
$(B)/ingestd:  LDLIBS = -lmicrohttpd -lconfuse -lz $(BASE_LIBS)
$(B)/parserd:  $(call room,parserd) $(STORE) $(SPOOL) $(LIB)
$(B)/parserd:  LDLIBS = -llmdb -linotifytools -lsodium -lconfuse -lz $(BASE_LIBS)
$(B)/cmdqd:    $(call room,cmdqd) $(COMMAND) $(STORE) $(SPOOL) $(LIB)
$(B)/cmdqd:    LDLIBS = -llmdb -linotifytools -lsodium -lconfuse -lz $(BASE_LIBS)
$(B)/notifyd:  $(call room,notifyd) $(LIB)
$(B)/notifyd:  LDLIBS = -lconfuse $(BASE_LIBS)
$(B)/matchd:   $(call room,matchd) $(LIB)
$(B)/matchd:   LDLIBS = -lconfuse $(BASE_LIBS)
$(B)/punchctl: $(call room,ctl) $(COMMAND) $(STORE) $(SPOOL) $(LIB)
$(B)/punchctl: LDLIBS = -llmdb -ljansson -lsodium -lconfuse -lz $(BASE_LIBS)
$(B)/spoolput: $(B)/obj/spool/spoolput.o $(SPOOL) $(LIB)
$(B)/spoolput: LDLIBS = -lconfuse -lz $(BASE_LIBS)
$(B)/devsim:   $(call room,tests/devsim)
$(B)/alarm:    $(call room,systemd)

$(PROGRAMS:%=$(B)/%):
	$(CC) $(LINK) $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS) -o $@

$(B)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(COMPILE) -MMD -MP -c $< -o $@

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)

# ---- tests: drop a file in and it runs ----
UNIT      = $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/test_*.c))
TEST_LIBS = -lcmocka -lmicrohttpd -llmdb -linotifytools -lsodium -ljansson -lconfuse -lz $(BASE_LIBS)

# The daemons' and punchctl's own modules, without their main, for what looks inside one.
INSIDE = $(foreach r,ingestd parserd cmdqd notifyd matchd ctl,$(B)/inside-$(r).a)
$(B)/inside-ingestd.a: $(call room,ingestd,ingestd/ingestd.c)
$(B)/inside-parserd.a: $(call room,parserd,parserd/parserd.c)
$(B)/inside-cmdqd.a:   $(call room,cmdqd,cmdqd/cmdqd.c)
$(B)/inside-notifyd.a: $(call room,notifyd,notifyd/notifyd.c)
$(B)/inside-matchd.a:  $(call room,matchd,matchd/matchd.c)
$(B)/inside-ctl.a:     $(call room,ctl,ctl/punchctl.c)

$(B)/unit/%: $(B)/obj/tests/unit/%.o $(INSIDE) $(COMMAND) $(STORE) $(SPOOL) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(LINK) $< $(INSIDE) $(COMMAND) $(STORE) $(SPOOL) $(LIB) $(TEST_LIBS) -o $@

# A test that lets a function fail brings __wrap_NAME.
$(B)/unit/test_batch: LDFLAGS += -Wl,--wrap=records_set_stamp
$(B)/unit/test_sandbox_reach: LDFLAGS += -Wl,--wrap=syscall
$(B)/unit/test_ctl_device_order: LDFLAGS += -Wl,--wrap=comm_key_hash

.PHONY: unit-programs test unit
unit-programs: $(UNIT)

test:
	@scripts/deps.sh test
	@B=$(B) tests/run.sh

unit: unit-programs
	@for t in $(UNIT); do echo "== $$t"; $$t || exit 1; done

.PHONY: order-check kill-check fault-check queue-check crash-check fuzz bench
order-check kill-check fault-check queue-check crash-check fuzz bench: tests-ready
tests-ready:
	@scripts/deps.sh test
	@$(MAKE) --no-print-directory -s -j$$(nproc) all
.PHONY: tests-ready

order-check:
	python3 tests/system/run.py --build $(B) --full --only order

kill-check:
	python3 tests/system/run.py --build $(B) --full --only kill queue_kill

fault-check:
	python3 tests/system/run.py --build $(B) --full --only faults disk clock_

queue-check:
	python3 tests/system/run.py --build $(B) --full --only replay_half replay_backlog

.PHONY: test-boot
test-boot:
	@scripts/deps.sh test
	@B=$(B) tests/boot/run.sh --must

crash-check:
	B=$(B) tests/crash/run.sh

TIME ?= 60
fuzz:
	B=$(B)/fuzz tests/fuzz/run.sh fuzz $(TIME)
.PHONY: fuzz-coverage tsan-check valgrind-check lint
fuzz-coverage:
	@scripts/deps.sh analysis
	B=$(B)/fuzz tests/fuzz/run.sh coverage

tsan-check valgrind-check lint:
	@scripts/deps.sh analysis
	@B=$(B) tests/analysis/$(@:-check=).sh

# The small limit programs beside which the product is measured.
BENCH      = $(patsubst tests/bench/%.c,$(B)/bench/%,$(filter-out tests/bench/nosync.c,$(wildcard tests/bench/*.c)))
bench:
	@$(MAKE) --no-print-directory -s -j$$(nproc) bench-programs
	python3 tests/bench/run.py --build $(B) $(BENCH_ARGS)
.PHONY: bench-programs
bench-programs: $(BENCH) $(B)/bench/nosync.so
$(B)/bench/%: $(B)/obj/tests/bench/%.o $(INSIDE) $(COMMAND) $(STORE) $(SPOOL) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(LINK) $< $(INSIDE) $(COMMAND) $(STORE) $(SPOOL) $(LIB) $(filter-out -lcmocka,$(TEST_LIBS)) -o $@
$(B)/bench/nosync.so: tests/bench/nosync.c
	@mkdir -p $(@D)
	$(CC) $(PREPROCESS) -std=gnu11 $(WARNINGS) -O2 -fPIC -shared $< -o $@

# Power cuts: a recorder of a disk, a replayer, and planted faults. tests/powercut/README.md
POWERCUT = $(B)/powercut/recorder $(B)/powercut/replay $(B)/powercut/shim_disorder.so
test-powercut: tests-ready
	B=$(B) tests/powercut/run.sh
.PHONY: powercut-programs test-powercut
powercut-programs: $(POWERCUT)
$(B)/powercut/recorder: $(B)/obj/tests/powercut/recorder.o
	@mkdir -p $(@D)
	$(CC) $(LINK) $^ -lfuse3 -o $@
$(B)/powercut/replay: $(call room,tests/powercut,tests/powercut/recorder.c tests/powercut/shim_disorder.c) $(STORE) $(SPOOL) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(LINK) $^ -llmdb -lsodium -lz -o $@
$(B)/powercut/shim_disorder.so: tests/powercut/shim_disorder.c
	@mkdir -p $(@D)
	$(CC) -D_GNU_SOURCE -std=gnu11 $(WARNINGS) -O2 -fPIC -shared $< -ldl -pthread -o $@

# ---- the rest ----
.PHONY: run help format tidy clean install deb
UNITDIR    ?= /lib/systemd/system
LIBEXECDIR ?= $(PREFIX)/libexec/punchd
# As a distribution wants it: without devsim, which is a test's.
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(UNITDIR) $(DESTDIR)/etc/punchd \
		$(DESTDIR)$(PREFIX)/lib/sysusers.d $(DESTDIR)$(PREFIX)/lib/tmpfiles.d \
		$(foreach n,1 5 8,$(DESTDIR)$(PREFIX)/share/man/man$(n)) \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 755 $(B)/punchctl $(B)/spoolput $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(DAEMONS:%=$(B)/%) $(B)/alarm $(DESTDIR)$(LIBEXECDIR)
	install -m 644 $(wildcard systemd/punchd*.*) $(DESTDIR)$(UNITDIR)
	install -m 644 systemd/sysusers.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d/punchd.conf
	install -m 644 systemd/tmpfiles.conf $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/punchd.conf
	install -m 644 ctl/punchctl.1 spool/spoolput.1 $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 lib/punchd.conf.5 $(DESTDIR)$(PREFIX)/share/man/man5
	install -m 644 $(foreach d,$(DAEMONS),$(d)/$(d).8) $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 644 ctl/punchctl.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/punchctl
	test -e $(DESTDIR)/etc/punchd/punchd.conf || \
		install -m 644 punchd.conf.example $(DESTDIR)/etc/punchd/punchd.conf
	test -e $(DESTDIR)/etc/punchd/tls.cfg || install -m 644 systemd/tls.cfg $(DESTDIR)/etc/punchd/tls.cfg

deb:
	@scripts/deps.sh deb
	@scripts/deb.sh $(B)

run:
	@scripts/deps.sh build
	@$(MAKE) --no-print-directory -s -j$$(nproc) all
	@B=$(B) exec scripts/run.sh "$(DIR)" "$(PORT)"

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

tidy:
	@clang-tidy --quiet $$(git ls-files '*.c' ':!tests') -- $(PREPROCESS) -std=gnu11 2>/dev/null

clean:
	rm -rf $(B)

help:
	@sed -n 's/^## *//p' Makefile
.SECONDARY:
