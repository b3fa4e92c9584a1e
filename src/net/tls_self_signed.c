/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/memory.h"
#include "net/tls_parts.h"

enum {
    SERIAL_BYTES = 16,
    VALID_SECONDS = 10 * 365 * 24 * 3600,
    BEFORE_SECONDS = 24 * 3600, /* clients whose clock is slow */
    COMMON_NAME_MAX = 64        /* RFC 5280 A.1 ub-common-name */
};

static bool set_serial(X509 *certificate)
{
    unsigned char bytes[SERIAL_BYTES];
    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        return false;
    bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40); /* positive, and of full length */
    BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    bool is_set = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    return is_set;
}

/* As a structure: in OpenSSL's text form a comma in the name would begin another one. */
static bool add_host(X509 *certificate, const char *host)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    bool is_made = names && name && text && ASN1_STRING_set(text, host, -1) == 1;
    if (is_made) {
        GENERAL_NAME_set0_value(name, GEN_DNS, text);
        text = NULL;
        is_made = sk_GENERAL_NAME_push(names, name) > 0;
        if (is_made)
            name = NULL;
        is_made = is_made && X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0) == 1;
    }
    ASN1_STRING_free(text);
    GENERAL_NAME_free(name);
    GENERAL_NAMES_free(names);
    return is_made;
}

static bool add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    bool is_added = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return is_added;
}

static bool set_name(X509 *certificate, const char *host)
{
    X509_NAME *name = X509_get_subject_name(certificate);
    struct text common = strlen(host) <= COMMON_NAME_MAX ? text_of(host) : TEXT("ferry");
    return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_ASC,
                                      (const unsigned char *)common.at, (int)common.len, -1,
                                      0) == 1 &&
           X509_set_issuer_name(certificate, name) == 1;
}

static bool fill(X509 *certificate, EVP_PKEY *key, const char *host)
{
    return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), -(long)BEFORE_SECONDS) &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), VALID_SECONDS) &&
           set_name(certificate, host) && add_host(certificate, host) &&
           add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(certificate, NID_key_usage, "critical,digitalSignature") &&
           add_extension(certificate, NID_ext_key_usage, "serverAuth") &&
           X509_set_pubkey(certificate, key) == 1 && X509_sign(certificate, key, EVP_sha256()) > 0;
}

/* The writer's bytes as a string; NULL: no memory. */
static char *take(BIO *writer)
{
    char *bytes;
    long len = BIO_get_mem_data(writer, &bytes);
    return len > 0 ? memory_copy(bytes, (size_t)len) : NULL;
}

static char *certificate_to_pem(X509 *certificate)
{
    BIO *writer = BIO_new(BIO_s_mem());
    char *pem = writer && PEM_write_bio_X509(writer, certificate) == 1 ? take(writer) : NULL;
    BIO_free(writer);
    return pem;
}

static char *key_to_pem(EVP_PKEY *key)
{
    BIO *writer = BIO_new(BIO_s_secmem()); /* is wiped */
    bool is_written = writer &&
                      PEM_write_bio_PrivateKey(writer, key, NULL, NULL, 0, NULL, NULL) == 1;
    char *pem = is_written ? take(writer) : NULL;
    BIO_free(writer);
    return pem;
}

enum fault tls_make_self_signed(const char *host, char **ret_certificate, char **ret_key)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    char *certificate_pem = NULL;
    char *key_pem = NULL;
    if (key && certificate && fill(certificate, key, host)) {
        certificate_pem = certificate_to_pem(certificate);
        key_pem = key_to_pem(key);
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
    ERR_clear_error();
    if (!certificate_pem || !key_pem) {
        memory_free(certificate_pem);
        memory_free_secret(key_pem, key_pem ? strlen(key_pem) : 0);
        return FAULT_NO_MEMORY;
    }
    *ret_certificate = certificate_pem;
    *ret_key = key_pem;
    return FAULT_NONE;
}
