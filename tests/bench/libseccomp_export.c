/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program that libseccomp makes of a list of rules, for comparison:
 *
 *     libseccomp_export OPTIMIZE ARCH,... < RULES > PROGRAM
 *
 * OPTIMIZE is 1 (priority, its default) or 2 (binary tree); each ARCH is added to the native one.
 * RULES: the default action as a number, then lines `NAME ACTION COUNT {INDEX OPERATOR A B}...`,
 * numbers as libseccomp has them. A name that it does not know is left out, as container runtimes
 * do.
 */
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_CONDITIONS = 6 };

static void fail(const char *what, int result)
{
    fprintf(stderr, "libseccomp_export: %s: %s\n", what, strerror(-result));
    exit(1);
}

static void add_architectures(scmp_filter_ctx context, char *list)
{
    for (char *name = strtok(list, ","); name; name = strtok(NULL, ",")) {
        uint32_t token = seccomp_arch_resolve_name(name);
        int result = token ? seccomp_arch_add(context, token) : -22;
        if (result < 0 && result != -17) {
            fail(name, result);
        }
    }
}

static void add_rule(scmp_filter_ctx context, const char *name, unsigned action, unsigned count)
{
    struct scmp_arg_cmp conditions[MAX_CONDITIONS];
    for (unsigned i = 0; i < count; i++) {
        unsigned index;
        unsigned operator;
        unsigned long long a;
        unsigned long long b;
        if (scanf("%u %u %llu %llu", &index, &operator, & a, &b) != 4) {
            fail("not a condition", -22);
        }
        conditions[i] = (struct scmp_arg_cmp){index, (enum scmp_compare) operator, a, b};
    }
    int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR) {
        return;
    }
    int result = seccomp_rule_add_array(context, action, number, count, conditions);
    if (result < 0) {
        fail(name, result);
    }
}

int main(int argument_count, char **arguments)
{
    unsigned default_action;
    if (argument_count != 3 || scanf("%u", &default_action) != 1) {
        fputs("usage: libseccomp_export OPTIMIZE ARCH,... < RULES > PROGRAM\n", stderr);
        return 2;
    }
    scmp_filter_ctx context = seccomp_init(default_action);
    int result = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE,
                                  (uint32_t)strtoul(arguments[1], NULL, 10));
    if (result < 0) {
        fail("SCMP_FLTATR_CTL_OPTIMIZE", result);
    }
    add_architectures(context, arguments[2]);
    char name[64];
    unsigned action;
    unsigned count;
    while (scanf("%63s %u %u", name, &action, &count) == 3) {
        if (count > MAX_CONDITIONS) {
            fail(name, -22);
        }
        add_rule(context, name, action, count);
    }
    result = seccomp_export_bpf(context, STDOUT_FILENO);
    if (result < 0) {
        fail("export", result);
    }
    seccomp_release(context);
    return 0;
}
