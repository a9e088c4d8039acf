/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probe_files: what there is to read, to write and to see. */
#include "probe.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_as(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK, 0600);
	int rc = outcome(fd);

	if (fd >= 0)
		close(fd);
	return rc;
}

static int read_file(const char *path)
{
	return open_as(path, O_RDONLY);
}

static int write_file(const char *path)
{
	return open_as(path, O_WRONLY);
}

static int list(const char *path)
{
	return open_as(path, O_RDONLY | O_DIRECTORY);
}

static int create_in(const char *path)
{
	char name[256];
	int rc;

	snprintf(name, sizeof(name), "%s/0000000000000000-00000000000000ff", path);
	rc = open_as(name, O_WRONLY | O_CREAT);
	if (rc == 0)
		unlink(name);
	return rc;
}

/* Any file of the directory: who may list it and read none sees names alone. */
static int read_any_in(const char *path)
{
	DIR *dir = opendir(path);
	int rc = ENODATA;

	if (!dir)
		return errno;
	for (struct dirent *e; rc != 0 && (e = readdir(dir));)
		if (e->d_name[0] != '.')
			rc = openat(dirfd(dir), e->d_name, O_RDONLY) < 0 ? errno : 0;
	closedir(dir);
	return rc;
}

static int make_node(const char *path)
{
	return outcome(mknod(path, S_IFCHR | 0600, 0x101));
}

static int make_setuid(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	int rc = fd < 0 ? errno : outcome(fchmod(fd, 04755));

	unlink(path);
	return rc;
}

const struct attempt probe_files[] = {
	{"read the records", read_file, STATE "parserd/records/data.mdb"},
	{"write the records", write_file, STATE "parserd/records/data.mdb"},
	{"write the records' `lock.mdb`", write_file, STATE "parserd/records/lock.mdb"},
	{"see photos of punches", list, STATE "parserd/photos"},
	{"lay a photo there", create_in, STATE "parserd/photos"},
	{"read what is private", read_file, STATE "private/records/data.mdb"},
	{"write what is private", write_file, STATE "private/records/data.mdb"},
	{"read devices and commands", read_file, STATE "cmdqd/control/data.mdb"},
	{"write devices and commands", write_file, STATE "cmdqd/control/data.mdb"},
	{"read the admission list", read_file, STATE "cmdqd/admission"},
	{"write the admission list", write_file, STATE "cmdqd/admission"},
	{"see content of results", list, STATE "cmdqd/content"},
	{"lay content there", create_in, STATE "cmdqd/content"},
	{"read files for terminals", read_any_in, STATE "files"},
	{"lay a file there", create_in, STATE "files"},
	{"make an upload", create_in, SPOOL "upload/tmp"},
	{"read uploads that wait", read_any_in, SPOOL "upload/new"},
	{"see uploads that are done", list, SPOOL "upload/done"},
	{"make a result", create_in, SPOOL "result/tmp"},
	{"see results that are done", list, SPOOL "result/done"},
	{"make an order", create_in, SPOOL "order/tmp"},
	{"see orders that are done", list, SPOOL "order/done"},
	{"make an order to erase", create_in, SPOOL "erase/tmp"},
	{"see what was erased", list, SPOOL "erase/done"},
	{"read the key of TLS", read_file, "/run/credentials/punchd-tls.service/tls.pem.key"},
	{"read the configuration", read_file, "/etc/punchd/punchd.conf"},
	{"write the configuration", write_file, "/etc/punchd/punchd.conf"},
	{"write to a `/tmp` of its own", create_in, "/tmp"},
	{"read `/etc/shadow`", read_file, "/etc/shadow"},
	{"read the key of TLS where it is kept", read_file, "/etc/punchd/tls/key.pem"},
	{"see `/home`", list, "/home"},
	{"see `/root`", list, "/root"},
	{"see `/var/log`", list, "/var/log"},
	{"read in another's `/tmp`", read_file, "/tmp/of-another"},
	{"write its own program", create_in, "/usr/libexec/punchd"},
	{"write to `/etc`", create_in, "/etc"},
	{"write to `/usr/lib`", create_in, "/usr/lib"},
	{"read another's environment", read_file, "/proc/1/environ"},
	{"make a setuid file", make_setuid, "/tmp/s"},
	{"make a device node", make_node, "/tmp/n"},
	{"read `/dev/kmsg`", read_file, "/dev/kmsg"},
	{"read `/dev/mem`", read_file, "/dev/mem"},
	{"write a sysctl", write_file, "/proc/sys/kernel/hostname"},
	{"write to cgroups", create_in, "/sys/fs/cgroup"},
	{0},
};
