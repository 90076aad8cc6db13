/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the proof programs share: numbers from a seed, policies from numbers, the system calls at
 * which a table may change its mind, and TAP.
 *
 * The same seed gives the same policies everywhere. Each policy has a seed of its own, which a
 * failure names, so that `--seed S --only I` makes that one again.
 */
#ifndef ELFCAGE_TESTS_PROOF_HARNESS_H
#define ELFCAGE_TESTS_PROOF_HARNESS_H

#include "filter/filter.h"
#include "policy/model.h"

/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). */
struct random {
    uint64_t state;
};
struct random random_of(uint64_t seed, uint64_t index);
uint64_t random_next(struct random *random);
/* 0..limit-1 */
unsigned random_below(struct random *random, unsigned limit);

/* The command line: [--seed S] [--count N] [--only I] [FILE...]. */
struct options {
    uint64_t seed;
    uint64_t first, count; /* indices first..first+count-1 */
    char **files;          /* borrowed from argv */
    int file_count;
};
struct options options_read(int argc, char **argv, uint64_t default_count);

/* A value at an edge of 32 or 64 bits, or a small one, or any. */
uint64_t random_value(struct random *random, unsigned width);
/* A condition as the model wants it. */
struct condition random_condition(struct random *random, unsigned argument, unsigned width);
/* 1-6 rules for 1-3 system calls, every operator and action, several defaults and sets of ABIs. */
struct policy *random_policy(struct random *random);

/* Called with a system call; false stops the enumeration. */
typedef bool edge_visitor(void *context, const struct seccomp_data *call);
/*
 * The system calls at the edges of a table: every architecture and one that is none, the first and
 * last number of each range and, where there are rules, the cross product of the constants that
 * they compare with, +-1, with the other upper half, with the bits outside the mask. Products above
 * a few thousand are sampled. False if the visitor stopped it.
 */
bool edges_visit(const struct table *table, struct random *random, edge_visitor *visit,
                 void *context);

/* Do program and table agree on the call, by the interpreter? The program must pass
   filter_check(). */
bool call_agrees(const struct filter *filter, const struct table *table,
                 const struct seccomp_data *call);
/* On all edges. *calls is raised by their number; *differing (may be NULL) is the first call on
   which they differ. */
bool edges_agree(const struct filter *filter, const struct table *table, struct random *random,
                 uint64_t *calls, struct seccomp_data *differing);

/*
 * What the policy means for a call of `abi`, which must be one of 64 bits. False if the number is
 * above all that the policy names, where a ceiling may hold.
 */
bool policy_means(const struct policy *policy, const struct abi *abi,
                  const struct seccomp_data *call, struct action *action);

/* "#"-comments: a program, a policy and a call, for a failure. */
void print_filter(const struct filter *filter);
void print_policy(const struct policy *policy);
void print_call(const char *what, const struct seccomp_data *call);

/* TAP: "ok N - text" or "not ok N - text". tap_done() prints the plan, and returns main()'s status.
 */
struct tap {
    unsigned count, failures;
};
void tap_check(struct tap *tap, bool ok, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void tap_skip(struct tap *tap, const char *reason, const char *text);
int tap_done(const struct tap *tap);

#endif
