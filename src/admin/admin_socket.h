/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin_socket: admin over a UNIX socket: one line of JSON a request, one line
 * an answer, as many as the client likes. One thread serves several clients; one
 * that sends or takes nothing for a time is let go, one that is slow holds
 * nobody up. Commands themselves run one after another.
 *
 * Whoever may open the file (mode 0600) and is root or who runs us may do
 * everything.
 */
#ifndef FERRY_ADMIN_ADMIN_SOCKET_H
#define FERRY_ADMIN_ADMIN_SOCKET_H

#include "admin/admin.h"

enum {
    ADMIN_REQUEST_MAX = 16 * 1024 * 1024, /* bytes of a line: accounts to import are one field */
    ADMIN_CLIENTS_MAX = 16,
    ADMIN_PATIENCE_S = 60, /* without a byte in the middle of a line */
    ADMIN_IDLE_S = 600,    /* between two requests */
    ADMIN_MESSAGE_SIZE = 256,
};

struct admin_socket;

/*
 * Listens at `path`; a file left there by a server that is gone is replaced.
 * False with a message: somebody answers there, or it cannot be made. `admin` is
 * borrowed: as long as the socket.
 */
bool admin_socket_open(const char *path, const struct admin *admin,
                       struct admin_socket **ret_socket, char message[ADMIN_MESSAGE_SIZE]);
/* Ends the thread and removes the file. Accepts NULL. */
void admin_socket_close(struct admin_socket *socket);

/* ---- The other end ------------------------------------------------------------------------ */

/*
 * One request and its answer (a new reference). FAULT_NOT_FOUND: nobody listens
 * there; FAULT_DENIED; FAULT_CONNECTION_LOST; FAULT_MALFORMED: that was no answer.
 */
enum fault admin_call(const char *path, const json_t *request, json_t **ret_answer);

#endif
