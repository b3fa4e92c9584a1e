/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_local_upload: uploads to a POSIX tree as transactions. Internal to
 * store_local*.
 *
 * Each goes one of four ways, chosen when it is opened: two gather what arrives
 * elsewhere first (store_local_staged), two write into the file itself
 * (store_local_in_place).
 */
#ifndef FERRY_STORE_STORE_LOCAL_UPLOAD_H
#define FERRY_STORE_STORE_LOCAL_UPLOAD_H

#include "store/store.h"
#include "store/store_local_annex_form.h"
#include "store/store_local_info.h"
#include "store/store_local_journal.h"
#include "store/store_local_path.h"

struct local_spare;

enum local_way {
    LOCAL_STAGED,      /* into `fd`, which becomes the file */
    LOCAL_STAGED_TAIL, /* into `fd`, which is then copied to the end of the file */
    LOCAL_PARTIAL,     /* into the file: what an interrupted upload left; locked */
    LOCAL_DIRECT,      /* into the file: it was asked for */
};

struct local_upload {
    struct store_upload base;
    struct journal *journal;               /* borrowed: the store's */
    struct store_watch *watch;             /* borrowed: the store's; NULL: nobody counts */
    const struct local_identity *identity; /* borrowed: the store's */
    struct store_upload_request request;   /* its sources are gone when open_upload has returned */
    struct local_place place;              /* owned */
    enum local_way way;
    int fd;                          /* owned: what is written to */
    char temporary[LOCAL_NAME_SIZE]; /* its hidden name; "" while it has none */
    journal_record record;           /* of the hidden name */
    struct local_spare *spare;       /* owned: a hidden name to come; NULL: none yet */
    int prefix;        /* owned: the file whose first `start` bytes come before ours; -1 */
    uint64_t start;    /* where our bytes begin in `fd` */
    uint64_t position; /* behind it: where the next one goes */
    uint64_t written;  /* behind it: how far they reach */
    uint64_t size;     /* that the file is to have; if it has_size */
    bool has_size;
    struct store_changes changes; /* that it is to be published with */
    struct annex_version old;     /* of the file written into, when it was opened */
    bool created;                 /* a direct upload made the file */
    bool is_late;                 /* opened at once: `fd` is made when it is needed */
    bool is_in_memory;            /* so is everything that it is to replace */
    bool is_brief;                /* what is left of it is done at once */
    bool is_local;                /* no file system over a network: what was written is there */
    struct stat replaced;         /* by one that is late */
    bool cuts; /* what the file has behind our first bytes goes once they are written */
    int annex; /* owned: what is to be its annex; -1 while there is none */
    uint64_t annex_bytes;
    int kept_in;        /* owned: the directory of what was kept; -1 while nothing was */
    bool is_kept;       /* the hidden name is in there */
    bool is_annex_kept; /* the annex has a name in there */
    bool is_promised;   /* somebody was told that it is kept */
};

/* The store that an upload goes to. */
struct local_surroundings {
    struct local_root root;
    struct journal *journal; /* borrowed: outlives the upload; NULL: a crash can leave leftovers */
    struct store_watch *watch;             /* borrowed: outlives the upload; NULL: nobody counts */
    const struct local_identity *identity; /* borrowed: outlives the upload */
};

enum fault local_open_upload(const struct local_surroundings *surroundings, const char *path,
                             const struct store_upload_request *request,
                             struct store_upload **ret_upload);

/* It writes into the file itself. */
bool local_is_in_place(const struct local_upload *upload);
/* Writes at the position, which moves on. */
enum fault local_write_on(struct local_upload *upload, const void *bytes, size_t len);
enum fault local_write_pipe_on(struct local_upload *upload, int pipe, size_t len);
/* How long what is written to is to be in the end. */
uint64_t local_final_size(const struct local_upload *upload);

/*
 * For another process that is to write by itself (store_agent): the descriptor
 * whose offset is the position, once a write is that and nothing more; -1
 * before. Borrowed. And how far the other process got with it.
 */
int local_lend(const struct store_upload *upload);
void local_take_back(struct store_upload *upload, uint64_t position, uint64_t written);
/* How far it is itself. */
void local_progress(const struct store_upload *upload, uint64_t *ret_position,
                    uint64_t *ret_written);

/* FAULT_ARGUMENT when the file is one of those the upload's bytes come from. */
enum fault local_refuse_sources(const struct local_upload *upload, const struct stat *file);

#endif
