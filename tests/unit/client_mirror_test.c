/* SPDX-License-Identifier: Apache-2.0 */
/* Trees of a host and here, made like each other. */
#include "client/mirror.h"
#include "tests/unit/ftp_visitor.h"

static struct mirror_rules mirror;
static struct mirror_tally tally;
static char events[8192];

static void on_event(void *owner, enum mirror_event event, const char *path, enum fault f,
                     struct text reason, unsigned code, const struct carry_outcome *result)
{
    static const char letters[] = {
        [MIRROR_COPIED] = 'c',  [MIRROR_MADE_DIRECTORY] = 'm', [MIRROR_LINKED] = 'l',
        [MIRROR_DELETED] = 'd', [MIRROR_SKIPPED] = 's',        [MIRROR_CONFLICT] = 'x',
        [MIRROR_FAILED] = 'f',
    };
    char *told = owner;
    size_t len = strlen(told);
    (void)result;
    (void)code;
    assert_true(!f || reason.len);
    (void)snprintf(told + len, sizeof(events) - len, "%c:%s ", letters[event], path);
}

/* Is there such an event? They come in any order. */
static void assert_told(const char *event)
{
    char word[256];
    (void)snprintf(word, sizeof(word), " %s ", event);
    if (!strstr(events, word))
        fail_msg("no \"%s\" in \"%s\"", event, events);
}

static int mirror_set_up(void **state)
{
    int failed = visitor_set_up(state);
    mirror = (struct mirror_rules){.carry = rules, .on_event = on_event, .owner = events};
    return failed;
}

#define IN_MIRROR(name) cmocka_unit_test_setup_teardown(name, mirror_set_up, visitor_tear_down)

/* `path` is the host's, the root of the tree here is the other one. */
static enum fault run(enum mirror_direction direction, const char *path)
{
    mirror.direction = direction;
    (void)snprintf(events, sizeof(events), " ");
    ftp_host_begin(&host);
    settings = ftp_host_settings(&host);
    struct crew *crew = crew_new(&settings, 4);
    assert_non_null(crew);
    enum fault f = mirror_run(crew, tree, path, &mirror, &progress, &tally);
    crew_free(crew);
    ftp_host_end(&host);
    return f;
}

static void put_tree_there(void)
{
    ftp_host_put_directory(&host, "/t");
    ftp_host_put(&host, "/t/a", "first");
    ftp_host_put_directory(&host, "/t/d");
    ftp_host_put(&host, "/t/d/b", "second");
    ftp_host_put_directory(&host, "/t/d/e");
    ftp_host_put_directory(&host, "/t/d/e/empty");
    ftp_host_put(&host, "/t/d/e/c", "");
}

static void put_tree_here(void)
{
    put_file("a", "first");
    put_directory("d");
    put_file("d/b", "second");
    put_directory("d/e");
    put_directory("d/e/empty");
    put_file("d/e/c", "");
}

TEST(a_tree_comes_down_and_is_the_same_the_next_time)
{
    put_tree_there();
    assert_fault(run(MIRROR_DOWN, "/t"), FAULT_NONE);
    assert_content("a", "first");
    assert_content("d/b", "second");
    assert_content("d/e/c", "");
    assert_true(is_there("d/e/empty"));
    assert_int_equal(tally.files, 3);
    assert_int_equal(tally.directories, 3);
    assert_int_equal(tally.bytes, 11);
    assert_fault(run(MIRROR_DOWN, "/t"), FAULT_NONE);
    assert_int_equal(tally.files, 0);
    assert_int_equal(tally.same, 3);
    assert_int_equal(ftp_host_count(&host, "RETR"), 0);
}

TEST(a_tree_goes_up_and_is_the_same_the_next_time)
{
    put_tree_here();
    assert_fault(run(MIRROR_UP, "/new/t"), FAULT_NONE);
    assert_host_has(&host, "/new/t/a", "first");
    assert_host_has(&host, "/new/t/d/b", "second");
    assert_host_has(&host, "/new/t/d/e/c", "");
    assert_true(ftp_host_has_directory(&host, "/new/t/d/e/empty"));
    assert_int_equal(tally.files, 3);
    assert_false(visitor_left_parts());
    assert_fault(run(MIRROR_UP, "/new/t"), FAULT_NONE);
    assert_int_equal(tally.files, 0);
    assert_int_equal(tally.same, 3);
    assert_int_equal(ftp_host_count(&host, "STOR"), 0);
}

TEST(what_only_the_target_has_stays_unless_it_is_to_be_deleted)
{
    put_tree_there();
    put_directory("old");
    put_directory("old/er");
    put_file("old/er/f", "x");
    put_file("z", "x");
    assert_fault(run(MIRROR_DOWN, "/t"), FAULT_NONE);
    assert_true(is_there("z"));
    mirror.compare.deletes = true;
    assert_fault(run(MIRROR_DOWN, "/t"), FAULT_NONE);
    assert_false(is_there("z"));
    assert_false(is_there("old"));
    assert_content("a", "first");
    assert_int_equal(tally.deleted, 2);
    assert_told("d:old");
    ftp_host_put(&host, "/t/z", "x");
    ftp_host_put_directory(&host, "/t/old");
    ftp_host_put(&host, "/t/old/f", "x");
    assert_fault(run(MIRROR_UP, "/t"), FAULT_NONE);
    assert_null(ftp_host_find(&host, "/t/z"));
    assert_null(ftp_host_find(&host, "/t/old"));
    assert_non_null(ftp_host_find(&host, "/t/d/e/empty"));
}

TEST(parts_of_files_are_nobodys_to_copy_or_delete)
{
    static const char part[] = ".f.0123456789abcdef.ferry-part";
    char there[64];
    (void)snprintf(there, sizeof(there), "/t/%s", part);
    put_tree_there();
    ftp_host_put(&host, there, "theirs");
    mirror.compare.deletes = true;
    assert_fault(run(MIRROR_DOWN, "/t"), FAULT_NONE);
    assert_false(is_there(part));
    assert_int_equal(tally.files, 3);
    put_file(part, "ours");
    assert_fault(run(MIRROR_UP, "/t"), FAULT_NONE);
    assert_int_equal(tally.files + tally.deleted, 0);
    assert_non_null(ftp_host_find(&host, there));
    assert_fault(run(MIRROR_DOWN, "/t"), FAULT_NONE);
    assert_content(part, "ours");
}

/* Of one directory, which this server cannot list to its end. */
static const char *refuse_listing(struct ftp_host *there, struct text verb, struct text argument)
{
    (void)there;
    return text_equal(verb, TEXT("MLSD")) && text_ends_with(argument, TEXT("/d"))
               ? "451 The disk is broken"
               : NULL;
}

TEST(where_a_listing_fails_nothing_is_deleted_and_the_rest_is_done)
{
    put_tree_there();
    put_directory("d");
    put_file("d/only-here", "x");
    put_file("z", "x");
    mirror.compare.deletes = true;
    host.on_command = refuse_listing;
    assert_fault(run(MIRROR_DOWN, "/t"), FAULT_BUSY);
    assert_content("d/only-here", "x");
    assert_content("a", "first");
    assert_false(is_there("z"));
    assert_int_equal(tally.failed, 1);
    assert_told("f:d");
    put_file("d/b", "newer content");
    ftp_host_put(&host, "/t/d/only-there", "x");
    assert_fault(run(MIRROR_UP, "/t"), FAULT_BUSY);
    assert_host_has(&host, "/t/d/only-there", "x");
    assert_host_has(&host, "/t/d/b", "second");
}

TEST(a_listing_that_breaks_off_deletes_nothing)
{
    put_tree_there();
    put_file("z", "x");
    mirror.compare.deletes = true;
    host.breaks = 1;
    host.breaks_after = 10;
    assert_fault(run(MIRROR_DOWN, "/t"), FAULT_CONNECTION_LOST);
    assert_content("z", "x");
    assert_int_equal(tally.deleted, 0);
}

TEST(a_root_that_is_not_there_is_a_fault_and_deletes_nothing)
{
    put_file("z", "x");
    mirror.compare.deletes = true;
    assert_fault(run(MIRROR_DOWN, "/none"), FAULT_NOT_FOUND);
    assert_content("z", "x");
    assert_int_equal(tally.failed, 1);
}

TEST(a_dry_run_tells_all_and_does_nothing)
{
    put_tree_there();
    put_file("z", "x");
    mirror.compare.deletes = true;
    mirror.is_dry_run = true;
    assert_fault(run(MIRROR_DOWN, "/t"), FAULT_NONE);
    assert_int_equal(count_names(""), 1);
    assert_told("c:a");
    assert_told("m:d");
    assert_told("d:z");
    assert_int_equal(ftp_host_count(&host, "RETR"), 0);
    ftp_host_reset(&host);
    host.features = VISITOR_FACTS;
    ftp_host_put_directory(&host, "/t");
    ftp_host_put(&host, "/t/y", "x");
    assert_fault(run(MIRROR_UP, "/t"), FAULT_NONE);
    assert_told("c:z");
    assert_told("d:y");
    assert_host_has(&host, "/t/y", "x");
    assert_null(ftp_host_find(&host, "/t/z"));
    assert_fault(run(MIRROR_UP, "/none"), FAULT_NONE);
    assert_false(ftp_host_has_directory(&host, "/none"));
}

TEST(names_that_lead_out_are_told_and_left)
{
    static const char *const names[] = {"/t/../victim", "/t/a\\b", "/t/con.txt", "/t/a\001b"};
    ftp_host_put_directory(&host, "/t");
    ftp_host_put(&host, "/t/good", "content");
    for (size_t i = 0; i < COUNT(names); i++)
        (void)snprintf(ftp_host_put(&host, "/t/x", "content")->path, FTP_HOST_PATH, "%s", names[i]);
    mirror.names = SAFE_NAME_PORTABLE;
    assert_fault(run(MIRROR_DOWN, "/t"), FAULT_NAME_INVALID);
    assert_content("good", "content");
    assert_int_equal(count_names(""), 1);
    assert_int_equal(count_names(".."), 2); /* the tree, and what is outside */
}

TEST(one_that_fails_costs_itself_alone)
{
    put_tree_there();
    put_directory("a"); /* a directory where a file is to come, which may not be deleted */
    assert_fault(run(MIRROR_DOWN, "/t"), FAULT_EXISTS);
    assert_told("x:a");
    assert_content("d/b", "second");
    mirror.compare.deletes = true;
    assert_fault(run(MIRROR_DOWN, "/t"), FAULT_NONE);
    assert_content("a", "first");
}

static const char *refuse_one(struct ftp_host *there, struct text verb, struct text argument)
{
    (void)there;
    return text_equal(verb, TEXT("RETR")) && text_ends_with(argument, TEXT("/b")) ? "550 Not you"
                                                                                  : NULL;
}

TEST(a_file_that_is_refused_is_told_with_the_servers_words)
{
    put_tree_there();
    host.on_command = refuse_one;
    assert_fault(run(MIRROR_DOWN, "/t"), FAULT_NOT_FOUND);
    assert_told("f:d/b");
    assert_false(is_there("d/b"));
    assert_content("d/e/c", "");
    assert_int_equal(tally.failed, 1);
    assert_int_equal(tally.files, 2);
}

TEST(what_breaks_off_on_the_way_is_gone_on_with)
{
    put_tree_there();
    assert_fault(run(MIRROR_DOWN, "/t"), FAULT_NONE);
    host.takes_connection = true;
    mirror.carry.tries = 3;
    mirror.compare.ignores_time = true;
    struct ftp_node *node = ftp_host_put(&host, "/t/a", "a longer first");
    /* the listings are short of that many bytes by far */
    for (int i = 0; i < 10000; i++)
        ftp_host_append(node, "0123456789", 10);
    host.breaks = 1;
    host.breaks_after = 50000;
    assert_fault(run(MIRROR_DOWN, "/t"), FAULT_NONE);
    struct stat info;
    assert_int_equal(stat(at("a"), &info), 0);
    assert_int_equal(info.st_size, 100014);
}

TEST(a_server_that_lets_one_in_alone_is_enough)
{
    put_tree_there();
    host.logins_max = 1;
    assert_fault(run(MIRROR_DOWN, "/t"), FAULT_NONE);
    assert_int_equal(tally.files, 3);
    assert_content("d/b", "second");
}

static const char *be_full(struct ftp_host *there, struct text verb, struct text argument)
{
    (void)there;
    (void)argument;
    return text_equal(verb, TEXT("PASS")) ? "421 Too many" : NULL;
}

TEST(a_server_that_lets_nobody_in_is_a_fault)
{
    put_tree_there();
    host.on_command = be_full;
    assert_fault(run(MIRROR_DOWN, "/t"), FAULT_BUSY);
    assert_int_equal(tally.failed, 1);
}

TEST(without_mlsd_it_is_done_by_list)
{
    host.features = " REST STREAM\r\n MDTM\r\n SIZE\r\n";
    put_tree_there();
    assert_fault(run(MIRROR_DOWN, "/t"), FAULT_NONE);
    assert_content("d/b", "second");
    assert_int_equal(tally.files, 3);
    assert_fault(run(MIRROR_DOWN, "/t"), FAULT_NONE);
    assert_int_equal(tally.same, 3);
}

/* Long ago, so that now is later. */
static void put_old_file(const char *name)
{
    const struct timespec times[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    put_file(name, "content");
    assert_int_equal(utimensat(AT_FDCWD, at(name), times, 0), 0);
}

TEST(files_that_keep_no_time_are_not_copied_again_for_that)
{
    put_old_file("f");
    host.features = " MLST type*;size*;modify*;\r\n"; /* and no MFMT */
    for (unsigned i = 0; i < 2; i++) {
        assert_fault(run(MIRROR_UP, "/t"), FAULT_NONE);
        assert_int_equal(tally.same, i);
    }
    ftp_host_reset(&host);
    host.features = VISITOR_FACTS;
    ftp_host_put_directory(&host, "/t");
    ftp_host_put(&host, "/t/g", "content");
    mirror.carry.keeps_time = false;
    for (unsigned i = 0; i < 2; i++) {
        assert_fault(run(MIRROR_DOWN, "/t"), FAULT_NONE);
        assert_int_equal(tally.same, i);
    }
    ftp_host_put(&host, "/t/g", "CONTENT")->modified = time(NULL) + 1000; /* changed since */
    assert_fault(run(MIRROR_DOWN, "/t"), FAULT_NONE);
    assert_content("g", "CONTENT");
}

TEST(a_tree_without_end_is_given_up)
{
    char path[FTP_HOST_PATH] = "/t";
    ftp_host_put_directory(&host, path);
    for (int i = 0; i < MIRROR_DEPTH_MAX + 50; i++) {
        size_t len = strlen(path);
        (void)snprintf(path + len, sizeof(path) - len, "/d");
        ftp_host_put_directory(&host, path);
    }
    assert_fault(run(MIRROR_DOWN, "/t"), FAULT_LINK_LOOP);
    assert_int_equal(tally.failed, 1);
    assert_int_equal(tally.directories, MIRROR_DEPTH_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_MIRROR(a_tree_comes_down_and_is_the_same_the_next_time),
        IN_MIRROR(a_tree_goes_up_and_is_the_same_the_next_time),
        IN_MIRROR(what_only_the_target_has_stays_unless_it_is_to_be_deleted),
        IN_MIRROR(parts_of_files_are_nobodys_to_copy_or_delete),
        IN_MIRROR(where_a_listing_fails_nothing_is_deleted_and_the_rest_is_done),
        IN_MIRROR(a_listing_that_breaks_off_deletes_nothing),
        IN_MIRROR(a_root_that_is_not_there_is_a_fault_and_deletes_nothing),
        IN_MIRROR(a_dry_run_tells_all_and_does_nothing),
        IN_MIRROR(names_that_lead_out_are_told_and_left),
        IN_MIRROR(one_that_fails_costs_itself_alone),
        IN_MIRROR(a_file_that_is_refused_is_told_with_the_servers_words),
        IN_MIRROR(what_breaks_off_on_the_way_is_gone_on_with),
        IN_MIRROR(a_server_that_lets_one_in_alone_is_enough),
        IN_MIRROR(a_server_that_lets_nobody_in_is_a_fault),
        IN_MIRROR(without_mlsd_it_is_done_by_list),
        IN_MIRROR(files_that_keep_no_time_are_not_copied_again_for_that),
        IN_MIRROR(a_tree_without_end_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
