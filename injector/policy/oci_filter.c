/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "includes" and "excludes" of a rule: whether it applies. Docker's reading (moby,
 * profiles/seccomp): a rule is left out if excludes names the native architecture, or a capability
 * that the container has, or a kernel version not above the running one; or if includes names
 * architectures without the native one, a capability that it lacks, or a newer kernel.
 *
 * There is no container and no kernel here: capabilities are those of --caps (none), the kernel is
 * any from --min-kernel on (4.14, the oldest that a caged program runs on). Where that leaves it
 * open, the rule counts if it denies and not if it allows, so that the cage is not weaker than the
 * profile on any of these kernels.
 */
#include "policy/fields.h"
#include "policy/oci.h"
#include "policy/oci_names.h"

#include <string.h>

static bool parse_part(const char **text, uint64_t *number)
{
    const char *start = *text;
    *number = 0;
    for (; **text >= '0' && **text <= '9' && *text - start < 6; (*text)++) {
        *number = *number * 10 + (uint64_t)(**text - '0');
    }
    return *text != start;
}

bool kernel_version_parse(const char *text, bool strict, struct kernel_version *version)
{
    if (!parse_part(&text, &version->major) || *text++ != '.' ||
        !parse_part(&text, &version->minor)) {
        return false;
    }
    return *text == 0 || (!strict && (*text == '.' || *text == '-'));
}

static bool reaches(struct kernel_version version, struct kernel_version wanted)
{
    return version.major > wanted.major ||
           (version.major == wanted.major && version.minor >= wanted.minor);
}

/* Checks a list of words; counts those of them that the target has. */
static int read_words(struct oci *oci, const struct json_value *list, bool capabilities,
                      size_t *count, size_t *had)
{
    *count = 0;
    *had = 0;
    if (!list) {
        return 0;
    }
    if (expect_kind(oci->file, list, JSON_ARRAY, oci->error) < 0) {
        return -1;
    }
    const struct policy_options *options = oci->options;
    for (const struct json_value *v = json_first(list); v; v = json_next(list, v)) {
        if (expect_kind(oci->file, v, JSON_STRING, oci->error) < 0) {
            return -1;
        }
        (*count)++;
        if (!capabilities) {
            const char *abi = oci_abi_of_go(v->text);
            if (!abi) {
                return fail_value(oci->file, v, oci->error,
                                  "unknown architecture '%.60s': write it as Go does (amd64, "
                                  "arm64, ...)",
                                  v->text);
            }
            *had += options->architecture && strcmp(abi, options->architecture) == 0;
            continue;
        }
        if (!oci_capability_is_known(v->text)) {
            return fail_value(oci->file, v, oci->error,
                              "unknown capability '%.60s': write it as CAP_SYS_ADMIN", v->text);
        }
        for (size_t i = 0; i < options->capability_count; i++) {
            if (strcmp(options->capabilities[i], v->text) == 0) {
                (*had)++;
                break;
            }
        }
    }
    return 0;
}

static int read_kernel(struct oci *oci, const struct json_value *value,
                       struct kernel_version *version)
{
    if (expect_kind(oci->file, value, JSON_STRING, oci->error) < 0) {
        return -1;
    }
    if (!kernel_version_parse(value->text, true, version)) {
        return fail_value(oci->file, value, oci->error,
                          "'%.60s' is not a kernel version: write it as \"4.8\"", value->text);
    }
    return 0;
}

/* What one of the two objects names, against what the target has. */
struct words {
    size_t arches, arches_had;
    size_t capabilities, capabilities_had;
    bool kernel;         /* names one */
    bool kernel_reached; /* by every kernel that is allowed */
};

static int read_object(struct oci *oci, const struct json_value *rule, const char *key,
                       struct words *words)
{
    static const char *const keys[] = {"arches", "caps", "minKernel"};
    *words = (struct words){0};
    const struct json_value *object = oci_member(rule, key);
    if (!object) {
        return 0;
    }
    if (expect_kind(oci->file, object, JSON_OBJECT, oci->error) < 0 ||
        expect_keys(oci->file, object, keys, sizeof keys / sizeof *keys, key, oci->error) < 0) {
        return -1;
    }
    const struct json_value *arches = oci_member(object, "arches");
    if (arches && arches->count && !oci->options->architecture) {
        return fail_value(oci->file, arches, oci->error,
                          "depends on the architecture: say for which the policy is read");
    }
    if (read_words(oci, arches, false, &words->arches, &words->arches_had) < 0 ||
        read_words(oci, oci_member(object, "caps"), true, &words->capabilities,
                   &words->capabilities_had) < 0) {
        return -1;
    }
    const struct json_value *kernel = oci_member(object, "minKernel");
    struct kernel_version wanted = {0};
    if (kernel) {
        if (read_kernel(oci, kernel, &wanted) < 0) {
            return -1;
        }
        words->kernel = true;
        words->kernel_reached = reaches(oci->minimum_kernel, wanted);
    }
    return 0;
}

int oci_read_filter(struct oci *oci, const struct json_value *rule, enum oci_applies *applies)
{
    struct words includes;
    struct words excludes;
    if (read_object(oci, rule, "includes", &includes) < 0 ||
        read_object(oci, rule, "excludes", &excludes) < 0) {
        return -1;
    }
    if (excludes.arches_had || excludes.capabilities_had || excludes.kernel_reached ||
        (includes.arches && !includes.arches_had) ||
        includes.capabilities_had < includes.capabilities) {
        *applies = OCI_APPLIES_NOT;
    } else if (excludes.kernel || (includes.kernel && !includes.kernel_reached)) {
        *applies = OCI_APPLIES_PERHAPS;
    } else {
        *applies = OCI_APPLIES;
    }
    return 0;
}
