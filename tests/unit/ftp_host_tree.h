/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ftp_host_tree: what the hosts of ftp_host.h are made of, and the trees in memory that they
 * have: directories, files and when they were changed. For ftp_host.h alone.
 */
#ifndef FERRY_TESTS_FTP_HOST_TREE_H
#define FERRY_TESTS_FTP_HOST_TREE_H

#include <pthread.h>

#include "base/endpoint.h"
#include "tests/unit/unit.h"

enum {
    FTP_HOST_PATIENCE_S = 10,
    FTP_HOST_NODES = 400,
    FTP_HOST_PATH = 1200,
    FTP_HOST_VISITS = 400,
    FTP_HOST_LINE = 4096,
    FTP_HOST_HEARD = 256 * 1024,
    FTP_HOST_PIECE = 16 * 1024,
};

/* "/" has none; absolute paths, without a slash at their end. "" is none any more. */
struct ftp_node {
    char path[FTP_HOST_PATH];
    bool is_directory;
    char *bytes; /* owned */
    size_t len;
    int64_t modified;
};

/* What is said to lines that begin with `command`, in place of what would be done. */
struct ftp_host_answer {
    const char *command; /* borrowed, as all below: the test's; NULL: behind the last one */
    const char *reply;   /* without its last line end; behind a 421 the visitor is left */
    const char *data;    /* sent on the data connection instead; both NULL: the visitor is left */
};

struct ftp_host {
    /* Set before ftp_host_begin. */
    const char *features; /* borrowed: lines of FEAT, each with CRLF */
    /*
     * A reply in place of what it would do; NULL: it does it. With the host's lock held: it
     * may change what is here, by functions that want it.
     */
    const char *(*on_command)(struct ftp_host *host, struct text verb, struct text argument);
    const struct ftp_host_answer *answers; /* borrowed: the first that fits counts; NULL: none */
    unsigned logins_max;                   /* more are answered with 530; 0: as many as come */
    bool begins_at_0;                      /* whatever REST and RANG said, to which it says 350 */
    bool takes_connection;                 /* what breaks is the control connection, too */
    bool breaks_in_order;                  /* what breaks off is said to be complete */
    const char *verdict;                   /* borrowed: behind all bytes, in place of 226; */
    unsigned verdicts;                     /* of so many transfers; guarded, as all below */
    unsigned breaks;                       /* how many transfers break off */
    size_t breaks_after;                   /* bytes of each */

    pthread_mutex_t lock;
    struct ftp_node nodes[FTP_HOST_NODES]; /* a free one has no path */
    char heard[FTP_HOST_HEARD];            /* commands, each with LF */
    size_t heard_len;
    unsigned logins;      /* now */
    unsigned logins_most; /* at once */
    unsigned ends;        /* uploads whose end came in order */
    int listener;
    uint16_t port;
    pthread_t thread;
    pthread_t visits[FTP_HOST_VISITS];
    size_t visit_count;
};

struct ftp_visit {
    struct ftp_host *host; /* borrowed: waits for it */
    int control;           /* owned, as all here; -1: none */
    int data_listener;
    int data;
    union endpoint target; /* of PORT; AF_UNSPEC: PASV or EPSV */
    uint64_t first;        /* of REST and RANG */
    uint64_t last;
    bool is_in;
    char renamed[FTP_HOST_PATH];
};

/* Where allocations fail, they do not fail here. */
static void ftp_host_spare_memory(void)
{
#ifdef FERRY_TESTS_FAILING_MEMORY_H
    is_spared = true;
#endif
}

/* ---- The tree; with the lock held or nobody there -------------------------------------------- */

static struct ftp_node *ftp_host_find(struct ftp_host *host, const char *path)
{
    for (size_t i = 0; i < FTP_HOST_NODES; i++)
        if (host->nodes[i].path[0] && !strcmp(host->nodes[i].path, path))
            return &host->nodes[i];
    return NULL;
}

static struct ftp_node *ftp_host_make(struct ftp_host *host, const char *path)
{
    struct ftp_node *node = ftp_host_find(host, path);
    for (size_t i = 0; i < FTP_HOST_NODES && !node; i++)
        if (!host->nodes[i].path[0])
            node = &host->nodes[i];
    if (!node)
        abort(); /* a larger FTP_HOST_NODES, please */
    (void)snprintf(node->path, sizeof(node->path), "%s", path);
    node->is_directory = false;
    node->len = 0;
    node->modified = 1577836800; /* 2020-01-01 */
    return node;
}

static void ftp_host_append(struct ftp_node *node, const void *bytes, size_t len)
{
    node->bytes = realloc(node->bytes, node->len + len + 1);
    if (!node->bytes)
        abort();
    memcpy(node->bytes + node->len, bytes, len);
    node->len += len;
}

static inline struct ftp_node *ftp_host_put(struct ftp_host *host, const char *path,
                                            const char *content)
{
    struct ftp_node *node = ftp_host_make(host, path);
    ftp_host_append(node, content, strlen(content));
    return node;
}

static inline void ftp_host_put_directory(struct ftp_host *host, const char *path)
{
    ftp_host_make(host, path)->is_directory = true;
}

static void ftp_host_remove(struct ftp_host *host, const char *path)
{
    struct ftp_node *node = ftp_host_find(host, path);
    if (node)
        node->path[0] = '\0';
}

/* Is `node` right below that directory? */
static bool ftp_host_is_in(const struct ftp_node *node, const char *directory)
{
    struct text path = text_of(node->path);
    size_t slash = text_find_last(path, '/');
    struct text parent = {path.at, slash};
    return path.len && text_equal(parent, text_of(directory[1] ? directory : ""));
}

static bool ftp_host_has_directory(struct ftp_host *host, const char *path)
{
    const struct ftp_node *node = ftp_host_find(host, path);
    return !path[1] || (node && node->is_directory);
}

static bool ftp_host_is_empty(struct ftp_host *host, const char *directory)
{
    for (size_t i = 0; i < FTP_HOST_NODES; i++)
        if (ftp_host_is_in(&host->nodes[i], directory))
            return false;
    return true;
}

#endif
