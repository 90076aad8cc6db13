/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a line with a record of the kernel. What is read of it can be printed. */
#include "watch/record.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition) {
        abort();
    }
}

static void check_printable(const char *text)
{
    for (; text && *text; text++) {
        require((unsigned char)*text >= 0x20 && (unsigned char)*text < 0x7f);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct record record = {0};
    const char *why = NULL;
    switch (record_parse((const char *)data, size, &record, &why)) {
    case RECORD_FOUND:
        check_printable(record.command);
        check_printable(record.program);
        record_clear(&record);
        break;
    case RECORD_BAD:
        require(why != NULL);
        break;
    case RECORD_NONE:
        break;
    }
    return 0;
}
