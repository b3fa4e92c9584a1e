/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store_local_target.h"
#include "tests/unit/store_annexes.h"

/* ---- Syncs, counted (tests/meson.build) -------------------------------------------- */

static unsigned syncs;

int __wrap_fsync(int fd);

int __wrap_fsync(int fd)
{
    (void)fd;
    syncs++;
    return 0;
}

/* ---- Annexes as users of the store see them ------------------------------------ */

static void change_time(const char *path, int64_t seconds)
{
    const struct store_changes changes = {.mask = STORE_CHANGE_MODIFIED,
                                          .modified = {.seconds = seconds, .nanoseconds = 5}};
    assert_fault(world.store->type->change(world.store, path, &changes), FAULT_NONE);
}

/* ---- Files that come and change --------------------------------------------------- */

TEST(an_annex_is_published_with_its_file_and_read_beside_it)
{
    struct store_upload *upload = begin(STORE_REPLACE, 0, "/f");
    pour(upload, "content");
    note(upload, "first ");
    note(upload, "and second");
    assert_false(is_there(".ferry"));
    publish(upload);
    assert_string_equal(annex_of("/f"), "first and second");
    assert_string_equal(content_of(in_root("f")), "content");
    assert_int_equal(names_in(world.root), 2);
    assert_int_equal(names_in(in_root(".ferry")), 1);
}

TEST(a_file_without_an_annex_has_none_and_leaves_nothing_beside_it)
{
    struct store_upload *upload = begin(STORE_REPLACE, 0, "/f");
    pour(upload, "content");
    note(upload, "");
    publish(upload);
    assert_null(annex_of("/f"));
    assert_int_equal(names_in(world.root), 1);
}

TEST(each_version_of_a_file_has_its_own_annex_even_while_it_is_replaced)
{
    upload_as(STORE_REPLACE, "/f", "old", "annex of the old one");
    struct stream *old = open_it("/f");
    upload_as(STORE_REPLACE, "/f", "newer", "annex of the new one");
    assert_string_equal(annex_by("/f", old), "annex of the old one");
    assert_string_equal(annex_of("/f"), "annex of the new one");
    stream_close(&old);
}

TEST(a_file_that_was_replaced_since_it_was_opened_is_not_one_without_an_annex)
{
    struct stream *annex = NULL;
    upload_as(STORE_REPLACE, "/other", "x", "keeps the directory there");
    upload_as(STORE_REPLACE, "/f", "old", "annex");
    struct stream *old = open_it("/f");
    upload_as(STORE_REPLACE, "/f", "plain", NULL);
    assert_fault(world.store->type->open_annex(world.store, "/f", old, &annex), FAULT_BUSY);
    assert_null(annex_of("/f"));
    stream_close(&old);
}

TEST(a_file_that_is_being_appended_to_is_not_one_without_an_annex)
{
    struct stream *annex = NULL;
    upload_as(STORE_REPLACE, "/f", "old", "annex");
    int other = open(in_root("f"), O_RDWR | O_APPEND);
    assert_int_equal(flock(other, LOCK_EX), 0);
    assert_int_equal(write(other, " half", 5), 5);
    struct stream *file = open_it("/f");
    assert_fault(world.store->type->open_annex(world.store, "/f", file, &annex), FAULT_BUSY);
    close(other);
    assert_fault(world.store->type->open_annex(world.store, "/f", file, &annex), FAULT_NOT_FOUND);
    stream_close(&file);
}

TEST(a_new_file_without_an_annex_ends_the_old_one_s)
{
    upload_as(STORE_REPLACE, "/f", "old", "annex");
    upload_as(STORE_REPLACE, "/f", "new", NULL);
    assert_null(annex_of("/f"));
    assert_int_equal(names_in(world.root), 1);
}

TEST(what_others_change_has_no_annex_any_more)
{
    upload_as(STORE_REPLACE, "/f", "content", "annex");
    put(in_root("f"), "another one");
    assert_null(annex_of("/f"));
    upload_as(STORE_REPLACE, "/f", "content", "annex");
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1000, .tv_nsec = 7}};
    assert_int_equal(utimensat(AT_FDCWD, in_root("f"), times, 0), 0);
    assert_null(annex_of("/f"));
}

TEST(a_time_without_its_fraction_is_the_same_time)
{
    struct stat info;
    upload_as(STORE_REPLACE, "/f", "content", "annex");
    assert_int_equal(stat(in_root("f"), &info), 0);
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = info.st_mtim.tv_sec}};
    assert_int_equal(utimensat(AT_FDCWD, in_root("f"), times, 0), 0);
    assert_string_equal(annex_of("/f"), "annex");
}

TEST(an_append_puts_its_annex_behind_the_one_that_is_there)
{
    upload_as(STORE_APPEND, "/f", "one", "annex 1\n");
    assert_string_equal(annex_of("/f"), "annex 1\n");
    upload_as(STORE_APPEND, "/f", "two", "annex 2\n");
    assert_string_equal(annex_of("/f"), "annex 1\nat 3\nannex 2\n");
    upload_as(STORE_APPEND, "/f", "3", NULL);
    assert_string_equal(annex_of("/f"), "annex 1\nat 3\nannex 2\nat 6\n");
    assert_string_equal(content_of(in_root("f")), "onetwo3");
    put(in_root("g"), "plain");
    upload_as(STORE_APPEND, "/g", "more", "annex\n");
    assert_string_equal(annex_of("/g"), "at 5\nannex\n");
}

TEST(an_append_that_is_given_up_leaves_the_annex)
{
    upload_as(STORE_REPLACE, "/f", "one", "annex");
    struct store_upload *upload = begin(STORE_APPEND, 0, "/f");
    pour(upload, "two");
    note(upload, "more");
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_OLD);
    assert_string_equal(annex_of("/f"), "annex");
}

TEST(a_partial_and_what_completes_it_have_their_annexes)
{
    struct store_upload *upload = begin(STORE_REPLACE, 0, "/f");
    pour(upload, "part");
    note(upload, "p\n");
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_PARTIAL);
    assert_string_equal(annex_of("/f"), "p\n");
    upload = begin(STORE_APPEND, 0, "/f");
    pour(upload, " two");
    note(upload, "q\n");
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_PARTIAL);
    assert_string_equal(annex_of("/f"), "p\nat 4\nq\n");
    upload = begin(STORE_APPEND, 0, "/f");
    pour(upload, " three");
    publish(upload);
    assert_string_equal(annex_of("/f"), "p\nat 4\nq\nat 8\n");
}

TEST(a_unique_file_has_its_annex_and_a_taken_name_keeps_its_own)
{
    upload_as(STORE_UNIQUE, "/u", "one", "annex");
    assert_string_equal(annex_of("/u"), "annex");
    struct store_upload *upload = begin(STORE_UNIQUE, 0, "/v");
    pour(upload, "mine");
    note(upload, "mine");
    upload_as(STORE_REPLACE, "/v", "theirs", "theirs");
    assert_fault(upload->type->publish(upload), FAULT_EXISTS);
    assert_string_equal(annex_of("/v"), "theirs");
}

TEST(a_direct_upload_has_its_annex_once_it_is_published)
{
    struct store_upload_request request = {.mode = 0644, .direct = true};
    struct store_upload *upload = NULL;
    static const char *const annexes[] = {"a\n", "a\nat 3\n", "b\n", "b\nat 3\nc\n",
                                          "b\nat 3\nc\nat 6\n"};
    static const char *const given[] = {"a\n", NULL, "b\n", "c\n", NULL};
    static const enum store_upload_kind kinds[] = {STORE_REPLACE, STORE_APPEND, STORE_REPLACE,
                                                   STORE_APPEND, STORE_APPEND};
    for (size_t i = 0; i < COUNT(given); i++) {
        request.kind = kinds[i];
        request.reserve_bytes = i % 2 ? 65536 : 0;
        assert_fault(world.store->type->open_upload(world.store, "/f", &request, &upload),
                     FAULT_NONE);
        pour(upload, "new");
        if (given[i])
            note(upload, given[i]);
        publish(upload);
        assert_string_equal(annex_of("/f"), annexes[i]);
    }
    request.kind = STORE_REPLACE;
    assert_fault(world.store->type->open_upload(world.store, "/f", &request, &upload), FAULT_NONE);
    pour(upload, "plain");
    publish(upload);
    assert_null(annex_of("/f"));
    assert_int_equal(names_in(world.root), 1);
}

TEST(a_name_that_is_too_long_has_no_annex)
{
    char path[LOCAL_NAME_SIZE] = "/";
    memset(path + 1, 'n', 240);
    upload_as(STORE_REPLACE, path, "x", "annex");
    assert_string_equal(annex_of(path), "annex");
    memset(path + 1, 'n', 241);
    struct store_upload *upload = begin(STORE_REPLACE, 0, path);
    pour(upload, "x");
    assert_fault(upload->type->annex(upload, TEXT("annex")), FAULT_NAME_INVALID);
    assert_fault(upload->type->annex(upload, TEXT("")), FAULT_NAME_INVALID);
    publish(upload);
    assert_null(annex_of(path));
    memset(path + 1, 'n', 240);
    path[241] = '\0';
    char longer[LOCAL_NAME_SIZE] = "/";
    memset(longer + 1, 'm', 241);
    assert_fault(world.store->type->rename(world.store, path, longer), FAULT_NAME_INVALID);
    assert_string_equal(annex_of(path), "annex");
}

TEST(the_annex_is_as_private_as_the_file)
{
    struct stat info;
    struct store_upload_request request = {.mode = 0640};
    struct store_upload *upload = NULL;
    assert_int_equal(chmod(world.root, 0750), 0);
    assert_fault(world.store->type->open_upload(world.store, "/f", &request, &upload), FAULT_NONE);
    pour(upload, "x");
    note(upload, "annex");
    publish(upload);
    assert_int_equal(stat(in_root(".ferry/f.annex"), &info), 0);
    assert_int_equal(info.st_mode & 07777, 0640);
    assert_int_equal(stat(in_root(".ferry"), &info), 0);
    assert_int_equal(info.st_mode & 07777, 0750);
}

TEST(the_annex_stays_as_private_as_the_file_when_its_mode_is_changed)
{
    struct stat info;
    struct store_changes changes = {.mask = STORE_CHANGE_MODE, .mode = 0600};
    for (int i = 0; i < 2; i++) {
        upload_as(STORE_REPLACE, "/f", "x", "annex");
        assert_fault(world.store->type->change(world.store, "/f", &changes), FAULT_NONE);
        assert_int_equal(stat(in_root(".ferry/f.annex"), &info), 0);
        assert_int_equal(info.st_mode & 07777, changes.mode & 0666);
        assert_string_equal(annex_of("/f"), "annex");
        changes = (struct store_changes){.mask = STORE_CHANGE_MODE | STORE_CHANGE_MODIFIED,
                                         .mode = 0750,
                                         .modified.seconds = 1000};
    }
}

TEST(an_annex_that_follows_a_rename_or_a_new_time_is_on_the_disk_before)
{
    upload_as(STORE_REPLACE, "/f", "content", "annex");
    syncs = 0;
    assert_fault(world.store->type->rename(world.store, "/f", "/g"), FAULT_NONE);
    assert_int_equal(syncs, 3); /* the annex, the hidden directory and the one that it is in */
    change_time("/g", 1000);
    assert_int_equal(syncs, 6);
    assert_string_equal(annex_of("/g"), "annex");
}

/* ---- Names ------------------------------------------------------------------------- */

static void rename_it(const char *from, const char *to)
{
    assert_fault(world.store->type->rename(world.store, from, to), FAULT_NONE);
}

TEST(an_annex_goes_where_its_file_goes)
{
    upload_as(STORE_REPLACE, "/f", "content", "annex");
    rename_it("/f", "/g");
    assert_string_equal(annex_of("/g"), "annex");
    assert_int_equal(names_in(in_root(".ferry")), 1);
    assert_int_equal(mkdir(in_root("d"), 0755), 0);
    rename_it("/g", "/d/f");
    assert_string_equal(annex_of("/d/f"), "annex");
    assert_false(is_there(".ferry"));
    rename_it("/d", "/e");
    assert_string_equal(annex_of("/e/f"), "annex");
    rename_it("/e/f", "/f");
    assert_string_equal(annex_of("/f"), "annex");
    assert_false(is_there("e/.ferry"));
}

TEST(a_rename_over_a_file_brings_the_own_annex_and_no_other)
{
    upload_as(STORE_REPLACE, "/a", "content", "annex of a");
    upload_as(STORE_REPLACE, "/b", "content", "annex of b");
    upload_as(STORE_REPLACE, "/c", "another", NULL);
    rename_it("/a", "/b");
    assert_string_equal(annex_of("/b"), "annex of a");
    rename_it("/c", "/b");
    assert_null(annex_of("/b"));
    assert_false(is_there(".ferry"));
}

TEST(a_rename_to_the_name_itself_changes_nothing)
{
    upload_as(STORE_REPLACE, "/f", "content", "annex");
    rename_it("/f", "/f");
    assert_string_equal(annex_of("/f"), "annex");
    char other[256];
    (void)snprintf(other, sizeof(other), "%s/hard", world.root);
    assert_int_equal(link(in_root("f"), other), 0);
    rename_it("/f", "/hard");
    assert_true(is_there("f"));
    assert_string_equal(annex_of("/f"), "annex");
}

TEST(a_rename_that_fails_leaves_the_annexes)
{
    upload_as(STORE_REPLACE, "/f", "content", "annex");
    assert_int_equal(mkdir(in_root("d"), 0755), 0);
    assert_fault(world.store->type->rename(world.store, "/f", "/d"), FAULT_IS_DIRECTORY);
    assert_string_equal(annex_of("/f"), "annex");
    assert_int_equal(names_in(in_root(".ferry")), 1);
}

TEST(a_link_has_the_annex_of_the_file_that_it_leads_to)
{
    assert_int_equal(mkdir(in_root("d"), 0755), 0);
    assert_int_equal(symlink("d/f", in_root("l")), 0);
    upload_as(STORE_REPLACE, "/l", "content", "annex");
    assert_string_equal(annex_of("/d/f"), "annex");
    assert_string_equal(annex_of("/l"), "annex");
    assert_false(is_there(".ferry"));
    rename_it("/l", "/m");
    assert_fault(world.store->type->remove(world.store, "/m"), FAULT_NONE);
    assert_string_equal(annex_of("/d/f"), "annex");
}

TEST(an_annex_is_removed_with_its_file)
{
    struct store_directory *directory = NULL;
    assert_int_equal(mkdir(in_root("d"), 0755), 0);
    upload_as(STORE_REPLACE, "/d/f", "content", "annex");
    upload_as(STORE_REPLACE, "/d/g", "content", "annex");
    assert_fault(world.store->type->remove(world.store, "/d/f"), FAULT_NONE);
    assert_int_equal(names_in(in_root("d/.ferry")), 1);
    assert_fault(world.store->type->open_directory(world.store, "/", true, &directory), FAULT_NONE);
    assert_fault(directory->type->remove_below(directory, "d/g", false), FAULT_NONE);
    assert_int_equal(names_in(in_root("d")), 0);
    directory->type->close(directory);
}

TEST(users_neither_see_nor_reach_what_is_beside_their_files)
{
    struct store_directory *directory = NULL;
    struct stream *stream = NULL;
    struct store_info info;
    struct text name;
    enum store_kind kind;
    upload_as(STORE_REPLACE, "/f", "content", "annex");
    assert_fault(world.store->type->open_directory(world.store, "/", true, &directory), FAULT_NONE);
    assert_fault(directory->type->next(directory, &name, &kind), FAULT_NONE);
    assert_text(name, "f");
    assert_fault(directory->type->next(directory, &name, &kind), FAULT_NONE);
    assert_int_equal(name.len, 0);
    directory->type->close(directory);
    assert_fault(world.store->type->open_read(world.store, "/.ferry/f.annex", &stream, &info),
                 FAULT_NOT_FOUND);
    assert_fault(world.store->type->stat(world.store, "/.ferry", true, &info), FAULT_NOT_FOUND);
    assert_fault(world.store->type->rename(world.store, "/.ferry", "/x"), FAULT_NOT_FOUND);
    assert_fault(world.store->type->make_directory(world.store, "/.ferry", 0755), FAULT_NOT_FOUND);
    assert_fault(world.store->type->make_link(world.store, "f", "/.ferry/x"), FAULT_NOT_FOUND);
    assert_fault(cannot_begin(STORE_REPLACE, 0, "/.ferry/f.annex"), FAULT_NOT_FOUND);
}

/* ---- Times ------------------------------------------------------------------------- */

TEST(a_time_that_the_store_sets_keeps_the_annex)
{
    upload_as(STORE_REPLACE, "/f", "content", "annex");
    change_time("/f", 1000000000);
    assert_string_equal(annex_of("/f"), "annex");
    change_time("/f", -1000);
    assert_string_equal(annex_of("/f"), "annex");
    assert_int_equal(symlink("f", in_root("l")), 0);
    change_time("/l", 5);
    assert_string_equal(annex_of("/f"), "annex");
}

/* ---- Annex files are anybody's ---------------------------------------------------------- */

static void forge(const char *annex)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/.ferry/f.annex", world.root);
    (void)mkdir(in_root(".ferry"), 0755);
    put(path, annex);
}

TEST(a_forged_annex_file_is_one_or_none)
{
    static const char *const nonsense[] = {
        "",
        "ferry-annex 1",
        "ferry-annex 1\n",
        "ferry-annex 2\nfile 7 1000.000000005 1\nx",
        "ferry-annex 1\nfile 7 1000.000000005 2\nx",
        "ferry-annex 1\nfile 7 1000.000000005 9223372036854775807\nx",
        "ferry-annex 1\nfile 7 1000.000000005 99999999999999999999\nx",
        "ferry-annex 1\nfile 7 1000.000000005 1 \nx",
        "ferry-annex 1\nfile 7 1000.5 1\nx",
        "ferry-annex 1\nfile 7 +1000.000000005 1\nx",
        "ferry-annex 1\nfile 6 1000.000000005 1\nx",
        "ferry-annex 1\nfile 6 1000.000000005 1\nxfile 7 1000.000000005 1",
        "ferry-annex 1\nfile 6 1.000000005 0\nfile 6 1.000000005 0\nfile 7 1000.000000005 1\nx",
    };
    put(in_root("f"), "content");
    change_time("/f", 1000);
    for (size_t i = 0; i < COUNT(nonsense); i++) {
        forge(nonsense[i]);
        assert_null(annex_of("/f"));
    }
    forge("ferry-annex 1\nfile 7 1000.000000005 1\nx");
    assert_string_equal(annex_of("/f"), "x");
    forge("ferry-annex 1\nfile 6 1.000000005 2\nabfile 7 1000.000000005 1\ny");
    assert_string_equal(annex_of("/f"), "y");
    upload_as(STORE_REPLACE, "/f", "new", "z");
    assert_string_equal(annex_of("/f"), "z");
}

TEST(what_is_not_a_directory_or_a_plain_file_is_not_followed)
{
    char link_path[256];
    assert_int_equal(symlink("../outside", in_root(".ferry")), 0);
    put(outside("f.annex"), "ferry-annex 1\nfile 7 1000.000000005 1\nx");
    put(in_root("f"), "content");
    change_time("/f", 1000);
    assert_null(annex_of("/f"));
    upload_as(STORE_REPLACE, "/f", "plain", NULL);
    struct store_upload *upload = begin(STORE_REPLACE, 0, "/f");
    pour(upload, "content");
    note(upload, "annex");
    assert_fault(upload->type->publish(upload), FAULT_NOT_DIRECTORY);
    assert_string_equal(content_of(in_root("f")), "plain");
    assert_int_equal(unlink(in_root(".ferry")), 0);
    upload_as(STORE_REPLACE, "/g", "other", "other");
    (void)snprintf(link_path, sizeof(link_path), "%s/.ferry/f.annex", world.root);
    put(in_root("f"), "content");
    change_time("/f", 1000);
    assert_int_equal(symlink(outside("f.annex"), link_path), 0);
    assert_null(annex_of("/f"));
    upload_as(STORE_REPLACE, "/f", "content", "annex");
    assert_string_equal(annex_of("/f"), "annex");
    assert_non_null(content_of(outside("f.annex")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(an_annex_is_published_with_its_file_and_read_beside_it),
        IN_WORLD(a_file_without_an_annex_has_none_and_leaves_nothing_beside_it),
        IN_WORLD(each_version_of_a_file_has_its_own_annex_even_while_it_is_replaced),
        IN_WORLD(a_file_that_was_replaced_since_it_was_opened_is_not_one_without_an_annex),
        IN_WORLD(a_file_that_is_being_appended_to_is_not_one_without_an_annex),
        IN_WORLD(a_new_file_without_an_annex_ends_the_old_one_s),
        IN_WORLD(what_others_change_has_no_annex_any_more),
        IN_WORLD(a_time_without_its_fraction_is_the_same_time),
        IN_WORLD(an_append_puts_its_annex_behind_the_one_that_is_there),
        IN_WORLD(an_append_that_is_given_up_leaves_the_annex),
        IN_WORLD(a_partial_and_what_completes_it_have_their_annexes),
        IN_WORLD(a_unique_file_has_its_annex_and_a_taken_name_keeps_its_own),
        IN_WORLD(a_direct_upload_has_its_annex_once_it_is_published),
        IN_WORLD(a_name_that_is_too_long_has_no_annex),
        IN_WORLD(the_annex_is_as_private_as_the_file),
        IN_WORLD(the_annex_stays_as_private_as_the_file_when_its_mode_is_changed),
        IN_WORLD(an_annex_that_follows_a_rename_or_a_new_time_is_on_the_disk_before),
        IN_WORLD(an_annex_goes_where_its_file_goes),
        IN_WORLD(a_rename_over_a_file_brings_the_own_annex_and_no_other),
        IN_WORLD(a_rename_to_the_name_itself_changes_nothing),
        IN_WORLD(a_rename_that_fails_leaves_the_annexes),
        IN_WORLD(a_link_has_the_annex_of_the_file_that_it_leads_to),
        IN_WORLD(an_annex_is_removed_with_its_file),
        IN_WORLD(users_neither_see_nor_reach_what_is_beside_their_files),
        IN_WORLD(a_time_that_the_store_sets_keeps_the_annex),
        IN_WORLD(a_forged_annex_file_is_one_or_none),
        IN_WORLD(what_is_not_a_directory_or_a_plain_file_is_not_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
