/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What cannot be kept or gone on with, and how it ends.
 */
#include <errno.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/store_kept.h"

/* ---- The system, watched and hindered (tests/meson.build) ------------------------------------ */

static int days_ahead;     /* of the time that it is */
static uid_t another_user; /* whom the store takes us for; 0: who we are */
static bool has_no_syncs;
static unsigned strikes;    /* of records of the journal */
static bool was_tail_there; /* at the last of them */

int __real_clock_gettime(clockid_t clock, struct timespec *ret_time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time);
ssize_t __real_pwrite64(int fd, const void *bytes, size_t len, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t len, off_t at);

int __real_fsync(int fd);
int __wrap_fsync(int fd);

int __wrap_fsync(int fd)
{
    errno = EIO;
    return has_no_syncs ? -1 : __real_fsync(fd);
}

uid_t __real_geteuid(void);
uid_t __wrap_geteuid(void);

uid_t __wrap_geteuid(void)
{
    return another_user ? another_user : __real_geteuid();
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    int result = __real_clock_gettime(clock, ret_time);
    ret_time->tv_sec += (time_t)days_ahead * 24 * 60 * 60;
    return result;
}

ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t len, off_t at)
{
    if (len == 1 && memcmp(bytes, "-", 1) == 0) {
        strikes++;
        was_tail_there = access(in_root(".ferry/f.tail"), F_OK) == 0;
    }
    return __real_pwrite64(fd, bytes, len, at);
}

/* ---- What is in the way ----------------------------------------------------------- */

TEST(a_marker_of_another_upload_is_not_taken_for_this_one_s)
{
    struct store_upload *first = begin_as(plain);
    struct store_upload *second = begin_as(plain);
    pour(first, "first");
    pour(second, "secon");
    struct store_kept kept = keep(first);
    assert_int_not_equal(kept.id, 0);
    assert_int_equal(first->type->abandon(first, true), STORE_LEFT_KEPT);
    struct store_kept other = keep(second);
    assert_int_not_equal(other.id, kept.id);
    assert_int_equal(second->type->abandon(second, true), STORE_LEFT_KEPT);
    assert_fault(cannot_go_on(plain, kept), FAULT_OUT_OF_RANGE);
    second = go_on(plain, other);
    assert_int_equal(keep(second).id, other.id);
    publish(second);
    assert_published("secon", "");
}

TEST(what_was_kept_survives_a_publishing_that_fails)
{
    struct store_upload *upload = begin_as(append);
    pour(upload, "kept");
    note(upload, "annex\n");
    struct store_kept kept = keep(upload);
    pour(upload, " and more");
    assert_int_equal(mkdir(in_root("f"), 0755), 0);
    assert_int_not_equal(upload->type->publish(upload), FAULT_NONE);
    assert_int_equal(rmdir(in_root("f")), 0);
    publish(go_on(append, kept));
    assert_published("kept", "annex\n");
}

TEST(whatever_is_at_the_hidden_names_an_upload_goes_on_without_being_kept)
{
    static const char *const commands[] = {
        "touch %s/.ferry",
        "ln -s ../outside %s/.ferry",
        "mkdir -p %s/.ferry/f.kept",
        "mkdir -p %s/.ferry/f.kept-annex",
    };
    for (size_t i = 0; i < COUNT(commands); i++) {
        char command[256];
        struct store_kept kept;
        char *end = command;
        const char *root = strchr(commands[i], '%');
        (void)snprintf(end, sizeof(command), "%.*s%s%s", (int)(root - commands[i]), commands[i],
                       world.root, root + 2);
        assert_int_equal(system(command), 0);
        struct store_upload *upload = begin_as(plain);
        pour(upload, "content");
        assert_fault(upload->type->keep(upload, &kept), FAULT_UNSUPPORTED);
        publish(upload);
        assert_string_equal(content_of(in_root("f")), "content");
        (void)snprintf(command, sizeof(command), "rm -r %s/.ferry %s/f", world.root, world.root);
        assert_int_equal(system(command), 0);
        assert_int_equal(names_in(world.outside), 1);
    }
}

TEST(what_nobody_was_told_to_be_kept_becomes_a_partial_all_the_same)
{
    struct store_kept kept;
    struct store_upload *upload = begin_as(plain);
    pour(upload, "one");
    note(upload, "annex");
    has_no_syncs = true; /* of names: they are there, and may not be after a crash */
    assert_fault(upload->type->keep(upload, &kept), FAULT_UNSUPPORTED);
    has_no_syncs = false;
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_PARTIAL);
    assert_published("one", "annex");
}

TEST(an_upload_is_kept_where_the_hidden_directory_is_now)
{
    struct store_kept kept;
    struct store_upload *first = begin_as(plain);
    struct store_upload *second = begin_as(plain);
    (void)keep(first);
    pour(second, "second");
    assert_fault(second->type->keep(second, &kept), FAULT_BUSY);
    publish(first);
    assert_int_equal(access(in_root(".ferry"), F_OK), -1);
    kept = keep(second);
    assert_true(access(in_root(".ferry/f.kept"), F_OK) == 0);
    assert_int_equal(second->type->abandon(second, true), STORE_LEFT_KEPT);
    publish(go_on(plain, kept));
    assert_published("second", "");
}

TEST(a_file_of_two_names_is_not_gone_on_with)
{
    struct store_upload *upload = begin_as(plain);
    pour(upload, "kept");
    struct store_kept kept = keep(upload);
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_KEPT);
    assert_int_equal(link(in_root(".ferry/f.kept"), outside("victim")), 0);
    assert_fault(cannot_go_on(plain, with_bytes(kept, 0, 0)), FAULT_OUT_OF_RANGE);
    assert_string_equal(content_of(outside("victim")), "kept");
    assert_int_equal(unlink(outside("victim")), 0);
    assert_int_equal(rename(in_root(".ferry/f.kept"), outside("victim")), 0);
    assert_int_equal(symlink("../../outside/victim", in_root(".ferry/f.kept")), 0);
    assert_fault(cannot_go_on(plain, with_bytes(kept, 0, 0)), FAULT_OUT_OF_RANGE);
    assert_string_equal(content_of(outside("victim")), "kept");
}

TEST(another_user_s_file_is_not_gone_on_with)
{
    struct store_kept kept = die_with(plain, NULL);
    another_user = geteuid() + 1;
    assert_fault(cannot_go_on(plain, kept), FAULT_OUT_OF_RANGE);
    another_user = 0;
    publish(go_on(plain, kept));
    assert_published("kept", "annex\n");
}

TEST(what_got_the_owner_of_the_file_that_it_replaces_is_gone_on_with)
{
    put(in_root("f"), "old");
    struct store_upload *upload = begin_as(plain);
    pour(upload, "kept");
    struct store_kept kept = keep(upload);
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_KEPT);
    another_user = geteuid() + 1;
    upload = go_on(plain, kept);
    another_user = 0;
    publish(upload);
    assert_published("kept", "");
}

/* ---- What nobody goes on with -------------------------------------------------------- */

TEST(a_kept_upload_is_deleted_by_the_name_that_it_was_to_have)
{
    struct store_upload *upload = begin_as(plain);
    (void)keep(upload);
    assert_fault(world.store->type->remove(world.store, "/f"), FAULT_NOT_FOUND); /* it is alive */
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_KEPT);
    assert_fault(world.store->type->remove(world.store, "/g"), FAULT_NOT_FOUND);
    assert_fault(world.store->type->remove(world.store, "/f"), FAULT_NONE);
    assert_int_equal(names_in(world.root), 0);
    assert_fault(world.store->type->remove(world.store, "/f"), FAULT_NOT_FOUND);
}

TEST(what_is_published_ends_what_dead_uploads_of_its_name_kept)
{
    struct store_kept kept = die_with(append, NULL);
    struct store_upload *upload = begin_as(plain);
    publish(upload);
    assert_fault(cannot_go_on(append, kept), FAULT_OUT_OF_RANGE);
    kept = die_with(plain, NULL);
    upload = begin_as(append);
    pour(upload, "more");
    publish(upload);
    assert_fault(cannot_go_on(plain, kept), FAULT_OUT_OF_RANGE);
    kept = die_with(plain, NULL);
    assert_int_equal(unlink(in_root("f")), 0);
    upload = begin_as(plain);
    pour(upload, "part");
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_PARTIAL);
    assert_fault(cannot_go_on(plain, kept), FAULT_OUT_OF_RANGE);
    assert_published("part", "");
}

TEST(what_nobody_goes_on_with_for_weeks_goes_when_another_upload_is_kept)
{
    struct store_upload *alive = NULL;
    struct store_upload *other = NULL;
    (void)die_with(plain, NULL);
    put(in_root(".ferry/f.annex"), "stays");
    assert_fault(world.store->type->open_upload(world.store, "/alive", &plain, &alive), FAULT_NONE);
    (void)keep(alive);
    assert_int_equal(names_in(in_root(".ferry")), 4);
    for (int days = 13; days <= 15; days++) {
        days_ahead = days;
        assert_fault(world.store->type->open_upload(world.store, "/other", &append, &other),
                     FAULT_NONE);
        (void)keep(other);
        assert_int_equal(names_in(in_root(".ferry")), days <= 14 ? 5 : 3);
        assert_int_equal(other->type->abandon(other, false), STORE_LEFT_NOTHING);
    }
    days_ahead = 0;
    publish(alive);
}

/* ---- What is appended once ------------------------------------------------------------ */

TEST(a_kept_append_cannot_be_gone_on_with_once_it_counts)
{
    struct journal *journal = NULL;
    struct store *store = NULL;
    struct store_upload *upload = NULL;
    char state[128];
    (void)snprintf(state, sizeof(state), "%s/state", world.base);
    assert_fault(journal_open(state, &journal), FAULT_NONE);
    assert_fault(store_local_open(world.root, journal, &store), FAULT_NONE);
    put(in_root("f"), "old ");
    assert_fault(store->type->open_upload(store, "/f", &append, &upload), FAULT_NONE);
    pour(upload, "new");
    (void)keep(upload);
    strikes = 0;
    publish(upload);
    assert_true(strikes > 0);
    assert_false(was_tail_there);
    assert_published("old new", "");
    store->type->free(store);
    journal_close(journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_marker_of_another_upload_is_not_taken_for_this_one_s),
        IN_WORLD(what_was_kept_survives_a_publishing_that_fails),
        IN_WORLD(whatever_is_at_the_hidden_names_an_upload_goes_on_without_being_kept),
        IN_WORLD(what_nobody_was_told_to_be_kept_becomes_a_partial_all_the_same),
        IN_WORLD(an_upload_is_kept_where_the_hidden_directory_is_now),
        IN_WORLD(a_file_of_two_names_is_not_gone_on_with),
        IN_WORLD(another_user_s_file_is_not_gone_on_with),
        IN_WORLD(what_got_the_owner_of_the_file_that_it_replaces_is_gone_on_with),
        IN_WORLD(a_kept_upload_is_deleted_by_the_name_that_it_was_to_have),
        IN_WORLD(what_is_published_ends_what_dead_uploads_of_its_name_kept),
        IN_WORLD(what_nobody_goes_on_with_for_weeks_goes_when_another_upload_is_kept),
        IN_WORLD(a_kept_append_cannot_be_gone_on_with_once_it_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
