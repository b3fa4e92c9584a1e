/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates, rules and clients' certificates; net_tls_link_test has what is said. */
#include <time.h>

#include "tests/unit/tls_authority.h"
#include "tests/unit/tls_ends.h"

/* ---- What is refused, in words ------------------------------------------------------ */

static void assert_refused(struct tls_rules rules, const char *expected)
{
    char message[TLS_MESSAGE_SIZE] = "";
    struct tls *tls = NULL;
    assert_fault(tls_new(&rules, &tls, message), FAULT_ARGUMENT);
    assert_null(tls);
    assert_string_equal(message, expected);
    assert_int_equal(ERR_peek_error(), 0);
}

TEST(what_is_wrong_with_a_pair_is_named)
{
    struct ends_pair good = ends_make_pair("a.example");
    struct ends_pair other = ends_make_pair("b.example");
    EVP_PKEY *key = EVP_EC_gen("P-256");
    struct pem locked = pem_of_key(key, "secret");
    EVP_PKEY_free(key);
    struct text certificate = text_of(good.certificate);
    const struct {
        struct tls_pair pair;
        const char *message;
    } cases[] = {
        {{TEXT(""), TEXT("")}, "certificate 2: is no certificate in PEM"},
        {{TEXT("garbage\n"), text_of(good.key)}, "certificate 2: is no certificate in PEM"},
        {{text_of(good.key), text_of(good.key)}, "certificate 2: is no certificate in PEM"},
        {{{certificate.at, certificate.len / 2}, text_of(good.key)},
         "certificate 2: is no certificate in PEM"},
        {{certificate, TEXT("garbage\n")}, "key 2: is no private key in PEM"},
        {{certificate, TEXT("")}, "key 2: is no private key in PEM"},
        {{certificate, certificate}, "key 2: is no private key in PEM"},
        {{certificate, text_of(other.key)}, "key 2: is not that of the certificate"},
        {{certificate, pem_text(&locked)}, "key 2: has a passphrase"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tls_pair pairs[] = {{certificate, text_of(good.key)}, cases[i].pair};
        assert_refused((struct tls_rules){.pairs = pairs, .pair_count = 2}, cases[i].message);
    }
    ends_free_pair(&good);
    ends_free_pair(&other);
}

TEST(a_key_that_is_too_short_is_refused)
{
    EVP_PKEY *key = EVP_RSA_gen(1024);
    X509 *certificate = authority_begin(key, "short.example", 5, AUTHORITY_DAY_S);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    struct pem chain = pem_of_certificate(certificate);
    struct pem secret = pem_of_key(key, NULL);
    struct tls_pair pair = {pem_text(&chain), pem_text(&secret)};
    assert_refused((struct tls_rules){.pairs = &pair, .pair_count = 1},
                   "certificate 1: ee key too small");
    X509_free(certificate);
    EVP_PKEY_free(key);
}

TEST(what_is_wrong_with_the_rules_is_named)
{
    struct ends_pair made = ends_make_pair("a.example");
    struct tls_pair pair = {text_of(made.certificate), text_of(made.key)};
    struct tls_pair many[TLS_PAIRS_MAX + 1];
    struct tls_rules rules = {.pairs = &pair, .pair_count = 1};
    assert_refused((struct tls_rules){0}, "certificate: none");
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = pair;
    assert_refused((struct tls_rules){.pairs = many, .pair_count = COUNT(many)},
                   "certificates: too many");
    rules.ciphers = "NO-SUCH-CIPHER";
    assert_refused(rules, "ciphers: none of them is known");
    rules.ciphers = NULL;
    rules.clients = TLS_CLIENT_OPTIONAL;
    assert_refused(rules, "client CA: is no certificate in PEM");
    rules.client_ca = text_of(made.key);
    assert_refused(rules, "client CA: is no certificate in PEM");
    rules.client_ca = pair.chain;
    rules.client_crl = pair.chain;
    assert_refused(rules, "client CRL: is no list of revoked certificates in PEM");
    ends_free_pair(&made);
}

TEST(a_key_may_be_in_the_certificates_file)
{
    struct ends_pair made = ends_make_pair("a.example");
    char file[2 * AUTHORITY_PEM_SIZE];
    struct builder b = builder_on(file, sizeof(file));
    builder_put_string(&b, made.key);
    builder_put_string(&b, made.certificate);
    struct tls_pair pair = {builder_text(&b), TEXT("")};
    struct tls *tls = ends_make_tls((struct tls_rules){.pairs = &pair, .pair_count = 1});
    tls_unref(tls_ref(tls));
    tls_unref(tls);
    tls_unref(NULL);
    ends_free_pair(&made);
}

/* ---- What a certificate is for ----------------------------------------------------------- */

TEST(a_pair_is_found_by_the_names_of_its_certificate)
{
    struct authority authority = authority_make("CA");
    struct signed_one one = authority_sign(&authority, "common.example",
                                           "DNS:a.example,DNS:*.b.example", 2, AUTHORITY_DAY_S);
    struct pem chain = pem_of_certificate(one.certificate);
    struct pem key = pem_of_key(one.key, NULL);
    struct ends_pair made = ends_make_pair("self.example");
    struct tls_pair pairs[] = {{text_of(made.certificate), text_of(made.key)},
                               {pem_text(&chain), pem_text(&key)}};
    struct tls *tls = ends_make_tls((struct tls_rules){.pairs = pairs, .pair_count = 2});
    const struct {
        struct text host;
        bool is_found;
        size_t index;
    } cases[] = {
        {TEXT("self.example"), true, 0},
        {TEXT("a.example"), true, 1},
        {TEXT("x.b.example"), true, 1},
        {TEXT("x.y.b.example"), false, 0},
        {TEXT("b.example"), false, 0},
        {TEXT("common.example"), false, 0},
        {TEXT(""), false, 0},
        {TEXT("a.example\0.evil"), false, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t index = 99;
        assert_int_equal(tls_find_pair(tls, cases[i].host, &index), cases[i].is_found);
        assert_int_equal(index, cases[i].is_found ? cases[i].index : 99);
    }
    /* The one that ends first: the second, in a day. */
    assert_true(llabs(tls_expires_at(tls) - ((int64_t)time(NULL) + AUTHORITY_DAY_S)) < 60);
    tls_unref(tls);
    ends_free_pair(&made);
    signed_one_free(&one);
    authority_free(&authority);
}

TEST(a_certificate_that_signs_itself_holds_for_its_host)
{
    static const char *const hosts[] = {
        "ferry.example", "x", "a,DNS:evil.example",
        "a-name-that-is-longer-than-a-common-name-may-be.ferry.department.example.org"};
    for (size_t i = 0; i < COUNT(hosts); i++) {
        struct ends_pair made = ends_make_pair(hosts[i]);
        BIO *reader = BIO_new_mem_buf(made.certificate, -1);
        X509 *certificate = PEM_read_bio_X509(reader, NULL, NULL, NULL);
        assert_non_null(certificate);
        GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
        assert_int_equal(sk_GENERAL_NAME_num(names), 1);
        int type;
        const ASN1_STRING *name = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, 0), &type);
        assert_int_equal(type, GEN_DNS);
        assert_text(((struct text){(const char *)ASN1_STRING_get0_data(name),
                                   (size_t)ASN1_STRING_length(name)}),
                    hosts[i]);
        assert_int_equal(X509_self_signed(certificate, 1), 1);
        assert_int_equal(X509_check_ca(certificate), 0);
        GENERAL_NAMES_free(names);
        X509_free(certificate);
        BIO_free(reader);
        ends_free_pair(&made);
    }
}

TEST(no_two_certificates_are_the_same)
{
    struct ends_pair one = ends_make_pair("a.example");
    struct ends_pair two = ends_make_pair("a.example");
    assert_string_not_equal(one.certificate, two.certificate);
    assert_string_not_equal(one.key, two.key);
    ends_free_pair(&one);
    ends_free_pair(&two);
}

/* ---- Versions and ciphers ------------------------------------------------------------------ */

static enum tls_state meet(struct tls_rules rules, int version, const char *ciphers)
{
    struct ends_client client;
    struct tls *tls = ends_make_tls(rules);
    ends_open_client(&client, version);
    if (ciphers)
        assert_int_equal(SSL_CTX_set_cipher_list(client.context, ciphers), 1);
    struct ends *ends = ends_open(tls, "", &client);
    enum tls_state state = ends_shake_hands(ends);
    ends_close(ends);
    ends_close_client(&client);
    tls_unref(tls);
    return state;
}

TEST(only_tls_1_2_and_1_3_are_spoken)
{
    struct tls_rules rules = {0};
    assert_int_equal(meet(rules, TLS1_3_VERSION, NULL), TLS_OPEN);
    assert_int_equal(meet(rules, TLS1_2_VERSION, NULL), TLS_OPEN);
    /* Else the client would not even offer it. */
    assert_int_equal(meet(rules, TLS1_1_VERSION, "DEFAULT@SECLEVEL=0"), TLS_BROKEN);
    assert_int_equal(meet(rules, TLS1_VERSION, "DEFAULT@SECLEVEL=0"), TLS_BROKEN);
    rules.only_1_3 = true;
    assert_int_equal(meet(rules, TLS1_3_VERSION, NULL), TLS_OPEN);
    assert_int_equal(meet(rules, TLS1_2_VERSION, NULL), TLS_BROKEN);
}

TEST(ciphers_of_tls_1_2_are_those_with_authentication_and_forward_secrecy)
{
    struct tls_rules rules = {0};
    assert_int_equal(meet(rules, TLS1_2_VERSION, "ECDHE+AESGCM"), TLS_OPEN);
    assert_int_equal(meet(rules, TLS1_2_VERSION, "ECDHE+CHACHA20"), TLS_OPEN);
    assert_int_equal(meet(rules, TLS1_2_VERSION, "ECDHE+AES:!AESGCM:!AESCCM"), TLS_BROKEN);
    assert_int_equal(meet(rules, TLS1_2_VERSION, "DHE"), TLS_BROKEN);
    assert_int_equal(meet(rules, TLS1_2_VERSION, "kRSA"), TLS_BROKEN);
    rules.ciphers = "ECDHE-ECDSA-AES128-SHA256";
    assert_int_equal(meet(rules, TLS1_2_VERSION, "ECDHE+AES:!AESGCM:!AESCCM"), TLS_OPEN);
    assert_int_equal(meet(rules, TLS1_2_VERSION, "ECDHE+AESGCM"), TLS_BROKEN);
}

/* ---- Clients' certificates ----------------------------------------------------------------------
 */

struct visit {
    struct authority authority;
    struct authority stranger;
    struct tls *tls;
    struct ends_client client;
    struct ends *ends;
};

enum { GOOD_SERIAL = 7, BAD_SERIAL = 8 };

/* A client that shows `one`, or NULL for none. */
static enum tls_state visit(struct visit *v, enum tls_client_certificate clients, struct text crl,
                            const struct signed_one *one)
{
    struct pem ca = pem_of_certificate(v->authority.own);
    v->tls = ends_make_tls(
        (struct tls_rules){.clients = clients, .client_ca = pem_text(&ca), .client_crl = crl});
    ends_open_client(&v->client, TLS1_3_VERSION);
    if (one)
        assert_int_equal(
            SSL_CTX_use_cert_and_key(v->client.context, one->certificate, one->key, NULL, 1), 1);
    v->ends = ends_open(v->tls, "", &v->client);
    return ends_shake_hands(v->ends);
}

static void leave(struct visit *v)
{
    ends_close(v->ends);
    ends_close_client(&v->client);
    tls_unref(v->tls);
}

static int begin_visits(void **state)
{
    static struct visit v;
    v.authority = authority_make("Our CA");
    v.stranger = authority_make("Somebody's CA");
    *state = &v;
    return 0;
}

static int end_visits(void **state)
{
    struct visit *v = *state;
    authority_free(&v->authority);
    authority_free(&v->stranger);
    return 0;
}

#define VISIT(name) cmocka_unit_test_setup_teardown(name, begin_visits, end_visits)

/* What becomes of who shows it, where certificates are optional and where they are required. */
static void assert_welcome(struct visit *v, const struct signed_one *one, struct text crl,
                           bool is_client, enum tls_state required)
{
    assert_int_equal(visit(v, TLS_CLIENT_NOT_ASKED, crl, one), TLS_OPEN);
    assert_false(tls_link_has_client(v->ends->link));
    leave(v);
    assert_int_equal(visit(v, TLS_CLIENT_OPTIONAL, crl, one), TLS_OPEN);
    assert_int_equal(tls_link_has_client(v->ends->link), is_client);
    leave(v);
    assert_int_equal(visit(v, TLS_CLIENT_REQUIRED, crl, one), required);
    assert_int_equal(tls_link_has_client(v->ends->link), is_client);
    leave(v);
}

static void only_our_cas_clients_are_clients(void **state)
{
    struct visit *v = *state;
    struct signed_one ours = authority_sign(&v->authority, "anna", NULL, GOOD_SERIAL,
                                            AUTHORITY_DAY_S);
    struct signed_one theirs = authority_sign(&v->stranger, "anna", NULL, GOOD_SERIAL,
                                              AUTHORITY_DAY_S);
    struct signed_one old = authority_sign(&v->authority, "anna", NULL, GOOD_SERIAL,
                                           -AUTHORITY_DAY_S);
    assert_welcome(v, &ours, TEXT(""), true, TLS_OPEN);
    assert_welcome(v, &theirs, TEXT(""), false, TLS_BROKEN);
    assert_welcome(v, &old, TEXT(""), false, TLS_BROKEN);
    assert_welcome(v, NULL, TEXT(""), false, TLS_BROKEN);
    signed_one_free(&ours);
    signed_one_free(&theirs);
    signed_one_free(&old);
}

static void who_is_revoked_is_no_client(void **state)
{
    struct visit *v = *state;
    struct signed_one good = authority_sign(&v->authority, "anna", NULL, GOOD_SERIAL,
                                            AUTHORITY_DAY_S);
    struct signed_one bad = authority_sign(&v->authority, "bert", NULL, BAD_SERIAL,
                                           AUTHORITY_DAY_S);
    struct pem crl = pem_of_revoked(&v->authority, BAD_SERIAL, AUTHORITY_DAY_S);
    struct pem empty = pem_of_revoked(&v->authority, 0, AUTHORITY_DAY_S);
    struct pem old = pem_of_revoked(&v->authority, BAD_SERIAL, -AUTHORITY_DAY_S);
    struct pem theirs = pem_of_revoked(&v->stranger, 0, AUTHORITY_DAY_S);
    assert_welcome(v, &good, pem_text(&crl), true, TLS_OPEN);
    assert_welcome(v, &bad, pem_text(&crl), false, TLS_BROKEN);
    assert_welcome(v, &bad, pem_text(&empty), true, TLS_OPEN);
    /* Nobody can tell any more who is revoked. */
    assert_welcome(v, &good, pem_text(&old), false, TLS_BROKEN);
    assert_welcome(v, &good, pem_text(&theirs), false, TLS_BROKEN);
    signed_one_free(&good);
    signed_one_free(&bad);
}

static void assert_name(struct visit *v, enum tls_name kind, size_t index, const char *expected)
{
    char name[64] = "";
    struct builder b = builder_on(name, sizeof(name));
    assert_int_equal(tls_link_client_name(v->ends->link, kind, index, &b), expected != NULL);
    assert_text(builder_text(&b), expected ? expected : "");
}

static void a_client_has_the_names_of_its_certificate(void **state)
{
    struct visit *v = *state;
    struct signed_one one = authority_sign(
        &v->authority, "Änne",
        "email:anna@example.org,DNS:one.example,DNS:two.example,email:a@example.net,IP:127.0.0.1",
        GOOD_SERIAL, AUTHORITY_DAY_S);
    assert_int_equal(visit(v, TLS_CLIENT_REQUIRED, TEXT(""), &one), TLS_OPEN);
    assert_name(v, TLS_NAME_COMMON, 0, "Änne");
    assert_name(v, TLS_NAME_COMMON, 1, NULL);
    assert_name(v, TLS_NAME_EMAIL, 0, "anna@example.org");
    assert_name(v, TLS_NAME_EMAIL, 1, "a@example.net");
    assert_name(v, TLS_NAME_EMAIL, 2, NULL);
    assert_name(v, TLS_NAME_DNS, 0, "one.example");
    assert_name(v, TLS_NAME_DNS, 1, "two.example");
    assert_name(v, TLS_NAME_DNS, 2, NULL);
    char little[4];
    struct builder b = builder_on(little, sizeof(little));
    assert_false(tls_link_client_name(v->ends->link, TLS_NAME_DNS, 0, &b));
    leave(v);
    assert_int_equal(visit(v, TLS_CLIENT_OPTIONAL, TEXT(""), NULL), TLS_OPEN);
    assert_name(v, TLS_NAME_COMMON, 0, NULL);
    assert_name(v, TLS_NAME_DNS, 0, NULL);
    leave(v);
    signed_one_free(&one);
}

/* One that could be read as another: "root\0.example", "root\n". */
static void a_name_with_control_characters_is_none(void **state)
{
    static const struct text names[] = {TEXT("root\0.example"), TEXT("root\n"), TEXT("\177")};
    struct visit *v = *state;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct signed_one one = authority_sign(&v->authority, "first", NULL, GOOD_SERIAL,
                                               AUTHORITY_DAY_S);
        X509_NAME_add_entry_by_NID(X509_get_subject_name(one.certificate), NID_commonName,
                                   V_ASN1_UTF8STRING, (const unsigned char *)names[i].at,
                                   (int)names[i].len, -1, 0);
        assert_true(X509_sign(one.certificate, v->authority.key, EVP_sha256()) > 0);
        assert_int_equal(visit(v, TLS_CLIENT_REQUIRED, TEXT(""), &one), TLS_OPEN);
        assert_true(tls_link_has_client(v->ends->link));
        assert_name(v, TLS_NAME_COMMON, 0, NULL); /* nor the one before it */
        leave(v);
        signed_one_free(&one);
    }
}

/* ---- The kernel
 * ------------------------------------------------------------------------------------ */

TEST(what_the_kernel_can_is_what_it_says)
{
    char known[256] = "";
    bool can = tls_kernel_can(); /* loads the module where there is one */
    FILE *file = fopen("/proc/sys/net/ipv4/tcp_available_ulp", "re");
    if (file) {
        (void)fgets(known, sizeof(known), file);
        (void)fclose(file);
    }
    bool says = false;
    struct text rest = text_of(known);
    rest.len = text_find(rest, '\n');
    while (rest.len)
        says = text_equal(text_take_word(&rest), TEXT("tls")) || says;
    assert_int_equal(can, says);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(what_is_wrong_with_a_pair_is_named),
        RUN(a_key_that_is_too_short_is_refused),
        RUN(what_is_wrong_with_the_rules_is_named),
        RUN(a_key_may_be_in_the_certificates_file),
        RUN(a_pair_is_found_by_the_names_of_its_certificate),
        RUN(a_certificate_that_signs_itself_holds_for_its_host),
        RUN(no_two_certificates_are_the_same),
        RUN(only_tls_1_2_and_1_3_are_spoken),
        RUN(ciphers_of_tls_1_2_are_those_with_authentication_and_forward_secrecy),
        VISIT(only_our_cas_clients_are_clients),
        VISIT(who_is_revoked_is_no_client),
        VISIT(a_client_has_the_names_of_its_certificate),
        VISIT(a_name_with_control_characters_is_none),
        RUN(what_the_kernel_can_is_what_it_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
