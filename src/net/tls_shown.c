/* SPDX-License-Identifier: Apache-2.0 */
/* What a server shows: looked at as OpenSSL does, told to whoever decides. */
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "base/endpoint.h"
#include "net/tls_parts.h"

/* ---- What speaks against it ------------------------------------------------------ */

static const struct {
    int error; /* X509_V_ERR_... */
    enum tls_doubt doubt;
} meanings[] = {
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, TLS_DOUBT_SELF_SIGNED},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, TLS_DOUBT_UNKNOWN_ISSUER},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, TLS_DOUBT_UNKNOWN_ISSUER},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, TLS_DOUBT_UNKNOWN_ISSUER},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, TLS_DOUBT_UNKNOWN_ISSUER},
    {X509_V_ERR_CERT_UNTRUSTED, TLS_DOUBT_UNKNOWN_ISSUER},
    {X509_V_ERR_CERT_HAS_EXPIRED, TLS_DOUBT_EXPIRED},
    {X509_V_ERR_CERT_NOT_YET_VALID, TLS_DOUBT_NOT_YET_VALID},
    {X509_V_ERR_HOSTNAME_MISMATCH, TLS_DOUBT_WRONG_NAME},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, TLS_DOUBT_WRONG_NAME},
    {X509_V_ERR_CERT_REVOKED, TLS_DOUBT_REVOKED},
    {X509_V_ERR_UNABLE_TO_GET_CRL, TLS_DOUBT_REVOCATION_UNKNOWN},
    {X509_V_ERR_CRL_HAS_EXPIRED, TLS_DOUBT_REVOCATION_UNKNOWN},
    {X509_V_ERR_CRL_NOT_YET_VALID, TLS_DOUBT_REVOCATION_UNKNOWN},
    {X509_V_ERR_EE_KEY_TOO_SMALL, TLS_DOUBT_WEAK},
    {X509_V_ERR_CA_KEY_TOO_SMALL, TLS_DOUBT_WEAK},
    {X509_V_ERR_CA_MD_TOO_WEAK, TLS_DOUBT_WEAK},
};

static const struct {
    enum tls_doubt doubt;
    const char *text; /* borrowed: static */
} texts[] = {
    {TLS_DOUBT_REVOKED, "it was revoked"},
    {TLS_DOUBT_SELF_SIGNED, "it signs itself"},
    {TLS_DOUBT_UNKNOWN_ISSUER, "nobody who is trusted has signed it"},
    {TLS_DOUBT_EXPIRED, "it has expired"},
    {TLS_DOUBT_NOT_YET_VALID, "it is not valid yet"},
    {TLS_DOUBT_WRONG_NAME, "it is for another host"},
    {TLS_DOUBT_REVOCATION_UNKNOWN, "nobody says whether it was revoked"},
    {TLS_DOUBT_WEAK, "its key or signature is weak"},
    {TLS_DOUBT_OTHER, "it is not sound"},
};

void tls_put_doubts(unsigned doubts, struct builder *b)
{
    bool is_first = true;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (!(doubts & texts[i].doubt))
            continue;
        if (!is_first)
            builder_put(b, TEXT("; "));
        is_first = false;
        builder_put_string(b, texts[i].text);
    }
}

static enum tls_doubt doubt_of(int error)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
        if (meanings[i].error == error)
            return meanings[i].doubt;
    return TLS_DOUBT_OTHER;
}

/* ---- For people --------------------------------------------------------------------- */

/*
 * Whole characters of it, as many as there is room for. What is no character, or controls a
 * terminal (C0 and, as UTF-8 writes them, C1), is a dot.
 */
static void put_cut(struct builder *b, struct text t)
{
    size_t room = b->size - b->len - 1;
    t.len = text_cut_utf8(t, t.len < room ? t.len : room);
    while (t.len) {
        size_t len = text_utf8_len(t);
        unsigned char first = (unsigned char)t.at[0];
        bool is_control = len == 1 && (first < ' ' || first == 0x7F);
        if (len == 2 && first == 0xC2 && (unsigned char)t.at[1] < 0xA0)
            is_control = true;
        builder_put(b, len && !is_control ? (struct text){t.at, len} : TEXT("."));
        t = text_after(t, len ? len : 1);
    }
}

static void describe_name(const X509_NAME *name, char *ret_text)
{
    struct builder b = builder_on(ret_text, TLS_SHOWN_NAME_SIZE);
    BIO *writer = BIO_new(BIO_s_mem());
    char *bytes = NULL;
    long len = 0;
    /* UTF-8 stays readable; what would end a part of the name, or is none, is escaped. */
    if (writer && X509_NAME_print_ex(writer, name, 0,
                                     XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0)
        len = BIO_get_mem_data(writer, &bytes);
    if (len > 0)
        put_cut(&b, (struct text){bytes, (size_t)len});
    BIO_free(writer);
    builder_end(&b);
}

static void put_host(struct builder *b, int type, const ASN1_STRING *value)
{
    const unsigned char *bytes = ASN1_STRING_get0_data(value);
    int len = ASN1_STRING_length(value);
    union endpoint address = {.any.sa_family = AF_UNSPEC};
    if (type == GEN_DNS && len > 0) {
        put_cut(b, (struct text){(const char *)bytes, (size_t)len});
    } else if (type == GEN_IPADD && len == sizeof(address.v4.sin_addr)) {
        address.v4.sin_family = AF_INET;
        memcpy(&address.v4.sin_addr, bytes, sizeof(address.v4.sin_addr));
        endpoint_put_host(&address, b);
    } else if (type == GEN_IPADD && len == sizeof(address.v6.sin6_addr)) {
        address.v6.sin6_family = AF_INET6;
        memcpy(&address.v6.sin6_addr, bytes, sizeof(address.v6.sin6_addr));
        endpoint_put_host(&address, b);
    }
}

static void describe_hosts(const X509 *certificate, char *ret_text)
{
    struct builder b = builder_on(ret_text, TLS_SHOWN_NAME_SIZE);
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && b.len + 2 < b.size; i++) {
        int type;
        const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
        if (type != GEN_DNS && type != GEN_IPADD)
            continue;
        if (b.len)
            builder_put(&b, TEXT(", "));
        put_host(&b, type, value);
    }
    GENERAL_NAMES_free(names);
    builder_end(&b);
}

static void describe(const X509 *certificate, struct tls_shown *shown)
{
    struct builder b = builder_on(shown->fingerprint, sizeof(shown->fingerprint));
    tls_put_digest(certificate, &b);
    builder_end(&b);
    describe_name(X509_get_subject_name(certificate), shown->subject);
    describe_name(X509_get_issuer_name(certificate), shown->issuer);
    describe_hosts(certificate, shown->names);
    shown->valid_from = tls_seconds_of(X509_get0_notBefore(certificate));
    shown->valid_until = tls_seconds_of(X509_get0_notAfter(certificate));
}

/* ---- Asking ------------------------------------------------------------------------------ */

static CRYPTO_ONCE index_once = CRYPTO_ONCE_STATIC_INIT;
static int asking_index = -1;

static void find_index(void)
{
    asking_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

bool tls_shown_attach(SSL *end, struct tls_asking *asking)
{
    return CRYPTO_THREAD_run_once(&index_once, find_index) && asking_index >= 0 &&
           SSL_set_ex_data(end, asking_index, asking) == 1;
}

static struct tls_asking *asking_of(X509_STORE_CTX *checked)
{
    const SSL *end = X509_STORE_CTX_get_ex_data(checked, SSL_get_ex_data_X509_STORE_CTX_idx());
    return SSL_get_ex_data(end, asking_index);
}

static void note(struct tls_asking *asking, int error)
{
    if (!asking->doubts)
        asking->words = X509_verify_cert_error_string(error);
    asking->doubts |= doubt_of(error);
}

/* All that is wrong, not only the first. */
static int go_on(int is_good, X509_STORE_CTX *checked)
{
    if (!is_good)
        note(asking_of(checked), X509_STORE_CTX_get_error(checked));
    return 1;
}

static bool ask(struct tls_asking *asking, const X509 *certificate)
{
    struct tls_shown shown = {.doubts = asking->doubts,
                              .words = asking->words ? asking->words : ""};
    if (!asking->how->on_certificate)
        return !asking->doubts;
    describe(certificate, &shown);
    ERR_clear_error();
    int64_t since_ms = clock_running_ms();
    bool does = asking->how->on_certificate(asking->how->owner, &shown);
    asking->asked_ms += clock_running_ms() - since_ms;
    return does;
}

int tls_shown_check(X509_STORE_CTX *checked, void *nothing)
{
    struct tls_asking *asking = asking_of(checked);
    (void)nothing;
    X509_STORE_CTX_set_verify_cb(checked, go_on);
    if (X509_verify_cert(checked) <= 0) { /* it was not looked at to the end */
        int error = X509_STORE_CTX_get_error(checked);
        note(asking, error == X509_V_OK ? X509_V_ERR_UNSPECIFIED : error);
        asking->doubts |= TLS_DOUBT_OTHER;
    }
    asking->is_refused = !ask(asking, X509_STORE_CTX_get0_cert(checked));
    if (!asking->is_refused)
        X509_STORE_CTX_set_error(checked, X509_V_OK);
    else if (!asking->doubts) /* what the server is told */
        X509_STORE_CTX_set_error(checked, X509_V_ERR_CERT_REJECTED);
    return !asking->is_refused;
}
