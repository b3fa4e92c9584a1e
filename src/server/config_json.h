/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_json: the settings in force, for people and programs that ask
 * (`ferryctl config show`), whoever holds the configuration.
 */
#ifndef FERRY_SERVER_CONFIG_JSON_H
#define FERRY_SERVER_CONFIG_JSON_H

#include <jansson.h>

#include "server/config.h"

/*
 * An object: the name of each setting and its value as the file has it; null
 * when nothing is said. Of hosts the default one's; users and folders are left
 * out, and so are secrets. A new reference; NULL when out of memory.
 */
json_t *config_describe(const struct config *config);

#endif
