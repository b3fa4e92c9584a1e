/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions that data connections resume, as many as there are transfers. */
#include "net/tls_link.h"
#include "tests/unit/tls_dialogue.h"

enum { MANY = 300, OFTEN = 20 };

static bool has_resumed(const struct channel *channel)
{
    char bytes[128];
    struct builder b = builder_on(bytes, sizeof(bytes));
    channel_put_security(channel, &b);
    return text_ends_with(builder_text(&b), TEXT(", resumed"));
}

/* A file, and its end. */
static void take(struct host *host)
{
    host_hears(host);
    host_hears(host);
    (void)SSL_shutdown(host->end);
}

static void give(struct host *host)
{
    host_says(host, "file");
    (void)SSL_shutdown(host->end);
}

/* ---- Sessions ------------------------------------------------------------------------------ */

static void upload(struct dialogue *dialogue)
{
    connect_secure(dialogue, true, take);
    assert_fault(channel_write(&dialogue->channel, "file", 4), FAULT_NONE);
    assert_fault(channel_finish(&dialogue->channel), FAULT_NONE);
    host_join(&dialogue->host);
    assert_text(host_heard(&dialogue->host), "file");
}

static void download(struct dialogue *dialogue)
{
    connect_secure(dialogue, true, give);
    assert_channel_reads(&dialogue->channel, "file");
    assert_channel_reads(&dialogue->channel, "");
    host_join(&dialogue->host);
}

/* As vsftpd, ProFTPD and others do it, who all use OpenSSL. */
struct keeping {
    int version;
    unsigned tickets; /* of a full handshake in TLS 1.3; of a resumed one it is one, or none */
    long options;
};

static const struct keeping keepings[] = {
    {TLS1_2_VERSION, 0, 0},
    {TLS1_2_VERSION, 0, SSL_OP_NO_TICKET}, /* by the session's id */
    {TLS1_3_VERSION, 2, 0},
    {TLS1_3_VERSION, 1, 0},
    {TLS1_3_VERSION, 2, SSL_OP_NO_TICKET}, /* kept by the server, named by the ticket */
    {TLS1_3_VERSION, 20, 0},
};

static void open_keeping(struct dialogue *dialogue, const struct keeping *keeping)
{
    open_dialogue(dialogue, keeping->version);
    SSL_CTX_set_options(dialogue->host.context, (uint64_t)keeping->options);
    if (keeping->version == TLS1_3_VERSION)
        SSL_CTX_set_num_tickets(dialogue->host.context, keeping->tickets);
    connect_secure(dialogue, false, greet);
    assert_false(has_resumed(&dialogue->channel));
    assert_channel_reads(&dialogue->channel, "230 hello"); /* tickets came before it */
    host_join(&dialogue->host);
    close_connection(dialogue);
}

TEST(each_of_hundreds_of_transfers_resumes_the_control_connections_session)
{
    for (size_t i = 0; i < COUNT(keepings); i++) {
        struct dialogue dialogue;
        open_keeping(&dialogue, &keepings[i]);
        for (unsigned n = 0; n < MANY; n++) {
            n % 3 ? upload(&dialogue) : download(&dialogue);
            assert_true(has_resumed(&dialogue.channel));
            assert_true(SSL_session_reused(dialogue.host.end));
            close_connection(&dialogue);
        }
        close_dialogue(&dialogue);
    }
}

TEST(transfers_that_broke_leave_a_session_to_resume)
{
    for (size_t i = 0; i < COUNT(keepings); i++) {
        struct dialogue dialogue;
        open_keeping(&dialogue, &keepings[i]);
        for (unsigned n = 0; n < 20; n++) {
            connect_secure(&dialogue, true, NULL);
            assert_true(has_resumed(&dialogue.channel));
            host_join(&dialogue.host);
            channel_reset(&dialogue.channel);
            host_hang_up(&dialogue.host);
        }
        close_dialogue(&dialogue);
    }
}

TEST(several_data_connections_at_once_have_a_session_each)
{
    enum { AT_ONCE = 12 };
    for (size_t i = 0; i < COUNT(keepings); i++) {
        struct dialogue dialogue;
        struct host hosts[AT_ONCE];
        struct channel channels[AT_ONCE];
        open_keeping(&dialogue, &keepings[i]);
        for (unsigned n = 0; n < AT_ONCE; n++) {
            hosts[n] = (struct host){.context = dialogue.host.context};
            host_begin(&hosts[n], &channels[n], NULL);
            assert_fault(secure(&channels[n], dialogue.client, dialogue.sessions, true),
                         FAULT_NONE);
            assert_true(has_resumed(&channels[n]));
        }
        for (unsigned n = 0; n < AT_ONCE; n++) {
            host_join(&hosts[n]);
            channel_close(&channels[n]);
            host_hang_up(&hosts[n]);
        }
        close_dialogue(&dialogue);
    }
}

struct worker {
    struct dialogue dialogue; /* its connections; the rest is everybody's */
    unsigned resumed;
    pthread_t thread;
};

static void *transfer_often(void *argument)
{
    struct worker *worker = argument;
    for (unsigned n = 0; n < OFTEN; n++) {
        n % 2 ? upload(&worker->dialogue) : download(&worker->dialogue);
        worker->resumed += has_resumed(&worker->dialogue.channel);
        close_connection(&worker->dialogue);
    }
    return NULL;
}

TEST(threads_share_the_sessions_of_their_control_connection)
{
    enum { WORKERS = 3 };
    for (size_t i = 0; i < COUNT(keepings); i++) {
        struct dialogue dialogue;
        struct worker workers[WORKERS];
        open_keeping(&dialogue, &keepings[i]);
        for (unsigned n = 0; n < WORKERS; n++) {
            workers[n] = (struct worker){.dialogue = {.client = dialogue.client,
                                                      .sessions = dialogue.sessions,
                                                      .host.context = dialogue.host.context}};
            assert_int_equal(pthread_create(&workers[n].thread, NULL, transfer_often, &workers[n]),
                             0);
        }
        for (unsigned n = 0; n < WORKERS; n++) {
            pthread_join(workers[n].thread, NULL);
            assert_int_equal(workers[n].resumed, OFTEN);
        }
        close_dialogue(&dialogue);
    }
}

TEST(a_data_connections_own_session_is_not_kept)
{
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct dialogue dialogue;
        open_dialogue(&dialogue, version);
        for (int i = 0; i < 2; i++) {
            download(&dialogue);
            assert_false(has_resumed(&dialogue.channel));
            close_connection(&dialogue);
        }
        assert_null(tls_sessions_take(dialogue.sessions));
        close_dialogue(&dialogue);
    }
}

TEST(a_server_that_forgot_the_session_is_asked_about_anew)
{
    struct dialogue dialogue;
    open_keeping(&dialogue, &keepings[2]);
    SSL_CTX_free(dialogue.host.context);
    host_open(&dialogue.host, &shown);
    download(&dialogue);
    assert_false(has_resumed(&dialogue.channel));
    close_dialogue(&dialogue);
}

TEST(without_sessions_nothing_is_resumed)
{
    struct dialogue dialogue;
    open_dialogue(&dialogue, TLS1_3_VERSION);
    struct tls_sessions *sessions = dialogue.sessions;
    dialogue.sessions = NULL;
    for (int i = 0; i < 2; i++) {
        connect_secure(&dialogue, i != 0, greet);
        assert_channel_reads(&dialogue.channel, "230 hello");
        assert_false(has_resumed(&dialogue.channel));
        host_join(&dialogue.host);
        close_connection(&dialogue);
    }
    dialogue.sessions = sessions;
    close_dialogue(&dialogue);
    tls_sessions_free(NULL);
}

static bool is_asked;

static bool note_question(void *owner, const struct tls_shown *certificate)
{
    (void)owner;
    (void)certificate;
    is_asked = true;
    return true;
}

TEST(whoever_decided_once_is_not_asked_where_a_session_is_resumed)
{
    for (size_t i = 0; i < COUNT(keepings); i++) {
        struct dialogue dialogue;
        char message[TLS_MESSAGE_SIZE];
        struct tls_client_handshake how = {.host = TEXT("not.this.one"),
                                           .on_certificate = note_question};
        open_dialogue(&dialogue, keepings[i].version);
        SSL_CTX_set_options(dialogue.host.context, (uint64_t)keepings[i].options);
        how.sessions = dialogue.sessions;
        for (int n = 0; n < 3; n++) {
            how.is_data = n != 0;
            is_asked = false;
            host_begin(&dialogue.host, &dialogue.channel, greet);
            assert_fault(channel_secure_client(&dialogue.channel, dialogue.client, &how, message),
                         FAULT_NONE);
            assert_channel_reads(&dialogue.channel, "230 hello");
            assert_int_equal(is_asked, n == 0);
            assert_int_equal(has_resumed(&dialogue.channel), n != 0);
            host_join(&dialogue.host);
            close_connection(&dialogue);
        }
        close_dialogue(&dialogue);
    }
}

/* ---- With our own server, which is strict -----------------------------------------------------
 */

struct ferryd {
    struct tls *tls;
    struct tls_link *link;
    int control;
    struct tls_bond bond;
    int data;
    enum fault fault;
};

static void send_to_client(void *owner, struct text bytes)
{
    struct ferryd *ferryd = owner;
    assert_int_equal(send(ferryd->control, bytes.at, bytes.len, MSG_NOSIGNAL), bytes.len);
}

/* Reads what the client says, until it is something in the clear or the end. */
static size_t link_hears(struct ferryd *ferryd)
{
    char wire[HOST_BYTES];
    char bytes[HOST_BYTES];
    size_t len = 0;
    ssize_t n = recv(ferryd->control, wire, sizeof(wire), 0);
    if (n <= 0)
        return 0;
    tls_link_feed(ferryd->link, (struct text){wire, (size_t)n});
    (void)tls_link_read(ferryd->link, bytes, sizeof(bytes), &len);
    return len;
}

static void *ferryd_shakes_hands(void *argument)
{
    struct ferryd *ferryd = argument;
    while (tls_link_state(ferryd->link) == TLS_HANDSHAKE)
        (void)link_hears(ferryd);
    ferryd->bond = tls_link_bond(ferryd->link);
    ferryd->bond.must_resume = true; /* data_tls_reuse = require */
    return NULL;
}

static void *ferryd_sends_file(void *argument)
{
    struct ferryd *ferryd = argument;
    struct channel channel;
    channel_open(&channel, ferryd->data, HOST_PATIENCE_S);
    ferryd->fault = channel_secure(&channel, &ferryd->bond);
    if (!ferryd->fault)
        ferryd->fault = channel_write(&channel, "file", 4);
    if (!ferryd->fault)
        ferryd->fault = channel_finish(&channel);
    channel_close(&channel);
    return NULL;
}

TEST(our_own_server_accepts_hundreds_of_transfers_of_one_session)
{
    struct pem certificate = pem_of_certificate(shown.certificate);
    struct pem key = pem_of_key(shown.key, NULL);
    struct tls_pair pair = {pem_text(&certificate), pem_text(&key)};
    struct tls_rules rules = {.pairs = &pair, .pair_count = 1, .with_tickets = true};
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        char message[TLS_MESSAGE_SIZE];
        struct ferryd ferryd = {.tls = NULL};
        struct tls_client *client = client_of(&authority, version);
        struct tls_sessions *sessions = tls_sessions_new();
        struct channel control;
        pthread_t thread;
        int ours;
        assert_fault(tls_new(&rules, &ferryd.tls, message), FAULT_NONE);
        peers_connect(&ours, &ferryd.control);
        assert_fault(tls_link_new(ferryd.tls, TEXT(""), send_to_client, &ferryd, &ferryd.link),
                     FAULT_NONE);
        channel_open(&control, ours, HOST_PATIENCE_S);
        assert_int_equal(pthread_create(&thread, NULL, ferryd_shakes_hands, &ferryd), 0);
        assert_fault(secure(&control, client, sessions, false), FAULT_NONE);
        pthread_join(thread, NULL);
        assert_true(tls_link_write(ferryd.link, TEXT("230 hello")));
        assert_channel_reads(&control, "230 hello");
        for (unsigned n = 0; n < MANY; n++) {
            struct channel data;
            peers_connect(&ours, &ferryd.data);
            channel_open(&data, ours, HOST_PATIENCE_S);
            assert_int_equal(pthread_create(&thread, NULL, ferryd_sends_file, &ferryd), 0);
            assert_fault(secure(&data, client, sessions, true), FAULT_NONE);
            assert_channel_reads(&data, "file");
            assert_channel_reads(&data, "");
            channel_close(&data);
            pthread_join(thread, NULL);
            assert_fault(ferryd.fault, FAULT_NONE);
            if (n % 2) /* else the one before is used again */
                assert_true(tls_link_send_ticket(ferryd.link));
            assert_true(tls_link_write(ferryd.link, TEXT("226 done")));
            assert_channel_reads(&control, "226 done");
        }
        channel_close(&control);
        close(ferryd.control);
        tls_link_free(ferryd.link);
        tls_unref(ferryd.tls);
        tls_sessions_free(sessions);
        tls_client_unref(client);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(each_of_hundreds_of_transfers_resumes_the_control_connections_session),
        RUN(transfers_that_broke_leave_a_session_to_resume),
        RUN(several_data_connections_at_once_have_a_session_each),
        RUN(threads_share_the_sessions_of_their_control_connection),
        RUN(a_data_connections_own_session_is_not_kept),
        RUN(a_server_that_forgot_the_session_is_asked_about_anew),
        RUN(without_sessions_nothing_is_resumed),
        RUN(whoever_decided_once_is_not_asked_where_a_session_is_resumed),
        RUN(our_own_server_accepts_hundreds_of_transfers_of_one_session),
    };
    return cmocka_run_group_tests(tests, dialogue_make_authority, dialogue_free_authority);
}
