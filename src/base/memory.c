/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

void *memory_new(size_t size)
{
    return calloc(1, size);
}

void *memory_buffer(size_t size)
{
    return malloc(size);
}

void *memory_new_array(size_t count, size_t size)
{
    return calloc(count, size);
}

void *memory_resize(void *block, size_t count, size_t size)
{
    return reallocarray(block, count, size);
}

char *memory_copy(const char *at, size_t len)
{
    char *copy = malloc(len + 1);
    if (!copy)
        return NULL;
    if (len)
        memcpy(copy, at, len);
    copy[len] = '\0';
    return copy;
}

void memory_free(void *block)
{
    free(block);
}

void memory_free_secret(void *block, size_t size)
{
    if (!block)
        return;
    explicit_bzero(block, size);
    free(block);
}
