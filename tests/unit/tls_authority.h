/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_authority: a certificate authority with what it signs and revokes, for
 * tests of TLS.
 */
#ifndef FERRY_TESTS_TLS_AUTHORITY_H
#define FERRY_TESTS_TLS_AUTHORITY_H

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tests/unit/unit.h"

enum { AUTHORITY_DAY_S = 24 * 3600, AUTHORITY_PEM_SIZE = 4096 };

struct authority {
    EVP_PKEY *key; /* owned */
    X509 *own;     /* owned */
};

struct signed_one {
    EVP_PKEY *key;     /* owned */
    X509 *certificate; /* owned */
};

static inline void authority_name(X509_NAME *name, const char *common)
{
    assert_int_equal(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                                (const unsigned char *)common, -1, -1, 0),
                     1);
}

static inline X509 *authority_begin(EVP_PKEY *key, const char *common, long serial, long until_s)
{
    X509 *certificate = X509_new();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -2L * AUTHORITY_DAY_S);
    X509_gmtime_adj(X509_getm_notAfter(certificate), until_s);
    authority_name(X509_get_subject_name(certificate), common);
    X509_set_pubkey(certificate, key);
    return certificate;
}

static inline void authority_extend(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static inline struct authority authority_make(const char *common)
{
    struct authority authority = {.key = EVP_EC_gen("P-256")};
    authority.own = authority_begin(authority.key, common, 1, 2L * AUTHORITY_DAY_S);
    X509_set_issuer_name(authority.own, X509_get_subject_name(authority.own));
    authority_extend(authority.own, NID_basic_constraints, "critical,CA:TRUE");
    assert_true(X509_sign(authority.own, authority.key, EVP_sha256()) > 0);
    return authority;
}

/* `names` as OpenSSL writes a SAN ("email:a@b,DNS:c"); NULL: none. */
static inline struct signed_one authority_sign(const struct authority *authority,
                                               const char *common, const char *names, long serial,
                                               long until_s)
{
    struct signed_one one = {.key = EVP_EC_gen("P-256")};
    one.certificate = authority_begin(one.key, common, serial, until_s);
    X509_set_issuer_name(one.certificate, X509_get_subject_name(authority->own));
    if (names)
        authority_extend(one.certificate, NID_subject_alt_name, names);
    assert_true(X509_sign(one.certificate, authority->key, EVP_sha256()) > 0);
    return one;
}

static inline void authority_free(struct authority *authority)
{
    X509_free(authority->own);
    EVP_PKEY_free(authority->key);
}

static inline void signed_one_free(struct signed_one *one)
{
    X509_free(one->certificate);
    EVP_PKEY_free(one->key);
}

/* ---- As PEM ----------------------------------------------------------------------- */

struct pem {
    char bytes[AUTHORITY_PEM_SIZE];
    size_t len;
};

static inline struct text pem_text(const struct pem *pem)
{
    return (struct text){pem->bytes, pem->len};
}

static inline void pem_take(struct pem *pem, BIO *writer)
{
    int len = BIO_read(writer, pem->bytes, sizeof(pem->bytes));
    assert_true(len > 0 && (size_t)len < sizeof(pem->bytes));
    pem->len = (size_t)len;
    BIO_free(writer);
}

static inline struct pem pem_of_certificate(X509 *certificate)
{
    struct pem pem;
    BIO *writer = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(writer, certificate);
    pem_take(&pem, writer);
    return pem;
}

/* With a passphrase, or NULL. */
static inline struct pem pem_of_key(EVP_PKEY *key, const char *passphrase)
{
    struct pem pem;
    BIO *writer = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(writer, key, passphrase ? EVP_aes_256_cbc() : NULL, NULL, 0, NULL,
                             (void *)passphrase);
    pem_take(&pem, writer);
    return pem;
}

/* What the authority revoked: that serial, or 0: none. Holds until `until_s` from now. */
static inline struct pem pem_of_revoked(const struct authority *authority, long serial,
                                        long until_s)
{
    struct pem pem;
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *time = X509_gmtime_adj(NULL, -2L * AUTHORITY_DAY_S);
    X509_CRL_set_version(crl, X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(authority->own));
    X509_CRL_set1_lastUpdate(crl, time);
    if (serial) {
        X509_REVOKED *revoked = X509_REVOKED_new();
        ASN1_INTEGER *number = ASN1_INTEGER_new();
        ASN1_INTEGER_set(number, serial);
        X509_REVOKED_set_serialNumber(revoked, number);
        X509_REVOKED_set_revocationDate(revoked, time);
        X509_CRL_add0_revoked(crl, revoked);
        ASN1_INTEGER_free(number);
    }
    X509_gmtime_adj(time, until_s);
    X509_CRL_set1_nextUpdate(crl, time);
    ASN1_TIME_free(time);
    assert_true(X509_CRL_sign(crl, authority->key, EVP_sha256()) > 0);
    BIO *writer = BIO_new(BIO_s_mem());
    PEM_write_bio_X509_CRL(writer, crl);
    pem_take(&pem, writer);
    X509_CRL_free(crl);
    return pem;
}

#endif
