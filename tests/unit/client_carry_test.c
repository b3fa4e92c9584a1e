/* SPDX-License-Identifier: Apache-2.0 */
/* Files between a host and here: all of each or nothing. */
#include "tests/unit/ftp_visitor.h"

static int64_t time_of(const char *name)
{
    struct stat info;
    assert_int_equal(stat(at(name), &info), 0);
    return info.st_mtime;
}

/* ---- From a server -------------------------------------------------------------------- */

TEST(a_file_gets_its_name_its_time_and_its_mode)
{
    ftp_host_put(&host, "/f", "content")->modified = 1234567890;
    rules.keeps_mode = true;
    assert_fault(visit_to_fetch("f", "f"), FAULT_NONE);
    assert_content("f", "content");
    assert_int_equal(time_of("f"), 1234567890);
    assert_int_equal(count_names(""), 1);
    assert_int_equal(outcome.size, 7);
    assert_int_equal(outcome.begun, 0);
    assert_true(outcome.was_checked);
    assert_false(outcome.was_digested);
    assert_int_equal(atomic_load(&progress.bytes), 7);
}

TEST(an_empty_file_is_one)
{
    ftp_host_put(&host, "/f", "");
    assert_fault(visit_to_fetch("f", "f"), FAULT_NONE);
    assert_content("f", "");
    assert_int_equal(count_names(""), 1);
}

TEST(what_is_no_file_leaves_nothing)
{
    ftp_host_put_directory(&host, "/d");
    assert_fault(visit_to_fetch("none", "f"), FAULT_NOT_FOUND);
    assert_fault(visit_to_fetch("d", "f"), FAULT_IS_DIRECTORY);
    assert_int_equal(count_names(""), 0);
}

TEST(what_breaks_off_is_gone_on_with)
{
    for (unsigned takes_connection = 0; takes_connection < 2; takes_connection++) {
        ftp_host_put(&host, "/f", "0123456789");
        host.takes_connection = takes_connection;
        host.breaks = 2;
        host.breaks_after = 3;
        rules.tries = 3;
        assert_fault(visit_to_fetch("f", "f"), FAULT_NONE);
        assert_content("f", "0123456789");
        assert_int_equal(ftp_host_count(&host, "REST 3"), 1);
        assert_int_equal(ftp_host_count(&host, "REST 6"), 1);
        assert_int_equal(outcome.begun, 6);
        assert_int_equal(count_names(""), 1);
    }
}

/* How often somebody was told to wait. */
static unsigned waits;

static void count_wait(void *owner, const char *what)
{
    (void)owner;
    waits += strstr(what, "trying again in 0 seconds") != NULL;
}

static enum fault fetch_patiently(void)
{
    waits = 0;
    visit_begin();
    settings.on_notice = count_wait;
    enum fault f = carry_fetch(remote, "f", NULL, tree, "f", &rules, &progress, &outcome);
    visit_end();
    return f;
}

TEST(who_gets_further_goes_on_at_once_and_as_often_as_it_takes)
{
    for (unsigned takes_connection = 0; takes_connection < 2; takes_connection++) {
        ftp_host_put(&host, "/f", "0123456789abcdef");
        host.takes_connection = takes_connection;
        host.breaks = 5;
        host.breaks_after = 3;
        rules.tries = 2;
        assert_fault(fetch_patiently(), FAULT_NONE);
        assert_content("f", "0123456789abcdef");
        assert_int_equal(waits, 0);
    }
}

static const char *refuse_now(struct ftp_host *there, struct text verb, struct text argument)
{
    (void)there;
    (void)argument;
    return is_verb(verb, "RETR") || is_verb(verb, "STOR") ? "450 Not now" : NULL;
}

TEST(who_gets_no_further_waits_and_gives_up)
{
    put_file("g", "content");
    ftp_host_put(&host, "/f", "content");
    host.on_command = refuse_now;
    rules.tries = 3;
    assert_fault(fetch_patiently(), FAULT_BUSY);
    assert_int_equal(ftp_host_count(&host, "RETR"), 3);
    assert_int_equal(waits, 2);
    host.on_command = NULL;
    host.breaks = 100;
    assert_fault(fetch_patiently(), FAULT_CONNECTION_LOST); /* without a byte */
    assert_int_equal(waits, 2);
    waits = 0;
    host.on_command = refuse_now;
    visit_begin();
    settings.on_notice = count_wait;
    assert_fault(carry_send(remote, tree, "g", "g", &rules, &progress, &outcome), FAULT_BUSY);
    visit_end();
    assert_int_equal(ftp_host_count(&host, "STOR"), 3);
    assert_int_equal(waits, 2);
}

TEST(what_an_earlier_run_left_is_gone_on_with)
{
    put_file("f", "old");
    ftp_host_put(&host, "/f", "0123456789");
    host.breaks = 1;
    host.breaks_after = 4;
    assert_fault(visit_to_fetch("f", "f"), FAULT_CONNECTION_LOST);
    assert_content("f", "old");
    assert_int_equal(count_names(""), 2);
    assert_fault(visit_to_fetch("f", "f"), FAULT_NONE);
    assert_content("f", "0123456789");
    assert_int_equal(ftp_host_count(&host, "REST 4"), 1);
    assert_int_equal(outcome.begun, 4);
    assert_int_equal(count_names(""), 1);
}

TEST(what_is_another_file_by_now_is_begun_anew)
{
    for (int i = 0; i < 2; i++) {
        struct ftp_node *node = ftp_host_put(&host, "/f", "0123456789");
        host.breaks = 1;
        host.breaks_after = 4;
        assert_fault(visit_to_fetch("f", "f"), FAULT_CONNECTION_LOST);
        node = ftp_host_put(&host, "/f", i ? "abcdefghij" : "abcdefghijk");
        node->modified += i;
        assert_fault(visit_to_fetch("f", "f"), FAULT_NONE);
        assert_content("f", i ? "abcdefghij" : "abcdefghijk");
        assert_int_equal(ftp_host_count(&host, "REST"), 0);
        assert_int_equal(count_names(""), 1);
    }
}

TEST(nothing_is_gone_on_with_by_who_does_not_want_it)
{
    ftp_host_put(&host, "/f", "0123456789");
    host.breaks = 1;
    host.breaks_after = 4;
    assert_fault(visit_to_fetch("f", "f"), FAULT_CONNECTION_LOST);
    rules.resumes = false;
    assert_fault(visit_to_fetch("f", "f"), FAULT_NONE);
    assert_int_equal(ftp_host_count(&host, "REST"), 0);
    assert_content("f", "0123456789");
}

TEST(what_the_server_takes_back_is_fetched_again)
{
    for (unsigned is_later = 0; is_later < 2; is_later++) {
        ftp_host_put(&host, "/f", "0123456789");
        host.verdict = "451 Read error on disk";
        host.verdicts = 1;
        rules.tries = is_later ? 1 : 2;
        if (is_later)
            assert_fault(visit_to_fetch("f", "f"), FAULT_BUSY);
        assert_fault(visit_to_fetch("f", "f"), FAULT_NONE);
        assert_int_equal(ftp_host_count(&host, "RETR"), is_later ? 1 : 2);
        assert_int_equal(ftp_host_count(&host, "REST"), 0);
        assert_int_equal(outcome.begun, 0);
        assert_content("f", "0123456789");
        assert_int_equal(count_names(""), 1);
    }
}

TEST(what_is_said_to_be_complete_before_it_is_is_gone_on_with)
{
    for (unsigned is_later = 0; is_later < 2; is_later++) {
        ftp_host_put(&host, "/f", "0123456789");
        host.breaks_in_order = true;
        host.breaks = is_later ? 1 : 2;
        host.breaks_after = 4;
        rules.tries = is_later ? 1 : 2;
        if (is_later) {
            assert_fault(visit_to_fetch("f", "g"), FAULT_IO);
            assert_true(outcome.differs);
            assert_false(is_there("g"));
        }
        assert_fault(visit_to_fetch("f", is_later ? "g" : "f"), FAULT_NONE);
        assert_false(outcome.differs);
        assert_int_equal(ftp_host_count(&host, "REST 4"), 1);
        assert_content(is_later ? "g" : "f", "0123456789");
    }
    assert_int_equal(count_names(""), 2);
}

TEST(without_rest_it_is_begun_anew_in_this_run_and_a_later_one)
{
    for (unsigned is_later = 0; is_later < 2; is_later++) {
        ftp_host_put(&host, "/f", "0123456789");
        host.on_command = refuse_rest;
        host.breaks = 1;
        host.breaks_after = 4;
        rules.tries = is_later ? 1 : 3;
        assert_fault(visit_to_fetch("f", "f"), is_later ? FAULT_CONNECTION_LOST : FAULT_NONE);
        if (is_later)
            assert_fault(visit_to_fetch("f", "f"), FAULT_NONE);
        assert_content("f", "0123456789");
        assert_int_equal(count_names(""), 1);
    }
}

TEST(text_is_never_gone_on_with_in_the_middle)
{
    ftp_host_put(&host, "/f", "0123456789");
    host.breaks = 1;
    host.breaks_after = 4;
    rules.parameters.type = TYPE_ASCII;
    rules.tries = 2;
    assert_fault(visit_to_fetch("f", "f"), FAULT_NONE);
    assert_int_equal(ftp_host_count(&host, "REST"), 0);
    assert_content("f", "0123456789");
}

static const char *lie_about_size(struct ftp_host *there, struct text verb, struct text argument)
{
    (void)there;
    (void)argument;
    return is_verb(verb, "MLST")
               ? "250-Here\r\n type=file;size=99;modify=20200101000000; f\r\n250 End"
               : NULL;
}

TEST(what_has_another_size_is_not_published)
{
    put_file("f", "old");
    ftp_host_put(&host, "/f", "0123456789");
    host.on_command = lie_about_size;
    rules.tries = 3;
    assert_fault(visit_to_fetch("f", "f"), FAULT_IO);
    assert_true(outcome.differs);
    assert_content("f", "old");
    assert_int_equal(count_names(""), 1);
    rules.check = CARRY_CHECK_NOTHING;
    assert_fault(visit_to_fetch("f", "f"), FAULT_NONE);
    assert_content("f", "0123456789");
}

static const char *refuse_digest(struct ftp_host *there, struct text verb, struct text argument)
{
    (void)there;
    (void)argument;
    return is_verb(verb, "XMD5") ? "550 Not today" : NULL;
}

TEST(what_has_another_digest_is_not_published)
{
    put_file("f", "old");
    ftp_host_put(&host, "/f", "0123456789");
    host.features = VISITOR_FACTS " XMD5\r\n";
    host.on_command = lie_about_digest;
    rules.check = CARRY_CHECK_DIGEST;
    assert_fault(visit_to_fetch("f", "f"), FAULT_IO);
    assert_true(outcome.differs);
    assert_content("f", "old");
    assert_int_equal(count_names(""), 1);
}

TEST(a_digest_that_is_had_is_compared_and_told)
{
    ftp_host_put(&host, "/f", "0123456789");
    host.features = VISITOR_FACTS " XMD5\r\n";
    rules.check = CARRY_CHECK_DIGEST;
    assert_fault(visit_to_fetch("f", "f"), FAULT_NONE);
    assert_true(outcome.was_digested);
    assert_int_equal(outcome.digest, DIGEST_MD5);
    host.on_command = refuse_digest; /* who will not tell has not said that it is wrong */
    assert_fault(visit_to_fetch("f", "f"), FAULT_NONE);
    assert_true(outcome.was_checked);
    assert_false(outcome.was_digested);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_VISIT(a_file_gets_its_name_its_time_and_its_mode),
        IN_VISIT(an_empty_file_is_one),
        IN_VISIT(what_is_no_file_leaves_nothing),
        IN_VISIT(what_breaks_off_is_gone_on_with),
        IN_VISIT(who_gets_further_goes_on_at_once_and_as_often_as_it_takes),
        IN_VISIT(who_gets_no_further_waits_and_gives_up),
        IN_VISIT(what_an_earlier_run_left_is_gone_on_with),
        IN_VISIT(what_is_another_file_by_now_is_begun_anew),
        IN_VISIT(nothing_is_gone_on_with_by_who_does_not_want_it),
        IN_VISIT(what_the_server_takes_back_is_fetched_again),
        IN_VISIT(what_is_said_to_be_complete_before_it_is_is_gone_on_with),
        IN_VISIT(without_rest_it_is_begun_anew_in_this_run_and_a_later_one),
        IN_VISIT(text_is_never_gone_on_with_in_the_middle),
        IN_VISIT(what_has_another_size_is_not_published),
        IN_VISIT(what_has_another_digest_is_not_published),
        IN_VISIT(a_digest_that_is_had_is_compared_and_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
