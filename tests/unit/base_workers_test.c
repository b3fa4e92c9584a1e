/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdatomic.h>

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
    struct workers *workers = workers_new("test", 4, PIECES);
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
    struct workers *workers = workers_new("test", 2, 0);
    pthread_mutex_lock(&lock);
    for (int i = 0; i < 3; i++)
        pieces[i] = (struct gate_work){{run_counted, NULL}, &lock, &runs};
    assert_true(workers_submit(workers, &pieces[0].work));
    assert_true(workers_submit(workers, &pieces[1].work));
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
    struct workers *workers = workers_new("test", 1, 2);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(everything_submitted_runs_once_before_the_pool_is_freed),
        RUN(without_a_queue_work_is_refused_when_every_thread_is_taken),
        RUN(a_full_queue_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
