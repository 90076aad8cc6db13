/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include "base/memory.h"
#include "filter/run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct random random_of(uint64_t seed, uint64_t index)
{
    struct random random = {seed};
    random.state = random_next(&random) ^ index * UINT64_C(0x9e3779b97f4a7c15);
    return random;
}

uint64_t random_next(struct random *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

unsigned random_below(struct random *random, unsigned limit)
{
    return (unsigned)((random_next(random) >> 32) * limit >> 32);
}

static uint64_t number_option(const char *name, const char *text)
{
    char *end = NULL;
    errno = 0;
    unsigned long long value = text ? strtoull(text, &end, 0) : 0;
    if (!text || errno != 0 || end == text || *end != '\0') {
        fprintf(stderr, "%s wants a number\n", name);
        exit(2);
    }
    return value;
}

struct options options_read(int argc, char **argv, uint64_t default_count)
{
    struct options options = {.seed = 1, .count = default_count};
    int i = 1;
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
        uint64_t value = number_option(argv[i], i + 1 < argc ? argv[i + 1] : NULL);
        if (strcmp(argv[i], "--seed") == 0) {
            options.seed = value;
        } else if (strcmp(argv[i], "--count") == 0) {
            options.count = value;
        } else if (strcmp(argv[i], "--only") == 0) {
            options.first = value;
            options.count = 1;
        } else {
            fprintf(stderr, "usage: %s [--seed S] [--count N] [--only I] [FILE...]\n", argv[0]);
            exit(2);
        }
    }
    options.files = argv + i;
    options.file_count = argc - i;
    return options;
}

bool call_agrees(const struct filter *filter, const struct table *table,
                 const struct seccomp_data *call)
{
    struct action action;
    uint32_t returned = filter_execute(filter, call, NULL);
    return action_from_return_value(returned, &action) &&
           action_equal(action, table_evaluate(table, call, NULL));
}

struct agreement {
    const struct filter *filter;
    const struct table *table;
    uint64_t calls;
    struct seccomp_data *differing;
};

static bool visit_agreement(void *context, const struct seccomp_data *call)
{
    struct agreement *agreement = context;
    agreement->calls++;
    if (call_agrees(agreement->filter, agreement->table, call)) {
        return true;
    }
    if (agreement->differing) {
        *agreement->differing = *call;
    }
    return false;
}

bool edges_agree(const struct filter *filter, const struct table *table, struct random *random,
                 uint64_t *calls, struct seccomp_data *differing)
{
    struct agreement agreement = {filter, table, 0, differing};
    bool agree = edges_visit(table, random, visit_agreement, &agreement);
    *calls += agreement.calls;
    return agree;
}

void print_filter(const struct filter *filter)
{
    const size_t most = 100; /* enough to read */
    for (size_t pc = 0; pc < filter->count && pc < most; pc++) {
        const struct sock_filter *i = &filter->instructions[pc];
        printf("#   %4zu: code 0x%02x k 0x%08x jt %zu jf %zu\n", pc, i->code, i->k, pc + 1 + i->jt,
               pc + 1 + i->jf);
    }
    if (filter->count > most) {
        printf("#   ... %zu more\n", filter->count - most);
    }
}

static const char *compare_text(enum compare compare)
{
    static const char *const texts[] = {"==", "!=", "<", "<=", ">", ">=", "&=="};
    return texts[compare];
}

void print_policy(const struct policy *policy)
{
    CLEANUP_FREE char *other = action_text(policy->default_action);
    printf("#   default %s, enosys_above %d, ABIs", other, (int)policy->enosys_above);
    for (size_t i = 0; i < policy->abi_count; i++) {
        printf(" %s", policy->abis[i]);
    }
    printf("\n");
    for (size_t s = 0; s < policy->syscall_count; s++) {
        const struct syscall_rules *syscall = &policy->syscalls[s];
        for (size_t r = 0; r < syscall->rule_count; r++) {
            const struct rule *rule = &syscall->rules[r];
            CLEANUP_FREE char *action = action_text(rule->action);
            printf("#   %s: %s if", syscall->name, action);
            for (size_t c = 0; c < rule->condition_count; c++) {
                const struct condition *condition = &rule->conditions[c];
                printf(" a%u/%u %s 0x%" PRIx64 " mask 0x%" PRIx64, condition->argument,
                       condition->width, compare_text(condition->compare), condition->value,
                       condition->mask);
            }
            printf("\n");
        }
    }
}

void print_call(const char *what, const struct seccomp_data *call)
{
    printf("#   %s: arch 0x%08x nr %d", what, call->arch, call->nr);
    for (unsigned a = 0; a < POLICY_ARGUMENTS; a++) {
        printf(" 0x%" PRIx64, (uint64_t)call->args[a]);
    }
    printf("\n");
}

void tap_check(struct tap *tap, bool ok, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    CLEANUP_FREE char *text = memory_vprintf(format, arguments);
    va_end(arguments);
    tap->failures += ok ? 0 : 1;
    printf("%s %u - %s\n", ok ? "ok" : "not ok", ++tap->count, text);
    (void)fflush(stdout);
}

void tap_skip(struct tap *tap, const char *reason, const char *text)
{
    printf("ok %u - %s # SKIP %s\n", ++tap->count, text, reason);
}

int tap_done(const struct tap *tap)
{
    printf("1..%u\n", tap->count);
    return tap->failures == 0 ? 0 : 1;
}
