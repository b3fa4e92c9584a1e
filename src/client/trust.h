/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trust: which certificates of servers are known although nobody vouches for
 * them: those that were accepted before, in ~/.config/ferry/known_servers, a
 * line each: "HOST:PORT sha256:HEX DATE" (an IPv6 address in brackets; empty
 * lines and those that begin with # are kept as they are); and those that the
 * command line names, which then are the only ones.
 *
 * Reading and writing lines is pure. A `struct trust` is one thread's, or
 * behind its owner's lock; other ferrys may change the file meanwhile.
 */
#ifndef FERRY_CLIENT_TRUST_H
#define FERRY_CLIENT_TRUST_H

#include <stdint.h>

#include "client/kept_lines.h"

enum {
    TRUST_PINS_MAX = 16,
    TRUST_HOST_MAX = 255, /* bytes; RFC 1035 2.3.4 */
};

/* SHA-256 of a certificate in DER. */
struct fingerprint {
    unsigned char bytes[32];
};

/* "sha256:" and 64 digits in either case, which colons may divide as openssl(1) writes them. */
bool fingerprint_parse(struct text text, struct fingerprint *ret_fingerprint);
/* "sha256:" and 64 small digits. */
void fingerprint_put(const struct fingerprint *fingerprint, struct builder *b);

struct trust_pins {
    struct fingerprint all[TRUST_PINS_MAX];
    size_t count;
};

/* Several with commas between; "" are none. */
bool trust_pins_parse(struct text text, struct trust_pins *ret_pins);

/* ---- Lines, pure ------------------------------------------------------------------ */

struct trust_entry {
    struct text host; /* without brackets */
    uint16_t port;
    struct fingerprint fingerprint;
    struct text since; /* "2026-11-21", for people; may be empty */
};

enum trust_line { TRUST_LINE_ENTRY, TRUST_LINE_NOTHING, TRUST_LINE_WRONG };

/* Of a line without its end; `ret_entry` borrows from it. */
enum trust_line trust_line_parse(struct text line, struct trust_entry *ret_entry);
/* As trust_line_parse reads it, without an end; FAULT_NAME_INVALID: a line cannot have this host.
 */
enum fault trust_line_put(const struct trust_entry *entry, struct builder *b);

/* ---- The file ----------------------------------------------------------------------- */

enum trust_verdict {
    TRUST_KNOWN,
    TRUST_UNKNOWN,    /* nothing is known of this host and port */
    TRUST_CHANGED,    /* it had another one */
    TRUST_NOT_PINNED, /* pins are given, and it is none of them */
};

struct trust {
    struct kept_lines servers;
    struct trust_pins pins;
};

/* kept_lines_open, for ~/.config/ferry/known_servers when `path` is NULL. */
enum fault trust_open(struct trust *trust, const char *path, const struct trust_pins *pins,
                      char message[KEPT_MESSAGE_SIZE]);
void trust_close(struct trust *trust);

/* Of the server that was asked for by this name, in any case, and port. */
enum trust_verdict trust_check(const struct trust *trust, struct text host, uint16_t port,
                               const struct fingerprint *fingerprint);

/* Is a certificate of it known, whichever? Pins do not count: they name no server. */
bool trust_knows(const struct trust *trust, struct text host, uint16_t port);

/*
 * Writes that this certificate is known from now on, and others that the host
 * and port had before are not. `now` is in seconds since 1970. Faults are those
 * of kept_lines_change, and FAULT_NAME_INVALID.
 */
enum fault trust_add(struct trust *trust, struct text host, uint16_t port,
                     const struct fingerprint *fingerprint, int64_t now,
                     char message[KEPT_MESSAGE_SIZE]);

#endif
