/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking the cage out of a file that was changed since (strip, patchelf), so that the original
 * cannot be given back: the file as it is, with the hook led back to what it replaced and the
 * payload blanked.
 *
 * The segment stays loaded: layout S3m has put sections of the program into it, and tools have
 * settled around it. What goes is what makes it a payload: header, filter, policy and undo record
 * become zeros, so that nothing finds a cage any more, and the note says that it is gone. Where the
 * hook replaced nothing (the loader was to go on), it leads to the stub's own return; then the code
 * of the stub stays, but not its configuration, without which it refuses to do anything.
 *
 * The file is hostile input. It decides what the result does, as it did before; that the hook leads
 * to our stub, and back into code of the program, is checked, not believed.
 */
#include "base/memory.h"
#include "elf/initialisers.h"
#include "elf/payload_write.h"
#include "elf/plan.h"
#include "elf/verify_hook.h"
#include "stub/format.h"

#include <inttypes.h>
#include <string.h>

struct disarming {
    const struct image *image;
    const struct payload *payload;
    struct codec codec;
    const struct stub_image *stub; /* the published one */
    uint64_t stub_place;           /* offsets in the file */
    uint64_t next;                 /* the address that the hook is led back to */
    bool needs_code;               /* that is in the stub */
    struct plan *plan;
};

static void add_write(struct plan *plan, uint64_t target, struct buffer *bytes, const char *what)
{
    struct plan_write *write = memory_append(&plan->writes, &plan->write_count,
                                             &plan->write_capacity, sizeof *plan->writes);
    *write = (struct plan_write){target, bytes->data, bytes->size, what};
    *bytes = (struct buffer){0};
}

static int refuse(const struct disarming *d, uint64_t offset, struct error *error, const char *text)
{
    return error_offset(error, ERROR_UNSUPPORTED, image_name(d->image), offset,
                        "%s: the cage cannot be taken out, use the file it was made from", text);
}

/* Is the stub where the payload says, and ours? Its return is relied on, and its size. */
static bool is_published(const struct disarming *d)
{
    struct bytes bytes;
    size_t config = sizeof(struct elfcage_stub_config);
    return d->stub && d->stub->size >= config && d->payload->size >= d->stub->size &&
           bytes_slice(image_bytes(d->image), d->stub_place, d->stub->size, &bytes) &&
           bytes_in(d->stub_place - d->payload->offset, d->stub->size, d->payload->size) &&
           memcmp(bytes.data + config, d->stub->bytes + config, d->stub->size - config) == 0;
}

static int settle(struct disarming *d, struct error *error)
{
    const struct payload *payload = d->payload;
    d->codec = image_codec(d->image);
    d->stub = image_arch(d->image)->stub;
    d->stub_place = payload->offset + (payload->stub_address - payload->address);
    if (!is_published(d)) {
        return refuse(d, d->stub_place, error, "its stub is not one of this elfcage");
    }
    if (verify_hook(d->image, payload, error) != 0) {
        error->kind = ERROR_UNSUPPORTED;
        return -1;
    }
    d->needs_code = payload->cage.hook != HOOK_ENTRY && payload->next == 0;
    d->next = d->needs_code ? payload->stub_address + d->stub->return_offset : payload->next;
    if (!d->needs_code && !image_is_code(d->image, d->next, payload->segment)) {
        return refuse(d, payload->offset, error,
                      "what the hook replaced is in no code of the program");
    }
    return 0;
}

static void blank(const struct disarming *d)
{
    struct buffer zeros = {0};
    buffer_fill(&zeros, 0, d->stub_place - PAYLOAD_NOTE_SIZE - d->payload->offset);
    add_write(d->plan, d->payload->offset, &zeros, "blank payload");
    struct buffer note = {0};
    buffer_fill(&note, 0, PAYLOAD_NOTE_SIZE);
    payload_note_removed(image_big_endian(d->image), note.data);
    add_write(d->plan, d->stub_place - PAYLOAD_NOTE_SIZE, &note, "note");
    buffer_fill(&zeros, 0,
                d->needs_code ? sizeof(struct elfcage_stub_config) : (size_t)d->stub->size);
    add_write(d->plan, d->stub_place, &zeros, "blank stub");
}

/* The word that verify_hook() has looked at: its offset in the file. */
static uint64_t hook_word(const struct disarming *d)
{
    struct initialiser first = d->payload->cage.hook == HOOK_INIT ? initialisers_first(d->image)
                                                                  : initialisers_preinit(d->image);
    if (first.kind != INITIALISER_FUNCTION) {
        return first.offset;
    }
    const GElf_Phdr *dynamic = image_phdr(d->image, image_find_phdr(d->image, PT_DYNAMIC));
    return dynamic->p_offset + first.entry * codec_dyn_size(d->codec) +
           codec_word_size(d->codec); /* d_un, behind d_tag */
}

static int lead_back(const struct disarming *d, struct error *error)
{
    struct buffer bytes = {0};
    if (d->payload->cage.hook == HOOK_ENTRY) {
        GElf_Ehdr ehdr = *image_ehdr(d->image);
        ehdr.e_entry = d->next;
        buffer_fill(&bytes, 0, codec_ehdr_size(d->codec));
        codec_put_ehdr(d->codec, bytes.data, &ehdr);
        add_write(d->plan, 0, &bytes, "ELF header");
        return 0;
    }
    uint64_t offset = hook_word(d);
    size_t size = codec_word_size(d->codec);
    if (!bytes_in(offset, size, image_bytes(d->image).size)) {
        return refuse(d, offset, error, "its hook is outside the file");
    }
    buffer_fill(&bytes, 0, size);
    codec_put_word(d->codec, bytes.data, d->next);
    add_write(d->plan, offset, &bytes, "hook");
    return 0;
}

int plan_disarm(const struct image *image, const struct payload *payload, struct plan **out,
                struct error *error)
{
    struct disarming d = {.image = image, .payload = payload};
    if (settle(&d, error) != 0) {
        return -1;
    }
    d.plan = plan_identity(image);
    d.plan->layout = "disarm";
    blank(&d);
    if (lead_back(&d, error) != 0) {
        plan_free(d.plan);
        return -1;
    }
    *out = d.plan;
    return 0;
}
