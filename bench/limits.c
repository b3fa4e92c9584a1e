/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits: bare loops of system calls over loopback, or over a directory: what no server can beat.
 *   bench_limits sendfile --root DIR --file NAME    a file to a socket, whose peer discards it
 *   bench_limits splice --root DIR --file NAME      the same through a pipe of 1 MiB
 *   bench_limits receive --root DIR                 a socket into a new file, through a pipe
 *   bench_limits list --root DIR                    the directory as text, to nobody
 *   bench_limits tls                                SSL_write of memory, decrypted by the peer
 * with --seconds S (2), --bytes B of one upload or stream (1 GiB), --streams N (1) at once,
 * --tls 1.2|1.3. Prints one line of JSON. "cpu_seconds" are the serving side's, "seconds" the
 * clock's; both sides are threads of this program, which share the machine as they would have to.
 */
#include "bare_listing.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/memory.h"
#include "base/text.h"
#include "net/tls.h"

enum {
    PIECE_BYTES = 256 * 1024,
    PIPE_BYTES = 1 << 20,    /* the largest that anybody may have */
    DISCARD_BYTES = 1 << 24, /* asked for at once where nothing is copied */
    STREAMS_MAX = 64,
};

struct options {
    const char *root; /* borrowed: the arguments */
    const char *file; /* borrowed: likewise */
    uint64_t bytes;
    double seconds;
    unsigned streams;
    int tls_version;
    SSL_CTX *server; /* owned by the program */
    SSL_CTX *client; /* owned by the program */
};

/* One stream of many: two threads with a connection between them. */
struct stream {
    const struct options *options; /* borrowed: main's */
    const struct limit *limit;     /* borrowed: static */
    unsigned number;
    int serving;
    int peer;
    double deadline;
    double cpu_seconds; /* of the serving side */
    uint64_t operations;
    uint64_t bytes;
    uint64_t entries;
};

struct limit {
    const char *name; /* borrowed: static */
    void (*serve)(struct stream *stream);
    void (*consume)(struct stream *stream); /* the peer; NULL: there is none */
};

static void must(bool is_done, const char *what)
{
    if (is_done)
        return;
    (void)fprintf(stderr, "bench_limits: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double seconds_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool has_time(const struct stream *stream)
{
    return seconds_of(CLOCK_MONOTONIC) < stream->deadline;
}

static char *new_piece(void)
{
    char *piece = memory_buffer(PIECE_BYTES);
    must(piece, "memory");
    memset(piece, 'x', PIECE_BYTES);
    return piece;
}

static void make_connection(int *ret_serving, int *ret_peer)
{
    struct sockaddr_in local = {.sin_family = AF_INET};
    socklen_t len = sizeof(local);
    local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *ret_peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(listener >= 0 && *ret_peer >= 0, "socket");
    must(!bind(listener, (struct sockaddr *)&local, sizeof(local)) && !listen(listener, 1) &&
             !getsockname(listener, (struct sockaddr *)&local, &len),
         "listen");
    must(!connect(*ret_peer, (struct sockaddr *)&local, sizeof(local)), "connect");
    *ret_serving = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    must(*ret_serving >= 0, "accept");
    close(listener);
}

static void make_pipe(int ends[2])
{
    must(!pipe2(ends, O_CLOEXEC) && fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES) > 0, "pipe");
}

/* ---- sendfile, splice ---------------------------------------------------------------- */

static int open_file(const struct stream *stream, off_t *ret_size)
{
    struct stat info;
    int fd = open(stream->options->file, O_RDONLY | O_CLOEXEC);
    must(fd >= 0 && !fstat(fd, &info) && info.st_size > 0, stream->options->file);
    *ret_size = info.st_size;
    return fd;
}

static void serve_sendfile(struct stream *stream)
{
    off_t size;
    int fd = open_file(stream, &size);
    for (; has_time(stream); stream->operations++) {
        off_t at = 0;
        while (at < size)
            must(sendfile(stream->serving, fd, &at, (size_t)(size - at)) > 0, "sendfile");
        stream->bytes += (uint64_t)size;
    }
    close(fd);
}

/* All of what is in a pipe. */
static void empty_pipe(int from, int to, ssize_t len)
{
    while (len > 0) {
        ssize_t n = splice(from, NULL, to, NULL, (size_t)len, SPLICE_F_MOVE);
        must(n > 0, "splice");
        len -= n;
    }
}

static void serve_splice(struct stream *stream)
{
    int ends[2];
    off_t size;
    int fd = open_file(stream, &size);
    make_pipe(ends);
    for (; has_time(stream); stream->operations++) {
        for (off_t at = 0; at < size;) {
            ssize_t n = splice(fd, &at, ends[1], NULL, PIPE_BYTES, SPLICE_F_MOVE);
            must(n > 0, "splice");
            empty_pipe(ends[0], stream->serving, n);
        }
        stream->bytes += (uint64_t)size;
    }
    close(fd);
    close(ends[0]);
    close(ends[1]);
}

static void discard(struct stream *stream)
{
    while (recv(stream->peer, NULL, DISCARD_BYTES, MSG_TRUNC) > 0)
        ;
}

/* ---- receive --------------------------------------------------------------------------- */

/* An upload each time, told apart by its length: connecting is not what is measured. */
static void serve_upload(struct stream *stream)
{
    char name[32];
    int ends[2];
    make_pipe(ends);
    (void)snprintf(name, sizeof(name), "limits-%d-%u", getpid(), stream->number);
    for (; has_time(stream); stream->operations++) {
        uint64_t left = stream->options->bytes;
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        must(fd >= 0, name);
        while (left) {
            ssize_t n = splice(stream->serving, NULL, ends[1], NULL,
                               left < PIPE_BYTES ? left : PIPE_BYTES, SPLICE_F_MOVE);
            must(n > 0, "splice");
            empty_pipe(ends[0], fd, n);
            left -= (uint64_t)n;
        }
        close(fd);
        must(!unlink(name), name);
        stream->bytes += stream->options->bytes;
    }
    shutdown(stream->peer, SHUT_RDWR); /* it may be waiting for room */
    close(ends[0]);
    close(ends[1]);
}

static void upload(struct stream *stream)
{
    char *piece = new_piece();
    while (send(stream->peer, piece, PIECE_BYTES, 0) > 0)
        ;
    memory_free(piece);
}

/* ---- list --------------------------------------------------------------------------------- */

static void serve_listing(struct stream *stream)
{
    struct listing *listing = memory_buffer(sizeof(*listing));
    must(listing, "memory");
    for (; has_time(stream); stream->operations++) {
        int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        must(fd >= 0, "opening");
        listing_begin(listing, fd, true);
        while (!listing->has_ended) {
            must(listing_fill(listing), "reading");
            stream->bytes += listing->text_len;
            listing->text_len = 0;
        }
        stream->entries += listing->count;
        listing_end(listing);
    }
    memory_free(listing);
}

/* ---- tls ------------------------------------------------------------------------------------ */

static SSL *new_end(SSL_CTX *context, int fd)
{
    SSL *ssl = SSL_new(context);
    must(ssl && SSL_set_fd(ssl, fd) == 1, "TLS");
    return ssl;
}

static void serve_tls(struct stream *stream)
{
    char *piece = new_piece();
    SSL *ssl = new_end(stream->options->server, stream->serving);
    must(SSL_accept(ssl) == 1, "the handshake");
    while (has_time(stream)) {
        must(SSL_write(ssl, piece, PIECE_BYTES) == PIECE_BYTES, "SSL_write");
        stream->bytes += PIECE_BYTES;
    }
    stream->operations = 1;
    SSL_shutdown(ssl);
    SSL_free(ssl);
    memory_free(piece);
}

static void consume_tls(struct stream *stream)
{
    char *piece = new_piece();
    SSL *ssl = new_end(stream->options->client, stream->peer);
    must(SSL_connect(ssl) == 1, "the handshake");
    while (SSL_read(ssl, piece, PIECE_BYTES) > 0)
        ;
    SSL_free(ssl);
    memory_free(piece);
}

static void make_contexts(struct options *options)
{
    char *certificate;
    char *key;
    must(!tls_make_self_signed("localhost", &certificate, &key), "certificate");
    BIO *reader = BIO_new_mem_buf(certificate, -1);
    BIO *key_reader = BIO_new_mem_buf(key, -1);
    X509 *x509 = PEM_read_bio_X509(reader, NULL, NULL, NULL);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(key_reader, NULL, NULL, NULL);
    options->server = SSL_CTX_new(TLS_server_method());
    options->client = SSL_CTX_new(TLS_client_method());
    must(options->server && options->client &&
             SSL_CTX_use_cert_and_key(options->server, x509, pkey, NULL, 1) == 1,
         "TLS");
    /* What a server would choose: left to themselves they would take twice the rounds. */
    must(SSL_CTX_set_ciphersuites(options->client, "TLS_AES_128_GCM_SHA256") &&
             SSL_CTX_set_cipher_list(options->client, "ECDHE+AESGCM+AES128") &&
             SSL_CTX_set_min_proto_version(options->client, options->tls_version) &&
             SSL_CTX_set_max_proto_version(options->client, options->tls_version),
         "TLS");
    SSL_CTX_set_read_ahead(options->client, 1);
}

/* ---- All of them --------------------------------------------------------------------------- */

static const struct limit limits[] = {
    {"sendfile", serve_sendfile, discard}, {"splice", serve_splice, discard},
    {"receive", serve_upload, upload},     {"list", serve_listing, NULL},
    {"tls", serve_tls, consume_tls},
};

static void *run_serving(void *argument)
{
    struct stream *stream = argument;
    double start = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    stream->limit->serve(stream);
    stream->cpu_seconds = seconds_of(CLOCK_THREAD_CPUTIME_ID) - start;
    if (stream->limit->consume)
        shutdown(stream->serving, SHUT_WR);
    return NULL;
}

static void *run_peer(void *argument)
{
    struct stream *stream = argument;
    stream->limit->consume(stream);
    return NULL;
}

static void run(const struct limit *limit, const struct options *options)
{
    struct stream streams[STREAMS_MAX] = {0};
    pthread_t threads[STREAMS_MAX * 2];
    unsigned count = 0;
    struct stream total = {0};
    for (unsigned i = 0; i < options->streams; i++) {
        streams[i] = (struct stream){.options = options, .limit = limit, .number = i};
        if (limit->consume)
            make_connection(&streams[i].serving, &streams[i].peer);
    }
    double start = seconds_of(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < options->streams; i++) {
        streams[i].deadline = start + options->seconds;
        must(!pthread_create(&threads[count++], NULL, run_serving, &streams[i]), "thread");
        must(!limit->consume || !pthread_create(&threads[count++], NULL, run_peer, &streams[i]),
             "thread");
    }
    while (count)
        must(!pthread_join(threads[--count], NULL), "thread");
    double seconds = seconds_of(CLOCK_MONOTONIC) - start;
    for (unsigned i = 0; i < options->streams; i++) {
        total.operations += streams[i].operations;
        total.bytes += streams[i].bytes;
        total.entries += streams[i].entries;
        total.cpu_seconds += streams[i].cpu_seconds;
    }
    printf("{\"limit\": \"%s\", \"operations\": %llu, \"bytes\": %llu, \"entries\": %llu, "
           "\"seconds\": %.6f, \"cpu_seconds\": %.6f}\n",
           limit->name, (unsigned long long)total.operations, (unsigned long long)total.bytes,
           (unsigned long long)total.entries, seconds, total.cpu_seconds);
}

static bool set_option(struct options *options, struct text name, const char *value)
{
    uint64_t number = 0;
    bool is_number = text_to_size(text_of(value), UINT64_MAX, &number) && number;
    if (text_equal(name, TEXT("--root")))
        options->root = value;
    else if (text_equal(name, TEXT("--file")))
        options->file = value;
    else if (text_equal(name, TEXT("--seconds")) && strtod(value, NULL) > 0)
        options->seconds = strtod(value, NULL);
    else if (text_equal(name, TEXT("--bytes")) && is_number)
        options->bytes = number;
    else if (text_equal(name, TEXT("--streams")) && is_number && number <= STREAMS_MAX)
        options->streams = (unsigned)number;
    else if (text_equal(name, TEXT("--tls")))
        options->tls_version = text_equal(text_of(value), TEXT("1.2")) ? TLS1_2_VERSION
                                                                       : TLS1_3_VERSION;
    else
        return false;
    return true;
}

int main(int count, char **words)
{
    struct options options = {
        .root = ".",
        .file = "big",
        .bytes = 1 << 30,
        .seconds = 2,
        .streams = 1,
        .tls_version = TLS1_3_VERSION,
    };
    errno = EINVAL;
    must(count >= 2 && count % 2 == 0, "arguments");
    for (int i = 2; i < count; i += 2)
        must(set_option(&options, text_of(words[i]), words[i + 1]), words[i]);
    (void)signal(SIGPIPE, SIG_IGN);
    must(!chdir(options.root), options.root);
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        if (strcmp(limits[i].name, words[1]) != 0)
            continue;
        if (limits[i].serve == serve_tls)
            make_contexts(&options);
        run(&limits[i], &options);
        return 0;
    }
    must(false, words[1]);
    return 1;
}
