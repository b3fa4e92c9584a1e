/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret: a password from who administers: asked for on a terminal, twice and
 * without showing it, or the first line of a pipe.
 */
#ifndef FERRY_CTL_SECRET_H
#define FERRY_CTL_SECRET_H

#include <stdbool.h>

enum { SECRET_SIZE = 1024 };

/* False: there is none, it is too long, or the two are not the same (`ret_why`, static). */
bool secret_read(bool twice, char secret[SECRET_SIZE], const char **ret_why);

#endif
