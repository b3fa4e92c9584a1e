/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote_files: what a person wants of a server's files and directories, but
 * for their bytes. Each in the way that the server has: MLSD or LIST, MLST or
 * SIZE and MDTM, MFMT or MDTM or SITE UTIME, HASH or XCRC and its kin.
 *
 * Paths go to the server as they are. Faults are remote_command's; why is in
 * remote_reason. FAULT_UNSUPPORTED: the server has no way.
 */
#ifndef FERRY_CLIENT_REMOTE_FILES_H
#define FERRY_CLIENT_REMOTE_FILES_H

#include "client/entry.h"
#include "client/remote.h"
#include "codec/digest.h"

/*
 * "" is the working directory. Into an empty list, without "." and "..", unsorted. Asked again,
 * once, over a new connection when the old one turns out to be gone, and behind a 425.
 */
enum fault remote_list(struct remote *remote, const char *path, struct entries *ret_entries);
/* What LIST or NLST (`verb`) says, line by line as it comes, for people. `argument` may be
 * TEXT_NONE. */
enum fault remote_list_lines(struct remote *remote, const char *verb, struct text argument,
                             struct stream *stream);

/*
 * What is known of one name. Its name and target stay NULL. FAULT_NOT_FOUND also when the server
 * has no way to tell of names but a listing, and that does not have it.
 */
enum fault remote_look(struct remote *remote, const char *path, struct entry *ret_entry);
/*
 * Likewise of what is a file, if it is there: its size is what counts, and no directory is listed
 * for it where SIZE is known.
 */
enum fault remote_look_at_file(struct remote *remote, const char *path, struct entry *ret_entry);

/*
 * Of a link: what it leads to, as far as SIZE and MDTM tell: a file, or it stays a link. A fault is
 * one of the way.
 */
enum fault remote_follow(struct remote *remote, const char *path, struct entry *entry);
/* MDTM, where it says more exactly what the entry has already; likewise. */
enum fault remote_ask_time(struct remote *remote, const char *path, struct entry *entry);

enum fault remote_make_directory(struct remote *remote, const char *path);
/* With all directories above it; FAULT_NONE too when it is there. */
enum fault remote_make_path(struct remote *remote, const char *path);
enum fault remote_remove(struct remote *remote, const char *path);
enum fault remote_remove_directory(struct remote *remote, const char *path);
enum fault remote_rename(struct remote *remote, const char *from, const char *to);
/*
 * Likewise in the place of a file that is there. Some replace nothing by RNTO (IIS): with them the
 * old file is called `aside` before, and gets its name back when the new one is refused it.
 * *ret_is_aside becomes true when the old one is called so still, or may be, because the
 * connection was lost: without a fault it is the caller's to remove. It never becomes false but
 * where the name was given back.
 */
enum fault remote_rename_over(struct remote *remote, const char *from, const char *to,
                              const char *aside, bool *ret_is_aside);
enum fault remote_set_mode(struct remote *remote, const char *path, unsigned mode);
/* `seconds` since 1970 UTC. */
enum fault remote_set_time(struct remote *remote, const char *path, int64_t seconds);

/*
 * The server's digest of a whole file, in the best kind that both know: letters of hex in
 * `ret_hex`.
 */
enum fault remote_digest(struct remote *remote, const char *path, enum digest_kind *ret_kind,
                         char ret_hex[DIGEST_HEX_SIZE]);

#endif
