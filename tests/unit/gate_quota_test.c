/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/quota.h"

#include "tests/unit/quotas.h"

static const atomic_bool never;

/* ---- To the byte ----------------------------------------------------------- */

TEST(a_file_of_all_that_is_left_fits_and_one_byte_more_does_not)
{
    struct caller caller = world_enter("writer");
    quotas.limits[0].bytes = 5000;
    assert_fault(upload(&caller, "/a", 3000), FAULT_NONE);
    assert_fault(upload(&caller, "/b", 2001), FAULT_TOO_LARGE);
    assert_false(world_has("/b"));
    assert_used(3000, 1);
    assert_fault(upload(&caller, "/b", 2000), FAULT_NONE);
    assert_used(5000, 2);
    assert_fault(upload(&caller, "/c", 1), FAULT_TOO_LARGE);
    assert_fault(upload(&caller, "/c", 0), FAULT_NONE);
    assert_counts_right(quotas.account);
}

TEST(as_many_files_as_the_limit_says_fit)
{
    struct caller caller = world_enter("writer");
    quotas.limits[0].files = 2;
    assert_fault(upload(&caller, "/a", 1), FAULT_NONE);
    assert_fault(upload(&caller, "/b", 1), FAULT_NONE);
    assert_fault(upload(&caller, "/c", 0), FAULT_TOO_LARGE);
    assert_fault(upload(&caller, "/b", 9), FAULT_NONE);
    assert_fault(gate_remove(&caller, "/a"), FAULT_NONE);
    assert_fault(upload(&caller, "/c", 0), FAULT_NONE);
    assert_used(9, 2);
}

TEST(what_replaces_a_file_counts_by_the_difference)
{
    struct caller caller = world_enter("writer");
    quotas.limits[0].bytes = 5000;
    assert_fault(upload(&caller, "/a", 4000), FAULT_NONE);
    assert_fault(upload(&caller, "/a", 5000), FAULT_NONE);
    assert_fault(upload(&caller, "/a", 5001), FAULT_TOO_LARGE);
    assert_used(5000, 1);
    assert_fault(upload(&caller, "/a", 10), FAULT_NONE);
    assert_used(10, 1);
}

TEST(one_that_is_over_the_limit_may_make_files_smaller)
{
    struct caller caller = world_enter("writer");
    assert_fault(upload(&caller, "/a", 4000), FAULT_NONE);
    quotas.limits[0].bytes = 1000;
    assert_fault(upload(&caller, "/a", 3999), FAULT_NONE);
    assert_fault(upload(&caller, "/b", 1), FAULT_TOO_LARGE);
    assert_used(3999, 1);
}

TEST(appends_count_what_they_append)
{
    struct caller caller = world_enter("writer");
    quotas.limits[0].bytes = 5000;
    assert_fault(append(&caller, "/log", 2000), FAULT_NONE);
    assert_fault(append(&caller, "/log", 3001), FAULT_TOO_LARGE);
    assert_used(2000, 1);
    assert_fault(append(&caller, "/log", 3000), FAULT_NONE);
    assert_used(5000, 1);
    assert_counts_right(quotas.account);
}

TEST(deleting_and_renaming_over_a_file_give_back_what_it_had)
{
    struct caller caller = world_enter("writer");
    assert_fault(upload(&caller, "/a", 300), FAULT_NONE);
    assert_fault(upload(&caller, "/b", 50), FAULT_NONE);
    world_make_directory("/d");
    assert_fault(gate_rename(&caller, "/a", "/d/b"), FAULT_NONE);
    assert_used(350, 2);
    assert_fault(gate_rename(&caller, "/b", "/d/b"), FAULT_NONE);
    assert_used(50, 1);
    assert_fault(gate_remove_tree(&caller, "/d", &never), FAULT_NONE);
    assert_used(0, 0);
}

TEST(links_are_no_files)
{
    struct caller caller = world_enter("writer");
    assert_fault(upload(&caller, "/a", 300), FAULT_NONE);
    assert_fault(gate_make_link(&caller, "a", "/l"), FAULT_NONE);
    assert_used(300, 1);
    assert_fault(upload(&caller, "/l", 200), FAULT_NONE);
    assert_used(200, 1);
    assert_fault(gate_remove(&caller, "/l"), FAULT_NONE);
    assert_used(200, 1);
    assert_counts_right(quotas.account);
}

TEST(parts_that_are_combined_need_room_twice_until_they_are_one)
{
    struct caller caller = world_enter("writer");
    char *parts[] = {(char *)"/p1", (char *)"/p2"};
    bool part = false;
    assert_fault(upload(&caller, "/p1", 1000), FAULT_NONE);
    assert_fault(upload(&caller, "/p2", 500), FAULT_NONE);
    quotas.limits[0].bytes = 2999;
    assert_fault(gate_combine(&caller, "/whole", parts, 2, 0644, &never, &part), FAULT_TOO_LARGE);
    assert_used(1500, 2);
    quotas.limits[0].bytes = 3000;
    assert_fault(gate_combine(&caller, "/whole", parts, 2, 0644, &never, &part), FAULT_NONE);
    assert_used(1500, 1);
}

TEST(a_copy_counts)
{
    struct caller caller = world_enter("writer");
    quotas.limits[0].bytes = 2000;
    assert_fault(upload(&caller, "/a", 1000), FAULT_NONE);
    assert_fault(gate_copy(&caller, "/a", "/b", 0644, &never), FAULT_NONE);
    assert_fault(gate_copy(&caller, "/a", "/c", 0644, &never), FAULT_TOO_LARGE);
    assert_used(2000, 2);
}

TEST(a_hole_counts_as_it_is_long)
{
    const struct gate_outcome done = {.fault = FAULT_NONE};
    struct caller caller = world_enter("writer");
    struct gate_file *file = NULL;
    struct store_upload_request request = {.kind = STORE_REPLACE, .mode = 0644};
    quotas.limits[0].bytes = 100000;
    assert_fault(gate_open_upload(&caller, "/holes", &request, &file), FAULT_NONE);
    assert_fault(stream_seek(file->stream, 90000), FAULT_NONE);
    assert_fault(write_bytes(file, 100, 100), FAULT_NONE);
    assert_fault(gate_set_size(file, 100000), FAULT_NONE);
    assert_fault(gate_close(&file, &done, NULL), FAULT_NONE);
    assert_used(100000, 1);
    assert_fault(gate_open_upload(&caller, "/more", &request, &file), FAULT_NONE);
    assert_fault(gate_set_size(file, 1), FAULT_TOO_LARGE);
    const struct gate_outcome refused = {.fault = FAULT_TOO_LARGE};
    (void)gate_close(&file, &refused, NULL);
    assert_used(100000, 1);
    assert_counts_right(quotas.account);
}

TEST(what_is_too_long_to_be_counted_is_within_no_limit)
{
    struct store_upload_request request = {.kind = STORE_REPLACE, .mode = 0644};
    const struct gate_outcome refused = {.fault = FAULT_TOO_LARGE};
    struct caller caller = world_enter("writer");
    struct gate_file *file = NULL;
    assert_fault(upload(&caller, "/a", 10), FAULT_NONE);
    quotas.limits[0].bytes = 100000;
    assert_fault(gate_open_upload(&caller, "/b", &request, &file), FAULT_NONE);
    assert_fault(gate_set_size(file, INT64_MAX), FAULT_TOO_LARGE);
    assert_fault(gate_annex(file, TEXT("annex")), FAULT_NONE);
    assert_fault(gate_set_size(file, INT64_MAX), FAULT_TOO_LARGE);
    (void)gate_close(&file, &refused, NULL);
    quotas.limits[0].bytes = LEDGER_NO_LIMIT;
    assert_fault(gate_open_upload(&caller, "/c", &request, &file), FAULT_NONE);
    assert_fault(gate_set_size(file, INT64_MAX), FAULT_TOO_LARGE);
    (void)gate_close(&file, &refused, NULL);
    assert_used(10, 1);
}

TEST(what_a_broken_upload_leaves_counts_and_can_be_resumed)
{
    struct caller caller = world_enter("writer");
    quotas.limits[0].bytes = 5000;
    break_upload(&caller, "/part", 2000);
    assert_used(2000, 1);
    assert_fault(resume(&caller, "/part", 2000, 3001), FAULT_TOO_LARGE);
    assert_counts_right(quotas.account);
    assert_fault(resume(&caller, "/part", 2000, 3000), FAULT_NONE);
    assert_used(5000, 1);
    assert_fault(resume(&caller, "/part", 100, 50), FAULT_NONE);
    assert_used(150, 1);
    assert_counts_right(quotas.account);
}

TEST(direct_uploads_count_while_they_are_written)
{
    struct gate_outcome outcome = {.fault = FAULT_NONE};
    struct gate_file *file = NULL;
    struct store_upload_request request = {.kind = STORE_REPLACE, .mode = 0644};
    world.realm.upload.direct = true;
    struct caller caller = world_enter("writer");
    quotas.limits[0].bytes = 5000;
    assert_fault(upload(&caller, "/a", 3000), FAULT_NONE);
    assert_fault(upload(&caller, "/a", 4500), FAULT_NONE);
    assert_fault(gate_open_upload(&caller, "/b", &request, &file), FAULT_NONE);
    outcome.fault = write_bytes(file, 501, 100);
    assert_fault(outcome.fault, FAULT_TOO_LARGE);
    (void)gate_close(&file, &outcome, NULL);
    assert_used(5000, 2);
    assert_fault(upload(&caller, "/a", 10), FAULT_NONE);
    assert_fault(append(&caller, "/a", 20), FAULT_NONE);
    assert_used(530, 2);
    assert_counts_right(quotas.account);
}

TEST(a_direct_upload_to_a_file_that_was_taken_away_ends)
{
    const struct gate_outcome busy = {.fault = FAULT_BUSY};
    struct gate_file *file = NULL;
    struct store_upload_request request = {.kind = STORE_REPLACE, .mode = 0644};
    world.realm.upload.direct = true;
    struct caller caller = world_enter("writer");
    assert_fault(gate_open_upload(&caller, "/a", &request, &file), FAULT_NONE);
    assert_fault(write_bytes(file, 500, 100), FAULT_NONE);
    assert_fault(gate_remove(&caller, "/a"), FAULT_NONE);
    assert_fault(write_bytes(file, 500, 100), FAULT_BUSY);
    (void)gate_close(&file, &busy, NULL);
    assert_used(0, 0);
}

TEST(two_uploads_over_one_file_count_what_each_really_replaced)
{
    const struct gate_outcome done = {.fault = FAULT_NONE};
    struct caller caller = world_enter("writer");
    struct gate_file *one = NULL;
    struct gate_file *two = NULL;
    struct store_upload_request request = {.kind = STORE_REPLACE, .mode = 0644};
    quotas.limits[0].bytes = 2000;
    assert_fault(upload(&caller, "/a", 1500), FAULT_NONE);
    assert_fault(gate_open_upload(&caller, "/a", &request, &one), FAULT_NONE);
    assert_fault(gate_open_upload(&caller, "/a", &request, &two), FAULT_NONE);
    assert_fault(write_bytes(one, 100, 100), FAULT_NONE);
    assert_fault(write_bytes(two, 1500, 100), FAULT_NONE);
    assert_fault(gate_close(&one, &done, NULL), FAULT_NONE);
    assert_used(100, 1);
    assert_fault(upload(&caller, "/b", 1000), FAULT_NONE);
    /* Now the credit that it had is somebody else's. */
    assert_fault(gate_close(&two, &done, NULL), FAULT_TOO_LARGE);
    assert_used(1100, 2);
    assert_counts_right(quotas.account);
}

TEST(what_is_reserved_is_nobody_elses)
{
    const struct gate_outcome broken = {.fault = FAULT_CONNECTION_LOST};
    struct caller caller = world_enter("writer");
    struct gate_file *file = NULL;
    struct store_upload_request request = {.kind = STORE_REPLACE, .mode = 0644};
    quotas.limits[0].bytes = 2000;
    assert_fault(gate_open_upload(&caller, "/a", &request, &file), FAULT_NONE);
    assert_fault(write_bytes(file, 1500, 100), FAULT_NONE);
    assert_fault(upload(&caller, "/b", 501), FAULT_TOO_LARGE);
    assert_int_equal(quota_room(&caller, (&caller)->tree, 100000), 500);
    (void)gate_close(&file, &broken, NULL);
    assert_fault(upload(&caller, "/b", 2000), FAULT_NONE);
}

TEST(a_file_is_no_longer_than_max_file_size)
{
    struct caller caller = world_enter("writer");
    quotas.policy.file_bytes = 1000;
    assert_fault(upload(&caller, "/a", 1001), FAULT_TOO_LARGE);
    assert_fault(upload(&caller, "/a", 1000), FAULT_NONE);
    assert_fault(append(&caller, "/a", 1), FAULT_TOO_LARGE);
    assert_used(1000, 1);
}

/* ---- Beside the files ---------------------------------------------------------- */

TEST(what_was_kept_counts_until_it_is_the_file)
{
    struct store_kept kept = {0};
    struct caller caller = world_enter("writer");
    struct store_upload_request request = {.kind = STORE_REPLACE};
    assert_fault(keep_upload(&caller, "/a", request, 1000, &kept), FAULT_NONE);
    struct ledger_amount used = ledger_used(quotas.account);
    assert_int_equal(used.bytes, 1110); /* with what came behind it, and its annex */
    assert_int_equal(used.files, 0);
    assert_counts_right(quotas.account);
    quotas.limits[0].bytes = 1110;
    assert_fault(upload(&caller, "/b", 1), FAULT_TOO_LARGE);
    quotas.limits[0].bytes = 2000;
    request.goes_on = true;
    request.kept = kept;
    assert_fault(upload_as(&caller, "/a", request, 500), FAULT_NONE);
    used = ledger_used(quotas.account);
    assert_int_equal(used.files, 1);
    assert_in_range(used.bytes, 1510, 1600); /* an annex has some lines of its own */
    assert_counts_right(quotas.account);
    assert_fault(gate_remove(&caller, "/a"), FAULT_NONE);
    assert_used(0, 0);
}

TEST(what_was_kept_and_is_given_up_counts_no_more)
{
    struct store_kept kept = {0};
    struct caller caller = world_enter("writer");
    const struct store_upload_request request = {.kind = STORE_REPLACE};
    assert_fault(keep_upload(&caller, "/a", request, 1000, &kept), FAULT_NONE);
    assert_fault(upload(&caller, "/a", 10), FAULT_NONE);
    assert_used(10, 1);
    world_make_directory("/d");
    assert_fault(keep_upload(&caller, "/d/a", request, 1000, &kept), FAULT_NONE);
    assert_fault(gate_remove_directory(&caller, "/d"), FAULT_NONE);
    assert_used(10, 1);
    world_make_directory("/d");
    world_make_directory("/e");
    assert_fault(keep_upload(&caller, "/d/a", request, 1000, &kept), FAULT_NONE);
    assert_fault(gate_rename(&caller, "/e", "/d"), FAULT_NONE);
    assert_used(10, 1);
}

TEST(an_upload_is_not_kept_without_room_beside_what_it_replaces)
{
    struct store_kept kept = {0};
    struct caller caller = world_enter("writer");
    const struct store_upload_request request = {.kind = STORE_REPLACE};
    assert_fault(upload(&caller, "/a", 1000), FAULT_NONE);
    quotas.limits[0].bytes = 1500;
    assert_fault(keep_upload(&caller, "/a", request, 900, &kept), FAULT_UNSUPPORTED);
    assert_used(1000, 1);
    assert_fault(keep_upload(&caller, "/a", request, 300, &kept), FAULT_NONE);
    assert_counts_right(quotas.account);
}

TEST(an_annex_counts_and_is_limited)
{
    const struct gate_outcome done = {.fault = FAULT_NONE};
    struct gate_file *file = NULL;
    struct caller caller = world_enter("writer");
    struct store_upload_request request = {.kind = STORE_REPLACE, .mode = 0644};
    assert_fault(gate_open_upload(&caller, "/a", &request, &file), FAULT_NONE);
    assert_fault(gate_annex(file, TEXT("records 1 2 3\n")), FAULT_NONE);
    assert_fault(gate_close(&file, &done, NULL), FAULT_NONE);
    struct ledger_amount used = ledger_used(quotas.account);
    assert_true(used.bytes > 14);
    assert_int_equal(used.files, 1);
    assert_fault(gate_rename(&caller, "/a", "/b"), FAULT_NONE);
    assert_int_equal(ledger_used(quotas.account).bytes, used.bytes);
    assert_counts_right(quotas.account);
    /* To the byte, with the lines that an annex has of its own. */
    quotas.limits[0].bytes = (uint64_t)used.bytes * 2 - 1;
    assert_fault(gate_copy(&caller, "/b", "/c", 0644, &never), FAULT_TOO_LARGE);
    assert_counts_right(quotas.account);
    quotas.limits[0].bytes++;
    assert_fault(gate_copy(&caller, "/b", "/c", 0644, &never), FAULT_NONE);
    assert_int_equal(ledger_used(quotas.account).bytes, used.bytes * 2);
    assert_fault(gate_remove(&caller, "/b"), FAULT_NONE);
    assert_fault(gate_remove(&caller, "/c"), FAULT_NONE);
    assert_used(0, 0);
}

/* ---- Ratios ------------------------------------------------------------------- */

static enum fault download(const struct caller *caller, const char *path, size_t len)
{
    char bytes[4096];
    struct gate_file *file = NULL;
    struct gate_outcome outcome = {.fault = FAULT_NONE};
    enum fault f = gate_open_read(caller, ACTION_READ, path, &file);
    if (f)
        return f;
    outcome.fault = gate_begin_download(file);
    while (!outcome.fault && len) {
        size_t n = 0;
        outcome.fault = stream_read(file->stream, bytes, len < 4096 ? len : 4096, &n);
        len -= n;
    }
    return gate_close(&file, &outcome, NULL);
}

TEST(who_uploads_may_download_by_the_ratio)
{
    struct caller caller = world_enter("writer");
    assert_fault(ledger_open_user(quotas.ledger, "writer", &quotas.user), FAULT_NONE);
    quotas.policy.ratio_up = 1;
    quotas.policy.ratio_down = 5;
    assert_fault(upload(&caller, "/a", 1000), FAULT_NONE);
    for (int i = 0; i < 4; i++)
        assert_fault(download(&caller, "/a", 1000), FAULT_NONE);
    assert_fault(download(&caller, "/a", 400), FAULT_NONE); /* broken off: the rest is given back */
    assert_fault(download(&caller, "/a", 1000), FAULT_DENIED);
    assert_fault(upload(&caller, "/b", 80), FAULT_NONE);
    assert_fault(download(&caller, "/a", 1000), FAULT_NONE);
    assert_fault(download(&caller, "/b", 1), FAULT_DENIED);
}

TEST(a_copy_on_the_server_is_no_upload)
{
    struct caller caller = world_enter("writer");
    assert_fault(upload(&caller, "/a", 1000), FAULT_NONE);
    assert_fault(ledger_open_user(quotas.ledger, "writer", &quotas.user), FAULT_NONE);
    quotas.policy.ratio_up = 1;
    quotas.policy.ratio_down = 5;
    assert_fault(gate_copy(&caller, "/a", "/b", 0644, &never), FAULT_NONE);
    assert_fault(download(&caller, "/a", 1000), FAULT_DENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_QUOTAS(a_file_of_all_that_is_left_fits_and_one_byte_more_does_not),
        IN_QUOTAS(as_many_files_as_the_limit_says_fit),
        IN_QUOTAS(what_replaces_a_file_counts_by_the_difference),
        IN_QUOTAS(one_that_is_over_the_limit_may_make_files_smaller),
        IN_QUOTAS(appends_count_what_they_append),
        IN_QUOTAS(deleting_and_renaming_over_a_file_give_back_what_it_had),
        IN_QUOTAS(links_are_no_files),
        IN_QUOTAS(parts_that_are_combined_need_room_twice_until_they_are_one),
        IN_QUOTAS(a_copy_counts),
        IN_QUOTAS(a_hole_counts_as_it_is_long),
        IN_QUOTAS(what_is_too_long_to_be_counted_is_within_no_limit),
        IN_QUOTAS(what_a_broken_upload_leaves_counts_and_can_be_resumed),
        IN_QUOTAS(direct_uploads_count_while_they_are_written),
        IN_QUOTAS(a_direct_upload_to_a_file_that_was_taken_away_ends),
        IN_QUOTAS(two_uploads_over_one_file_count_what_each_really_replaced),
        IN_QUOTAS(what_is_reserved_is_nobody_elses),
        IN_QUOTAS(a_file_is_no_longer_than_max_file_size),
        IN_QUOTAS(what_was_kept_counts_until_it_is_the_file),
        IN_QUOTAS(what_was_kept_and_is_given_up_counts_no_more),
        IN_QUOTAS(an_upload_is_not_kept_without_room_beside_what_it_replaces),
        IN_QUOTAS(an_annex_counts_and_is_limited),
        IN_QUOTAS(who_uploads_may_download_by_the_ratio),
        IN_QUOTAS(a_copy_on_the_server_is_no_upload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
