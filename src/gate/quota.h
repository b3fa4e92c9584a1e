/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quota: what an upload and a download are held to by the limits of their login;
 * between the files of the gate. An upload's bytes go through it on their way to
 * the store, where somebody limits them or counts the tree.
 */
#ifndef FERRY_GATE_QUOTA_H
#define FERRY_GATE_QUOTA_H

#include "gate/gate.h"
#include "gate/ledger.h"

struct quota;

/* What is there already. */
struct quota_target {
    bool exists;
    uint64_t size;
};

/* Does anybody limit what goes into a tree of the login, or count it? */
bool quota_is_needed(const struct caller *caller, const struct tree *where);
/*
 * Into a tree of the login. *ret_quota is NULL when none is needed. Fills in the
 * request's claim.
 */
enum fault quota_new(const struct caller *caller, const struct tree *where,
                     const struct quota_target *target, struct store_upload_request *request,
                     struct quota **ret_quota);
/*
 * The upload is open: *ret_stream is to be written to instead of its stream (borrowed:
 * outlives it). FAULT_TOO_LARGE when not even what it has already may be added.
 */
enum fault quota_begin(struct quota *quota, struct stream *upload, struct stream **ret_stream);
/*
 * It is to be kept beside what it replaces, so it needs room of its own now;
 * FAULT_UNSUPPORTED when there is none.
 */
enum fault quota_keep(struct quota *quota);
/* So much more of an annex, or the file is to be so long. */
enum fault quota_add_annex(struct quota *quota, uint64_t bytes);
enum fault quota_set_size(struct quota *quota, uint64_t size);
/* Of the limit that refused last, or NULL; as long as the login. */
const char *quota_rule(const struct quota *quota);
/*
 * The upload has ended: what is still reserved is free again. `counts`: for the
 * user's ratio, by what was written. Accepts NULL.
 */
void quota_end(struct quota *quota, bool counts);

/* The least that all quotas of a tree leave of so much room. */
uint64_t quota_room(const struct caller *caller, const struct tree *where, uint64_t free_bytes);

/*
 * A download of so many bytes by the ratio of the login. FAULT_DENIED; appends the rule then.
 * What was not sent is given back.
 */
enum fault quota_take_download(const struct caller *caller, uint64_t bytes, struct builder *rule);
void quota_return_download(const struct caller *caller, uint64_t bytes);

#endif
