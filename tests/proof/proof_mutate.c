/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every single-instruction mutation of real and random programs: what the prover says of it must
 * be borne out by the interpreter, which shares nothing with it.
 *
 *     proof_mutate --count 50 profile.json...
 *
 * Half of the programs come from the files, and from $ELFCAGE_POLICIES/oci if that is set, as far
 * as they are read without complaint; random policies make up the number. A mutant is refused   by
 * filter_check(), and then the prover leaves it open; open      only if it has an instruction that
 * the prover does not accept, and then always; equal     and then program and table agree on all
 * edges; refuted   with a counterexample on which program and table do differ.
 */
#include "harness.h"

#include "base/memory.h"
#include "filter/run.h"
#include "policy/policy.h"

#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* What the kernel takes, written down a second time, and at the end a few that it does not. */
static const uint16_t opcodes[] = {
    0x20, 0x80, 0x81, 0x00, 0x01, 0x60, 0x61, 0x02, 0x03, 0x07, 0x87, 0x06,
    0x16, 0x04, 0x0c, 0x14, 0x1c, 0x24, 0x2c, 0x34, 0x3c, 0x44, 0x4c, 0x54,
    0x5c, 0x64, 0x6c, 0x74, 0x7c, 0x84, 0xa4, 0xac, 0x05, 0x15, 0x1d, 0x25,
    0x2d, 0x35, 0x3d, 0x45, 0x4d, 0x94, 0x28, 0x30, 0x40, 0xb1, 0x0e, 0xffff,
};

struct subject {
    const char *name;
    struct filter filter;
    struct table *table;
    uint32_t *constants; /* owned; every k of the program, each once */
    size_t constant_count;
};

struct totals {
    uint64_t programs, files, instructions, mutants;
    uint64_t refused, open, equal, refuted, edge_calls;
    uint64_t wrong_refused, wrong_open, wrong_equal, wrong_refuted;
    struct random random;
};

static bool is_accepted(const struct sock_filter *instruction)
{
    switch (instruction->code) {
    case 0x20: /* LD W ABS */
        return instruction->k != 8 && instruction->k != 12;
    case 0x05: /* JA, JEQ, JGT, JGE, JSET K */
    case 0x15:
    case 0x25:
    case 0x35:
    case 0x45:
    case 0x54: /* AND K */
    case 0x06: /* RET K */
        return true;
    default:
        return false;
    }
}

static bool is_all_accepted(const struct filter *filter)
{
    for (size_t pc = 0; pc < filter->count; pc++) {
        if (!is_accepted(&filter->instructions[pc])) {
            return false;
        }
    }
    return true;
}

static void complain(uint64_t *wrong, const struct subject *subject, const struct filter *mutant,
                     const char *what)
{
    if ((*wrong)++ < 3) {
        printf("# mutant of %s: %s\n", subject->name, what);
        print_filter(mutant);
    }
}

static bool is_confirmed(const struct subject *subject, const struct filter *mutant,
                         const struct counterexample *found)
{
    return filter_execute(mutant, &found->call, NULL) == found->program_returns &&
           action_equal(table_evaluate(subject->table, &found->call, NULL), found->expected) &&
           !call_agrees(mutant, subject->table, &found->call);
}

static void judge(struct totals *totals, const struct subject *subject, const struct filter *mutant)
{
    struct error error = {0};
    struct counterexample found;
    CLEANUP_FREE char *reason = NULL;
    bool loads = filter_check(mutant, &error) == 0;
    error_clear(&error);
    enum proof proof = filter_prove(mutant, subject->table, &found, &reason);
    bool covered = loads && is_all_accepted(mutant);

    totals->mutants++;
    totals->refused += !loads;
    if (covered != (proof != PROOF_OPEN)) {
        complain(loads ? &totals->wrong_open : &totals->wrong_refused, subject, mutant,
                 reason ? reason : "not open");
    } else if (proof == PROOF_OPEN) {
        totals->open += loads;
    } else if (proof == PROOF_REFUTED) {
        totals->refuted++;
        if (!is_confirmed(subject, mutant, &found)) {
            complain(&totals->wrong_refuted, subject, mutant, "not confirmed");
        }
    } else {
        totals->equal++;
        if (!edges_agree(mutant, subject->table, &totals->random, &totals->edge_calls, NULL)) {
            complain(&totals->wrong_equal, subject, mutant, "differs at an edge");
        }
    }
}

/* One instruction replaced. */
static void try_instruction(struct totals *totals, const struct subject *subject, size_t pc,
                            struct sock_filter replacement)
{
    struct sock_filter *place = &subject->filter.instructions[pc];
    const struct sock_filter original = *place;
    if (memcmp(&original, &replacement, sizeof original) != 0) {
        *place = replacement;
        judge(totals, subject, &subject->filter);
        *place = original;
    }
}

static void mutate_code(struct totals *totals, const struct subject *subject, size_t pc)
{
    for (size_t i = 0; i < COUNT(opcodes); i++) {
        struct sock_filter mutant = subject->filter.instructions[pc];
        mutant.code = opcodes[i];
        try_instruction(totals, subject, pc, mutant);
    }
}

static void mutate_jumps(struct totals *totals, const struct subject *subject, size_t pc)
{
    const struct sock_filter original = subject->filter.instructions[pc];
    size_t behind = subject->filter.count - pc; /* one target too far, to be refused */
    for (size_t target = 0; target < behind && target <= UINT8_MAX; target++) {
        struct sock_filter mutant = original;
        mutant.jt = (uint8_t)target;
        try_instruction(totals, subject, pc, mutant);
        mutant.jt = original.jt;
        mutant.jf = (uint8_t)target;
        try_instruction(totals, subject, pc, mutant);
    }
}

static void mutate_constant(struct totals *totals, const struct subject *subject, size_t pc)
{
    struct sock_filter mutant = subject->filter.instructions[pc];
    const uint32_t k = mutant.k;
    mutant.k = k + 1;
    try_instruction(totals, subject, pc, mutant);
    mutant.k = k - 1;
    try_instruction(totals, subject, pc, mutant);
    for (unsigned bit = 0; bit < 32; bit++) {
        mutant.k = k ^ 1u << bit;
        try_instruction(totals, subject, pc, mutant);
    }
    for (size_t i = 0; i < subject->constant_count; i++) {
        mutant.k = subject->constants[i];
        try_instruction(totals, subject, pc, mutant);
    }
}

/* Deleted, doubled, exchanged with the next. */
static void mutate_order(struct totals *totals, const struct subject *subject, size_t pc)
{
    const struct sock_filter *original = subject->filter.instructions;
    size_t count = subject->filter.count;
    struct sock_filter *copy = memory_zeroed(count + 1, sizeof *copy);
    struct filter mutant = {copy, count - 1};
    memcpy(copy, original, pc * sizeof *copy);
    memcpy(copy + pc, original + pc + 1, (count - pc - 1) * sizeof *copy);
    judge(totals, subject, &mutant);

    memcpy(copy + pc, original + pc, sizeof *copy);
    memcpy(copy + pc + 1, original + pc, (count - pc) * sizeof *copy);
    mutant.count = count + 1;
    judge(totals, subject, &mutant);

    if (pc + 1 < count) {
        memcpy(copy, original, count * sizeof *copy);
        copy[pc] = original[pc + 1];
        copy[pc + 1] = original[pc];
        mutant.count = count;
        judge(totals, subject, &mutant);
    }
    free(copy);
}

static void collect_constants(struct subject *subject)
{
    size_t capacity = 0;
    for (size_t pc = 0; pc < subject->filter.count; pc++) {
        uint32_t k = subject->filter.instructions[pc].k;
        bool known = false;
        for (size_t i = 0; i < subject->constant_count && !known; i++) {
            known = subject->constants[i] == k;
        }
        if (!known) {
            uint32_t *added = memory_append(&subject->constants, &subject->constant_count,
                                            &capacity, sizeof *subject->constants);
            *added = k;
        }
    }
}

/* False if the policy has no program, which is not for us to judge. */
static bool mutate_policy(struct totals *totals, const char *name, const struct policy *policy,
                          const struct arch *arch)
{
    struct subject subject = {.name = name};
    struct error error = {0};
    bool made = table_resolve(policy, arch, &subject.table, NULL, NULL, &error) == 0 &&
                filter_build(subject.table, &subject.filter, &error) == 0;
    if (!made) {
        printf("# %s: %s\n", name, error.text);
        error_clear(&error);
    } else {
        totals->programs++;
        totals->instructions += subject.filter.count;
        collect_constants(&subject);
        for (size_t pc = 0; pc < subject.filter.count; pc++) {
            mutate_code(totals, &subject, pc);
            mutate_jumps(totals, &subject, pc);
            mutate_constant(totals, &subject, pc);
            mutate_order(totals, &subject, pc);
        }
    }
    free(subject.constants);
    filter_free(&subject.filter);
    table_free(subject.table);
    return made;
}

static void mutate_file(struct totals *totals, const char *file)
{
    const struct policy_options options = {.architecture = "x86_64"};
    struct policy_notes notes = {0};
    struct policy *policy = NULL;
    struct error error = {0};
    if (policy_read(file, &options, &policy, &notes, &error) < 0) {
        CLEANUP_FREE char *line = error_line(&error);
        printf("# left out: %s\n", line);
        error_clear(&error);
    } else if (mutate_policy(totals, file, policy, arch_by_name("x86_64"))) {
        totals->files++;
    }
    policy_free(policy);
    policy_notes_free(&notes);
}

static void mutate_random(struct totals *totals, uint64_t seed, uint64_t index)
{
    static const char *const arches[] = {"x86_64", "i386", "aarch64"};
    struct random random = random_of(seed, index);
    struct policy *policy = random_policy(&random);
    const struct arch *arch = arch_by_name(arches[index % COUNT(arches)]);
    bool named = policy->abi_count == 0;
    for (size_t i = 0; i < policy->abi_count; i++) {
        named = named || strcmp(policy->abis[i], arch->name) == 0;
    }
    CLEANUP_FREE char *name = memory_printf("random policy %" PRIu64, index);
    mutate_policy(totals, name, policy, named ? arch : arch_by_name("x86_64"));
    policy_free(policy);
}

/* As many programs from files as `most` allows. */
static void mutate_files(struct totals *totals, const struct options *options, uint64_t most)
{
    const char *folder = getenv("ELFCAGE_POLICIES");
    CLEANUP_FREE char *pattern = memory_printf("%s/oci/*.json", folder ? folder : "");
    glob_t found = {0};
    for (int i = 0; i < options->file_count && totals->files < most; i++) {
        mutate_file(totals, options->files[i]);
    }
    if (folder && glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc && totals->files < most; i++) {
            mutate_file(totals, found.gl_pathv[i]);
        }
    }
    globfree(&found);
}

int main(int argc, char **argv)
{
    const struct options options = options_read(argc, argv, 50);
    struct totals totals = {.random = random_of(options.seed, 0)};
    struct tap tap = {0};
    mutate_files(&totals, &options, options.count / 2);
    for (uint64_t i = options.first; totals.programs < options.count && i < 1000000; i++) {
        mutate_random(&totals, options.seed, i);
    }
    printf("# %" PRIu64 " programs (%" PRIu64 " from files), %" PRIu64 " instructions, %" PRIu64
           " mutants\n",
           totals.programs, totals.files, totals.instructions, totals.mutants);
    tap_check(&tap, totals.programs == options.count, "%" PRIu64 " programs are mutated",
              totals.programs);
    tap_check(&tap, totals.wrong_refused == 0 && totals.refused > 0,
              "%" PRIu64 " mutants are not loadable, and none of them is proved", totals.refused);
    tap_check(&tap, totals.wrong_open == 0 && totals.open > 0,
              "%" PRIu64 " have an instruction that is not accepted, and only they are left open",
              totals.open);
    tap_check(&tap, totals.wrong_refuted == 0 && totals.refuted > 0,
              "%" PRIu64 " are refuted, each by a call that the interpreter confirms",
              totals.refuted);
    tap_check(&tap, totals.wrong_equal == 0 && totals.equal > 0,
              "%" PRIu64 " are equal, and agree with the table on %" PRIu64 " edge calls",
              totals.equal, totals.edge_calls);
    return tap_done(&tap);
}
