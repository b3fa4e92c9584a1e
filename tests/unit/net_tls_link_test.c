/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include "tests/unit/tls_ends.h"

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

/* A client and the server's link, nothing said yet. */
struct call {
    struct tls *tls;
    struct ends_client client;
    struct ends *ends;
};

static void begin_call(struct call *call, int version, struct tls_rules rules)
{
    rules.with_tickets = true;
    call->tls = ends_make_tls(rules);
    ends_open_client(&call->client, version);
    call->ends = ends_open(call->tls, "", &call->client);
}

static void open_call(struct call *call, int version)
{
    begin_call(call, version, (struct tls_rules){0});
    assert_int_equal(ends_shake_hands(call->ends), TLS_OPEN);
    assert_text(ends_client_read(call->ends), ""); /* takes the ticket */
}

/* Another connection of the same client. */
static void call_again(struct call *call)
{
    ends_close(call->ends);
    call->ends = ends_open(call->tls, "", &call->client);
}

static void close_call(struct call *call)
{
    ends_close(call->ends);
    ends_close_client(&call->client);
    tls_unref(call->tls);
}

TEST(bytes_go_both_ways)
{
    struct call call;
    for (size_t i = 0; i < COUNT(versions); i++) {
        begin_call(&call, versions[i], (struct tls_rules){0});
        assert_int_equal(tls_link_state(call.ends->link), TLS_HANDSHAKE);
        assert_int_equal(ends_shake_hands(call.ends), TLS_OPEN);
        ends_client_write(call.ends, "NOOP\r\n");
        assert_int_equal(ends_pump(call.ends), TLS_OPEN);
        assert_heard(call.ends, "NOOP\r\n");
        assert_true(tls_link_write(call.ends->link, TEXT("")));
        assert_true(tls_link_write(call.ends->link, TEXT("200 \r\n")));
        assert_text(ends_client_read(call.ends), "200 \r\n");
        assert_string_equal(tls_link_version(call.ends->link), SSL_get_version(call.ends->client));
        assert_string_equal(tls_link_cipher(call.ends->link),
                            SSL_CIPHER_standard_name(SSL_get_current_cipher(call.ends->client)));
        close_call(&call);
    }
}

TEST(records_may_come_byte_by_byte)
{
    static char wire[ENDS_WIRE_BYTES];
    struct call call;
    for (size_t i = 0; i < COUNT(versions); i++) {
        begin_call(&call, versions[i], (struct tls_rules){0});
        for (int turn = 0; turn < 6; turn++) {
            (void)SSL_do_handshake(call.ends->client);
            int len = BIO_read(call.ends->to_server, wire, sizeof(wire));
            for (int at = 0; at < len; at++)
                (void)ends_feed(call.ends, (struct text){wire + at, 1});
        }
        assert_int_equal(tls_link_state(call.ends->link), TLS_OPEN);
        ends_client_write(call.ends, "SYST\r\n");
        int len = BIO_read(call.ends->to_server, wire, sizeof(wire));
        for (int at = 0; at < len - 1; at++)
            (void)ends_feed(call.ends, (struct text){wire + at, 1});
        assert_heard(call.ends, "");
        (void)ends_feed(call.ends, (struct text){wire + len - 1, 1});
        assert_heard(call.ends, "SYST\r\n");
        close_call(&call);
    }
}

TEST(many_records_come_in_one_feed_and_leave_in_one_write)
{
    enum { LARGE = 200 * 1000 };
    static char large[LARGE + 1];
    struct call call;
    open_call(&call, TLS1_3_VERSION);
    memset(large, 'x', LARGE);
    ends_client_write(call.ends, large);
    assert_int_equal(ends_pump(call.ends), TLS_OPEN);
    assert_heard(call.ends, large);
    assert_true(tls_link_write(call.ends->link, text_of(large)));
    size_t total = 0;
    for (struct text got; (got = ends_client_read(call.ends)).len;)
        total += got.len;
    assert_int_equal(total, LARGE);
    close_call(&call);
}

/* RFC 4217 5, RFC 2228 3 (CCC): what follows close_notify is in the clear. */
TEST(what_follows_the_clients_end_is_left_as_it_is)
{
    static char wire[ENDS_WIRE_BYTES];
    struct call call;
    for (size_t i = 0; i < COUNT(versions); i++) {
        open_call(&call, versions[i]);
        ends_client_write(call.ends, "CCC\r\n");
        assert_int_equal(SSL_shutdown(call.ends->client), 0);
        int len = BIO_read(call.ends->to_server, wire, sizeof(wire));
        memcpy(wire + len, "USER x\r\n", 8);
        assert_int_equal(ends_feed(call.ends, (struct text){wire, (size_t)len + 8}), TLS_ENDED);
        assert_heard(call.ends, "CCC\r\n");
        assert_text(tls_link_rest(call.ends->link), "USER x\r\n");
        tls_link_end(call.ends->link);
        assert_int_equal(SSL_shutdown(call.ends->client), 1); /* ours came */
        close_call(&call);
    }
}

TEST(our_end_is_told_once_and_the_client_may_go_on)
{
    struct call call;
    for (size_t i = 0; i < COUNT(versions); i++) {
        open_call(&call, versions[i]);
        tls_link_end(call.ends->link);
        size_t sent = BIO_ctrl_pending(call.ends->to_client);
        assert_true(sent > 0);
        tls_link_end(call.ends->link);
        assert_int_equal(BIO_ctrl_pending(call.ends->to_client), sent);
        ends_client_write(call.ends, "last");
        assert_int_equal(ends_pump(call.ends), TLS_OPEN);
        assert_heard(call.ends, "last");
        assert_text(ends_client_read(call.ends), "");
        assert_int_equal(SSL_get_shutdown(call.ends->client), SSL_RECEIVED_SHUTDOWN);
        assert_false(tls_link_write(call.ends->link, TEXT("late")));
        close_call(&call);
    }
}

TEST(an_end_before_the_handshake_sends_nothing)
{
    struct call call;
    begin_call(&call, TLS1_3_VERSION, (struct tls_rules){0});
    tls_link_end(call.ends->link);
    assert_int_equal(BIO_ctrl_pending(call.ends->to_client), 0);
    assert_int_equal(ends_shake_hands(call.ends), TLS_OPEN);
    close_call(&call);
}

TEST(what_is_no_tls_breaks_it)
{
    static const struct {
        struct text bytes;
        enum tls_state state;
    } cases[] = {{TEXT("USER anonymous\r\n"), TLS_BROKEN},
                 {TEXT("GET / HTTP/1.1\r\n\r\n"), TLS_BROKEN},
                 {TEXT("\x80\x2e\x01\x03\x01"), TLS_HANDSHAKE},
                 {TEXT("\x16\x03\x01\x00\x04\xff\xff\xff\xff"), TLS_BROKEN},
                 {TEXT("\x16\x03\x01\x02"), TLS_HANDSHAKE}};
    struct call call;
    size_t len;
    char bytes[16];
    for (size_t i = 0; i < COUNT(cases); i++) {
        begin_call(&call, TLS1_3_VERSION, (struct tls_rules){0});
        assert_int_equal(ends_feed(call.ends, cases[i].bytes), cases[i].state);
        assert_int_equal(tls_link_read(call.ends->link, bytes, sizeof(bytes), &len),
                         cases[i].state);
        assert_int_equal(len, 0);
        tls_link_end(call.ends->link);
        close_call(&call);
    }
}

TEST(bytes_in_the_clear_after_the_handshake_break_it)
{
    struct call call;
    for (size_t i = 0; i < COUNT(versions); i++) {
        open_call(&call, versions[i]);
        assert_int_equal(ends_feed(call.ends, TEXT("USER injected\r\n")), TLS_BROKEN);
        assert_heard(call.ends, "");
        assert_false(tls_link_write(call.ends->link, TEXT("x")));
        close_call(&call);
    }
}

TEST(a_renegotiation_is_refused_and_the_session_goes_on)
{
    struct call call;
    open_call(&call, TLS1_2_VERSION);
    SSL_set_options(call.ends->client, SSL_OP_LEGACY_SERVER_CONNECT);
    assert_int_equal(SSL_renegotiate(call.ends->client), 1);
    (void)SSL_do_handshake(call.ends->client);
    assert_int_equal(ends_pump(call.ends), TLS_OPEN);
    assert_true(tls_link_write(call.ends->link, TEXT("still here")));
    assert_text(ends_client_read(call.ends), ""); /* the alert: no renegotiation */
    assert_int_equal(ERR_GET_REASON(ERR_peek_last_error()), SSL_R_NO_RENEGOTIATION);
    ERR_clear_error();
    close_call(&call);
}

/* ---- Names ---------------------------------------------------------------------- */

static const char *shown_to(struct call *call, const char *host, const char *server_name)
{
    static char name[256];
    ends_close(call->ends);
    call->ends = ends_open(call->tls, host, &call->client);
    if (server_name)
        SSL_set_tlsext_host_name(call->ends->client, server_name);
    assert_int_equal(ends_shake_hands(call->ends), TLS_OPEN);
    assert_text(tls_link_server_name(call->ends->link), server_name ? server_name : "");
    X509 *shown = SSL_get0_peer_certificate(call->ends->client);
    X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, name, sizeof(name));
    return name;
}

TEST(the_certificate_is_the_one_asked_for_by_either_name)
{
    static const char *const hosts[] = {"one.example", "two.example", "*.three.example"};
    struct ends_pair made[COUNT(hosts)];
    struct tls_pair pairs[COUNT(hosts)];
    struct call call;
    for (size_t i = 0; i < COUNT(hosts); i++) {
        made[i] = ends_make_pair(hosts[i]);
        pairs[i] = (struct tls_pair){text_of(made[i].certificate), text_of(made[i].key)};
    }
    for (size_t i = 0; i < COUNT(versions); i++) {
        begin_call(&call, versions[i],
                   (struct tls_rules){.pairs = pairs, .pair_count = COUNT(pairs)});
        assert_string_equal(shown_to(&call, "", NULL), "one.example");
        assert_string_equal(shown_to(&call, "", "two.example"), "two.example");
        assert_string_equal(shown_to(&call, "", "TWO.example"), "two.example");
        assert_string_equal(shown_to(&call, "", "a.three.example"), "*.three.example");
        assert_string_equal(shown_to(&call, "", "elsewhere.example"), "one.example");
        assert_string_equal(shown_to(&call, "two.example", NULL), "two.example");
        assert_string_equal(shown_to(&call, "two.example", "elsewhere.example"), "two.example");
        assert_string_equal(shown_to(&call, "two.example", "one.example"), "one.example");
        assert_string_equal(shown_to(&call, "nowhere.example", NULL), "one.example");
        assert_int_equal(tls_link_bond(call.ends->link).pair, 0);
        close_call(&call);
    }
    for (size_t i = 0; i < COUNT(hosts); i++)
        ends_free_pair(&made[i]);
}

static enum tls_state speaking(const char *protocols, const char *chosen)
{
    struct call call;
    const unsigned char *got = NULL;
    unsigned len = 0;
    begin_call(&call, TLS1_3_VERSION, (struct tls_rules){0});
    SSL_set_alpn_protos(call.ends->client, (const unsigned char *)protocols,
                        (unsigned)strlen(protocols));
    enum tls_state state = ends_shake_hands(call.ends);
    SSL_get0_alpn_selected(call.ends->client, &got, &len);
    assert_text(((struct text){(const char *)got, len}), chosen);
    close_call(&call);
    return state;
}

/* A browser made to speak to us says what it speaks (ALPACA). */
TEST(who_says_that_they_speak_another_protocol_is_refused)
{
    assert_int_equal(speaking("", ""), TLS_OPEN);
    assert_int_equal(speaking("\3ftp", "ftp"), TLS_OPEN);
    assert_int_equal(speaking("\17x-filezilla-ftp\3ftp", "ftp"), TLS_OPEN);
    assert_int_equal(speaking("\10ftp-data", "ftp-data"), TLS_OPEN);
    assert_int_equal(speaking("\2h2\10http/1.1", ""), TLS_BROKEN);
    assert_int_equal(speaking("\3FTP", ""), TLS_BROKEN);
}

/* ---- Sessions ---------------------------------------------------------------------- */

TEST(a_control_connection_resumes_no_other_ones_session)
{
    for (size_t i = 0; i < 3; i++) {
        struct call call;
        begin_call(&call, i ? TLS1_2_VERSION : TLS1_3_VERSION, (struct tls_rules){0});
        if (i == 2) /* a session id instead of a ticket */
            SSL_CTX_set_options(call.client.context, SSL_OP_NO_TICKET);
        call_again(&call);
        assert_int_equal(ends_shake_hands(call.ends), TLS_OPEN);
        (void)ends_client_read(call.ends);
        assert_non_null(call.client.session);
        struct ends *first = call.ends; /* goes on */
        call.ends = ends_open(call.tls, "", &call.client);
        SSL_set_session(call.ends->client, call.client.session);
        assert_int_equal(ends_shake_hands(call.ends), TLS_OPEN);
        assert_false(SSL_session_reused(call.ends->client));
        ends_close(first);
        close_call(&call);
    }
}

TEST(tickets_come_when_they_are_asked_for)
{
    struct call call;
    open_call(&call, TLS1_3_VERSION);
    assert_int_equal(call.client.tickets, 1);
    for (unsigned i = 2; i < 50; i++) {
        assert_true(tls_link_send_ticket(call.ends->link));
        assert_true(tls_link_write(call.ends->link, TEXT("229 ")));
        assert_text(ends_client_read(call.ends), "229 ");
        assert_int_equal(call.client.tickets, i);
    }
    close_call(&call);
    open_call(&call, TLS1_2_VERSION);
    size_t sent = BIO_ctrl_pending(call.ends->to_client);
    assert_int_equal(call.client.tickets, 1);
    assert_true(tls_link_send_ticket(call.ends->link));
    assert_int_equal(BIO_ctrl_pending(call.ends->to_client), sent);
    close_call(&call);
}

TEST(without_tickets_there_is_nothing_to_resume)
{
    for (size_t i = 0; i < COUNT(versions); i++) {
        struct tls *tls = ends_make_tls((struct tls_rules){.with_tickets = false});
        struct ends_client client;
        ends_open_client(&client, versions[i]);
        struct ends *ends = ends_open(tls, "", &client);
        assert_int_equal(ends_shake_hands(ends), TLS_OPEN);
        assert_true(tls_link_send_ticket(ends->link));
        (void)ends_client_read(ends);
        assert_int_equal(client.tickets, 0);
        assert_int_equal(SSL_SESSION_is_resumable(SSL_get_session(ends->client)), 0);
        ends_close(ends);
        ends_close_client(&client);
        tls_unref(tls);
    }
}

/* ---- What it costs ---------------------------------------------------------------------- */

enum { IDLE_LINK_MAX = 15 * 1024 };

static _Atomic size_t in_use;

/* OpenSSL's memory, each block with its size in front. */
static void *count_new(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    size_t *block = malloc(size + 2 * sizeof(*block));
    if (!block)
        return NULL;
    *block = size;
    in_use += size;
    return block + 2;
}

static void count_free(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    if (!block)
        return;
    in_use -= ((size_t *)block)[-2];
    free((size_t *)block - 2);
}

static void *count_resize(void *block, size_t size, const char *file, int line)
{
    void *new_block = count_new(size, file, line);
    if (new_block && block) {
        size_t old_size = ((size_t *)block)[-2];
        memcpy(new_block, block, old_size < size ? old_size : size);
        count_free(block, file, line);
    }
    return new_block;
}

TEST(an_idle_connection_keeps_little_memory)
{
    for (size_t i = 0; i < COUNT(versions); i++) {
        struct call call;
        open_call(&call, versions[i]);
        ends_client_write(call.ends, "NOOP\r\n");
        assert_int_equal(ends_pump(call.ends), TLS_OPEN);
        assert_true(tls_link_write(call.ends->link, TEXT("200 \r\n")));
        size_t with = in_use;
        tls_link_free(call.ends->link);
        call.ends->link = NULL;
        print_message("%s: %zu bytes\n", i ? "TLS 1.3" : "TLS 1.2", with - in_use);
        assert_true(with - in_use <= IDLE_LINK_MAX);
        close_call(&call);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(bytes_go_both_ways),
        RUN(records_may_come_byte_by_byte),
        RUN(many_records_come_in_one_feed_and_leave_in_one_write),
        RUN(what_follows_the_clients_end_is_left_as_it_is),
        RUN(our_end_is_told_once_and_the_client_may_go_on),
        RUN(an_end_before_the_handshake_sends_nothing),
        RUN(what_is_no_tls_breaks_it),
        RUN(bytes_in_the_clear_after_the_handshake_break_it),
        RUN(a_renegotiation_is_refused_and_the_session_goes_on),
        RUN(the_certificate_is_the_one_asked_for_by_either_name),
        RUN(who_says_that_they_speak_another_protocol_is_refused),
        RUN(a_control_connection_resumes_no_other_ones_session),
        RUN(tickets_come_when_they_are_asked_for),
        RUN(without_tickets_there_is_nothing_to_resume),
        RUN(an_idle_connection_keeps_little_memory),
    };
    if (!CRYPTO_set_mem_functions(count_new, count_resize, count_free))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
