/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_tree: a store over a tree of its own for each test, and a directory
 * outside it that nothing may reach. For one test program; include it once.
 */
#ifndef FERRY_TESTS_STORE_TREE_H
#define FERRY_TESTS_STORE_TREE_H

#include <dirent.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/message.h"
#include "store/store_agent.h"
#include "store/store_agent_serve.h"
#include "store/store_local.h"
#include "tests/unit/unit.h"

/* Where they are made. */
#ifndef STORE_TREE_IN
#define STORE_TREE_IN "/tmp"
#endif

struct world {
    char base[64];
    char root[80];
    char outside[80];
    struct store *store; /* what is tested */
    /* The other side of a store_agent, if it is one. */
    struct store *local;
    int agent_socket;
    pthread_t agent;
};

static struct world world;

static inline void *run_agent(void *socket)
{
    store_agent_serve(*(int *)socket, world.local, FAULT_NONE);
    close(*(int *)socket);
    return NULL;
}

/* An agent in a thread of ours, over the store that there is. */
static inline void put_agent_between(void)
{
    static int theirs;
    int agent[2];
    int door[2];
    struct message *message = message_new();
    world.local = world.store;
    assert_fault(message_connect(agent), FAULT_NONE);
    assert_fault(message_connect(door), FAULT_NONE);
    theirs = agent[1];
    world.agent_socket = agent[0];
    assert_int_equal(pthread_create(&world.agent, NULL, run_agent, &theirs), 0);
    message_put_number(message, 0);
    message_put_fd(message, door[1]);
    assert_fault(message_send(agent[0], message), FAULT_NONE);
    message_free(message);
    assert_fault(store_agent_open(door[0], &world.store), FAULT_NONE);
}

static inline void take_agent_away(void)
{
    close(world.agent_socket);
    pthread_join(world.agent, NULL);
    world.store = world.local;
}

static inline const char *in_root(const char *name)
{
    static char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", world.root, name);
    return path;
}

static inline const char *outside(const char *name)
{
    static char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", world.outside, name);
    return path;
}

static inline void put(const char *path, const char *content)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs(content, file);
    (void)fclose(file);
}

static inline const char *content_of(const char *path)
{
    static char bytes[256];
    FILE *file = fopen(path, "r");
    if (!file)
        return NULL;
    bytes[fread(bytes, 1, sizeof(bytes) - 1, file)] = '\0';
    (void)fclose(file);
    return bytes;
}

static inline int set_up(void **state)
{
    (void)state;
    umask(0);
    (void)snprintf(world.base, sizeof(world.base), STORE_TREE_IN "/ferry-store-XXXXXX");
    assert_non_null(mkdtemp(world.base));
    (void)snprintf(world.root, sizeof(world.root), "%s/root", world.base);
    (void)snprintf(world.outside, sizeof(world.outside), "%s/outside", world.base);
    assert_int_equal(mkdir(world.root, 0755), 0);
    assert_int_equal(mkdir(world.outside, 0755), 0);
    put(outside("secret"), "secret");
    assert_fault(store_local_open(world.root, NULL, &world.store), FAULT_NONE);
#ifdef THROUGH_AGENT
    put_agent_between();
#endif
    return 0;
}

static inline int tear_down(void **state)
{
    char command[128];
    (void)state;
    world.store->type->free(world.store);
#ifdef THROUGH_AGENT
    take_agent_away();
    world.store->type->free(world.store);
#endif
    (void)snprintf(command, sizeof(command), "rm -rf %s", world.base);
    return system(command);
}

static inline unsigned names_in(const char *directory)
{
    unsigned count = 0;
    DIR *names = opendir(directory);
    assert_non_null(names);
    while (readdir(names))
        count++;
    closedir(names);
    return count - 2;
}

static inline struct store_upload *begin(enum store_upload_kind kind, uint64_t offset,
                                         const char *path)
{
    const struct store_upload_request request = {.kind = kind, .offset = offset, .mode = 0644};
    struct store_upload *upload = NULL;
    assert_fault(world.store->type->open_upload(world.store, path, &request, &upload), FAULT_NONE);
    return upload;
}

static inline enum fault cannot_begin(enum store_upload_kind kind, uint64_t offset,
                                      const char *path)
{
    const struct store_upload_request request = {.kind = kind, .offset = offset, .mode = 0644};
    struct store_upload *upload = NULL;
    return world.store->type->open_upload(world.store, path, &request, &upload);
}

static inline void pour(struct store_upload *upload, const char *content)
{
    assert_fault(stream_write(&upload->stream, content, strlen(content)), FAULT_NONE);
}

#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
