/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_files: a directory for what a test of the audit writes, and an event.
 */
#ifndef FERRY_TESTS_AUDIT_FILES_H
#define FERRY_TESTS_AUDIT_FILES_H

#include <unistd.h>

#include "audit/audit.h"
#include "tests/unit/unit.h"

static char base[64];

static const char *file(const char *name)
{
    static char paths[2][128];
    static unsigned next;
    char *path = paths[next++ % 2];
    (void)snprintf(path, sizeof(paths[0]), "%s/%s", base, name);
    return path;
}

static int set_up(void **unused)
{
    (void)unused;
    (void)snprintf(base, sizeof(base), "/tmp/ferry-audit-XXXXXX");
    assert_non_null(mkdtemp(base));
    return 0;
}

static int tear_down(void **unused)
{
    char command[128];
    (void)unused;
    (void)snprintf(command, sizeof(command), "rm -rf %s", base);
    return system(command);
}

static const char *content_of(const char *path)
{
    static char bytes[8192];
    FILE *stream = fopen(path, "r");
    assert_non_null(stream);
    bytes[fread(bytes, 1, sizeof(bytes) - 1, stream)] = '\0';
    (void)fclose(stream);
    return bytes;
}

static struct audit_event example(void)
{
    struct audit_event event = {
        .action = ACTION_WRITE,
        .session = 7,
        .user = TEXT("anna"),
        .path = TEXT("/a b\n\"\xE9\xC3\xA9"),
        .is_transfer = true,
        .inbound = true,
        .bytes = 4711,
        .duration_ms = 1500,
    };
    assert_true(endpoint_parse_host(TEXT("192.0.2.1"), 0, &event.peer));
    return event;
}

#define IN_BASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
