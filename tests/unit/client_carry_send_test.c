/* SPDX-License-Identifier: Apache-2.0 */
/* One file to a host: all of it or nothing. */
#include "tests/unit/ftp_visitor.h"

TEST(a_file_is_sent_under_another_name_and_gets_its_own_when_it_is_whole)
{
    struct timespec times[2] = {{.tv_sec = 1234567890}, {.tv_sec = 1234567890}};
    put_file("f", "content");
    assert_int_equal(utimensat(AT_FDCWD, at("f"), times, 0), 0);
    ftp_host_put(&host, "/f", "old");
    rules.keeps_mode = true;
    assert_fault(visit_to_send("f", "f"), FAULT_NONE);
    assert_host_has(&host, "/f", "content");
    assert_false(visitor_left_parts());
    assert_int_equal(ftp_host_count(&host, "STOR .f."), 1);
    assert_int_equal(ftp_host_count(&host, "RNTO f"), 1);
    assert_int_equal(ftp_host_count(&host, "SITE CHMOD 644 f"), 1);
    assert_int_equal(ftp_host_find(&host, "/f")->modified, 1234567890);
    assert_true(outcome.was_checked);
    assert_int_equal(outcome.size, 7);
}

TEST(an_upload_that_breaks_off_is_gone_on_with)
{
    for (unsigned takes_connection = 0; takes_connection < 2; takes_connection++) {
        ftp_host_remove(&host, "/f");
        put_file("f", "0123456789");
        host.takes_connection = takes_connection;
        host.breaks = 1;
        host.breaks_after = 4;
        rules.tries = 3;
        assert_fault(visit_to_send("f", "f"), FAULT_NONE);
        assert_host_has(&host, "/f", "0123456789");
        assert_int_equal(ftp_host_count(&host, "REST 4"), 1);
        assert_int_equal(outcome.begun, 4);
        assert_false(visitor_left_parts());
    }
}

TEST(an_upload_of_an_earlier_run_is_gone_on_with_if_it_is_the_same_file)
{
    put_file("f", "0123456789");
    ftp_host_put(&host, "/f", "old");
    host.breaks = 1;
    host.breaks_after = 4;
    assert_fault(visit_to_send("f", "f"), FAULT_CONNECTION_LOST);
    assert_host_has(&host, "/f", "old");
    assert_fault(visit_to_send("f", "f"), FAULT_NONE);
    assert_int_equal(ftp_host_count(&host, "REST 4"), 1);
    assert_host_has(&host, "/f", "0123456789");
    host.breaks = 1;
    put_file("f", "abcdefghi");
    assert_fault(visit_to_send("f", "f"), FAULT_CONNECTION_LOST);
    put_file("f", "ABCDEFGHIJKL");
    assert_fault(visit_to_send("f", "f"), FAULT_NONE);
    assert_int_equal(ftp_host_count(&host, "REST"), 0);
    assert_host_has(&host, "/f", "ABCDEFGHIJKL");
}

TEST(an_upload_that_the_server_takes_back_is_sent_again)
{
    for (unsigned is_later = 0; is_later < 2; is_later++) {
        put_file("f", "0123456789");
        host.verdict = "451 There is a virus in it";
        host.verdicts = 1;
        rules.tries = is_later ? 1 : 2;
        if (is_later) {
            ftp_host_remove(&host, "/f");
            assert_fault(visit_to_send("f", "f"), FAULT_BUSY);
            assert_null(ftp_host_find(&host, "/f"));
            assert_false(visitor_left_parts());
        }
        assert_fault(visit_to_send("f", "f"), FAULT_NONE);
        assert_int_equal(ftp_host_count(&host, "STOR"), is_later ? 1 : 2);
        assert_int_equal(ftp_host_count(&host, "REST"), 0);
        assert_host_has(&host, "/f", "0123456789");
    }
}

TEST(what_is_refused_once_it_is_there_is_not_sent_by_its_own_name)
{
    put_file("f", "content");
    ftp_host_put(&host, "/f", "old");
    host.verdict = "550 There is a virus in it";
    host.verdicts = 2;
    rules.tries = 3;
    assert_fault(visit_to_send("f", "f"), FAULT_DENIED);
    assert_int_equal(ftp_host_count(&host, "STOR"), 1);
    assert_host_has(&host, "/f", "old");
    assert_false(visitor_left_parts());
}

TEST(text_and_what_has_no_size_get_their_name_when_they_are_there)
{
    for (unsigned is_text = 0; is_text < 2; is_text++) {
        struct stream *stream = NULL;
        put_file("f", "content");
        ftp_host_put(&host, "/f", "old");
        rules.parameters.type = is_text ? TYPE_ASCII : TYPE_IMAGE;
        host.breaks_after = 3;
        for (host.breaks = 1;;) {
            bool is_broken = host.breaks;
            visit_begin();
            assert_fault(local_tree_read(tree, "f", &stream), FAULT_NONE);
            enum fault f = is_text ? carry_send(remote, tree, "f", "f", &rules, &progress, &outcome)
                                   : carry_send_stream(remote, stream, "f", &rules, &progress,
                                                       &outcome);
            stream_close(&stream);
            visit_end();
            assert_fault(f, is_broken ? FAULT_CONNECTION_LOST : FAULT_NONE);
            assert_host_has(&host, "/f", is_broken ? "old" : "content");
            assert_int_equal(ftp_host_count(&host, "STOR .f."), 1);
            assert_false(visitor_left_parts());
            if (!is_broken)
                break;
        }
    }
}

static bool has_allocated;

static const char *want_allocation(struct ftp_host *there, struct text verb, struct text argument)
{
    (void)there;
    if (is_verb(verb, "ALLO")) {
        has_allocated = text_equal(argument, TEXT("7"));
        return "200 There is room";
    }
    return is_verb(verb, "STOR") && !has_allocated ? "503 ALLO first" : NULL;
}

TEST(a_server_that_has_to_know_the_size_is_told)
{
    put_file("f", "content");
    host.on_command = want_allocation;
    assert_fault(visit_to_send("f", "f"), FAULT_NONE);
    assert_int_equal(ftp_host_count(&host, "ALLO 7"), 1);
    assert_host_has(&host, "/f", "content");
}

TEST(an_upload_begins_anew_where_rest_is_not_for_it)
{
    put_file("f", "0123456789");
    host.breaks = 1;
    host.breaks_after = 4;
    host.on_command = refuse_rest;
    rules.tries = 2;
    assert_fault(visit_to_send("f", "f"), FAULT_NONE);
    assert_host_has(&host, "/f", "0123456789");
    assert_int_equal(outcome.begun, 0);
}

static const char *refuse_dots(struct ftp_host *there, struct text verb, struct text argument)
{
    (void)there;
    return is_verb(verb, "STOR") && argument.at[0] == '.' ? "553 Prohibited name" : NULL;
}

TEST(where_another_name_is_refused_its_own_one_does_unless_that_is_not_wanted)
{
    put_file("f", "content");
    host.on_command = refuse_dots;
    rules.upload_name = CARRY_NAME_OTHER;
    assert_fault(visit_to_send("f", "f"), FAULT_NAME_INVALID);
    assert_null(ftp_host_find(&host, "/f"));
    rules.upload_name = CARRY_NAME_AUTO;
    assert_fault(visit_to_send("f", "f"), FAULT_NONE);
    assert_host_has(&host, "/f", "content");
}

TEST(by_its_own_name_nothing_is_gone_on_with)
{
    put_file("f", "0123456789");
    ftp_host_put(&host, "/f", "0123");
    rules.upload_name = CARRY_NAME_OWN;
    assert_fault(visit_to_send("f", "f"), FAULT_NONE);
    assert_int_equal(ftp_host_count(&host, "STOR f"), 1);
    assert_int_equal(ftp_host_count(&host, "REST"), 0);
    assert_int_equal(ftp_host_count(&host, "RNFR"), 0);
    assert_host_has(&host, "/f", "0123456789");
}

/* Of what is there only when it has come: before, there is nothing to go on from. */
static const char *lie_about_part(struct ftp_host *there, struct text verb, struct text argument)
{
    (void)argument;
    there->heard[there->heard_len] = '\0';
    if (!is_verb(verb, "MLST") || !strstr(there->heard, "STOR"))
        return NULL;
    return "250-Here\r\n type=file;size=99; f\r\n250 End";
}

TEST(what_arrived_otherwise_is_not_published_and_does_not_stay)
{
    put_file("f", "content");
    ftp_host_put(&host, "/f", "old");
    host.on_command = lie_about_part;
    assert_fault(visit_to_send("f", "f"), FAULT_IO);
    assert_true(outcome.differs);
    assert_host_has(&host, "/f", "old");
    assert_false(visitor_left_parts());
    host.features = VISITOR_FACTS " XMD5\r\n";
    host.on_command = lie_about_digest;
    rules.check = CARRY_CHECK_DIGEST;
    assert_fault(visit_to_send("f", "f"), FAULT_IO);
    assert_true(outcome.differs);
    assert_host_has(&host, "/f", "old");
    assert_false(visitor_left_parts());
}

TEST(an_upload_is_compared_by_its_digest)
{
    put_file("f", "content");
    host.features = VISITOR_FACTS " XMD5\r\n";
    rules.check = CARRY_CHECK_DIGEST;
    assert_fault(visit_to_send("f", "f"), FAULT_NONE);
    assert_true(outcome.was_digested);
}

static const char *replace_nothing(struct ftp_host *there, struct text verb, struct text argument)
{
    char path[FTP_HOST_PATH];
    (void)snprintf(path, sizeof(path), "/%.*s", TEXT_ARGS(argument));
    return is_verb(verb, "RNTO") && ftp_host_find(there, path) ? "550 It is there" : NULL;
}

TEST(where_a_name_that_is_there_cannot_be_taken_the_file_goes_aside_first)
{
    put_file("f", "content");
    ftp_host_put(&host, "/f", "old");
    host.on_command = replace_nothing;
    rules.upload_name = CARRY_NAME_OTHER;
    assert_fault(visit_to_send("f", "f"), FAULT_NONE);
    assert_int_equal(ftp_host_count(&host, "DELE f"), 0);
    assert_int_equal(ftp_host_count(&host, "DELE .f."), 1);
    assert_host_has(&host, "/f", "content");
    assert_false(visitor_left_parts());
}

/* And has no room for more. */
static const char *give_no_name(struct ftp_host *there, struct text verb, struct text argument)
{
    (void)there;
    return is_verb(verb, "RNTO")                                      ? "550 Rename not allowed"
           : is_verb(verb, "STOR") && text_equal(argument, TEXT("f")) ? "552 Quota exceeded"
                                                                      : NULL;
}

TEST(where_nothing_gets_another_name_what_was_there_stays)
{
    put_file("f", "content");
    ftp_host_put(&host, "/f", "old");
    host.on_command = give_no_name;
    assert_fault(visit_to_send("f", "f"), FAULT_NO_SPACE);
    assert_host_has(&host, "/f", "old");
    rules.upload_name = CARRY_NAME_OTHER;
    assert_fault(visit_to_send("f", "f"), FAULT_DENIED);
    assert_host_has(&host, "/f", "old");
    assert_int_equal(ftp_host_count(&host, "DELE f"), 0);
}

static const char *rename_nothing(struct ftp_host *there, struct text verb, struct text argument)
{
    (void)there;
    (void)argument;
    return is_verb(verb, "RNFR") ? "550 Permission denied" : NULL;
}

TEST(where_nothing_can_be_renamed_what_was_there_stays_or_is_written)
{
    put_file("f", "content");
    ftp_host_put(&host, "/f", "old");
    host.on_command = rename_nothing;
    rules.upload_name = CARRY_NAME_OTHER;
    assert_fault(visit_to_send("f", "f"), FAULT_DENIED);
    assert_host_has(&host, "/f", "old");
    rules.upload_name = CARRY_NAME_AUTO;
    assert_fault(visit_to_send("f", "f"), FAULT_NONE);
    assert_host_has(&host, "/f", "content");
    assert_false(visitor_left_parts());
}

TEST(what_is_appended_or_unique_is_not_sent_twice)
{
    put_file("f", "0123456789");
    ftp_host_put(&host, "/f", "before");
    host.breaks = 1;
    host.breaks_after = 4;
    rules.tries = 3;
    rules.appends = true;
    assert_fault(visit_to_send("f", "f"), FAULT_CONNECTION_LOST);
    assert_host_has(&host, "/f", "before0123");
    assert_int_equal(ftp_host_count(&host, "APPE f"), 1);
    rules.appends = false;
    rules.is_unique = true;
    assert_fault(visit_to_send("f", "f"), FAULT_UNSUPPORTED);
    assert_int_equal(ftp_host_count(&host, "STOU"), 1);
}

TEST(what_is_no_file_here_is_not_sent)
{
    put_directory("d");
    assert_fault(visit_to_send("d", "f"), FAULT_IS_DIRECTORY);
    assert_fault(visit_to_send("none", "f"), FAULT_NOT_FOUND);
    assert_int_equal(ftp_host_count(&host, "STOR"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_VISIT(a_file_is_sent_under_another_name_and_gets_its_own_when_it_is_whole),
        IN_VISIT(an_upload_that_breaks_off_is_gone_on_with),
        IN_VISIT(an_upload_of_an_earlier_run_is_gone_on_with_if_it_is_the_same_file),
        IN_VISIT(an_upload_that_the_server_takes_back_is_sent_again),
        IN_VISIT(what_is_refused_once_it_is_there_is_not_sent_by_its_own_name),
        IN_VISIT(text_and_what_has_no_size_get_their_name_when_they_are_there),
        IN_VISIT(a_server_that_has_to_know_the_size_is_told),
        IN_VISIT(an_upload_begins_anew_where_rest_is_not_for_it),
        IN_VISIT(where_another_name_is_refused_its_own_one_does_unless_that_is_not_wanted),
        IN_VISIT(by_its_own_name_nothing_is_gone_on_with),
        IN_VISIT(what_arrived_otherwise_is_not_published_and_does_not_stay),
        IN_VISIT(an_upload_is_compared_by_its_digest),
        IN_VISIT(where_a_name_that_is_there_cannot_be_taken_the_file_goes_aside_first),
        IN_VISIT(where_nothing_gets_another_name_what_was_there_stays),
        IN_VISIT(where_nothing_can_be_renamed_what_was_there_stays_or_is_written),
        IN_VISIT(what_is_appended_or_unique_is_not_sent_twice),
        IN_VISIT(what_is_no_file_here_is_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
