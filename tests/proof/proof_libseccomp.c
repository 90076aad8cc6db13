/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libseccomp as the compiler: what it gets wrong is found and refused.
 *
 * Random policies of 1-3 rules with 1-2 comparisons of 64-bit arguments each, one system call,
 * ALLOW, all else ERRNO. libseccomp 2.5.4 compiles about one in ten of them wrongly, most to the
 * weak side, and on some it loops; so each is built in a child with a limit on its processor time,
 * and only the program comes back. Every call, number and architecture that no rule speaks of gets
 * the default, so that nothing but the rules can differ.
 *
 * One policy in ten is any random one (as in proof_random) instead, for x86-64. libseccomp has no
 * words for most of those; what it does build is judged in the same way, but a few of its programs
 * (32-bit comparisons said bit by bit, on two arguments) have more paths than the prover's budget.
 * They are left open, which refuses them.
 *
 *     proof_libseccomp --count 100000
 */
#include "harness.h"

#include "base/memory.h"
#include "filter/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_SECONDS 1 /* of processor time; a usual policy takes a thousandth */

static const struct action allow = {ACTION_ALLOW, 0};
static const struct action eperm = {ACTION_ERRNO, 1};

/* A table of one number with rules, and the default for everything else. */
struct subject {
    struct table table;
    struct table_abi abi;
    struct table_range ranges[3];
    struct table_rule rules[3];
    struct condition conditions[3][2];
};

static void subject_init(struct subject *s, size_t rule_count)
{
    const uint32_t number = 16;
    *s = (struct subject){0};
    s->ranges[0] = (struct table_range){.first = 0, .last = number - 1};
    s->ranges[1] = (struct table_range){.first = number, .last = number};
    s->ranges[2] = (struct table_range){.first = number + 1, .last = UINT32_MAX};
    for (size_t i = 0; i < 3; i++) {
        s->ranges[i].default_action = eperm;
        s->ranges[i].default_origin.kind = ORIGIN_DEFAULT;
        s->rules[i] = (struct table_rule){.conditions = s->conditions[i], .action = allow};
    }
    s->ranges[1].rules = s->rules;
    s->ranges[1].rule_count = rule_count;
    s->abi = (struct table_abi){.name = "x86_64",
                                .audit_architecture = abi_by_name("x86_64")->audit_architecture,
                                .ranges = s->ranges,
                                .range_count = 3};
    s->table = (struct table){.abis = &s->abi, .abi_count = 1, .other_abi = eperm};
}

static void add_condition(struct table_rule *rule, struct condition condition)
{
    rule->conditions[rule->condition_count++] = condition;
}

static void random_subject(struct random *random, struct subject *s)
{
    size_t rule_count = 1 + random_below(random, 3);
    subject_init(s, rule_count);
    for (size_t r = 0; r < rule_count; r++) {
        /* libseccomp takes one comparison an argument; few arguments, so that rules meet. */
        unsigned first = random_below(random, 2);
        add_condition(&s->rules[r], random_condition(random, first, 64));
        if (random_below(random, 2)) {
            add_condition(&s->rules[r], random_condition(random, 1 - first, 64));
        }
    }
}

enum outcome { OUTCOME_BUILT, OUTCOME_REFUSED, OUTCOME_TIMEOUT };

/* In the child: builds, and writes the program to `out`. Does not return. */
static void build_and_send(const struct table *table, int out)
{
    const struct itimerval limit = {.it_value.tv_sec = CHILD_SECONDS};
    const struct rlimit no_core = {0};
    struct filter filter = {0};
    struct error error = {0};
    setrlimit(RLIMIT_CORE, &no_core);
    setitimer(ITIMER_PROF, &limit, NULL); /* SIGPROF ends the child */
    if (filter_build_libseccomp(table, &filter, &error) < 0) {
        _exit(2);
    }
    size_t size = filter.count * sizeof *filter.instructions;
    _exit(write(out, filter.instructions, size) == (ssize_t)size ? 0 : 1);
}

/* `instructions` has room for FILTER_MAX_INSTRUCTIONS; a program that long still fits a pipe. */
static enum outcome build_in_child(const struct table *table, struct filter *filter)
{
    int ends[2];
    if (pipe(ends) < 0) {
        perror("pipe");
        exit(1);
    }
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        build_and_send(table, ends[1]);
    }
    close(ends[1]);
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) {
        perror("fork");
        exit(1);
    }
    size_t room = FILTER_MAX_INSTRUCTIONS * sizeof *filter->instructions;
    ssize_t size = read(ends[0], filter->instructions, room);
    close(ends[0]);
    filter->count = size < 0 ? 0 : (size_t)size / sizeof *filter->instructions;
    if (WIFSIGNALED(status)) {
        return OUTCOME_TIMEOUT;
    }
    return WEXITSTATUS(status) == 0 ? OUTCOME_BUILT : OUTCOME_REFUSED;
}

struct totals {
    uint64_t policies, equal, refuted, weak, strict, refused, timeouts, edge_calls;
    uint64_t open, costly, unconfirmed, disagreeing;
};

/* Looks for a call that the program allows and the table does not. */
struct weakness {
    const struct filter *filter;
    const struct table *table;
};

static bool is_weak_at(const struct filter *filter, const struct table *table,
                       const struct seccomp_data *call)
{
    return filter_execute(filter, call, NULL) == SECCOMP_RET_ALLOW &&
           table_evaluate(table, call, NULL).kind != ACTION_ALLOW;
}

static bool visit_weakness(void *context, const struct seccomp_data *call)
{
    const struct weakness *weakness = context;
    return !is_weak_at(weakness->filter, weakness->table, call);
}

static bool is_weak(const struct filter *filter, const struct table *table,
                    const struct counterexample *found, struct random *random)
{
    struct weakness weakness = {filter, table};
    return is_weak_at(filter, table, &found->call) ||
           !edges_visit(table, random, visit_weakness, &weakness);
}

static void complain(const char *name, const struct filter *filter, const char *what)
{
    printf("# policy %s: %s\n", name, what);
    print_filter(filter);
}

static void judge(struct totals *totals, const char *name, const struct table *table,
                  const struct filter *filter, struct random *random)
{
    struct counterexample found;
    struct seccomp_data differing;
    CLEANUP_FREE char *reason = NULL;
    enum proof proof = filter_prove(filter, table, &found, &reason);
    if (proof == PROOF_OPEN && strstr(reason, "budget")) {
        totals->costly++;
    } else if (proof == PROOF_OPEN) {
        totals->open++;
        complain(name, filter, reason);
    } else if (proof == PROOF_REFUTED) {
        totals->refuted++;
        if (call_agrees(filter, table, &found.call)) {
            totals->unconfirmed++;
            complain(name, filter, "the interpreter does not confirm the counterexample");
        } else if (is_weak(filter, table, &found, random)) {
            totals->weak++;
        } else {
            totals->strict++;
        }
    } else {
        totals->equal++;
        if (!edges_agree(filter, table, random, &totals->edge_calls, &differing)) {
            totals->disagreeing++;
            complain(name, filter, "proved equal, but the interpreter differs");
            print_call("call", &differing);
        }
    }
}

static void build_and_judge(struct totals *totals, const char *name, const struct table *table,
                            struct random *random)
{
    CLEANUP_FREE struct sock_filter *room = memory_zeroed(FILTER_MAX_INSTRUCTIONS, sizeof *room);
    struct filter filter = {.instructions = room};
    totals->policies++;
    switch (build_in_child(table, &filter)) {
    case OUTCOME_BUILT:
        judge(totals, name, table, &filter, random);
        break;
    case OUTCOME_REFUSED:
        totals->refused++;
        break;
    case OUTCOME_TIMEOUT:
        totals->timeouts++;
        break;
    }
}

/* Any random policy. */
static void judge_any(struct totals *totals, const char *name, struct random *random)
{
    struct policy *policy = random_policy(random);
    struct table *table = NULL;
    struct error error = {0};
    if (table_resolve(policy, arch_by_name("x86_64"), &table, NULL, NULL, &error) == 0) {
        build_and_judge(totals, name, table, random);
    }
    error_clear(&error);
    table_free(table);
    policy_free(policy);
}

/* Rules a1 <= 2 and a1 >= 0x200000000: the smallest that 2.5.4 is known to get wrong. A call with
   a1 = 3 is allowed by the program, since it compares the low half where it means the high one. */
static void smallest_known(struct tap *tap, struct random *random)
{
    struct totals totals = {0};
    struct subject s;
    subject_init(&s, 2);
    add_condition(&s.rules[0], (struct condition){1, 64, COMPARE_LE, 2, 0});
    add_condition(&s.rules[1], (struct condition){1, 64, COMPARE_GE, UINT64_C(0x200000000), 0});
    build_and_judge(&totals, "of two rules", &s.table, random);
    tap_check(tap, totals.weak == 1, "a1 <= 2 or a1 >= 0x200000000: built weaker, and refuted");
}

static void print_totals(const char *what, const struct totals *totals)
{
    printf("# %s: %" PRIu64 " policies: %" PRIu64 " equal, %" PRIu64 " refuted (%" PRIu64
           " weaker, %" PRIu64 " only stricter), %" PRIu64 " refused, %" PRIu64
           " without end, %" PRIu64 " with too many paths\n",
           what, totals->policies, totals->equal, totals->refuted, totals->weak, totals->strict,
           totals->refused, totals->timeouts, totals->costly);
}

int main(int argc, char **argv)
{
    const struct options options = options_read(argc, argv, 1000);
    struct totals totals = {0};
    struct totals any = {0};
    struct tap tap = {0};
    struct random random = random_of(options.seed, UINT64_MAX);
    smallest_known(&tap, &random);
    for (uint64_t i = options.first; i < options.first + options.count; i++) {
        CLEANUP_FREE char *name = memory_printf("%" PRIu64, i);
        struct subject s;
        random = random_of(options.seed, i);
        if (i % 10 == 9) {
            judge_any(&any, name, &random);
        } else {
            random_subject(&random, &s);
            build_and_judge(&totals, name, &s.table, &random);
        }
    }
    printf("# seed %" PRIu64 "\n", options.seed);
    print_totals("64-bit comparisons", &totals);
    print_totals("any", &any);
    tap_check(&tap, totals.weak > 0, "%" PRIu64 " programs that allow too much are refuted",
              totals.weak + any.weak);
    tap_check(&tap, totals.unconfirmed + any.unconfirmed == 0,
              "the interpreter confirms %" PRIu64 " refutations", totals.refuted + any.refuted);
    tap_check(&tap, totals.open + any.open + totals.costly == 0 && any.costly <= any.policies / 50,
              "no program of 64-bit comparisons is left open, and of others %" PRIu64
              " for their paths",
              any.costly);
    tap_check(&tap, totals.disagreeing + any.disagreeing == 0 && totals.equal > 0 && any.equal > 0,
              "%" PRIu64 " programs are equal, and agree with the table on %" PRIu64 " edge calls",
              totals.equal + any.equal, totals.edge_calls + any.edge_calls);
    return tap_done(&tap);
}
