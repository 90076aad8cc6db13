/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain: why a call was refused, or a program killed, and what would let it pass. What happened
 * is read from the kernel's records, from a status, or seen in a run of the command.
 */
#include "base/memory.h"
#include "commands/amend.h"
#include "commands/caged.h"
#include "commands/call.h"
#include "commands/compiled.h"
#include "commands/explain_run.h"
#include "commands/explanation.h"
#include "commands/policy_source.h"
#include "commands/report.h"
#include "elf/write.h"
#include "watch/record.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define LINE_MOST 65536u /* bytes of a line that are looked at */

struct explain {
    const char *file, *target, *abi, *amend, *status;
    bool run, json, exact;
    const struct verbosity *verbosity;
};

enum {
    EXPLAIN_FILE,
    EXPLAIN_RUN,
    EXPLAIN_AMEND,
    EXPLAIN_EXACT,
    EXPLAIN_STATUS,
    EXPLAIN_ABI,
    EXPLAIN_TARGET,
    EXPLAIN_JSON
};

static const struct option_definition definitions[] = {
    {"file", 'f', "FILE", "explain by the policy in this caged file", EXPLAIN_FILE},
    {"run", 0, NULL, "run \"-- COMMAND [ARGUMENT...]\", and print what is refused as it\nhappens",
     EXPLAIN_RUN},
    {"amend", 0, "OUT",
     "write the policy with these calls allowed to OUT (\"-\": standard\noutput)", EXPLAIN_AMEND},
    {"exact", 0, NULL,
     "with --run and --amend: allow them with the values of 32-bit\n"
     "arguments that were seen alone",
     EXPLAIN_EXACT},
    {"status", 0, "STATUS", "explain the exit status of a command, as a shell has it in $?",
     EXPLAIN_STATUS},
    {"abi", 'a', "ABI", "the ABI of a system call that is asked about (default: native)",
     EXPLAIN_ABI},
    {"target", 't', "ARCH", "with a policy: the architecture (default: this machine's)",
     EXPLAIN_TARGET},
    {"json", 'j', NULL, "print the result as JSON", EXPLAIN_JSON},
};

static int take(void *into, int id, const char *value, struct error *error)
{
    struct explain *explain = into;
    (void)error;
    switch (id) {
    case EXPLAIN_FILE:
        explain->file = value;
        break;
    case EXPLAIN_RUN:
        explain->run = true;
        break;
    case EXPLAIN_AMEND:
        explain->amend = value;
        break;
    case EXPLAIN_EXACT:
        explain->exact = true;
        break;
    case EXPLAIN_STATUS:
        explain->status = value;
        break;
    case EXPLAIN_ABI:
        explain->abi = value;
        break;
    case EXPLAIN_TARGET:
        explain->target = value;
        break;
    default:
        explain->json = true;
        break;
    }
    return 0;
}

static const struct option_group explain_options = {
    .title = "explanation",
    .definitions = definitions,
    .count = sizeof definitions / sizeof *definitions,
    .take = take,
};

/* What the second input is: a caged file, a policy, or nothing. */
struct given {
    struct caged caged;
    struct compiled compiled;
    struct subject subject;
    bool present;
    const struct arch *arch; /* never NULL once given_load() has succeeded */
};

static void given_free(struct given *given)
{
    caged_free(&given->caged);
    compiled_free(&given->compiled);
}

static const struct subject *given_subject(const struct given *given)
{
    return given->present ? &given->subject : NULL;
}

static int load_policy(const struct explain *explain, const struct policy_source *source,
                       struct given *given, struct error *error)
{
    if (compiled_load(source, given->arch, BACKEND_ELFCAGE, explain->verbosity, &given->compiled,
                      error) < 0) {
        return -1;
    }
    given->subject =
        (struct subject){source->file_count ? source->files[0] : "the policy", given->arch,
                         given->compiled.policy, given->compiled.table, &given->compiled.filter};
    given->present = true;
    return 0;
}

static int given_load(const struct explain *explain, const struct policy_source *source,
                      struct given *given, struct error *error)
{
    given->arch = target_arch(explain->target, error);
    if (!given->arch) {
        return -1;
    }
    if (policy_source_given(source)) {
        return load_policy(explain, source, given, error);
    }
    if (!explain->file) {
        return 0;
    }
    if (caged_open(explain->file, &given->caged, error) < 0) {
        return -1;
    }
    given->arch = image_arch(given->caged.image);
    given->subject = (struct subject){explain->file, given->arch, given->caged.policy,
                                      given->caged.table, &given->caged.filter};
    given->present = true;
    return 0;
}

/* One explanation that is no system call: a status. */
struct findings {
    struct events events;
    bool sigsys; /* somebody was killed by SIGSYS, and by which call is not known */
    bool load_failed;
    size_t other_statuses;
};

static void add_record(struct findings *findings, const struct given *given, struct record *record)
{
    struct event event = {
        .kind = EVENT_RECORDED,
        .call = {.nr = (int)record->number, .arch = record->architecture},
        .subject = given_subject(given),
        .pid = record->pid,
        .command = STEAL(record->command),
        .program = STEAL(record->program),
    };
    if (!event.call.arch) {
        event.call.arch = given->arch->abis[0]->audit_architecture;
    }
    if (!action_from_return_value(record->code, &event.action)) {
        event.kind = EVENT_NOTIFIED;
    }
    events_add(&findings->events, &event);
    record_clear(record);
}

/* "Bad system call", "signal 31": what shells and services print of a SIGSYS. */
static bool says_sigsys(const char *line)
{
    static const char *const texts[] = {"Bad system call", "SIGSYS", "status=31/SYS"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strstr(line, texts[i])) {
            return true;
        }
    }
    const char *signal_text = strstr(line, "signal 31");
    return signal_text && !(signal_text[9] >= '0' && signal_text[9] <= '9');
}

static void add_question(struct findings *findings, const struct given *given,
                         const struct abi *abi, uint32_t number)
{
    struct event event = {
        .kind = EVENT_ASKED,
        .call = {.nr = (int)number, .arch = abi->audit_architecture},
        .subject = given_subject(given),
    };
    events_add(&findings->events, &event);
}

/* As $? has it. */
static int add_status(struct findings *findings, const char *text, struct error *error)
{
    char *end;
    errno = 0;
    unsigned long status = strtoul(text, &end, 10);
    if (errno || *end || end == text || *text == '-' || *text == '+' || status > 255) {
        return error_set(error, ERROR_USAGE, "--status %s: it is a number from 0 to 255", text);
    }
    if (status == 128 + SIGSYS || status == SIGSYS) {
        findings->sigsys = true;
    } else if (status == 126) {
        findings->load_failed = true;
    } else {
        findings->other_statuses++;
    }
    return 0;
}

/* The number or name of a call. */
static int add_word(const struct explain *explain, const struct given *given, const char *word,
                    struct findings *findings, struct error *error)
{
    if (strcmp(word, "159") == 0) {
        findings->sigsys = true; /* 128 + SIGSYS is asked about more often than adjtimex */
        return 0;
    }
    bool x32 = false;
    uint32_t number = 0;
    const struct abi *abi = call_parse_abi(given->arch, explain->abi, &x32, error);
    if (!abi || call_parse_number(abi, x32, word, &number, error) < 0) {
        return -1;
    }
    add_question(findings, given, abi, number);
    return 0;
}

/* Something on the command line. */
static int add_operand(const struct explain *explain, const struct given *given, const char *text,
                       struct findings *findings, struct error *error)
{
    struct record record;
    const char *why = NULL;
    switch (record_parse(text, strlen(text), &record, &why)) {
    case RECORD_FOUND:
        add_record(findings, given, &record);
        return 0;
    case RECORD_BAD:
        return error_set(error, ERROR_USAGE, "the record cannot be explained: %s", why);
    case RECORD_NONE:
        break;
    }
    if (says_sigsys(text)) {
        findings->sigsys = true;
        return 0;
    }
    return add_word(explain, given, text, findings, error);
}

/* A word that is all of a line: a call, or somebody's ("----" stands between ausearch's events). */
static void add_lonely_word(const struct explain *explain, const struct given *given,
                            const char *word, size_t number, struct findings *findings)
{
    static const char of_names[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    const char *digits = word + (*word == '-');
    if (!*digits || digits[strspn(digits, of_names)]) {
        return;
    }
    struct error error = {0};
    if (add_word(explain, given, word, findings, &error) < 0) {
        CLEANUP_FREE char *why = error_line(&error);
        note(explain->verbosity, "<standard input>:%zu: a word that is passed over: %s", number,
             why);
        error_clear(&error);
    }
}

/* A line of a log: what is nothing of ours is passed over. */
static void add_line(const struct explain *explain, const struct given *given, const char *line,
                     size_t size, size_t number, struct findings *findings)
{
    struct record record;
    const char *why = NULL;
    switch (record_parse(line, size, &record, &why)) {
    case RECORD_FOUND:
        add_record(findings, given, &record);
        return;
    case RECORD_BAD:
        note(explain->verbosity, "<standard input>:%zu: a record that is left out: %s", number,
             why);
        return;
    case RECORD_NONE:
        break;
    }
    if (says_sigsys(line)) {
        findings->sigsys = true;
        return;
    }
    size_t length = strcspn(line, " \t\r\n");
    if (!line[length + strspn(line + length, " \t\r\n")]) {
        CLEANUP_FREE char *word = memory_strndup(line, length);
        add_lonely_word(explain, given, word, number, findings);
    }
}

static int read_lines(const struct explain *explain, const struct given *given,
                      struct findings *findings, struct error *error)
{
    bool x32;
    if (!call_parse_abi(given->arch, explain->abi, &x32, error)) {
        return -1;
    }
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    for (size_t number = 1; (size = getline(&line, &capacity, stdin)) >= 0; number++) {
        size_t used = (size_t)size < LINE_MOST ? (size_t)size : LINE_MOST;
        if (memchr(line, 0, used)) {
            continue; /* no text */
        }
        line[used] = '\0';
        add_line(explain, given, line, used, number, findings);
    }
    free(line);
    return ferror(stdin) ? error_system(error, errno, "<standard input>", "cannot be read") : 0;
}

static const char sigsys_text[] =
    "SIGSYS (signal 31, status 159 = 128 + 31): a filter killed the program\n"
    "  the status does not say by which call: look for its record (dmesg | elfcage explain), or "
    "run the program by \"elfcage explain --run\"\n";
static const char load_text[] =
    "status 126: a caged program whose filter the kernel did not take, or a file that cannot be "
    "run\n"
    "  the program's standard error says which: \"elfcage verify\" checks the file\n";
static const char other_text[] =
    "no status of a program that a filter killed (that is 159), or that did not start (126)\n"
    "  a refused call may be behind it all the same: see by \"elfcage explain --run\"\n";

static void print_text(const struct findings *findings, FILE *stream)
{
    for (size_t i = 0; i < findings->events.count; i++) {
        CLEANUP_FREE char *text = event_text(&findings->events.items[i]);
        (void)fputs(text, stream);
    }
    (void)fputs(findings->sigsys ? sigsys_text : "", stream);
    (void)fputs(findings->load_failed ? load_text : "", stream);
    (void)fputs(findings->other_statuses ? other_text : "", stream);
}

static void print_json(const struct findings *findings, FILE *stream)
{
    struct json_writer *writer = report_begin("explain");
    json_writer_key(writer, "events");
    json_writer_array(writer);
    for (size_t i = 0; i < findings->events.count; i++) {
        event_json(&findings->events.items[i], writer);
    }
    json_writer_end_array(writer);
    json_writer_key(writer, "killed-by-sigsys");
    json_writer_bool(writer, findings->sigsys);
    json_writer_key(writer, "not-started");
    json_writer_bool(writer, findings->load_failed);
    json_writer_end_object(writer);
    json_writer_print(writer, stream);
}

static int write_amended(const struct explain *explain, const struct subject *subject,
                         const struct events *events, struct error *error)
{
    if (!explain->amend) {
        return 0;
    }
    CLEANUP_FREE char *text = NULL;
    if (!subject || !subject->policy) {
        return error_set(error, ERROR_USAGE,
                         "--amend needs a policy to change: give --policy, or a file that is caged "
                         "with one");
    }
    if (amend(subject, events, explain->exact, explain->verbosity, &text, error) < 0) {
        return -1;
    }
    if (strcmp(explain->amend, "-") == 0) {
        (void)fputs(text, stdout);
        return 0;
    }
    return write_file(explain->amend, (struct bytes){(const uint8_t *)text, strlen(text)}, error);
}

/* Where the report goes: standard output, unless that is the policy's or the command's. */
static FILE *report_stream(const struct explain *explain)
{
    bool taken = explain->run || (explain->amend && strcmp(explain->amend, "-") == 0);
    return taken && !explain->json ? stderr : stdout;
}

static int report(const struct explain *explain, const struct subject *subject,
                  const struct findings *findings, struct error *error)
{
    FILE *stream = report_stream(explain);
    if (explain->json) {
        print_json(findings, stream);
    } else if (!explain->run || !explain->verbosity->quiet) {
        print_text(findings, stream);
    }
    if (stream == stdout && (fflush(stdout) != 0 || ferror(stdout))) {
        return error_set(error, ERROR_SYSTEM, "standard output cannot be written");
    }
    return write_amended(explain, subject, &findings->events, error);
}

/* The exit status of the command becomes that of elfcage. */
static int run_command(const struct explain *explain, const struct given *given,
                       char *const *arguments, struct error *error)
{
    struct explained_run run = {.policy = given_subject(given),
                                .stream =
                                    explain->json || explain->verbosity->quiet ? NULL : stderr};
    struct findings findings = {0};
    int result = explain_run(&run, arguments, error);
    if (result == 0) {
        if (!run.loaded) {
            note(explain->verbosity, "no filter was loaded by %s", arguments[0]);
        }
        const struct subject *subject = run.policy            ? run.policy
                                        : run.cages.count > 0 ? &run.cages.items[0]->subject
                                                              : NULL;
        findings.events = run.events;
        result = report(explain, subject, &findings, error);
    }
    if (result == 0) {
        result = WIFSIGNALED(run.status) ? 128 + WTERMSIG(run.status) : WEXITSTATUS(run.status);
    }
    events_free(&run.events);
    run_cages_free(&run.cages);
    return result;
}

static int explain_inputs(const struct explain *explain, const struct given *given,
                          char *const *operands, size_t count, struct error *error)
{
    struct findings findings = {0};
    int result = explain->status ? add_status(&findings, explain->status, error) : 0;
    for (size_t i = 0; i < count && result == 0; i++) {
        result = add_operand(explain, given, operands[i], &findings, error);
    }
    if (result == 0 && count == 0 && !explain->status) {
        result = read_lines(explain, given, &findings, error);
    }
    if (result == 0 && !findings.events.count && !findings.sigsys && !findings.load_failed &&
        !findings.other_statuses) {
        result = error_set(error, ERROR_CHECK,
                           "no record of a refused system call in the input: the kernel writes one "
                           "for what kills and logs, and for the rest only with the flag LOG");
    }
    if (result == 0) {
        result = report(explain, given_subject(given), &findings, error);
    }
    events_free(&findings.events);
    return result;
}

static int check_usage(const struct command *command, const struct explain *explain,
                       const struct policy_source *source, size_t count, struct error *error)
{
    if (explain->file && policy_source_given(source)) {
        return command_usage_error(command, error, "--file and a policy: give one of them");
    }
    if (explain->target && !policy_source_given(source)) {
        return command_usage_error(command, error, "--target goes with a policy");
    }
    if (explain->run && count == 0) {
        return command_usage_error(command, error, "--run: give \"-- COMMAND [ARGUMENT...]\"");
    }
    if (explain->run && (explain->status || explain->abi)) {
        return command_usage_error(command, error, "--run sees status and ABI: leave --%s out",
                                   explain->status ? "status" : "abi");
    }
    if (explain->exact && !(explain->run && explain->amend)) {
        return command_usage_error(command, error,
                                   "--exact goes with --run and --amend: only a run shows "
                                   "arguments");
    }
    if (explain->amend && !explain->run && !explain->file && !policy_source_given(source)) {
        return command_usage_error(command, error,
                                   "--amend needs a policy to change: give --policy or --file");
    }
    return 0;
}

static int run(const struct command *command, int argument_count, char **arguments,
               struct error *error)
{
    struct verbosity verbosity = {0};
    struct explain explain = {.verbosity = &verbosity};
    __attribute__((cleanup(policy_source_free))) struct policy_source source = {0};
    __attribute__((cleanup(given_free))) struct given given = {0};
    void *into[] = {&explain, &source, &verbosity};
    char **operands;
    size_t count;
    int parsed = command_parse(command, argument_count, arguments, into, &operands, &count, error);
    if (parsed != 0) {
        return parsed < 0 ? -1 : 0;
    }
    if (check_usage(command, &explain, &source, count, error) < 0 ||
        given_load(&explain, &source, &given, error) < 0) {
        return -1;
    }
    if (explain.amend && given.present && !given.subject.policy) {
        return error_file(error, ERROR_USAGE, given.subject.name,
                          "a filter as it was given says no policy that --amend could change");
    }
    return explain.run ? run_command(&explain, &given, operands, error)
                       : explain_inputs(&explain, &given, operands, count, error);
}

const struct command command_explain = {
    .name = "explain",
    .summary = "why a call was refused or a program killed, and what to allow",
    .synopsis = "[-f FILE | --policy FILE | --default ACTION [RULES]] [OPTION...] [WHAT...]\n"
                "       elfcage explain --run [OPTION...] -- COMMAND [ARGUMENT...]",
    .example = "  dmesg | elfcage explain -f server.caged\n"
               "  elfcage explain --policy server.json fchownat\n"
               "  elfcage explain --run --amend wider.json -- ./server.caged --port 80",
    .groups = {&explain_options, &policy_options, &verbosity_options},
    .run = run,
};
