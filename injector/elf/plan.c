/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Planning an injection: what the file must be whatever the layout is, then the layouts in the
 * order of how little they change.
 */
#include "elf/plan.h"

#include "base/memory.h"
#include "elf/layout.h"
#include "elf/packed.h"
#include "elf/payload_format.h"
#include "elf/payload_write.h"
#include "elf/relocations.h"
#include "elf/verify_loader.h"
#include "stub/format.h"

#include <inttypes.h>
#include <string.h>

#define PADDING_MAX 4096u

void plan_free(struct plan *plan)
{
    if (!plan) {
        return;
    }
    for (size_t i = 0; i < plan->write_count; i++) {
        free(plan->writes[i].bytes);
    }
    free(plan->writes);
    free(plan->copies);
    free(plan);
}

struct buffer plan_apply(const struct plan *plan, const struct image *image)
{
    struct buffer file = {0};
    buffer_fill(&file, 0, plan->size);
    for (size_t i = 0; i < plan->copy_count; i++) {
        const struct plan_copy *copy = &plan->copies[i];
        memcpy(file.data + copy->target, image_bytes(image).data + copy->source, copy->size);
    }
    for (size_t i = 0; i < plan->write_count; i++) {
        const struct plan_write *write = &plan->writes[i];
        memcpy(file.data + write->target, write->bytes, write->size);
    }
    return file;
}

/*
 * Does the file end in section headers that the ELF header no longer names? That is what is left
 * when somebody zeroed e_shoff to hide the sections: dead bytes of a linker, not a trailer.
 */
static bool ends_in_section_headers(const struct image *image)
{
    struct codec codec = image_codec(image);
    struct bytes file = image_bytes(image);
    size_t entry = codec_shdr_size(codec);
    uint64_t end = image_end(image);
    for (uint64_t at = file.size, count = 0; at >= end + entry; at -= entry, count++) {
        GElf_Shdr shdr;
        codec_get_shdr(codec, file.data + at - entry, &shdr);
        if (shdr.sh_type == SHT_NULL) {
            const GElf_Shdr null = {0};
            return count > 1 && memcmp(&shdr, &null, sizeof null) == 0;
        }
        if (shdr.sh_type != SHT_NOBITS && !bytes_in(shdr.sh_offset, shdr.sh_size, at)) {
            return false;
        }
    }
    return false;
}

/*
 * Programs that carry data behind their ELF image (self-extracting archives, AppImage, sbcl, node)
 * look for it from the end of the file, where the payload would be now.
 */
static int check_trailer(const struct image *image, struct error *error)
{
    struct bytes file = image_bytes(image);
    uint64_t end = image_end(image);
    bool padding = file.size - end <= PADDING_MAX;
    for (uint64_t i = end; padding && i < file.size; i++) {
        padding = file.data[i] == 0;
    }
    if (padding || (image_shdr_count(image) == 0 && ends_in_section_headers(image))) {
        return 0;
    }
    return error_offset(error, ERROR_UNSUPPORTED, image_name(image), end,
                        "%" PRIu64 " bytes are appended behind the ELF image, and the program may "
                        "look for them from the end of the file: not supported: cage the program "
                        "before the data are put behind it",
                        file.size - end);
}

/*
 * An image that a running program has dumped (unexec: GNU Common Lisp and what is built on it) has
 * a .data for each part of its heap, and goes on with sbrk(2) where the dump ends. Whatever the
 * layout, the payload's segment would be there, and the heap would not be in one piece.
 */
static int check_dumped(const struct image *image, struct error *error)
{
    size_t parts = 0;
    for (size_t i = 1; i < image_shdr_count(image); i++) {
        parts += strcmp(image_section_name(image, i), ".data") == 0 ? 1 : 0;
    }
    if (image_ehdr(image)->e_type != ET_EXEC || parts < 2) {
        return 0;
    }
    return error_file(
        error, ERROR_UNSUPPORTED, image_name(image),
        "the dump of a running program (%zu sections named .data), whose heap goes on where "
        "the payload would be: not supported, cage the program that loads it or starts it",
        parts);
}

/* Symbol tables are walked and may be rewritten: those that overlap could be made to cost anything.
 */
static int check_symbol_tables(const struct image *image, struct error *error)
{
    uint64_t sum = 0;
    for (size_t i = 1; i < image_shdr_count(image); i++) {
        const GElf_Shdr *shdr = image_shdr(image, i);
        if (shdr->sh_type != SHT_SYMTAB && shdr->sh_type != SHT_DYNSYM) {
            continue;
        }
        if (!bytes_add(sum, shdr->sh_size, &sum) || sum > image_bytes(image).size) {
            return error_offset(error, ERROR_UNSUPPORTED, image_name(image), shdr->sh_offset,
                                "damaged: its symbol tables overlap");
        }
    }
    return 0;
}

/* Where the last segment ends, address. The payload will be behind it. */
static uint64_t segments_end(const struct image *image)
{
    uint64_t end = 0;
    for (size_t i = 0; i < image_phdr_count(image); i++) {
        const GElf_Phdr *phdr = image_phdr(image, i);
        if (phdr->p_type == PT_LOAD && phdr->p_vaddr + phdr->p_memsz > end) {
            end = phdr->p_vaddr + phdr->p_memsz; /* in range: image_check.c */
        }
    }
    return end;
}

/* Nothing that ld.so reads, or takes the right to write from, is in the payload's pages then. */
static int check_segments(const struct image *image, struct error *error)
{
    uint64_t end;
    bool inside = bytes_align_up(segments_end(image), image_arch(image)->page_size, &end);
    for (size_t i = 0; inside && i < image_phdr_count(image); i++) {
        const GElf_Phdr *phdr = image_phdr(image, i);
        bool is_read = phdr->p_type == PT_DYNAMIC || phdr->p_type == PT_GNU_RELRO;
        inside = !is_read || phdr->p_memsz == 0 || bytes_in(phdr->p_vaddr, phdr->p_memsz, end);
    }
    return inside ? 0
                  : error_file(error, ERROR_UNSUPPORTED, image_name(image),
                               "damaged: PT_DYNAMIC or PT_GNU_RELRO reaches behind all segments");
}

/* No relocation writes there either, or anywhere but to its own data: verify could not tell a
   damaged file from one that was tampered with. */
static int check_relocations(const struct image *image, struct error *error)
{
    const struct relocations_summary *summary = relocations_summary(image);
    if (!summary->readable) {
        return error_file(error, ERROR_UNSUPPORTED, image_name(image),
                          "damaged: a table of relocations that its dynamic section names is not "
                          "in the file, or of no known kind");
    }
    return !summary->astray ? 0
                            : error_file(error, ERROR_UNSUPPORTED, image_name(image),
                                         "damaged: what a relocation writes to 0x%" PRIx64
                                         " is in no writable segment",
                                         summary->astray_target);
}

static int check(const struct image *image, const struct cage *cage, struct error *error)
{
    const struct stub_image *stub = image_arch(image)->stub;
    if (!stub || stub->size < sizeof(struct elfcage_stub_config)) {
        return error_file(error, ERROR_UNSUPPORTED, image_name(image),
                          "no stub for architecture %s: not supported yet",
                          image_arch(image)->name);
    }
    size_t size = cage->instructions.size;
    if (size == 0 || size % PAYLOAD_INSTRUCTION_SIZE ||
        size / PAYLOAD_INSTRUCTION_SIZE > PAYLOAD_INSTRUCTIONS_MAX || cage->hook >= HOOK_COUNT) {
        return error_file(error, ERROR_INTERNAL, image_name(image),
                          "a filter of %zu bytes cannot be embedded: report this", size);
    }
    struct payload payload = {0};
    int found = payload_find(image, &payload, error);
    payload_clear(&payload);
    if (found > 0) {
        error_file(error, ERROR_UNSUPPORTED, image_name(image),
                   "caged already: remove the cage first");
    }
    if (found == 0 && image_is_packed(image)) {
        return error_file(error, ERROR_UNSUPPORTED, image_name(image),
                          "packed by UPX, whose code finds the program by where it lies in this "
                          "file: not supported: unpack it (upx -d) and cage that; what is caged "
                          "can be packed");
    }
    if (found != 0 || check_symbol_tables(image, error) != 0 || check_dumped(image, error) != 0) {
        return -1;
    }
    if (loader_sees_the_same(image, error) != 0) {
        error->kind = ERROR_UNSUPPORTED;
        return -1;
    }
    if (check_segments(image, error) != 0 || check_relocations(image, error) != 0) {
        return -1;
    }
    return check_trailer(image, error);
}

static bool try(const struct image *image, const struct cage *cage, const struct hook_edits *hook,
                bool keep_identity, struct draft *out, struct buffer *reasons)
{
    static layout_function *const layouts[] = {layout_s1, layout_s6, layout_s3m, layout_s2};
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        struct draft draft = {
            .image = image, .cage = cage, .layout = (uint32_t)i + 1, .hook = *hook};
        if (layouts[i](&draft, keep_identity, reasons) && hook_make_room(&draft, reasons)) {
            *out = draft;
            return true;
        }
        draft_clear(&draft);
    }
    return false;
}

int plan_inject(const struct image *image, const struct cage *cage, struct plan **out,
                struct error *error)
{
    struct hook_edits hook;
    if (check(image, cage, error) != 0 || hook_settle(image, cage->hook, &hook, error) != 0) {
        return -1;
    }
    if ((cage->hook == HOOK_ENTRY || hook.next) && !image_is_code(image, hook.next, SIZE_MAX)) {
        return error_file(error, ERROR_UNSUPPORTED, image_name(image),
                          "damaged: the function that the %s names, 0x%" PRIx64
                          ", is in no executable segment",
                          cage->hook == HOOK_ENTRY ? "entry point" : "dynamic section", hook.next);
    }
    image_forget(image, 0, image_bytes(image).size); /* the checks read tables at many places */
    struct draft draft;
    struct buffer reasons = {0};
    bool fits = layout_has_identity(image) && try(image, cage, &hook, true, &draft, &reasons);
    if (!fits) {
        /* No build-id to keep, or no way to keep it for cores without the file at hand. */
        buffer_free(&reasons);
        fits = try(image, cage, &hook, false, &draft, &reasons);
    }
    CLEANUP_FREE char *text = buffer_steal_text(&reasons);
    if (!fits) {
        return error_file(error, ERROR_UNSUPPORTED, image_name(image),
                          "no layout fits this file (%s): not supported", text);
    }
    int result = draft_compose(&draft, out, error);
    draft_clear(&draft);
    return result;
}
