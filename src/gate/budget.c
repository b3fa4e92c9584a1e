/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/budget.h"

#include <pthread.h>
#include <search.h>
#include <string.h>

#include "base/memory.h"

struct budget {
    struct budgets *owner; /* borrowed: outlives its budgets */
    char *key;             /* owned */
    unsigned references;   /* guarded by the owner's lock, as all below */
    uint64_t version;      /* of the limits */
    uint64_t limits[BUDGET_USES];
    uint64_t counts[BUDGET_USES];
    struct throttle *downloads; /* owned; has a lock of its own, as uploads */
    struct throttle *uploads;   /* owned */
};

struct budgets {
    pthread_mutex_t lock;
    void *all; /* owned: tsearch's tree of the budgets that somebody holds */
};

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct budget *)a)->key, ((const struct budget *)b)->key);
}

struct budgets *budgets_new(void)
{
    struct budgets *budgets = memory_new(sizeof(*budgets));
    if (budgets)
        pthread_mutex_init(&budgets->lock, NULL);
    return budgets;
}

void budgets_free(struct budgets *budgets)
{
    if (!budgets)
        return;
    pthread_mutex_destroy(&budgets->lock);
    memory_free(budgets);
}

static void budget_free(struct budget *budget)
{
    if (!budget)
        return;
    throttle_free(budget->downloads);
    throttle_free(budget->uploads);
    memory_free(budget->key);
    memory_free(budget);
}

/* As a throttle says it. Nobody lays down a rate of 0, but it would not mean "unlimited". */
static uint64_t throttle_rate(uint64_t rate)
{
    if (rate == BUDGET_NO_LIMIT)
        return 0;
    return rate ? rate : 1;
}

/* With limits from the beginning, so that a rate begins with its burst. */
static struct budget *budget_new(struct budgets *budgets, const char *key,
                                 const struct budget_limits *limits)
{
    struct budget *budget = memory_new(sizeof(*budget));
    if (!budget)
        return NULL;
    budget->owner = budgets;
    budget->key = memory_copy(key, strlen(key));
    /* Also where there is no rate yet: one that comes later reaches transfers that run. */
    budget->downloads = throttle_new(throttle_rate(limits->download_rate));
    budget->uploads = throttle_new(throttle_rate(limits->upload_rate));
    if (budget->key && budget->downloads && budget->uploads)
        return budget;
    budget_free(budget);
    return NULL;
}

/* With the lock held. */
static struct budget *find_or_make(struct budgets *budgets, const char *key,
                                   const struct budget_limits *limits)
{
    const struct budget wanted = {.key = (char *)key};
    struct budget **found = tfind(&wanted, &budgets->all, compare);
    if (found)
        return *found;
    struct budget *budget = budget_new(budgets, key, limits);
    if (budget && tsearch(budget, &budgets->all, compare))
        return budget;
    budget_free(budget);
    return NULL;
}

struct budget *budgets_take(struct budgets *budgets, const char *key,
                            const struct budget_limits *limits)
{
    pthread_mutex_lock(&budgets->lock);
    struct budget *budget = find_or_make(budgets, key, limits);
    if (budget)
        budget->references++;
    if (budget && limits->version >= budget->version) {
        budget->version = limits->version;
        budget->limits[BUDGET_SESSION] = limits->sessions;
        budget->limits[BUDGET_TRANSFER] = limits->transfers;
        throttle_set_rate(budget->downloads, throttle_rate(limits->download_rate));
        throttle_set_rate(budget->uploads, throttle_rate(limits->upload_rate));
    }
    pthread_mutex_unlock(&budgets->lock);
    return budget;
}

void budget_release(struct budget *budget)
{
    if (!budget)
        return;
    struct budgets *budgets = budget->owner;
    pthread_mutex_lock(&budgets->lock);
    bool is_last = --budget->references == 0;
    if (is_last)
        tdelete(budget, &budgets->all, compare);
    pthread_mutex_unlock(&budgets->lock);
    if (is_last)
        budget_free(budget);
}

const char *budget_key(const struct budget *budget)
{
    return budget->key;
}

struct throttle *budget_downloads(struct budget *budget)
{
    return budget->downloads;
}

struct throttle *budget_uploads(struct budget *budget)
{
    return budget->uploads;
}

/* With the lock held: the index of the first that is full; `count`: none. */
static size_t find_full(struct budget *const *set, size_t count, enum budget_use use)
{
    size_t i = 0;
    while (i < count && set[i]->counts[use] < set[i]->limits[use])
        i++;
    return i;
}

enum fault budgets_enter(struct budget *const *set, size_t count, enum budget_use use, bool over,
                         size_t *ret_full)
{
    if (!count)
        return FAULT_NONE;
    pthread_mutex_t *lock = &set[0]->owner->lock;
    pthread_mutex_lock(lock);
    size_t full = over ? count : find_full(set, count, use);
    for (size_t i = 0; full == count && i < count; i++)
        set[i]->counts[use]++;
    pthread_mutex_unlock(lock);
    if (full == count)
        return FAULT_NONE;
    *ret_full = full;
    return FAULT_TOO_MANY;
}

void budgets_leave(struct budget *const *set, size_t count, enum budget_use use)
{
    if (!count)
        return;
    pthread_mutex_t *lock = &set[0]->owner->lock;
    pthread_mutex_lock(lock);
    for (size_t i = 0; i < count; i++)
        set[i]->counts[use]--;
    pthread_mutex_unlock(lock);
}

uint64_t budget_count(const struct budget *budget, enum budget_use use)
{
    pthread_mutex_lock(&budget->owner->lock);
    uint64_t count = budget->counts[use];
    pthread_mutex_unlock(&budget->owner->lock);
    return count;
}
