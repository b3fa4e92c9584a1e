/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fxp: a file from one server to another (RFC 959 2.3, figure 2): one listens,
 * the other connects to it, and the bytes do not come here. Where a server
 * refuses that, or data connections are private and neither can be TLS's client,
 * they are carried through here.
 */
#ifndef FERRY_CLIENT_FXP_H
#define FERRY_CLIENT_FXP_H

#include "client/remote_files.h"

enum fxp_way { FXP_AUTO, FXP_DIRECT, FXP_THROUGH_HERE };

struct fxp_end {
    struct remote *remote; /* borrowed, as all below */
    const char *path;
};

/*
 * With the same parameters at both ends. `progress` counts what goes through here; *ret_direct
 * tells whether nothing did. A fault's reason is that of the end it is of, *ret_failed.
 */
enum fault fxp_copy(const struct fxp_end *from, const struct fxp_end *to, enum fxp_way way,
                    const struct parameters *parameters, struct transfer_progress *progress,
                    bool *ret_direct, const struct fxp_end **ret_failed);

#endif
