/* SPDX-License-Identifier: Apache-2.0 */
#include "client/crew.h"

#include <pthread.h>

#include "base/memory.h"

struct queue {
    struct crew_task *first; /* owned until run */
    struct crew_task **last; /* borrowed: the last next pointer */
};

struct crew_hand {
    struct crew *crew;     /* borrowed: outlives its hands */
    struct remote *remote; /* owned; NULL: not connected; replaced under the crew's lock */
    pthread_t thread;
    bool has_thread;
    bool is_connected; /* it counts in the crew's `connected` */
    bool has_left;     /* the server has no more connections for us */
};

struct crew {
    const struct remote_settings *settings; /* borrowed */
    pthread_mutex_t lock;
    pthread_cond_t work;  /* there is some, or there will be none any more */
    pthread_cond_t quiet; /* all is done */
    struct queue urgent;  /* guarded, as all below */
    struct queue other;
    unsigned hand_count;
    unsigned idle;
    unsigned present;    /* hands with a thread that have not left */
    unsigned connecting; /* hands that do not know yet whether they are let in */
    unsigned connected;
    bool is_stopped;
    bool is_lost; /* stopped because the server is gone */
    bool is_ending;
    struct crew_hand hands[CREW_HANDS_MAX]; /* owned */
};

static void queue_init(struct queue *queue)
{
    queue->first = NULL;
    queue->last = &queue->first;
}

static void put(struct queue *queue, struct crew_task *task)
{
    task->next = NULL;
    *queue->last = task;
    queue->last = &task->next;
}

static struct crew_task *take(struct queue *queue)
{
    struct crew_task *task = queue->first;
    if (!task)
        return NULL;
    queue->first = task->next;
    if (!queue->first)
        queue->last = &queue->first;
    return task;
}

struct crew *crew_new(const struct remote_settings *settings, unsigned hands)
{
    struct crew *crew = memory_new(sizeof(*crew));
    if (!crew)
        return NULL;
    crew->settings = settings;
    crew->hand_count = hands < CREW_HANDS_MAX ? hands : CREW_HANDS_MAX;
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->work, NULL);
    pthread_cond_init(&crew->quiet, NULL);
    queue_init(&crew->urgent);
    queue_init(&crew->other);
    for (unsigned i = 0; i < crew->hand_count; i++)
        crew->hands[i].crew = crew;
    return crew;
}

void crew_give(struct crew *crew, struct remote *remote)
{
    crew->hands[0].remote = remote;
    crew->hands[0].is_connected = true;
    crew->connected = 1;
}

void crew_accompany(struct crew *crew)
{
    crew->connected++;
}

/* ---- A hand ------------------------------------------------------------------------------ */

static bool has_work(const struct crew *crew)
{
    return !crew->is_stopped && (crew->urgent.first || crew->other.first);
}

/* With the lock held: the next piece, or NULL when there will be none any more. */
static struct crew_task *await_task(struct crew *crew)
{
    crew->idle++;
    while (!crew->is_ending && !has_work(crew)) {
        if (crew->idle == crew->present)
            pthread_cond_broadcast(&crew->quiet);
        pthread_cond_wait(&crew->work, &crew->lock);
    }
    crew->idle--;
    if (crew->is_ending || crew->is_stopped)
        return NULL;
    struct crew_task *task = take(&crew->urgent);
    return task ? task : take(&crew->other);
}

/* With the lock held. */
static void stop(struct crew *crew)
{
    crew->is_stopped = true;
    for (unsigned i = 0; i < crew->hand_count; i++)
        if (crew->hands[i].remote)
            remote_stop(crew->hands[i].remote);
    pthread_cond_broadcast(&crew->work);
}

/* With the lock held: its connection will not come back. Others may still have theirs. */
static void lose(struct crew_hand *hand)
{
    struct crew *crew = hand->crew;
    crew->connected -= hand->is_connected;
    hand->is_connected = false;
    hand->has_left = true;
    if (crew->connected || crew->connecting || !has_work(crew))
        return;
    crew->is_lost = true;
    stop(crew);
}

static void *run_hand(void *argument)
{
    struct crew_hand *hand = argument;
    struct crew *crew = hand->crew;
    pthread_mutex_lock(&crew->lock);
    while (!hand->has_left && !crew->is_ending) {
        struct crew_task *task = await_task(crew);
        if (!task)
            continue;
        pthread_mutex_unlock(&crew->lock);
        task->run(task, hand);
        pthread_mutex_lock(&crew->lock);
        if (hand->remote && remote_is_given_up(hand->remote))
            lose(hand);
    }
    crew->present--;
    if (crew->idle == crew->present)
        pthread_cond_broadcast(&crew->quiet);
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

/* With the lock held: one more, if there is work that nobody is free for. */
static void call_hand(struct crew *crew)
{
    for (unsigned i = 0; !crew->idle && i < crew->hand_count; i++) {
        struct crew_hand *hand = &crew->hands[i];
        if (hand->has_thread)
            continue;
        hand->has_thread = pthread_create(&hand->thread, NULL, run_hand, hand) == 0;
        crew->present += hand->has_thread;
        return;
    }
}

enum fault crew_hand_remote(struct crew_hand *hand, struct remote **ret_remote)
{
    struct crew *crew = hand->crew;
    *ret_remote = hand->remote;
    if (hand->remote)
        return FAULT_NONE;
    struct remote *remote = NULL;
    pthread_mutex_lock(&crew->lock);
    bool is_first = !crew->connected && !crew->connecting; /* it alone waits until it is let in */
    crew->connecting++;
    pthread_mutex_unlock(&crew->lock);
    enum fault f = is_first ? remote_open(crew->settings, &remote)
                            : remote_open_another(crew->settings, &remote);
    pthread_mutex_lock(&crew->lock);
    crew->connecting--;
    crew->connected += !f;
    hand->is_connected = !f;
    bool has_others = crew->connected || crew->connecting;
    hand->remote = remote;
    if (crew->is_stopped && remote)
        remote_stop(remote); /* it was not there yet when all were */
    pthread_mutex_unlock(&crew->lock);
    *ret_remote = remote;
    /* Others are in, or may be: what one more is refused for is that it is one more. */
    if (f && has_others)
        return FAULT_TOO_MANY;
    return f == FAULT_TOO_MANY ? FAULT_BUSY : f; /* there is nobody to leave anything to */
}

void crew_leave(struct crew_hand *hand, struct crew_task *task)
{
    hand->has_left = true;
    crew_add(hand->crew, task, true);
}

struct crew *crew_of(const struct crew_hand *hand)
{
    return hand->crew;
}

/* ---- All of them --------------------------------------------------------------------------- */

void crew_add(struct crew *crew, struct crew_task *task, bool is_urgent)
{
    pthread_mutex_lock(&crew->lock);
    put(is_urgent ? &crew->urgent : &crew->other, task);
    call_hand(crew);
    pthread_cond_signal(&crew->work);
    pthread_mutex_unlock(&crew->lock);
}

enum fault crew_wait(struct crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    while (crew->present && (crew->idle < crew->present || has_work(crew)))
        pthread_cond_wait(&crew->quiet, &crew->lock);
    bool had_hands = crew->hands[0].has_thread;
    enum fault f = !has_work(crew) ? FAULT_NONE : had_hands ? FAULT_TOO_MANY : FAULT_NO_MEMORY;
    if (crew->is_lost)
        f = FAULT_CONNECTION_LOST;
    pthread_mutex_unlock(&crew->lock);
    return f;
}

void crew_stop(struct crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    stop(crew);
    pthread_mutex_unlock(&crew->lock);
}

bool crew_is_stopped(struct crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    bool is_stopped = crew->is_stopped;
    pthread_mutex_unlock(&crew->lock);
    return is_stopped;
}

static void drop_all(struct queue *queue)
{
    for (struct crew_task *task; (task = take(queue));)
        task->run(task, NULL);
}

void crew_free(struct crew *crew)
{
    if (!crew)
        return;
    pthread_mutex_lock(&crew->lock);
    crew->is_ending = true;
    pthread_cond_broadcast(&crew->work);
    pthread_mutex_unlock(&crew->lock);
    for (unsigned i = 0; i < crew->hand_count; i++) {
        if (crew->hands[i].has_thread)
            pthread_join(crew->hands[i].thread, NULL);
        remote_close(crew->hands[i].remote);
    }
    drop_all(&crew->urgent);
    drop_all(&crew->other);
    pthread_cond_destroy(&crew->work);
    pthread_cond_destroy(&crew->quiet);
    pthread_mutex_destroy(&crew->lock);
    memory_free(crew);
}
