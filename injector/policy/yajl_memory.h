/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for YAJL, which does not look whether it got any: ours never is NULL. For json.c and
   json_writer.c only. */
#ifndef ELFCAGE_POLICY_YAJL_MEMORY_H
#define ELFCAGE_POLICY_YAJL_MEMORY_H

#include "base/memory.h"

#include <yajl/yajl_common.h>

static inline void *yajl_memory_new(void *context, size_t size)
{
    (void)context;
    return memory_resize(NULL, size, 1);
}

static inline void *yajl_memory_resize(void *context, void *old, size_t size)
{
    (void)context;
    return memory_resize(old, size, 1);
}

static inline void yajl_memory_free(void *context, void *old)
{
    (void)context;
    free(old);
}

#define YAJL_MEMORY                                                                                \
    ((yajl_alloc_funcs){yajl_memory_new, yajl_memory_resize, yajl_memory_free, NULL})

#endif
