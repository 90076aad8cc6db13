/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One link of a chain of caged programs: makes a denied call (getpriority), says how it went and
 * how many filters it is under, and executes what its arguments name.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int filters(void)
{
    char line[256];
    int count = -1;
    FILE *status = fopen("/proc/self/status", "re");
    while (status && fgets(line, sizeof line, status)) {
        sscanf(line, "Seccomp_filters: %d", &count);
    }
    if (status) {
        fclose(status);
    }
    return count;
}

int main(int argc, char **argv)
{
    errno = 0;
    long result = syscall(SYS_getpriority, 0, 0);
    dprintf(1, "link %s %d\n", result == -1 ? strerrorname_np(errno) : "ok", filters());
    if (argc > 1) {
        execv(argv[1], argv + 1);
        dprintf(1, "execv: %s\n", strerrorname_np(errno));
        return 127;
    }
    return 0;
}
