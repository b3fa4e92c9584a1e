/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/workers.h"
#include "tests/unit/unit.h"

struct gate_work {
    struct work work;
    pthread_mutex_t *lock;
    atomic_int *runs;
};

static void run_counted(struct work *work)
{
    struct gate_work *piece = (struct gate_work *)work;
    if (piece->lock) {
        pthread_mutex_lock(piece->lock);
        pthread_mutex_unlock(piece->lock);
    }
    atomic_fetch_add(piece->runs, 1);
}

TEST(everything_submitted_runs_once_before_the_pool_is_freed)
{
    enum { PIECES = 1000 };
    static struct gate_work pieces[PIECES];
    atomic_int runs = 0;
    struct workers *workers = workers_new("test", 4, PIECES, 0);
    for (int i = 0; i < PIECES; i++) {
        pieces[i] = (struct gate_work){{run_counted, NULL}, NULL, &runs};
        assert_true(workers_submit(workers, &pieces[i].work));
    }
    workers_free(workers);
    assert_int_equal(runs, PIECES);
}

TEST(without_a_queue_work_is_refused_when_every_thread_is_taken)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    atomic_int runs = 0;
    struct gate_work pieces[3];
    struct workers *workers = workers_new("test", 2, 0, 0);
    pthread_mutex_lock(&lock);
    for (int i = 0; i < 3; i++)
        pieces[i] = (struct gate_work){{run_counted, NULL}, &lock, &runs};
    assert_true(workers_submit(workers, &pieces[0].work));
    assert_true(workers_submit(workers, &pieces[1].work));
    assert_false(workers_keep_place(workers));
    assert_false(workers_submit(workers, &pieces[2].work));
    pthread_mutex_unlock(&lock);
    workers_free(workers);
    assert_int_equal(runs, 2);
}

TEST(a_place_that_is_kept_is_nobody_elses)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    atomic_int runs = 0;
    struct gate_work pieces[3];
    struct workers *workers = workers_new("test", 2, 0, 0);
    pthread_mutex_lock(&lock);
    for (int i = 0; i < 3; i++)
        pieces[i] = (struct gate_work){{run_counted, NULL}, &lock, &runs};
    assert_true(workers_keep_place(workers));
    assert_true(workers_submit(workers, &pieces[0].work));
    assert_false(workers_submit(workers, &pieces[1].work));
    assert_false(workers_keep_place(workers));
    workers_give_up_place(workers);
    assert_true(workers_keep_place(workers));
    assert_true(workers_submit_kept(workers, &pieces[1].work));
    assert_false(workers_submit(workers, &pieces[2].work));
    pthread_mutex_unlock(&lock);
    workers_free(workers);
    assert_int_equal(runs, 2);
}

TEST(a_full_queue_refuses)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    atomic_int runs = 0;
    struct gate_work pieces[4];
    struct workers *workers = workers_new("test", 1, 2, 0);
    pthread_mutex_lock(&lock);
    int taken = 0;
    for (int i = 0; i < 4; i++) {
        pieces[i] = (struct gate_work){{run_counted, NULL}, &lock, &runs};
        taken += workers_submit(workers, &pieces[i].work);
    }
    assert_int_equal(taken, 3); /* one runs or is about to, two wait */
    pthread_mutex_unlock(&lock);
    workers_free(workers);
    assert_int_equal(runs, 3);
}

/* ---- Bursts ------------------------------------------------------------------------- */

enum { CROWD = 8, PATIENCE_NS = 1000000 };

/* Waits until all of its round run: who is not woken keeps all others. */
struct meeting {
    struct work work;
    pthread_barrier_t *all;
    atomic_int *runs;
};

static void run_meeting(struct work *work)
{
    struct meeting *piece = (struct meeting *)work;
    pthread_barrier_wait(piece->all);
    atomic_fetch_add(piece->runs, 1);
}

static void await_runs(atomic_int *runs, int count)
{
    for (int i = 0; i < 60 * 1000 && atomic_load(runs) < count; i++)
        usleep(1000);
    assert_int_equal(atomic_load(runs), count);
}

static void burst(int64_t patience_ns)
{
    enum { ROUNDS = 300 };
    static struct meeting pieces[CROWD];
    pthread_barrier_t all;
    atomic_int runs = 0;
    struct workers *workers = workers_new("test", CROWD, CROWD, patience_ns);
    pthread_barrier_init(&all, NULL, CROWD);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CROWD; i++) {
            pieces[i] = (struct meeting){{run_meeting, NULL}, &all, &runs};
            assert_true(workers_submit(workers, &pieces[i].work));
        }
        await_runs(&runs, (round + 1) * CROWD);
        if (round % 3) /* all wait, or some are on their way there */
            usleep(200);
    }
    workers_free(workers);
    pthread_barrier_destroy(&all);
}

TEST(a_burst_wakes_as_many_as_it_needs)
{
    burst(0);
}

TEST(with_patience_who_works_for_long_is_not_waited_for)
{
    burst(PATIENCE_NS);
}

struct submitter {
    struct workers *workers;
    struct gate_work *pieces;
    atomic_int *runs;
    int count;
};

static void *submit_all(void *argument)
{
    const struct submitter *submitter = argument;
    for (int i = 0; i < submitter->count; i++) {
        submitter->pieces[i] = (struct gate_work){{run_counted, NULL}, NULL, submitter->runs};
        while (!workers_submit(submitter->workers, &submitter->pieces[i].work))
            sched_yield();
        if (i % 7 == 0)
            usleep(20);
    }
    return NULL;
}

static void submit_by_many(int64_t patience_ns)
{
    enum { SUBMITTERS = 4, PIECES = 5000 };
    static struct gate_work pieces[SUBMITTERS][PIECES];
    struct submitter submitters[SUBMITTERS];
    pthread_t threads[SUBMITTERS];
    atomic_int runs = 0;
    struct workers *workers = workers_new("test", 3, 16, patience_ns);
    for (int i = 0; i < SUBMITTERS; i++) {
        submitters[i] = (struct submitter){workers, pieces[i], &runs, PIECES};
        assert_int_equal(pthread_create(&threads[i], NULL, submit_all, &submitters[i]), 0);
    }
    for (int i = 0; i < SUBMITTERS; i++)
        pthread_join(threads[i], NULL);
    await_runs(&runs, SUBMITTERS * PIECES);
    workers_free(workers);
}

TEST(many_who_submit_lose_no_piece)
{
    submit_by_many(0);
    submit_by_many(PATIENCE_NS);
}

/* One piece at a time, each when all wait: nobody is told that somebody is on the way already. */
static void submit_one_by_one(int64_t patience_ns)
{
    enum { ROUNDS = 2000 };
    static struct gate_work piece;
    atomic_int runs = 0;
    struct workers *workers = workers_new("test", 4, 4, patience_ns);
    for (int i = 0; i < ROUNDS; i++) {
        piece = (struct gate_work){{run_counted, NULL}, NULL, &runs};
        assert_true(workers_submit(workers, &piece.work));
        await_runs(&runs, i + 1);
    }
    workers_free(workers);
}

TEST(one_after_the_other_each_is_woken_for)
{
    submit_one_by_one(0);
    submit_one_by_one(PATIENCE_NS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(everything_submitted_runs_once_before_the_pool_is_freed),
        RUN(without_a_queue_work_is_refused_when_every_thread_is_taken),
        RUN(a_place_that_is_kept_is_nobody_elses),
        RUN(a_full_queue_refuses),
        RUN(a_burst_wakes_as_many_as_it_needs),
        RUN(with_patience_who_works_for_long_is_not_waited_for),
        RUN(many_who_submit_lose_no_piece),
        RUN(one_after_the_other_each_is_woken_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
