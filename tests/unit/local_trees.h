/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local_trees: a directory of the test's own with a tree in it, and beside the
 * tree a file that nothing may touch. For one test program; include it once.
 */
#ifndef FERRY_TESTS_LOCAL_TREES_H
#define FERRY_TESTS_LOCAL_TREES_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/local_tree.h"
#include "tests/unit/unit.h"

static char base[64];
static struct local_tree *tree;

/* Below the tree; "../" what is beside it. */
static inline const char *at(const char *name)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % COUNT(paths)];
    (void)snprintf(path, sizeof(paths[0]), "%s/tree/%s", base, name);
    return path;
}

static inline void put_file(const char *name, const char *content)
{
    int fd = open(at(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    close(fd);
}

static inline void put_directory(const char *name)
{
    assert_int_equal(mkdir(at(name), 0755), 0);
}

static inline void put_link(const char *name, const char *target)
{
    assert_int_equal(symlink(target, at(name)), 0);
}

static inline void assert_content(const char *name, const char *expected)
{
    char bytes[256];
    int fd = open(at(name), O_RDONLY | O_NOFOLLOW);
    if (fd < 0)
        fail_msg("%s: %s", name, strerror(errno));
    ssize_t n = read(fd, bytes, sizeof(bytes));
    close(fd);
    assert_true(n >= 0);
    assert_text(((struct text){bytes, (size_t)n}), expected);
}

static inline bool is_there(const char *name)
{
    struct stat info;
    return lstat(at(name), &info) == 0;
}

/* Without "." and "..", with what is hidden. */
static inline size_t count_names(const char *name)
{
    size_t count = 0;
    DIR *names = opendir(at(name));
    assert_non_null(names);
    while (readdir(names))
        count++;
    closedir(names);
    return count - 2;
}

static inline int set_up(void **unused)
{
    (void)unused;
    umask(022);
    (void)snprintf(base, sizeof(base), "/tmp/ferry-tree-XXXXXX");
    if (!mkdtemp(base) || mkdir(at(""), 0755))
        return -1;
    put_file("../outside", "outside");
    return local_tree_open(at(""), false, &tree) ? -1 : 0;
}

static inline int tear_down(void **unused)
{
    char command[128];
    (void)unused;
    local_tree_free(tree);
    tree = NULL;
    (void)snprintf(command, sizeof(command), "rm -rf %s", base);
    return system(command);
}

/* The number of the parts that tests begin: 0123456789abcdef. */
#define IDENTITY 0x0123456789abcdefULL

static inline struct local_part begun(const char *path, uint64_t identity, bool resumes)
{
    struct local_part part = {0};
    assert_fault(local_part_open(tree, path, identity, resumes, &part), FAULT_NONE);
    return part;
}

static inline void put(struct local_part *part, const char *bytes)
{
    assert_fault(stream_write(part->stream, bytes, strlen(bytes)), FAULT_NONE);
}

#define IN_TREE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
