/* SPDX-License-Identifier: Apache-2.0 */
/* What a loop does with a data connection under TLS: nothing here waits. */
#include <fcntl.h>

#include "tests/unit/tls_authority.h"
#include "tests/unit/tls_site.h"

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

/* ---- A connection, both ends in one thread ----------------------------------------------- */

static void connect_at_once(struct site *site, SSL_SESSION *session)
{
    int ours;
    peers_connect(&ours, &site->peer_fd);
    socket_set_blocking(ours, false);
    socket_set_blocking(site->peer_fd, false);
    channel_open_at_once(&site->channel, ours, site->stall_seconds);
    site->peer = SSL_new(site->client.context);
    SSL_set_fd(site->peer, site->peer_fd);
    SSL_set_connect_state(site->peer);
    if (session) {
        SSL_SESSION *copy = SSL_SESSION_dup(session);
        SSL_set_session(site->peer, copy);
        SSL_SESSION_free(copy);
    }
}

/* Both say what they have to, in turns, until we are done or need more than the peer's word. */
static enum fault shake_at_once(struct site *site, bool must_resume)
{
    struct tls_bond bond = tls_link_bond(site->control->link);
    enum fault f = FAULT_BUSY;
    bond.must_resume = must_resume;
    for (int turn = 0; f == FAULT_BUSY && turn < 10; turn++) {
        (void)SSL_do_handshake(site->peer);
        ERR_clear_error();
        f = channel_secure_at_once(&site->channel, &bond);
    }
    (void)SSL_do_handshake(site->peer);
    ERR_clear_error();
    return f;
}

static void open_at_once(struct site *site, int version)
{
    open_site(site, version == TLS1_3_VERSION ? TICKET_1_3 : TICKET_1_2);
    connect_at_once(site, site->client.session);
    assert_fault(shake_at_once(site, true), FAULT_NONE);
    assert_true(SSL_session_reused(site->peer));
}

/* On a disk: of memory's file systems not every kernel knows that they need no waiting. */
static int file_of(const char *bytes, size_t len)
{
    int fd = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    return fd;
}

/* ---- The handshake -------------------------------------------------------------------------- */

TEST(a_handshake_goes_on_when_the_peer_has_said_more)
{
    for (size_t i = 0; i < COUNT(versions); i++) {
        struct site site;
        open_site(&site, versions[i] == TLS1_3_VERSION ? TICKET_1_3 : TICKET_1_2);
        const struct tls_bond bond = tls_link_bond(site.control->link);
        connect_at_once(&site, NULL);
        for (int n = 0; n < 3; n++) /* nothing came */
            assert_fault(channel_secure_at_once(&site.channel, &bond), FAULT_BUSY);
        assert_fault(shake_at_once(&site, false), FAULT_NONE);
        assert_fault(channel_secure(&site.channel, &bond), FAULT_NONE); /* it is done */
        close_site(&site);
    }
}

TEST(what_is_wrong_with_a_handshake_is_heard_at_once)
{
    struct site site;
    open_site(&site, TICKET_1_3);
    const struct tls_bond bond = tls_link_bond(site.control->link);
    connect_at_once(&site, NULL);
    assert_int_equal(send(site.peer_fd, "bytes of a file", 15, 0), 15);
    assert_fault(channel_secure_at_once(&site.channel, &bond), FAULT_TLS_FAILED);
    assert_int_not_equal(channel_write(&site.channel, "secret", 6), FAULT_NONE);
    close_data(&site);
    connect_at_once(&site, NULL);
    close_peer(&site);
    assert_fault(channel_secure_at_once(&site.channel, &bond), FAULT_TLS_FAILED);
    close_data(&site);
    connect_at_once(&site, NULL);
    assert_fault(shake_at_once(&site, true), FAULT_TLS_NOT_RESUMED);
    close_site(&site);
}

static struct tls *make_tls_with_rsa(void)
{
    EVP_PKEY *key = EVP_RSA_gen(2048);
    X509 *certificate = authority_begin(key, "rsa.example", 5, AUTHORITY_DAY_S);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    struct pem chain = pem_of_certificate(certificate);
    struct pem secret = pem_of_key(key, NULL);
    struct tls_pair pair = {pem_text(&chain), pem_text(&secret)};
    struct tls *tls = ends_make_tls(
        (struct tls_rules){.with_tickets = true, .pairs = &pair, .pair_count = 1});
    X509_free(certificate);
    EVP_PKEY_free(key);
    return tls;
}

static void *finish_handshake(void *argument)
{
    struct site *site = argument;
    socket_set_blocking(site->peer_fd, true);
    return peer_shake_hands(site);
}

/* RSA signs for a millisecond and longer: not on a loop, and not where a session is resumed. */
TEST(a_slow_key_signs_where_it_may_take_its_time)
{
    for (size_t i = 0; i < COUNT(versions); i++) {
        struct site site = {.channel.fd = -1, .peer_fd = -1, .stall_seconds = PATIENCE_S};
        pthread_t thread;
        site.tls = make_tls_with_rsa();
        ends_open_client(&site.client, versions[i]);
        open_control(&site);
        const struct tls_bond bond = tls_link_bond(site.control->link);
        connect_at_once(&site, NULL);
        assert_fault(shake_at_once(&site, false), FAULT_UNSUPPORTED);
        channel_begin_to_wait(&site.channel);
        assert_int_equal(pthread_create(&thread, NULL, finish_handshake, &site), 0);
        assert_fault(channel_secure(&site.channel, &bond), FAULT_NONE);
        pthread_join(thread, NULL);
        assert_true(site.peer_shook);
        close_data(&site);
        connect_at_once(&site, site.client.session);
        assert_fault(shake_at_once(&site, true), FAULT_NONE);
        close_site(&site);
    }
}

/* ---- Bytes ---------------------------------------------------------------------------------- */

TEST(a_small_file_leaves_with_its_end)
{
    for (size_t i = 0; i < COUNT(versions); i++) {
        struct site site;
        int64_t offset = 2;
        size_t len = 0;
        int fd = file_of("a small file", 12);
        open_at_once(&site, versions[i]);
        assert_fault(channel_send_file_at_once(&site.channel, fd, false, &offset, 10, &len),
                     FAULT_NONE);
        assert_int_equal(len, 10);
        assert_int_equal(offset, 12);
        assert_fault(channel_finish_at_once(&site.channel, false), FAULT_BUSY); /* it is silent */
        assert_peer_reads(&site, "small file");
        assert_peer_is_at_end(&site);
        assert_fault(channel_finish_at_once(&site.channel, false), FAULT_BUSY);
        (void)SSL_shutdown(site.peer);
        peers_await(site.channel.fd, POLLIN);
        assert_fault(channel_finish_at_once(&site.channel, false), FAULT_NONE);
        close(fd);
        close_site(&site);
    }
}

TEST(a_peer_that_does_not_answer_our_end_is_late)
{
    struct site site;
    open_at_once(&site, TLS1_3_VERSION);
    enum fault f = channel_finish_at_once(&site.channel, false);
    assert_fault(f, FAULT_BUSY);
    for (int i = 0; i < 100 && f == FAULT_BUSY; i++) { /* its host acknowledges, some time */
        (void)poll(NULL, 0, 10);
        f = channel_finish_at_once(&site.channel, true);
    }
    assert_fault(f, FAULT_NONE);
    assert_peer_is_at_end(&site);
    close_site(&site);
}

TEST(a_peer_that_resets_instead_of_an_answer_has_lost_it)
{
    struct site site;
    open_at_once(&site, TLS1_3_VERSION);
    peers_reset(site.peer_fd);
    site.peer_fd = -1;
    peers_await(site.channel.fd, POLLIN);
    assert_fault(channel_finish_at_once(&site.channel, false), FAULT_CONNECTION_LOST);
    channel_begin_to_wait(&site.channel);
    assert_fault(channel_finish(&site.channel), FAULT_CONNECTION_LOST); /* it was told once */
    close_site(&site);
}

TEST(what_was_written_at_once_may_be_followed_by_more)
{
    static char piece[CHANNEL_AT_ONCE_BYTES];
    static char heard[sizeof(piece) + 4];
    struct site site;
    int64_t offset = 0;
    size_t len = 0;
    size_t total = 0;
    memset(piece, 'x', sizeof(piece));
    int fd = file_of(piece, sizeof(piece));
    open_at_once(&site, TLS1_3_VERSION);
    assert_fault(channel_send_file_at_once(&site.channel, fd, false, &offset, sizeof(piece), &len),
                 FAULT_NONE);
    assert_int_equal(len, sizeof(piece));
    channel_begin_to_wait(&site.channel);
    assert_fault(channel_write(&site.channel, "more", 4), FAULT_NONE);
    socket_set_blocking(site.peer_fd, true);
    while (total < sizeof(heard)) {
        assert_int_equal(SSL_read_ex(site.peer, heard + total, sizeof(heard) - total, &len), 1);
        total += len;
    }
    assert_memory_equal(heard, piece, sizeof(piece));
    assert_memory_equal(heard + sizeof(piece), "more", 4);
    close(fd);
    close_site(&site);
}

/* ---- What comes -------------------------------------------------------------------------------
 */

static void assert_gathers(struct site *site, size_t most, enum fault expected)
{
    char bytes[64];
    assert_fault(channel_gather(&site->channel, bytes, sizeof(bytes), most), expected);
}

TEST(an_upload_is_gathered_up_to_its_end)
{
    for (size_t i = 0; i < COUNT(versions); i++) {
        struct site site;
        char bytes[64];
        size_t len = 0;
        open_at_once(&site, versions[i]);
        assert_gathers(&site, 100, FAULT_BUSY);
        assert_int_equal(SSL_write(site.peer, "one ", 4), 4);
        peers_await(site.channel.fd, POLLIN);
        assert_gathers(&site, 100, FAULT_BUSY);
        assert_int_equal(SSL_write(site.peer, "two", 3), 3);
        (void)SSL_shutdown(site.peer);
        peers_await(site.channel.fd, POLLIN);
        assert_gathers(&site, 100, FAULT_NONE);
        assert_fault(channel_read(&site.channel, bytes, sizeof(bytes), &len), FAULT_NONE);
        assert_text(((struct text){bytes, len}), "one two");
        assert_fault(channel_read(&site.channel, bytes, sizeof(bytes), &len), FAULT_NONE);
        assert_int_equal(len, 0);
        close_site(&site);
    }
}

TEST(more_than_is_gathered_is_left)
{
    struct site site;
    open_at_once(&site, TLS1_3_VERSION);
    assert_int_equal(SSL_write(site.peer, "0123456789", 10), 10);
    peers_await(site.channel.fd, POLLIN);
    assert_gathers(&site, 4, FAULT_TOO_LARGE);
    close_site(&site);
}

TEST(an_upload_that_ends_without_close_notify_is_not_whole)
{
    for (size_t i = 0; i < COUNT(versions); i++) {
        struct site site;
        char bytes[64];
        size_t len = 0;
        const struct tls_bond bond = {0};
        open_at_once(&site, versions[i]);
        assert_int_equal(SSL_write(site.peer, "half", 4), 4);
        assert_int_equal(shutdown(site.peer_fd, SHUT_WR), 0);
        peers_await(site.channel.fd, POLLIN);
        assert_gathers(&site, 100, FAULT_CONNECTION_LOST);
        channel_begin_to_wait(&site.channel);
        /* It has broken, and is not to begin anew. */
        assert_fault(channel_secure(&site.channel, &bond), FAULT_NONE);
        assert_fault(channel_read(&site.channel, bytes, sizeof(bytes), &len), FAULT_NONE);
        assert_text(((struct text){bytes, len}), "half");
        for (int n = 0; n < 3; n++)
            assert_fault(channel_read(&site.channel, bytes, sizeof(bytes), &len),
                         FAULT_CONNECTION_LOST);
        close_site(&site);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_handshake_goes_on_when_the_peer_has_said_more),
        RUN(what_is_wrong_with_a_handshake_is_heard_at_once),
        RUN(a_slow_key_signs_where_it_may_take_its_time),
        RUN(a_small_file_leaves_with_its_end),
        RUN(a_peer_that_does_not_answer_our_end_is_late),
        RUN(a_peer_that_resets_instead_of_an_answer_has_lost_it),
        RUN(what_was_written_at_once_may_be_followed_by_more),
        RUN(an_upload_is_gathered_up_to_its_end),
        RUN(more_than_is_gathered_is_left),
        RUN(an_upload_that_ends_without_close_notify_is_not_whole),
    };
    site_block_sigpipe();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
