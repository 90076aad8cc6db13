/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of journalctl in the forms in which a message is a field among others. */
#ifndef ELFCAGE_WATCH_JOURNAL_H
#define ELFCAGE_WATCH_JOURNAL_H

#include <stddef.h>

enum journal_found {
    JOURNAL_NONE,    /* no such line: it is the message itself */
    JOURNAL_MESSAGE, /* *message is what it says, owned by the caller */
    JOURNAL_LOST,    /* a record of a filter, without its message */
};

/* Of a line of "-o json" (or json-sse, json-seq), "json-pretty", "export" or "verbose". */
enum journal_found journal_message(const char *line, size_t size, char **message);

#endif
