/* SPDX-License-Identifier: Apache-2.0 */
#include "client/url.h"

enum { DEFAULT_PORT = 21 };

static int hex_value(char c)
{
    if (text_is_digit(c))
        return c - '0';
    c = text_upper(c);
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte at the start of t, written as %XX or as itself. Returns how much of t it took; 0: none.
 */
static size_t decode_byte(struct text t, char *ret_byte)
{
    *ret_byte = t.at[0];
    if (t.at[0] != '%')
        return 1;
    int high = t.len > 2 ? hex_value(t.at[1]) : -1;
    int low = t.len > 2 ? hex_value(t.at[2]) : -1;
    if (high < 0 || low < 0)
        return 0;
    *ret_byte = (char)(high << 4 | low);
    return 3;
}

/* NUL, CR and LF would be more than a name on the control line: refused. */
static bool decode(struct text t, char *place, size_t size)
{
    struct builder b = builder_on(place, size);
    while (t.len) {
        char byte;
        size_t used = decode_byte(t, &byte);
        t = text_after(t, used);
        if (!used || byte == '\0' || byte == '\r' || byte == '\n')
            return false;
        builder_put_byte(&b, byte);
    }
    builder_end(&b);
    return !b.full;
}

static bool take_login(struct text login, struct url *url)
{
    struct text password = login;
    struct text user = text_take_until(&password, ':');
    return decode(user, url->user, sizeof(url->user)) &&
           decode(password, url->password, sizeof(url->password));
}

static bool take_host(struct text host, struct url *url)
{
    uint64_t port = DEFAULT_PORT;
    struct text name = host;
    struct text port_text = {NULL, 0};
    if (host.len && host.at[0] == '[') {
        size_t end = text_find(host, ']');
        port_text = text_after(host, end + 1);
        if (end == host.len || (port_text.len && port_text.at[0] != ':'))
            return false;
        name = (struct text){host.at + 1, end - 1};
        port_text = text_after(port_text, 1);
    } else if (text_find(host, ':') != host.len) {
        port_text = host;
        name = text_take_until(&port_text, ':');
    }
    if (port_text.len && !text_to_number(port_text, UINT16_MAX, &port))
        return false;
    url->port = (uint16_t)port;
    return name.len && port && decode(name, url->host, sizeof(url->host));
}

static bool take_path(struct text path, struct url *url)
{
    size_t semicolon = text_find_last(path, ';');
    struct text type = text_after(path, semicolon);
    if (text_starts_with(type, TEXT(";type=")) && type.len == 7) {
        url->type = text_upper(type.at[6]);
        if (url->type != 'A' && url->type != 'I' && url->type != 'D')
            return false;
        path.len = semicolon;
    }
    return decode(path, url->path, sizeof(url->path));
}

bool url_parse(struct text text, struct url *ret_url)
{
    const struct text scheme = TEXT("ftp://");
    struct url url = {.port = DEFAULT_PORT};
    if (text.len < scheme.len || !text_equal_any_case((struct text){text.at, scheme.len}, scheme))
        return false;
    struct text path = text_after(text, scheme.len);
    struct text authority = text_take_until(&path, '/');
    size_t at = text_find_last(authority, '@');
    if (at != authority.len) {
        if (!take_login((struct text){authority.at, at}, &url))
            return false;
        authority = text_after(authority, at + 1);
    }
    if (!take_host(authority, &url) || !take_path(path, &url))
        return false;
    *ret_url = url;
    return true;
}
