/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ferryd.conf by libConfuse. Every setting is read as text and given to
 * config_set like an option's, so a value means the same in both places.
 */
#include <confuse.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "server/config.h"
#include "server/opener.h"

enum { BLOCKS = 3, OPTIONS_MAX = SETTINGS_MAX + BLOCKS, KEY_SIZE = 32 };

/* libConfuse reports errors through a callback that has no room for a context of ours. */
static char *report; /* borrowed: config_read_file's message; one thread loads at a time */

__attribute__((format(printf, 2, 0))) static void on_error(cfg_t *cfg, const char *format,
                                                           va_list arguments)
{
    char what[256];
    (void)vsnprintf(what, sizeof(what), format, arguments);
    (void)config_complain(report, "%s:%d: %s", cfg && cfg->filename ? cfg->filename : "?",
                          cfg ? cfg->line : 0, what);
}

static bool is_in_file(const struct setting *setting)
{
    return setting->kind != SETTING_OPTION && setting->kind != SETTING_USER;
}

/* "idle-timeout" -> "idle_timeout" */
static void fill_key(const char *name, char key[KEY_SIZE])
{
    struct builder b = builder_on(key, KEY_SIZE);
    for (; *name; name++)
        builder_put_byte(&b, *name == '-' ? '_' : *name);
    builder_end(&b);
}

static void fill_options(cfg_opt_t options[OPTIONS_MAX], char keys[OPTIONS_MAX][KEY_SIZE],
                         cfg_opt_t *user, cfg_opt_t *folder, cfg_opt_t *host)
{
    size_t n = 0;
    for (const struct setting *s = config_settings; s->name; s++) {
        if (!is_in_file(s))
            continue;
        fill_key(s->name, keys[n]);
        cfg_opt_t single = CFG_STR(keys[n], NULL, CFGF_NODEFAULT);
        cfg_opt_t list = CFG_STR_LIST(keys[n], NULL, CFGF_NODEFAULT);
        options[n++] = setting_is_list(s) ? list : single;
    }
    cfg_opt_t users = CFG_SEC("user", user, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES);
    cfg_opt_t folders = CFG_SEC("folder", folder, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES);
    cfg_opt_t hosts = CFG_SEC("host", host, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES);
    cfg_opt_t end = CFG_END();
    options[n++] = users;
    options[n++] = folders;
    options[n++] = hosts;
    options[n] = end;
}

static bool read_settings(struct config *config, cfg_t *cfg, char message[CONFIG_MESSAGE_SIZE])
{
    for (const struct setting *s = config_settings; s->name; s++) {
        char key[KEY_SIZE];
        if (!is_in_file(s))
            continue;
        fill_key(s->name, key);
        for (unsigned i = 0; i < cfg_size(cfg, key); i++) {
            const char *value = cfg_getnstr(cfg, key, i);
            if (value && !config_set(config, s, text_of(value), message))
                return false;
        }
    }
    return true;
}

static bool copy_if_given(char **place, cfg_t *cfg, const char *key)
{
    const char *value = cfg_size(cfg, key) ? cfg_getstr(cfg, key) : NULL;
    return !value || config_copy_string(place, text_of(value));
}

static bool read_user(struct config_host *host, cfg_t *cfg, char message[CONFIG_MESSAGE_SIZE])
{
    struct config_user *user = config_grow((void **)&host->users, &host->user_count, sizeof(*user));
    if (!user || !config_copy_string(&user->name, text_of(cfg_title(cfg))) ||
        !copy_if_given(&user->password, cfg, "password") ||
        !copy_if_given(&user->root, cfg, "root") || !copy_if_given(&user->account, cfg, "account"))
        return config_complain(message, "out of memory");
    user->read_only = cfg_getbool(cfg, "read_only");
    if (!user->name[0])
        return config_complain(message, "user \"\": it has no name");
    if (!user->password)
        return config_complain(message, "user \"%s\": it has no password", user->name);
    return true;
}

static bool read_folder(struct config_host *host, cfg_t *cfg, char message[CONFIG_MESSAGE_SIZE])
{
    struct config_folder *folder = config_grow((void **)&host->folders, &host->folder_count,
                                               sizeof(*folder));
    if (!folder || !config_copy_string(&folder->name, text_of(cfg_title(cfg))) ||
        !copy_if_given(&folder->path, cfg, "path"))
        return config_complain(message, "out of memory");
    if (!folder->path)
        return config_complain(message, "folder \"%s\": it has no path", folder->name);
    return true;
}

static bool read_blocks(struct config_host *host, cfg_t *cfg, char message[CONFIG_MESSAGE_SIZE])
{
    for (unsigned i = 0; i < cfg_size(cfg, "user"); i++)
        if (!read_user(host, cfg_getnsec(cfg, "user", i), message))
            return false;
    for (unsigned i = 0; i < cfg_size(cfg, "folder"); i++)
        if (!read_folder(host, cfg_getnsec(cfg, "folder", i), message))
            return false;
    return true;
}

static bool read_host(struct config *config, cfg_t *cfg, char message[CONFIG_MESSAGE_SIZE])
{
    struct config_host *host = config_grow((void **)&config->hosts, &config->host_count,
                                           sizeof(*host));
    if (!host || !config_copy_string(&host->name, text_of(cfg_title(cfg))) ||
        !copy_if_given(&host->root, cfg, "root") ||
        !copy_if_given(&host->anonymous, cfg, "anonymous") ||
        !copy_if_given(&host->banner, cfg, "banner"))
        return config_complain(message, "out of memory");
    if (!host->name[0])
        return config_complain(message, "host \"\": it has no name");
    if (!host->root)
        return config_complain(message, "host \"%s\": it has no root", host->name);
    return read_blocks(host, cfg, message);
}

static bool read_all(struct config *config, cfg_t *cfg, char message[CONFIG_MESSAGE_SIZE])
{
    if (!read_settings(config, cfg, message) || !read_blocks(&config->hosts[0], cfg, message))
        return false;
    for (unsigned i = 0; i < cfg_size(cfg, "host"); i++)
        if (!read_host(config, cfg_getnsec(cfg, "host", i), message))
            return false;
    return true;
}

static bool parse(cfg_t *cfg, FILE *stream, const char *file, char message[CONFIG_MESSAGE_SIZE])
{
    /* libConfuse frees it; without one its messages would name no file. */
    cfg->filename = memory_copy(file, strlen(file));
    if (!cfg->filename)
        return config_complain(message, "out of memory");
    report = message;
    cfg_set_error_function(cfg, on_error);
    int result = cfg_parse_fp(cfg, stream);
    report = NULL;
    return result == CFG_SUCCESS;
}

/* A stream, or NULL with a message. */
static FILE *open_stream(const struct opener *opener, const char *file,
                         char message[CONFIG_MESSAGE_SIZE])
{
    struct stat info;
    const char *reason;
    int fd = opener->open(opener->context, file, &reason);
    if (fd < 0) {
        (void)config_complain(message, "%s: %s", file, reason);
        return NULL;
    }
    /* The scanner ends the program when it cannot read what it is given. */
    bool is_plain = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
    FILE *stream = is_plain ? fdopen(fd, "r") : NULL;
    if (stream)
        return stream;
    close(fd);
    (void)config_complain(message, is_plain ? "out of memory" : "%s: not a plain file", file);
    return NULL;
}

bool config_read_file(struct config *config, const struct opener *opener, const char *file,
                      char message[CONFIG_MESSAGE_SIZE])
{
    cfg_opt_t user[] = {
        CFG_STR("password", NULL, CFGF_NODEFAULT),
        CFG_STR("root", NULL, CFGF_NODEFAULT),
        CFG_STR("account", NULL, CFGF_NODEFAULT),
        CFG_BOOL("read_only", cfg_false, CFGF_NONE),
        CFG_END(),
    };
    cfg_opt_t folder[] = {CFG_STR("path", NULL, CFGF_NODEFAULT), CFG_END()};
    cfg_opt_t host[] = {
        CFG_STR("root", NULL, CFGF_NODEFAULT),
        CFG_STR("anonymous", NULL, CFGF_NODEFAULT),
        CFG_STR("banner", NULL, CFGF_NODEFAULT),
        CFG_SEC("user", user, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
        CFG_SEC("folder", folder, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
        CFG_END(),
    };
    cfg_opt_t options[OPTIONS_MAX];
    char keys[OPTIONS_MAX][KEY_SIZE];
    fill_options(options, keys, user, folder, host);
    FILE *stream = open_stream(opener, file, message);
    if (!stream)
        return false;
    cfg_t *cfg = cfg_init(options, CFGF_NONE);
    bool fine = cfg ? parse(cfg, stream, file, message) && read_all(config, cfg, message)
                    : config_complain(message, "out of memory");
    cfg_free(cfg);
    (void)fclose(stream);
    return fine;
}
