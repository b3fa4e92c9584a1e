/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_local_spare.h"

#include <pthread.h>
#include <string.h>

#include "base/memory.h"
#include "store/store_local_staged.h"
#include "store/store_local_target.h"

/* As many directories as are stored in at a time, or files at once in one. */
enum { SPARES_MAX = 64 };

struct local_spares {
    pthread_mutex_t lock;
    struct local_spare *first; /* owned: the last that was given back */
    size_t count;
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

/* One in that directory, out of the list; NULL: there is none. */
static struct local_spare *take(struct local_spares *spares, const char *directory, size_t len)
{
    pthread_mutex_lock(&spares->lock);
    struct local_spare **link = &spares->first;
    while (*link && ((*link)->len != len || memcmp((*link)->directory, directory, len) != 0))
        link = &(*link)->next;
    struct local_spare *spare = *link;
    if (spare) {
        *link = spare->next;
        spares->count--;
    }
    pthread_mutex_unlock(&spares->lock);
    return spare;
}

static enum fault make(struct journal *journal, int parent, const char *directory, size_t len,
                       struct local_spare **ret_spare)
{
    struct local_spare *spare = memory_new(sizeof(*spare) + len + 1);
    if (!spare)
        return FAULT_NO_MEMORY;
    local_put_temporary_name(spare->name, sizeof(spare->name));
    memcpy(spare->directory, directory, len);
    spare->len = len;
    enum fault f = journal_add_temporary(journal, parent, spare->name, false, &spare->record);
    if (f)
        memory_free(spare);
    else
        *ret_spare = spare;
    return f;
}

struct local_spare *local_spare_take(struct journal *journal, int parent)
{
    char directory[LOCAL_PATH_SIZE];
    if (local_absolute_path(parent, directory))
        return NULL;
    return take(journal_spares(journal), directory, strlen(directory));
}

enum fault local_spare_borrow(struct journal *journal, int parent, struct local_spare **ret_spare)
{
    char directory[LOCAL_PATH_SIZE];
    enum fault f = local_absolute_path(parent, directory);
    if (f)
        return f;
    size_t len = strlen(directory);
    *ret_spare = take(journal_spares(journal), directory, len);
    return *ret_spare ? FAULT_NONE : make(journal, parent, directory, len, ret_spare);
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
