/* SPDX-License-Identifier: Apache-2.0 */
/* A directory of root's for each test, and files of root's in it. */
#ifndef FERRY_TESTS_UNIT_ROOTS_FILES_H
#define FERRY_TESTS_UNIT_ROOTS_FILES_H

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "tests/unit/unit.h"

enum { PATH_SIZE = 256, SOMEBODY = 4711 };

/* In /tmp, which is everybody's; its name is made anew for each test. */
static char base[] = "/tmp/ferry-monitor-XXXXXX";

static inline const char *at(const char *name)
{
    static char path[PATH_SIZE];
    struct builder b = builder_on(path, sizeof(path));
    builder_put_string(&b, base);
    builder_put_byte(&b, '/');
    builder_put_string(&b, name);
    return builder_end(&b);
}

static inline void make_file(const char *name, const char *content)
{
    int fd = open(at(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    close(fd);
}

static inline int set_up(void **state)
{
    (void)state;
    memcpy(base + sizeof(base) - sizeof("XXXXXX"), "XXXXXX", sizeof("XXXXXX"));
    return !mkdtemp(base) || chmod(base, 0755);
}

static inline int tear_down(void **state)
{
    char command[sizeof(base) + sizeof("rm -rf ")];
    (void)state;
    (void)snprintf(command, sizeof(command), "rm -rf %s", base);
    return system(command);
}

#endif
