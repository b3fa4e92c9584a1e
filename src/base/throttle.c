/* SPDX-License-Identifier: Apache-2.0 */
#include "base/throttle.h"

#include <pthread.h>
#include <time.h>

#include "base/clock.h"
#include "base/memory.h"

enum {
    BURSTS_A_SECOND = 4,
    /* All who wait have had a part each after about so long. */
    ROUNDS_A_SECOND = 20,
    /* Parts smaller than this cost more than fairness is worth, unless the rate itself is lower. */
    PART_BYTES = 512,
    /* How long one sleep takes at most: then a new rate and a cancellation are noticed. */
    STEP_MS = 100,
};

/*
 * Bytes have places in one long row. Who wants some takes the next places at
 * once (`taken`) and waits until time has let through all of them (`allowed`):
 * first come, first served, and nobody can be passed over for ever. `allowed`
 * runs ahead of `taken` by a burst at most, so that rest is not saved up.
 */
struct throttle {
    pthread_mutex_t lock;
    atomic_uint_fast64_t rate; /* 0: no limit. Changed with the lock held */
    uint64_t taken;
    uint64_t allowed;
    double allowed_at; /* the moment that `allowed` is of */
    unsigned waiting;
};

/* Seconds of a clock that only goes forward. */
static double now(void)
{
    return (double)clock_running_ns() / 1e9;
}

struct throttle *throttle_new(uint64_t rate)
{
    struct throttle *throttle = memory_new(sizeof(*throttle));
    if (!throttle)
        return NULL;
    pthread_mutex_init(&throttle->lock, NULL);
    atomic_init(&throttle->rate, rate);
    throttle->allowed = rate / BURSTS_A_SECOND;
    throttle->allowed_at = now();
    return throttle;
}

void throttle_free(struct throttle *throttle)
{
    if (!throttle)
        return;
    pthread_mutex_destroy(&throttle->lock);
    memory_free(throttle);
}

static uint64_t rate_of(struct throttle *throttle)
{
    return atomic_load_explicit(&throttle->rate, memory_order_relaxed);
}

/* With the lock held: lets through what time has brought since the last look. */
static void let_through(struct throttle *throttle)
{
    uint64_t rate = rate_of(throttle);
    double moment = now();
    double brought = (double)rate * (moment - throttle->allowed_at);
    uint64_t room = throttle->taken + rate / BURSTS_A_SECOND - throttle->allowed;
    if (brought >= (double)room) {
        throttle->allowed += room;
        throttle->allowed_at = moment;
    } else {
        uint64_t whole = (uint64_t)brought;
        throttle->allowed += whole;
        throttle->allowed_at += (double)whole / (double)rate; /* part of a byte is not lost */
    }
}

void throttle_set_rate(struct throttle *throttle, uint64_t rate)
{
    pthread_mutex_lock(&throttle->lock);
    if (rate_of(throttle)) {
        let_through(throttle);
    } else {
        /* Without a limit nothing was counted: it begins empty, and owes nothing. */
        throttle->allowed = throttle->taken;
        throttle->allowed_at = now();
    }
    atomic_store_explicit(&throttle->rate, rate, memory_order_relaxed);
    uint64_t most = throttle->taken + rate / BURSTS_A_SECOND;
    if (throttle->allowed > most)
        throttle->allowed = most;
    pthread_mutex_unlock(&throttle->lock);
}

void throttles_add(struct throttles *throttles, struct throttle *throttle)
{
    if (throttle && throttles->count < THROTTLES_MAX)
        throttles->all[throttles->count++] = throttle;
}

bool throttles_limit(const struct throttles *throttles)
{
    for (size_t i = 0; i < throttles->count; i++)
        if (rate_of(throttles->all[i]))
            return true;
    return false;
}

/* How much one of those who wait takes at a time, so that the next one's turn comes soon. */
static size_t part_of(struct throttle *throttle, size_t wanted)
{
    uint64_t rate = rate_of(throttle);
    if (!rate)
        return wanted;
    uint64_t round = rate / ROUNDS_A_SECOND;
    pthread_mutex_lock(&throttle->lock);
    uint64_t part = round / (throttle->waiting + 1);
    pthread_mutex_unlock(&throttle->lock);
    if (part < PART_BYTES)
        part = round < PART_BYTES ? round : PART_BYTES;
    if (!part)
        part = 1;
    return part < wanted ? (size_t)part : wanted;
}

/* Takes the next places; returns where they end. */
static uint64_t take_places(struct throttle *throttle, size_t bytes)
{
    pthread_mutex_lock(&throttle->lock);
    if (rate_of(throttle)) {
        let_through(throttle);
        throttle->taken += bytes;
    }
    throttle->waiting++;
    uint64_t end = throttle->taken;
    pthread_mutex_unlock(&throttle->lock);
    return end;
}

/* How many seconds until all up to `end` is let through, by today's rate; 0: it is. */
static double seconds_until(struct throttle *throttle, uint64_t end)
{
    double left = 0;
    pthread_mutex_lock(&throttle->lock);
    uint64_t rate = rate_of(throttle);
    if (rate) {
        let_through(throttle);
        /* Over a wait the counters may have gone round: the distance is what counts. */
        int64_t missing = (int64_t)(end - throttle->allowed);
        left = missing > 0 ? (double)missing / (double)rate : 0;
    }
    pthread_mutex_unlock(&throttle->lock);
    return left;
}

static void sleep_for(double seconds)
{
    double step = seconds < STEP_MS / 1e3 ? seconds : STEP_MS / 1e3;
    const struct timespec pause = {.tv_nsec = (long)(step * 1e9) + 1};
    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
}

static bool is_cancelled(const atomic_bool *cancelled)
{
    return cancelled && atomic_load_explicit(cancelled, memory_order_acquire);
}

/* False when cancelled. */
static bool await_places(struct throttle *throttle, uint64_t end, const atomic_bool *cancelled)
{
    double left = 0;
    while (!is_cancelled(cancelled) && (left = seconds_until(throttle, end)) > 0)
        sleep_for(left);
    pthread_mutex_lock(&throttle->lock);
    throttle->waiting--;
    pthread_mutex_unlock(&throttle->lock);
    return !is_cancelled(cancelled);
}

size_t throttles_take(const struct throttles *throttles, size_t wanted,
                      const atomic_bool *cancelled)
{
    uint64_t ends[THROTTLES_MAX];
    bool is_through = !is_cancelled(cancelled);
    if (!is_through || !throttles_limit(throttles))
        return is_through ? wanted : 0;
    for (size_t i = 0; i < throttles->count; i++)
        wanted = part_of(throttles->all[i], wanted);
    /* Places in all rows first, then the waiting: it takes as long as the slowest alone. */
    for (size_t i = 0; i < throttles->count; i++)
        ends[i] = take_places(throttles->all[i], wanted);
    for (size_t i = 0; i < throttles->count; i++)
        is_through = await_places(throttles->all[i], ends[i], cancelled) && is_through;
    /* The places of who goes away stay empty: that costs the others a part of a round. */
    return is_through ? wanted : 0;
}

void throttles_give_back(const struct throttles *throttles, size_t bytes)
{
    for (size_t i = 0; bytes && i < throttles->count; i++) {
        struct throttle *throttle = throttles->all[i];
        pthread_mutex_lock(&throttle->lock);
        uint64_t room = throttle->taken + rate_of(throttle) / BURSTS_A_SECOND - throttle->allowed;
        throttle->allowed += bytes < room ? bytes : room;
        pthread_mutex_unlock(&throttle->lock);
    }
}
