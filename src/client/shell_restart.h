/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shell_restart: transfers that begin in the middle because somebody said where
 * (RFC 959 3.5 and 4.1.3, REST), and the markers that say where they could.
 */
#ifndef FERRY_CLIENT_SHELL_RESTART_H
#define FERRY_CLIENT_SHELL_RESTART_H

#include <stdbool.h>

#include "protocol/marker.h"

struct shell;

/* All zero: nothing is known, nothing is wanted. */
struct shell_restart {
    char wanted[MARKER_MAX + 1]; /* of the next transfer; "": it begins at the beginning */
    char theirs[MARKER_MAX + 1]; /* the last pair that was heard: the server's marker, */
    char ours[MARKER_MAX + 1];   /* and what it means here; "": none was, of what has not ended */
};

#endif
