/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit: cmocka and what every unit test needs. One program per module, one
 * behaviour per test, test names are sentences.
 */
#ifndef FERRY_TESTS_UNIT_H
#define FERRY_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cmocka.h wants the ones above first */
#include <cmocka.h>

#include "base/fault.h"
#include "base/text.h"

#define TEST(name) static void name(void **cmocka_state __attribute__((unused)))
#define RUN(name) cmocka_unit_test(name)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Both values are shown when they differ. */
#define assert_text(actual, expected)                                                              \
    do {                                                                                           \
        struct text actual_ = (actual);                                                            \
        struct text expected_ = text_of(expected);                                                 \
        if (!text_equal(actual_, expected_))                                                       \
            fail_msg("\"%.*s\" is not \"%.*s\"", TEXT_ARGS(actual_), TEXT_ARGS(expected_));        \
    } while (0)

#define assert_fault(actual, expected)                                                             \
    do {                                                                                           \
        enum fault actual_ = (actual);                                                             \
        if (actual_ != (expected))                                                                 \
            fail_msg("FAULT_%s is not FAULT_%s", fault_name(actual_), fault_name(expected));       \
    } while (0)

static inline bool text_ends_with(struct text t, struct text end)
{
    return t.len >= end.len && text_equal(text_after(t, t.len - end.len), end);
}

#endif
