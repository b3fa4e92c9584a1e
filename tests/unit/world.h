/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world: a realm over a directory of its own, and callers in it,
 * for tests of what goes through the gate. "writer" may do anything, "reader"
 * only read.
 */
#ifndef FERRY_TESTS_WORLD_H
#define FERRY_TESTS_WORLD_H

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/account_embedded.h"
#include "gate/gate.h"
#include "store/store_local.h"
#include "tests/unit/unit.h"

/* Where it is made. */
#ifndef WORLD_IN
#define WORLD_IN "/tmp"
#endif

struct world {
    char base[64];
    char root[80];
    struct realm realm;
    struct login *logins[8]; /* of those who entered */
    size_t login_count;
};

static struct world world;

static inline void world_add_user(const char *name, bool read_only)
{
    /* "secret"; a cheap hash, these tests are not about it */
    static const char hash[] = "$5$ferry$38E213d72P/tWc4gJ.WikuEns7DhpOSh0hjGVSGwBA5";
    const struct account account = {
        .name = (char *)name,
        .password = (char *)hash,
        .terms = {.values = {[TERM_READ_ONLY] = {read_only, read_only}}}};
    assert_fault(account_embedded_add(world.realm.accounts, &account), FAULT_NONE);
}

static inline enum fault world_open(void *context, const char *directory, struct store **ret_store)
{
    (void)context;
    return store_local_open(directory, NULL, ret_store);
}

static inline int world_set_up(void **unused)
{
    static const struct budget_limits no_limits = {BUDGET_NO_LIMIT, BUDGET_NO_LIMIT,
                                                   BUDGET_NO_LIMIT, BUDGET_NO_LIMIT};
    static const struct tree_opener opener = {world_open, store_local_is_current, NULL};
    (void)unused;
    umask(0);
    (void)snprintf(world.base, sizeof(world.base), WORLD_IN "/ferry-world-XXXXXX");
    assert_non_null(mkdtemp(world.base));
    (void)snprintf(world.root, sizeof(world.root), "%s/root", world.base);
    assert_int_equal(mkdir(world.root, 0755), 0);
    world.login_count = 0;
    world.realm = (struct realm){.accounts = account_embedded_new(),
                                 .root = world.root,
                                 .server_limits = no_limits,
                                 .host_limits = no_limits};
    assert_non_null(world.realm.accounts);
    assert_fault(desk_new(NULL, &opener, &world.realm.desk), FAULT_NONE);
    assert_fault(trees_take(world.realm.desk->trees, world.root, &world.realm.home), FAULT_NONE);
    world_add_user("writer", false);
    world_add_user("reader", true);
    return 0;
}

static inline int world_tear_down(void **unused)
{
    char command[128];
    (void)unused;
    while (world.login_count)
        login_unref(world.logins[--world.login_count]);
    tree_unref(world.realm.home);
    desk_free(world.realm.desk);
    world.realm.accounts->type->free(world.realm.accounts);
    (void)snprintf(command, sizeof(command), "rm -rf %s", world.base);
    return system(command);
}

/* For as long as the test runs. */
static inline struct caller world_enter(const char *name)
{
    const struct login_attempt attempt = {.realm = &world.realm, .name = text_of(name)};
    struct login *login = NULL;
    uint64_t delay_ms;
    assert_true(world.login_count < COUNT(world.logins));
    assert_fault(login_authenticate(&attempt, TEXT("secret"), &login, &delay_ms), FAULT_NONE);
    world.logins[world.login_count++] = login;
    return (struct caller){.login = login, .tree = login_home(login)};
}

/* ---- The disk itself, past the gate; paths are the user's --------------------------- */

static inline const char *world_path(const char *path)
{
    static char full[4200];
    (void)snprintf(full, sizeof(full), "%s%s", world.root, path);
    return full;
}

static inline void world_write(const char *path, const char *content)
{
    int fd = open(world_path(path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    close(fd);
}

static inline void world_make_directory(const char *path)
{
    assert_int_equal(mkdir(world_path(path), 0755), 0);
}

static inline void world_link(const char *target, const char *path)
{
    assert_int_equal(symlink(target, world_path(path)), 0);
}

static inline bool world_has(const char *path)
{
    struct stat info;
    return lstat(world_path(path), &info) == 0;
}

static inline void assert_content(const char *path, const char *expected)
{
    char bytes[256];
    int fd = open(world_path(path), O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t len = read(fd, bytes, sizeof(bytes));
    close(fd);
    assert_true(len >= 0);
    assert_text(((struct text){bytes, (size_t)len}), expected);
}

#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

#endif
