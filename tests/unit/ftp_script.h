/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ftp_script: an FTP server that goes by a script, in a thread of its own, for
 * tests of the user's side. Each connection has a script, in the order in which
 * they come. A line of it begins with
 *
 *     <  what it says
 *     >  what it must hear; "*" at its end: whatever follows
 *     =  what it does: a row of ftp_script_deeds
 *
 * Behind its last line the client has to close the connection without a word
 * more. No wait lasts longer than ten seconds. What is otherwise than the script has it is told
 * by ftp_script_end. Include it once a program.
 */
#ifndef FERRY_TESTS_FTP_SCRIPT_H
#define FERRY_TESTS_FTP_SCRIPT_H

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>

#include "protocol/address.h"
#include "tests/unit/peers.h"

enum { FTP_SCRIPT_PATIENCE_S = 10, FTP_SCRIPT_LINE = 64 * 1024 };

struct ftp_script {
    const char *const *connections; /* borrowed: the test's */
    size_t count;
    int listener;
    int control;                /* -1: closed, as all below */
    int data_listener;          /* where PASV and EPSV lead */
    int data;                   /* the data connection */
    union endpoint target;      /* where PORT and EPRT lead */
    char line[FTP_SCRIPT_LINE]; /* heard last */
    char complaint[1024];       /* "": everything was as the script has it */
    pthread_t thread;
};

/* The first one counts; nothing goes by the script any more. */
__attribute__((format(printf, 2, 3))) static bool ftp_script_complain(struct ftp_script *script,
                                                                      const char *format, ...)
{
    va_list values;
    va_start(values, format);
    if (!script->complaint[0])
        (void)vsnprintf(script->complaint, sizeof(script->complaint), format, values);
    va_end(values);
    return false;
}

static void ftp_script_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static bool ftp_script_await(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    return poll(&ready, 1, FTP_SCRIPT_PATIENCE_S * 1000) == 1;
}

static int ftp_script_accept(int listener)
{
    union endpoint peer;
    if (listener < 0 || !ftp_script_await(listener))
        return -1;
    int fd = socket_accept(listener, true, &peer);
    if (fd >= 0)
        socket_set_stall_timeout(fd, FTP_SCRIPT_PATIENCE_S);
    return fd;
}

static bool ftp_script_send(struct ftp_script *script, int fd, struct text bytes)
{
    while (bytes.len) {
        ssize_t n = send(fd, bytes.at, bytes.len, MSG_NOSIGNAL);
        if (n <= 0)
            return ftp_script_complain(script, "cannot send \"%.60s\"", bytes.at);
        bytes = text_after(bytes, (size_t)n);
    }
    return true;
}

static bool ftp_script_say(struct ftp_script *script, int fd, struct text line)
{
    return ftp_script_send(script, fd, line) && ftp_script_send(script, fd, TEXT("\r\n"));
}

/* One line into script->line; "" and false at the connection's end. */
static bool ftp_script_hear_line(struct ftp_script *script)
{
    size_t len = 0;
    while (len < sizeof(script->line) - 1 && recv(script->control, &script->line[len], 1, 0) == 1)
        if (script->line[len++] == '\n')
            break;
    script->line[len] = '\0';
    if (len >= 2 && script->line[len - 2] == '\r')
        script->line[len - 2] = '\0';
    return len > 0;
}

static bool ftp_script_hear(struct ftp_script *script, struct text expected)
{
    (void)ftp_script_hear_line(script);
    struct text heard = text_of(script->line);
    bool is_open = expected.len && expected.at[expected.len - 1] == '*';
    if (is_open)
        expected.len--;
    if (is_open ? text_starts_with(heard, expected) : text_equal(heard, expected))
        return true;
    return ftp_script_complain(script, "heard \"%.200s\", not \"%.*s\"", script->line,
                               TEXT_ARGS(expected));
}

/* ---- Deeds: what follows their name is `rest` ------------------------------------------- */

static bool ftp_script_listen(struct ftp_script *script, bool is_open, uint16_t *ret_port)
{
    union endpoint local = peers_host("127.0.0.1", 0);
    ftp_script_close(&script->data_listener);
    script->data_listener = socket_listen(&local, 4);
    local = socket_local(script->data_listener);
    *ret_port = endpoint_port(&local);
    if (!is_open)
        ftp_script_close(&script->data_listener);
    return true;
}

/* =epsv: listens, and says where; =epsv closed: says where nobody listens. */
static bool ftp_script_epsv(struct ftp_script *script, struct text rest)
{
    char reply[64];
    uint16_t port;
    (void)ftp_script_listen(script, !rest.len, &port);
    (void)snprintf(reply, sizeof(reply), "229 Here (|||%u|)", port);
    return ftp_script_say(script, script->control, text_of(reply));
}

/* =pasv 127,0,0,1 (or another address than where it listens); =pasv closed. */
static bool ftp_script_pasv(struct ftp_script *script, struct text rest)
{
    char reply[96];
    uint16_t port;
    bool is_closed = text_equal(rest, TEXT("closed"));
    struct text address = is_closed || !rest.len ? TEXT("127,0,0,1") : rest;
    (void)ftp_script_listen(script, !is_closed, &port);
    (void)snprintf(reply, sizeof(reply), "227 Here (%.*s,%u,%u)", TEXT_ARGS(address), port >> 8,
                   port & 255);
    return ftp_script_say(script, script->control, text_of(reply));
}

/* =target: hears PORT or EPRT, and takes it. */
static bool ftp_script_target(struct ftp_script *script, struct text rest)
{
    (void)rest;
    if (!ftp_script_hear_line(script))
        return ftp_script_complain(script, "heard the end, not PORT or EPRT");
    struct text argument = text_of(script->line);
    struct text verb = text_take_word(&argument);
    enum address_result result = text_equal(verb, TEXT("PORT"))
                                     ? address_parse_port(argument, &script->target)
                                     : address_parse_eprt(argument, &script->target);
    if (result != ADDRESS_OK)
        return ftp_script_complain(script, "heard \"%.200s\", not PORT or EPRT", script->line);
    return ftp_script_say(script, script->control, TEXT("200 There"));
}

/* =accept: the data connection, which the client makes. */
static bool ftp_script_take(struct ftp_script *script, struct text rest)
{
    (void)rest;
    ftp_script_close(&script->data);
    script->data = ftp_script_accept(script->data_listener);
    return script->data >= 0 || ftp_script_complain(script, "nobody comes for the data");
}

/*
 * =connect: the data connection, to where PORT leads; =connect 127.0.0.2: from there;
 * =connect default: to where the control connection comes from.
 */
static bool ftp_script_connect(struct ftp_script *script, struct text rest)
{
    char address[64];
    bool is_default = text_equal(rest, TEXT("default"));
    (void)snprintf(address, sizeof(address), "%.*s", TEXT_ARGS(rest));
    union endpoint local = peers_host(rest.len && !is_default ? address : "127.0.0.1", 0);
    union endpoint target = is_default ? socket_peer(script->control) : script->target;
    ftp_script_close(&script->data);
    const struct patience patience = {FTP_SCRIPT_PATIENCE_S * 1000, NULL};
    enum fault f = socket_connect_within(&local, &target, patience, &script->data);
    if (f)
        return ftp_script_complain(script, "cannot connect: %s", fault_text(f));
    socket_set_stall_timeout(script->data, FTP_SCRIPT_PATIENCE_S);
    return true;
}

/* =line TEXT: a line of data. */
static bool ftp_script_line(struct ftp_script *script, struct text rest)
{
    return ftp_script_say(script, script->data, rest);
}

/* =bytes TEXT: data without a line's end. */
static bool ftp_script_bytes(struct ftp_script *script, struct text rest)
{
    return ftp_script_send(script, script->data, rest);
}

/* =block TEXT: data, as the block that ends a file (RFC 959 3.4.2). */
static bool ftp_script_block(struct ftp_script *script, struct text rest)
{
    const char header[] = {64, 0, (char)rest.len};
    return ftp_script_send(script, script->data, (struct text){header, sizeof(header)}) &&
           ftp_script_send(script, script->data, rest);
}

/* =end: of the data, in order. */
static bool ftp_script_end_data(struct ftp_script *script, struct text rest)
{
    (void)rest;
    ftp_script_close(&script->data);
    return true;
}

/* =reset: of the data connection, out of order. */
static bool ftp_script_reset(struct ftp_script *script, struct text rest)
{
    (void)rest;
    peers_reset(script->data);
    script->data = -1;
    return true;
}

/* =receive TEXT: all the data up to their end. */
static bool ftp_script_receive(struct ftp_script *script, struct text rest)
{
    size_t len = 0;
    ssize_t n;
    while ((n = recv(script->data, script->line + len, sizeof(script->line) - len, 0)) > 0)
        len += (size_t)n;
    ftp_script_close(&script->data);
    struct text received = {script->line, len};
    return n == 0 && text_equal(received, rest)
               ? true
               : ftp_script_complain(script, "received \"%.*s\"%s", TEXT_ARGS(received),
                                     n ? ", and no end" : "");
}

/* =broken: the data connection ends, in whatever way; =broken reset: out of order. */
static bool ftp_script_broken(struct ftp_script *script, struct text rest)
{
    ssize_t n;
    while ((n = recv(script->data, script->line, sizeof(script->line), 0)) > 0)
        ;
    bool is_late = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    ftp_script_close(&script->data);
    if (rest.len && n == 0)
        return ftp_script_complain(script, "the data connection ends in order");
    return !is_late || ftp_script_complain(script, "the data connection does not end");
}

/* =abort: RFC 959 4.1.3: Interrupt Process, Synch (of which one byte is urgent), ABOR. */
static bool ftp_script_abort(struct ftp_script *script, struct text rest)
{
    static const char expected[] = "\377\364\377\362ABOR\r\n";
    (void)rest;
    for (size_t i = 0; i < sizeof(expected) - 1; i++) {
        char byte = 0;
        int is_urgent = 0;
        (void)ftp_script_await(script->control);
        (void)ioctl(script->control, SIOCATMARK, &is_urgent);
        if (recv(script->control, &byte, 1, 0) != 1 || byte != expected[i])
            return ftp_script_complain(script, "byte %zu of ABOR is %d", i, byte);
        if (is_urgent != (i == 2))
            return ftp_script_complain(script, "byte %zu of ABOR is %surgent", i,
                                       is_urgent ? "" : "not ");
    }
    return true;
}

/* =repeat 3 TEXT: says that line so many times, whether or not somebody listens. */
static bool ftp_script_repeat(struct ftp_script *script, struct text rest)
{
    uint64_t count = 0;
    (void)text_to_number(text_take_word(&rest), UINT32_MAX, &count);
    while (count-- && send(script->control, rest.at, rest.len, MSG_NOSIGNAL) > 0 &&
           send(script->control, "\r\n", 2, MSG_NOSIGNAL) > 0)
        ;
    return true;
}

/* =long 5000 TEXT: says TEXT and so many bytes more in the same line. */
static bool ftp_script_long(struct ftp_script *script, struct text rest)
{
    uint64_t count = 0;
    (void)text_to_number(text_take_word(&rest), UINT32_MAX, &count);
    (void)ftp_script_send(script, script->control, rest);
    while (count--)
        if (!ftp_script_send(script, script->control, TEXT("x")))
            return false;
    return ftp_script_send(script, script->control, TEXT("\r\n"));
}

/* =say TEXT: at once, without a line's end; "%" stands for LF. */
static bool ftp_script_say_part(struct ftp_script *script, struct text rest)
{
    char bytes[1024];
    size_t len = rest.len < sizeof(bytes) ? rest.len : sizeof(bytes);
    for (size_t i = 0; i < len; i++)
        bytes[i] = rest.at[i] == '%' ? '\n' : rest.at[i];
    return ftp_script_send(script, script->control, (struct text){bytes, len});
}

/* =hears TEXT: these bytes, be they a line or not. */
static bool ftp_script_hear_bytes(struct ftp_script *script, struct text rest)
{
    char byte;
    for (size_t i = 0; i < rest.len; i++)
        if (recv(script->control, &byte, 1, 0) != 1 || byte != rest.at[i])
            return ftp_script_complain(script, "byte %zu is another one", i);
    return true;
}

/* =wait 100: milliseconds, to be late on purpose. */
static bool ftp_script_wait(struct ftp_script *script, struct text rest)
{
    uint64_t ms = 0;
    (void)script;
    (void)text_to_number(rest, UINT32_MAX, &ms);
    usleep((unsigned)ms * 1000);
    return true;
}

/* =close: the control connection; the script is at its end. */
static bool ftp_script_hang_up(struct ftp_script *script, struct text rest)
{
    (void)rest;
    ftp_script_close(&script->control);
    return true;
}

static const struct {
    const char *name;
    bool (*act)(struct ftp_script *script, struct text rest);
} ftp_script_deeds[] = {
    {"epsv", ftp_script_epsv},     {"pasv", ftp_script_pasv},        {"target", ftp_script_target},
    {"accept", ftp_script_take},   {"connect", ftp_script_connect},  {"line", ftp_script_line},
    {"bytes", ftp_script_bytes},   {"block", ftp_script_block},      {"end", ftp_script_end_data},
    {"reset", ftp_script_reset},   {"receive", ftp_script_receive},  {"broken", ftp_script_broken},
    {"abort", ftp_script_abort},   {"repeat", ftp_script_repeat},    {"long", ftp_script_long},
    {"say", ftp_script_say_part},  {"hears", ftp_script_hear_bytes}, {"wait", ftp_script_wait},
    {"close", ftp_script_hang_up},
};

/* ---- A connection ------------------------------------------------------------------------- */

static bool ftp_script_do(struct ftp_script *script, struct text line)
{
    struct text rest = text_after(line, 1);
    if (line.at[0] == '<')
        return ftp_script_say(script, script->control, rest);
    if (line.at[0] == '>')
        return ftp_script_hear(script, rest);
    struct text name = text_take_until(&rest, ' ');
    for (size_t i = 0; i < COUNT(ftp_script_deeds); i++)
        if (text_equal(name, text_of(ftp_script_deeds[i].name)))
            return ftp_script_deeds[i].act(script, rest);
    return ftp_script_complain(script, "what is \"%.*s\"?", TEXT_ARGS(line));
}

static void ftp_script_play(struct ftp_script *script, const char *words)
{
    const int on = 1;
    (void)setsockopt(script->control, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
    socket_tune_control(script->control);
    bool goes_on = true;
    for (struct text rest = text_of(words); rest.len && goes_on;)
        goes_on = ftp_script_do(script, text_take_until(&rest, '\n'));
    if (goes_on && script->control >= 0 && ftp_script_hear_line(script))
        (void)ftp_script_complain(script, "heard \"%.200s\" behind the end", script->line);
    ftp_script_close(&script->control);
    ftp_script_close(&script->data);
    ftp_script_close(&script->data_listener);
}

static void *ftp_script_work(void *argument)
{
    struct ftp_script *script = argument;
    for (size_t i = 0; i < script->count && !script->complaint[0]; i++) {
        script->control = ftp_script_accept(script->listener);
        if (script->control < 0)
            (void)ftp_script_complain(script, "connection %zu does not come", i + 1);
        else
            ftp_script_play(script, script->connections[i]);
    }
    ftp_script_close(&script->listener); /* who comes still is refused, not left waiting */
    if (script->complaint[0])            /* before the test trips over what follows from it */
        print_error("script: %s\n", script->complaint);
    return NULL;
}

/* Listens from now on; the port is the one to go to. */
static uint16_t ftp_script_begin(struct ftp_script *script, const char *const *connections,
                                 size_t count)
{
    union endpoint local = peers_host("127.0.0.1", 0);
    *script = (struct ftp_script){
        .connections = connections, .count = count, .control = -1, .data_listener = -1, .data = -1};
    (void)signal(SIGPIPE, SIG_IGN); /* as in the client */
    script->listener = socket_listen(&local, 8);
    assert_true(script->listener >= 0);
    local = socket_local(script->listener);
    assert_int_equal(pthread_create(&script->thread, NULL, ftp_script_work, script), 0);
    return endpoint_port(&local);
}

/* Waits for it; everything has to have been as it says. */
static void ftp_script_end(struct ftp_script *script)
{
    pthread_join(script->thread, NULL);
    assert_string_equal(script->complaint, "");
}

#endif
