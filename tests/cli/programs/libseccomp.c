/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a program under a filter of one rule, given to libseccomp as container runtimes give it: a
 * comparison of the whole register.
 *
 *     libseccomp deny|allow NAME INDEX VALUE PROGRAM [ARGUMENT...]
 *
 * deny: that call fails with ENOANO, everything else is allowed. allow: the other way round, but
 * for what a static program needs to start and to say what came of a call.
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const needed[] = {
    "execve",   "write", "exit_group", "exit",     "brk",        "arch_prctl", "set_tid_address",
    "readlink", "rseq",  "prlimit64",  "mprotect", "readlinkat", "getrandom",  "set_robust_list"};

static void check(int result)
{
    if (result < 0) {
        fprintf(stderr, "libseccomp: %s\n", strerror(-result));
        exit(2);
    }
}

int main(int argc, char **argv)
{
    if (argc < 6) {
        return 2;
    }
    int allow = strcmp(argv[1], "allow") == 0;
    uint32_t fail = SCMP_ACT_ERRNO(ENOANO);
    scmp_filter_ctx context = seccomp_init(allow ? fail : SCMP_ACT_ALLOW);
    const struct scmp_arg_cmp condition = {(unsigned)atoi(argv[3]), SCMP_CMP_EQ,
                                           strtoull(argv[4], NULL, 0), 0};
    int number = seccomp_syscall_resolve_name(argv[2]);
    check(seccomp_rule_add_array(context, allow ? SCMP_ACT_ALLOW : fail, number, 1, &condition));
    for (size_t i = 0; allow && i < sizeof needed / sizeof *needed; i++) {
        check(
            seccomp_rule_add(context, SCMP_ACT_ALLOW, seccomp_syscall_resolve_name(needed[i]), 0));
    }
    check(seccomp_load(context));
    execv(argv[5], argv + 5);
    return 2;
}
