/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call that is allowed loses all other rules of its name, but with --exact, where one rule goes
 * in front. Then the new policy is asked about each call again: a denial may be carried over from
 * another name, which is allowed next.
 */
#include "commands/amend.h"

#include "base/memory.h"
#include "policy/widths.h"

#include <string.h>

#define MOST_TURNS 8 /* names that may deny one call; socketcall has the most ways to one thing */

/* A copy, without places. */
static struct policy *copy_policy(const struct policy *policy, struct error *error)
{
    CLEANUP_FREE char *text = canonical_print(policy, NULL);
    struct policy *copy = NULL;
    return canonical_parse("policy", text, strlen(text), &copy, NULL, error) < 0 ? NULL : copy;
}

/* What all calls of an event had in common, of what the kernel takes as 32 bits. */
static size_t common_conditions(const struct event *event, const char *name,
                                struct condition conditions[POLICY_ARGUMENTS])
{
    size_t count = 0;
    for (unsigned i = 0; i < POLICY_ARGUMENTS; i++) {
        uint32_t kept = argument_width(name, i) == 32 ? argument_kept(name, i) : 0;
        if (!kept || (event->varying >> i & 1)) {
            continue;
        }
        bool whole = kept == UINT32_MAX;
        conditions[count++] = (struct condition){
            .argument = (uint8_t)i,
            .width = 32,
            .compare = whole ? COMPARE_EQ : COMPARE_MASKED_EQ,
            .value = (uint32_t)event->call.args[i] & kept,
            .mask = whole ? 0 : kept,
        };
    }
    return count;
}

/* Allows `name` as far as the event asks for it. */
static void allow(struct policy *policy, const char *name, const struct event *event, bool exact)
{
    const struct abi *abi = abi_by_audit(event->call.arch);
    struct condition conditions[POLICY_ARGUMENTS];
    uint32_t number;
    /* The arguments are those of the call, not of a name that it is another way to. */
    bool own = abi && abi_syscall_number(abi, name, &number) && number == (uint32_t)event->call.nr;
    size_t count = exact && own ? common_conditions(event, name, conditions) : 0;
    policy_allow(policy, name, conditions, count);
}

/* Asks the policy about the event again and allows what still denies it. 1: nothing does. */
static int improve(struct policy *policy, const struct event *event, bool exact, char **refused,
                   struct error *error)
{
    struct table *table = NULL;
    if (table_resolve(policy, event->subject->arch, &table, NULL, NULL, error) < 0) {
        return -1;
    }
    const struct subject now = {event->subject->name, event->subject->arch, policy, table, NULL};
    struct event again = {
        /* Of a call that was not seen any outcome counts. */
        .kind = event->kind == EVENT_SEEN ? EVENT_SEEN : EVENT_ASKED,
        .call = event->call,
        .subject = &now,
        .varying = event->varying,
        .action = {.kind = ACTION_ALLOW},
    };
    if (event->kind == EVENT_SEEN) {
        again.action = table_evaluate(table, &event->call, NULL);
    }
    struct reasons reasons = event_reasons(&again);
    const char *name;
    enum way_out way_out = event_way_out(&again, &reasons, &name);
    CLEANUP_FREE char *copy = name ? memory_strdup(name) : NULL;
    int result = way_out == WAY_OPEN;
    if (way_out == WAY_ALLOW) {
        allow(policy, copy, &again, exact);
    } else if (way_out != WAY_OPEN) {
        CLEANUP_FREE char *call = event_call_text(event);
        *refused = memory_printf("%s is not allowed: %s%s", call,
                                 way_out == WAY_NAME_ABI ? "name the ABI in the policy: "
                                                         : "no policy can let it pass",
                                 way_out == WAY_NAME_ABI ? copy : "");
        result = 1;
    }
    free(reasons.items);
    table_free(table);
    return result;
}

static int amend_event(struct policy *policy, const struct event *event, bool exact,
                       const struct verbosity *verbosity, struct error *error)
{
    CLEANUP_FREE char *refused = NULL;
    for (int turn = 0; turn < MOST_TURNS; turn++) {
        int done = improve(policy, event, exact, &refused, error);
        if (done < 0) {
            return -1;
        }
        if (refused) {
            note(verbosity, "%s", refused);
        }
        if (done) {
            return 0;
        }
    }
    CLEANUP_FREE char *call = event_call_text(event);
    return error_set(error, ERROR_CHECK, "%s is refused by too many rules: change them by hand",
                     call);
}

int amend(const struct subject *subject, const struct events *events, bool exact,
          const struct verbosity *verbosity, char **out, struct error *error)
{
    struct policy *policy = copy_policy(subject->policy, error);
    int result = policy ? 0 : -1;
    for (size_t i = 0; i < events->count && result == 0; i++) {
        const struct event *event = &events->items[i];
        if (event->subject == subject) {
            result = amend_event(policy, event, exact, verbosity, error);
        }
    }
    if (result == 0) {
        *out = canonical_print(policy, NULL);
    }
    policy_free(policy);
    return result;
}
