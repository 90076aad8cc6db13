/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first process of the machines that kernel.py starts: runs the commands of /commands, one a
 * line, and says between which lines the output of each is and how it ended; then powers off.
 * The kernel has the console until it is here, so that one that does not get here says why.
 */
#include "raw.h"

#include <linux/fcntl.h>
#include <linux/reboot.h>

static char text[16384];

/* Cuts a line into words. */
static void run(char *line)
{
    static char *no_environment[] = {0};
    char *words[32];
    unsigned count = 0;
    put("@begin ");
    put(line);
    put("\n");
    for (char *at = line; *at != '\0' && count < 31;) {
        words[count++] = at;
        while (*at != '\0' && *at != ' ') {
            at++;
        }
        if (*at == ' ') {
            *at++ = '\0';
        }
    }
    words[count] = 0;
    long child = make_child();
    if (child == 0) {
        raw(__NR_execve, (long)words[0], (long)words, (long)no_environment, 0, 0, 0);
        put("it cannot be executed\n");
        leave(127);
    }
    int status = wait_for(child);
    put("@end ");
    put_number(status);
    put("\n");
}

void start(uintptr_t *stack)
{
    (void)stack;
    raw(__NR_syslog, 8 /* SYSLOG_ACTION_CONSOLE_LEVEL */, 0, 1, 0, 0, 0);
    put("\n@init\n");
    raw(__NR_mount, (long)"proc", (long)"/proc", (long)"proc", 0, 0, 0);
    long file = raw(__NR_openat, AT_FDCWD, (long)"/commands", O_RDONLY, 0, 0, 0);
    long size = raw(__NR_read, file, (long)text, sizeof text - 1, 0, 0, 0);
    for (long from = 0, at = 0; at < size; at++) {
        if (text[at] == '\n') {
            text[at] = '\0';
            run(text + from);
            from = at + 1;
        }
    }
    put("@done\n");
    raw(__NR_reboot, (long)LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_POWER_OFF, 0,
        0, 0);
    leave(1);
}
