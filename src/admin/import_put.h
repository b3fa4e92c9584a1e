/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import_put: the command "user import": reads what another server left and
 * stores it, each record by itself, all that can be.
 */
#ifndef FERRY_ADMIN_IMPORT_PUT_H
#define FERRY_ADMIN_IMPORT_PUT_H

#include "admin/admin.h"

/*
 * Of the request: "format", "text", "passwd" (of shadow), "root" (users without
 * one get a directory of their name below it), "dry_run". The answer has "records":
 * {"kind", "name", "line", "result", "remark"} each, where the result is
 * "imported", "disabled", "refused" or "exists". A new reference; NULL when out of
 * memory.
 */
json_t *admin_import(const struct admin *admin, const json_t *request);

#endif
