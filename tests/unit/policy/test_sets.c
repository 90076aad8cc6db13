/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of system calls: the tables are sound, ours is the manual's, the pinned ones are what
 * systemd prints, and what systemd-analyze might print is read strictly.
 */
#include "arch/arch.h"
#include "policy/sets.h"
#include "policy_test.h"

static void assert_sorted(const struct syscall_set *sets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_true(sets[i].name[0] == '@');
        assert_true(!i || strcmp(sets[i - 1].name, sets[i].name) < 0);
        assert_non_null(sets[i].members[0]);
        for (size_t k = 1; sets[i].members[k]; k++) {
            assert_true(strcmp(sets[i].members[k - 1], sets[i].members[k]) < 0);
        }
    }
}

static void test_sets_tables_are_sound(void **state)
{
    (void)state;
    assert_sorted(own_sets, own_set_count);
    assert_sorted(systemd_sets, systemd_set_count);
    for (size_t i = 0; i < own_set_count; i++) {
        for (const char *const *member = own_sets[i].members; *member; member++) {
            assert_true(syscall_name_is_known(*member));
        }
    }
}

/* What a set of ours is the family of: its members, and the ways that deny one of them is to close.
 */
static void test_sets_own_are_complete(void **state)
{
    (void)state;
    static const char *const abis[] = {"x86_64", "i386", "aarch64", "arm"};
    for (size_t i = 0; i < own_set_count; i++) {
        struct set_calls calls = {0};
        struct sets *sets = sets_open(SETS_PINNED);
        struct error error = {0};
        assert_int_equal(sets_expand(sets, own_sets[i].name, &calls, &error), 0);
        for (size_t k = 0; k < COUNT(abis); k++) {
            bool some = false;
            for (size_t m = 0; m < calls.count; m++) {
                uint32_t number;
                some = some || abi_syscall_number(abi_by_name(abis[k]), calls.names[m], &number);
            }
            assert_true(some);
        }
        set_calls_free(&calls);
        sets_free(sets);
    }
}

/* The manual lists each set: ".It Cm @name", a line "Meaning:", and lines of members. */
static void test_sets_manual_has_the_same(void **state)
{
    (void)state;
    static const char item[] = ".It Cm @";
    FILE *manual = fopen(ELFCAGE_MANUAL, "re");
    assert_non_null(manual);
    struct buffer said = {0};
    bool inside = false;
    char line[512];
    while (fgets(line, sizeof line, manual)) {
        line[strcspn(line, "\n")] = 0;
        bool begins = strncmp(line, item, sizeof item - 1) == 0;
        inside = begins || (inside && line[0] != '.');
        if (inside) {
            buffer_printf(&said, "%s%s", begins ? "\n@" : " ",
                          begins ? line + sizeof item - 1 : line);
        }
    }
    fclose(manual);
    CLEANUP_FREE char *text = buffer_steal_text(&said);
    struct buffer expected = {0};
    for (size_t i = 0; i < own_set_count; i++) {
        buffer_printf(&expected, "\n%s %s:", own_sets[i].name, own_sets[i].meaning);
        for (const char *const *member = own_sets[i].members; *member; member++) {
            buffer_printf(&expected, " %s", *member);
        }
    }
    CLEANUP_FREE char *wanted = buffer_steal_text(&expected);
    assert_string_equal(text, wanted);
}

/* Names of a set, as one text. */
static char *expand(enum sets_source source, const char *set)
{
    struct set_calls calls = {0};
    struct sets *sets = sets_open(source);
    struct error error = {0};
    if (sets_expand(sets, set, &calls, &error) < 0) {
        CLEANUP_FREE char *line = error_line(&error);
        fail_msg("%s: %s", set, line);
    }
    struct buffer text = {0};
    for (size_t i = 0; i < calls.count; i++) {
        buffer_printf(&text, "%s ", calls.names[i]);
    }
    assert_int_equal(calls.newer_count, 0);
    set_calls_free(&calls);
    sets_free(sets);
    return buffer_steal_text(&text);
}

static void test_sets_expand(void **state)
{
    (void)state;
    CLEANUP_FREE char *swap = expand(SETS_PINNED, "systemd:@swap");
    assert_string_equal(swap, "swapoff swapon ");
    CLEANUP_FREE char *chown = expand(SETS_PINNED, "@chown");
    assert_string_equal(chown, "chown chown32 fchown fchown32 fchownat lchown lchown32 ");
    /* Within it: @default and fifteen others, @setuid of them too. */
    CLEANUP_FREE char *service = expand(SETS_PINNED, "systemd:@system-service");
    static const char *const within[] = {" execve ", " setuid32 ",    " io_uring_setup ",
                                         " kcmp ",   " socketcall ",  " add_key ",
                                         " fsync ",  " timer_create "};
    for (size_t i = 0; i < COUNT(within); i++) {
        assert_non_null(strstr(service, within[i]));
    }
    static const char *const without[] = {" mount ", " clock_settime ", " ptrace ", " bpf "};
    for (size_t i = 0; i < COUNT(without); i++) {
        assert_null(strstr(service, without[i]));
    }
    /* Calls that only others' architectures have are left out. */
    CLEANUP_FREE char *known = expand(SETS_PINNED, "systemd:@known");
    assert_null(strstr(known, " osf_wait4 "));
    assert_non_null(strstr(known, " uselib "));
}

/* Every set, against what the machine's systemd prints. */
static void test_sets_pinned_are_systemds(void **state)
{
    (void)state;
    struct set_table table = {0};
    struct error error = {0};
    if (set_table_ask(&table, &error) < 0) {
        printf("# skipping: systemd-analyze cannot be asked\n");
        error_clear(&error);
        set_table_free(&table);
        skip();
    }
    for (size_t i = 0; i < systemd_set_count; i++) {
        size_t k = 0;
        while (k < table.count && strcmp(table.sets[k].name, systemd_sets[i].name) != 0) {
            k++;
        }
        if (k == table.count) {
            printf("# skipping: the machine's systemd is of another version: no %s\n",
                   systemd_sets[i].name);
            set_table_free(&table);
            skip();
        }
    }
    set_table_free(&table);
    for (size_t i = 0; i < systemd_set_count; i++) {
        CLEANUP_FREE char *name = memory_printf("systemd:%s", systemd_sets[i].name);
        CLEANUP_FREE char *pinned = expand(SETS_PINNED, name);
        CLEANUP_FREE char *host = expand(SETS_HOST, name);
        assert_string_equal(pinned, host);
    }
}

static const struct {
    const char *text;
    const char *message; /* NULL: good */
} printed[] = {
    {"@a\n    # of a kind\n    read\n    @b\n\n@b\n    write\n# Unlisted\n#   x\n", NULL},
    {"@a\n    read   \n", NULL},
    {"", "systemd-analyze printed no set of system calls: use --sets pinned"},
    {"# nothing\n\n", "systemd-analyze printed no set of system calls: use --sets pinned"},
    {"    read\n",
     "line 1 of what systemd-analyze printed is not understood, '    read': use --sets "
     "pinned"},
    {"@a\nread\n",
     "line 2 of what systemd-analyze printed is not understood, 'read': use --sets pinned"},
    {"@a\n    two words\n", "line 2 of what systemd-analyze printed is not understood, '    two "
                            "words': use --sets pinned"},
    {"@A\n", "line 1 of what systemd-analyze printed is not understood, '@A': use --sets pinned"},
    {"@a\n    12\n",
     "line 2 of what systemd-analyze printed is not understood, '    12': use --sets pinned"},
    {"@a\n\tread\n",
     "line 2 of what systemd-analyze printed is not understood, '\tread': use --sets pinned"},
};

static void test_sets_output_is_read_strictly(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(printed); i++) {
        struct set_table table = {0};
        struct error error = {0};
        int result = set_table_read(printed[i].text, &table, &error);
        if (!printed[i].message) {
            assert_int_equal(result, 0);
            assert_string_equal(table.sets[0].name, "@a");
            assert_string_equal(table.sets[0].members[0], "read");
        } else {
            assert_int_equal(result, -1);
            assert_int_equal(error.kind, ERROR_SYSTEM);
            assert_string_equal(error.text, printed[i].message);
            error_clear(&error);
        }
        set_table_free(&table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sets_tables_are_sound),
        cmocka_unit_test(test_sets_own_are_complete),
        cmocka_unit_test(test_sets_manual_has_the_same),
        cmocka_unit_test(test_sets_expand),
        cmocka_unit_test(test_sets_pinned_are_systemds),
        cmocka_unit_test(test_sets_output_is_read_strictly),
    };
    return cmocka_run_group_tests_name("policy_sets", tests, NULL, NULL);
}
