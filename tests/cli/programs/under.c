/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a program under a filter that is not the cage's:
 *
 *     under NUMBER=WHAT... -- PROGRAM [ARGUMENT...]
 *     under FILE -- PROGRAM [ARGUMENT...]
 *
 * NUMBER=WHAT refuses native system call NUMBER with errno WHAT (a number), or kills with WHAT
 * `kill`; everything else is allowed. FILE is a filter as `elfcage compile` writes it: raw struct
 * sock_filter. It also proves the other test programs: what a probe reports under a filter known to
 * be right is what it has to report in a cage.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct sock_filter program[BPF_MAXINSNS];
static unsigned short count;

static void add(struct sock_filter instruction)
{
    program[count++] = instruction;
}

static int read_file(const char *path)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        return -1;
    }
    size_t size = fread(program, 1, sizeof program, file);
    fclose(file);
    count = (unsigned short)(size / sizeof *program);
    return size % sizeof *program == 0 && size > 0 ? 0 : -1;
}

static void add_rule(const char *rule, const char *what)
{
    unsigned number = (unsigned)strtoul(rule, NULL, 0);
    unsigned returns = strcmp(what, "kill") == 0
                           ? SECCOMP_RET_KILL_PROCESS
                           : SECCOMP_RET_ERRNO | (unsigned)strtoul(what, NULL, 0);
    add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1));
    add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, returns));
}

static int make_filter(char **rules, size_t rule_count)
{
    if (rule_count == 1 && !strchr(rules[0], '=')) {
        return read_file(rules[0]);
    }
    add((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
    for (size_t i = 0; i < rule_count; i++) {
        const char *what = strchr(rules[i], '=');
        if (!what) {
            return -1;
        }
        add_rule(rules[i], what + 1);
    }
    add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    return 0;
}

int main(int argc, char **argv)
{
    int end = 1;
    while (end < argc && strcmp(argv[end], "--") != 0) {
        end++;
    }
    if (end + 1 >= argc || make_filter(argv + 1, (size_t)end - 1) != 0) {
        fprintf(stderr, "under: bad arguments\n");
        return 2;
    }
    struct sock_fprog load = {.len = count, .filter = program};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &load) != 0) {
        perror("under: seccomp");
        return 2;
    }
    execv(argv[end + 1], argv + end + 1);
    perror("under: execv");
    return 2;
}
