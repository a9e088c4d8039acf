# SPDX-License-Identifier: GPL-2.0-or-later
# The fuzz targets: called by run.sh from the root, with D the directory to build in and ENGINE=replay, libfuzzer, coverage,
# or plain, without sanitizers, for valgrind.

ifeq ($(ENGINE),libfuzzer)
CC       = clang
SANITIZE = -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
LINK     = -fsanitize=fuzzer,address,undefined
else ifeq ($(ENGINE),coverage)
CC       = clang
SANITIZE = -fprofile-instr-generate -fcoverage-mapping
LINK     = -fprofile-instr-generate
MAIN     = $(D)/obj/tests/fuzz/replay.o
else ifeq ($(ENGINE),plain)
CC       = gcc
MAIN     = $(D)/obj/tests/fuzz/replay.o
else
CC       = gcc
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all
LINK     = $(SANITIZE)
MAIN     = $(D)/obj/tests/fuzz/replay.o
endif

FLAGS = -std=gnu11 -O1 -g -I. -D_GNU_SOURCE -DPUNCHD_NO_SYSTEMD -D_FILE_OFFSET_BITS=64 -Wall -Wextra -Werror \
	-fno-omit-frame-pointer $(SANITIZE)

# Shipped sources that the targets reach; each target takes of them what it uses.
SHIPPED = $(patsubst %,lib/%.c,base64 base64_code charset card file_target hash info span buf num clock serial target io local msg conf conf_key log trans_flag network sha256 site utf8 wake zone_name matching matching_format) \
	spool/entry.c spool/name.c spool/write.c spool/layout.c spool/scan.c store/pack.c store/punch.c store/kept.c store/entry_ref.c store/device.c \
	store/item.c store/logbook.c store/operation.c \
	store/audit.c store/known.c store/lines.c store/command.c store/setting.c store/comm_key.c store/resend.c \
	ingestd/route.c ingestd/range.c ingestd/admit.c ingestd/proxy_head.c ingestd/http.c ingestd/connection.c ingestd/serve.c ingestd/serve_ask.c ingestd/served.c ingestd/upload.c \
	$(patsubst %,parserd/%.c,body body_attlog body_lines body_photo body_options pairs reading repeats row row_fill row_table erase_order keep_mark keep_text) \
	$(patsubst %,command/%.c,verb verb_check verb_table typed render meaning why) \
	cmdqd/facts.c cmdqd/probe.c cmdqd/order.c cmdqd/result.c cmdqd/settings.c cmdqd/hello.c cmdqd/ability.c cmdqd/learn.c cmdqd/introduce.c ctl/text.c ctl/when.c \
	ctl/template_name.c matchd/keeper.c
NAMES   = $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

all: $(NAMES:%=$(D)/%)

# Those that run out of memory at will.
$(D)/http $(D)/http_steps $(D)/serve: LINK += -Wl,--wrap=calloc,--wrap=strdup,--wrap=MHD_create_response_from_buffer
$(D)/serve: LINK += -Wl,--wrap=http_reply

$(D)/%: $(D)/obj/tests/fuzz/fuzz_%.o $(MAIN) $(D)/shipped.a
	$(CC) $(LINK) $^ -Wl,--as-needed -lmicrohttpd -lconfuse -lsodium -lz -o $@

$(D)/shipped.a: $(SHIPPED:%.c=$(D)/obj/%.o)
	@rm -f $@
	ar rcs $@ $^

$(D)/obj/%.o: %.c tests/fuzz/fuzz.mk
	@mkdir -p $(@D)
	$(CC) $(FLAGS) -MMD -MP -c $< -o $@

-include $(shell find $(D)/obj -name '*.d' 2>/dev/null)
.SECONDARY:
