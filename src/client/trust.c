/* SPDX-License-Identifier: Apache-2.0 */
#include "client/trust.h"

#include <stdio.h>
#include <time.h>

#define SCHEME "sha256:"

/* ---- Fingerprints ------------------------------------------------------------------- */

bool fingerprint_parse(struct text text, struct fingerprint *ret_fingerprint)
{
    const struct text scheme = TEXT(SCHEME);
    struct fingerprint fingerprint;
    if (text.len < scheme.len || !text_equal_any_case((struct text){text.at, scheme.len}, scheme))
        return false;
    text = text_after(text, scheme.len);
    bool has_colons = text.len > 2 && text.at[2] == ':';
    size_t step = has_colons ? 3 : 2;
    if (text.len != sizeof(fingerprint.bytes) * step - (has_colons ? 1 : 0))
        return false;
    for (size_t i = 0; i < sizeof(fingerprint.bytes); i++) {
        int high = text_hex_value(text.at[i * step]);
        int low = text_hex_value(text.at[i * step + 1]);
        if (high < 0 || low < 0 || (has_colons && i && text.at[i * step - 1] != ':'))
            return false;
        fingerprint.bytes[i] = (unsigned char)(high << 4 | low);
    }
    *ret_fingerprint = fingerprint;
    return true;
}

void fingerprint_put(const struct fingerprint *fingerprint, struct builder *b)
{
    builder_put(b, TEXT(SCHEME));
    for (size_t i = 0; i < sizeof(fingerprint->bytes); i++)
        builder_put_hex_byte(b, fingerprint->bytes[i]);
}

static bool is_same(const struct fingerprint *a, const struct fingerprint *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool trust_pins_parse(struct text text, struct trust_pins *ret_pins)
{
    struct trust_pins pins = {.count = 0};
    if (text.len && text.at[text.len - 1] == ',')
        return false;
    while (text.len) {
        struct text pin = text_trim(text_take_until(&text, ','));
        if (pins.count == TRUST_PINS_MAX || !fingerprint_parse(pin, &pins.all[pins.count]))
            return false;
        pins.count++;
    }
    *ret_pins = pins;
    return true;
}

/* ---- Lines ---------------------------------------------------------------------------- */

/* One that can be written and read again. */
static bool is_host(struct text host)
{
    const struct text others = TEXT("[]#/\x7F");
    for (size_t i = 0; i < host.len; i++)
        if ((unsigned char)host.at[i] <= ' ' || text_find(others, host.at[i]) < others.len)
            return false;
    return host.len && host.len <= TRUST_HOST_MAX;
}

/* "host:21" or "[2001:db8::1]:21" */
static bool parse_server(struct text server, struct trust_entry *entry)
{
    uint64_t port;
    size_t colon = text_find_last(server, ':');
    struct text host = {server.at, colon};
    bool has_brackets = host.len > 2 && host.at[0] == '[' && host.at[host.len - 1] == ']';
    if (has_brackets)
        host = (struct text){host.at + 1, host.len - 2};
    bool has_colon = text_find(host, ':') != host.len;
    if (!is_host(host) || has_colon != has_brackets ||
        !text_to_number(text_after(server, colon + 1), UINT16_MAX, &port) || !port)
        return false;
    entry->host = host;
    entry->port = (uint16_t)port;
    return true;
}

enum trust_line trust_line_parse(struct text line, struct trust_entry *ret_entry)
{
    struct trust_entry entry;
    struct text rest = text_trim(line);
    if (!rest.len || rest.at[0] == '#')
        return TRUST_LINE_NOTHING;
    struct text server = text_take_word(&rest);
    struct text fingerprint = text_take_word(&rest);
    if (!parse_server(server, &entry) || !fingerprint_parse(fingerprint, &entry.fingerprint))
        return TRUST_LINE_WRONG;
    entry.since = rest;
    *ret_entry = entry;
    return TRUST_LINE_ENTRY;
}

enum fault trust_line_put(const struct trust_entry *entry, struct builder *b)
{
    if (!is_host(entry->host) || !entry->port)
        return FAULT_NAME_INVALID;
    bool has_colon = text_find(entry->host, ':') != entry->host.len;
    builder_put(b, has_colon ? TEXT("[") : TEXT(""));
    builder_put(b, entry->host);
    builder_put(b, has_colon ? TEXT("]:") : TEXT(":"));
    builder_put_number(b, entry->port);
    builder_put_byte(b, ' ');
    fingerprint_put(&entry->fingerprint, b);
    builder_put(b, entry->since.len ? TEXT(" ") : TEXT(""));
    builder_put(b, entry->since);
    return FAULT_NONE;
}

static bool line_is_right(struct text line)
{
    struct trust_entry entry;
    return trust_line_parse(line, &entry) != TRUST_LINE_WRONG;
}

/* ---- The file --------------------------------------------------------------------------- */

enum fault trust_open(struct trust *trust, const char *path, const struct trust_pins *pins,
                      char message[KEPT_MESSAGE_SIZE])
{
    static const struct kept_lines_kind kind = {"known_servers", "\"HOST:PORT sha256:HEX DATE\"",
                                                line_is_right, NULL};
    trust->pins = *pins;
    return kept_lines_open(&trust->servers, &kind, path, message);
}

void trust_close(struct trust *trust)
{
    kept_lines_close(&trust->servers);
}

static enum trust_verdict check_pins(const struct trust_pins *pins,
                                     const struct fingerprint *fingerprint)
{
    for (size_t i = 0; i < pins->count; i++)
        if (is_same(&pins->all[i], fingerprint))
            return TRUST_KNOWN;
    return TRUST_NOT_PINNED;
}

/* Is the line of the same server? Leaves what it says in `ret_entry`. */
static bool find_server(struct text line, struct text host, uint16_t port,
                        struct trust_entry *ret_entry)
{
    return trust_line_parse(line, ret_entry) == TRUST_LINE_ENTRY && ret_entry->port == port &&
           text_equal_any_case(ret_entry->host, host);
}

enum trust_verdict trust_check(const struct trust *trust, struct text host, uint16_t port,
                               const struct fingerprint *fingerprint)
{
    enum trust_verdict verdict = TRUST_UNKNOWN;
    struct text rest = kept_file_text(&trust->servers.file);
    if (trust->pins.count)
        return check_pins(&trust->pins, fingerprint);
    while (rest.len) {
        struct trust_entry entry;
        if (!find_server(text_take_until(&rest, '\n'), host, port, &entry))
            continue;
        if (is_same(&entry.fingerprint, fingerprint))
            return TRUST_KNOWN;
        verdict = TRUST_CHANGED;
    }
    return verdict;
}

bool trust_knows(const struct trust *trust, struct text host, uint16_t port)
{
    struct text rest = kept_file_text(&trust->servers.file);
    struct trust_entry entry;
    while (rest.len)
        if (find_server(text_take_until(&rest, '\n'), host, port, &entry))
            return true;
    return false;
}

static bool is_of_server(const void *context, struct text line)
{
    const struct trust_entry *added = context;
    struct trust_entry entry;
    return find_server(line, added->host, added->port, &entry);
}

static void put_date(struct builder *b, int64_t now)
{
    struct tm date;
    time_t seconds = (time_t)now;
    if (!gmtime_r(&seconds, &date))
        return;
    builder_put_number_padded(b, (uint64_t)date.tm_year + 1900, 4);
    builder_put_byte(b, '-');
    builder_put_number_padded(b, (uint64_t)date.tm_mon + 1, 2);
    builder_put_byte(b, '-');
    builder_put_number_padded(b, (uint64_t)date.tm_mday, 2);
}

enum fault trust_add(struct trust *trust, struct text host, uint16_t port,
                     const struct fingerprint *fingerprint, int64_t now,
                     char message[KEPT_MESSAGE_SIZE])
{
    char date[32];
    char line[TRUST_HOST_MAX + 128];
    struct builder date_builder = builder_on(date, sizeof(date));
    struct builder line_builder = builder_on(line, sizeof(line));
    put_date(&date_builder, now);
    struct trust_entry entry = {host, port, *fingerprint, builder_text(&date_builder)};
    enum fault f = trust_line_put(&entry, &line_builder);
    if (f) {
        (void)snprintf(message, KEPT_MESSAGE_SIZE, "%s", fault_text(f));
        return f;
    }
    return kept_lines_change(&trust->servers, is_of_server, &entry, builder_text(&line_builder),
                             message);
}
