/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/tls_site.h"

enum { LARGE_BYTES = 3 * 1000 * 1000 };

static char large[LARGE_BYTES];

static void peer_writes(struct site *site, const char *words)
{
    assert_int_equal(SSL_write(site->peer, words, (int)strlen(words)), (int)strlen(words));
}

static void assert_read(struct channel *channel, size_t size, const char *expected)
{
    char bytes[64];
    size_t len = 99;
    assert_fault(channel_read(channel, bytes, size, &len), FAULT_NONE);
    assert_text(((struct text){bytes, len}), expected);
}

static void assert_no_read(struct channel *channel, enum fault expected)
{
    char byte;
    size_t len = 99;
    assert_fault(channel_read(channel, &byte, 1, &len), expected);
    assert_int_equal(len, 99);
}

/* ---- Handshakes that fail ------------------------------------------------------------------ */

/* Whatever is written after it does not get there. */
static void assert_sealed(struct site *site)
{
    static const char secret[] = "the file's bytes";
    char heard[4096];
    size_t len = 0;
    ssize_t n;
    assert_int_not_equal(channel_write(&site->channel, secret, sizeof(secret) - 1), FAULT_NONE);
    assert_int_not_equal(channel_finish(&site->channel), FAULT_NONE);
    channel_close(&site->channel);
    while ((n = recv(site->peer_fd, heard + len, sizeof(heard) - len, 0)) > 0)
        len += (size_t)n;
    assert_null(memmem(heard, len, secret, sizeof(secret) - 1));
}

TEST(a_peer_that_speaks_in_the_clear_gets_nothing)
{
    struct site site;
    open_site(&site, TICKET_1_3);
    connect_plain(&site);
    assert_int_equal(send(site.peer_fd, "bytes of a file", 15, 0), 15);
    assert_fault(secure(&site, false), FAULT_TLS_FAILED);
    assert_sealed(&site);
    close_site(&site);
}

TEST(a_peer_that_did_not_resume_gets_nothing)
{
    struct site site;
    open_site(&site, TICKET_1_3);
    assert_fault(connect_data(&site, NULL, true), FAULT_TLS_NOT_RESUMED);
    assert_sealed(&site);
    close_site(&site);
}

TEST(a_peer_that_goes_away_in_the_handshake_has_failed)
{
    struct site site;
    open_site(&site, TICKET_1_3);
    connect_plain(&site);
    close_peer(&site);
    assert_fault(secure(&site, false), FAULT_TLS_FAILED);
    close_data(&site);
    connect_plain(&site);
    peers_reset(site.peer_fd);
    site.peer_fd = -1;
    assert_fault(secure(&site, false), FAULT_TLS_FAILED);
    close_site(&site);
}

TEST(a_peer_that_says_nothing_is_given_up)
{
    struct site site;
    open_site(&site, TICKET_1_3);
    site.stall_seconds = 1;
    connect_plain(&site);
    assert_fault(secure(&site, false), FAULT_TIMED_OUT);
    assert_sealed(&site);
    close_site(&site);
}

/* A ClientHello without end: its first bytes, then more of them for as long as they are taken. */
static void *dribble(void *argument)
{
    static const char hello[] = "\x16\x03\x01\x3f\xff\x01\x00\x3f\xfb\x03\x03";
    struct site *site = argument;
    ssize_t n = send(site->peer_fd, hello, sizeof(hello) - 1, MSG_NOSIGNAL);
    while (n > 0) {
        usleep(20 * 1000);
        n = send(site->peer_fd, "x", 1, MSG_NOSIGNAL);
    }
    return NULL;
}

TEST(a_peer_that_takes_its_time_byte_by_byte_is_given_up)
{
    struct site site;
    pthread_t thread;
    open_site(&site, TICKET_1_3);
    site.stall_seconds = 1;
    connect_plain(&site);
    assert_int_equal(pthread_create(&thread, NULL, dribble, &site), 0);
    assert_fault(secure(&site, false), FAULT_TIMED_OUT);
    channel_close(&site.channel);
    pthread_join(thread, NULL);
    close_site(&site);
}

static void *interrupt_soon(void *argument)
{
    usleep(50 * 1000);
    channel_interrupt(argument);
    return NULL;
}

TEST(interrupting_wakes_a_handshake_that_waits)
{
    struct site site;
    pthread_t thread;
    open_site(&site, TICKET_1_3);
    connect_plain(&site);
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, &site.channel), 0);
    assert_fault(secure(&site, false), FAULT_CANCELLED);
    pthread_join(thread, NULL);
    close_site(&site);
}

/* ---- Bytes ----------------------------------------------------------------------------------- */

static void *peer_reads_all(void *argument)
{
    static char bytes[65536];
    struct site *site = argument;
    size_t total = 0;
    int n;
    while ((n = SSL_read(site->peer, bytes, sizeof(bytes))) > 0)
        total += (size_t)n;
    return (void *)(SSL_get_error(site->peer, n) == SSL_ERROR_ZERO_RETURN ? total : SIZE_MAX);
}

TEST(a_write_is_all_of_it)
{
    struct site site;
    pthread_t thread;
    void *got;
    open_data(&site);
    assert_int_equal(pthread_create(&thread, NULL, peer_reads_all, &site), 0);
    assert_fault(channel_write(&site.channel, large, 0), FAULT_NONE);
    assert_fault(channel_write(&site.channel, large, sizeof(large)), FAULT_NONE);
    assert_fault(channel_write(&site.channel, "x", 1), FAULT_NONE);
    assert_fault(channel_finish(&site.channel), FAULT_NONE);
    assert_int_equal(socket_unacknowledged(site.channel.fd, site.channel.has_ended), 0);
    pthread_join(thread, &got);
    assert_int_equal((size_t)got, sizeof(large) + 1);
    close_site(&site);
}

TEST(each_write_leaves_at_once)
{
    struct site site;
    open_data(&site);
    for (int i = 0; i < 3; i++) {
        assert_fault(channel_write(&site.channel, "piece", 5), FAULT_NONE);
        assert_peer_reads(&site, "piece");
    }
    close_site(&site);
}

static void *peer_writes_all(void *argument)
{
    struct site *site = argument;
    bool is_written = SSL_write(site->peer, large, sizeof(large)) == sizeof(large);
    return (void *)(uintptr_t)(is_written && SSL_shutdown(site->peer) == 0);
}

TEST(what_the_peer_sends_is_read_up_to_its_end)
{
    static char bytes[256 * 1024];
    struct site site;
    pthread_t thread;
    void *is_sent;
    size_t total = 0;
    size_t len = 1;
    open_data(&site);
    for (size_t i = 0; i < sizeof(large); i++)
        large[i] = (char)(i * 7 + i / 1000);
    assert_int_equal(pthread_create(&thread, NULL, peer_writes_all, &site), 0);
    while (len) {
        assert_fault(channel_read(&site.channel, bytes, sizeof(bytes), &len), FAULT_NONE);
        assert_true(len <= sizeof(large) - total);
        assert_memory_equal(bytes, large + total, len);
        total += len;
    }
    assert_int_equal(total, sizeof(large));
    pthread_join(thread, &is_sent);
    assert_true(is_sent);
    close_site(&site);
}

TEST(an_end_without_close_notify_is_no_end_of_file)
{
    struct site site;
    open_data(&site);
    peer_writes(&site, "half");
    close_peer(&site);
    assert_read(&site.channel, 64, "half");
    assert_no_read(&site.channel, FAULT_CONNECTION_LOST);
    assert_no_read(&site.channel, FAULT_CONNECTION_LOST);
    assert_true(channel_is_over(&site.channel));
    close_site(&site);
}

TEST(a_reset_and_a_broken_record_are_no_end_of_file)
{
    struct site site;
    open_data(&site);
    peers_reset(site.peer_fd);
    site.peer_fd = -1;
    peers_await(site.channel.fd, POLLIN);
    assert_no_read(&site.channel, FAULT_CONNECTION_LOST);
    assert_fault(channel_write(&site.channel, "x", 1), FAULT_CONNECTION_LOST);
    close_site(&site);
    open_data(&site);
    assert_int_equal(send(site.peer_fd, "\x17\x03\x03\x00\x14in the clear........", 25, 0), 25);
    assert_no_read(&site.channel, FAULT_CONNECTION_LOST);
    close_site(&site);
}

/* What the peer cannot read makes it break off with a fatal alert (RFC 8446 6.2). */
static void provoke_alert(struct site *site)
{
    char byte;
    assert_int_equal(send(site->channel.fd, "\x17\x03\x03\x00\x14in the clear........", 25, 0), 25);
    assert_true(SSL_read(site->peer, &byte, 1) < 0);
    ERR_clear_error();
}

TEST(a_fatal_alert_is_no_end_of_file_however_often_it_is_asked_for)
{
    for (size_t size = 4; size <= 64; size += 60) { /* with what was before it, or by itself */
        struct site site;
        char bytes[64];
        size_t len = 0;
        open_data(&site);
        peer_writes(&site, "half");
        provoke_alert(&site);
        peers_await(site.channel.fd, POLLIN);
        usleep(20 * 1000); /* both have come */
        assert_fault(channel_read(&site.channel, bytes, size, &len), FAULT_NONE);
        assert_text(((struct text){bytes, len}), "half");
        assert_no_read(&site.channel, FAULT_CONNECTION_LOST);
        assert_no_read(&site.channel, FAULT_CONNECTION_LOST);
        assert_fault(channel_write(&site.channel, "x", 1), FAULT_CONNECTION_LOST);
        close_site(&site);
    }
}

TEST(a_peer_that_moves_nothing_is_given_up)
{
    struct site site;
    open_site(&site, TICKET_1_3);
    site.stall_seconds = 1;
    assert_fault(connect_data(&site, NULL, false), FAULT_NONE);
    assert_no_read(&site.channel, FAULT_TIMED_OUT);
    enum fault f = FAULT_NONE;
    for (int i = 0; !f && i < 20; i++)
        f = channel_write(&site.channel, large, sizeof(large));
    assert_fault(f, FAULT_TIMED_OUT);
    close_site(&site);
}

TEST(an_interrupted_channel_fails_every_later_call)
{
    struct site site;
    open_data(&site);
    peer_writes(&site, "ab");
    peers_await(site.channel.fd, POLLIN);
    channel_interrupt(&site.channel);
    for (int i = 0; i < 3; i++)
        assert_no_read(&site.channel, FAULT_CANCELLED);
    assert_int_not_equal(channel_write(&site.channel, "x", 1), FAULT_NONE);
    assert_fault(channel_finish(&site.channel), FAULT_CANCELLED);
    channel_close(&site.channel);
    assert_peer_is_cut_off(&site);
    close_site(&site);
}

TEST(a_file_is_moved_by_the_kernel_only_where_it_encrypts)
{
    struct site site;
    size_t len = 99;
    int64_t offset = 0;
    char name[] = "/tmp/ferry-channel-XXXXXX";
    int fd = mkstemp(name);
    assert_int_equal(write(fd, "0123456789", 10), 10);
    open_data(&site);
    enum fault f = channel_send_file(&site.channel, fd, &offset, 10, &len);
    if (tls_kernel_can()) {
        assert_fault(f, FAULT_NONE);
        assert_peer_reads(&site, "0123456789");
    } else {
        assert_fault(f, FAULT_UNSUPPORTED);
        assert_int_equal(offset, 0);
        assert_int_equal(len, 99);
    }
    close_site(&site);
    close(fd);
    unlink(name);
}

/* ---- Its end ------------------------------------------------------------------------------------
 */

TEST(a_peer_that_never_answers_our_end_is_not_waited_for)
{
    struct site site;
    open_data(&site);
    assert_fault(channel_write(&site.channel, "last", 4), FAULT_NONE);
    assert_fault(channel_finish(&site.channel), FAULT_NONE); /* it has not even read it */
    assert_peer_reads(&site, "last");
    assert_peer_is_at_end(&site);
    close_site(&site);
}

TEST(closing_tells_the_peer_and_waits_for_nothing)
{
    struct site site;
    open_data(&site);
    channel_close(&site.channel);
    assert_peer_is_at_end(&site);
    close_peer(&site);
    assert_fault(connect_data(&site, NULL, false), FAULT_NONE);
    (void)peers_fill(site.channel.fd);
    channel_close(&site.channel); /* on a loop's thread: it must not block */
    close_site(&site);
}

TEST(what_is_not_whole_ends_without_saying_so)
{
    struct site site;
    open_data(&site);
    assert_fault(channel_write(&site.channel, "half", 4), FAULT_NONE);
    channel_break_off(&site.channel);
    assert_int_equal(site.channel.fd, -1);
    assert_peer_reads(&site, "half");
    assert_peer_is_cut_off(&site);
    close_site(&site);
}

TEST(a_reset_channel_says_no_end)
{
    struct site site;
    open_data(&site);
    channel_reset(&site.channel);
    assert_peer_is_cut_off(&site);
    close_site(&site);
}

TEST(a_channel_is_awaited_until_there_is_something_to_read)
{
    struct site site;
    open_data(&site);
    assert_false(channel_await(&site.channel, 10));
    peer_writes(&site, "ab");
    assert_true(channel_await(&site.channel, PATIENCE_S * 1000));
    assert_read(&site.channel, 1, "a");
    assert_true(channel_await(&site.channel, 0)); /* no byte of it is on the socket */
    assert_read(&site.channel, 64, "b");
    /* A record that brings nothing. */
    assert_int_equal(SSL_key_update(site.peer, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    assert_int_equal(SSL_do_handshake(site.peer), 1);
    assert_false(channel_await(&site.channel, 50));
    assert_false(channel_is_over(&site.channel));
    assert_int_equal(SSL_shutdown(site.peer), 0);
    assert_true(channel_await(&site.channel, PATIENCE_S * 1000)); /* the end */
    assert_read(&site.channel, 64, "");
    close_site(&site);
}

TEST(a_channel_is_over_when_the_peer_is_gone_and_all_is_read)
{
    struct site site;
    open_data(&site);
    assert_false(channel_is_over(&site.channel));
    peer_writes(&site, "ab");
    assert_int_equal(SSL_shutdown(site.peer), 0);
    peers_await(site.channel.fd, POLLIN);
    assert_false(channel_is_over(&site.channel));
    assert_read(&site.channel, 64, "ab");
    assert_fault(channel_unread(&site.channel, "b", 1), FAULT_NONE);
    assert_false(channel_is_over(&site.channel));
    assert_read(&site.channel, 64, "b");
    assert_true(channel_is_over(&site.channel));
    close_site(&site);
}

TEST(a_channel_moves_with_its_tls)
{
    struct site site;
    struct channel other;
    open_data(&site);
    channel_move(&site.channel, &other);
    assert_null(site.channel.tls);
    channel_close(&site.channel);
    peer_writes(&site, "ab");
    assert_read(&other, 64, "ab");
    assert_fault(channel_write(&other, "cd", 2), FAULT_NONE);
    assert_peer_reads(&site, "cd");
    channel_move(&other, &site.channel);
    close_site(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_peer_that_speaks_in_the_clear_gets_nothing),
        RUN(a_peer_that_did_not_resume_gets_nothing),
        RUN(a_peer_that_goes_away_in_the_handshake_has_failed),
        RUN(a_peer_that_says_nothing_is_given_up),
        RUN(a_peer_that_takes_its_time_byte_by_byte_is_given_up),
        RUN(interrupting_wakes_a_handshake_that_waits),
        RUN(a_write_is_all_of_it),
        RUN(each_write_leaves_at_once),
        RUN(what_the_peer_sends_is_read_up_to_its_end),
        RUN(an_end_without_close_notify_is_no_end_of_file),
        RUN(a_reset_and_a_broken_record_are_no_end_of_file),
        RUN(a_fatal_alert_is_no_end_of_file_however_often_it_is_asked_for),
        RUN(a_peer_that_moves_nothing_is_given_up),
        RUN(an_interrupted_channel_fails_every_later_call),
        RUN(a_file_is_moved_by_the_kernel_only_where_it_encrypts),
        RUN(a_peer_that_never_answers_our_end_is_not_waited_for),
        RUN(closing_tells_the_peer_and_waits_for_nothing),
        RUN(what_is_not_whole_ends_without_saying_so),
        RUN(a_reset_channel_says_no_end),
        RUN(a_channel_is_awaited_until_there_is_something_to_read),
        RUN(a_channel_is_over_when_the_peer_is_gone_and_all_is_read),
        RUN(a_channel_moves_with_its_tls),
    };
    site_block_sigpipe();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
