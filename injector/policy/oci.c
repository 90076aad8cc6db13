/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OCI seccomp JSON, as Docker, Podman, containerd and runc read it: the profile as a whole.
 *
 * Sources: the OCI runtime specification (config-linux.md, seccomp); moby/profiles and
 * containers/common for archMap, includes and excludes, and for the names of errno numbers; runc's
 * libcontainer/seccomp for what they mean. Also read: the same object inside a whole runtime
 * configuration (linux.seccomp of config.json), and Docker's older dialect with "name".
 *
 * Complete and strict: every key is honoured or is an error with line and column. What other
 * readers pass over in silence (an unknown key, an errno for an action that has none, rules that
 * contradict each other) is an error here.
 */
#include "policy/oci.h"

#include "base/memory.h"
#include "policy/fields.h"
#include "policy/oci_names.h"

#include <linux/seccomp.h>
#include <string.h>

/* The oldest kernel on which a caged program runs. */
static const struct kernel_version oldest_kernel = {4, 14};

const struct json_value *oci_member(const struct json_value *object, const char *key)
{
    const struct json_value *member = json_find(object, key);
    return member && member->kind != JSON_NULL ? member : NULL;
}

const struct json_value *oci_text(const struct json_value *object, const char *key)
{
    const struct json_value *member = oci_member(object, key);
    return member && member->kind == JSON_STRING && !member->text[0] ? NULL : member;
}

/* The errno of an action, or the message of TRACE, from its two spellings. *number is kept if
   neither is there. */
static int read_errno(struct oci *oci, const struct json_value *number,
                      const struct json_value *name, uint64_t highest, uint16_t *out)
{
    uint64_t value = *out;
    if (number && expect_uint(oci->file, number, highest, &value, oci->error) < 0) {
        return -1;
    }
    if (name) {
        uint16_t named;
        if (expect_kind(oci->file, name, JSON_STRING, oci->error) < 0) {
            return -1;
        }
        if (!errno_parse(name->text, &named)) {
            return fail_value(oci->file, name, oci->error,
                              "'%.60s' is not the name of an errno: write it as \"EPERM\"",
                              name->text);
        }
        if (number && named != value) {
            return fail_value(oci->file, name, oci->error,
                              "'%s' is %u, but '%s' is %s: let them agree", name->text,
                              (unsigned)named, number->key, number->text);
        }
        value = named;
    }
    *out = (uint16_t)value;
    return 0;
}

int oci_read_action(struct oci *oci, const struct json_value *object, const char *action_key,
                    const char *number_key, const char *name_key, struct action *action)
{
    const struct json_value *value = json_find(object, action_key);
    if (!value) {
        return fail_value(oci->file, object, oci->error, "no '%s': say what happens to the calls",
                          action_key);
    }
    if (expect_kind(oci->file, value, JSON_STRING, oci->error) < 0) {
        return -1;
    }
    struct action a = {0};
    switch (oci_action(value->text, &a.kind)) {
    case OCI_ACTION_GOOD:
        break;
    case OCI_ACTION_NOTIFY:
        return fail_value(oci->file, value, oci->error,
                          "SCMP_ACT_NOTIFY needs a process that listens, which a caged program "
                          "does not have: use another action");
    case OCI_ACTION_UNKNOWN:
        return fail_value(oci->file, value, oci->error,
                          "unknown action '%.60s': SCMP_ACT_ALLOW, LOG, ERRNO, TRAP, TRACE, "
                          "KILL_THREAD or KILL_PROCESS",
                          value->text);
    }
    const struct json_value *number = oci_member(object, number_key);
    const struct json_value *name = oci_text(object, name_key);
    if (a.kind == ACTION_ERRNO || a.kind == ACTION_TRACE) {
        a.data = 1; /* EPERM, which is also the message that runc gives to TRACE */
        uint64_t highest = a.kind == ACTION_ERRNO ? POLICY_MAX_ERRNO : UINT16_MAX;
        if (read_errno(oci, number, name, highest, &a.data) < 0) {
            return -1;
        }
    } else if (number || name) {
        const struct json_value *extra = number ? number : name;
        return fail_key(oci->file, extra, oci->error,
                        "'%s' has no meaning for %s: remove it, or use SCMP_ACT_ERRNO", extra->key,
                        value->text);
    }
    *action = a;
    return 0;
}

/* The ABI that an architecture's name stands for. */
static int read_architecture(struct oci *oci, const struct json_value *value, const char **abi)
{
    if (expect_kind(oci->file, value, JSON_STRING, oci->error) < 0) {
        return -1;
    }
    *abi = oci_abi(value->text);
    if (!*abi) {
        return fail_value(oci->file, value, oci->error,
                          "unknown architecture '%.60s': write it as SCMP_ARCH_X86_64",
                          value->text);
    }
    return 0;
}

/* Reads a list of architectures; adds them to the policy if `take`. */
static int read_architectures(struct oci *oci, const struct json_value *list, bool take)
{
    if (!list) {
        return 0;
    }
    if (expect_kind(oci->file, list, JSON_ARRAY, oci->error) < 0) {
        return -1;
    }
    for (const struct json_value *v = json_first(list); v; v = json_next(list, v)) {
        const char *abi;
        if (read_architecture(oci, v, &abi) < 0) {
            return -1;
        }
        if (take) {
            policy_add_abi(oci->policy, abi);
        }
    }
    return 0;
}

/* One entry of archMap. *taken: one for the target has been seen. */
static int read_map_entry(struct oci *oci, const struct json_value *entry, bool *taken)
{
    static const char *const keys[] = {"architecture", "subArchitectures", "comment"};
    if (expect_kind(oci->file, entry, JSON_OBJECT, oci->error) < 0 ||
        expect_keys(oci->file, entry, keys, sizeof keys / sizeof *keys, "archMap", oci->error) <
            0) {
        return -1;
    }
    const struct json_value *native = json_find(entry, "architecture");
    if (!native) {
        return fail_value(oci->file, entry, oci->error,
                          "no 'architecture' in archMap: complete it");
    }
    const char *abi;
    if (read_architecture(oci, native, &abi) < 0) {
        return -1;
    }
    bool is_target = strcmp(abi, oci->options->architecture) == 0;
    if (is_target && *taken) {
        return fail_value(oci->file, native, oci->error,
                          "%s for the second time in archMap: keep one entry", native->text);
    }
    if (is_target) {
        *taken = true;
        policy_add_abi(oci->policy, abi);
    }
    return read_architectures(oci, oci_member(entry, "subArchitectures"), is_target);
}

static int read_arch_map(struct oci *oci, const struct json_value *map)
{
    if (!oci->options->architecture) {
        return fail_value(oci->file, map, oci->error,
                          "'archMap' depends on the architecture: say for which the policy is "
                          "read");
    }
    bool taken = false;
    for (const struct json_value *v = json_first(map); v; v = json_next(map, v)) {
        if (read_map_entry(oci, v, &taken) < 0) {
            return -1;
        }
    }
    if (!taken) {
        return fail_value(oci->file, map, oci->error,
                          "'archMap' has no entry for %s, which the policy is wanted for: add one",
                          oci->options->architecture);
    }
    return 0;
}

/* "architectures" or "archMap". libseccomp, and so every runtime, puts the native ABI into each
   filter: a list that leaves it out means it too. */
static int read_abis(struct oci *oci, const struct json_value *profile)
{
    const struct json_value *list = oci_member(profile, "architectures");
    const struct json_value *map = oci_member(profile, "archMap");
    if ((list && expect_kind(oci->file, list, JSON_ARRAY, oci->error) < 0) ||
        (map && expect_kind(oci->file, map, JSON_ARRAY, oci->error) < 0)) {
        return -1;
    }
    list = list && list->count ? list : NULL;
    map = map && map->count ? map : NULL;
    if (list && map) {
        return fail_key(oci->file, list > map ? list : map, oci->error,
                        "'architectures' and 'archMap' in one profile: use one of them");
    }
    if (map && read_arch_map(oci, map) < 0) {
        return -1;
    }
    if (read_architectures(oci, list, true) < 0) {
        return -1;
    }
    const char *native = oci->options->architecture;
    if (list && native && policy_add_abi(oci->policy, native)) {
        policy_note(oci->notes,
                    "%s:%zu:%zu: 'architectures' does not name %s: added, as every runtime does",
                    oci->file, list->line, list->column, native);
    }
    return 0;
}

static int read_flag(struct oci *oci, const struct json_value *flag)
{
    if (expect_kind(oci->file, flag, JSON_STRING, oci->error) < 0) {
        return -1;
    }
    if (strcmp(flag->text, "SECCOMP_FILTER_FLAG_TSYNC") == 0) {
        return 0; /* always on */
    }
    if (strcmp(flag->text, "SECCOMP_FILTER_FLAG_LOG") == 0) {
        oci->policy->flags |= SECCOMP_FILTER_FLAG_LOG;
        return 0;
    }
    if (strcmp(flag->text, "SECCOMP_FILTER_FLAG_SPEC_ALLOW") == 0) {
        oci->policy->flags |= SECCOMP_FILTER_FLAG_SPEC_ALLOW;
        return 0;
    }
    if (strcmp(flag->text, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV") == 0) {
        /* It is about waiting for a listener; without one seccomp(2) says EINVAL, and no program
           would start. */
        policy_note(oci->notes, "%s:%zu:%zu: WAIT_KILLABLE_RECV has no effect without a listener",
                    oci->file, flag->line, flag->column);
        return 0;
    }
    if (strcmp(flag->text, "SECCOMP_FILTER_FLAG_NEW_LISTENER") == 0) {
        return fail_value(oci->file, flag, oci->error,
                          "NEW_LISTENER needs a process that listens, which a caged program does "
                          "not have: remove it");
    }
    return fail_value(oci->file, flag, oci->error,
                      "unknown flag '%.60s': SECCOMP_FILTER_FLAG_TSYNC, LOG, SPEC_ALLOW or "
                      "WAIT_KILLABLE_RECV",
                      flag->text);
}

static int read_flags(struct oci *oci, const struct json_value *flags)
{
    if (!flags) {
        return 0;
    }
    if (expect_kind(oci->file, flags, JSON_ARRAY, oci->error) < 0) {
        return -1;
    }
    for (const struct json_value *v = json_first(flags); v; v = json_next(flags, v)) {
        if (read_flag(oci, v) < 0) {
            return -1;
        }
    }
    return 0;
}

static int refuse_listener(struct oci *oci, const struct json_value *profile)
{
    static const char *const keys[] = {"listenerPath", "listenerMetadata"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const struct json_value *listener = oci_text(profile, keys[i]);
        if (listener) {
            return fail_key(oci->file, listener, oci->error,
                            "'%s': a caged program has no process that listens for it: remove it",
                            keys[i]);
        }
    }
    return 0;
}

static int read_rules(struct oci *oci, const struct json_value *rules)
{
    if (!rules) {
        return 0;
    }
    if (expect_kind(oci->file, rules, JSON_ARRAY, oci->error) < 0) {
        return -1;
    }
    for (const struct json_value *v = json_first(rules); v; v = json_next(rules, v)) {
        if (oci_read_rule(oci, v) < 0) {
            return -1;
        }
    }
    return 0;
}

/* A dialect of Docker's and others' early days, which the unknown key alone would not explain. */
static int check_keys(struct oci *oci, const struct json_value *profile)
{
    static const char *const keys[] = {
        "defaultAction", "defaultErrnoRet", "defaultErrno", "architectures",    "archMap",
        "flags",         "syscalls",        "listenerPath", "listenerMetadata", "comment"};
    const struct json_value *old = json_find(profile, "default_action");
    if (old && old->kind == JSON_NUMBER) {
        return fail_key(oci->file, old, oci->error,
                        "'default_action' with a number: the numbers for actions and operators "
                        "that libcontainer had inside have no fixed meaning, write 'defaultAction' "
                        "and SCMP_ACT_ names");
    }
    return expect_keys(oci->file, profile, keys, sizeof keys / sizeof *keys, "a seccomp profile",
                       oci->error);
}

/* A misspelt capability would decide rules as if it had not been given. */
static int check_capabilities(const struct oci *oci)
{
    const struct policy_options *options = oci->options;
    for (size_t i = 0; i < options->capability_count; i++) {
        if (!oci_capability_is_known(options->capabilities[i])) {
            return error_set(oci->error, ERROR_USAGE,
                             "--caps: unknown capability '%.60s': write CAP_SYS_ADMIN,CAP_BPF "
                             "without blanks",
                             options->capabilities[i]);
        }
    }
    return 0;
}

static int read_profile(struct oci *oci, const struct json_value *profile)
{
    const char *minimum = oci->options->minimum_kernel;
    oci->minimum_kernel = oldest_kernel;
    if (minimum && !kernel_version_parse(minimum, false, &oci->minimum_kernel)) {
        return error_set(oci->error, ERROR_USAGE,
                         "--min-kernel '%s' is not a kernel version: write it as 4.14", minimum);
    }
    const struct json_value *comment = oci_member(profile, "comment");
    if (check_capabilities(oci) < 0 || check_keys(oci, profile) < 0 ||
        (comment && expect_kind(oci->file, comment, JSON_STRING, oci->error) < 0) ||
        oci_read_action(oci, profile, "defaultAction", "defaultErrnoRet", "defaultErrno",
                        &oci->policy->default_action) < 0 ||
        refuse_listener(oci, profile) < 0 || read_abis(oci, profile) < 0 ||
        read_flags(oci, oci_member(profile, "flags")) < 0) {
        return -1;
    }
    return read_rules(oci, oci_member(profile, "syscalls"));
}

/* The profile: `root`, or within a runtime configuration its linux.seccomp. What else such a
   configuration says is not about seccomp. */
static int find_profile(const char *file, const struct json_value *root,
                        const struct json_value **profile, struct error *error)
{
    *profile = root;
    bool is_configuration = !json_find(root, "defaultAction") &&
                            (json_find(root, "ociVersion") || json_find(root, "linux"));
    if (!is_configuration) {
        return 0;
    }
    const struct json_value *linux_part = oci_member(root, "linux");
    if (linux_part && expect_kind(file, linux_part, JSON_OBJECT, error) < 0) {
        return -1;
    }
    *profile = linux_part ? oci_member(linux_part, "seccomp") : NULL;
    if (!*profile) {
        return fail_value(file, linux_part ? linux_part : root, error,
                          "a runtime configuration without 'linux.seccomp': it has no policy");
    }
    return expect_kind(file, *profile, JSON_OBJECT, error);
}

int oci_read(const char *file, const struct json_value *root, const struct policy_options *options,
             struct policy **out, struct policy_notes *notes, struct error *error)
{
    const struct json_value *profile;
    if (find_profile(file, root, &profile, error) < 0) {
        return -1;
    }
    struct policy *policy = policy_new((struct action){0});
    struct oci oci = {.file = file,
                      .place_file = policy_add_file(policy, file),
                      .options = options,
                      .policy = policy,
                      .notes = notes,
                      .error = error};
    if (read_profile(&oci, profile) < 0) {
        policy_free(policy);
        return -1;
    }
    *out = policy;
    return 0;
}
