/* SPDX-License-Identifier: Apache-2.0 */
/* policy/hours: the end that is foretold is closed, and the second before it is not. */
#include "base/memory.h"
#include "policy/hours.h"
#include "tests/fuzz/fuzz.h"

enum { NOW_SIZE = 4 };

static void check(const struct hours *hours, int64_t now)
{
    int64_t end = hours_end(hours, now);
    PROMISE(end >= now);
    PROMISE((end > now) == hours_are_open(hours, now));
    if (end == INT64_MAX || end == now)
        return;
    PROMISE(!hours_are_open(hours, end));
    PROMISE(hours_are_open(hours, end - 1));
    PROMISE(hours_end(hours, now + (end - now) / 2) == end);
}

/* A time of the next decades, then a text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t now;
    struct hours *hours = NULL;
    struct complaint complaint = {{NULL, 0}, NULL};
    if (size < NOW_SIZE)
        return 0;
    memcpy(&now, data, NOW_SIZE);
    char *text = memory_copy((const char *)data + NOW_SIZE, size - NOW_SIZE);
    if (!text)
        return 0;
    if (hours_new(&text, 1, &hours, &complaint))
        PROMISE(complaint.why);
    else
        check(hours, now);
    hours_free(hours);
    memory_free(text);
    return 0;
}
