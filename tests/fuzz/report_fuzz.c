/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/report: whatever a server said, people get one line that no terminal obeys, and programs
 * one line of ASCII, in which a text is what it was.
 */
#include "client/report.h"

#include <jansson.h>

#include "client/report_json.h"

#include "tests/fuzz/fuzz.h"

static bool is_utf8(struct text text)
{
    while (text.len) {
        size_t len = text_utf8_len(text);
        if (!len)
            return false;
        text = text_after(text, len);
    }
    return true;
}

static void check_line(struct text line)
{
    PROMISE(line.len && text_find(line, '\n') == line.len - 1 && is_utf8(line));
    line.len--;
    for (size_t i = 0; i < line.len; i++)
        PROMISE((unsigned char)line.at[i] >= ' ' && line.at[i] != 0x7F);
}

static void check_event(struct text line, struct text said)
{
    check_line(line);
    json_t *event = json_loadb(line.at, line.len, JSON_ALLOW_NUL, NULL);
    PROMISE(event && json_string_length(json_object_get(event, "event")));
    for (size_t i = 0; i < line.len; i++)
        PROMISE((unsigned char)line.at[i] < 0x80);
    json_t *what = json_object_get(event, "what");
    json_t *hex = json_object_get(event, "what_hex");
    PROMISE(is_utf8(said) == !hex);
    if (hex)
        PROMISE(said.len > JSON_TEXT_MAX || json_string_length(hex) == 2 * said.len);
    else
        PROMISE(text_equal((struct text){json_string_value(what), json_string_length(what)}, said));
    json_decref(event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *written = NULL;
    size_t len = 0;
    if (!size)
        return 0;
    struct text said = {(const char *)data + 1, size - 1};
    const struct report_problem problem = {said, data[0] * 4U, said, FAULT_DENIED,
                                           EXIT_STATUS_REFUSED};
    FILE *file = open_memstream(&written, &len);
    PROMISE(file);
    struct report report = {file, file, file, NULL, data[0] % 2 != 0, 1, false};
    report_error(&report, &problem);
    PROMISE(!report.is_lost && fclose(file) == 0);
    if (report.is_json)
        check_event((struct text){written, len}, said);
    else
        check_line((struct text){written, len});
    free(written);
    return 0;
}
