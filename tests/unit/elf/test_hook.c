/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks on small files of each kind (the fuzzer's seeds): what the loader calls before and after,
 * and that all else holds of the caged file, by the checker that knows nothing of how plans are
 * made.
 */
#include "base/memory.h"
#include "check_cage.h"
#include "elf/initialisers.h"
#include "elf/plan.h"
#include "elf/verify_hook.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const uint8_t filter[8] = {6, 0, 0, 0, 0, 0, 0xff, 0x7f};

static struct image *open_seed(const char *name)
{
    struct error error = {0};
    struct image *image = NULL;
    CLEANUP_FREE char *path = memory_printf("%s/%s", SEEDS, name);
    if (image_open(path, &image, &error) != 0) {
        fail_msg("%s", error.text);
    }
    return image;
}

static struct image *open_bytes(const struct buffer *file)
{
    struct error error = {0};
    struct image *image = NULL;
    if (image_from_bytes((struct bytes){file->data, file->size}, "caged", &image, &error) != 0) {
        fail_msg("%s", error.text);
    }
    return image;
}

/* Cages by that hook; checks all, and gives it back. The caged file is the caller's. */
static struct buffer go_round(const char *name, enum hook hook)
{
    const struct cage cage = {
        .instructions = {filter, sizeof filter}, .policy_text = "{}", .hook = hook};
    struct error error = {0};
    struct plan *plan = NULL;
    struct image *image = open_seed(name);
    if (plan_inject(image, &cage, &plan, &error) != 0) {
        fail_msg("%s: %s", name, error.text);
    }
    struct buffer caged = plan_apply(plan, image);
    struct image *again = open_bytes(&caged);
    struct payload payload = {0};
    struct plan *back = NULL;
    assert_int_equal(payload_find(again, &payload, &error), 1);
    assert_int_equal(payload.cage.hook, hook);
    const char *problem = check_cage(image_bytes(image), image_bytes(again), &payload,
                                     image_arch(image)->page_size, true);
    if (problem) {
        fail_msg("%s: %s", name, problem);
    }
    assert_int_equal(verify_hook(again, &payload, &error), 0);
    assert_int_equal(plan_remove(again, &payload, &back, &error), 0);
    struct buffer original = plan_apply(back, again);
    assert_int_equal(original.size, image_bytes(image).size);
    assert_memory_equal(original.data, image_bytes(image).data, original.size);
    buffer_free(&original);
    plan_free(back);
    payload_clear(&payload);
    image_free(again);
    plan_free(plan);
    image_free(image);
    return caged;
}

static void test_init_comes_first(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum initialiser_kind before, after;
    } cases[] = {
        {"library-init", INITIALISER_FUNCTION, INITIALISER_FUNCTION},
        {"library-array", INITIALISER_ELEMENT, INITIALISER_ELEMENT},
        {"library-array-32", INITIALISER_ELEMENT, INITIALISER_ELEMENT},
        {"library-neither", INITIALISER_NONE, INITIALISER_FUNCTION}, /* an idle entry */
        {"library-spare", INITIALISER_NONE, INITIALISER_FUNCTION},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct image *image = open_seed(cases[i].name);
        assert_true(image_is_shared(image));
        struct initialiser before = initialisers_first(image);
        assert_int_equal(before.kind, cases[i].before);
        assert_int_equal(before.known, before.kind != INITIALISER_NONE);
        image_free(image);
        struct buffer caged = go_round(cases[i].name, HOOK_INIT);
        image = open_bytes(&caged);
        assert_int_equal(initialisers_first(image).kind, cases[i].after);
        /* The stub goes on to what was there. */
        struct error error = {0};
        struct payload payload = {0};
        assert_int_equal(payload_find(image, &payload, &error), 1);
        assert_int_equal(payload.next, before.function);
        payload_clear(&payload);
        image_free(image);
        buffer_free(&caged);
    }
}

static void test_preinit_comes_first(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum initialiser_kind before;
    } cases[] = {{"preinit-pie", INITIALISER_NONE},
                 {"preinit-own", INITIALISER_ELEMENT},
                 {"preinit-fixed", INITIALISER_NONE}};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct image *image = open_seed(cases[i].name);
        assert_false(image_is_shared(image));
        assert_true(initialisers_preinit_is_called(image));
        struct initialiser before = initialisers_preinit(image);
        assert_int_equal(before.kind, cases[i].before);
        image_free(image);
        struct buffer caged = go_round(cases[i].name, HOOK_PREINIT);
        image = open_bytes(&caged);
        struct initialiser after = initialisers_preinit(image);
        assert_int_equal(after.kind, INITIALISER_ELEMENT);
        assert_true(after.known);
        assert_int_not_equal(after.function, before.function);
        image_free(image);
        buffer_free(&caged);
    }
}

static void test_refusals_have_their_reasons(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum hook hook;
        const char *message;
    } cases[] = {
        {"library-init", HOOK_ENTRY, "nobody enters at its entry point: use --hook init"},
        {"library-init", HOOK_PREINIT, "is not called where a program needs it: use --hook init"},
        {"preinit-pie", HOOK_INIT, "runs later than its entry point: use --hook entry"},
        {"s2", HOOK_PREINIT, "static: nothing of it runs before its entry point"},
        {"s2", HOOK_INIT, "runs later than its entry point"},
        /* DT_RELACOUNT, which else is an idle entry, is why the loader looks at no symbol. */
        {"counted-with-symbol", HOOK_PREINIT, "has no two entries to spare for DT_PREINIT_ARRAY"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const struct cage cage = {
            .instructions = {filter, sizeof filter}, .policy_text = "{}", .hook = cases[i].hook};
        struct image *image = open_seed(cases[i].name);
        struct error error = {0};
        struct plan *plan = NULL;
        assert_int_equal(plan_inject(image, &cage, &plan, &error), -1);
        assert_int_equal(error.kind, ERROR_UNSUPPORTED);
        if (!strstr(error.text, cases[i].message)) {
            fail_msg("\"%s\" does not say \"%s\"", error.text, cases[i].message);
        }
        error_clear(&error);
        image_free(image);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_init_comes_first),
        cmocka_unit_test(test_preinit_comes_first),
        cmocka_unit_test(test_refusals_have_their_reasons),
    };
    return cmocka_run_group_tests_name("hook", tests, NULL, NULL);
}
