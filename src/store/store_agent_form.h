/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_agent_form: what store_agent (in the server) and store_agent_serve (in
 * the user's process) say to each other. Internal to store_agent*.
 *
 * A connection is one object of store.h: a door, a store, an upload or a
 * directory; it ends with it, so that there are no handles to be guessed or
 * forgotten. A request that makes an object brings along the connection that
 * the object is to have. A request is its number and its arguments; an answer
 * the fault, and after FAULT_NONE the results, each in the order of store.h.
 */
#ifndef FERRY_STORE_STORE_AGENT_FORM_H
#define FERRY_STORE_STORE_AGENT_FORM_H

#include "base/message.h"
#include "store/store.h"

enum agent_request {
    /* to a store; each begins with whether its straight view is meant */
    AGENT_STAT,
    AGENT_REAL_PATH,
    AGENT_OPEN_READ,
    AGENT_OPEN_ANNEX,
    AGENT_OPEN_UPLOAD,
    AGENT_OPEN_DIRECTORY,
    AGENT_REMOVE,
    AGENT_REMOVE_DIRECTORY,
    AGENT_MAKE_DIRECTORY,
    AGENT_RENAME,
    AGENT_CHANGE,
    AGENT_MAKE_LINK,
    AGENT_SPACE,
    /* to an upload; each but WRITE begins with how far the server wrote by itself */
    AGENT_UPLOAD_WRITE,
    AGENT_UPLOAD_SEEK,
    AGENT_UPLOAD_PUBLISH,
    AGENT_UPLOAD_ABANDON,
    AGENT_UPLOAD_KEEP,
    AGENT_UPLOAD_ANNEX,
    AGENT_UPLOAD_SET_SIZE,
    AGENT_UPLOAD_CHANGE,
    /* to a directory */
    AGENT_DIRECTORY_NEXT,
    AGENT_DIRECTORY_INFO,
    AGENT_DIRECTORY_LINK,
    AGENT_DIRECTORY_OPEN_BELOW,
    AGENT_DIRECTORY_REMOVE_BELOW,
    AGENT_REQUEST_COUNT
};

enum {
    /* More than PATH_MAX: that a path is too long is the file system's to say. */
    AGENT_PATH_SIZE = 16 * 1024,
    AGENT_NAME_SIZE = 256, /* NAME_MAX and its NUL */
    AGENT_SOURCES_MAX = 2048,
    /* Bytes of one AGENT_UPLOAD_WRITE or _ANNEX. */
    AGENT_BYTES_MAX = MESSAGE_SIZE - 256,
    /* Entries of one AGENT_DIRECTORY_NEXT: with their names and all about them they fit. */
    AGENT_ENTRIES_MAX = 128,
};

/* What is to be told of each entry besides its name and kind. */
enum agent_detail { AGENT_NAMES, AGENT_INFO, AGENT_INFO_AND_CREATED, AGENT_DETAIL_COUNT };

void agent_put_info(struct message *message, const struct store_info *info);
void agent_take_info(struct message *message, struct store_info *ret_info);

void agent_put_changes(struct message *message, const struct store_changes *changes);
void agent_take_changes(struct message *message, struct store_changes *ret_changes);

/* Of its sources only what tells files apart. */
void agent_put_upload_request(struct message *message, const struct store_upload_request *request);
/* The sources go to `sources`, of AGENT_SOURCES_MAX. */
void agent_take_upload_request(struct message *message, struct store_info *sources,
                               struct store_upload_request *ret_request);

void agent_put_kept(struct message *message, const struct store_kept *kept);
void agent_take_kept(struct message *message, struct store_kept *ret_kept);

void agent_put_time(struct message *message, const struct store_time *time);
struct store_time agent_take_time(struct message *message);

#endif
