/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "net/tls_parts.h"

enum {
    CHAIN_MAX = 16,       /* certificates behind the server's */
    AUTHORITIES_MAX = 256 /* CAs of the other end, and lists of what they revoked */
};

static BIO *reader_of(struct text pem)
{
    return pem.len && pem.len <= INT_MAX ? BIO_new_mem_buf(pem.at, (int)pem.len) : NULL;
}

/* "certificate 2: no start line", or the name that its owner gave it */
static enum fault refuse(struct builder *b, const char *name, const char *what, size_t number,
                         const char *reason)
{
    builder_put_string(b, name ? name : what);
    if (number && !name) {
        builder_put_byte(b, ' ');
        builder_put_number(b, number);
    }
    builder_put_string(b, ": ");
    builder_put_string(b, reason);
    return FAULT_ARGUMENT;
}

/* Was that the orderly end of a PEM text? */
static bool is_at_end(void)
{
    unsigned long error = ERR_peek_last_error();
    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

/* The next certificate; NULL at the end. */
static enum fault read_next(BIO *reader, X509 **ret_certificate)
{
    ERR_clear_error();
    X509 *certificate = PEM_read_bio_X509(reader, NULL, NULL, NULL);
    if (!certificate && !is_at_end())
        return FAULT_ARGUMENT;
    *ret_certificate = certificate;
    return FAULT_NONE;
}

static enum fault read_all(BIO *reader, int max, STACK_OF(X509) * ret_all)
{
    X509 *next;
    for (int i = 0; i <= max; i++) {
        enum fault f = read_next(reader, &next);
        if (f || !next)
            return f;
        if (!sk_X509_push(ret_all, next)) {
            X509_free(next);
            return FAULT_NO_MEMORY;
        }
    }
    return FAULT_ARGUMENT; /* more than a client would look at */
}

static enum fault read_chain(struct text pem, struct tls_certificate *certificate)
{
    BIO *reader = reader_of(pem);
    enum fault f = FAULT_ARGUMENT;
    if (reader)
        f = read_next(reader, &certificate->leaf);
    if (!f && !certificate->leaf)
        f = FAULT_ARGUMENT;
    if (!f && !(certificate->chain = sk_X509_new_null()))
        f = FAULT_NO_MEMORY;
    if (!f)
        f = read_all(reader, CHAIN_MAX, certificate->chain);
    BIO_free(reader);
    return f;
}

/* Nobody is asked for a passphrase; that there is one is told. */
static int refuse_passphrase(char *buffer, int size, int is_writing, void *has_passphrase)
{
    (void)is_writing;
    OPENSSL_cleanse(buffer, (size_t)size);
    *(bool *)has_passphrase = true;
    return -1;
}

static EVP_PKEY *read_key(struct text pem, bool *ret_has_passphrase)
{
    BIO *reader = reader_of(pem);
    if (!reader)
        return NULL;
    EVP_PKEY *key = PEM_read_bio_PrivateKey(reader, NULL, refuse_passphrase, ret_has_passphrase);
    BIO_free(reader);
    return key;
}

enum fault tls_certificate_read(const struct tls_pair *pair, size_t number,
                                struct tls_certificate *ret_certificate, struct builder *b)
{
    struct tls_certificate certificate = {NULL};
    const char *key_name = pair->key.len ? pair->key_name : pair->chain_name;
    bool has_passphrase = false;
    enum fault f = read_chain(pair->chain, &certificate);
    if (f == FAULT_ARGUMENT)
        f = refuse(b, pair->chain_name, "certificate", number, "is no certificate in PEM");
    if (!f) {
        certificate.key = read_key(pair->key.len ? pair->key : pair->chain, &has_passphrase);
        if (has_passphrase)
            f = refuse(b, key_name, "key", number, "has a passphrase");
        else if (!certificate.key)
            f = refuse(b, key_name, "key", number, "is no private key in PEM");
    }
    if (!f && X509_check_private_key(certificate.leaf, certificate.key) != 1)
        f = refuse(b, key_name, "key", number, "is not that of the certificate");
    if (f)
        tls_certificate_clear(&certificate);
    else
        *ret_certificate = certificate;
    return f;
}

void tls_certificate_clear(struct tls_certificate *certificate)
{
    X509_free(certificate->leaf);
    sk_X509_pop_free(certificate->chain, X509_free);
    EVP_PKEY_free(certificate->key);
}

/* ---- Certificates of the other end ------------------------------------------- */

static enum fault trust(SSL_CTX *context, const STACK_OF(X509) * authorities)
{
    for (int i = 0; i < sk_X509_num(authorities); i++) {
        X509 *authority = sk_X509_value(authorities, i);
        /*
         * Its name tells clients which of their certificates is wanted (RFC 8446 4.2.4); a
         * client does not tell it.
         */
        if (!X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority) ||
            !SSL_CTX_add_client_CA(context, authority))
            return FAULT_NO_MEMORY;
    }
    return FAULT_NONE;
}

static enum fault read_authorities(SSL_CTX *context, struct text pem)
{
    BIO *reader = reader_of(pem);
    STACK_OF(X509) *authorities = sk_X509_new_null();
    enum fault f = FAULT_ARGUMENT;
    if (!authorities)
        f = FAULT_NO_MEMORY;
    else if (reader)
        f = read_all(reader, AUTHORITIES_MAX, authorities);
    if (!f)
        f = sk_X509_num(authorities) ? trust(context, authorities) : FAULT_ARGUMENT;
    sk_X509_pop_free(authorities, X509_free);
    BIO_free(reader);
    return f;
}

static enum fault read_revoked(SSL_CTX *context, struct text pem)
{
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    BIO *reader = reader_of(pem);
    enum fault f = reader ? FAULT_NONE : FAULT_ARGUMENT;
    int count = 0;
    ERR_clear_error();
    for (X509_CRL *crl; !f && count < AUTHORITIES_MAX; count++) {
        crl = PEM_read_bio_X509_CRL(reader, NULL, NULL, NULL);
        if (!crl)
            break;
        if (!X509_STORE_add_crl(store, crl))
            f = FAULT_NO_MEMORY;
        X509_CRL_free(crl);
    }
    if (!f && (!count || !is_at_end()))
        f = FAULT_ARGUMENT;
    BIO_free(reader);
    /* A list that is missing or too old then means that nobody's certificate holds. */
    if (!f && !X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK))
        f = FAULT_NO_MEMORY;
    return f;
}

/* A certificate that does not hold is as good as none: tls_link_has_client tells. */
static int accept_any(int is_good, X509_STORE_CTX *checked)
{
    (void)is_good;
    (void)checked;
    return 1;
}

enum fault tls_trust(SSL_CTX *context, const struct tls_trusted *trusted, struct builder *b)
{
    enum fault f = read_authorities(context, trusted->ca);
    if (f == FAULT_ARGUMENT)
        return refuse(b, NULL, trusted->ca_name, 0, "is no certificate in PEM");
    return f;
}

enum fault tls_distrust(SSL_CTX *context, const struct tls_trusted *trusted, struct builder *b)
{
    if (!trusted->crl.len)
        return FAULT_NONE;
    enum fault f = read_revoked(context, trusted->crl);
    if (f == FAULT_ARGUMENT)
        return refuse(b, NULL, trusted->crl_name, 0, "is no list of revoked certificates in PEM");
    return f;
}

enum fault tls_trust_clients(SSL_CTX *context, const struct tls_rules *rules, struct builder *b)
{
    const struct tls_trusted trusted = {rules->client_ca, rules->client_crl, "client CA",
                                        "client CRL"};
    if (rules->clients == TLS_CLIENT_NOT_ASKED)
        return FAULT_NONE;
    enum fault f = tls_trust(context, &trusted, b);
    if (!f)
        f = tls_distrust(context, &trusted, b);
    if (rules->clients == TLS_CLIENT_REQUIRED)
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    else
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, accept_any);
    return f;
}
