/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/config_file: any bytes as ferryd.conf are settings within their limits, or one line that
 * says what is wrong.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "server/config.h"
#include "server/opener.h"
#include "tests/fuzz/fuzz.h"

static void check_value(const struct config *config, const struct setting *setting)
{
    const void *field = (const char *)config + setting->offset;
    const struct config_list *list = field;
    if (setting->kind == SETTING_NUMBER || setting->kind == SETTING_SIZE ||
        setting->kind == SETTING_OCTAL)
        PROMISE(*(const uint64_t *)field <= setting->max);
    if (setting_is_list(setting))
        PROMISE(!setting->max || list->count <= setting->max);
}

static void check_host(const struct config_host *host)
{
    for (size_t i = 0; i < host->user_count; i++)
        PROMISE(host->users[i].name && host->users[i].password);
    for (size_t i = 0; i < host->folder_count; i++)
        PROMISE(host->folders[i].name && host->folders[i].path);
}

static void check_settings(const struct config *config)
{
    PROMISE(config->host_count && !config->hosts[0].name);
    PROMISE(config->hosts[0].anonymous && config->hosts[0].banner);
    PROMISE(config->passive_ports.first <= config->passive_ports.last);
    for (const struct setting *s = config_settings; s->name; s++)
        check_value(config, s);
    for (size_t i = 0; i < config->host_count; i++)
        check_host(&config->hosts[i]);
}

static void check_message(const char *message)
{
    size_t len = strnlen(message, CONFIG_MESSAGE_SIZE);
    PROMISE(len && len < CONFIG_MESSAGE_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *argv[] = {(char *)"ferryd", (char *)"--root", (char *)"/"};
    char message[CONFIG_MESSAGE_SIZE] = "";
    char path[32];
    struct config_request request;
    struct config *config = config_load(3, argv, &request, message);
    int fd = memfd_create("settings", MFD_CLOEXEC);
    PROMISE(config && fd >= 0 && write(fd, data, size) == (ssize_t)size);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (config_read_file(config, &opener_self, path, message))
        check_settings(config);
    else
        check_message(message);
    close(fd);
    config_unref(config);
    return 0;
}
