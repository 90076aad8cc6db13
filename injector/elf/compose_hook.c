/* SPDX-License-Identifier: Apache-2.0 */
/* The hook in the new file, from what hook.c has settled: the stub has its place now. */
#include "elf/compose.h"

uint64_t compose_stub_code(const struct composition *c)
{
    return c->address + c->places.stub + c->stub->entry_offset;
}

bool compose_has_array(const struct draft *draft)
{
    for (size_t i = 0; i < draft->hook.entry_count; i++) {
        if (draft->hook.entries[i].kind == HOOK_VALUE_ARRAY) {
            return true;
        }
    }
    return false;
}

size_t compose_hook_entries(const struct draft *draft, size_t count)
{
    for (size_t i = 0; i < draft->hook.entry_count; i++) {
        size_t index = draft->hook.entries[i].index;
        count = index >= count ? index + 1 : count;
    }
    return count;
}

void compose_hook_entry(const struct composition *c, size_t index, GElf_Dyn *dyn)
{
    for (size_t i = 0; i < c->draft->hook.entry_count; i++) {
        const struct hook_entry *entry = &c->draft->hook.entries[i];
        if (entry->index == index) {
            dyn->d_tag = entry->tag;
            dyn->d_un.d_val = entry->kind == HOOK_VALUE_STUB    ? compose_stub_code(c)
                              : entry->kind == HOOK_VALUE_ARRAY ? c->address + c->array
                                                                : entry->number;
        }
    }
}

static bool is_in(const struct draft_move *move, uint64_t offset)
{
    return offset >= move->offset && offset - move->offset < move->size;
}

void compose_patch_hook(const struct composition *c, const struct draft_move *move, uint8_t *bytes)
{
    const struct hook_edits *hook = &c->draft->hook;
    if (hook->has_word && is_in(move, hook->word)) {
        codec_put_word(c->codec, bytes + (hook->word - move->offset), compose_stub_code(c));
    }
    if (move->extra) {
        const GElf_Rela rela = {
            .r_offset = hook->slot,
            .r_info = image_arch(c->image)->relocations.relative,
            .r_addend = (int64_t)compose_stub_code(c),
        };
        codec_put_rela(c->codec, bytes + move->size, &rela);
    }
}

void compose_write_hook(struct composition *c)
{
    const struct hook_edits *hook = &c->draft->hook;
    struct buffer word = {0};
    if (!hook->has_word || draft_find_move(c->draft, hook->word, 1)) {
        return;
    }
    buffer_fill(&word, 0, codec_word_size(c->codec));
    codec_put_word(c->codec, word.data, compose_stub_code(c));
    compose_write(c, compose_offset(c, hook->word, word.size), &word, "hook");
}
