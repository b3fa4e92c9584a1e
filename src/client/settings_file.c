/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ferry.conf by libConfuse. Every setting is read as text and given to
 * settings_set like an option's, while the line is known that it stands on.
 */
#include <confuse.h>
#include <stdio.h>
#include <unistd.h>

#include "client/kept_file.h"
#include "client/settings.h"

/* libConfuse's callbacks have no room for a context of ours; one thread reads at a time. */
static struct reading {
    struct settings *settings; /* borrowed: settings_read_file's, as all below */
    const char *path;
    char *message;
} reading;

__attribute__((format(printf, 2, 0))) static void on_error(cfg_t *cfg, const char *format,
                                                           va_list arguments)
{
    char what[SETTINGS_MESSAGE_SIZE];
    (void)vsnprintf(what, sizeof(what), format, arguments);
    struct builder b = builder_on(reading.message, SETTINGS_MESSAGE_SIZE);
    builder_put_string(&b, reading.path);
    builder_put_byte(&b, ':');
    builder_put_number(&b, cfg && cfg->line > 0 ? (uint64_t)cfg->line : 0);
    builder_put(&b, TEXT(": "));
    struct text text = text_of(what);
    text.len = text_cut_utf8(text, b.size - b.len - 1);
    builder_put(&b, text);
    builder_end(&b);
}

static int on_value(cfg_t *cfg, cfg_opt_t *option)
{
    char message[SETTINGS_MESSAGE_SIZE];
    const char *value = cfg_opt_getstr(option);
    if (settings_set(reading.settings, text_of(cfg_opt_name(option)), text_of(value), message))
        return 0;
    cfg_error(cfg, "%s", message);
    return -1;
}

static bool parse(cfg_t *cfg, const char *bytes)
{
    cfg_set_error_function(cfg, on_error);
    for (const struct setting *s = settings_rows; s->name; s++)
        cfg_set_validate_func(cfg, s->name, on_value);
    return cfg_parse_buf(cfg, bytes) == CFG_SUCCESS;
}

/* "PATH: WHY"; always false, to be returned. */
static bool refuse(const char *path, const char *why, char message[SETTINGS_MESSAGE_SIZE])
{
    (void)snprintf(message, SETTINGS_MESSAGE_SIZE, "%.512s: %s", path, why);
    return false;
}

static bool read_bytes(struct settings *settings, const char *path, const char *bytes,
                       char message[SETTINGS_MESSAGE_SIZE])
{
    cfg_opt_t options[SETTINGS_MAX];
    size_t n = 0;
    for (const struct setting *s = settings_rows; s->name; s++) {
        cfg_opt_t option = CFG_STR(s->name, NULL, CFGF_NODEFAULT);
        options[n++] = option;
    }
    cfg_opt_t end = CFG_END();
    options[n] = end;
    cfg_t *cfg = cfg_init(options, CFGF_NONE);
    if (!cfg)
        return refuse(path, fault_text(FAULT_NO_MEMORY), message);
    (void)refuse(path, fault_text(FAULT_NO_MEMORY), message); /* said unless something else is */
    reading = (struct reading){settings, path, message};
    bool fine = parse(cfg, bytes);
    reading = (struct reading){NULL, NULL, NULL};
    cfg_free(cfg);
    return fine;
}

static bool read_kept(struct settings *settings, const char *path, const struct kept_file *file,
                      char message[SETTINGS_MESSAGE_SIZE])
{
    struct settings wanted = *settings;
    if (!file->is_trusted)
        return refuse(path, "it is not yours, or others can write it: chmod go-w", message);
    if (text_find(kept_file_text(file), '\0') != file->len)
        return refuse(path, "it holds a NUL", message);
    if (!read_bytes(&wanted, path, file->bytes, message))
        return false;
    *settings = wanted;
    return true;
}

bool settings_read_file(struct settings *settings, const char *path,
                        char message[SETTINGS_MESSAGE_SIZE])
{
    struct kept_file file;
    enum fault f = kept_file_read(path, &file);
    if (f)
        return refuse(path, fault_text(f), message);
    bool fine = read_kept(settings, path, &file, message);
    kept_file_done(&file);
    return fine;
}

bool settings_load(struct settings *settings, char message[SETTINGS_MESSAGE_SIZE])
{
    char path[KEPT_PATH_SIZE];
    settings_init(settings);
    if (kept_file_path("ferry.conf", path) || access(path, F_OK))
        return true;
    return settings_read_file(settings, path, message);
}
