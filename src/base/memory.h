/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory: the one place that asks the C library for memory. Every allocation
 * may fail and says so by returning NULL; callers turn that into
 * FAULT_NO_MEMORY. Tests make the n-th call fail by wrapping the library's
 * functions at link time, so nothing here exists for tests only.
 * Any thread.
 */
#ifndef FERRY_BASE_MEMORY_H
#define FERRY_BASE_MEMORY_H

#include <stddef.h>

/* `size` zeroed bytes, or NULL. Free with memory_free. */
void *memory_new(size_t size);

/*
 * `size` bytes with anything in them, or NULL: for a buffer that is written before it is read,
 * of which a small transfer touches little.
 */
void *memory_buffer(size_t size);

/* `count` zeroed elements of `size` bytes; NULL also when the product overflows. */
void *memory_new_array(size_t count, size_t size);

/*
 * Resizes to `count` elements of `size` bytes, contents kept, new part not
 * cleared. On NULL the old block is untouched and still the caller's.
 */
void *memory_resize(void *block, size_t count, size_t size);

/* A NUL-terminated copy of `len` bytes, or NULL. */
char *memory_copy(const char *at, size_t len);

/* Accepts NULL. */
void memory_free(void *block);

/* Overwrites a secret so that the compiler cannot leave it out, then frees. */
void memory_free_secret(void *block, size_t size);

#endif
