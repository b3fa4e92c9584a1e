/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kept_home: a home of its own for each test, with HOME and XDG_CONFIG_HOME
 * set, and files in it.
 */
#ifndef FERRY_TESTS_KEPT_HOME_H
#define FERRY_TESTS_KEPT_HOME_H

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static char home_directory[64];

static inline int home_set_up(void **unused)
{
    (void)unused;
    umask(022);
    (void)snprintf(home_directory, sizeof(home_directory), "/tmp/ferry-home-XXXXXX");
    if (!mkdtemp(home_directory) || setenv("HOME", home_directory, 1))
        return -1;
    return unsetenv("XDG_CONFIG_HOME");
}

static inline int home_tear_down(void **unused)
{
    char command[128];
    (void)unused;
    (void)snprintf(command, sizeof(command), "rm -rf %s", home_directory);
    return system(command);
}

#define RUN_AT_HOME(name) cmocka_unit_test_setup_teardown(name, home_set_up, home_tear_down)

/* The path of a name there; valid for the next seven calls. */
static inline const char *home_path(const char *name)
{
    static char paths[8][256];
    static size_t next;
    char *path = paths[next++ % COUNT(paths)];
    (void)snprintf(path, sizeof(paths[0]), "%s/%s", home_directory, name);
    return path;
}

static inline const char *home_write(const char *name, const char *content, mode_t mode)
{
    const char *path = home_path(name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    return path;
}

static inline const char *home_read(const char *path)
{
    static char content[64 * 1024];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t len = read(fd, content, sizeof(content) - 1);
    assert_true(len >= 0);
    content[len] = '\0';
    close(fd);
    return content;
}

static inline mode_t home_mode(const char *path)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 07777;
}

#endif
