/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user_pi: the user's protocol interpreter (RFC 959 2.3): one control
 * connection. Send a command, wait for its reply; linear and blocking, with a
 * deadline on every wait. What the server says is hostile until proven.
 */
#ifndef FERRY_CLIENT_USER_PI_H
#define FERRY_CLIENT_USER_PI_H

#include <stdbool.h>

#include "base/endpoint.h"
#include "base/fault.h"
#include "base/text.h"
#include "protocol/line.h"
#include "protocol/reply.h"

enum { USER_PI_TEXT_SIZE = LINE_MAX_BYTES };

struct user_pi {
    int fd; /* owned; -1: closed */
    union endpoint local;
    union endpoint peer;
    struct line line;
    char line_bytes[LINE_MAX_BYTES];
    char input[4096];
    size_t input_at;
    size_t input_len;
    unsigned code;                /* of the last reply; 0: none to the last command yet */
    char text[USER_PI_TEXT_SIZE]; /* of its last line, NUL-terminated */
    bool verbose;                 /* show the dialogue on standard error */
};

/*
 * Connects and waits for the greeting. FAULT_NOT_FOUND (no such host),
 * FAULT_CONNECTION_LOST, FAULT_TIMED_OUT, FAULT_BUSY (the server said 4xx).
 */
enum fault user_pi_open(struct user_pi *pi, const char *host, uint16_t port);
void user_pi_close(struct user_pi *pi);

/*
 * Sends "verb argument". An argument with CR or LF is FAULT_NAME_INVALID: it
 * would be another command.
 */
enum fault user_pi_send(struct user_pi *pi, const char *verb, const char *argument);
/* Waits for the next reply, preliminary (1xx) or not. Its code and text are in `pi`. */
enum fault user_pi_reply(struct user_pi *pi);
/* Waits for the next reply that is not preliminary. */
enum fault user_pi_final_reply(struct user_pi *pi);
/* user_pi_send and user_pi_final_reply. */
enum fault user_pi_command(struct user_pi *pi, const char *verb, const char *argument);

/*
 * What the last reply means as the end of a command: FAULT_NONE for 2xx, else
 * the nearest fault. A 3xx where no command of ours continues is one, too.
 */
enum fault user_pi_fault(const struct user_pi *pi);

/* USER, PASS. FAULT_LOGIN_REFUSED, FAULT_ACCOUNT_NEEDED. */
enum fault user_pi_login(struct user_pi *pi, const char *user, const char *password);

#endif
