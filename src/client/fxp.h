/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fxp: a file from one server to another (RFC 959 2.3, figure 2): one listens,
 * the other connects to it, and the bytes do not come here. Where a server
 * refuses that, or data connections are private and neither can be TLS's client,
 * they are carried through here.
 */
#ifndef FERRY_CLIENT_FXP_H
#define FERRY_CLIENT_FXP_H

#include "client/carry.h"

enum fxp_way { FXP_AUTO, FXP_DIRECT, FXP_THROUGH_HERE };

struct fxp_end {
    struct remote *remote; /* borrowed, as all below */
    const char *path;
};

struct fxp_outcome {
    bool is_direct;               /* nothing went through here */
    uint64_t size;                /* of the source; UINT64_MAX: nobody knows */
    bool was_checked;             /* the sizes, of both */
    bool differs;                 /* the fault is that of a check: the size is not the source's */
    const struct fxp_end *failed; /* borrowed: whose the fault is, and its reason */
};

/*
 * With the same parameters at both ends; of the rules they and `check` count, the size, whatever
 * more it says, and which facts are kept. `progress` counts what goes through here. FAULT_IO with
 * outcome->differs: what arrived is not what the source has: through here its end was not told to
 * the receiver, from one to the other it is there.
 */
enum fault fxp_copy(const struct fxp_end *from, const struct fxp_end *to, enum fxp_way way,
                    const struct carry_rules *rules, struct transfer_progress *progress,
                    struct fxp_outcome *ret_outcome);

#endif
