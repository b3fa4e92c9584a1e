/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who waits for whom, and how long, when several are at one file or directory.
 */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/store_annexes.h"

/* ---- Waiting, made short (tests/meson.build) -------------------------------------- */

static uint64_t waited_ms;
static uint64_t released_ms; /* after so long `held` is closed, and with it a lock */
static int held = -1;
static long size_meanwhile; /* of "f", while somebody waited last */

int __wrap_nanosleep(const struct timespec *time, struct timespec *left);

int __wrap_nanosleep(const struct timespec *time, struct timespec *left)
{
    struct stat info;
    (void)left;
    size_meanwhile = stat(in_root("f"), &info) ? -1 : (long)info.st_size;
    waited_ms += (uint64_t)time->tv_nsec / 1000000;
    if (held >= 0 && waited_ms >= released_ms) {
        close(held);
        held = -1;
    }
    return 0;
}

/* Somebody else has it locked for so long. */
static void hold(const char *name, int operation, uint64_t ms)
{
    held = open(in_root(name), O_RDONLY);
    assert_true(held >= 0);
    assert_int_equal(flock(held, operation | LOCK_NB), 0);
    waited_ms = 0;
    released_ms = ms;
}

TEST(an_upload_that_is_complete_waits_longer_than_who_may_try_again)
{
    upload_as(STORE_REPLACE, "/f", "old", "annex");
    struct store_upload *upload = begin(STORE_REPLACE, 0, "/f");
    pour(upload, "new");
    hold(".ferry", LOCK_EX, 50000);
    assert_fault(world.store->type->remove(world.store, "/f"), FAULT_BUSY);
    assert_in_range(waited_ms, 4000, 6000);
    publish(upload);
    assert_string_equal(content_of(in_root("f")), "new");
    assert_true(waited_ms >= 50000);
    upload = begin(STORE_APPEND, 0, "/f");
    pour(upload, " and late");
    note(upload, "annex");
    upload_as(STORE_REPLACE, "/g", "other", "annex");
    hold(".ferry", LOCK_EX, UINT64_MAX);
    assert_fault(upload->type->publish(upload), FAULT_BUSY);
    close(held);
    held = -1;
    assert_string_equal(content_of(in_root("f")), "new");
}

TEST(a_tail_is_in_its_file_before_the_hidden_directory_is_locked)
{
    upload_as(STORE_REPLACE, "/f", "old", "annex\n");
    struct store_upload *upload = begin(STORE_APPEND, 0, "/f");
    pour(upload, " and tail");
    hold(".ferry", LOCK_EX, 1000);
    publish(upload);
    assert_int_equal(size_meanwhile, strlen("old and tail"));
    assert_string_equal(annex_of("/f"), "annex\nat 3\n");
}

TEST(a_file_that_is_being_appended_to_does_not_lose_its_annex_by_a_rename)
{
    upload_as(STORE_REPLACE, "/f", "old", "annex");
    int other = open(in_root("f"), O_RDWR | O_APPEND);
    assert_int_equal(flock(other, LOCK_EX), 0);
    assert_int_equal(write(other, " half", 5), 5);
    assert_fault(world.store->type->rename(world.store, "/f", "/g"), FAULT_BUSY);
    assert_true(is_there(".ferry/f.annex"));
    close(other);
    assert_fault(world.store->type->rename(world.store, "/f", "/g"), FAULT_NONE);
    assert_false(is_there(".ferry"));
}

TEST(who_looks_at_a_partial_for_a_moment_does_not_hinder_who_goes_on_with_it)
{
    struct store_upload *upload = begin(STORE_REPLACE, 0, "/f");
    pour(upload, "part");
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_PARTIAL);
    hold("f", LOCK_SH, 2);
    upload = begin(STORE_APPEND, 0, "/f");
    assert_int_equal(held, -1);
    assert_fault(cannot_begin(STORE_APPEND, 0, "/f"), FAULT_BUSY);
    publish(upload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(an_upload_that_is_complete_waits_longer_than_who_may_try_again),
        IN_WORLD(a_tail_is_in_its_file_before_the_hidden_directory_is_locked),
        IN_WORLD(a_file_that_is_being_appended_to_does_not_lose_its_annex_by_a_rename),
        IN_WORLD(who_looks_at_a_partial_for_a_moment_does_not_hinder_who_goes_on_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
