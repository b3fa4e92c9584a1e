/* SPDX-License-Identifier: Apache-2.0 */
#include "client/local_tree.h"

#include <pthread.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/unit/local_trees.h"

#define PART_OF(name, hex) "." name "." hex ".ferry-part"
#define PART PART_OF("f", "0123456789abcdef")

static void fetch(const char *path, const char *content)
{
    struct local_part part = begun(path, 0, false);
    put(&part, content);
    assert_fault(local_part_publish(tree, &part, INT64_MIN, 0), FAULT_NONE);
}

/* Broken off, and to be gone on with. */
static void leave(const char *path, uint64_t identity, const char *content)
{
    struct local_part part = begun(path, identity, true);
    put(&part, content);
    local_part_close(tree, &part, true);
}

/* ---- The usual ----------------------------------------------------------------------- */

TEST(a_file_has_its_name_when_it_is_complete)
{
    struct stat info;
    put_directory("d");
    struct local_part part = begun("d/f", IDENTITY, true);
    assert_int_equal(part.begun, 0);
    assert_string_equal(part.path, "d/f");
    assert_string_equal(part.part, "d/" PART);
    put(&part, "con");
    put(&part, "tent");
    assert_false(is_there("d/f"));
    assert_content("d/" PART, "content");
    assert_fault(local_part_publish(tree, &part, 1000000000, 06750), FAULT_NONE);
    assert_null(part.stream);
    assert_null(part.path);
    local_part_close(tree, &part, true);
    assert_content("d/f", "content");
    assert_int_equal(count_names("d"), 1);
    assert_int_equal(stat(at("d/f"), &info), 0);
    assert_int_equal(info.st_mtim.tv_sec, 1000000000);
    assert_int_equal(info.st_mode & 07777, 0750);
}

TEST(a_file_has_the_usual_mode_and_time_from_its_beginning)
{
    struct stat info;
    umask(027);
    struct local_part part = begun("f", IDENTITY, true);
    assert_int_equal(stat(at(PART), &info), 0);
    assert_int_equal(info.st_mode & 07777, 0640);
    assert_fault(local_part_publish(tree, &part, INT64_MIN, 0), FAULT_NONE);
    assert_int_equal(stat(at("f"), &info), 0);
    assert_int_equal(info.st_mode & 07777, 0640);
    assert_true(time(NULL) - info.st_mtim.tv_sec < 3600);
}

TEST(a_file_does_not_grow_beyond_its_limit)
{
    struct local_part part = begun("f", IDENTITY, true);
    local_part_limit(&part, 7);
    put(&part, "content");
    assert_fault(stream_write(part.stream, "s", 1), FAULT_TOO_LARGE);
    assert_int_equal(local_part_bytes(&part), 7);
    assert_fault(local_part_publish(tree, &part, INT64_MIN, 0), FAULT_TOO_LARGE);
    assert_int_equal(count_names(""), 0);
    leave("f", IDENTITY, "content");
    part = begun("f", IDENTITY, true);
    local_part_limit(&part, 4);
    assert_fault(stream_write(part.stream, "s", 1), FAULT_TOO_LARGE);
    local_part_close(tree, &part, false);
}

TEST(what_had_the_name_is_replaced_at_once_and_a_link_is_not_followed)
{
    put_file("f", "old");
    put_link("l", "f");
    put_link("out", "../outside");
    fetch("l", "new");
    fetch("out", "new");
    assert_content("f", "old");
    assert_content("l", "new");
    assert_content("out", "new");
    assert_content("../outside", "outside");
    fetch("f", "new");
    assert_content("f", "new");
}

TEST(a_file_may_be_written_out_of_order)
{
    struct local_part part = begun("f", 0, false);
    put(&part, "aaaa");
    assert_fault(stream_seek(part.stream, 6), FAULT_NONE);
    put(&part, "cc");
    assert_fault(stream_seek(part.stream, 4), FAULT_NONE);
    put(&part, "bb");
    assert_fault(stream_seek(part.stream, UINT64_MAX), FAULT_TOO_LARGE);
    assert_fault(local_part_publish(tree, &part, INT64_MIN, 0), FAULT_NONE);
    assert_content("f", "aaaabbcc");
    part = begun("f", 0, false);
    assert_fault(stream_seek(part.stream, INT64_MAX), FAULT_NONE);
    assert_fault(stream_write(part.stream, "x", 1), FAULT_TOO_LARGE);
    local_part_close(tree, &part, false);
    assert_int_equal(count_names(""), 1);
}

/* ---- Going on ---------------------------------------------------------------------------- */

TEST(what_was_broken_off_goes_on_when_it_is_of_the_same_file)
{
    leave("f", IDENTITY, "abc");
    assert_content(PART, "abc");
    struct local_part part = begun("f", IDENTITY, true);
    assert_int_equal(part.begun, 3);
    put(&part, "def");
    local_part_close(tree, &part, true);
    part = begun("f", IDENTITY, true);
    assert_int_equal(part.begun, 6);
    assert_fault(local_part_publish(tree, &part, INT64_MIN, 0), FAULT_NONE);
    assert_content("f", "abcdef");
    assert_int_equal(count_names(""), 1);
}

TEST(what_is_given_up_leaves_nothing_and_what_is_empty_is_not_kept)
{
    put_file("f", "old");
    struct local_part part = begun("f", IDENTITY, true);
    put(&part, "abc");
    local_part_close(tree, &part, false);
    assert_null(part.stream);
    part = begun("f", IDENTITY, true);
    assert_int_equal(part.begun, 0);
    local_part_close(tree, &part, true);
    part = begun("f", 0, true);
    put(&part, "nobody knows of what");
    local_part_close(tree, &part, true);
    part = begun("f", IDENTITY, true);
    assert_fault(stream_seek(part.stream, 5), FAULT_NONE);
    put(&part, "behind a hole");
    local_part_close(tree, &part, true);
    assert_content("f", "old");
    assert_int_equal(count_names(""), 1);
}

TEST(nothing_goes_on_that_is_not_to)
{
    leave("f", IDENTITY, "abc");
    struct local_part part = begun("f", IDENTITY, false);
    assert_int_equal(part.begun, 0);
    assert_false(is_there(PART));
    put(&part, "xyz");
    assert_fault(local_part_publish(tree, &part, INT64_MIN, 0), FAULT_NONE);
    assert_content("f", "xyz");
    assert_int_equal(count_names(""), 1);
}

TEST(parts_of_another_identity_are_removed_and_no_others)
{
    static const char *const stay[] = {
        PART_OF("g", "0000000000000001"),
        PART_OF("f.x", "0000000000000001"),
        PART_OF("", "0000000000000001"),
        ".f.000000000000001.ferry-part",
        ".f.00000000000000001.ferry-part",
        ".f.0000000000000001.ferry-parts",
        "f.0000000000000001.ferry-part",
        ".f.000000000000000g.ferry-part",
        PART_OF("f.0000000000000001", "0000000000000001"),
    };
    put_file(PART_OF("f", "0000000000000001"), "old");
    put_file(PART_OF("f", "ffffffffffffffff"), "older");
    for (size_t i = 0; i < COUNT(stay); i++)
        put_file(stay[i], "stays");
    struct local_part part = begun("f", IDENTITY, true);
    assert_int_equal(count_names(""), COUNT(stay) + 1);
    for (size_t i = 0; i < COUNT(stay); i++)
        assert_content(stay[i], "stays");
    local_part_close(tree, &part, false);
}

TEST(parts_that_were_left_a_moment_ago_are_removed_too)
{
    leave("f", 1, "a");
    assert_int_equal(count_names(""), 1);
    leave("f", 2, "b");
    assert_int_equal(count_names(""), 1);
    leave("g", 2, "c");
    leave("f", 0, "d");
    assert_int_equal(count_names(""), 1);
    assert_content(PART_OF("g", "0000000000000002"), "c");
}

TEST(a_name_of_any_length_has_a_part_of_its_own)
{
    char name[256];
    for (size_t len = 1; len <= 255; len++) {
        memset(name, 'n', len);
        name[len] = '\0';
        leave(name, 1, "abc");
        name[len - 1] = 'm';
        leave(name, 1, "de");
        struct local_part part = begun(name, 1, true);
        assert_int_equal(part.begun, 2);
        assert_true(strlen(part.part) <= 143);
        local_part_close(tree, &part, false);
        name[len - 1] = 'n';
        part = begun(name, 1, true);
        assert_int_equal(part.begun, 3);
        assert_fault(local_part_publish(tree, &part, INT64_MIN, 0), FAULT_NONE);
        assert_content(name, "abc");
        assert_int_equal(unlink(at(name)), 0);
    }
    assert_int_equal(count_names(""), 0);
    /* No character of UTF-8 is cut in two: some file systems refuse that. */
    static const char split[] = "\xc3\xa4, and more, so that it is cut";
    memset(name, 'n', 92);
    memcpy(name + 92, split, sizeof(split));
    struct local_part part = begun(name, 1, true);
    assert_true(text_starts_with(text_after(text_of(part.part), 93), TEXT("~")));
    local_part_close(tree, &part, false);
}

/* ---- What others put there ------------------------------------------------------------------ */

static void assert_begun_anew(void)
{
    struct local_part part = begun("f", IDENTITY, true);
    assert_int_equal(part.begun, 0);
    put(&part, "new");
    assert_fault(local_part_publish(tree, &part, INT64_MIN, 0), FAULT_NONE);
    assert_content("f", "new");
    assert_content("../outside", "outside");
}

TEST(a_part_that_is_a_link_does_not_go_on)
{
    put_link(PART, "../outside");
    assert_begun_anew();
    assert_int_equal(count_names(""), 1);
    put_link(PART, "nowhere");
    assert_begun_anew();
    assert_int_equal(count_names(""), 1);
}

TEST(a_part_with_another_name_does_not_go_on)
{
    assert_int_equal(link(at("../outside"), at(PART)), 0);
    assert_begun_anew();
    assert_int_equal(count_names(""), 1);
}

TEST(a_part_that_is_no_file_does_not_go_on)
{
    assert_int_equal(mkfifo(at(PART), 0600), 0);
    int reader = open(at(PART), O_RDONLY | O_NONBLOCK);
    assert_begun_anew();
    close(reader);
    assert_int_equal(count_names(""), 1);
    put_directory(PART);
    put_file(PART "/x", "");
    assert_begun_anew();
    assert_true(is_there(PART "/x"));
    assert_int_equal(count_names(""), 2);
}

TEST(a_part_of_somebody_else_does_not_go_on)
{
    if (geteuid()) /* nobody else to give it to */
        return;
    put_file(PART, "theirs");
    assert_int_equal(chown(at(PART), 4711, (gid_t)-1), 0);
    assert_begun_anew();
}

TEST(a_link_swapped_in_for_the_directory_leads_nothing_out)
{
    put_directory("d");
    put_directory("../other");
    struct local_part part = begun("d/f", IDENTITY, true);
    put(&part, "x");
    assert_int_equal(rename(at("d"), at("was")), 0);
    put_link("d", "../other");
    assert_fault(local_part_publish(tree, &part, INT64_MIN, 0), FAULT_NONE);
    assert_content("was/f", "x");
    assert_int_equal(count_names("../other"), 0);
    struct local_tree *later = NULL;
    assert_fault(local_tree_open(at(""), false, &later), FAULT_NONE);
    assert_fault(local_part_open(later, "d/g", IDENTITY, true, &part), FAULT_DENIED);
    local_tree_free(later);
    assert_int_equal(count_names("../other"), 0);
}

TEST(a_directory_in_the_files_place_stays)
{
    struct local_part part = begun("d", IDENTITY, true);
    put(&part, "x");
    put_directory("d");
    assert_fault(local_part_publish(tree, &part, INT64_MIN, 0), FAULT_IS_DIRECTORY);
    assert_null(part.stream);
    assert_int_equal(count_names("d"), 0);
    assert_int_equal(count_names(""), 1);
    assert_fault(local_part_open(tree, "", IDENTITY, true, &part), FAULT_IS_DIRECTORY);
}

TEST(what_cannot_be_made_is_told_at_once)
{
    struct local_part part = {0};
    put_file("f", "");
    assert_fault(local_part_open(tree, "none/f", 1, true, &part), FAULT_NOT_FOUND);
    assert_fault(local_part_open(tree, "f/f", 1, true, &part), FAULT_NOT_DIRECTORY);
    assert_null(part.stream);
    local_part_close(tree, &part, true);
}

/* ---- Two at once ---------------------------------------------------------------------- */

TEST(two_that_go_on_with_one_part_write_the_same_file)
{
    struct local_part first = begun("f", IDENTITY, true);
    put(&first, "ab");
    struct local_part second = begun("f", IDENTITY, true);
    assert_int_equal(second.begun, 2);
    put(&first, "c");
    put(&second, "cd");
    assert_fault(local_part_publish(tree, &second, INT64_MIN, 0), FAULT_NONE);
    assert_content("f", "abcd");
    put(&first, "d");
    assert_fault(local_part_publish(tree, &first, INT64_MIN, 0), FAULT_BUSY);
    assert_content("f", "abcd");
    assert_int_equal(count_names(""), 1);
}

TEST(who_is_overtaken_by_one_that_begins_anew_publishes_nothing_of_it)
{
    static const struct {
        uint64_t identity;
        bool resumes;
    } cases[] = {{IDENTITY, false}, {0, false}, {0, true}, {IDENTITY + 1, true}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        put_file("f", "old");
        struct local_part first = begun("f", IDENTITY, true);
        struct local_part second = begun("f", cases[i].identity, cases[i].resumes);
        assert_int_equal(second.begun, 0);
        put(&first, "whole");
        put(&second, "ha");
        assert_fault(local_part_publish(tree, &first, INT64_MIN, 0), FAULT_BUSY);
        assert_content("f", "old");
        put(&second, "lf");
        assert_fault(local_part_publish(tree, &second, INT64_MIN, 0), FAULT_NONE);
        assert_content("f", "half");
        assert_int_equal(count_names(""), 1);
    }
}

/* Into more directories than stay open, each thread its own files. */
static void *fetch_some(void *number)
{
    struct local_part part;
    char name[32];
    for (unsigned i = 0; i < 300; i++) {
        (void)snprintf(name, sizeof(name), "d%u/%u", i % 12, *(unsigned *)number * 300 + i);
        if (local_part_open(tree, name, 1, true, &part))
            return number;
        if (stream_write(part.stream, "x", 1) || local_part_publish(tree, &part, INT64_MIN, 0))
            return number;
    }
    return NULL;
}

TEST(threads_share_a_tree)
{
    static unsigned numbers[4] = {0, 1, 2, 3};
    pthread_t threads[COUNT(numbers)];
    char name[8];
    for (unsigned i = 0; i < 12; i++) {
        (void)snprintf(name, sizeof(name), "d%u", i);
        put_directory(name);
    }
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, fetch_some, &numbers[i]), 0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    for (unsigned i = 0; i < 12; i++) {
        (void)snprintf(name, sizeof(name), "d%u", i);
        assert_int_equal(count_names(name), 4 * 300 / 12);
    }
}

/* ---- What it costs -------------------------------------------------------------------- */

static void fetch_many(unsigned count)
{
    char name[16];
    struct local_part part;
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    for (unsigned i = 0; i < count; i++) {
        (void)snprintf(name, sizeof(name), "d/%u", i);
        if (local_part_open(tree, name, i + 1, true, &part) ||
            stream_write(part.stream, name, sizeof(name)) ||
            local_part_publish(tree, &part, 1000000000, 0))
            _exit(1);
    }
    _exit(0);
}

/* Memory is not what is counted. */
static bool counts(uint64_t call)
{
    return call != SYS_mmap && call != SYS_munmap && call != SYS_brk && call != SYS_madvise &&
           call != SYS_mprotect && call != SYS_mremap;
}

/* The calls that a process makes to fetch so many files. */
static unsigned count_calls(unsigned files)
{
    struct __ptrace_syscall_info call;
    unsigned calls = 0;
    int status;
    pid_t child = fork();
    if (!child)
        fetch_many(files);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESYSGOOD), 0);
    while (WIFSTOPPED(status)) {
        if (ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(call), &call) > 0)
            calls += call.op == PTRACE_SYSCALL_INFO_ENTRY && counts(call.entry.nr);
        ptrace(PTRACE_SYSCALL, child, NULL, NULL);
        assert_int_equal(waitpid(child, &status, 0), child);
    }
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return calls;
}

TEST(a_file_among_many_costs_five_system_calls)
{
    put_directory("d");
    unsigned few = count_calls(10);
    unsigned many = count_calls(110);
    assert_int_equal(count_names("d"), 110);
    assert_int_equal(many - few, 100 * 5); /* openat, pwrite, utimensat, close, renameat */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_TREE(a_file_has_its_name_when_it_is_complete),
        IN_TREE(a_file_has_the_usual_mode_and_time_from_its_beginning),
        IN_TREE(a_file_does_not_grow_beyond_its_limit),
        IN_TREE(what_had_the_name_is_replaced_at_once_and_a_link_is_not_followed),
        IN_TREE(a_file_may_be_written_out_of_order),
        IN_TREE(what_was_broken_off_goes_on_when_it_is_of_the_same_file),
        IN_TREE(what_is_given_up_leaves_nothing_and_what_is_empty_is_not_kept),
        IN_TREE(nothing_goes_on_that_is_not_to),
        IN_TREE(parts_of_another_identity_are_removed_and_no_others),
        IN_TREE(parts_that_were_left_a_moment_ago_are_removed_too),
        IN_TREE(a_name_of_any_length_has_a_part_of_its_own),
        IN_TREE(a_part_that_is_a_link_does_not_go_on),
        IN_TREE(a_part_with_another_name_does_not_go_on),
        IN_TREE(a_part_that_is_no_file_does_not_go_on),
        IN_TREE(a_part_of_somebody_else_does_not_go_on),
        IN_TREE(a_link_swapped_in_for_the_directory_leads_nothing_out),
        IN_TREE(a_directory_in_the_files_place_stays),
        IN_TREE(what_cannot_be_made_is_told_at_once),
        IN_TREE(two_that_go_on_with_one_part_write_the_same_file),
        IN_TREE(who_is_overtaken_by_one_that_begins_anew_publishes_nothing_of_it),
        IN_TREE(threads_share_a_tree),
        IN_TREE(a_file_among_many_costs_five_system_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
