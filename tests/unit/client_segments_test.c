/* SPDX-License-Identifier: Apache-2.0 */
/* One file of a host's over several connections at once. */
#include "client/segment_ledger.h"
#include "client/segments.h"
#include "tests/unit/ftp_visitor.h"

enum { LARGE_BYTES = 4 * SEGMENT_BYTES_MIN + 12345, SEGMENTS = 4 };

#define RANGES VISITOR_FACTS " RANG STREAM\r\n"

static char content[LARGE_BYTES];

static void put_large(void)
{
    struct ftp_node *node = ftp_host_put(&host, "/f", "");
    uint32_t state = 1;
    for (size_t i = 0; i < sizeof(content); i++) {
        state = state * 1664525 + 1013904223; /* no two places are alike */
        content[i] = (char)(state >> 24);
    }
    ftp_host_append(node, content, sizeof(content));
}

static void assert_large(const char *name)
{
    static char bytes[LARGE_BYTES + 1];
    int fd = open(at(name), O_RDONLY);
    assert_true(fd >= 0);
    size_t len = 0;
    ssize_t n;
    while ((n = read(fd, bytes + len, sizeof(bytes) - len)) > 0)
        len += (size_t)n;
    close(fd);
    assert_int_equal(len, sizeof(content));
    assert_memory_equal(bytes, content, sizeof(content));
}

static enum fault fetch(void)
{
    visit_begin();
    struct crew *crew = crew_new(&settings, rules.segments);
    assert_non_null(crew);
    enum fault f = segments_fetch(remote, crew, "f", tree, "f", &rules, &progress, &outcome);
    crew_free(crew);
    visit_end();
    return f;
}

static int segments_set_up(void **state)
{
    int failed = visitor_set_up(state);
    rules.segments = SEGMENTS;
    put_large();
    return failed;
}

#define IN_SEGMENTS(name) cmocka_unit_test_setup_teardown(name, segments_set_up, visitor_tear_down)

TEST(a_file_is_put_together_of_its_ranges)
{
    for (unsigned has_range = 0; has_range < 2; has_range++) {
        host.features = has_range ? RANGES : VISITOR_FACTS;
        assert_fault(fetch(), FAULT_NONE);
        assert_large("f");
        assert_int_equal(count_names(""), 1);
        assert_true(outcome.was_checked);
        assert_int_equal(outcome.size, LARGE_BYTES);
        assert_true(ftp_host_count(&host, "RETR f") >= SEGMENTS);
        assert_int_equal(ftp_host_count(&host, "RANG") >= SEGMENTS, has_range);
        assert_int_equal(ftp_host_count(&host, "REST") >= SEGMENTS - 1, !has_range);
        struct stat info;
        assert_int_equal(stat(at("f"), &info), 0);
        assert_int_equal(info.st_mtime, 1577836800);
    }
}

TEST(what_is_small_or_text_or_not_known_is_fetched_in_one_piece)
{
    ftp_host_put(&host, "/f", "small");
    assert_fault(fetch(), FAULT_NONE);
    assert_content("f", "small");
    assert_int_equal(ftp_host_count(&host, "RETR"), 1);
    put_large();
    rules.parameters.type = TYPE_ASCII;
    assert_fault(fetch(), FAULT_NONE);
    assert_int_equal(ftp_host_count(&host, "RETR"), 1);
    rules.parameters.type = TYPE_IMAGE;
    host.features = " REST STREAM\r\n"; /* no MLST; SIZE, and MDTM */
    ftp_host_remove(&host, "/f");
    assert_fault(fetch(), FAULT_NOT_FOUND);
}

static const char *find_no_rest(struct ftp_host *there, struct text verb, struct text argument)
{
    return refuse_rest(there, verb, argument) ? "550 Not here" : NULL;
}

TEST(without_rest_it_is_fetched_in_one_piece)
{
    for (unsigned i = 0; i < 2; i++) {
        host.on_command = i ? find_no_rest : refuse_rest;
        assert_fault(fetch(), FAULT_NONE);
        assert_large("f");
        assert_int_equal(count_names(""), 1);
    }
}

TEST(a_server_that_says_350_and_begins_at_0_sends_it_in_one_piece)
{
    for (unsigned has_range = 0; has_range < 2; has_range++) {
        host.features = has_range ? RANGES : VISITOR_FACTS;
        host.begins_at_0 = true;
        put_file("f", "old");
        rules.tries = 3;
        assert_fault(fetch(), FAULT_NONE);
        assert_false(outcome.differs);
        assert_large("f");
        assert_int_equal(count_names(""), 1);
    }
}

TEST(a_server_that_lets_one_in_sends_it_in_one_piece)
{
    host.logins_max = 1;
    rules.tries = 3;
    assert_fault(fetch(), FAULT_NONE);
    assert_large("f");
    assert_int_equal(ftp_host_count(&host, "RETR f"), 1);
    assert_int_equal(count_names(""), 1);
}

TEST(a_server_that_lets_one_in_goes_on_with_the_ranges_that_are_there)
{
    host.breaks = 100;
    host.breaks_after = 500000;
    assert_fault(fetch(), FAULT_CONNECTION_LOST);
    uint64_t moved = atomic_load(&progress.bytes);
    host.breaks = 0;
    host.logins_max = 1;
    assert_fault(fetch(), FAULT_NONE);
    assert_large("f");
    assert_int_equal(outcome.begun, moved);
}

TEST(a_segment_that_breaks_off_is_gone_on_with)
{
    for (unsigned takes_connection = 0; takes_connection < 2; takes_connection++) {
        host.features = takes_connection ? RANGES : VISITOR_FACTS;
        host.takes_connection = takes_connection;
        host.breaks = 6;
        host.breaks_after = 300000;
        rules.tries = 10;
        assert_fault(fetch(), FAULT_NONE);
        assert_large("f");
        assert_int_equal(count_names(""), 1);
        assert_int_equal(host.breaks, 0);
    }
}

TEST(a_segment_that_the_server_takes_back_is_fetched_again)
{
    host.features = RANGES;
    host.verdict = "451 Read error on disk";
    host.verdicts = 2;
    rules.tries = 3;
    assert_fault(fetch(), FAULT_NONE);
    assert_large("f");
    assert_true(ftp_host_count(&host, "RETR f") >= SEGMENTS + 2);
    assert_true(atomic_load(&progress.bytes) > LARGE_BYTES);
}

TEST(what_an_earlier_run_left_is_not_fetched_again)
{
    host.breaks = 100;
    host.breaks_after = 500000;
    assert_fault(fetch(), FAULT_CONNECTION_LOST);
    assert_false(is_there("f"));
    assert_int_equal(count_names(""), 1);
    uint64_t moved = atomic_load(&progress.bytes);
    assert_true(moved >= 500000);
    host.breaks = 0;
    progress = (struct transfer_progress){0};
    assert_fault(fetch(), FAULT_NONE);
    assert_large("f");
    assert_int_equal(outcome.begun, moved);
    assert_true(atomic_load(&progress.bytes) < LARGE_BYTES);
    assert_int_equal(count_names(""), 1);
}

TEST(a_file_that_is_another_one_by_the_next_run_is_begun_anew)
{
    host.breaks = 100;
    host.breaks_after = 500000;
    assert_fault(fetch(), FAULT_CONNECTION_LOST);
    host.breaks = 0;
    ftp_host_find(&host, "/f")->modified++;
    memset(ftp_host_find(&host, "/f")->bytes, 'x', LARGE_BYTES);
    memset(content, 'x', LARGE_BYTES);
    assert_fault(fetch(), FAULT_NONE);
    assert_int_equal(outcome.begun, 0);
    assert_large("f");
    assert_int_equal(count_names(""), 1);
}

/* It is another file from the second RETR on. */
static const char *change_meanwhile(struct ftp_host *there, struct text verb, struct text argument)
{
    (void)argument;
    if (text_equal(verb, TEXT("RETR")))
        ftp_host_find(there, "/f")->modified++;
    return NULL;
}

TEST(a_file_that_changes_meanwhile_is_not_published)
{
    put_file("f", "old");
    host.on_command = change_meanwhile;
    assert_fault(fetch(), FAULT_IO);
    assert_true(outcome.differs);
    assert_content("f", "old");
    assert_int_equal(count_names(""), 1);
}

TEST(a_server_that_lets_few_in_is_enough)
{
    host.logins_max = 2; /* who asks about the file, and one who fetches */
    assert_fault(fetch(), FAULT_NONE);
    assert_large("f");
    assert_int_equal(host.logins_most, 2);
}

TEST(the_whole_is_compared_by_its_digest)
{
    host.features = VISITOR_FACTS " XMD5\r\n";
    rules.check = CARRY_CHECK_DIGEST;
    assert_fault(fetch(), FAULT_NONE);
    assert_true(outcome.was_digested);
    assert_large("f");
}

/* Stops the crew as soon as something has been asked for. */
static struct crew *stopped_crew;

static const char *stop_meanwhile(struct ftp_host *there, struct text verb, struct text argument)
{
    (void)there;
    (void)argument;
    if (text_equal(verb, TEXT("RETR")))
        crew_stop(stopped_crew);
    return NULL;
}

TEST(who_is_stopped_leaves_what_is_there_for_the_next_run)
{
    host.on_command = stop_meanwhile;
    rules.tries = 5;
    visit_begin();
    stopped_crew = crew_new(&settings, rules.segments);
    enum fault f = segments_fetch(remote, stopped_crew, "f", tree, "f", &rules, &progress,
                                  &outcome);
    assert_true(f != FAULT_NONE);
    assert_false(is_there("f"));
    pthread_mutex_lock(&host.lock); /* whoever stops the crew is out of it by now */
    host.on_command = NULL;
    pthread_mutex_unlock(&host.lock);
    crew_free(stopped_crew);
    visit_end();
    assert_fault(fetch(), FAULT_NONE);
    assert_large("f");
    assert_int_equal(count_names(""), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SEGMENTS(a_file_is_put_together_of_its_ranges),
        IN_SEGMENTS(what_is_small_or_text_or_not_known_is_fetched_in_one_piece),
        IN_SEGMENTS(without_rest_it_is_fetched_in_one_piece),
        IN_SEGMENTS(a_server_that_says_350_and_begins_at_0_sends_it_in_one_piece),
        IN_SEGMENTS(a_server_that_lets_one_in_sends_it_in_one_piece),
        IN_SEGMENTS(a_server_that_lets_one_in_goes_on_with_the_ranges_that_are_there),
        IN_SEGMENTS(a_segment_that_breaks_off_is_gone_on_with),
        IN_SEGMENTS(a_segment_that_the_server_takes_back_is_fetched_again),
        IN_SEGMENTS(what_an_earlier_run_left_is_not_fetched_again),
        IN_SEGMENTS(a_file_that_is_another_one_by_the_next_run_is_begun_anew),
        IN_SEGMENTS(a_file_that_changes_meanwhile_is_not_published),
        IN_SEGMENTS(a_server_that_lets_few_in_is_enough),
        IN_SEGMENTS(the_whole_is_compared_by_its_digest),
        IN_SEGMENTS(who_is_stopped_leaves_what_is_there_for_the_next_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
