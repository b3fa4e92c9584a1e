/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings: ferryd's, from the file that --config names, as ferryd reads them.
 */
#ifndef FERRY_CTL_SETTINGS_H
#define FERRY_CTL_SETTINGS_H

#include "ctl/command.h"

#define SETTINGS_FILE "/etc/ferry/ferryd.conf"

/* As ferryd --check-config: directories are looked at, too. False: said on standard error. */
bool settings_check(const char *file);
/* An object, or NULL: said on standard error. */
json_t *settings_load(const char *file);
/* Of the audit in --config's file; NULL where there is none. False: said on standard error. */
bool settings_audit_file(const struct call *call, char **ret_file);

#endif
