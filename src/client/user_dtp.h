/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user_dtp: the user's end of transfers (RFC 959 2.3 and 5): agrees on a data
 * port, opens the data connection, lets dtp/transfer move the bytes, hears how
 * it ended. What did not work with this server is not tried again before what took its place
 * has failed, too.
 *
 * The data connection goes to the host of the control connection, whatever address a 227
 * names, and nobody else's is accepted, unless the settings say otherwise: a
 * server cannot send us elsewhere (RFC 2577 3).
 *
 * One thread at a time; user_dtp_cancel from any.
 */
#ifndef FERRY_CLIENT_USER_DTP_H
#define FERRY_CLIENT_USER_DTP_H

#include "base/stream.h"
#include "client/user_pi.h"
#include "client/way.h"
#include "dtp/data_port.h"
#include "dtp/transfer.h"
#include "net/tls_client.h"
#include "protocol/marker.h"
#include "protocol/parameters.h"

enum user_dtp_side {
    USER_DTP_AUTO,    /* EPSV, else PASV, else a port of ours */
    USER_DTP_PASSIVE, /* EPSV, else PASV */
    USER_DTP_PASV,    /* PASV alone, for what is between us that knows no EPSV */
    USER_DTP_ACTIVE,  /* EPRT, else PORT */
    USER_DTP_PORT,    /* PORT alone */
    USER_DTP_DEFAULT, /* sendport off: the server connects to our control port (RFC 959 3.2) */
};

struct user_dtp_settings {
    enum user_dtp_side side;
    struct way way;          /* a proxy lets us connect, and nobody to us: passive alone */
    const char *host;        /* borrowed: the server, as the proxy is to look it up */
    bool trusts_address;     /* the one of a 227 is connected to, whosever it is */
    struct port_range ports; /* of ours, for active ways; first 0: any */
    unsigned connect_seconds;
    unsigned stall_seconds;            /* longest time without a byte moved */
    int deflate_level;                 /* MODE Z */
    const struct code_page *code_page; /* borrowed: of TYPE E; NULL: that is FAULT_UNSUPPORTED */
    const struct throttles *down;      /* borrowed: of what is fetched; NULL: as fast as it goes */
    const struct throttles *up;        /* borrowed: likewise of what is sent */
};

enum user_dtp_direction { USER_DTP_FETCH, USER_DTP_SEND };

/* One transfer. */
struct user_dtp_order {
    enum user_dtp_direction direction;
    const char *verb;     /* borrowed, as all below: RETR, STOR, LIST, ... */
    struct text argument; /* at NULL: none */
    struct text restart;  /* REST's argument: a number of bytes or a marker; empty: none */
    struct text range;    /* RANG's, where the server has it: first and last byte; empty: none */
    struct parameters parameters; /* what TYPE, STRU, MODE and PROT last set */
    /*
     * Fetching a listing: 2xx with nothing on a data connection is an empty one, and then that is
     * set here. NULL: it is no listing, and that a fault.
     */
    bool *ret_is_alleged;           /* borrowed: the caller's */
    bool keeps_line_ends;           /* TYPE A as it comes, against RFC 959 3.1.1.1: BSD's cr off */
    struct stream *stream;          /* at its place, after `restart` too */
    struct transfer_keeper *keeper; /* of what is fetched; NULL: its bytes alone */
    uint64_t marker_interval;       /* bytes between restart markers that are sent; 0: none */
    struct marker_position from;    /* sending: where the stream is, */
    struct marker_position first;   /* and where what is sent begins, as `restart` tells it */
    struct transfer_progress *progress; /* read by others while it goes on */
    /* A 110: the receiver's marker for the sender's (RFC 959 3.5). NULL: nobody listens. */
    void (*on_marker)(void *owner, struct text ours, struct text theirs);
    void *owner;
    /*
     * The data connection stands, and bytes are about to move: what the server says from now on is
     * about them. `words` are those of its 1yz; empty: it said none. NULL: nobody listens.
     */
    void (*on_beginning)(void *owner, struct text words);
    void *beginning_owner;
};

struct user_dtp;

/* What data connections under TLS are made by (PROT P). */
struct user_dtp_security {
    struct tls_client *client;              /* borrowed, as all below: outlive the transfers */
    const struct tls_client_handshake *how; /* whose `is_data` is set */
};

/* All borrowed: they outlive it. FAULT_NO_MEMORY. */
enum fault user_dtp_new(struct user_pi *pi, const struct user_dtp_settings *settings,
                        struct user_dtp **ret_dtp);
/* Closes the data connection that MODE B and C left open. Accepts NULL. */
void user_dtp_free(struct user_dtp *dtp);

/* For orders whose parameters say PROTECTION_PRIVATE. Borrowed; NULL: there are none. */
void user_dtp_set_security(struct user_dtp *dtp, const struct user_dtp_security *security);

/*
 * FAULT_NONE only when the stream had its end and the server said 2xx. Else:
 * what the server's refusal means (user_pi_fault); FAULT_NO_DATA_CONNECTION;
 * FAULT_CONNECTION_LOST or _TIMED_OUT of the data connection or, with
 * *ret_moved all the same what was moved, of the control connection behind it;
 * FAULT_CANCELLED, after ABOR; a fault of the stream itself, after which
 * user_pi_code is 0: it is not the server's. What was moved may be no whole file.
 */
enum fault user_dtp_transfer(struct user_dtp *dtp, const struct user_dtp_order *order);

/* Was the last one's FAULT_TIMED_OUT of the data? Else it was of a reply. */
bool user_dtp_has_stalled(const struct user_dtp *dtp);

/* Ends the transfer that goes on, if one does, with ABOR. Any thread. */
void user_dtp_cancel(struct user_dtp *dtp);

#endif
