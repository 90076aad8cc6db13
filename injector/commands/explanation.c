/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record has no arguments. So what decided is every rule of the number that has the recorded
 * action and is not behind one that always holds: often one.
 */
#include "commands/explanation.h"

#include "base/memory.h"
#include "commands/compiled.h"
#include "filter/run.h"
#include "policy/utf8.h"

#include <inttypes.h>
#include <string.h>

static bool same_text(const char *a, const char *b)
{
    return (!a && !b) || (a && b && strcmp(a, b) == 0);
}

static bool is_like(const struct event *a, const struct event *b)
{
    return a->kind == b->kind && a->call.arch == b->call.arch && a->call.nr == b->call.nr &&
           action_equal(a->action, b->action) && a->subject == b->subject &&
           same_text(a->command, b->command) && same_text(a->program, b->program);
}

static void event_clear(struct event *event)
{
    free(event->command);
    free(event->program);
    *event = (struct event){0};
}

struct event *events_add(struct events *events, struct event *event)
{
    for (size_t i = 0; i < events->count; i++) {
        struct event *other = &events->items[i];
        if (is_like(other, event)) {
            other->count++;
            for (unsigned a = 0; a < POLICY_ARGUMENTS; a++) {
                bool varies = (uint32_t)other->call.args[a] != (uint32_t)event->call.args[a];
                other->varying |= varies ? 1u << a : 0;
            }
            event_clear(event);
            return other;
        }
    }
    struct event *added =
        memory_append(&events->items, &events->count, &events->capacity, sizeof *added);
    *added = *event;
    added->count = 1;
    *event = (struct event){0};
    return added;
}

void events_free(struct events *events)
{
    for (size_t i = 0; i < events->count; i++) {
        event_clear(&events->items[i]);
    }
    free(events->items);
    *events = (struct events){0};
}

static void add_reason(struct reasons *reasons, const struct event *event, struct action action,
                       struct origin origin)
{
    /* The record of a try-out (--audit) says LOG where the policy denies. */
    bool counts = event->kind == EVENT_ASKED || action.kind == event->action.kind ||
                  (event->action.kind == ACTION_LOG && action_denies(action));
    if (counts && event->kind != EVENT_NOTIFIED) {
        struct reason *reason =
            memory_append(&reasons->items, &reasons->count, &reasons->capacity, sizeof *reason);
        *reason = (struct reason){action, origin};
    }
}

static void add_range(struct reasons *reasons, const struct event *event,
                      const struct table_range *range)
{
    for (size_t i = 0; i < range->rule_count; i++) {
        const struct table_rule *rule = &range->rules[i];
        add_reason(reasons, event, rule->action, rule->origin);
        if (rule->condition_count == 0) {
            return;
        }
    }
    add_reason(reasons, event, range->default_action, range->default_origin);
}

/* A filter without a policy: what it returns for the call, with the arguments that are known. */
static void ask_filter(struct reasons *reasons, const struct event *event)
{
    struct action action;
    uint32_t returned = filter_execute(event->subject->filter, &event->call, NULL);
    if (action_from_return_value(returned, &action)) {
        add_reason(reasons, event, action, (struct origin){.kind = ORIGIN_DEFAULT});
    }
}

struct reasons event_reasons(const struct event *event)
{
    struct reasons reasons = {0};
    const struct table *table = event->subject ? event->subject->table : NULL;
    if (event->subject && !table) {
        ask_filter(&reasons, event);
        return reasons;
    }
    if (table && event->kind == EVENT_SEEN) {
        struct origin origin = {0};
        struct action action = table_evaluate(table, &event->call, &origin);
        add_reason(&reasons, event, action, origin);
        return reasons;
    }
    for (size_t a = 0; table && a < table->abi_count; a++) {
        const struct table_abi *abi = &table->abis[a];
        for (size_t r = 0; abi->audit_architecture == event->call.arch && r < abi->range_count;
             r++) {
            if ((uint32_t)event->call.nr <= abi->ranges[r].last) {
                add_range(&reasons, event, &abi->ranges[r]);
                return reasons;
            }
        }
    }
    if (table) {
        add_reason(&reasons, event, table->other_abi, (struct origin){.kind = ORIGIN_REFUSED_ABI});
    }
    return reasons;
}

static const char *call_name(const struct seccomp_data *call)
{
    const struct abi *abi = abi_by_audit(call->arch);
    return abi ? abi_syscall_name(abi, (uint32_t)call->nr) : NULL;
}

enum way_out event_way_out(const struct event *event, const struct reasons *reasons,
                           const char **name)
{
    const struct abi *abi = abi_by_audit(event->call.arch);
    const struct reason *denial = NULL;
    *name = call_name(&event->call);
    for (size_t i = 0; i < reasons->count && !denial; i++) {
        denial = reasons->items[i].action.kind == ACTION_ALLOW ? NULL : &reasons->items[i];
    }
    if (!denial && (event->subject || event->kind == EVENT_ASKED)) {
        return WAY_OPEN; /* or another filter denied it: nothing to do here */
    }
    if (!denial) {
        return *name ? WAY_ALLOW : WAY_NONE;
    }
    switch (denial->origin.kind) {
    case ORIGIN_RULE:
        *name = event->subject->policy->syscalls[denial->origin.syscall].name;
        return WAY_ALLOW;
    case ORIGIN_DEFAULT:
    case ORIGIN_CEILING:
        return *name ? WAY_ALLOW : WAY_NONE;
    case ORIGIN_REFUSED_ABI:
        *name = abi ? abi->name : NULL;
        return abi ? WAY_NAME_ABI : WAY_NONE;
    case ORIGIN_FOREIGN:
    case ORIGIN_SKIPPED:
        break;
    }
    return WAY_NONE;
}

char *event_call_text(const struct event *event)
{
    const struct abi *abi = abi_by_audit(event->call.arch);
    const char *name = call_name(&event->call);
    struct buffer text = {0};
    if (name) {
        buffer_printf(&text, "%s (%" PRIu32 ")", name, (uint32_t)event->call.nr);
    } else {
        buffer_printf(&text, "system call 0x%" PRIx32, (uint32_t)event->call.nr);
    }
    if (abi) {
        buffer_printf(&text, " of %s", abi->name);
    } else {
        buffer_printf(&text, " of architecture 0x%" PRIx32, event->call.arch);
    }
    return buffer_steal_text(&text);
}

static const char *outcome_text(const struct event *event)
{
    if (event->kind == EVENT_NOTIFIED) {
        return "left to a process that listens";
    }
    switch (event->action.kind) {
    case ACTION_KILL_PROCESS:
        return "the process was killed";
    case ACTION_KILL_THREAD:
        return "the thread was killed";
    case ACTION_TRAP:
        return "it got SIGSYS";
    case ACTION_ERRNO:
        return "it was refused";
    case ACTION_TRACE:
        return "it was refused, since nobody traces it";
    case ACTION_LOG:
        return "it was let pass and logged";
    case ACTION_ALLOW:
        break;
    }
    return "it was let pass";
}

static void add_outcome(struct buffer *text, const struct event *event)
{
    if (event->kind == EVENT_ASKED) {
        return;
    }
    if (event->command) {
        buffer_printf(text, " by %s", event->command);
    }
    if (event->pid && event->program) {
        buffer_printf(text, " (pid %" PRIu64 ", %s)", event->pid, event->program);
    } else if (event->pid) {
        buffer_printf(text, " (pid %" PRIu64 ")", event->pid);
    } else if (event->program) {
        buffer_printf(text, " (%s)", event->program);
    }
    buffer_printf(text, ": %s", outcome_text(event));
    if (event->count > 1) {
        buffer_printf(text, "; %zu times", event->count);
    }
}

/* What the policy itself says, where that is not what happened. */
static void add_contradiction(struct buffer *text, const struct event *event)
{
    struct event asked = {.kind = EVENT_ASKED, .call = event->call, .subject = event->subject};
    struct reasons reasons = event_reasons(&asked);
    if (!event->subject->policy) {
        buffer_printf(text,
                      "%s was given as it is: it depends on the arguments, or another filter "
                      "did that",
                      event->subject->name);
        return;
    }
    buffer_printf(text, "%s does not do that, it says ", event->subject->name);
    for (size_t i = 0; i < reasons.count; i++) {
        CLEANUP_FREE char *action = action_text(reasons.items[i].action);
        buffer_printf(text, "%s%s", i ? " or " : "", action);
    }
    buffer_printf(text, ": another filter did");
    free(reasons.items);
}

static void add_reasons(struct buffer *text, const struct event *event,
                        const struct reasons *reasons)
{
    if (!event->subject) {
        buffer_printf(text, "%s",
                      event->kind == EVENT_SEEN
                          ? "a filter that elfcage did not make"
                          : "which rule says so: give the caged file (-f) or the policy");
        return;
    }
    if (!reasons->count) {
        add_contradiction(text, event);
        return;
    }
    for (size_t i = 0; i < reasons->count; i++) {
        CLEANUP_FREE char *action = action_text(reasons->items[i].action);
        CLEANUP_FREE char *origin = origin_text(event->subject->policy, reasons->items[i].origin);
        buffer_printf(text, "%s%s: %s", i ? "; or " : "", origin, action);
    }
    if (reasons->count > 1) {
        buffer_printf(text, " (the arguments decide)");
    }
}

static void add_way_out(struct buffer *text, const struct event *event,
                        const struct reasons *reasons)
{
    const char *name;
    switch (event_way_out(event, reasons, &name)) {
    case WAY_OPEN:
        break;
    case WAY_ALLOW:
        buffer_printf(
            text, "; to let it pass%s: allow %s",
            event->action.kind == ACTION_LOG && event->kind == EVENT_RECORDED ? " unlogged" : "",
            name);
        break;
    case WAY_NAME_ABI:
        buffer_printf(text, "; to let it pass: name the ABI %s in the policy", name);
        break;
    case WAY_NONE:
        buffer_printf(text, "; no policy can let it pass");
        break;
    }
}

/* The second line, without its margin. */
static char *reason_text(const struct event *event)
{
    struct buffer text = {0};
    struct reasons reasons = event_reasons(event);
    add_reasons(&text, event, &reasons);
    add_way_out(&text, event, &reasons);
    free(reasons.items);
    return buffer_steal_text(&text);
}

char *event_text(const struct event *event)
{
    struct buffer text = {0};
    CLEANUP_FREE char *call = event_call_text(event);
    CLEANUP_FREE char *reason = reason_text(event);
    buffer_printf(&text, "%s", call);
    add_outcome(&text, event);
    CLEANUP_FREE char *line = buffer_steal_text(&text);
    utf8_make_printable(line);
    utf8_make_printable(reason);
    return memory_printf("%s\n  %s\n", line, reason);
}

static void member(struct json_writer *writer, const char *key, const char *value)
{
    json_writer_key(writer, key);
    json_writer_string(writer, value);
}

static void member_uint(struct json_writer *writer, const char *key, uint64_t value)
{
    json_writer_key(writer, key);
    json_writer_uint(writer, value);
}

static void json_reasons(const struct event *event, const struct reasons *reasons,
                         struct json_writer *writer)
{
    json_writer_key(writer, "reasons");
    json_writer_array(writer);
    for (size_t i = 0; i < reasons->count; i++) {
        CLEANUP_FREE char *action = action_text(reasons->items[i].action);
        CLEANUP_FREE char *origin = origin_text(event->subject->policy, reasons->items[i].origin);
        json_writer_object(writer);
        member(writer, "action", action);
        member(writer, "reason", origin);
        json_writer_end_object(writer);
    }
    json_writer_end_array(writer);
}

void event_json(const struct event *event, struct json_writer *writer)
{
    struct reasons reasons = event_reasons(event);
    const struct abi *abi = abi_by_audit(event->call.arch);
    CLEANUP_FREE char *call = event_call_text(event);
    CLEANUP_FREE char *text = reason_text(event);
    const char *name;
    enum way_out way_out = event_way_out(event, &reasons, &name);
    json_writer_object(writer);
    member(writer, "call", call);
    member(writer, "name", call_name(&event->call));
    member(writer, "abi", abi ? abi->name : NULL);
    member_uint(writer, "architecture", event->call.arch);
    member_uint(writer, "number", (uint32_t)event->call.nr);
    if (event->kind != EVENT_ASKED) {
        CLEANUP_FREE char *action = action_text(event->action);
        member(writer, "outcome", outcome_text(event));
        if (event->kind == EVENT_SEEN) {
            member(writer, "action", action);
        }
        member_uint(writer, "count", event->count);
        member(writer, "command", event->command);
        member(writer, "program", event->program);
    }
    json_reasons(event, &reasons, writer);
    member(writer, "allow", way_out == WAY_ALLOW ? name : NULL);
    member(writer, "text", text);
    json_writer_end_object(writer);
    free(reasons.items);
}
