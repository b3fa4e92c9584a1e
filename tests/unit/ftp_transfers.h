/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ftp_transfers: a user's end of transfers (user_dtp), with a server that goes by a script
 * (ftp_script). Include it once a program.
 */
#ifndef FERRY_TESTS_FTP_TRANSFERS_H
#define FERRY_TESTS_FTP_TRANSFERS_H

#include "client/user_dtp.h"
#include "tests/unit/buffer_stream.h"
#include "tests/unit/ftp_script.h"

static struct ftp_script script;
static struct user_dtp_settings settings;
static struct user_pi *pi;
static struct user_dtp *dtp;
static struct buffer_stream buffer;
static struct transfer_progress progress;

/* A line of the dialogue upon which the transfer that goes on is cancelled; NULL: none. */
static const char *cancelled_at;

static void on_line(void *owner, enum user_pi_sign sign, struct text line)
{
    (void)owner;
    (void)sign;
    if (cancelled_at && text_equal(line, text_of(cancelled_at)))
        user_dtp_cancel(dtp);
}

/* Connected with a server that goes by `words`; the next transfer's data are in `buffer`. */
static inline void begin(const char *words, enum user_dtp_side side)
{
    static const char *connections[1];
    static const struct user_pi_settings how = {.connect_seconds = FTP_SCRIPT_PATIENCE_S,
                                                .reply_seconds = FTP_SCRIPT_PATIENCE_S,
                                                .on_line = on_line};
    union endpoint target;
    int fd = -1;
    connections[0] = words;
    settings = (struct user_dtp_settings){.side = side,
                                          .host = "127.0.0.1",
                                          .connect_seconds = FTP_SCRIPT_PATIENCE_S,
                                          .stall_seconds = FTP_SCRIPT_PATIENCE_S};
    uint16_t port = ftp_script_begin(&script, connections, 1);
    assert_fault(socket_connect_any("127.0.0.1", port, AF_INET, NULL,
                                    (struct patience){FTP_SCRIPT_PATIENCE_S * 1000, NULL}, &fd,
                                    &target),
                 FAULT_NONE);
    assert_fault(user_pi_open(&how, fd, &pi), FAULT_NONE);
    assert_fault(user_dtp_new(pi, &settings, &dtp), FAULT_NONE);
    (void)buffer_stream_init(&buffer, TEXT(""));
}

static inline void end(void)
{
    user_dtp_free(dtp);
    user_pi_close(pi);
    ftp_script_end(&script);
}

static inline struct user_dtp_order order_of(const char *verb, struct text argument)
{
    struct user_dtp_order order = {.direction = USER_DTP_FETCH,
                                   .verb = verb,
                                   .argument = argument,
                                   .parameters = PARAMETERS_DEFAULT,
                                   .stream = &buffer.stream,
                                   .progress = &progress};
    order.parameters.type = TYPE_IMAGE;
    progress = (struct transfer_progress){0};
    return order;
}

static inline enum fault fetch(void)
{
    const struct user_dtp_order order = order_of("RETR", TEXT("f"));
    (void)buffer_stream_init(&buffer, TEXT(""));
    return user_dtp_transfer(dtp, &order);
}

static inline enum fault send_bytes(const char *content)
{
    struct user_dtp_order order = order_of("STOR", TEXT("f"));
    order.direction = USER_DTP_SEND;
    (void)buffer_stream_init(&buffer, text_of(content));
    return user_dtp_transfer(dtp, &order);
}

/* Nothing of an earlier reply is taken for this one's. */
static inline void assert_in_step(void)
{
    assert_fault(user_pi_command(pi, "NOOP", TEXT_NONE), FAULT_NONE);
    assert_int_equal(user_pi_code(pi), 200);
    assert_text(user_pi_text(pi), "in step");
}

#define IN_STEP ">NOOP\n<200 in step\n"
#define DATA "=accept\n<150 here\n=bytes data\n=end\n"

#endif
