/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of names, as findings print them. */
#include "lint/internal.h"

#include "base/memory.h"

#include <string.h>

bool name_list_has(const struct name_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

void name_list_add(struct name_list *list, const char *name)
{
    if (!name_list_has(list, name)) {
        const char **slot =
            memory_append(&list->names, &list->count, &list->capacity, sizeof *list->names);
        *slot = name;
    }
}

char *name_list_text(const struct name_list *list, size_t most)
{
    struct buffer text = {0};
    size_t shown = list->count > most ? most : list->count;
    for (size_t i = 0; i < shown; i++) {
        bool last = i + 1 == list->count;
        buffer_printf(&text, "%s%s", i == 0 ? "" : last ? " and " : ", ", list->names[i]);
    }
    if (shown < list->count) {
        buffer_printf(&text, " and %zu more", list->count - shown);
    }
    return buffer_steal_text(&text);
}

char *name_list_joined(const struct name_list *list)
{
    struct buffer text = {0};
    for (size_t i = 0; i < list->count; i++) {
        buffer_printf(&text, "%s%s", i == 0 ? "" : ",", list->names[i]);
    }
    return buffer_steal_text(&text);
}

void name_list_free(struct name_list *list)
{
    free((void *)list->names);
    *list = (struct name_list){0};
}
