/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles from the wild: each that can be read is built and proved for every architecture that it
 * names, and its figures are printed. The folder is $ELFCAGE_POLICIES.
 */
#include "policies.h"

#include <dirent.h>

struct figures {
    size_t instructions;
    size_t longest; /* steps for a number whose action depends on no argument */
};

static size_t longest_plain(const struct table *table, const struct filter *filter)
{
    size_t longest = 0;
    for (size_t a = 0; a < table->abi_count; a++) {
        for (size_t i = 0; i < table->abis[a].range_count; i++) {
            const struct table_range *range = &table->abis[a].ranges[i];
            struct seccomp_data call = {.arch = table->abis[a].audit_architecture,
                                        .nr = (int)range->first};
            struct trace trace = {0};
            struct error error = {0};
            uint32_t returned = 0;
            filter_run(filter, &call, &returned, &trace, &error);
            assert_no_error(&error);
            bool plain = range->rule_count == 0 || range->rules[0].condition_count == 0;
            longest = plain && trace.count > longest ? trace.count : longest;
            free(trace.steps);
        }
    }
    return longest;
}

/* False if the profile cannot be honoured for the architecture; the tests of the reader say why. */
static bool build_profile(const char *path, const char *arch, struct figures *figures)
{
    const struct policy_options options = {.architecture = arch};
    struct policy *policy = NULL;
    struct policy_notes notes = {0};
    struct table *table = NULL;
    struct filter filter = {0};
    struct error error = {0};
    bool built = policy_read(path, &options, &policy, &notes, &error) == 0 &&
                 table_resolve(policy, arch_by_name(arch), &table, NULL, NULL, &error) == 0;
    if (built) {
        filter_build(table, &filter, &error);
        assert_no_error(&error);
        assert_proved(&filter, table);
        figures->instructions = filter.count;
        figures->longest = longest_plain(table, &filter);
    }
    error_clear(&error);
    filter_free(&filter);
    table_free(table);
    policy_notes_free(&notes);
    policy_free(policy);
    return built;
}

static int is_profile(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > 5 && strcmp(entry->d_name + length - 5, ".json") == 0;
}

static void test_build_proves_every_profile(void **state)
{
    const char *folder = *state;
    static const char *const arches[] = {"x86_64", "i386", "aarch64"};
    struct dirent **entries = NULL;
    size_t built = 0;
    int count = scandir(folder, &entries, is_profile, alphasort);
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        CLEANUP_FREE char *path = memory_printf("%s/%s", folder, entries[i]->d_name);
        for (size_t a = 0; a < COUNT(arches); a++) {
            struct figures figures;
            if (build_profile(path, arches[a], &figures)) {
                built++;
                print_message("# %s, %s: %zu instructions, at most %zu steps without arguments\n",
                              entries[i]->d_name, arches[a], figures.instructions, figures.longest);
            }
        }
        free(entries[i]);
    }
    free(entries);
    assert_true(built > 20);
}

/* Docker's profile of today with x86_64, i386 and x32: compact. */
static void test_build_docker_is_compact(void **state)
{
    CLEANUP_FREE char *path =
        memory_printf("%s/moby-profiles-default-current.json", (const char *)*state);
    struct figures figures = {0};
    assert_true(build_profile(path, "x86_64", &figures));
    assert_true(figures.instructions <= 128);
    assert_true(figures.longest <= 13);
}

int main(void)
{
    const char *policies = getenv("ELFCAGE_POLICIES");
    if (policies == NULL) {
        printf("1..1\nok 1 - profiles from the wild # SKIP set ELFCAGE_POLICIES to the folder that "
               "has oci/\n");
        return 0;
    }
    CLEANUP_FREE char *folder = memory_printf("%s/oci", policies);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_build_proves_every_profile, folder),
        cmocka_unit_test_prestate(test_build_docker_is_compact, folder),
    };
    return cmocka_run_group_tests_name("build_profiles", tests, NULL, NULL);
}
