/* SPDX-License-Identifier: Apache-2.0 */
/* Rules, certificates and handshakes of the user's side; net_channel_client_test and
 * net_channel_resume_test have the rest. */
#include <time.h>

#include "tests/unit/tls_host.h"

enum { SERIAL = 7, DAYS_2_S = 2 * AUTHORITY_DAY_S };

static struct authority authority; /* made once */

/* Whoever is asked about a certificate. */
struct judge {
    bool says_yes;
    unsigned asked;
    unsigned thinks_ms;
    struct tls_shown shown;
    char words[128];
};

static bool judge_certificate(void *owner, const struct tls_shown *shown)
{
    struct judge *judge = owner;
    judge->asked++;
    judge->shown = *shown;
    usleep(judge->thinks_ms * 1000);
    return judge->says_yes;
}

static struct tls_client_handshake judged_by(struct judge *judge, const char *host)
{
    return (struct tls_client_handshake){
        .host = text_of(host), .on_certificate = judge_certificate, .owner = judge};
}

/* ---- Rules --------------------------------------------------------------------------- */

static void assert_refused(struct tls_client_rules rules, const char *expected)
{
    char message[TLS_MESSAGE_SIZE] = "";
    struct tls_client *client = NULL;
    assert_fault(tls_client_new(&rules, &client, message), FAULT_ARGUMENT);
    assert_null(client);
    assert_text(text_of(message), expected);
}

TEST(what_is_wrong_with_the_rules_is_named)
{
    struct signed_one one = authority_sign(&authority, "me", NULL, SERIAL, DAYS_2_S);
    struct signed_one other = authority_sign(&authority, "other", NULL, SERIAL, DAYS_2_S);
    struct pem certificate = pem_of_certificate(one.certificate);
    struct pem key = pem_of_key(other.key, NULL);
    struct pem locked = pem_of_key(one.key, "word");
    struct tls_pair wrong_key = {pem_text(&certificate), pem_text(&key)};
    struct tls_pair no_certificate = {TEXT("nothing"), pem_text(&key), "me.pem", "key.pem"};
    struct tls_pair with_word = {pem_text(&certificate), pem_text(&locked), "me.pem", "key.pem"};
    assert_refused((struct tls_client_rules){.ca = TEXT("nothing")},
                   "CA: is no certificate in PEM");
    assert_refused((struct tls_client_rules){.crl = TEXT("nothing")},
                   "CRL: is no list of revoked certificates in PEM");
    assert_refused((struct tls_client_rules){.ciphers = "nothing"},
                   "ciphers: none of them is known");
    assert_refused((struct tls_client_rules){.pair = &wrong_key},
                   "key: is not that of the certificate");
    assert_refused((struct tls_client_rules){.pair = &no_certificate},
                   "me.pem: is no certificate in PEM");
    assert_refused((struct tls_client_rules){.pair = &with_word}, "key.pem: has a passphrase");
    signed_one_free(&one);
    signed_one_free(&other);
}

TEST(whom_the_system_trusts_is_the_default)
{
    struct tls_client *client = client_make((struct tls_client_rules){0});
    assert_ptr_equal(tls_client_ref(client), client);
    tls_client_unref(client);
    tls_client_unref(client);
    tls_client_unref(NULL);
}

/* ---- Certificates ---------------------------------------------------------------------- */

/* One handshake with whoever shows that; the message is the fault's. */
static enum fault meet(struct tls_client *client, const struct signed_one *shown,
                       const struct tls_client_handshake *how, char message[TLS_MESSAGE_SIZE])
{
    struct host host;
    struct channel channel;
    host_open(&host, shown);
    host_begin(&host, &channel, NULL);
    enum fault f = channel_secure_client(&channel, client, how, message);
    channel_close(&channel);
    host_join(&host);
    host_close(&host);
    return f;
}

static struct signed_one sign_itself(const char *common, const char *names)
{
    struct signed_one one = {.key = EVP_EC_gen("P-256")};
    one.certificate = authority_begin(one.key, common, SERIAL, DAYS_2_S);
    X509_set_issuer_name(one.certificate, X509_get_subject_name(one.certificate));
    authority_extend(one.certificate, NID_subject_alt_name, names);
    assert_true(X509_sign(one.certificate, one.key, EVP_sha256()) > 0);
    return one;
}

static struct signed_one sign_for_later(void)
{
    struct signed_one one = authority_sign(&authority, "ftp", "DNS:ftp.example", SERIAL, DAYS_2_S);
    X509_gmtime_adj(X509_getm_notBefore(one.certificate), AUTHORITY_DAY_S);
    assert_true(X509_sign(one.certificate, authority.key, EVP_sha256()) > 0);
    return one;
}

static struct signed_one sign_weakly(void)
{
    struct signed_one one = {.key = EVP_RSA_gen(1024)};
    one.certificate = authority_begin(one.key, "ftp", SERIAL, DAYS_2_S);
    X509_set_issuer_name(one.certificate, X509_get_subject_name(authority.own));
    authority_extend(one.certificate, NID_subject_alt_name, "DNS:ftp.example");
    assert_true(X509_sign(one.certificate, authority.key, EVP_sha256()) > 0);
    return one;
}

static struct signed_one sign_falsely(void)
{
    struct signed_one one = authority_sign(&authority, "ftp", "DNS:ftp.example", SERIAL, DAYS_2_S);
    assert_true(X509_sign(one.certificate, one.key, EVP_sha256()) > 0); /* in its name */
    return one;
}

/* Told, and then both answers are obeyed. */
static void assert_doubts(struct tls_client *client, struct signed_one shown, const char *host,
                          unsigned doubts, const char *words)
{
    char message[TLS_MESSAGE_SIZE] = "";
    char expected[TLS_MESSAGE_SIZE];
    struct builder b = builder_on(expected, sizeof(expected));
    struct judge judge = {.says_yes = true};
    struct tls_client_handshake how = judged_by(&judge, host);
    assert_fault(meet(client, &shown, &how, message), FAULT_NONE);
    assert_int_equal(judge.asked, 1);
    assert_int_equal(judge.shown.doubts, doubts);
    assert_int_equal(judge.shown.words[0] == '\0', doubts == 0);
    assert_text(text_of(message), "");
    judge.says_yes = false;
    assert_fault(meet(client, &shown, &how, message), FAULT_TLS_FAILED);
    assert_int_equal(judge.asked, 2);
    builder_put_string(&b, "the certificate was not accepted");
    builder_put_string(&b, doubts ? ": " : "");
    builder_put_string(&b, words);
    assert_text(text_of(message), builder_end(&b));
    how.on_certificate = NULL; /* nobody decides: only one that holds */
    assert_fault(meet(client, &shown, &how, message), doubts ? FAULT_TLS_FAILED : FAULT_NONE);
    signed_one_free(&shown);
}

TEST(all_that_speaks_against_a_certificate_is_told)
{
    struct authority stranger = authority_make("stranger");
    struct tls_client *client = client_of(&authority, TLS1_3_VERSION);
    const char *names = "DNS:ftp.example,DNS:*.files.example,IP:192.0.2.1,IP:2001:db8::1";
    static const struct {
        const char *host;
        bool is_for;
    } hosts[] = {
        {"ftp.example", true},
        {"FTP.Example", true},
        {"ftp.example.", true},
        {"a.files.example", true},
        {"192.0.2.1", true},
        {"2001:db8::1", true},
        {"[2001:db8::1]", true},
        {"2001:db8::1%eth0", true},
        {"192.0.2.2", false},
        {"2001:db8::2", false},
        {"example", false},
        {"a.b.files.example", false},
        {"ftp.example.attacker", false},
        {"ftp", false},
    };
    for (size_t i = 0; i < COUNT(hosts); i++)
        assert_doubts(client, authority_sign(&authority, "ftp", names, SERIAL, DAYS_2_S),
                      hosts[i].host, hosts[i].is_for ? 0 : TLS_DOUBT_WRONG_NAME,
                      hosts[i].is_for ? "" : "it is for another host");
    assert_doubts(client, authority_sign(&stranger, "ftp", names, SERIAL, DAYS_2_S), "ftp.example",
                  TLS_DOUBT_UNKNOWN_ISSUER, "nobody who is trusted has signed it");
    assert_doubts(client, sign_itself("ftp", names), "ftp.example", TLS_DOUBT_SELF_SIGNED,
                  "it signs itself");
    assert_doubts(client, sign_itself("ftp", "DNS:other"), "ftp.example",
                  TLS_DOUBT_SELF_SIGNED | TLS_DOUBT_WRONG_NAME,
                  "it signs itself; it is for another host");
    assert_doubts(client, authority_sign(&authority, "ftp", names, SERIAL, -AUTHORITY_DAY_S),
                  "ftp.example", TLS_DOUBT_EXPIRED, "it has expired");
    assert_doubts(client, authority_sign(&stranger, "ftp", names, SERIAL, -AUTHORITY_DAY_S),
                  "other.example",
                  TLS_DOUBT_UNKNOWN_ISSUER | TLS_DOUBT_EXPIRED | TLS_DOUBT_WRONG_NAME,
                  "nobody who is trusted has signed it; it has expired; it is for another host");
    assert_doubts(client, sign_for_later(), "ftp.example", TLS_DOUBT_NOT_YET_VALID,
                  "it is not valid yet");
    assert_doubts(client, sign_weakly(), "ftp.example", TLS_DOUBT_WEAK,
                  "its key or signature is weak");
    assert_doubts(client, sign_falsely(), "ftp.example", TLS_DOUBT_OTHER, "it is not sound");
    tls_client_unref(client);
    authority_free(&stranger);
}

TEST(what_was_revoked_is_told)
{
    struct pem ca = pem_of_certificate(authority.own);
    static const struct {
        long revoked;
        long until_s;
        unsigned doubts;
        const char *words;
    } cases[] = {
        {SERIAL, DAYS_2_S, TLS_DOUBT_REVOKED, "it was revoked"},
        {SERIAL + 1, DAYS_2_S, 0, ""},
        {0, -AUTHORITY_DAY_S, TLS_DOUBT_REVOCATION_UNKNOWN, "nobody says whether it was revoked"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pem crl = pem_of_revoked(&authority, cases[i].revoked, cases[i].until_s);
        struct tls_client *client = client_make(
            (struct tls_client_rules){.ca = pem_text(&ca), .crl = pem_text(&crl)});
        assert_doubts(client,
                      authority_sign(&authority, "ftp", "DNS:ftp.example", SERIAL, DAYS_2_S),
                      "ftp.example", cases[i].doubts, cases[i].words);
        tls_client_unref(client);
    }
}

TEST(who_trusts_the_servers_own_certificate_means_just_that)
{
    struct signed_one own = sign_itself("ftp", "DNS:ftp.example");
    struct signed_one leaf = authority_sign(&authority, "ftp", "DNS:ftp.example", SERIAL, DAYS_2_S);
    struct signed_one *both[] = {&own, &leaf};
    for (size_t i = 0; i < COUNT(both); i++) {
        struct pem ca = pem_of_certificate(both[i]->certificate);
        struct tls_client *client = client_make((struct tls_client_rules){.ca = pem_text(&ca)});
        assert_doubts(client, *both[i], "ftp.example", 0, "");
        tls_client_unref(client);
    }
}

TEST(a_certificate_is_described_without_what_could_fool_a_terminal)
{
    struct tls_client *client = client_of(&authority, TLS1_3_VERSION);
    struct signed_one one = authority_sign(&authority,
                                           "f\033[2Jt\xC2\x9B"
                                           "p\xC3\xBC",
                                           "DNS:ftp.example,IP:192.0.2.1,email:a@b,IP:2001:db8::1",
                                           SERIAL, AUTHORITY_DAY_S);
    struct judge judge = {.says_yes = true};
    struct tls_client_handshake how = judged_by(&judge, "ftp.example");
    char message[TLS_MESSAGE_SIZE];
    char digest[TLS_FINGERPRINT_SIZE];
    struct builder b = builder_on(digest, sizeof(digest));
    assert_fault(meet(client, &one, &how, message), FAULT_NONE);
    tls_put_digest(one.certificate, &b);
    assert_text(text_of(judge.shown.fingerprint), builder_end(&b));
    assert_int_equal(strlen(judge.shown.fingerprint), 32 * 3 - 1);
    assert_text(text_of(judge.shown.subject), "CN=f\\1B[2Jt.p\xC3\xBC");
    assert_text(text_of(judge.shown.issuer), "CN=authority");
    assert_text(text_of(judge.shown.names), "ftp.example, 192.0.2.1, 2001:db8::1");
    int64_t now = time(NULL);
    assert_true(llabs(judge.shown.valid_from - (now - 2L * AUTHORITY_DAY_S)) < 60);
    assert_true(llabs(judge.shown.valid_until - (now + AUTHORITY_DAY_S)) < 60);
    signed_one_free(&one);
    tls_client_unref(client);
}

TEST(a_description_is_cut_at_its_size)
{
    enum { NAMES = 40 };
    struct tls_client *client = client_of(&authority, TLS1_3_VERSION);
    char names[NAMES * 32];
    struct builder b = builder_on(names, sizeof(names));
    for (unsigned i = 0; i < NAMES; i++) {
        builder_put_string(&b, i ? ",DNS:host-" : "DNS:host-");
        builder_put_number(&b, 1000 + i);
        builder_put_string(&b, ".example");
    }
    struct signed_one one = authority_sign(&authority, "ftp", builder_end(&b), SERIAL, DAYS_2_S);
    struct judge judge = {.says_yes = true};
    struct tls_client_handshake how = judged_by(&judge, "host-1000.example");
    char message[TLS_MESSAGE_SIZE];
    assert_fault(meet(client, &one, &how, message), FAULT_NONE);
    assert_int_equal(strlen(judge.shown.names), TLS_SHOWN_NAME_SIZE - 1);
    assert_true(text_starts_with(text_of(judge.shown.names), TEXT("host-1000.example, host-1001")));
    signed_one_free(&one);
    tls_client_unref(client);
}

/* ---- What is offered --------------------------------------------------------------------- */

static void tell_names(struct host *host)
{
    const unsigned char *protocol;
    unsigned len;
    struct builder b = builder_on(host->heard, sizeof(host->heard));
    builder_put(&b, text_of(SSL_get_servername(host->end, TLSEXT_NAMETYPE_host_name)));
    builder_put_byte(&b, '|');
    SSL_get0_alpn_selected(host->end, &protocol, &len);
    builder_put(&b, (struct text){(const char *)protocol, len});
    host->heard_len = b.len;
}

TEST(the_host_is_named_unless_it_is_an_address_and_so_is_the_protocol)
{
    static const struct {
        const char *host;
        const char *protocol;
        const char *heard;
    } cases[] = {
        {"ftp.example", "ftp", "ftp.example|ftp"},
        {"ftp.example.", "ftp-data", "ftp.example|ftp-data"},
        {"127.0.0.1", "", "|"},
        {"fe80::1%lo", "ftp", "|ftp"},
    };
    struct tls_client *client = client_of(&authority, TLS1_3_VERSION);
    struct signed_one one = authority_sign(&authority, "ftp", "DNS:ftp.example", SERIAL, DAYS_2_S);
    struct judge judge = {.says_yes = true};
    char message[TLS_MESSAGE_SIZE];
    struct host host;
    host_open(&host, &one);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct channel channel;
        struct tls_client_handshake how = judged_by(&judge, cases[i].host);
        how.protocol = text_of(cases[i].protocol);
        host_begin(&host, &channel, tell_names);
        assert_fault(channel_secure_client(&channel, client, &how, message), FAULT_NONE);
        host_join(&host);
        assert_text(host_heard(&host), cases[i].heard);
        channel_close(&channel);
        host_hang_up(&host);
    }
    host_close(&host);
    signed_one_free(&one);
    tls_client_unref(client);
}

TEST(what_can_be_no_host_or_protocol_is_refused_before_a_byte_is_sent)
{
    static char label[400];
    struct tls_client *client = client_of(&authority, TLS1_3_VERSION);
    memset(label, 'x', sizeof(label) - 1);
    struct tls_client_handshake cases[] = {
        {.host = TEXT("")},
        {.host = TEXT(".")},
        {.host = text_of(label)},
        {.host = TEXT("ftp.example\0.attacker")},
        {.host = TEXT("ftp.example"), .protocol = text_of(label)},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char message[TLS_MESSAGE_SIZE] = "";
        int ours;
        int theirs;
        char byte;
        struct channel channel;
        peers_connect(&ours, &theirs);
        channel_open(&channel, ours, HOST_PATIENCE_S);
        assert_fault(channel_secure_client(&channel, client, &cases[i], message), FAULT_ARGUMENT);
        assert_text(text_of(message),
                    cases[i].protocol.len ? "this can be no protocol" : "this can be no host");
        assert_int_equal(recv(theirs, &byte, 1, 0), 0); /* nothing goes over it any more */
        channel_close(&channel);
        close(theirs);
    }
    tls_client_unref(client);
}

static void tell_client(struct host *host)
{
    struct builder b = builder_on(host->heard, sizeof(host->heard));
    X509 *shown = SSL_get0_peer_certificate(host->end);
    if (shown)
        tls_put_digest(shown, &b);
    host->heard_len = b.len;
}

TEST(a_server_that_asks_is_shown_our_certificate)
{
    struct signed_one server = authority_sign(&authority, "ftp", "DNS:ftp.example", 1, DAYS_2_S);
    struct signed_one own = authority_sign(&authority, "me", NULL, 2, DAYS_2_S);
    struct pem ca = pem_of_certificate(authority.own);
    struct pem certificate = pem_of_certificate(own.certificate);
    struct pem key = pem_of_key(own.key, NULL);
    struct tls_pair pair = {pem_text(&certificate), pem_text(&key)};
    struct tls_client *client = client_make(
        (struct tls_client_rules){.ca = pem_text(&ca), .pair = &pair, .only_1_3 = true});
    struct judge judge = {.says_yes = true};
    struct tls_client_handshake how = judged_by(&judge, "ftp.example");
    char message[TLS_MESSAGE_SIZE];
    char digest[TLS_FINGERPRINT_SIZE];
    struct builder b = builder_on(digest, sizeof(digest));
    struct host host;
    struct channel channel;
    host_open(&host, &server);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(host.context), authority.own);
    SSL_CTX_set_verify(host.context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    host_begin(&host, &channel, tell_client);
    assert_fault(channel_secure_client(&channel, client, &how, message), FAULT_NONE);
    host_join(&host);
    assert_true(host.shook);
    tls_put_digest(own.certificate, &b);
    assert_text(host_heard(&host), builder_end(&b));
    channel_close(&channel);
    host_close(&host);
    signed_one_free(&server);
    signed_one_free(&own);
    tls_client_unref(client);
}

/* A refused server learns nothing about who we are. */
TEST(our_certificate_is_not_shown_to_a_server_that_is_refused)
{
    struct signed_one server = authority_sign(&authority, "ftp", "DNS:other", 1, DAYS_2_S);
    struct pem ca = pem_of_certificate(authority.own);
    struct pem key = pem_of_key(server.key, NULL);
    struct pem certificate = pem_of_certificate(server.certificate);
    struct tls_pair pair = {pem_text(&certificate), pem_text(&key)};
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct tls_client *client = client_make(
            (struct tls_client_rules){.ca = pem_text(&ca), .pair = &pair});
        struct tls_client_handshake how = {.host = TEXT("ftp.example")};
        char message[TLS_MESSAGE_SIZE];
        struct host host;
        struct channel channel;
        host_open(&host, &server);
        SSL_CTX_set_max_proto_version(host.context, version);
        SSL_CTX_set_verify(host.context, SSL_VERIFY_PEER, NULL);
        host_begin(&host, &channel, NULL);
        assert_fault(channel_secure_client(&channel, client, &how, message), FAULT_TLS_FAILED);
        host_join(&host);
        assert_false(host.shook);
        assert_null(SSL_get0_peer_certificate(host.end));
        channel_close(&channel);
        host_close(&host);
        tls_client_unref(client);
    }
    signed_one_free(&server);
}

/* ---- Handshakes that fail ------------------------------------------------------------------ */

/* What a peer says that shakes no hands, before it closes; or it stays and says nothing. */
static enum fault meet_stranger(struct text words, bool stays, char message[TLS_MESSAGE_SIZE])
{
    struct tls_client *client = client_of(&authority, TLS1_3_VERSION);
    struct tls_client_handshake how = {.host = TEXT("ftp.example")};
    struct channel channel;
    int ours;
    int theirs;
    peers_connect(&ours, &theirs);
    channel_open(&channel, ours, 1);
    assert_int_equal(send(theirs, words.at, words.len, 0), words.len);
    if (!stays)
        shutdown(theirs, SHUT_WR);
    enum fault f = channel_secure_client(&channel, client, &how, message);
    assert_int_not_equal(channel_write(&channel, "USER me", 7), FAULT_NONE);
    channel_close(&channel);
    close(theirs);
    tls_client_unref(client);
    return f;
}

TEST(why_a_handshake_fails_is_told)
{
    static const struct {
        struct text words;
        bool stays;
        enum fault fault;
        const char *message;
    } cases[] = {
        {{"220 no TLS at all\r\n", 19},
         false,
         FAULT_TLS_FAILED,
         "the server does not speak TLS here"},
        {{"", 0}, false, FAULT_CONNECTION_LOST, "the server closed the connection"},
        {{"", 0}, true, FAULT_TIMED_OUT, "the server did not answer within 1 seconds"},
        {{"\x15\x03\x03\x00\x02\x02\x46", 7},
         false,
         FAULT_TLS_FAILED,
         "no version of TLS in common"},
        {{"\x15\x03\x03\x00\x02\x02\x28", 7},
         false,
         FAULT_TLS_FAILED,
         "the server refused: no cipher in common, or it wants a certificate of ours"},
        {{"\x15\x03\x03\x00\x02\x02\x78", 7},
         false,
         FAULT_TLS_FAILED,
         "the server does not speak this protocol"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char message[TLS_MESSAGE_SIZE] = "";
        assert_fault(meet_stranger(cases[i].words, cases[i].stays, message), cases[i].fault);
        assert_text(text_of(message), cases[i].message);
    }
}

TEST(nobody_is_hurried_who_decides)
{
    struct tls_client *client = client_of(&authority, TLS1_3_VERSION);
    struct signed_one one = authority_sign(&authority, "ftp", "DNS:other", SERIAL, DAYS_2_S);
    struct judge judge = {.says_yes = true, .thinks_ms = 1500};
    struct tls_client_handshake how = judged_by(&judge, "ftp.example");
    char message[TLS_MESSAGE_SIZE];
    struct host host;
    struct channel channel;
    host_open(&host, &one);
    SSL_CTX_set_max_proto_version(host.context, TLS1_2_VERSION);
    SSL_CTX_set_min_proto_version(client->context, TLS1_2_VERSION);
    host_begin(&host, &channel, NULL);
    channel.stall_seconds = 1; /* its Finished comes after that */
    assert_fault(channel_secure_client(&channel, client, &how, message), FAULT_NONE);
    host_join(&host);
    channel_close(&channel);
    host_close(&host);
    signed_one_free(&one);
    tls_client_unref(client);
}

static void *interrupt_soon(void *argument)
{
    usleep(50 * 1000);
    channel_interrupt(argument);
    return NULL;
}

TEST(interrupting_wakes_a_handshake_that_waits)
{
    struct tls_client *client = client_of(&authority, TLS1_3_VERSION);
    struct tls_client_handshake how = {.host = TEXT("ftp.example")};
    char message[TLS_MESSAGE_SIZE];
    struct channel channel;
    pthread_t thread;
    int ours;
    int theirs;
    peers_connect(&ours, &theirs);
    channel_open(&channel, ours, HOST_PATIENCE_S);
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, &channel), 0);
    assert_fault(channel_secure_client(&channel, client, &how, message), FAULT_CANCELLED);
    assert_text(text_of(message), "cancelled");
    pthread_join(thread, NULL);
    channel_close(&channel);
    close(theirs);
    tls_client_unref(client);
}

static int make_authority(void **state)
{
    (void)state;
    host_ignore_sigpipe();
    authority = authority_make("authority");
    return 0;
}

static int free_authority(void **state)
{
    (void)state;
    authority_free(&authority);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(what_is_wrong_with_the_rules_is_named),
        RUN(whom_the_system_trusts_is_the_default),
        RUN(all_that_speaks_against_a_certificate_is_told),
        RUN(what_was_revoked_is_told),
        RUN(who_trusts_the_servers_own_certificate_means_just_that),
        RUN(a_certificate_is_described_without_what_could_fool_a_terminal),
        RUN(a_description_is_cut_at_its_size),
        RUN(the_host_is_named_unless_it_is_an_address_and_so_is_the_protocol),
        RUN(what_can_be_no_host_or_protocol_is_refused_before_a_byte_is_sent),
        RUN(a_server_that_asks_is_shown_our_certificate),
        RUN(our_certificate_is_not_shown_to_a_server_that_is_refused),
        RUN(why_a_handshake_fails_is_told),
        RUN(nobody_is_hurried_who_decides),
        RUN(interrupting_wakes_a_handshake_that_waits),
    };
    return cmocka_run_group_tests(tests, make_authority, free_authority);
}
