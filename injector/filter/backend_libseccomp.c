/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libseccomp as the compiler: a second opinion, never trusted without proof (2.5.4 compiles about
 * one in ten random policies with 64-bit comparisons wrongly, and loops on some).
 *
 * What it is given is the rules of numbers, with seccomp_rule_add_exact_array. What it has no words
 * for is put around its programs here:
 *   - It turns numbers of foreign architectures into names and back, and so loses what its name
 *     table lacks. So each ABI is compiled as if it were the machine's own, and the constant that
 *     the program compares arch with is replaced.
 *   - It knows one default, not ranges of numbers. So a few instructions in front of each program
 *     answer for ranges that differ: x32, above the ceiling, -1. They answer for all numbers from
 *     0x40000000 up, since on x86-64 libseccomp refuses those by itself.
 *   - It compares 64 bits. A comparison of 32 is said with masks, as several rules where it must.
 * What cannot be said is an error: rules of one number with different actions (it has no order
 * among them), two conditions on one argument, a trap with data.
 */
#include "filter/filter.h"

#include "base/memory.h"
#include "policy/masks.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define OWN_REFUSAL_FIRST 0x40000000u /* X32_SYSCALL_BIT: not left to libseccomp */
#define EXPANDED_MOST 4096u           /* rules that one rule may become */

struct program {
    struct sock_filter *instructions; /* owned */
    size_t count;
    size_t capacity;
};

static void append(struct program *program, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
    struct sock_filter *instruction = memory_append(&program->instructions, &program->count,
                                                    &program->capacity, sizeof *instruction);
    *instruction = (struct sock_filter){.code = code, .jt = jt, .jf = jf, .k = k};
}

static void context_cleanup(scmp_filter_ctx *context)
{
    seccomp_release(*context);
}

static int library_error(struct error *error, int result, const char *what)
{
    return error_set(error, ERROR_POLICY, "libseccomp: %s: %s", what, strerror(-result));
}

static bool library_action(struct action action, uint32_t *out)
{
    *out = action_return_value(action);
    if (action.kind == ACTION_TRAP && action.data != 0) {
        return false;
    }
    return true;
}

/* The default of the table: what numbers have that no range says anything special of. */
static struct action default_of(const struct table *table)
{
    for (size_t a = 0; a < table->abi_count; a++) {
        for (size_t i = 0; i < table->abis[a].range_count; i++) {
            const struct table_range *range = &table->abis[a].ranges[i];
            if (range->default_origin.kind == ORIGIN_DEFAULT) {
                return range->default_action;
            }
        }
    }
    return table->other_abi;
}

static enum scmp_compare library_compare(enum compare compare)
{
    switch (compare) {
    case COMPARE_EQ:
        return SCMP_CMP_EQ;
    case COMPARE_NE:
        return SCMP_CMP_NE;
    case COMPARE_LT:
        return SCMP_CMP_LT;
    case COMPARE_LE:
        return SCMP_CMP_LE;
    case COMPARE_GT:
        return SCMP_CMP_GT;
    case COMPARE_GE:
        return SCMP_CMP_GE;
    case COMPARE_MASKED_EQ:
        break;
    }
    return SCMP_CMP_MASKED_EQ;
}

static struct scmp_arg_cmp library_condition(const struct condition *c)
{
    struct scmp_arg_cmp out = {.arg = c->argument, .op = library_compare(c->compare)};
    out.datum_a = c->compare == COMPARE_MASKED_EQ ? c->mask : c->value;
    out.datum_b = c->compare == COMPARE_MASKED_EQ ? c->value : 0;
    return out;
}

static int check_rule(const struct table_rule *rule, uint32_t number, struct error *error)
{
    unsigned seen = 0;
    for (size_t i = 0; i < rule->condition_count; i++) {
        unsigned flag = 1u << rule->conditions[i].argument;
        if ((seen & flag) != 0) {
            return error_set(error, ERROR_POLICY,
                             "libseccomp cannot say two conditions on argument %u of system call "
                             "number %u: use our own compiler",
                             rule->conditions[i].argument, number);
        }
        seen |= flag;
    }
    return 0;
}

/* The n-th combination of what conditions of 32 bits are in masks. */
static void choose(const struct table_rule *rule, const struct masked_list *masks, size_t n,
                   struct scmp_arg_cmp *conditions)
{
    for (size_t i = 0; i < rule->condition_count; i++) {
        if (rule->conditions[i].width == 32) {
            const struct masked *one = &masks[i].items[n % masks[i].count];
            n /= masks[i].count;
            conditions[i].op = SCMP_CMP_MASKED_EQ;
            conditions[i].datum_a = one->mask;
            conditions[i].datum_b = one->value;
        }
    }
}

/* One rule of ours as the product of its alternatives. */
static int add_rule(scmp_filter_ctx context, uint32_t number, const struct table_rule *rule,
                    struct error *error)
{
    struct scmp_arg_cmp conditions[POLICY_ARGUMENTS];
    struct masked_list masks[POLICY_ARGUMENTS] = {{0}};
    uint32_t action = 0;
    size_t combinations = 1;
    if (check_rule(rule, number, error) != 0) {
        return -1;
    }
    if (!library_action(rule->action, &action)) {
        return error_set(error, ERROR_POLICY,
                         "libseccomp cannot say a trap with data: use our own compiler");
    }
    for (size_t i = 0; i < rule->condition_count; i++) {
        conditions[i] = library_condition(&rule->conditions[i]);
        if (rule->conditions[i].width == 32) {
            masks[i] = condition_masks(&rule->conditions[i]);
            combinations *= masks[i].count;
        }
    }
    int result = 0;
    if (combinations > EXPANDED_MOST) {
        result = error_set(error, ERROR_POLICY,
                           "libseccomp would need %zu rules for one of system call number %u: use "
                           "our own compiler",
                           combinations, number);
    }
    for (size_t n = 0; n < combinations && result == 0; n++) {
        choose(rule, masks, n, conditions);
        int added = seccomp_rule_add_exact_array(context, action, (int)number,
                                                 (unsigned)rule->condition_count, conditions);
        if (added < 0 && added != -EEXIST) {
            result = library_error(error, added, "a rule is refused");
        }
    }
    for (size_t i = 0; i < rule->condition_count; i++) {
        masked_list_free(&masks[i]);
    }
    return result;
}

/* The rules of one number: all of one action, once those that say the default anyway are gone. */
static int add_rules(scmp_filter_ctx context, const struct table_range *range,
                     struct action default_action, struct error *error)
{
    size_t count = range->rule_count;
    while (count > 0 && action_equal(range->rules[count - 1].action, default_action)) {
        count--;
    }
    for (size_t i = 0; i < count; i++) {
        if (!action_equal(range->rules[i].action, range->rules[0].action)) {
            return error_set(error, ERROR_POLICY,
                             "libseccomp cannot say the order of rules with different actions "
                             "(system call number %u): use our own compiler",
                             range->first);
        }
    }
    if (count > 0 && range->rules[count - 1].condition_count == 0) {
        return add_rule(context, range->first, &range->rules[count - 1], error);
    }
    for (size_t i = 0; i < count; i++) {
        if (add_rule(context, range->first, &range->rules[i], error) != 0) {
            return -1;
        }
    }
    return 0;
}

static int export_program(scmp_filter_ctx context, struct program *out, struct error *error)
{
    struct sock_filter instruction;
    CLEANUP_CLOSE int fd = memfd_create("filter", MFD_CLOEXEC);
    if (fd < 0) {
        return error_system(error, errno, NULL, "cannot make a file in memory");
    }
    int result = seccomp_export_bpf(context, fd);
    if (result < 0) {
        return library_error(error, result, "the program is refused");
    }
    for (off_t at = 0; pread(fd, &instruction, sizeof instruction, at) == sizeof instruction;
         at += (off_t)sizeof instruction) {
        append(out, instruction.code, instruction.jt, instruction.jf, instruction.k);
    }
    return 0;
}

/* libseccomp's program for one ABI, for numbers below OWN_REFUSAL_FIRST. */
static int compile_abi(const struct table_abi *abi, struct action default_action,
                       struct program *out, struct error *error)
{
    uint32_t action = 0;
    const struct arch *host = arch_host();
    if (host == NULL || host->abis[0]->bits != 64) {
        return error_set(error, ERROR_POLICY,
                         "libseccomp compares 32 bits only on this machine: use our own compiler");
    }
    if (!library_action(default_action, &action)) {
        return error_set(error, ERROR_POLICY,
                         "libseccomp cannot say a trap with data: use our own compiler");
    }
    /* What it can say must not depend on the kernel that it runs under. */
    seccomp_api_set(3);
    __attribute__((cleanup(context_cleanup))) scmp_filter_ctx context = seccomp_init(action);
    if (context == NULL) {
        return library_error(error, -EINVAL, "the default action is refused");
    }
    seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, action);
    for (size_t i = 0; i < abi->range_count; i++) {
        const struct table_range *range = &abi->ranges[i];
        if (range->rule_count > 0 && range->first < OWN_REFUSAL_FIRST &&
            add_rules(context, range, default_action, error) != 0) {
            return -1;
        }
    }
    size_t start = out->count;
    if (export_program(context, out, error) != 0) {
        return -1;
    }
    for (size_t i = start; i < out->count; i++) {
        struct sock_filter *instruction = &out->instructions[i];
        if (instruction->code == (BPF_JMP | BPF_JEQ | BPF_K) &&
            instruction->k == host->abis[0]->audit_architecture && i <= start + 1) {
            instruction->k = abi->audit_architecture;
        }
    }
    return 0;
}

/* In front of a program: the accumulator holds nr; [first, last] has its own action. */
static void append_range(struct program *out, uint32_t first, uint32_t last, struct action action)
{
    uint8_t length = last == UINT32_MAX ? 1 : 2;
    append(out, BPF_JMP | BPF_JGE | BPF_K, 0, length, first);
    if (last != UINT32_MAX) {
        append(out, BPF_JMP | BPF_JGT | BPF_K, 1, 0, last);
    }
    append(out, BPF_RET | BPF_K, 0, 0, action_return_value(action));
}

/* Ranges that libseccomp cannot say, neighbours with one action together. */
static int append_ranges(struct program *out, const struct table_abi *abi,
                         struct action default_action, struct error *error)
{
    bool open = false;
    uint32_t first = 0;
    struct action action = default_action;
    append(out, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < abi->range_count; i++) {
        const struct table_range *range = &abi->ranges[i];
        bool beyond = range->last >= OWN_REFUSAL_FIRST;
        bool own = beyond ||
                   (range->rule_count == 0 && !action_equal(range->default_action, default_action));
        if (beyond && range->rule_count > 0) {
            return error_set(error, ERROR_POLICY,
                             "libseccomp cannot say rules for number %u: use our own compiler",
                             range->first);
        }
        if (!beyond && range->rule_count > 0 &&
            !action_equal(range->default_action, default_action)) {
            return error_set(error, ERROR_POLICY,
                             "libseccomp cannot say a default of its own for number %u: use our "
                             "own compiler",
                             range->first);
        }
        if (open && (!own || !action_equal(range->default_action, action))) {
            append_range(out, first, range->first - 1, action);
            open = false;
        }
        if (own && !open) {
            bool whole = action_equal(range->default_action, default_action);
            /* A default that reaches beyond: below, libseccomp says it as well. */
            first = whole && range->first < OWN_REFUSAL_FIRST ? OWN_REFUSAL_FIRST : range->first;
            action = range->default_action;
            open = true;
        }
    }
    if (open) {
        append_range(out, first, UINT32_MAX, action);
    }
    return 0;
}

static int append_abi(struct program *out, const struct table_abi *abi,
                      struct action default_action, struct error *error)
{
    const struct table_range *range = &abi->ranges[0];
    if (abi->range_count == 1 && range->rule_count == 0) {
        append(out, BPF_RET | BPF_K, 0, 0, action_return_value(range->default_action));
        return 0;
    }
    if (append_ranges(out, abi, default_action, error) != 0) {
        return -1;
    }
    return compile_abi(abi, default_action, out, error);
}

int filter_build_libseccomp(const struct table *table, struct filter *out, struct error *error)
{
    struct program program = {0};
    struct action default_action = default_of(table);
    append(&program, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch));
    for (size_t i = 0; i < table->abi_count; i++) {
        append(&program, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, table->abis[i].audit_architecture);
        append(&program, BPF_JMP | BPF_JA, 0, 0, 0);
    }
    append(&program, BPF_RET | BPF_K, 0, 0, action_return_value(table->other_abi));
    for (size_t i = 0; i < table->abi_count; i++) {
        size_t jump = 2 + 2 * i;
        program.instructions[jump].k = (uint32_t)(program.count - jump - 1);
        if (append_abi(&program, &table->abis[i], default_action, error) != 0) {
            free(program.instructions);
            return -1;
        }
    }
    if (program.count > FILTER_MAX_INSTRUCTIONS) {
        free(program.instructions);
        return error_set(error, ERROR_POLICY,
                         "the filter of libseccomp has more than %u instructions: use our own "
                         "compiler",
                         FILTER_MAX_INSTRUCTIONS);
    }
    out->instructions = program.instructions;
    out->count = program.count;
    return 0;
}
