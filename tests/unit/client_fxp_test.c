/* SPDX-License-Identifier: Apache-2.0 */
/* Files from one host to another. */
#include "client/fxp.h"
#include "tests/unit/ftp_host.h"

static struct ftp_host source;
static struct ftp_host target;
static struct remote_settings settings[2];
static struct remote *from;
static struct remote *to;
static bool is_direct;
static const char *failed; /* "from", "to"; of a copy that did */
static struct transfer_progress progress;

static int fxp_set_up(void **unused)
{
    (void)unused;
    ftp_host_reset(&source);
    ftp_host_reset(&target);
    progress = (struct transfer_progress){0};
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
    struct parameters image = PARAMETERS_DEFAULT;
    image.type = TYPE_IMAGE;
    ftp_host_begin(&source);
    ftp_host_begin(&target);
    settings[0] = ftp_host_settings(&source);
    settings[1] = ftp_host_settings(&target);
    assert_fault(remote_open(&settings[0], &from), FAULT_NONE);
    assert_fault(remote_open(&settings[1], &to), FAULT_NONE);
    const struct fxp_end ends[] = {{from, path}, {to, "g"}};
    const struct fxp_end *whose = NULL;
    enum fault f = fxp_copy(&ends[0], &ends[1], way, &image, &progress, &is_direct, &whose);
    failed = !f ? NULL : whose == &ends[0] ? "from" : "to";
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
    assert_true(is_direct);
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
    assert_false(is_direct);
    assert_int_equal(atomic_load(&progress.bytes), 7);
    assert_host_has(&target, "/g", "content");
}

TEST(who_wants_it_gets_them_through_here)
{
    assert_fault(copy(FXP_THROUGH_HERE, "f"), FAULT_NONE);
    assert_false(is_direct);
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
