/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the loader really calls is asked for anew, from the dynamic section and the relocations as
 * they are in this file (initialisers.c): nothing that the payload says about it is believed. Which
 * kind of file has which hook is part of the question: DT_PREINIT_ARRAY of a shared object is
 * called only by dlopen(3), and DT_INIT of a program comes after its entry point.
 */
#include "elf/verify_hook.h"

#include "elf/initialisers.h"
#include "elf/verify_table.h"

#include <inttypes.h>

static int gone(const struct image *image, struct error *error, const char *text)
{
    return error_file(error, ERROR_CHECK, image_name(image), "the hook is gone: %s", text);
}

static uint64_t stub_code(const struct image *image, const struct payload *payload)
{
    return payload->stub_address + image_arch(image)->stub->entry_offset;
}

static int check_entry(const struct image *image, const struct payload *payload,
                       struct error *error)
{
    uint64_t entry = image_ehdr(image)->e_entry;
    if (image_is_shared(image)) {
        return gone(image, error, "it is the entry point, and this is a shared object");
    }
    return entry == stub_code(image, payload)
               ? 0
               : error_file(error, ERROR_CHECK, image_name(image),
                            "the hook is gone: the entry point is 0x%" PRIx64
                            ", the stub's is 0x%" PRIx64,
                            entry, stub_code(image, payload));
}

/* `what`: the name of the first function, for messages. */
static int check_first(const struct image *image, const struct payload *payload,
                       struct initialiser first, const char *what, struct error *error)
{
    if (first.kind == INITIALISER_NONE) {
        return gone(image, error, "the loader calls no function of the file");
    }
    if (!first.known) {
        return error_file(error, ERROR_CHECK, image_name(image),
                          "the hook is gone: %s is not filled by one relative relocation: nobody "
                          "can say what is called",
                          what);
    }
    if (first.function != stub_code(image, payload)) {
        return error_file(error, ERROR_CHECK, image_name(image),
                          "the hook is gone: %s is 0x%" PRIx64 ", the stub is at 0x%" PRIx64, what,
                          first.function, stub_code(image, payload));
    }
    return initialisers_are_relocated(image)
               ? gone(image, error,
                      "relocations cannot be read, or write to what the loader goes by: nobody can "
                      "say what is called")
               : 0;
}

int verify_hook(const struct image *image, const struct payload *payload, struct error *error)
{
    struct initialiser first;
    switch (payload->cage.hook) {
    case HOOK_INIT:
        first = initialisers_first(image);
        if (!image_is_shared(image)) {
            return gone(image, error, "it is for shared objects, and this is an executable");
        }
        if (initialisers_preinit(image).kind != INITIALISER_NONE) {
            return gone(image, error,
                        "DT_PREINIT_ARRAY of a shared object, which glibc calls first when "
                        "dlopen(3) opens it");
        }
        return check_first(
            image, payload, first,
            first.kind == INITIALISER_FUNCTION ? "DT_INIT" : "the first element of DT_INIT_ARRAY",
            error);
    case HOOK_PREINIT:
        if (image_is_shared(image)) {
            return gone(image, error,
                        "DT_PREINIT_ARRAY of a shared object is not called where a "
                        "program needs it");
        }
        if (!initialisers_preinit_is_called(image)) {
            return gone(image, error,
                        "its loader (PT_INTERP) is not one that is known to call "
                        "DT_PREINIT_ARRAY");
        }
        if (table_is_missed(image)) {
            return gone(image, error,
                        "Linux before 5.18 takes other bytes for the program headers, so that "
                        "ld.so would not see DT_PREINIT_ARRAY");
        }
        return check_first(image, payload, initialisers_preinit(image),
                           "the first element of DT_PREINIT_ARRAY", error);
    case HOOK_ENTRY:
    case HOOK_COUNT:
        break;
    }
    return check_entry(image, payload, error);
}

bool verify_hook_has_array(const struct image *image, const struct payload *payload)
{
    uint64_t array;
    return payload->cage.hook == HOOK_PREINIT &&
           image_dynamic_value(image, DT_PREINIT_ARRAY, &array) &&
           array == payload->stub_address + image_arch(image)->stub->size;
}
