/* SPDX-License-Identifier: Apache-2.0 */
/* gate/quota and the ledger, when many change a tree at once. */
#include "gate/quota.h"

#include <pthread.h>

#include "tests/unit/quotas.h"

static const atomic_bool never;

enum {
    UPLOADERS = 20,
    WORKERS = 4,
    STEPS = 150,
    NAMES = 6,
    LIMIT_BYTES = 60000,
    LIMIT_FILES = 9,
    LONGEST = 15000
};

static struct caller shared;
static bool keeps; /* uploads are kept and gone on with, too */

static void *upload_1000(void *name)
{
    return (void *)(intptr_t)upload(&shared, name, 1000);
}

TEST(twenty_uploads_at_once_do_not_exceed_a_quota_by_one_byte)
{
    char names[UPLOADERS][16];
    pthread_t threads[UPLOADERS];
    size_t stored = 0;
    shared = world_enter("writer");
    quotas.limits[0].bytes = 7999;
    for (size_t i = 0; i < UPLOADERS; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "/f%zu", i);
        assert_int_equal(pthread_create(&threads[i], NULL, upload_1000, names[i]), 0);
    }
    for (size_t i = 0; i < UPLOADERS; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        stored += (intptr_t)result == FAULT_NONE;
        assert_true((intptr_t)result == FAULT_NONE || (intptr_t)result == FAULT_TOO_LARGE);
    }
    assert_true(stored <= 7);
    assert_used((int64_t)stored * 1000, (int64_t)stored);
    assert_counts_right(quotas.account);
}

/* A sequence of its own for each thread: rand() is one for all. */
static unsigned draw(unsigned *seed, unsigned below)
{
    *seed = *seed * 1103515245 + 12345;
    return (*seed >> 16) % below;
}

static const char *draw_path(unsigned *seed, char path[32])
{
    (void)snprintf(path, 32, "/d%u/f%u", draw(seed, 2), draw(seed, NAMES));
    return path;
}

static void step(unsigned *seed)
{
    char one[32];
    char other[32];
    char *parts[] = {other};
    bool part = false;
    struct store_upload_request request = {.kind = draw(seed, 2) ? STORE_REPLACE : STORE_APPEND};
    size_t len = draw(seed, LONGEST);
    const char *path = draw_path(seed, one);
    (void)draw_path(seed, other);
    switch (draw(seed, 12)) {
    case 0:
        (void)append(&shared, path, len);
        break;
    case 1:
        (void)gate_remove(&shared, path);
        break;
    case 2:
    case 3:
        (void)gate_rename(&shared, path, other);
        break;
    case 4:
        break_upload(&shared, path, len);
        break;
    case 5:
        (void)resume(&shared, path, len / 3, len);
        break;
    case 6:
        (void)gate_combine(&shared, path, parts, 1, 0644, &never, &part);
        break;
    case 7:
        (void)gate_copy(&shared, path, other, 0644, &never);
        break;
    case 8:
    case 9:
        if (!keeps)
            break;
        request.goes_on = !keep_upload(&shared, path, request, len, &request.kept);
        if (draw(seed, 2))
            (void)upload_as(&shared, path, request, len / 2);
        break;
    default:
        (void)upload(&shared, path, len);
    }
}

static void *work(void *number)
{
    unsigned seed = (unsigned)(uintptr_t)number;
    for (int i = 0; i < STEPS; i++) {
        step(&seed);
        if (draw(&seed, 40) == 0) {
            (void)gate_remove_tree(&shared, "/d1", &never);
            (void)gate_make_directory(&shared, "/d1", 0755);
        }
    }
    return NULL;
}

/* What was never to be seen. */
static void *look(void *running)
{
    intptr_t wrong = 0;
    /* Of what is gone on with, each worker's may count twice while it is published: docs/quotas.md.
     */
    int64_t slack = keeps ? (int64_t)WORKERS * LONGEST : 0;
    while (atomic_load((atomic_bool *)running)) {
        struct ledger_amount taken = ledger_taken(quotas.account);
        wrong |= taken.bytes > LIMIT_BYTES + slack || taken.files > LIMIT_FILES || taken.bytes < 0;
    }
    return (void *)wrong;
}

static void *recount_all_the_time(void *running)
{
    enum fault f = FAULT_NONE;
    while (!f && atomic_load((atomic_bool *)running))
        f = ledger_recount(quotas.account);
    return (void *)(intptr_t)f;
}

static void run_at_once(bool with_recounts)
{
    pthread_t threads[WORKERS];
    pthread_t observer;
    pthread_t counter;
    void *wrong = NULL;
    atomic_bool running = true;
    shared = world_enter("writer");
    world_make_directory("/d0");
    world_make_directory("/d1");
    quotas.limits[0].bytes = LIMIT_BYTES;
    quotas.limits[0].files = LIMIT_FILES;
    assert_int_equal(pthread_create(&observer, NULL, look, &running), 0);
    if (with_recounts)
        assert_int_equal(pthread_create(&counter, NULL, recount_all_the_time, &running), 0);
    for (size_t i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, (void *)(i + 1)), 0);
    for (size_t i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    atomic_store(&running, false);
    pthread_join(observer, &wrong);
    assert_null(wrong);
    if (with_recounts) {
        pthread_join(counter, &wrong);
        assert_fault((enum fault)(intptr_t)wrong, FAULT_NONE);
    }
    assert_counts_right(quotas.account);
}

TEST(whatever_is_done_at_once_the_sum_is_right_and_within_the_limit)
{
    run_at_once(false);
}

TEST(the_sum_is_right_when_uploads_were_kept_and_gone_on_with)
{
    keeps = true;
    run_at_once(true);
    keeps = false;
}

TEST(so_it_is_of_direct_uploads)
{
    world.realm.upload.direct = true;
    run_at_once(false);
}

TEST(counting_anew_all_the_time_changes_nothing)
{
    run_at_once(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_QUOTAS(twenty_uploads_at_once_do_not_exceed_a_quota_by_one_byte),
        IN_QUOTAS(whatever_is_done_at_once_the_sum_is_right_and_within_the_limit),
        IN_QUOTAS(the_sum_is_right_when_uploads_were_kept_and_gone_on_with),
        IN_QUOTAS(so_it_is_of_direct_uploads),
        IN_QUOTAS(counting_anew_all_the_time_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
