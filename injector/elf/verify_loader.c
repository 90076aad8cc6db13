/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between execve(2) and the entry point, the kernel maps the PT_LOADs, whole pages each, a later
 * one over an earlier one (fs/binfmt_elf.c), and ld.so relocates the program and takes access
 * rights away (glibc elf/rtld.c, elf/dl-reloc.c; musl ldso/dynlink.c). Here is what of that could
 * touch the payload.
 *
 * The payload's segment is not writable, so that a relocation into it faults and the program dies
 * unstarted; DT_TEXTREL is what would make ld.so open it for writing. Both are refused, the first
 * because a file that asks for it is not what elfcage wrote.
 *
 * ld.so finds all of this through AT_PHDR: that has to lead to the table that is looked at here
 * (verify_table.c), and whatever loaders might see differently (two of a kind) is refused.
 */
#include "elf/verify_loader.h"

#include "base/memory.h"
#include "elf/initialisers.h"
#include "elf/relocations.h"
#include "elf/resolvers.h"
#include "elf/verify_table.h"

#include <inttypes.h>

/* Packed relocations of Android (bionic linker), which nothing here decodes. */
#define ANDROID_REL 0x6000000f
#define ANDROID_RELA 0x60000011
#define ANDROID_RELR 0x6fffe000

struct loader {
    const struct image *image;
    const struct payload *payload; /* NULL in loader_sees_the_same() and what it calls */
    struct error *error;
};

__attribute__((format(printf, 2, 3))) static int no(const struct loader *l, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    CLEANUP_FREE char *text = memory_vprintf(format, arguments);
    va_end(arguments);
    return error_file(l->error, ERROR_CHECK, image_name(l->image), "%s", text);
}

/* Do the pages of [address, address + size) share one with the payload's? An address inside a page
   stands for that page even where there is no byte: kernels have mapped it. */
static bool shares_page(const struct loader *l, uint64_t page, uint64_t address, uint64_t size)
{
    uint64_t end;
    uint64_t payload_end;
    if (!bytes_add(address, size, &end) || !bytes_align_up(end, page, &end) ||
        !bytes_align_up(l->payload->address + l->payload->size, page, &payload_end)) {
        return true;
    }
    uint64_t start = address & ~(page - 1);
    uint64_t payload_start = l->payload->address & ~(page - 1);
    return bytes_overlap(start, end - start, payload_start, payload_end - payload_start);
}

/* On a kernel with pages of that size: are both in one page, which the later one, `b`, fills from
   another place of the file, or with zeros? */
static bool hides_page(const GElf_Phdr *a, const GElf_Phdr *b, uint64_t page)
{
    uint64_t a_end = a->p_vaddr + a->p_memsz; /* in range: image_check.c */
    return (b->p_vaddr & ~(page - 1)) < a_end &&
           ((b->p_filesz == 0 && b->p_memsz != 0) ||
            a->p_vaddr - a->p_offset != b->p_vaddr - b->p_offset);
}

/* A kernel whose pages are larger than what the segments were laid out for cannot map them, and the
   program does not start. One without bytes of the file may be skipped by it.
 */
static bool fits_pages(const struct image *image, uint64_t page)
{
    for (size_t i = 0; i < image_phdr_count(image); i++) {
        const GElf_Phdr *phdr = image_phdr(image, i);
        if (phdr->p_type == PT_LOAD && phdr->p_filesz != 0 &&
            ((phdr->p_vaddr ^ phdr->p_offset) & (page - 1)) != 0) {
            return false;
        }
    }
    return true;
}

/*
 * Whatever is read here by address is read from the segment that has the address. It is not what
 * ld.so reads if a later segment begins in the same page and maps other bytes: it would see another
 * dynamic section, and other relocations.
 */
static int check_shared_pages(const struct loader *l, uint64_t page)
{
    size_t before = SIZE_MAX;
    for (size_t i = 0; i < image_phdr_count(l->image); i++) {
        const GElf_Phdr *phdr = image_phdr(l->image, i);
        if (phdr->p_type != PT_LOAD) {
            continue;
        }
        /* They are sorted, so who shares a page with one shares it with the next. */
        if (before != SIZE_MAX && hides_page(image_phdr(l->image, before), phdr, page)) {
            return no(l,
                      "segments %zu and %zu share a page and map different bytes: ld.so would "
                      "not see what the first one says",
                      before, i);
        }
        before = phdr->p_memsz ? i : before; /* ld.so maps the page of an empty one, too */
    }
    return 0;
}

static int check_segments(const struct loader *l, uint64_t page)
{
    const char *where = page == SMALLEST_PAGE ? "" : " on kernels with larger pages than 4 KiB";
    for (size_t i = 0; i < image_phdr_count(l->image); i++) {
        const GElf_Phdr *phdr = image_phdr(l->image, i);
        if (i == l->payload->segment || !shares_page(l, page, phdr->p_vaddr, phdr->p_memsz)) {
            continue;
        }
        if (phdr->p_type == PT_LOAD) {
            return no(l,
                      "segment %zu at 0x%" PRIx64 " is mapped over the payload's pages%s: what "
                      "runs is not the stub",
                      i, (uint64_t)phdr->p_vaddr, where);
        }
        if (phdr->p_type == PT_GNU_RELRO) {
            return no(l,
                      "PT_GNU_RELRO covers the payload's pages%s: the stub would lose its right "
                      "to run",
                      where);
        }
        if (phdr->p_type == PT_DYNAMIC) {
            return no(l, "the dynamic section lies in the payload's pages%s", where);
        }
    }
    return 0;
}

static int check_unique(const struct loader *l, uint32_t type, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < image_phdr_count(l->image); i++) {
        count += image_phdr(l->image, i)->p_type == type;
    }
    return count <= 1 ? 0
                      : no(l, "%zu program headers are %s: loaders differ in which they take",
                           count, name);
}

static int check_relocations(const struct loader *l)
{
    uint64_t plt_type = DT_RELA;
    image_dynamic_value(l->image, DT_PLTREL, &plt_type);
    if (plt_type != DT_REL && plt_type != DT_RELA) {
        return no(l, "the relocations of DT_JMPREL are of no known kind (DT_PLTREL)");
    }
    const char *unreadable = relocations_unreadable(l->image);
    if (unreadable) {
        return no(
            l,
            "the relocations of %s are not in the file as a whole: nobody can say what they write",
            unreadable);
    }
    uint64_t target;
    if (relocations_write_to(l->image, l->payload->address, l->payload->size, &target)) {
        return no(l, "a relocation writes into the payload's segment, to 0x%" PRIx64, target);
    }
    const struct relocations_summary *summary = relocations_summary(l->image);
    if (summary->astray) {
        return no(l,
                  "a relocation writes to no writable segment, but to 0x%" PRIx64
                  ", which may be anything of the process",
                  summary->astray_target);
    }
    return resolvers_digest(l->image) == l->payload->resolvers
               ? 0
               : no(l,
                    "the resolvers of indirect functions (IRELATIVE relocations, symbols of type "
                    "GNU_IFUNC) are not those of the original: they would run before the hook");
}

/* The tags whose values are used here: twice in a file, they would be a question of taste. */
static bool is_relocation_tag(int64_t tag)
{
    static const int64_t tags[] = {DT_REL,    DT_RELSZ,  DT_RELA,   DT_RELASZ,  DT_RELR,
                                   DT_RELRSZ, DT_JMPREL, DT_PLTREL, DT_PLTRELSZ};
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        if (tags[i] == tag) {
            return true;
        }
    }
    return false;
}

static int check_dynamic(const struct loader *l)
{
    size_t count = image_dynamic_count(l->image);
    for (size_t i = 0; i < count; i++) {
        GElf_Dyn dyn = image_dynamic(l->image, i);
        if (dyn.d_tag == DT_TEXTREL ||
            (dyn.d_tag == DT_FLAGS && (dyn.d_un.d_val & DF_TEXTREL) != 0)) {
            return no(l, "%s: ld.so would make the payload's segment writable",
                      dyn.d_tag == DT_TEXTREL ? "DT_TEXTREL" : "DF_TEXTREL");
        }
        if (dyn.d_tag == ANDROID_REL || dyn.d_tag == ANDROID_RELA || dyn.d_tag == ANDROID_RELR) {
            return no(l, "relocations in Android's packed form, which cannot be checked");
        }
        if (dyn.d_tag == DT_GNU_CONFLICT) {
            return no(l, "prelinked: conflicts (DT_GNU_CONFLICT), which some loaders apply before "
                         "anything else, cannot be checked: undo it (prelink -u) and cage that");
        }
        for (size_t j = 0; is_relocation_tag(dyn.d_tag) && j < i; j++) {
            if (image_dynamic(l->image, j).d_tag == dyn.d_tag) {
                return no(l,
                          "the dynamic section has tag %" PRId64 " twice: loaders differ in "
                          "which they take",
                          (int64_t)dyn.d_tag);
            }
        }
    }
    return 0;
}

int loader_sees_the_same(const struct image *image, struct error *error)
{
    const struct loader l = {image, NULL, error};
    for (uint64_t page = SMALLEST_PAGE; page <= image_arch(image)->page_size; page *= 4) {
        if (fits_pages(image, page) && check_shared_pages(&l, page) < 0) {
            return -1;
        }
    }
    if (check_unique(&l, PT_PHDR, "PT_PHDR") < 0 ||
        check_unique(&l, PT_DYNAMIC, "PT_DYNAMIC") < 0 ||
        check_unique(&l, PT_INTERP, "PT_INTERP") < 0 || verify_table(image, error) < 0 ||
        check_dynamic(&l) < 0) {
        return -1;
    }
    /* Of shared objects it is asked where their hook is looked for; who reads relocations says so
       of those that cannot be read. */
    return !image_is_shared(image) && !relocations_unreadable(image) &&
                   initialisers_are_relocated(image)
               ? no(&l, "a relocation writes to the dynamic section, to relocations or to their "
                        "symbols: ld.so would see others than the file has")
               : 0;
}

int verify_loader(const struct image *image, const struct payload *payload, struct error *error)
{
    const struct loader l = {image, payload, error};
    for (uint64_t page = SMALLEST_PAGE; page <= image_arch(image)->page_size; page *= 4) {
        bool runs = page == SMALLEST_PAGE || fits_pages(image, page);
        if (runs && check_segments(&l, page) < 0) {
            return -1;
        }
    }
    if (loader_sees_the_same(image, error) < 0) {
        return -1;
    }
    bool recorded = (payload->cage.payload_flags & PAYLOAD_PREINIT) != 0;
    if (payload->cage.hook != HOOK_ENTRY) {
        return recorded ? no(&l, "the payload speaks of a DT_PREINIT_ARRAY that runs before its "
                                 "hook, which is none of the entry point")
                        : check_relocations(&l);
    }
    if (image_has_preinit(image) && !recorded) {
        return no(&l, "DT_PREINIT_ARRAY, which the original did not have: its functions would run "
                      "before the hook");
    }
    if (!image_has_preinit(image) && recorded) {
        return no(&l, "the payload speaks of a DT_PREINIT_ARRAY, which the file does not have");
    }
    return check_relocations(&l);
}
