/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls: what `make bench` holds FTPS against. Part of bench/run.
 *   bench_tls send BYTES     serves, to each that connects, that many bytes of memory by
 *                            SSL_write, and nothing else; says its port first
 *   bench_tls receive PORT   connects, reads to the end, says how many bytes and how fast
 */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/memory.h"
#include "net/socket.h"
#include "net/tls.h"

enum { PIECE_BYTES = 256 * 1024 };

static char piece[PIECE_BYTES];

static void must(bool is_done, const char *what)
{
    if (is_done)
        return;
    (void)fprintf(stderr, "bench/tls: %s failed\n", what);
    exit(1);
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void send_all(SSL_CTX *context, int fd, uint64_t bytes)
{
    SSL *ssl = SSL_new(context);
    must(ssl && SSL_set_fd(ssl, fd) == 1 && SSL_accept(ssl) == 1, "the handshake");
    while (bytes) {
        int len = bytes < PIECE_BYTES ? (int)bytes : PIECE_BYTES;
        if (SSL_write(ssl, piece, len) != len)
            break;
        bytes -= (uint64_t)len;
    }
    SSL_shutdown(ssl);
    SSL_free(ssl);
    close(fd);
}

static SSL_CTX *new_server(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    char *certificate;
    char *key;
    must(context && !tls_make_self_signed("localhost", &certificate, &key), "a certificate");
    BIO *reader = BIO_new_mem_buf(certificate, -1);
    BIO *key_reader = BIO_new_mem_buf(key, -1);
    X509 *x509 = PEM_read_bio_X509(reader, NULL, NULL, NULL);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(key_reader, NULL, NULL, NULL);
    must(SSL_CTX_use_cert_and_key(context, x509, pkey, NULL, 1) == 1, "the certificate");
    return context;
}

static void serve(uint64_t bytes)
{
    SSL_CTX *context = new_server();
    union endpoint local;
    union endpoint peer;
    endpoint_parse_host(TEXT("127.0.0.1"), 0, &local);
    int listener = socket_listen(&local, 16);
    must(listener >= 0, "listening");
    socket_set_blocking(listener, true);
    local = socket_local(listener);
    printf("%u\n", endpoint_port(&local));
    (void)fflush(stdout);
    for (;;) {
        int fd = socket_accept(listener, true, &peer);
        must(fd >= 0, "accepting");
        send_all(context, fd, bytes);
    }
}

static void receive(uint16_t port)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    /* The same work for both: left to themselves they would choose differently. */
    must(context && SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256"), "the cipher");
    SSL *ssl = SSL_new(context);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(ssl && SSL_set_fd(ssl, fd) == 1, "memory");
    must(connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0, "connecting");
    must(SSL_connect(ssl) == 1, "the handshake");
    double start = now_s();
    uint64_t total = 0;
    int n;
    while ((n = SSL_read(ssl, piece, sizeof(piece))) > 0)
        total += (uint64_t)n;
    must(SSL_get_error(ssl, n) == SSL_ERROR_ZERO_RETURN, "the end");
    printf("%llu %.6f\n", (unsigned long long)total, now_s() - start);
}

int main(int count, char **words)
{
    uint64_t number;
    must(count == 3 && text_to_number(text_of(words[2]), UINT64_MAX, &number), "reading arguments");
    (void)signal(SIGPIPE, SIG_IGN);
    if (text_equal(text_of(words[1]), TEXT("send")))
        serve(number);
    else
        receive((uint16_t)number);
    return 0;
}
