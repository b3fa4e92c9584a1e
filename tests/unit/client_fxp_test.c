/* SPDX-License-Identifier: Apache-2.0 */
/* Files from one host to another. */
#include "client/fxp.h"
#include "tests/unit/ftp_host.h"

static struct ftp_host source;
static struct ftp_host target;
static struct remote_settings settings[2];
static struct remote *from;
static struct remote *to;
static struct carry_rules rules;
static struct fxp_outcome outcome;
static bool trusts_address;
static const char *failed; /* "from", "to"; of a copy that did */
static struct transfer_progress progress;

static int fxp_set_up(void **unused)
{
    (void)unused;
    ftp_host_reset(&source);
    ftp_host_reset(&target);
    progress = (struct transfer_progress){0};
    rules = (struct carry_rules){.parameters = PARAMETERS_DEFAULT, .check = CARRY_CHECK_SIZE};
    rules.parameters.type = TYPE_IMAGE;
    trusts_address = false;
    ftp_host_put(&source, "/f", "content");
    ftp_host_put(&target, "/g", "old");
    return 0;
}

static int fxp_tear_down(void **unused)
{
    (void)unused;
    ftp_host_reset(&source);
    ftp_host_reset(&target);
    return 0;
}

static enum fault copy(enum fxp_way way, const char *path)
{
    ftp_host_begin(&source);
    ftp_host_begin(&target);
    settings[0] = ftp_host_settings(&source);
    settings[1] = ftp_host_settings(&target);
    settings[0].dtp.trusts_address = trusts_address;
    assert_fault(remote_open(&settings[0], &from), FAULT_NONE);
    assert_fault(remote_open(&settings[1], &to), FAULT_NONE);
    const struct fxp_end ends[] = {{from, path}, {to, "g"}};
    enum fault f = fxp_copy(&ends[0], &ends[1], way, &rules, &progress, &outcome);
    failed = !f ? NULL : outcome.failed == &ends[0] ? "from" : "to";
    /* whatever became of it, both can be spoken with */
    assert_fault(remote_command(from, "NOOP", TEXT_NONE, false), FAULT_NONE);
    assert_fault(remote_command(to, "NOOP", TEXT_NONE, false), FAULT_NONE);
    remote_close(from);
    remote_close(to);
    ftp_host_end(&source);
    ftp_host_end(&target);
    return f;
}

TEST(where_both_allow_it_the_bytes_do_not_come_here)
{
    assert_fault(copy(FXP_AUTO, "f"), FAULT_NONE);
    assert_true(outcome.is_direct);
    assert_int_equal(atomic_load(&progress.bytes), 0);
    assert_host_has(&target, "/g", "content");
    assert_int_equal(ftp_host_count(&source, "PASV"), 1);
    assert_int_equal(ftp_host_count(&target, "PORT"), 1);
}

static const char *refuse_port(struct ftp_host *there, struct text verb, struct text argument)
{
    (void)there;
    (void)argument;
    return text_equal(verb, TEXT("PORT")) ? "500 Illegal PORT command" : NULL;
}

TEST(where_one_refuses_they_come_through_here)
{
    target.on_command = refuse_port;
    assert_fault(copy(FXP_DIRECT, "f"), FAULT_UNSUPPORTED);
    assert_string_equal(failed, "to");
    assert_host_has(&target, "/g", "old");
    assert_fault(copy(FXP_AUTO, "f"), FAULT_NONE);
    assert_false(outcome.is_direct);
    assert_int_equal(atomic_load(&progress.bytes), 7);
    assert_host_has(&target, "/g", "content");
}

TEST(who_wants_it_gets_them_through_here)
{
    assert_fault(copy(FXP_THROUGH_HERE, "f"), FAULT_NONE);
    assert_false(outcome.is_direct);
    assert_int_equal(ftp_host_count(&target, "PORT"), 0);
    assert_host_has(&target, "/g", "content");
}

static const char *refuse_file(struct ftp_host *there, struct text verb, struct text argument)
{
    (void)there;
    (void)argument;
    return text_equal(verb, TEXT("STOR")) ? "553 Not here" : NULL;
}

TEST(whose_fault_it_is_is_told)
{
    assert_fault(copy(FXP_DIRECT, "none"), FAULT_NOT_FOUND);
    assert_string_equal(failed, "from");
    target.on_command = refuse_file;
    assert_fault(copy(FXP_DIRECT, "f"), FAULT_NAME_INVALID);
    assert_string_equal(failed, "to");
    assert_fault(copy(FXP_THROUGH_HERE, "f"), FAULT_NAME_INVALID);
    assert_string_equal(failed, "to");
}

TEST(a_file_that_is_not_there_is_not_an_empty_one_at_the_other_end)
{
    for (int i = 0; i < 10; i++) {
        assert_fault(copy(FXP_THROUGH_HERE, "none"), FAULT_NOT_FOUND);
        assert_string_equal(failed, "from");
        assert_int_equal(target.ends, 0); /* no transfer there had an end in order */
    }
}

TEST(what_breaks_off_is_no_whole_file_at_the_other_end)
{
    struct ftp_node *node = ftp_host_find(&source, "/f");
    for (int i = 0; i < 10000; i++)
        ftp_host_append(node, "0123456789", 10);
    source.breaks = 1;
    source.breaks_after = 50000;
    assert_fault(copy(FXP_THROUGH_HERE, "f"), FAULT_CONNECTION_LOST);
    assert_string_equal(failed, "from");
    assert_int_equal(target.ends, 0);
    target.breaks = 1;
    target.breaks_after = 50000;
    assert_fault(copy(FXP_THROUGH_HERE, "f"), FAULT_CONNECTION_LOST);
    assert_string_equal(failed, "to");
    assert_int_equal(target.ends, 0);
    assert_fault(copy(FXP_THROUGH_HERE, "f"), FAULT_NONE);
    assert_int_equal(target.ends, 1);
    assert_int_equal(ftp_host_find(&target, "/g")->len, 100007);
}

/* ---- What arrives ----------------------------------------------------------------- */

static const char *tell_more(struct ftp_host *there, struct text verb, struct text argument)
{
    (void)there;
    (void)argument;
    return text_equal(verb, TEXT("SIZE")) ? "213 99" : NULL;
}

TEST(what_is_shorter_than_the_source_said_is_no_whole_file)
{
    source.on_command = tell_more;
    assert_fault(copy(FXP_THROUGH_HERE, "f"), FAULT_IO);
    assert_true(outcome.differs);
    assert_string_equal(failed, "from");
    assert_int_equal(target.ends, 0);
    assert_fault(copy(FXP_DIRECT, "f"), FAULT_IO);
    assert_true(outcome.differs);
    assert_string_equal(failed, "to");
}

TEST(what_the_receiver_says_it_has_is_compared)
{
    static const enum fxp_way ways[] = {FXP_DIRECT, FXP_THROUGH_HERE};
    for (size_t i = 0; i < COUNT(ways); i++) {
        target.on_command = tell_more;
        assert_fault(copy(ways[i], "f"), FAULT_IO);
        assert_true(outcome.differs);
        assert_string_equal(failed, "to");
        rules.check = CARRY_CHECK_NOTHING;
        assert_fault(copy(ways[i], "f"), FAULT_NONE);
        assert_false(outcome.was_checked);
        rules.check = CARRY_CHECK_SIZE;
        target.on_command = NULL;
        assert_fault(copy(ways[i], "f"), FAULT_NONE);
        assert_true(outcome.was_checked);
    }
}

/* ---- Where they are sent ----------------------------------------------------------- */

static const char *say_elsewhere(struct ftp_host *there, struct text verb, struct text argument)
{
    (void)there;
    (void)argument;
    return text_equal(verb, TEXT("PASV")) ? "227 Entering Passive Mode (192,0,2,1,8,8)" : NULL;
}

static const char *say_low_port(struct ftp_host *there, struct text verb, struct text argument)
{
    (void)there;
    (void)argument;
    return text_equal(verb, TEXT("PASV")) ? "227 Entering Passive Mode (127,0,0,1,0,25)" : NULL;
}

TEST(the_source_sends_nobody_to_another_host)
{
    source.on_command = say_elsewhere;
    target.on_command = refuse_port;
    assert_fault(copy(FXP_DIRECT, "f"), FAULT_UNSUPPORTED);
    assert_int_equal(ftp_host_count(&target, "PORT 127,0,0,1,8,8"), 1);
    trusts_address = true;
    assert_fault(copy(FXP_DIRECT, "f"), FAULT_UNSUPPORTED);
    assert_int_equal(ftp_host_count(&target, "PORT 192,0,2,1,8,8"), 1);
}

TEST(the_source_sends_nobody_to_another_service)
{
    source.on_command = say_low_port;
    for (unsigned trusts = 0; trusts < 2; trusts++) {
        trusts_address = trusts;
        assert_fault(copy(FXP_AUTO, "f"), FAULT_NONE);
        assert_false(outcome.is_direct);
        assert_int_equal(ftp_host_count(&target, "PORT"), 0);
    }
}

#define IN_FXP(name) cmocka_unit_test_setup_teardown(name, fxp_set_up, fxp_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FXP(where_both_allow_it_the_bytes_do_not_come_here),
        IN_FXP(where_one_refuses_they_come_through_here),
        IN_FXP(who_wants_it_gets_them_through_here),
        IN_FXP(whose_fault_it_is_is_told),
        IN_FXP(a_file_that_is_not_there_is_not_an_empty_one_at_the_other_end),
        IN_FXP(what_breaks_off_is_no_whole_file_at_the_other_end),
        IN_FXP(what_is_shorter_than_the_source_said_is_no_whole_file),
        IN_FXP(what_the_receiver_says_it_has_is_compared),
        IN_FXP(the_source_sends_nobody_to_another_host),
        IN_FXP(the_source_sends_nobody_to_another_service),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
