/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/descriptor.h"

#include "codec/stage.h"

static const struct {
    unsigned descriptor;
    unsigned mark;
} codes[] = {
    {DESCRIPTOR_RECORD, MARK_RECORD},
    {DESCRIPTOR_FILE, MARK_FILE},
    {DESCRIPTOR_SUSPECT, MARK_SUSPECT},
    {DESCRIPTOR_RESTART, MARK_RESTART},
};

enum { CODE_COUNT = sizeof(codes) / sizeof(codes[0]) };

bool descriptor_is_valid(unsigned descriptor)
{
    if (descriptor & DESCRIPTOR_RESTART)
        return descriptor == DESCRIPTOR_RESTART;
    return !(descriptor & ~(unsigned)DESCRIPTOR_ALL);
}

unsigned descriptor_from_marks(unsigned marks)
{
    unsigned descriptor = 0;
    for (unsigned i = 0; i < CODE_COUNT; i++) {
        if (marks & codes[i].mark)
            descriptor |= codes[i].descriptor;
    }
    return descriptor;
}

unsigned descriptor_to_marks(unsigned descriptor)
{
    unsigned marks = 0;
    for (unsigned i = 0; i < CODE_COUNT; i++) {
        if (descriptor & codes[i].descriptor)
            marks |= codes[i].mark;
    }
    return marks;
}
