/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfers: a transfer over a connection of its own, with a file in memory,
 * and the peer at the other end. For one test program; include it once.
 */
#ifndef FERRY_TESTS_TRANSFERS_H
#define FERRY_TESTS_TRANSFERS_H

#include "dtp/transfer.h"
#include "tests/unit/buffer_stream.h"
#include "tests/unit/peers.h"

static struct code_page page;
static struct buffer_stream file;

struct pair {
    struct channel channel;
    struct transfer_progress progress;
    struct transfer transfer;
    int other;
};

static inline void begin(struct pair *pair, const char *type, char structure, char mode)
{
    struct parameters *parameters = &pair->transfer.plan.parameters;
    pair->progress.bytes = 0;
    pair->transfer = (struct transfer){
        .channel = &pair->channel,
        .plan = {.parameters = PARAMETERS_DEFAULT, .code_page = &page, .deflate_level = 6},
        .progress = &pair->progress,
    };
    assert_int_equal(parameters_set_type(parameters, text_of(type)), PARAMETERS_OK);
    parameters->structure = structure;
    parameters->mode = mode;
}

static inline void open_pair(struct pair *pair, const char *type, char structure, char mode)
{
    int ours;
    memset(pair, 0, sizeof(*pair));
    peers_connect(&ours, &pair->other);
    channel_open(&pair->channel, ours, 5);
    begin(pair, type, structure, mode);
}

static inline void close_pair(struct pair *pair)
{
    channel_close(&pair->channel);
    close(pair->other);
}

static inline void assert_file(const char *expected)
{
    assert_text(buffer_stream_text(&file), expected);
}

/* What the peer has got by now. */
static inline struct text read_now(struct pair *pair, char *bytes, size_t size)
{
    ssize_t n = recv(pair->other, bytes, size, MSG_DONTWAIT);
    return (struct text){bytes, n > 0 ? (size_t)n : 0};
}

/* The peer sends this; then it ends the connection if it `ends`. */
static inline void give(struct pair *pair, struct text wire, bool ends)
{
    assert_int_equal(send(pair->other, wire.at, wire.len, 0), wire.len);
    if (ends)
        assert_int_equal(shutdown(pair->other, SHUT_WR), 0);
}

static inline enum fault receive(struct pair *pair)
{
    return transfer_receive(&pair->transfer, buffer_stream_init(&file, TEXT("")));
}

static inline enum fault send_file(struct pair *pair, struct text content)
{
    return transfer_send(&pair->transfer, buffer_stream_init(&file, content));
}

static inline int load_page(void **state)
{
    (void)state;
    return code_page_load("cp1047", &page);
}

#endif
