/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_local_spare.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/memory.h"
#include "store/store_local_staged.h"
#include "store/store_local_target.h"

enum {
    /* As many directories as are stored in at a time, or files at once in one. */
    SPARES_MAX = 64,
    /*
     * So long a directory's path is not read again: 1.3 us of 43 for an upload of 1 KiB. If it was
     * moved since, and we die before the next rename, the next start does not find the file.
     */
    SEEN_MS = 1000,
};

struct local_spares {
    pthread_mutex_t lock;
    struct local_spare *first; /* owned: the last that was given back */
    size_t count;
};

/* A directory, by its path, or by what it is where `path` is NULL. */
struct directory {
    const char *path; /* borrowed: the caller's */
    size_t len;
    struct stat info;
};

struct local_spares *local_spares_new(void)
{
    struct local_spares *spares = memory_new(sizeof(*spares));
    if (spares)
        pthread_mutex_init(&spares->lock, NULL);
    return spares;
}

void local_spares_free(struct local_spares *spares)
{
    if (!spares)
        return;
    while (spares->first) {
        struct local_spare *spare = spares->first;
        spares->first = spare->next;
        memory_free(spare);
    }
    pthread_mutex_destroy(&spares->lock);
    memory_free(spares);
}

/* Of the directory that is at its path, as whoever has opened it may know it again. */
static void note_directory(struct local_spare *spare, const struct stat *info)
{
    spare->device = info->st_dev;
    spare->number = info->st_ino;
    spare->seen_ms = clock_running_ms();
}

static bool is_in(const struct local_spare *spare, const struct directory *where)
{
    if (!where->path)
        return spare->number == where->info.st_ino && spare->device == where->info.st_dev;
    return spare->len == where->len && memcmp(spare->directory, where->path, where->len) == 0;
}

/* One there, out of the list; NULL: there is none. */
static struct local_spare *take(struct local_spares *spares, const struct directory *where)
{
    pthread_mutex_lock(&spares->lock);
    struct local_spare **link = &spares->first;
    while (*link && !is_in(*link, where))
        link = &(*link)->next;
    struct local_spare *spare = *link;
    if (spare) {
        *link = spare->next;
        spares->count--;
    }
    pthread_mutex_unlock(&spares->lock);
    return spare;
}

static enum fault make(struct journal *journal, int parent, const struct directory *where,
                       struct local_spare **ret_spare)
{
    struct local_spare *spare = memory_new(sizeof(*spare) + where->len + 1);
    if (!spare)
        return FAULT_NO_MEMORY;
    local_put_temporary_name(spare->name, sizeof(spare->name));
    memcpy(spare->directory, where->path, where->len);
    spare->len = where->len;
    enum fault f = journal_add_temporary(journal, parent, spare->name, false, &spare->record);
    if (f)
        memory_free(spare);
    else
        *ret_spare = spare;
    return f;
}

enum fault local_spare_borrow(struct journal *journal, int parent, struct local_spare **ret_spare)
{
    char directory[LOCAL_PATH_SIZE];
    struct directory where = {.path = directory};
    enum fault f = local_absolute_path(parent, directory);
    if (!f && fstat(parent, &where.info))
        f = fault_from_errno(errno);
    if (f)
        return f;
    where.len = strlen(directory);
    struct local_spare *spare = take(journal_spares(journal), &where);
    if (!spare)
        f = make(journal, parent, &where, &spare);
    if (f)
        return f;
    note_directory(spare, &where.info);
    *ret_spare = spare;
    return FAULT_NONE;
}

/* Into the list; the one that there is no room for any more. */
static struct local_spare *put(struct local_spares *spares, struct local_spare *spare)
{
    struct local_spare *oldest = NULL;
    pthread_mutex_lock(&spares->lock);
    spare->next = spares->first;
    spares->first = spare;
    if (++spares->count > SPARES_MAX) {
        struct local_spare **link = &spares->first;
        while ((*link)->next)
            link = &(*link)->next;
        oldest = *link;
        *link = NULL;
        spares->count--;
    }
    pthread_mutex_unlock(&spares->lock);
    return oldest;
}

void local_spare_give_back(struct journal *journal, struct local_spare *spare, bool is_free)
{
    if (!spare)
        return;
    struct local_spare *oldest = is_free ? put(journal_spares(journal), spare) : spare;
    if (oldest && is_free)
        (void)journal_strike(journal, oldest->record, false);
    memory_free(oldest);
}

/* Is the directory where the record says it is? */
static bool has_stayed(struct local_spare *spare, int parent, const struct stat *info)
{
    char directory[LOCAL_PATH_SIZE];
    if (clock_running_ms() - spare->seen_ms < SEEN_MS)
        return true;
    if (local_absolute_path(parent, directory) || strcmp(directory, spare->directory) != 0)
        return false;
    note_directory(spare, info);
    return true;
}

struct local_spare *local_spare_take(struct journal *journal, int parent)
{
    struct directory where = {.path = NULL};
    if (fstat(parent, &where.info))
        return NULL;
    struct local_spare *spare = take(journal_spares(journal), &where);
    if (!spare || has_stayed(spare, parent, &where.info))
        return spare;
    local_spare_give_back(journal, spare, true);
    return NULL;
}
