/* SPDX-License-Identifier: Apache-2.0 */
/* Random policies, and the calls at their edges. */
#include "harness.h"

#include "base/memory.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Plain ones, multiplexed ones and their multiplexers, ones with 64-bit parameters, ones that an
   ABI or two lack. */
static const char *const names[] = {
    "read",           "openat",  "open",     "ioctl",     "clone",   "personality",
    "getpid",         "kill",    "prctl",    "execve",    "futex",   "exit_group",
    "io_uring_enter", "socket",  "connect",  "sendto",    "accept4", "socketcall",
    "semop",          "shmat",   "msgctl",   "ipc",       "mmap",    "mmap2",
    "chown",          "chown32", "fchownat", "ftruncate", "pread64", "fadvise64",
    "fcntl",          "fcntl64", "_llseek",  "lseek",     "setuid",  "seccomp",
};

static const uint64_t edges[] = {
    0,
    1,
    2,
    0xff,
    0x7ffffffe,
    0x7fffffff,
    0x80000000,
    0x80000001,
    0xfffffffe,
    0xffffffff,
    UINT64_C(0x100000000),
    UINT64_C(0x100000001),
    UINT64_C(0x1ffffffff),
    UINT64_C(0x200000000),
    UINT64_C(0x7fffffff00000000),
    UINT64_C(0x7fffffffffffffff),
    UINT64_C(0x8000000000000000),
    UINT64_C(0x80000000ffffffff),
    UINT64_C(0xffffffff00000000),
    UINT64_C(0xffffffff80000000),
    UINT64_C(0xfffffffffffffffe),
    UINT64_C(0xffffffffffffffff),
};

uint64_t random_value(struct random *random, unsigned width)
{
    uint64_t value;
    switch (random_below(random, 4)) {
    case 0:
        value = random_below(random, 9);
        break;
    case 1:
        value = random_next(random);
        break;
    default:
        value = edges[random_below(random, COUNT(edges))];
        break;
    }
    return width == 32 ? value & UINT32_MAX : value;
}

struct condition random_condition(struct random *random, unsigned argument, unsigned width)
{
    struct condition condition = {
        .argument = (uint8_t)argument,
        .width = (uint8_t)width,
        .compare = (enum compare)random_below(random, COMPARE_MASKED_EQ + 1),
        .value = random_value(random, width),
    };
    if (condition.compare == COMPARE_MASKED_EQ) {
        condition.mask = random_value(random, width);
        condition.value &= condition.mask;
    }
    return condition;
}

static struct action random_action(struct random *random)
{
    static const uint16_t numbers[] = {0, 1, 38, 4095};
    struct action action = {.kind = (enum action_kind)random_below(random, ACTION_ALLOW + 1)};
    if (action.kind == ACTION_ERRNO) {
        action.data = numbers[random_below(random, COUNT(numbers))];
    } else if (action.kind == ACTION_TRAP || action.kind == ACTION_TRACE) {
        action.data = random_below(random, 2) ? 0xffff : 0;
    }
    return action;
}

static void random_abis(struct random *random, struct policy *policy)
{
    static const char *const sets[][6] = {
        {NULL},
        {NULL},
        {"x86_64", NULL},
        {"i386", "x86_64", NULL},
        {"i386", "x32", "x86_64", NULL},
        {"aarch64", "i386", "x86_64", NULL},
        {"aarch64", "arm", "i386", "x32", "x86_64", NULL},
    };
    const char *const *set = sets[random_below(random, COUNT(sets))];
    size_t capacity = 0;
    for (size_t i = 0; set[i]; i++) {
        char **name = memory_append(&policy->abis, &policy->abi_count, &capacity, sizeof *name);
        *name = memory_strdup(set[i]);
    }
}

struct policy *random_policy(struct random *random)
{
    struct policy *policy = policy_new(random_action(random));
    policy->enosys_above = (enum enosys_above)random_below(random, ENOSYS_ABOVE_NONE + 1);
    random_abis(random, policy);
    const char *chosen[3];
    unsigned chosen_count = 1 + random_below(random, COUNT(chosen));
    for (unsigned i = 0; i < chosen_count; i++) {
        chosen[i] = names[random_below(random, COUNT(names))];
    }
    /* Few arguments, so that rules meet on them. */
    unsigned arguments[2] = {random_below(random, POLICY_ARGUMENTS),
                             random_below(random, POLICY_ARGUMENTS)};
    unsigned rule_count = 1 + random_below(random, 6);
    for (unsigned r = 0; r < rule_count; r++) {
        struct condition conditions[3];
        unsigned condition_count = random_below(random, COUNT(conditions) + 1);
        for (unsigned c = 0; c < condition_count; c++) {
            unsigned argument = random_below(random, 8) ? arguments[random_below(random, 2)]
                                                        : random_below(random, POLICY_ARGUMENTS);
            conditions[c] = random_condition(random, argument, random_below(random, 2) ? 32 : 64);
        }
        policy_add_rule(policy, chosen[random_below(random, chosen_count)], conditions,
                        condition_count, random_action(random), (struct place){0});
    }
    if (random_below(random, 16) == 0) {
        policy_make_audit(policy);
    }
    return policy;
}

/* The values of one argument at which rules may change their mind. */
struct edge_values {
    uint64_t *values; /* owned */
    size_t count;
    size_t capacity;
};

static void add_value(struct edge_values *edge, uint64_t value)
{
    for (size_t i = 0; i < edge->count; i++) {
        if (edge->values[i] == value) {
            return;
        }
    }
    uint64_t *added =
        memory_append(&edge->values, &edge->count, &edge->capacity, sizeof *edge->values);
    *added = value;
}

static void add_condition_values(struct edge_values *edge, const struct condition *condition)
{
    uint64_t value = condition->value;
    add_value(edge, value);
    add_value(edge, value - 1);
    add_value(edge, value + 1);
    add_value(edge, value ^ UINT64_C(1) << 32);
    add_value(edge, value ^ UINT64_C(1) << 63);
    add_value(edge, value & UINT32_MAX);
    if (condition->compare == COMPARE_MASKED_EQ) {
        add_value(edge, value | ~condition->mask);
        add_value(edge, value ^ (condition->mask & (~condition->mask + 1)));
        add_value(edge, ~value);
    }
}

struct visit {
    edge_visitor *visitor;
    void *context;
    struct random *random;
};

/* All combinations of the six arguments' values, or a sample of them. */
static bool visit_product(const struct visit *visit, struct seccomp_data *call,
                          const struct edge_values edge[POLICY_ARGUMENTS])
{
    enum { most = 4096 };
    uint64_t combinations = 1;
    for (unsigned a = 0; a < POLICY_ARGUMENTS; a++) {
        combinations = combinations > most ? combinations : combinations * edge[a].count;
    }
    bool sampled = combinations > most;
    for (uint64_t i = 0; i < (sampled ? most : combinations); i++) {
        uint64_t rest = i;
        for (unsigned a = 0; a < POLICY_ARGUMENTS; a++) {
            size_t choice = sampled ? random_below(visit->random, (unsigned)edge[a].count)
                                    : rest % edge[a].count;
            rest /= edge[a].count;
            call->args[a] = edge[a].values[choice];
        }
        if (!visit->visitor(visit->context, call)) {
            return false;
        }
    }
    return true;
}

static bool visit_number(const struct visit *visit, const struct table_range *range, uint32_t arch,
                         uint32_t number)
{
    struct seccomp_data call = {.arch = arch, .nr = (int)number};
    struct edge_values edge[POLICY_ARGUMENTS] = {{0}};
    for (size_t r = 0; r < range->rule_count; r++) {
        const struct table_rule *rule = &range->rules[r];
        for (size_t c = 0; c < rule->condition_count; c++) {
            add_condition_values(&edge[rule->conditions[c].argument], &rule->conditions[c]);
        }
    }
    for (unsigned a = 0; a < POLICY_ARGUMENTS; a++) {
        if (edge[a].count == 0) {
            add_value(&edge[a], random_next(visit->random));
        } else {
            add_value(&edge[a], 0);
            add_value(&edge[a], UINT64_MAX);
        }
    }
    bool go_on = visit_product(visit, &call, edge);
    for (unsigned a = 0; a < POLICY_ARGUMENTS; a++) {
        free(edge[a].values);
    }
    return go_on;
}

bool edges_visit(const struct table *table, struct random *random, edge_visitor *visitor,
                 void *context)
{
    const struct visit visit = {visitor, context, random};
    const struct table_range nothing = {0};
    static const uint32_t others[] = {0, 0xc00000f3 /* riscv64 */, 0xffffffff};
    for (size_t i = 0; i < COUNT(others); i++) {
        if (!visit_number(&visit, &nothing, others[i], 0) ||
            !visit_number(&visit, &nothing, others[i], random_below(random, 500))) {
            return false;
        }
    }
    for (size_t a = 0; a < table->abi_count; a++) {
        const struct table_abi *abi = &table->abis[a];
        for (size_t r = 0; r < abi->range_count; r++) {
            const struct table_range *range = &abi->ranges[r];
            if (!visit_number(&visit, range, abi->audit_architecture, range->first) ||
                (range->last != range->first &&
                 !visit_number(&visit, range, abi->audit_architecture, range->last))) {
                return false;
            }
        }
    }
    return true;
}
