/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command: which one it is, and the plain ones. docs/PROTOCOL.md 5 */
#include "tests/devsim/execute.h"

#include <string.h>

#include "tests/devsim/run.h"

static int64_t do_nothing(struct machine *machine, struct text args, struct result *result)
{
	(void)machine;
	(void)args;
	(void)result;
	return 0;
}

static int64_t do_check(struct machine *machine, struct text args, struct result *result)
{
	machine->hello_due = true;
	machine->upload_due = true;
	return do_nothing(machine, args, result);
}

static int64_t do_log(struct machine *machine, struct text args, struct result *result)
{
	machine->upload_due = true;
	return do_nothing(machine, args, result);
}

static int64_t do_reboot(struct machine *machine, struct text args, struct result *result)
{
	machine->hello_due = true;
	machine->reboots = true;
	machine->device->info_sent = false;
	return do_nothing(machine, args, result);
}

static int64_t do_unlock(struct machine *machine, struct text args, struct result *result)
{
	machine->doors++;
	run_totals.unlocks++;
	return do_nothing(machine, args, result);
}

static int64_t do_clear_log(struct machine *machine, struct text args, struct result *result)
{
	machine->device->cleared = machine->device->punches;
	return do_nothing(machine, args, result);
}

static int64_t do_clear_data(struct machine *machine, struct text args, struct result *result)
{
	model_clear(&machine->model);
	return do_clear_log(machine, args, result);
}

/* With `args` the command goes on after a blank; without it must end there. */
static const struct command {
	const char *words, *echo;
	execute_run *run;
	bool args;
} commands[] = {
	{"DATA UPDATE", "DATA", execute_update, true},
	{"DATA DELETE", "DATA", execute_delete, true},
	{"DATA QUERY", "DATA", execute_query, true},
	{"DATA USER", "DATA", execute_old_user, true},
	{"DATA FP", "DATA", execute_old_finger, true},
	{"DATA DEL_USER", "DATA", execute_old_del_user, true},
	{"DATA DEL_FP", "DATA", execute_old_del_finger, true},
	{"CHECK", "CHECK", do_check, false},
	{"LOG", "LOG", do_log, false},
	{"INFO", "INFO", execute_info, false},
	{"REBOOT", "REBOOT", do_reboot, false},
	{"RELOAD OPTIONS", "RELOAD OPTIONS", do_nothing, false},
	{"CLEAR LOG", "CLEAR LOG", do_clear_log, false},
	{"CLEAR DATA", "CLEAR DATA", do_clear_data, false},
	{"CLEAR PHOTO", "CLEAR PHOTO", do_nothing, false},
	{"AC_UNLOCK", "AC_UNLOCK", do_unlock, false},
	{"AC_UNALARM", "AC_UNALARM", do_nothing, false},
	{"SET OPTION", "SET OPTION", execute_set_option, true},
	{"ENROLL_FP", "ENROLL_FP", execute_enroll, true},
	{"SHELL", "Shell", execute_shell, true},
	{"GetFile", "GetFile", execute_get_file, true},
	{"PutFile", "PutFile", execute_put_file, true},
	{"VERIFY SUM ATTLOG", "VERIFY SUM ATTLOG", execute_verify, true},
	{"ACCOUNT", "ACCOUNT", execute_account, true},
	{"SYNC", "SYNC", execute_sync, true},
	{"SYNC", "SYNC", execute_sync, false},
};

static const struct command *find(struct text text, struct text *ret_args)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command *command = &commands[i];
		size_t len = strlen(command->words);

		if (text.len < len || memcmp(text.at, command->words, len) != 0 ||
			(text.len > len) != command->args) {
			continue;
		}
		if (!command->args || text.at[len] == ' ') {
			size_t skip = len + command->args;

			*ret_args = (struct text){text.at + skip, text.len - skip};
			return command;
		}
	}
	return NULL;
}

static void count(struct machine *machine)
{
	struct counts *now = &machine->device->now;

	now->users = machine->model.counts[TABLE_USER];
	now->fingers = machine->model.counts[TABLE_FINGER];
	now->faces = machine->model.counts[TABLE_FACE];
}

void execute(struct machine *machine, struct text command, struct result *ret)
{
	struct text args;
	const struct command *found = find(command, &args);
	const char *echo = found ? found->echo : "UNKNOWN CMD";

	*ret = (struct result){.form = RESULT_LINE, .code = RETURN_UNKNOWN};
	memcpy(ret->echo, echo, strlen(echo) + 1);
	if (found && run_options.code_given) {
		ret->code = run_options.code;
	} else if (found) {
		ret->code = found->run(machine, args, ret);
		count(machine);
	}
}
