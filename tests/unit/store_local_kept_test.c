/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/store_local_target.h"
#include "tests/unit/store_kept.h"

/* ---- Uploads that are kept ----------------------------------------------------- */

TEST(a_kept_upload_survives_a_kill_and_is_gone_on_with)
{
    put(in_root("f"), "old");
    for (int i = 0; i < 2; i++) {
        struct store_kept kept = die_with(plain, NULL);
        assert_int_equal(kept.bytes, 4);
        assert_int_equal(kept.annex_bytes, 6);
        assert_string_equal(content_of(in_root("f")), i ? "kept to the end" : "old");
        struct store_upload *upload = go_on(plain, kept);
        pour(upload, " to the end");
        note(upload, "end\n");
        publish(upload);
        assert_published("kept to the end", "annex\nend\n");
    }
}

TEST(a_kept_append_survives_a_kill_and_is_appended_once)
{
    put(in_root("f"), "old ");
    struct store_kept kept = die_with(append, NULL);
    assert_int_equal(kept.bytes, 4);
    put(in_root("f"), "old and other ");
    struct store_upload *upload = go_on(append, kept);
    pour(upload, " to the end");
    publish(upload);
    assert_published("old and other kept to the end", "at 14\nannex\n");
}

TEST(a_kept_append_goes_on_when_its_file_has_come_or_gone)
{
    struct store_kept kept = die_with(append, NULL);
    struct store_upload *upload = go_on(append, kept);
    assert_false(upload->existed);
    publish(upload);
    assert_published("kept", "annex\n");
    kept = die_with(append, NULL);
    assert_int_equal(unlink(in_root("f")), 0);
    upload = go_on(append, kept);
    publish(upload);
    assert_published("kept", "annex\n");
}

TEST(a_kept_upload_is_gone_on_with_from_any_of_its_marks)
{
    struct store_upload *upload = begin_as(plain);
    pour(upload, "one");
    struct store_kept first = keep(upload);
    pour(upload, " two");
    note(upload, "late");
    struct store_kept second = keep(upload);
    assert_int_equal(first.bytes, 3);
    assert_int_equal(first.annex_bytes, 0);
    assert_int_equal(second.bytes, 7);
    assert_int_equal(second.annex_bytes, 4);
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_KEPT);
    assert_null(content_of(in_root("f")));
    assert_fault(cannot_begin(STORE_REPLACE, 0, "/.ferry/f.kept"), FAULT_NOT_FOUND);
    assert_fault(cannot_go_on(plain, with_bytes(second, 8, 4)), FAULT_OUT_OF_RANGE);
    assert_fault(cannot_go_on(plain, with_bytes(second, 7, 5)), FAULT_OUT_OF_RANGE);
    assert_fault(cannot_go_on(append, second), FAULT_OUT_OF_RANGE);
    upload = go_on(plain, second);
    pour(upload, " lost");
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_KEPT);
    upload = go_on(plain, first);
    pour(upload, " 2");
    publish(upload);
    assert_published("one 2", "");
    assert_fault(cannot_go_on(plain, first), FAULT_OUT_OF_RANGE);
}

TEST(what_is_kept_is_not_kept_in_vain)
{
    struct store_upload *upload = begin_as(plain);
    pour(upload, "kept");
    note(upload, "annex");
    (void)keep(upload);
    pour(upload, " and more");
    (void)keep(upload);
    publish(upload);
    assert_published("kept and more", "annex");
    upload = begin_as(plain);
    pour(upload, "full disk");
    note(upload, "annex");
    (void)keep(upload);
    assert_int_equal(upload->type->abandon(upload, false), STORE_LEFT_OLD);
    assert_published("kept and more", "annex");
}

TEST(one_upload_of_a_name_is_kept_at_a_time)
{
    struct store_kept kept;
    struct store_upload *first = begin_as(plain);
    struct store_upload *second = begin_as(plain);
    pour(first, "first");
    pour(second, "second");
    kept = keep(first);
    assert_fault(cannot_go_on(plain, kept), FAULT_BUSY);
    assert_fault(second->type->keep(second, &kept), FAULT_BUSY);
    assert_int_equal(first->type->abandon(first, true), STORE_LEFT_KEPT);
    kept = keep(second); /* in the place of the first, which is dead */
    assert_int_equal(second->type->abandon(second, true), STORE_LEFT_KEPT);
    second = go_on(plain, kept);
    publish(second);
    assert_published("second", "");
}

TEST(an_upload_that_is_alive_is_kept_whatever_is_done_to_the_name)
{
    put(in_root("f"), "old");
    struct store_upload *upload = begin_as(plain);
    pour(upload, "kept");
    note(upload, "annex");
    (void)keep(upload);
    assert_fault(world.store->type->remove(world.store, "/f"), FAULT_NONE);
    struct store_upload *other = begin_as(plain);
    pour(other, "other");
    publish(other);
    assert_fault(world.store->type->rename(world.store, "/f", "/g"), FAULT_NONE);
    assert_fault(world.store->type->remove(world.store, "/g"), FAULT_NONE);
    publish(upload);
    assert_published("kept", "annex");
}

TEST(what_a_dead_upload_kept_goes_with_the_name)
{
    for (int how = 0; how < 4; how++) {
        put(in_root("f"), "old");
        (void)die_with(plain, NULL);
        (void)die_with(append, NULL);
        assert_int_equal(names_in(in_root(".ferry")), 4);
        if (how == 0) {
            assert_fault(world.store->type->remove(world.store, "/f"), FAULT_NONE);
        } else if (how == 1) {
            assert_fault(world.store->type->rename(world.store, "/f", "/g"), FAULT_NONE);
        } else {
            publish(begin_as(how == 2 ? plain : append)); /* done anew */
            assert_int_equal(access(in_root(".ferry"), F_OK), -1);
            assert_fault(world.store->type->remove(world.store, "/f"), FAULT_NONE);
        }
        assert_int_equal(access(in_root(".ferry"), F_OK), -1);
    }
}

TEST(a_directory_that_holds_only_what_dead_uploads_kept_is_removed)
{
    struct store_upload *upload = NULL;
    assert_int_equal(mkdir(in_root("d"), 0755), 0);
    assert_fault(world.store->type->open_upload(world.store, "/d/f", &plain, &upload), FAULT_NONE);
    pour(upload, "kept");
    (void)keep(upload);
    assert_fault(world.store->type->remove_directory(world.store, "/d"), FAULT_NOT_EMPTY);
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_KEPT);
    assert_fault(world.store->type->remove_directory(world.store, "/d"), FAULT_NONE);
    assert_int_equal(names_in(world.root), 0);
}

TEST(a_kept_file_is_not_in_the_journal)
{
    struct journal *journal = NULL;
    char state[128];
    (void)snprintf(state, sizeof(state), "%s/state", world.base);
    assert_fault(journal_open(state, &journal), FAULT_NONE);
    struct store_kept kept = die_with(plain, journal);
    journal_close(journal);
    assert_fault(journal_open(state, &journal), FAULT_NONE);
    publish(go_on(plain, kept));
    assert_published("kept", "annex\n");
    journal_close(journal);
}

TEST(what_is_kept_stays_when_there_is_no_room_to_go_on)
{
    struct store_kept kept = die_with(plain, NULL);
    struct store_upload_request large = plain;
    struct store_upload *upload = NULL;
    large.reserve_bytes = (uint64_t)1 << 50;
    enum fault f = try_going_on(large, kept, &upload);
    assert_true(f == FAULT_NO_SPACE || f == FAULT_TOO_LARGE);
    publish(go_on(plain, kept));
    assert_published("kept", "annex\n");
}

TEST(a_kept_file_keeps_the_mode_of_the_one_that_it_is_to_replace)
{
    struct stat info;
    put(in_root("f"), "old");
    assert_int_equal(chmod(in_root("f"), 0640), 0);
    publish(go_on(plain, die_with(plain, NULL)));
    assert_int_equal(stat(in_root("f"), &info), 0);
    assert_int_equal(info.st_mode & 07777, 0640);
}

TEST(a_kept_upload_with_holes_is_written_on_in_any_order)
{
    struct store_upload *upload = begin_as(plain);
    assert_fault(stream_seek(&upload->stream, 6), FAULT_NONE);
    pour(upload, "far");
    struct store_kept kept = keep(upload);
    assert_int_equal(kept.bytes, 9);
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_KEPT);
    upload = go_on(plain, kept);
    assert_fault(stream_seek(&upload->stream, 0), FAULT_NONE);
    pour(upload, "begins");
    publish(upload);
    assert_published("beginsfar", "");
}

/* ---- Uploads that write into the file itself ----------------------------------------- */

TEST(a_direct_upload_is_kept_in_the_file_and_its_annex_beside_it)
{
    struct store_upload_request direct = plain;
    direct.direct = true;
    struct store_kept kept = die_with(direct, NULL);
    assert_int_equal(kept.bytes, 4);
    assert_int_equal(kept.annex_bytes, 6);
    assert_string_equal(content_of(in_root("f")), "kept and lost");
    assert_fault(cannot_go_on(direct, with_bytes(kept, 14, 6)), FAULT_OUT_OF_RANGE);
    assert_fault(cannot_go_on(direct, with_bytes(kept, 4, 60)), FAULT_OUT_OF_RANGE);
    assert_fault(cannot_go_on(direct, (struct store_kept){4, 6, kept.id + 1}), FAULT_OUT_OF_RANGE);
    struct store_upload *upload = go_on(direct, kept);
    pour(upload, " to the end");
    note(upload, "end\n");
    publish(upload);
    assert_published("kept to the end", "annex\nend\n");
}

TEST(one_direct_upload_of_a_name_keeps_an_annex_at_a_time)
{
    struct store_upload_request direct = plain;
    struct store_kept kept;
    direct.direct = true;
    struct store_upload *first = begin_as(direct);
    struct store_upload *second = begin_as(direct);
    note(first, "first");
    note(second, "second");
    (void)keep(first);
    assert_fault(second->type->keep(second, &kept), FAULT_BUSY);
    publish(first);
    assert_int_equal(keep(second).annex_bytes, 6);
    publish(second);
    assert_published("", "second");
}

TEST(what_writes_to_the_end_of_its_file_is_not_kept_in_it)
{
    struct store_upload_request direct = append;
    struct store_kept kept;
    direct.direct = true;
    put(in_root("f"), "old ");
    struct store_upload *upload = begin_as(direct);
    pour(upload, "new");
    assert_fault(upload->type->keep(upload, &kept), FAULT_UNSUPPORTED);
    publish(upload);
    assert_string_equal(content_of(in_root("f")), "old new");
    assert_fault(cannot_go_on(direct, (struct store_kept){4, 0, 1}), FAULT_OUT_OF_RANGE);
}

TEST(a_partial_is_not_kept_apart)
{
    static const enum store_upload_kind kinds[] = {STORE_APPEND, STORE_RESUME};
    struct store_kept kept;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct store_upload *upload = begin_as(plain);
        pour(upload, "part ");
        assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_PARTIAL);
        upload = begin(kinds[i], 5, "/f");
        pour(upload, "end");
        assert_fault(upload->type->keep(upload, &kept), FAULT_UNSUPPORTED);
        publish(upload);
        assert_published("part end", "");
        assert_int_equal(unlink(in_root("f")), 0);
    }
}

TEST(what_cannot_be_kept_says_so)
{
    struct store_kept kept;
    struct store_upload *upload = NULL;
    char path[LOCAL_NAME_SIZE] = "/";
    memset(path + 1, 'n', 241);
    assert_fault(world.store->type->open_upload(world.store, path, &plain, &upload), FAULT_NONE);
    pour(upload, "x");
    assert_fault(upload->type->keep(upload, &kept), FAULT_UNSUPPORTED);
    publish(upload);
    put(in_root("f"), "0123");
    for (uint64_t offset = 2; offset <= 4; offset += 2) {
        upload = begin(STORE_RESUME, offset, "/f");
        pour(upload, "x");
        assert_fault(upload->type->keep(upload, &kept), FAULT_UNSUPPORTED);
        (void)upload->type->abandon(upload, true);
    }
    assert_fault(cannot_go_on(plain, (struct store_kept){0, 0, 1}), FAULT_OUT_OF_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_kept_upload_survives_a_kill_and_is_gone_on_with),
        IN_WORLD(a_kept_append_survives_a_kill_and_is_appended_once),
        IN_WORLD(a_kept_append_goes_on_when_its_file_has_come_or_gone),
        IN_WORLD(a_kept_upload_is_gone_on_with_from_any_of_its_marks),
        IN_WORLD(what_is_kept_is_not_kept_in_vain),
        IN_WORLD(one_upload_of_a_name_is_kept_at_a_time),
        IN_WORLD(an_upload_that_is_alive_is_kept_whatever_is_done_to_the_name),
        IN_WORLD(what_a_dead_upload_kept_goes_with_the_name),
        IN_WORLD(a_directory_that_holds_only_what_dead_uploads_kept_is_removed),
        IN_WORLD(a_kept_file_is_not_in_the_journal),
        IN_WORLD(what_is_kept_stays_when_there_is_no_room_to_go_on),
        IN_WORLD(a_kept_file_keeps_the_mode_of_the_one_that_it_is_to_replace),
        IN_WORLD(a_kept_upload_with_holes_is_written_on_in_any_order),
        IN_WORLD(a_direct_upload_is_kept_in_the_file_and_its_annex_beside_it),
        IN_WORLD(one_direct_upload_of_a_name_keeps_an_annex_at_a_time),
        IN_WORLD(what_writes_to_the_end_of_its_file_is_not_kept_in_it),
        IN_WORLD(a_partial_is_not_kept_apart),
        IN_WORLD(what_cannot_be_kept_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
