/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_local_names: names that go and names that change, and with them what is
 * beside the files. A link is only ever itself here. Internal to store_local*.
 */
#ifndef FERRY_STORE_STORE_LOCAL_NAMES_H
#define FERRY_STORE_STORE_LOCAL_NAMES_H

#include "store/store.h"
#include "store/store_local_path.h"

/* Removes the name of a file or of an empty directory, not following it. */
enum fault local_remove_place(const struct local_place *place, bool is_directory,
                              struct store_watch *watch);
/*
 * Atomic; replaces a file that has the new name. The annex of a file goes with it.
 * FAULT_BUSY of a file that is being appended to: what counts it would not find it again.
 */
enum fault local_rename_place(const struct local_place *from, const struct local_place *to,
                              struct store_watch *watch);

#endif
