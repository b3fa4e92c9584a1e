/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls_link.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/memory.h"
#include "net/tls_parts.h"

struct tls_link {
    struct tls *tls; /* owned reference */
    SSL *end;        /* owned */
    enum tls_state state;
    size_t pair;
    unsigned char identity[TLS_IDENTITY_BYTES];
    void (*outlet)(void *owner, struct text bytes);
    void *owner;     /* borrowed: the outlet's, who owns us */
    struct text fed; /* borrowed: the owner's, until it has been read */
};

/* ---- Bytes in and out --------------------------------------------------------- */

static int read_fed(BIO *bio, char *buffer, int size)
{
    struct tls_link *link = BIO_get_data(bio);
    size_t len = (size_t)size < link->fed.len ? (size_t)size : link->fed.len;
    BIO_clear_retry_flags(bio);
    if (!len) {
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(buffer, link->fed.at, len);
    link->fed = text_after(link->fed, len);
    return (int)len;
}

static int write_out(BIO *bio, const char *bytes, int len)
{
    struct tls_link *link = BIO_get_data(bio);
    link->outlet(link->owner, (struct text){bytes, (size_t)len});
    return len;
}

static long control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH; /* nothing waits here */
}

BIO_METHOD *tls_link_new_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "link");
    if (!method)
        return NULL;
    BIO_meth_set_read(method, read_fed);
    BIO_meth_set_write(method, write_out);
    BIO_meth_set_ctrl(method, control);
    return method;
}

/* ---- Life ------------------------------------------------------------------------ */

int tls_link_on_server_name(SSL *end, int *ret_alert, void *tls)
{
    struct tls_link *link = SSL_get_app_data(end);
    size_t pair;
    /* A data connection shows what its control connection showed. */
    if (!link || !tls_find_pair(tls, tls_link_server_name(link), &pair))
        return SSL_TLSEXT_ERR_NOACK;
    if (pair != link->pair && !tls_show_pair(end, &link->tls->certificates[pair])) {
        *ret_alert = SSL_AD_INTERNAL_ERROR;
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    link->pair = pair;
    return SSL_TLSEXT_ERR_OK;
}

static enum fault open_end(struct tls_link *link)
{
    if (RAND_bytes(link->identity, sizeof(link->identity)) != 1)
        return FAULT_NO_MEMORY;
    link->end = tls_new_end(link->tls, link->pair, link->identity);
    BIO *bio = link->end ? BIO_new(link->tls->link_method) : NULL;
    if (!bio)
        return FAULT_NO_MEMORY;
    BIO_set_data(bio, link);
    BIO_set_init(bio, 1);
    SSL_set_bio(link->end, bio, bio);
    SSL_set_options(link->end, SSL_OP_CLEANSE_PLAINTEXT); /* passwords come this way */
    return SSL_set_app_data(link->end, link) == 1 ? FAULT_NONE : FAULT_NO_MEMORY;
}

enum fault tls_link_new(struct tls *tls, struct text host,
                        void (*outlet)(void *owner, struct text bytes), void *owner,
                        struct tls_link **ret_link)
{
    struct tls_link *link = memory_new(sizeof(*link));
    if (!link)
        return FAULT_NO_MEMORY;
    link->tls = tls_ref(tls);
    link->outlet = outlet;
    link->owner = owner;
    (void)tls_find_pair(tls, host, &link->pair); /* none: the first */
    enum fault f = open_end(link);
    ERR_clear_error();
    if (f)
        tls_link_free(link);
    else
        *ret_link = link;
    return f;
}

void tls_link_free(struct tls_link *link)
{
    if (!link)
        return;
    if (link->end)
        SSL_CTX_remove_session(link->tls->context, SSL_get_session(link->end));
    SSL_free(link->end);
    tls_unref(link->tls);
    memory_free(link);
}

/* ---- What is said ------------------------------------------------------------------- */

/* What a call of OpenSSL that returned `result` means. */
static void note(struct tls_link *link, int result)
{
    switch (SSL_get_error(link->end, result)) {
    case SSL_ERROR_NONE:
    case SSL_ERROR_WANT_READ:
        break;
    case SSL_ERROR_ZERO_RETURN:
        link->state = TLS_ENDED;
        break;
    default:
        link->state = TLS_BROKEN;
        tls_log_failure("tls-control-failed");
        break;
    }
}

static void shake_hands(struct tls_link *link)
{
    ERR_clear_error();
    int result = SSL_do_handshake(link->end);
    if (result == 1)
        link->state = TLS_OPEN;
    else
        note(link, result);
}

void tls_link_feed(struct tls_link *link, struct text bytes)
{
    link->fed = bytes;
}

enum tls_state tls_link_read(struct tls_link *link, void *buffer, size_t size, size_t *ret_len)
{
    size_t len = 0;
    if (link->state == TLS_HANDSHAKE)
        shake_hands(link);
    if (link->state == TLS_OPEN) {
        ERR_clear_error();
        note(link, SSL_read_ex(link->end, buffer, size, &len));
    }
    *ret_len = len;
    return link->state;
}

struct text tls_link_rest(const struct tls_link *link)
{
    return link->fed;
}

enum tls_state tls_link_state(const struct tls_link *link)
{
    return link->state;
}

bool tls_link_write(struct tls_link *link, struct text bytes)
{
    size_t written;
    if (!bytes.len)
        return true;
    ERR_clear_error();
    note(link, SSL_write_ex(link->end, bytes.at, bytes.len, &written));
    return link->state != TLS_BROKEN;
}

bool tls_link_send_ticket(struct tls_link *link)
{
    if (SSL_version(link->end) != TLS1_3_VERSION || !SSL_get_num_tickets(link->end))
        return true;
    ERR_clear_error();
    if (SSL_new_session_ticket(link->end) == 1)
        note(link, SSL_do_handshake(link->end));
    return link->state != TLS_BROKEN;
}

void tls_link_end(struct tls_link *link)
{
    if ((link->state != TLS_OPEN && link->state != TLS_ENDED) ||
        SSL_get_shutdown(link->end) & SSL_SENT_SHUTDOWN)
        return; /* another call would read */
    ERR_clear_error();
    int result = SSL_shutdown(link->end);
    if (result < 0)
        note(link, result);
}

/* ---- Who is there ---------------------------------------------------------------------- */

struct tls_bond tls_link_bond(const struct tls_link *link)
{
    struct tls_bond bond = {.tls = link->tls, .pair = link->pair};
    memcpy(bond.identity, link->identity, sizeof(bond.identity));
    return bond;
}

const char *tls_link_version(const struct tls_link *link)
{
    return SSL_get_version(link->end);
}

const char *tls_link_cipher(const struct tls_link *link)
{
    return SSL_CIPHER_standard_name(SSL_get_current_cipher(link->end));
}

struct text tls_link_server_name(const struct tls_link *link)
{
    return text_of(SSL_get_servername(link->end, TLSEXT_NAMETYPE_host_name));
}

bool tls_link_has_client(const struct tls_link *link)
{
    return SSL_get0_peer_certificate(link->end) && SSL_get_verify_result(link->end) == X509_V_OK;
}

/* A name that could be read as another one is none: NUL and control characters. */
static bool is_name(struct text name)
{
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.at[i] < ' ' || name.at[i] == '\177')
            return false;
    return name.len != 0;
}

static bool put_name(const ASN1_STRING *string, struct builder *b)
{
    unsigned char *utf8 = NULL;
    int len = ASN1_STRING_to_UTF8(&utf8, string);
    struct text name = {(const char *)utf8, len > 0 ? (size_t)len : 0};
    bool is_put = is_name(name);
    if (is_put)
        builder_put(b, name);
    OPENSSL_free(utf8);
    ERR_clear_error();
    return is_put && !b->full;
}

static bool put_common_name(const X509 *certificate, struct builder *b)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int at = -1;
    for (int next = -1; (next = X509_NAME_get_index_by_NID(subject, NID_commonName, next)) >= 0;)
        at = next;
    return at >= 0 && put_name(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)), b);
}

static bool put_other_name(const X509 *certificate, int type, size_t index, struct builder *b)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    bool is_put = false;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        int its_type;
        const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i),
                                                           &its_type);
        if (its_type == type && !index--) {
            is_put = put_name(value, b);
            break;
        }
    }
    GENERAL_NAMES_free(names);
    return is_put;
}

bool tls_link_client_name(const struct tls_link *link, enum tls_name kind, size_t index,
                          struct builder *b)
{
    if (!tls_link_has_client(link))
        return false;
    const X509 *certificate = SSL_get0_peer_certificate(link->end);
    if (kind == TLS_NAME_COMMON)
        return index == 0 && put_common_name(certificate, b);
    return put_other_name(certificate, kind == TLS_NAME_EMAIL ? GEN_EMAIL : GEN_DNS, index, b);
}
