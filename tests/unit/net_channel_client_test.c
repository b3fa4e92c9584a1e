/* SPDX-License-Identifier: Apache-2.0 */
/* A channel as the user's control connection: its bytes, and how TLS ends on it. */
#include "tests/unit/tls_dialogue.h"

enum { WAIT_MS = 10000 };

/* ---- Bytes of a control connection -------------------------------------------------------------
 */

TEST(security_is_told_for_people)
{
    struct dialogue dialogue;
    char bytes[128];
    struct builder b = builder_on(bytes, sizeof(bytes));
    open_dialogue(&dialogue, TLS1_3_VERSION);
    connect_secure(&dialogue, false, NULL);
    host_join(&dialogue.host);
    channel_put_security(&dialogue.channel, &b);
    assert_text(builder_text(&b), "TLSv1.3, TLS_AES_128_GCM_SHA256");
    close_connection(&dialogue);
    b.len = 0;
    channel_put_security(&dialogue.channel, &b);
    assert_int_equal(b.len, 0);
    close_dialogue(&dialogue);
}

static void speak_in_pieces(struct host *host)
{
    for (int i = 0; i < 3; i++) {
        host_says(host, "220-line\r\n");
        host_hears(host); /* the next one only after an answer */
    }
}

TEST(what_is_there_is_read_without_waiting_for_more)
{
    struct dialogue dialogue;
    open_dialogue(&dialogue, TLS1_3_VERSION);
    connect_secure(&dialogue, false, speak_in_pieces);
    for (int i = 0; i < 3; i++) {
        assert_channel_reads(&dialogue.channel, "220-line\r\n");
        assert_fault(channel_write(&dialogue.channel, "NOOP", 4), FAULT_NONE);
    }
    host_join(&dialogue.host);
    assert_text(host_heard(&dialogue.host), "NOOPNOOPNOOP");
    close_dialogue(&dialogue);
}

TEST(a_channel_is_awaited_true_while_decrypted_bytes_are_left)
{
    for (int is_data = 0; is_data < 2; is_data++) {
        struct dialogue dialogue;
        char byte;
        size_t len;
        open_dialogue(&dialogue, TLS1_3_VERSION);
        connect_secure(&dialogue, is_data, greet);
        host_join(&dialogue.host);
        assert_true(channel_await(&dialogue.channel, WAIT_MS));
        assert_fault(channel_read(&dialogue.channel, &byte, 1, &len), FAULT_NONE);
        assert_true(channel_await(&dialogue.channel, 0)); /* no byte of it is on the socket */
        assert_channel_reads(&dialogue.channel, "30 hello");
        assert_false(channel_await(&dialogue.channel, 10));
        close_dialogue(&dialogue);
    }
}

TEST(urgent_bytes_end_in_one_that_the_peer_is_told_of)
{
    char bytes[16];
    int ours;
    int theirs;
    struct channel channel;
    peers_connect(&ours, &theirs);
    channel_open(&channel, ours, HOST_PATIENCE_S);
    assert_fault(channel_write_urgent(&channel, "\xFF\xF4\xFF\xF2", 4), FAULT_NONE);
    assert_fault(channel_write(&channel, "ABOR\r\n", 6), FAULT_NONE);
    peers_await(theirs, POLLPRI);
    assert_int_equal(recv(theirs, bytes, sizeof(bytes), 0), 3); /* up to the mark */
    assert_memory_equal(bytes, "\xFF\xF4\xFF", 3);
    assert_int_equal(sockatmark(theirs), 1);
    assert_int_equal(recv(theirs, bytes, 1, MSG_OOB), 1);
    assert_memory_equal(bytes, "\xF2", 1);
    assert_int_equal(recv(theirs, bytes, sizeof(bytes), 0), 6);
    channel_close(&channel);
    close(theirs);
}

static void hear_all(struct host *host)
{
    while (host->heard_len < 10)
        host_hears(host);
}

TEST(under_tls_urgent_bytes_are_like_others)
{
    struct dialogue dialogue;
    open_dialogue(&dialogue, TLS1_3_VERSION);
    connect_secure(&dialogue, false, hear_all);
    assert_fault(channel_write_urgent(&dialogue.channel, "\xFF\xF4\xFF\xF2", 4), FAULT_NONE);
    assert_fault(channel_write(&dialogue.channel, "ABOR\r\n", 6), FAULT_NONE);
    host_join(&dialogue.host);
    assert_text(host_heard(&dialogue.host), "\xFF\xF4\xFF\xF2"
                                            "ABOR\r\n");
    close_dialogue(&dialogue);
}

TEST(a_control_connection_that_ends_without_close_notify_is_lost)
{
    struct dialogue dialogue;
    char byte;
    size_t len;
    open_dialogue(&dialogue, TLS1_3_VERSION);
    connect_secure(&dialogue, false, greet);
    host_join(&dialogue.host);
    host_hang_up(&dialogue.host);
    assert_channel_reads(&dialogue.channel, "230 hello");
    assert_fault(channel_read(&dialogue.channel, &byte, 1, &len), FAULT_CONNECTION_LOST);
    close_dialogue(&dialogue);
}

static void end(struct host *host)
{
    (void)SSL_shutdown(host->end);
}

TEST(what_cannot_be_written_after_the_servers_end_is_told)
{
    struct dialogue dialogue;
    enum fault f = FAULT_NONE;
    open_dialogue(&dialogue, TLS1_3_VERSION);
    connect_secure(&dialogue, false, end);
    host_join(&dialogue.host);
    assert_channel_reads(&dialogue.channel, "");
    peers_reset(dialogue.host.fd);
    dialogue.host.fd = -1;
    for (int i = 0; !f && i < 20; i++)
        f = channel_write(&dialogue.channel, "NOOP", 4);
    assert_fault(f, FAULT_CONNECTION_LOST);
    close_dialogue(&dialogue);
}

TEST(what_was_unread_in_the_clear_is_not_taken_into_tls)
{
    struct dialogue dialogue;
    char message[TLS_MESSAGE_SIZE];
    struct tls_client_handshake how = {.host = TEXT("ftp.example")};
    open_dialogue(&dialogue, TLS1_3_VERSION);
    host_begin(&dialogue.host, &dialogue.channel, NULL);
    assert_fault(channel_unread(&dialogue.channel, "230 injected", 12), FAULT_NONE);
    assert_fault(channel_secure_client(&dialogue.channel, dialogue.client, &how, message),
                 FAULT_BUG);
    host_join(&dialogue.host);
    assert_false(dialogue.host.shook);
    close_dialogue(&dialogue);
}

/* ---- CCC
 * ------------------------------------------------------------------------------------------ */

static void end_and_go_on(struct host *host)
{
    host_hears(host); /* CCC */
    host_says(host, "200 clear");
    host_hears(host); /* the close_notify */
    (void)SSL_shutdown(host->end);
    host_says_clear(host, "211 this is clear");
    host_hears_clear(host);
}

static void end_first(struct host *host)
{
    host_hears(host);
    host_says(host, "200 clear");
    (void)SSL_shutdown(host->end);
    host_hears(host);
    host_says_clear(host, "211 this is clear");
    host_hears_clear(host);
}

static void say_more_before_the_end(struct host *host)
{
    host_hears(host);
    host_says(host, "200 clear");
    host_hears(host);
    host_says(host, "421-");
    host_says(host, "bye;");
    (void)SSL_shutdown(host->end);
    host_says_clear(host, "211 this is clear");
    host_hears_clear(host);
}

/* Without a close_notify, as some do. */
static void go_on_at_once(struct host *host)
{
    host_hears(host);
    host_says(host, "200 clear");
    host_hears(host);
    host_says_clear(host, "211 this is clear");
    host_hears_clear(host);
}

static void wait_for_a_command(struct host *host)
{
    host_hears(host);
    host_says(host, "200 clear");
    host_hears(host);
    host_hears_clear(host);
    host_says_clear(host, "211 this is clear");
}

static void unsecure(struct dialogue *dialogue, int version, void (*script)(struct host *))
{
    open_dialogue(dialogue, version);
    connect_secure(dialogue, false, script);
    assert_fault(channel_write(&dialogue->channel, "CCC", 3), FAULT_NONE);
    assert_channel_reads(&dialogue->channel, "200 clear");
    assert_fault(channel_unsecure(&dialogue->channel), FAULT_NONE);
    assert_null(dialogue->channel.tls);
    assert_fault(channel_write(&dialogue->channel, "|SYST", 5), FAULT_NONE);
}

static void assert_reads_all(struct channel *channel, const char *expected)
{
    char bytes[HOST_BYTES];
    size_t total = 0;
    while (total < strlen(expected)) {
        size_t len = 0;
        assert_fault(channel_read(channel, bytes + total, sizeof(bytes) - total, &len), FAULT_NONE);
        assert_int_not_equal(len, 0);
        total += len;
    }
    assert_text(((struct text){bytes, total}), expected);
}

TEST(a_control_connection_goes_on_in_the_clear_and_loses_nothing)
{
    static const struct {
        void (*script)(struct host *host);
        const char *expected;
    } cases[] = {
        {end_and_go_on, "211 this is clear"},
        {end_first, "211 this is clear"},
        {say_more_before_the_end, "421-bye;211 this is clear"},
        {go_on_at_once, "211 this is clear"},
        {wait_for_a_command, "211 this is clear"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
            struct dialogue dialogue;
            unsecure(&dialogue, version, cases[i].script);
            assert_reads_all(&dialogue.channel, cases[i].expected);
            host_join(&dialogue.host);
            assert_text(host_heard(&dialogue.host), "CCC|SYST");
            close_dialogue(&dialogue);
        }
    }
}

/* What a server does instead of ending TLS. */
static void hang_up(struct host *host)
{
    host_hears(host);
    shutdown(host->fd, SHUT_RDWR);
}

static void never_end(struct host *host)
{
    static const char words[1024];
    host_hears(host);
    while (SSL_write(host->end, words, sizeof(words)) > 0)
        continue;
}

static void break_a_record(struct host *host)
{
    host_hears(host);
    (void)!send(host->fd, "\x17\x03\x03\x00\x14in the clear........", 25, MSG_NOSIGNAL);
}

static void stop_within_a_record(struct host *host)
{
    host_hears(host);
    (void)!send(host->fd, "\x17\x03\x03\x00\x14", 5, MSG_NOSIGNAL);
    host_hears_clear(host);
    host_hears_clear(host);
}

TEST(a_server_that_does_not_end_tls_gets_nothing_in_the_clear)
{
    static const struct {
        void (*script)(struct host *host);
        enum fault fault;
    } cases[] = {
        {hang_up, FAULT_CONNECTION_LOST},
        {never_end, FAULT_TLS_FAILED},
        {break_a_record, FAULT_CONNECTION_LOST},
        {stop_within_a_record, FAULT_TIMED_OUT},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct dialogue dialogue;
        open_dialogue(&dialogue, TLS1_3_VERSION);
        connect_secure(&dialogue, false, cases[i].script);
        assert_fault(channel_write(&dialogue.channel, "CCC", 3), FAULT_NONE);
        assert_fault(channel_unsecure(&dialogue.channel), cases[i].fault);
        assert_int_not_equal(channel_write(&dialogue.channel, "SYST", 4), FAULT_NONE);
        channel_close(&dialogue.channel);
        host_join(&dialogue.host);
        close_dialogue(&dialogue);
    }
}

TEST(only_tls_can_be_ended_and_only_when_all_is_read)
{
    struct dialogue dialogue;
    open_dialogue(&dialogue, TLS1_3_VERSION);
    connect_secure(&dialogue, false, NULL);
    host_join(&dialogue.host);
    assert_fault(channel_unread(&dialogue.channel, "a", 1), FAULT_NONE);
    assert_fault(channel_unsecure(&dialogue.channel), FAULT_BUG);
    close_connection(&dialogue);
    assert_fault(channel_unsecure(&dialogue.channel), FAULT_BUG);
    close_dialogue(&dialogue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(security_is_told_for_people),
        RUN(what_is_there_is_read_without_waiting_for_more),
        RUN(a_channel_is_awaited_true_while_decrypted_bytes_are_left),
        RUN(urgent_bytes_end_in_one_that_the_peer_is_told_of),
        RUN(under_tls_urgent_bytes_are_like_others),
        RUN(a_control_connection_that_ends_without_close_notify_is_lost),
        RUN(what_cannot_be_written_after_the_servers_end_is_told),
        RUN(what_was_unread_in_the_clear_is_not_taken_into_tls),
        RUN(a_control_connection_goes_on_in_the_clear_and_loses_nothing),
        RUN(a_server_that_does_not_end_tls_gets_nothing_in_the_clear),
        RUN(only_tls_can_be_ended_and_only_when_all_is_read),
    };
    return cmocka_run_group_tests(tests, dialogue_make_authority, dialogue_free_authority);
}
