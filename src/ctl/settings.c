/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/settings.h"

#include "base/memory.h"
#include "ctl/reach.h"
#include "server/backends.h"
#include "server/config_json.h"

static struct config *load(const char *file, char message[CONFIG_MESSAGE_SIZE])
{
    char *argv[] = {(char *)"ferryd", (char *)"--config", (char *)file, NULL};
    struct config_request request;
    return config_load(3, argv, &request, message);
}

bool settings_check(const char *file)
{
    char message[CONFIG_MESSAGE_SIZE] = "out of memory";
    struct backends *backends = backends_new();
    struct config *config = backends ? load(file, message) : NULL;
    bool right = config && backends_open_desk(backends, NULL, message) &&
                 backends_build_realms(backends, config, message);
    config_unref(config);
    backends_free(backends);
    return right || reach_fail("config", message, 0);
}

json_t *settings_load(const char *file)
{
    char message[CONFIG_MESSAGE_SIZE] = "out of memory";
    struct config *config = load(file, message);
    json_t *settings = config ? config_describe(config) : NULL;
    config_unref(config);
    if (!settings)
        (void)reach_fail("config", message, 0);
    return settings;
}

bool settings_audit_file(const struct call *call, char **ret_file)
{
    const char *file = call_option(call, "config");
    if (!file)
        return true;
    json_t *settings = settings_load(file);
    const char *audit = json_string_value(json_object_get(settings, "audit"));
    if (audit)
        *ret_file = memory_copy(audit, strlen(audit));
    json_decref(settings);
    return settings != NULL;
}
