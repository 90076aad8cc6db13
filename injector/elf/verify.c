/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is to be shown: if a kernel starts this file (a loader loads it: init, preinit), the first
 * code of it that is called is the published stub, which loads exactly the filter that the payload
 * describes and goes on to what the file had in its place.
 *
 * Each byte of the payload has one reason to be what it is: the header, filter, policy and undo
 * record have the digest (payload.c); the note and the configuration follow from those; the stub is
 * compared with ours; the rest is zero. Behind the stub, layout S3m has put sections of the
 * program: they are compared with what injection wrote, for as long as nobody rewrote the file.
 * strip, objcopy and patchelf change them rightly, and the offsets or the size of the file with
 * them.
 *
 * Which code that is depends on the hook (verify_hook.c). Code of libraries runs before the entry
 * point; that is what the entry hook is, and no finding. The same goes for resolvers of indirect
 * functions that the original had, and for its DT_PREINIT_ARRAY, which the payload records; what
 * was added since is a finding.
 */
#include "elf/verify.h"

#include "base/memory.h"
#include "elf/payload_format.h"
#include "elf/payload_write.h"
#include "elf/verify_hook.h"
#include "elf/verify_loader.h"
#include "stub/format.h"

#include <inttypes.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#define LOADABLE_FLAGS                                                                             \
    (SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW |        \
     SECCOMP_FILTER_FLAG_TSYNC_ESRCH)

struct verifying {
    const struct image *image;
    const struct payload *payload;
    const struct stub_image *published;
    struct bytes segment; /* the payload's, as it is loaded */
    struct bytes stub;    /* in it */
    bool big_endian;
    struct error *error;
};

/* `at`: bytes from the start of the segment. */
__attribute__((format(printf, 3, 4))) static int no(const struct verifying *v, uint64_t at,
                                                    const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    CLEANUP_FREE char *text = memory_vprintf(format, arguments);
    va_end(arguments);
    return error_offset(v->error, ERROR_CHECK, image_name(v->image), v->payload->offset + at, "%s",
                        text);
}

static uint64_t field32(const struct verifying *v, enum payload_field field)
{
    return bytes_get32(v->segment.data + field, v->big_endian);
}

/* Bytes from the start of the segment. */
static uint64_t stub_place(const struct verifying *v)
{
    return v->payload->stub_address - v->payload->address;
}

/* --- the segment --- */

static int check_segment(const struct verifying *v)
{
    const GElf_Phdr *phdr = image_phdr(v->image, v->payload->segment);
    if (phdr->p_flags & PF_W) {
        return no(v, 0, "the payload's segment is writable: the program could change the stub");
    }
    if (!(phdr->p_flags & PF_X)) {
        return no(v, 0, "the payload's segment is not executable: the stub cannot run");
    }
    if (phdr->p_flags != (PF_R | PF_X)) {
        return no(v, 0, "the payload's segment has flags 0x%x, not those of code (R+X)",
                  phdr->p_flags);
    }
    if (phdr->p_memsz != phdr->p_filesz) {
        return no(v, 0, "the payload's segment is larger in memory than in the file");
    }
    if (phdr->p_paddr != phdr->p_vaddr) {
        return no(v, 0, "the payload's segment has a physical address of its own");
    }
    /* patchelf lays the whole file out anew for the pages that it believes in, and says so. */
    if (phdr->p_align < SMALLEST_PAGE || phdr->p_align > image_arch(v->image)->page_size) {
        return no(v, 0, "the payload's segment has alignment 0x%" PRIx64 ", not 0x%x",
                  (uint64_t)phdr->p_align, image_arch(v->image)->page_size);
    }
    return 0;
}

/* Sets v->stub. */
static int find_stub(struct verifying *v)
{
    if (field32(v, FIELD_STUB_SIZE) != v->published->size ||
        !bytes_slice(v->segment, stub_place(v), v->published->size, &v->stub)) {
        return no(v, FIELD_STUB_SIZE,
                  "the stub has %" PRIu64 " bytes, and the published one for %s has %zu",
                  field32(v, FIELD_STUB_SIZE), v->published->architecture, v->published->size);
    }
    return 0;
}

static int check_zero(const struct verifying *v, uint64_t from, uint64_t to, const char *where)
{
    for (uint64_t at = from; at < to && at < v->segment.size; at++) {
        if (v->segment.data[at] != 0) {
            return no(v, at, "the padding %s is not zero", where);
        }
    }
    return 0;
}

/* The note follows from the identity. */
static int check_note(const struct verifying *v)
{
    uint8_t note[PAYLOAD_NOTE_SIZE];
    payload_note(v->big_endian, v->payload->identity, note);
    uint64_t start = stub_place(v) - PAYLOAD_NOTE_SIZE;
    for (size_t i = 0; i < PAYLOAD_NOTE_SIZE; i++) {
        if (v->segment.data[start + i] != note[i]) {
            return no(v, start + i, "the note does not name the identity of the policy and filter");
        }
    }
    return 0;
}

/* --- the stub --- */

static int check_stub(const struct verifying *v)
{
    size_t config_size = sizeof(struct elfcage_stub_config);
    for (size_t i = config_size; i < v->published->size; i++) {
        if (v->stub.data[i] != v->published->bytes[i]) {
            return no(v, stub_place(v) + i,
                      "the stub is not the published one for %s: byte %zu differs",
                      v->published->architecture, i);
        }
    }
    return 0;
}

#define CONFIG_AT(field) offsetof(struct elfcage_stub_config, field)

static int no_config(const struct verifying *v, size_t field, const char *text)
{
    return no(v, stub_place(v) + field, "the stub's configuration %s", text);
}

static int check_config(const struct verifying *v)
{
    const uint8_t *config = v->stub.data;
    const struct cage *cage = &v->payload->cage;
    bool big = v->big_endian;
    uint64_t filter = (uint64_t)(cage->instructions.data - v->segment.data) + v->payload->address;
    if (bytes_get32(config + CONFIG_AT(magic), big) != ELFCAGE_STUB_MAGIC) {
        return no_config(v, CONFIG_AT(magic), "is none (magic number)");
    }
    if (bytes_get16(config + CONFIG_AT(version), big) != ELFCAGE_STUB_VERSION) {
        return no_config(v, CONFIG_AT(version), "has another version than the stub");
    }
    if ((size_t)bytes_get16(config + CONFIG_AT(instruction_count), big) *
            PAYLOAD_INSTRUCTION_SIZE !=
        cage->instructions.size) {
        return no_config(v, CONFIG_AT(instruction_count),
                         "loads another number of instructions "
                         "than the filter has");
    }
    if (bytes_get64(config + CONFIG_AT(filter_displacement), big) !=
        filter - v->payload->stub_address) {
        return no_config(v, CONFIG_AT(filter_displacement),
                         "loads another filter than the "
                         "payload's");
    }
    bool returns = v->payload->next == 0 && cage->hook != HOOK_ENTRY;
    if (bytes_get64(config + CONFIG_AT(next_displacement), big) !=
        (returns ? v->published->return_offset : v->payload->next - v->payload->stub_address)) {
        return no_config(v, CONFIG_AT(next_displacement),
                         cage->hook == HOOK_ENTRY ? "does not go on to the original entry point"
                                                  : "does not go on to what the hook replaced");
    }
    if (bytes_get32(config + CONFIG_AT(seccomp_flags), big) != cage->seccomp_flags) {
        return no_config(v, CONFIG_AT(seccomp_flags),
                         "has other seccomp(2) flags than the payload");
    }
    if (bytes_get32(config + CONFIG_AT(stub_flags), big) != cage->stub_flags) {
        return no_config(v, CONFIG_AT(stub_flags), "has other flags than the payload");
    }
    return 0;
}

static int check_flags(const struct verifying *v)
{
    const struct cage *cage = &v->payload->cage;
    if (!(cage->seccomp_flags & SECCOMP_FILTER_FLAG_TSYNC)) {
        return no(v, FIELD_SECCOMP_FLAGS, "the filter is not for all threads (no TSYNC flag)");
    }
    if (cage->seccomp_flags & ~(uint32_t)LOADABLE_FLAGS) {
        return no(v, FIELD_SECCOMP_FLAGS,
                  "the seccomp(2) flags 0x%x are not such that the stub can load a filter",
                  cage->seccomp_flags);
    }
    if (cage->stub_flags & ~(ELFCAGE_STUB_KEEP_PRIVILEGES | ELFCAGE_STUB_WARN)) {
        return no(v, FIELD_STUB_FLAGS, "the stub does not know its flags 0x%x", cage->stub_flags);
    }
    if (cage->payload_flags & ~(PAYLOAD_AUDIT | PAYLOAD_ALLOW_NESTING | PAYLOAD_PREINIT)) {
        return no(v, FIELD_PAYLOAD_FLAGS, "the payload has unknown flags 0x%x",
                  cage->payload_flags);
    }
    return 0;
}

/* --- the original --- */

static bool is_code(const struct image *image, const struct payload *payload, uint64_t address)
{
    for (size_t i = 0; i < image_phdr_count(image); i++) {
        const GElf_Phdr *phdr = image_phdr(image, i);
        if (i != payload->segment && phdr->p_type == PT_LOAD && (phdr->p_flags & PF_X) &&
            address >= phdr->p_vaddr && address - phdr->p_vaddr < phdr->p_filesz) {
            return true;
        }
    }
    return false;
}

/* Bytes of the original: from the undo record, or where they still stand. Layout S2 puts the
   original behind a page of its own, and its old headers stay loaded: by address, since tools that
   rewrite the file keep those. */
static bool original_bytes(const struct verifying *v, uint64_t offset, uint64_t size,
                           struct bytes *out)
{
    for (size_t i = 0; i < v->payload->undo_count; i++) {
        const struct undo_piece *piece = &v->payload->undo[i];
        if (offset >= piece->offset &&
            bytes_slice(piece->original, offset - piece->offset, size, out)) {
            return true;
        }
    }
    size_t first = image_find_phdr(v->image, PT_LOAD);
    uint64_t address;
    return v->payload->original_offset != 0 &&
           bytes_add(image_phdr(v->image, first)->p_vaddr, v->payload->original_offset, &address) &&
           bytes_add(address, offset, &address) && image_at_address(v->image, address, size, out);
}

/* Is this executable segment of the original still here? Tools keep addresses and sizes of code. */
static bool has_segment(const struct image *image, const GElf_Phdr *original)
{
    for (size_t i = 0; i < image_phdr_count(image); i++) {
        const GElf_Phdr *phdr = image_phdr(image, i);
        if (phdr->p_type == PT_LOAD && phdr->p_vaddr == original->p_vaddr &&
            phdr->p_memsz == original->p_memsz && phdr->p_flags == original->p_flags) {
            return true;
        }
    }
    return false;
}

static int another(const struct verifying *v, const char *what)
{
    return no(v, FIELD_NEXT, "the payload was made for another file: %s", what);
}

/*
 * The program headers that injection replaced: the same code has to be here. The interpreter is
 * another matter, since it runs before the stub: patchelf may change which it is, but a program
 * that had none must not have got one.
 */
static int check_original_segments(const struct verifying *v, struct bytes table, size_t count)
{
    struct codec codec = image_codec(v->image);
    bool first = true;
    bool interpreter = false;
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr phdr;
        codec_get_phdr(codec, table.data + i * codec_phdr_size(codec), &phdr);
        /* The first PT_LOAD has grown, if the table did. */
        if (phdr.p_type == PT_LOAD && !first && (phdr.p_flags & PF_X) &&
            !has_segment(v->image, &phdr)) {
            return another(v, "the original's code is not this file's");
        }
        first = first && phdr.p_type != PT_LOAD;
        interpreter = interpreter || phdr.p_type == PT_INTERP;
    }
    if (!interpreter && image_find_phdr(v->image, PT_INTERP) != SIZE_MAX) {
        return no(v, 0,
                  "PT_INTERP was added: the kernel starts that interpreter in place of the stub");
    }
    return 0;
}

/* The header that injection replaced says whose the payload is. */
static int check_original(const struct verifying *v)
{
    struct codec codec = image_codec(v->image);
    const GElf_Ehdr *ehdr = image_ehdr(v->image);
    struct bytes bytes;
    GElf_Ehdr original;
    enum hook hook = v->payload->cage.hook;
    if ((hook == HOOK_ENTRY || v->payload->next) &&
        !is_code(v->image, v->payload, v->payload->next)) {
        return no(v, FIELD_NEXT,
                  hook == HOOK_ENTRY
                      ? "the original entry point 0x%" PRIx64 " is in no executable segment"
                      : "what the hook replaced, 0x%" PRIx64 ", is in no executable segment",
                  v->payload->next);
    }
    if (!original_bytes(v, 0, codec_ehdr_size(codec), &bytes) ||
        memcmp(bytes.data, ELFMAG, SELFMAG) != 0) {
        return another(v, "it knows no original ELF header");
    }
    codec_get_ehdr(codec, bytes.data, &original);
    if (original.e_entry != (hook == HOOK_ENTRY ? v->payload->next : ehdr->e_entry)) {
        return another(v, "the original's entry point is not the one in its ELF header");
    }
    /* Not all of e_ident: strip changes the OS/ABI with the symbols that ask for it. */
    if (memcmp(original.e_ident, ehdr->e_ident, EI_VERSION) != 0 ||
        original.e_type != ehdr->e_type || original.e_machine != ehdr->e_machine) {
        return another(v, "the original's type is not this file's");
    }
    if (!original_bytes(v, original.e_phoff, codec_phdr_size(codec) * original.e_phnum, &bytes)) {
        return another(v, "it knows no original program headers");
    }
    return check_original_segments(v, bytes, original.e_phnum);
}

/* --- behind the stub --- */

static int check_guard(const struct verifying *v, const struct undo_guard *guard, uint64_t start)
{
    uint8_t digest[BYTES_DIGEST_SIZE];
    bytes_digest(v->segment.data + start, guard->size, digest);
    if (memcmp(digest, guard->digest, sizeof digest) != 0) {
        return no(v, start,
                  "a section that was moved behind the stub was changed since: cage the "
                  "changed program anew");
    }
    return 0;
}

static int compare_guards(const void *a, const void *b)
{
    const struct undo_guard *left = a;
    const struct undo_guard *right = b;
    return (left->offset > right->offset) - (left->offset < right->offset);
}

static int check_rest(const struct verifying *v)
{
    const struct payload *payload = v->payload;
    bool unchanged = image_bytes(v->image).size == payload->caged_size &&
                     payload->offset == payload->caged_offset;
    uint64_t at = stub_place(v) + v->published->size;
    size_t count = payload->guard_count;
    CLEANUP_FREE struct undo_guard *guards =
        memory_copy(payload->guards, count * sizeof *payload->guards);
    if (verify_hook_has_array(v->image, payload)) {
        at += codec_word_size(image_codec(v->image));
    }
    if (count > 0) {
        qsort(guards, count, sizeof *guards, compare_guards);
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t start = guards[i].offset - payload->caged_offset;
        if (guards[i].offset < payload->caged_offset || start < at || guards[i].size == 0 ||
            !bytes_in(start, guards[i].size, v->segment.size)) {
            continue;
        }
        if (check_zero(v, at, start, "behind the stub") < 0 ||
            (unchanged && check_guard(v, &guards[i], start) < 0)) {
            return -1;
        }
        at = start + guards[i].size;
    }
    return check_zero(v, at, v->segment.size, "behind the stub");
}

static int check_accepted(const struct verifying *v, const struct verify_accept *accept)
{
    const struct cage *cage = &v->payload->cage;
    if ((cage->payload_flags & PAYLOAD_AUDIT) && !(accept && accept->audit)) {
        return no(v, FIELD_PAYLOAD_FLAGS,
                  "made with --audit, which logs and denies nothing: inject without it, or give "
                  "--accept audit");
    }
    if ((cage->stub_flags & ELFCAGE_STUB_WARN) && !(accept && accept->warn)) {
        return no(v, FIELD_STUB_FLAGS,
                  "made with --on-load-failure=warn, so that it may run unfiltered: inject "
                  "without it, or give --accept warn");
    }
    return 0;
}

int verify_cage(const struct image *image, const struct payload *payload,
                const struct verify_accept *accept, struct error *error)
{
    struct verifying v = {
        .image = image,
        .payload = payload,
        .published = image_arch(image)->stub,
        .big_endian = image_big_endian(image),
        .error = error,
    };
    if (!v.published) {
        return error_file(error, ERROR_CHECK, image_name(image), "no stub is published for %s",
                          image_arch(image)->name);
    }
    if (!bytes_slice(image_bytes(image), payload->offset, payload->size, &v.segment) ||
        payload->size < PAYLOAD_HEADER_SIZE) {
        return error_file(error, ERROR_INTERNAL, image_name(image),
                          "the payload is not in the image: report this");
    }
    if (check_segment(&v) < 0 || verify_loader(image, payload, error) < 0 || find_stub(&v) < 0 ||
        verify_hook(image, payload, error) < 0 ||
        check_zero(&v, field32(&v, FIELD_SIZE), stub_place(&v) - PAYLOAD_NOTE_SIZE,
                   "in front of the note") < 0 ||
        check_note(&v) < 0 || check_stub(&v) < 0 || check_config(&v) < 0 || check_flags(&v) < 0 ||
        check_original(&v) < 0 || check_rest(&v) < 0) {
        return -1;
    }
    return check_accepted(&v, accept);
}
