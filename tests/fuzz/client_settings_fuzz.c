/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/settings: what is taken is within its limits and means the same when it is written and
 * set again; what is not changes nothing and is one line. Any bytes as ferry.conf, too.
 */
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/settings.h"
#include "tests/fuzz/fuzz.h"

static void check_message(const char *message)
{
    size_t len = strnlen(message, SETTINGS_MESSAGE_SIZE);
    PROMISE(len && len < SETTINGS_MESSAGE_SIZE);
    for (size_t i = 0; i < len; i++)
        PROMISE((unsigned char)message[i] >= ' ' && message[i] != 0x7F);
}

static void check_number(const struct settings *settings, const struct setting *s)
{
    if (s->kind != SETTING_NUMBER && s->kind != SETTING_SIZE)
        return;
    uint64_t number = *(const uint64_t *)((const char *)settings + s->offset);
    PROMISE(number >= s->min && number <= s->max);
}

static void check_again(const struct settings *settings, const struct setting *s)
{
    static char bytes[SETTINGS_TEXT_SIZE];
    static char bytes_again[SETTINGS_TEXT_SIZE];
    char message[SETTINGS_MESSAGE_SIZE];
    struct settings again;
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct builder b_again = builder_on(bytes_again, sizeof(bytes_again));
    settings_init(&again);
    check_number(settings, s);
    PROMISE(settings_put(settings, text_of(s->name), &b) && !b.full);
    PROMISE(settings_set(&again, text_of(s->name), builder_text(&b), message));
    PROMISE(settings_put(&again, text_of(s->name), &b_again));
    PROMISE(text_equal(builder_text(&b), builder_text(&b_again)));
}

static void set_one(const struct setting *s, struct text value)
{
    char message[SETTINGS_MESSAGE_SIZE] = "";
    struct settings settings;
    struct settings before;
    settings_init(&settings);
    before = settings;
    if (settings_set(&settings, text_of(s->name), value, message)) {
        check_again(&settings, s);
    } else {
        check_message(message);
        PROMISE(memcmp(&settings, &before, sizeof(before)) == 0);
    }
}

static void read_file(const uint8_t *data, size_t size)
{
    char message[SETTINGS_MESSAGE_SIZE] = "";
    char path[32];
    struct settings settings;
    settings_init(&settings);
    int fd = memfd_create("settings", MFD_CLOEXEC);
    PROMISE(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    PROMISE(fchmod(fd, 0600) == 0);
    if (settings_read_file(&settings, path, message))
        for (const struct setting *s = settings_rows; s->name; s++)
            check_again(&settings, s);
    else
        PROMISE(message[0] && strnlen(message, sizeof(message)) < sizeof(message));
    close(fd);
}

/* The first byte chooses the setting; beyond their number, the rest is a file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t count = 0;
    while (settings_rows[count].name)
        count++;
    if (size && data[0] < count)
        set_one(&settings_rows[data[0]], (struct text){(const char *)data + 1, size - 1});
    else if (size)
        read_file(data + 1, size - 1);
    return 0;
}
