/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What uploads leave when the system misbehaves. Each upload is done again and
 * again while its first, second, third … system call fails, until it goes
 * through; after each the tree is looked at as it is, and as it would be if the
 * process had died there and the next start had read its journal.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/unit/store_faults.h"

TEST(a_new_file_is_whole_or_not_there)
{
    whatever_fails((struct scenario){.request.kind = STORE_REPLACE, .after = "new content"});
}

TEST(a_replaced_file_is_the_old_or_the_new_one)
{
    whatever_fails((struct scenario){
        .request.kind = STORE_REPLACE, .before = "old content", .after = "a newer content"});
}

TEST(an_append_is_there_whole_or_not_at_all)
{
    whatever_fails((struct scenario){
        .request.kind = STORE_APPEND, .before = "a log", .after = "a log and more", .kept = 5});
}

TEST(an_append_to_no_file_is_there_whole_or_not_at_all)
{
    whatever_fails((struct scenario){.request.kind = STORE_APPEND, .after = "first lines"});
}

TEST(a_continued_file_is_the_old_or_the_new_one)
{
    whatever_fails((struct scenario){.request = {.kind = STORE_RESUME, .offset = 5},
                                     .before = "begun",
                                     .after = "begun and ended",
                                     .kept = 5});
    whatever_fails((struct scenario){.request = {.kind = STORE_RESUME, .offset = 3},
                                     .before = "begun and wrong",
                                     .after = "beg for more",
                                     .kept = 3});
    whatever_fails((struct scenario){.request.kind = STORE_RESUME, .after = "from the start"});
}

TEST(a_unique_file_is_whole_or_not_there)
{
    whatever_fails((struct scenario){.request.kind = STORE_UNIQUE, .after = "one of its kind"});
}

TEST(a_partial_file_keeps_what_it_has)
{
    whatever_fails((struct scenario){.request.kind = STORE_APPEND,
                                     .before = "part",
                                     .is_partial = true,
                                     .is_in_place = true,
                                     .after = "part and the rest",
                                     .kept = 4});
    whatever_fails((struct scenario){.request = {.kind = STORE_RESUME, .offset = 2},
                                     .before = "part",
                                     .is_partial = true,
                                     .is_in_place = true,
                                     .after = "pack",
                                     .kept = 2});
}

TEST(a_direct_upload_changes_only_what_it_was_sent_for)
{
    static const struct scenario scenarios[] = {
        {.request.kind = STORE_REPLACE, .after = "new content"},
        {.request.kind = STORE_REPLACE, .before = "old content", .after = "a newer content"},
        {.request.kind = STORE_APPEND, .after = "first lines"},
        {.request.kind = STORE_APPEND, .before = "a log", .after = "a log and more", .kept = 5},
        {.request = {.kind = STORE_RESUME, .offset = 3},
         .before = "beginning",
         .after = "begun not",
         .kept = 3},
        {.request.kind = STORE_UNIQUE, .after = "one of its kind"},
    };
    for (size_t i = 0; i < COUNT(scenarios); i++) {
        struct scenario direct = scenarios[i];
        direct.request.direct = true;
        direct.is_in_place = true;
        whatever_fails(direct);
    }
}

TEST(a_replaced_file_has_the_annex_of_its_version)
{
    static const struct scenario scenarios[] = {
        {.annex = "new", .annex_after = "new"},
        {.before = "old content", .annex = "new", .annex_after = "new"},
        {.before = "old content", .annex_before = "old", .annex = "new", .annex_after = "new"},
        {.before = "old content", .annex_before = "old"},
    };
    for (size_t i = 0; i < COUNT(scenarios); i++) {
        struct scenario s = scenarios[i];
        s.after = "a newer content";
        s.request.kind = STORE_REPLACE;
        whatever_fails(s);
        if (!s.before)
            s.request.kind = STORE_UNIQUE;
        whatever_fails(s);
    }
}

TEST(a_file_that_was_appended_to_has_the_annex_of_its_version)
{
    static const struct scenario scenarios[] = {
        {.after = "a log and more", .annex = "new", .annex_after = "new"},
        {.before = "a log",
         .after = "a log and more",
         .kept = 5,
         .annex = "new",
         .annex_after = "at 5\nnew"},
        {.before = "a log",
         .after = "a log and more",
         .kept = 5,
         .annex_before = "old\n",
         .annex = "new",
         .annex_after = "old\nat 5\nnew"},
        {.before = "a log",
         .after = "a log and more",
         .kept = 5,
         .annex_before = "old\n",
         .annex_after = "old\nat 5\n"},
    };
    for (size_t i = 0; i < COUNT(scenarios); i++) {
        struct scenario s = scenarios[i];
        s.request.kind = STORE_APPEND;
        whatever_fails(s);
    }
}

/* ---- Files that get another name or time ------------------------------------------------ */

static enum fault rename_it(void)
{
    return world.store->type->rename(world.store, "/d/f", "/f");
}

static enum fault change_it(void)
{
    const struct store_changes changes = {.mask = STORE_CHANGE_MODIFIED, .modified.seconds = 1000};
    return world.store->type->change(world.store, "/f", &changes);
}

/* What happens to the files "f", in two directories, with one trouble; true when it was met. */
static bool meet(enum fault (*act)(void), struct trouble next, enum fault *ret_fault)
{
    put_annexed("/f", "old content", "old");
    put_annexed("/d/f", "a newer content", "new");
    trouble = next;
    *ret_fault = act();
    bool met = trouble.met;
    trouble = (struct trouble){0};
    if (!met)
        assert_fault(*ret_fault, FAULT_NONE);
    return met;
}

static bool is_renamed(void)
{
    const char *content = content_of(in_base("root/f"));
    bool is_new = is_same(content, "a newer content");
    assert_true(is_new || is_same(content, "old content"));
    assert_string_equal(annex_of("/f"), is_new ? "new" : "old");
    assert_int_equal(access(in_base("root/d/f"), F_OK), is_new ? -1 : 0);
    if (!is_new)
        assert_string_equal(annex_of("/d/f"), "new");
    return is_new;
}

TEST(a_renamed_file_has_its_annex_under_the_name_that_it_has)
{
    assert_int_equal(mkdir(in_base("root/d"), 0755), 0);
    start();
    for (unsigned lasts = 0; lasts < 2; lasts++) {
        struct trouble next = {.error = EIO, .lasts = lasts};
        enum fault f = FAULT_NONE;
        bool met = true;
        while (met) {
            next.nth++;
            met = meet(rename_it, next, &f);
            assert_int_equal(is_renamed(), f == FAULT_NONE);
        }
        assert_int_equal(access(in_base("root/d/.ferry"), F_OK), -1);
    }
    stop();
}

TEST(a_file_keeps_its_annex_whether_its_time_is_changed_or_not)
{
    assert_int_equal(mkdir(in_base("root/d"), 0755), 0);
    start();
    for (unsigned lasts = 0; lasts < 2; lasts++) {
        struct trouble next = {.error = EIO, .lasts = lasts};
        enum fault f = FAULT_NONE;
        bool met = true;
        while (met) {
            next.nth++;
            met = meet(change_it, next, &f);
            assert_string_equal(annex_of("/f"), "old");
        }
    }
    stop();
}

/* ---- Uploads that are kept ---------------------------------------------------------------- */

/* Not even a second upload is hindered by one that could not be kept. */
static bool survive_keeping(struct trouble next)
{
    const struct scenario s = {.after = "new content", .annex_after = "annex"};
    struct store_upload_request request = {.mode = 0644};
    struct store_upload *upload = NULL;
    lay_out(&s);
    start();
    assert_fault(world.store->type->open_upload(world.store, "/f", &request, &upload), FAULT_NONE);
    assert_fault(send_all(upload, s.after), FAULT_NONE);
    assert_fault(upload->type->annex(upload, TEXT("annex")), FAULT_NONE);
    unsigned not_synced = failed[CALL_SYNC];
    trouble = next;
    enum fault f = upload->type->keep(upload, &request.kept);
    bool met = trouble.met;
    trouble = (struct trouble){0};
    if (failed[CALL_SYNC] != not_synced)
        assert_int_not_equal(f, FAULT_NONE);
    if (!f) {
        assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_KEPT);
        crash_and_recover();
        request.goes_on = true;
        assert_fault(world.store->type->open_upload(world.store, "/f", &request, &upload),
                     FAULT_NONE);
    }
    assert_fault(upload->type->publish(upload), FAULT_NONE);
    assert_string_equal(content_of(in_base("root/f")), s.after);
    check_annex(&s, "published");
    check_beside(&s);
    assert_int_equal(count_names(in_base("root"), "f"), 1);
    stop();
    return met;
}

TEST(an_upload_that_cannot_be_kept_is_published_all_the_same)
{
    static const int errors[] = {ENOSPC, EIO};
    for (size_t i = 0; i < COUNT(errors) * 4; i++) {
        struct trouble next = {.error = errors[i / 4], .lasts = i & 1};
        no_tmpfile = i & 2 ? EOPNOTSUPP : 0;
        do
            next.nth++;
        while (survive_keeping(next));
        assert_true(next.nth > 1);
    }
}

/* ---- Uploads that are given up -------------------------------------------------------- */

/* Does the file bear out what was said to be left? */
static void check_remains(const struct scenario *s, enum store_remains remains)
{
    const char *content = content_of(in_base("root/f"));
    bool fine = false;
    switch (remains) {
    case STORE_LEFT_NOTHING:
        fine = !content;
        break;
    case STORE_LEFT_KEPT: /* nobody kept any */
        break;
    case STORE_LEFT_OLD:
        fine = s->before && is_same(content, s->before);
        break;
    case STORE_LEFT_PARTIAL: /* what follows it is never wrong, as the client has it */
        fine = content && is_between(s, content) && strlen(content) >= strlen(s->after) &&
               getxattr(in_base("root/f"), LOCAL_PARTIAL_MARK, NULL, 0) == 1;
        break;
    case STORE_LEFT_CHANGED:
        fine = s->request.direct && content && is_between(s, content);
        break;
    }
    if (!fine)
        fail_msg("call %u fails with %s: %u is said to be left, and there is \"%s\"", trouble.nth,
                 strerrorname_np(trouble.error), remains, content ? content : "(none)");
}

static bool survive_break(const struct scenario *s, struct trouble next)
{
    struct store_upload *upload = NULL;
    lay_out(s);
    start();
    assert_fault(world.store->type->open_upload(world.store, "/f", &s->request, &upload),
                 FAULT_NONE);
    assert_fault(send_all(upload, s->after + s->kept), FAULT_NONE);
    trouble = next;
    enum store_remains remains = upload->type->abandon(upload, true);
    bool met = trouble.met;
    trouble = (struct trouble){.error = next.error};
    check_listing();
    check_remains(s, remains);
    crash_and_recover();
    check_remains(s, remains);
    assert_int_equal(count_names(in_base("root"), "f"), content_of(in_base("root/f")) ? 1 : 0);
    stop();
    return met;
}

TEST(a_broken_upload_leaves_what_it_says)
{
    static const struct scenario scenarios[] = {
        {.request.kind = STORE_REPLACE, .after = "new content"},
        {.request.kind = STORE_UNIQUE, .after = "one of its kind"},
        {.request.kind = STORE_REPLACE, .before = "old content", .after = "a newer content"},
        {.request.kind = STORE_APPEND, .before = "a log", .after = "a log and more", .kept = 5},
        {.request.kind = STORE_APPEND,
         .before = "part",
         .is_partial = true,
         .after = "part and the rest",
         .kept = 4},
        {.request = {.kind = STORE_REPLACE, .direct = true}, .after = "new content"},
        {.request = {.kind = STORE_APPEND, .direct = true},
         .before = "a log",
         .after = "a log and more",
         .kept = 5},
    };
    static const int errors[] = {ENOSPC, EDQUOT, EIO, EROFS};
    for (size_t i = 0; i < COUNT(scenarios) * COUNT(errors) * 2; i++) {
        struct trouble next = {.error = errors[i / 2 % COUNT(errors)], .lasts = i % 2};
        no_tmpfile = 0;
        do
            next.nth++;
        while (survive_break(&scenarios[i / 2 / COUNT(errors)], next));
        next.nth = 0;
        no_tmpfile = EOPNOTSUPP;
        do
            next.nth++;
        while (survive_break(&scenarios[i / 2 / COUNT(errors)], next));
    }
}

/* ---- Systems that are different ------------------------------------------------------------ */

static enum fault upload_once(const struct scenario *s)
{
    lay_out(s);
    start();
    enum fault f = run_upload(s);
    check_listing();
    stop();
    return f;
}

TEST(a_file_system_without_nameless_files_will_do)
{
    static const int answers[] = {EOPNOTSUPP, EISDIR, ENOENT};
    const struct scenario s = {
        .request.kind = STORE_REPLACE, .before = "old content", .after = "a newer content"};
    for (size_t i = 0; i < COUNT(answers); i++) {
        no_tmpfile = answers[i];
        assert_fault(upload_once(&s), FAULT_NONE);
        assert_string_equal(content_of(in_base("root/f")), s.after);
        assert_int_equal(count_names(in_base("root"), "f"), 1);
    }
}

TEST(a_file_system_whose_renames_know_no_flags_has_unique_names)
{
    struct scenario s = {.request.kind = STORE_UNIQUE, .after = "one of its kind"};
    struct store_upload *upload = NULL;
    no_tmpfile = EOPNOTSUPP;
    no_rename_flags = EINVAL;
    assert_fault(upload_once(&s), FAULT_NONE);
    assert_string_equal(content_of(in_base("root/f")), s.after);
    assert_int_equal(count_names(in_base("root"), "f"), 1);
    lay_out(&s);
    start();
    assert_fault(world.store->type->open_upload(world.store, "/f", &s.request, &upload),
                 FAULT_NONE);
    assert_fault(send_all(upload, s.after), FAULT_NONE);
    write_file(in_base("root/f"), "theirs", 6);
    assert_fault(upload->type->publish(upload), FAULT_EXISTS);
    stop();
    assert_string_equal(content_of(in_base("root/f")), "theirs");
    assert_int_equal(count_names(in_base("root"), "f"), 1);
}

TEST(a_replaced_file_keeps_its_group_where_its_owner_cannot_be_kept)
{
    const struct scenario s = {
        .request.kind = STORE_REPLACE, .before = "old content", .after = "a newer content"};
    groups_given = 0;
    user = geteuid() + 1;
    assert_fault(upload_once(&s), FAULT_NONE);
    user = 0;
    assert_int_equal(groups_given, 1);
}

TEST(bytes_that_are_refused_late_are_not_published)
{
    static const struct scenario scenarios[] = {
        {.request.kind = STORE_REPLACE, .after = "new content"},
        {.request.kind = STORE_REPLACE, .before = "old content", .after = "a newer content"},
        {.request.kind = STORE_APPEND, .before = "a log", .after = "a log and more", .kept = 5},
    };
    for (size_t i = 0; i < COUNT(scenarios); i++) {
        is_lossy_on_close = true;
        assert_fault(upload_once(&scenarios[i]), FAULT_TOO_LARGE);
        is_lossy_on_close = false;
        const char *content = content_of(in_base("root/f"));
        assert_true(is_same(content, scenarios[i].before));
    }
}

TEST(a_synced_append_survives_a_power_failure)
{
    const struct scenario s = {.request = {.kind = STORE_APPEND, .sync = true},
                               .before = "a log",
                               .after = "a log and more",
                               .kept = 5};
    synced_len = 0;
    assert_fault(upload_once(&s), FAULT_NONE);
    assert_true(synced_len > 0);
    recover(synced, synced_len);
    assert_string_equal(content_of(in_base("root/f")), s.after);
}

TEST(every_kind_of_call_was_made_to_fail)
{
    for (enum call call = 0; call < CALL_COUNT; call++)
        if (!failed[call])
            fail_msg("call %u never failed", call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_new_file_is_whole_or_not_there),
        IN_WORLD(a_replaced_file_is_the_old_or_the_new_one),
        IN_WORLD(an_append_is_there_whole_or_not_at_all),
        IN_WORLD(an_append_to_no_file_is_there_whole_or_not_at_all),
        IN_WORLD(a_continued_file_is_the_old_or_the_new_one),
        IN_WORLD(a_unique_file_is_whole_or_not_there),
        IN_WORLD(a_partial_file_keeps_what_it_has),
        IN_WORLD(a_direct_upload_changes_only_what_it_was_sent_for),
        IN_WORLD(a_replaced_file_has_the_annex_of_its_version),
        IN_WORLD(a_file_that_was_appended_to_has_the_annex_of_its_version),
        IN_WORLD(a_renamed_file_has_its_annex_under_the_name_that_it_has),
        IN_WORLD(a_file_keeps_its_annex_whether_its_time_is_changed_or_not),
        IN_WORLD(an_upload_that_cannot_be_kept_is_published_all_the_same),
        IN_WORLD(a_broken_upload_leaves_what_it_says),
        IN_WORLD(a_file_system_without_nameless_files_will_do),
        IN_WORLD(a_file_system_whose_renames_know_no_flags_has_unique_names),
        IN_WORLD(a_replaced_file_keeps_its_group_where_its_owner_cannot_be_kept),
        IN_WORLD(bytes_that_are_refused_late_are_not_published),
        IN_WORLD(a_synced_append_survives_a_power_failure),
        RUN(every_kind_of_call_was_made_to_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
