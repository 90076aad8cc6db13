/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/policy_source.h"

#include "base/memory.h"

#include <elf.h>
#include <string.h>
#include <strings.h>

enum {
    POLICY_FILE,
    POLICY_FORMAT,
    POLICY_INCLUDE_DIR,
    POLICY_SETS,
    POLICY_DEFAULT,
    POLICY_ALLOW,
    POLICY_DENY,
    POLICY_LOG,
    POLICY_KILL,
    POLICY_ALLOW_NESTING,
    POLICY_AUDIT,
    POLICY_ENOSYS_ABOVE,
    POLICY_COMPAT,
    POLICY_CAPS,
    POLICY_MIN_KERNEL,
};

static const struct option_definition definitions[] = {
    {"policy", 'p', "FILE",
     "read the policy from FILE (\"-\": standard input): OCI seccomp JSON as\n"
     "Docker, Podman and runc take it, a unit of systemd (again: drop-ins),\n"
     "a policy of minijail, a list of names, what \"elfcage show --policy\"\n"
     "prints, or a BPF program, which is taken as it is and not proved",
     POLICY_FILE},
    {"format", 0, "FORMAT",
     "what --policy is written in: systemd, minijail, oci, list, bpf or elfcage\n"
     "(default: told from its content)",
     POLICY_FORMAT},
    {"include-dir", 0, "DIR",
     "where files that a policy includes are looked for, too; may be repeated", POLICY_INCLUDE_DIR},
    {"default", 0, "ACTION",
     "what happens to a call that no rule names: allow, log, errno[:ERRNO],\n"
     "trap, kill-process, kill-thread; for inline policies, and files that leave\n"
     "it open",
     POLICY_DEFAULT},
    {"allow", 0, "LIST",
     "allow these system calls: names and sets, comma-separated: @chown is\n"
     "one of ours (elfcage(1)), systemd:@clock one of systemd's",
     POLICY_ALLOW},
    {"deny", 0, "LIST[:ERRNO]", "make them fail with ERRNO (EPERM)", POLICY_DENY},
    {"log", 0, "LIST", "allow and log them", POLICY_LOG},
    {"kill", 0, "LIST", "kill the process that makes them", POLICY_KILL},
    {"sets", 0, "pinned|host",
     "systemd's sets as elfcage has them (default), or as systemd-analyze\n"
     "of this machine prints them",
     POLICY_SETS},
    {"allow-nesting", 0, NULL,
     "also allow the two calls by which a caged program that is started\n"
     "from this one loads its own filter",
     POLICY_ALLOW_NESTING},
    {"audit", 0, NULL, "try out: log what the policy denies, and let it pass", POLICY_AUDIT},
    {"enosys-above", 0, "WHICH",
     "numbers newer than the policy get ENOSYS: above the highest of the\n"
     "\"table\" of known calls (default), of the \"profile\", or \"none\"",
     POLICY_ENOSYS_ABOVE},
    {"compat", 0, "WHO",
     "whose reading is meant. OCI: two conditions on one argument both have\n"
     "to hold (and), or one of them (runc, which is what runc does, as it does\n"
     "to let one of two rules that contradict each other count). minijail:\n"
     "minijail0, or compile_seccomp_policy",
     POLICY_COMPAT},
    {"caps", 0, "LIST", "OCI only: capabilities for includes and excludes (default: none)",
     POLICY_CAPS},
    {"min-kernel", 0, "VERSION", "OCI only: kernel version for includes (default: the oldest)",
     POLICY_MIN_KERNEL},
};

static void add_rule(struct policy_source *source, enum policy_inline_verb verb, const char *list)
{
    struct inline_rule *rule = memory_append(&source->rules, &source->rule_count,
                                             &source->rule_capacity, sizeof *source->rules);
    *rule = (struct inline_rule){verb, list};
}

static int set_once(const char **place, const char *value, struct error *error)
{
    if (*place) {
        return error_set(error, ERROR_USAGE, "given twice");
    }
    *place = value;
    return 0;
}

static int take(void *into, int id, const char *value, struct error *error)
{
    struct policy_source *source = into;
    switch (id) {
    case POLICY_FILE:
        *(const char **)memory_append(&source->files, &source->file_count, &source->file_capacity,
                                      sizeof *source->files) = value;
        return 0;
    case POLICY_INCLUDE_DIR:
        *(const char **)memory_append(&source->include_folders, &source->include_folder_count,
                                      &source->include_folder_capacity,
                                      sizeof *source->include_folders) = value;
        return 0;
    case POLICY_FORMAT:
        return set_once(&source->format, value, error);
    case POLICY_SETS:
        return set_once(&source->sets, value, error);
    case POLICY_DEFAULT:
        return set_once(&source->default_action, value, error);
    case POLICY_ALLOW:
        add_rule(source, POLICY_INLINE_ALLOW, value);
        return 0;
    case POLICY_DENY:
        add_rule(source, POLICY_INLINE_DENY, value);
        return 0;
    case POLICY_LOG:
        add_rule(source, POLICY_INLINE_LOG, value);
        return 0;
    case POLICY_KILL:
        add_rule(source, POLICY_INLINE_KILL, value);
        return 0;
    case POLICY_ALLOW_NESTING:
        source->allow_nesting = true;
        return 0;
    case POLICY_AUDIT:
        source->audit = true;
        return 0;
    case POLICY_ENOSYS_ABOVE:
        return set_once(&source->enosys_above, value, error);
    case POLICY_COMPAT:
        return set_once(&source->compat, value, error);
    case POLICY_CAPS:
        return set_once(&source->capabilities, value, error);
    default:
        return set_once(&source->minimum_kernel, value, error);
    }
}

const struct option_group policy_options = {
    .title = "policy",
    .definitions = definitions,
    .count = sizeof definitions / sizeof *definitions,
    .take = take,
};

const struct arch *target_arch(const char *target, struct error *error)
{
    const struct arch *found = target ? arch_by_name(target) : arch_host();
    if (found) {
        return found;
    }
    struct buffer names = {0};
    const struct arch *arch;
    for (size_t i = 0; (arch = arch_at(i)) != NULL; i++) {
        buffer_printf(&names, "%s%s", i == 0 ? "" : arch_at(i + 1) ? ", " : " or ", arch->name);
    }
    CLEANUP_FREE char *list = buffer_steal_text(&names);
    error_set(error, ERROR_USAGE, "--target %s: it is %s", target ? target : "(this machine)",
              list);
    return NULL;
}

bool policy_source_given(const struct policy_source *source)
{
    return source->file_count || source->default_action || source->rule_count;
}

bool policy_source_is_read_once(const struct policy_source *source)
{
    for (size_t i = 0; i < source->file_count; i++) {
        if (strcmp(source->files[i], "-") == 0) {
            return true;
        }
    }
    return false;
}

void policy_source_free(struct policy_source *source)
{
    free(source->files);
    free(source->include_folders);
    free(source->rules);
    *source = (struct policy_source){0};
}

void print_policy_notes(const struct verbosity *verbosity, struct policy_notes *notes)
{
    for (size_t i = 0; i < notes->count; i++) {
        note(verbosity, "%s", notes->lines[i]);
    }
    policy_notes_free(notes);
}

static int parse_default(const char *text, struct action *action, struct error *error)
{
    if (!action_parse(text, action)) {
        return error_set(error, ERROR_USAGE,
                         "--default %s is not an action: allow, log, errno[:ERRNO], trap, "
                         "kill-process or kill-thread",
                         text);
    }
    return 0;
}

static int parse_sets(const char *text, enum sets_source *sets, struct error *error)
{
    *sets = text && strcmp(text, "host") == 0 ? SETS_HOST : SETS_PINNED;
    if (text && strcmp(text, "host") != 0 && strcmp(text, "pinned") != 0) {
        return error_set(error, ERROR_USAGE, "--sets %s: it is \"pinned\" or \"host\"", text);
    }
    return 0;
}

/* What is asked about files only. */
static int check_inline(const struct policy_source *source, struct error *error)
{
    const struct {
        const char *option;
        bool given;
    } options[] = {
        {"--format", source->format != NULL},
        {"--include-dir", source->include_folder_count != 0},
        {"--compat", source->compat != NULL},
        {"--caps", source->capabilities != NULL},
        {"--min-kernel", source->minimum_kernel != NULL},
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (options[i].given) {
            return error_set(error, ERROR_USAGE,
                             "%s goes with --policy: inline rules leave nothing open, leave it out",
                             options[i].option);
        }
    }
    return 0;
}

/* NULL and the error on failure, like load_file(). */
static struct policy *load_inline(const struct policy_source *source,
                                  const struct verbosity *verbosity, struct error *error)
{
    enum sets_source sets;
    if (!source->default_action) {
        error_set(error, ERROR_USAGE,
                  "inline rules need --default ACTION: what happens to all other calls");
        return NULL;
    }
    struct action action;
    if (check_inline(source, error) < 0 ||
        parse_default(source->default_action, &action, error) < 0 ||
        parse_sets(source->sets, &sets, error) < 0) {
        return NULL;
    }
    struct policy *policy = policy_new(action);
    struct policy_notes notes = {0};
    int result = 0;
    for (size_t i = 0; i < source->rule_count && result == 0; i++) {
        result = policy_add_inline(policy, source->rules[i].verb, source->rules[i].list, sets,
                                   &notes, error);
    }
    print_policy_notes(verbosity, &notes);
    if (result < 0) {
        policy_free(policy);
        return NULL;
    }
    return policy;
}

/* "CAP_A,CAP_B" to an array whose elements lie in *copy; none of NULL. */
static const char **split_list(char *copy, size_t *count)
{
    const char **items = NULL;
    size_t capacity = 0;
    *count = 0;
    while (copy) {
        const char **slot = memory_append(&items, count, &capacity, sizeof *items);
        *slot = strsep(&copy, ",");
    }
    return items;
}

static int parse_compat(const char *text, struct policy_options *options, struct error *error)
{
    if (!text) {
        return 0;
    }
    if (strcmp(text, "and") == 0) {
        options->compat = COMPAT_AND;
    } else if (strcmp(text, "runc") == 0) {
        options->compat = COMPAT_RUNC;
    } else if (strcmp(text, "minijail0") == 0) {
        options->compat = COMPAT_MINIJAIL0;
    } else if (strcmp(text, "compile_seccomp_policy") == 0) {
        options->compat = COMPAT_COMPILE_SECCOMP_POLICY;
    } else {
        return error_set(error, ERROR_USAGE,
                         "--compat %s: it is \"and\", \"runc\", \"minijail0\" or "
                         "\"compile_seccomp_policy\"",
                         text);
    }
    return 0;
}

/* Where a program goes, and how its target has it. */
struct program_taker {
    struct filter *filter;
    const struct arch *arch;
};

static int take_program(void *context, const struct policy_text *text, struct error *error)
{
    const struct program_taker *taker = context;
    const struct bytes bytes = {(const uint8_t *)text->text, text->size};
    return filter_read(text->file, bytes, taker->arch->elf_data == ELFDATA2MSB, taker->filter,
                       error);
}

static int load_file(const struct policy_source *source, const struct arch *arch,
                     const struct verbosity *verbosity, struct policy **out, struct filter *filter,
                     struct error *error)
{
    struct program_taker taker = {filter, arch};
    struct policy_options options = {
        .program = filter ? take_program : NULL,
        .program_context = &taker,
        .architecture = arch->name,
        .minimum_kernel = source->minimum_kernel,
        .format = source->format,
        .include_folders = source->include_folders,
        .include_folder_count = source->include_folder_count,
        .sets_given = source->sets != NULL,
    };
    if (parse_sets(source->sets, &options.sets, error) < 0) {
        return -1;
    }
    struct action default_action;
    if (source->default_action) {
        if (parse_default(source->default_action, &default_action, error) < 0) {
            return -1;
        }
        options.default_action = &default_action;
    }
    if (parse_compat(source->compat, &options, error) < 0) {
        return -1;
    }
    CLEANUP_FREE char *copy = source->capabilities ? memory_strdup(source->capabilities) : NULL;
    CLEANUP_FREE const char **capabilities = split_list(copy, &options.capability_count);
    options.capabilities = capabilities;
    struct policy_notes notes = {0};
    int result = policy_read_files(source->files, source->file_count, &options, out, &notes, error);
    print_policy_notes(verbosity, &notes);
    return result;
}

static int apply_enosys(const struct policy_source *source, struct policy *policy,
                        struct error *error)
{
    const char *which = source->enosys_above;
    if (!which) {
        return 0; /* what the policy itself says */
    }
    if (strcmp(which, "table") == 0) {
        policy->enosys_above = ENOSYS_ABOVE_TABLE;
    } else if (strcmp(which, "profile") == 0) {
        policy->enosys_above = ENOSYS_ABOVE_PROFILE;
    } else if (strcmp(which, "none") == 0) {
        policy->enosys_above = ENOSYS_ABOVE_NONE;
    } else {
        return error_set(error, ERROR_USAGE,
                         "--enosys-above %s: it is \"table\", \"profile\" or \"none\"", which);
    }
    return 0;
}

/* Nothing changes a program: options that would are a mistake. */
static int check_program(const struct policy_source *source, struct error *error)
{
    const struct {
        const char *option;
        bool given;
    } options[] = {
        {"--audit", source->audit},
        {"--allow-nesting", source->allow_nesting},
        {"--enosys-above", source->enosys_above != NULL},
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (options[i].given) {
            return error_file(error, ERROR_USAGE, source->files[0],
                              "%s: a BPF program is taken as it is: leave the option out",
                              options[i].option);
        }
    }
    return 0;
}

int policy_source_load_any(const struct policy_source *source, const struct arch *arch,
                           const struct verbosity *verbosity, struct policy **out,
                           struct filter *filter, struct error *error)
{
    bool is_inline = !source->file_count && (source->default_action || source->rule_count);
    if (source->file_count && source->rule_count) {
        return error_set(error, ERROR_USAGE,
                         "--policy and inline rules exclude each other: put all into one of them");
    }
    if (!source->file_count && !is_inline) {
        return error_set(error, ERROR_USAGE,
                         "no policy: give --policy FILE, or --default ACTION and rules");
    }
    struct policy *policy = is_inline ? load_inline(source, verbosity, error) : NULL;
    if (is_inline ? !policy : load_file(source, arch, verbosity, &policy, filter, error) < 0) {
        return -1;
    }
    if (!policy) {
        if (check_program(source, error) < 0) {
            filter_free(filter);
            return -1;
        }
        *out = NULL;
        return 0;
    }
    if (apply_enosys(source, policy, error) < 0) {
        policy_free(policy);
        return -1;
    }
    if (source->allow_nesting) {
        policy_allow_nesting(policy);
    }
    if (source->audit) {
        policy_make_audit(policy);
    }
    *out = policy;
    return 0;
}

int policy_source_load(const struct policy_source *source, const struct arch *arch,
                       const struct verbosity *verbosity, struct policy **out, struct error *error)
{
    return policy_source_load_any(source, arch, verbosity, out, NULL, error);
}
