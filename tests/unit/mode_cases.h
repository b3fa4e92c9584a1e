/* SPDX-License-Identifier: Apache-2.0 */
/* mode_cases: what the tests of one MODE ask of it, in a line each. */
#ifndef FERRY_TESTS_MODE_CASES_H
#define FERRY_TESTS_MODE_CASES_H

#include "tests/unit/modes.h"
#include "tests/unit/unit.h"

static struct heard case_script;
static struct heard case_wire;
static struct heard case_got;

/* Shows bytes that do not print as hexadecimal. */
static inline void show(const char *what, const struct heard *heard)
{
    print_message("%s:", what);
    for (size_t i = 0; i < heard->len && i < 200; i++)
        print_message(" %02x%s", (unsigned char)heard->bytes[i], heard->kinds[i] ? "!" : "");
    print_message("\n");
}

/* The script goes out as these bytes. */
static inline void check_sent(enum mode_kind kind, struct text script, struct split split,
                              struct text expected)
{
    struct text wire = TEXT("");
    heard_write(&case_script, script, ~0U);
    assert_fault(mode_send(kind, &case_script, split, &case_wire), FAULT_NONE);
    if (!heard_wire(&case_wire, &wire) || !text_equal(wire, expected)) {
        show("sent", &case_wire);
        fail_msg("\"%.*s\" is sent otherwise", TEXT_ARGS(script));
    }
}

/* These bytes come in as the script, however they are split. */
static inline void check_received(enum mode_kind kind, struct text wire, struct text script)
{
    heard_write(&case_script, script, ~0U);
    for (size_t first = 0; first <= wire.len; first++) {
        for (size_t then = 1; then <= 3; then++) {
            struct split split = {first, then, false};
            assert_fault(mode_receive(kind, wire, split, &case_got), FAULT_NONE);
            if (heard_equal(&case_got, &case_script))
                continue;
            show("received", &case_got);
            fail_msg("\"%.*s\" is received otherwise", TEXT_ARGS(script));
        }
    }
}

/* These bytes are refused, however they are split. */
static inline void check_refused(enum mode_kind kind, struct text wire, enum fault fault)
{
    for (size_t first = 0; first <= wire.len; first++)
        assert_fault(mode_receive(kind, wire, (struct split){first, 1, false}, &case_got), fault);
}

#endif
