/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opener: who opens the files that the settings name: this process, or one
 * beside it that may read what the serving user may not.
 */
#ifndef FERRY_SERVER_OPENER_H
#define FERRY_SERVER_OPENER_H

struct opener {
    /*
     * A descriptor for reading, which is the caller's, or -1 and why not in
     * *ret_reason (static text). Does not wait for the other end of a pipe.
     */
    int (*open)(void *context, const char *path, const char **ret_reason);
    void *context; /* borrowed: as long as the opener */
};

/* This process by itself. */
extern const struct opener opener_self;

#endif
