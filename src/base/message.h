/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message: numbers and texts in one bounded packet, and a descriptor that goes
 * along: how ferryd's processes speak with each other over SOCK_SEQPACKET.
 *
 * Neither end believes the other: what is taken out is checked here, against
 * limits that the caller names, and nothing in a message is a pointer or a
 * length of memory. As with `struct builder`, what does not fit or is not there
 * sets `is_wrong`, to be looked at once at the end.
 *
 * One thread at a time for each message and for the reading end of a socket.
 */
#ifndef FERRY_BASE_MESSAGE_H
#define FERRY_BASE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/text.h"

enum {
    MESSAGE_SIZE = 64 * 1024,
    MESSAGE_WAIT_FOREVER = -1,
};

struct message {
    size_t len;
    size_t at;     /* how far it was taken out */
    bool is_wrong; /* something did not fit, was not there, or was beyond its limit */
    int fd;        /* owned: the descriptor that goes along; -1: none */
    char bytes[MESSAGE_SIZE];
};

/* An empty message in new memory, or NULL. */
struct message *message_new(void);
/* Wipes it. Accepts NULL. */
void message_free(struct message *message);

/* Empties it, whatever was in it, and closes its descriptor. */
void message_begin(struct message *message);
/* Likewise, of one that held a secret. */
void message_wipe(struct message *message);

void message_put_number(struct message *message, uint64_t number);
void message_put_text(struct message *message, struct text text);
/* The descriptor becomes the message's. */
void message_put_fd(struct message *message, int fd);

/* 0 and is_wrong when it is not there or larger than `max`. */
uint64_t message_take_number(struct message *message, uint64_t max);
bool message_take_flag(struct message *message);
/* At most `max` bytes, any bytes; inside the message. */
struct text message_take_text(struct message *message, size_t max);
/* A text without NUL, shorter than `size`, with a NUL behind it; "" when it is wrong. */
const char *message_take_string(struct message *message, size_t size);
/* The caller's from now on; -1 and is_wrong when there is none. */
int message_take_fd(struct message *message);

/* All of it was taken out, and all was right. */
bool message_is_read(const struct message *message);

/* Both ends of a new connection, close-on-exec. */
enum fault message_connect(int ret_ends[2]);
/* Sends it; its descriptor is closed here whatever comes of it. FAULT_CONNECTION_LOST. */
enum fault message_send(int socket, struct message *message);
/*
 * The next one. FAULT_CONNECTION_LOST at the end, FAULT_TIMED_OUT after
 * `wait_ms`, FAULT_MALFORMED when it was too long or had more than one
 * descriptor.
 */
enum fault message_receive(int socket, int wait_ms, struct message *message);

#endif
