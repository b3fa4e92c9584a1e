/* SPDX-License-Identifier: Apache-2.0 */
/*
 * failing_memory: base/memory's calls to the C library, made to fail. The
 * linker sends them here (tests/meson.build). For one test program; include it
 * once.
 */
#ifndef FERRY_TESTS_FAILING_MEMORY_H
#define FERRY_TESTS_FAILING_MEMORY_H

#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static struct {
    atomic_uint nth; /* 0: nothing fails */
    atomic_bool lasts;
    atomic_uint made;
    atomic_bool met;
} shortage;

static _Thread_local bool is_spared; /* what this thread asks for is there */

static bool is_out_of_memory(void)
{
    if (!shortage.nth || is_spared)
        return false;
    unsigned made = ++shortage.made;
    if (made < shortage.nth || (made > shortage.nth && !shortage.lasts))
        return false;
    shortage.met = true;
    return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_reallocarray(void *block, size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_reallocarray(void *block, size_t count, size_t size);

void *__wrap_malloc(size_t size)
{
    return is_out_of_memory() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return is_out_of_memory() ? NULL : __real_calloc(count, size);
}

void *__wrap_reallocarray(void *block, size_t count, size_t size)
{
    return is_out_of_memory() ? NULL : __real_reallocarray(block, count, size);
}

/* The log, whose lines would be thousands here. */
ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);

ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
    return fd == STDERR_FILENO ? (ssize_t)len : __real_write(fd, bytes, len);
}

static inline unsigned count_open_files(void)
{
    unsigned count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static inline void end_shortage(void)
{
    shortage.nth = 0;
}

/*
 * `act` calls end_shortage when what it tries is done, then looks at what that
 * left; it returns what was said.
 */
static inline void until_enough(enum fault (*act)(void))
{
    for (unsigned lasts = 0; lasts < 2; lasts++) {
        unsigned nth = 0;
        do {
            unsigned open_before = count_open_files();
            shortage.nth = ++nth;
            shortage.lasts = lasts;
            shortage.made = 0;
            shortage.met = false;
            enum fault f = act();
            end_shortage();
            assert_int_equal(count_open_files(), open_before);
            if (f != FAULT_NONE && (f != FAULT_NO_MEMORY || !shortage.met))
                fail_msg("allocation %u fails, and it says FAULT_%s", nth, fault_name(f));
        } while (shortage.met);
        assert_true(nth > 1); /* something did fail */
    }
}

#endif
