/* SPDX-License-Identifier: Apache-2.0 */
#include "client/url.h"

#include "base/endpoint.h"

static const struct {
    struct text word;
    uint16_t port;
} url_schemes[URL_SCHEME_COUNT] = {
#define URL_SCHEME_ROW(name, word, port) [URL_##name] = {{word, sizeof(word) - 1}, port},
    URL_SCHEME_LIST(URL_SCHEME_ROW)
#undef URL_SCHEME_ROW
};

static bool starts_with_any_case(struct text t, struct text prefix)
{
    return t.len >= prefix.len && text_equal_any_case((struct text){t.at, prefix.len}, prefix);
}

/* RFC 3986 2.3: what means the same written as %XX and as itself. */
static bool is_unreserved(char c)
{
    const struct text marks = TEXT("-._~");
    const char upper = text_upper(c);
    return (upper >= 'A' && upper <= 'Z') || text_is_digit(c) || text_find(marks, c) < marks.len;
}

/* The byte t begins with, written as %XX or as itself. Returns how much of t it took; 0: none. */
static size_t decode_byte(struct text t, char *ret_byte)
{
    *ret_byte = t.at[0];
    if (t.at[0] != '%')
        return 1;
    int high = t.len > 2 ? text_hex_value(t.at[1]) : -1;
    int low = t.len > 2 ? text_hex_value(t.at[2]) : -1;
    if (high < 0 || low < 0)
        return 0;
    *ret_byte = (char)(high << 4 | low);
    return 3;
}

/* NUL, CR and LF would be more than a name on the control line: refused. */
static bool decode(struct text t, char *place, size_t size)
{
    struct builder b = builder_on(place, size);
    if (text_find(t, '#') != t.len) /* RFC 3986 3.5 */
        return false;
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

static bool take_scheme(struct text *rest, struct url *url)
{
    for (unsigned i = 0; i < URL_SCHEME_COUNT; i++) {
        const struct text word = url_schemes[i].word;
        const struct text after = text_after(*rest, word.len);
        if (!starts_with_any_case(*rest, word) || !text_starts_with(after, TEXT("://")))
            continue;
        *rest = text_after(after, 3);
        url->scheme = (enum url_scheme)i;
        url->port = url_schemes[i].port;
        return true;
    }
    return false;
}

static bool take_login(struct text login, struct url *url)
{
    struct text password = login;
    struct text user = text_take_until(&password, ':');
    url->has_user = true;
    url->has_password = user.len < login.len;
    return decode(user, url->user, sizeof(url->user)) &&
           decode(password, url->password, sizeof(url->password));
}

/*
 * What is in the brackets: RFC 3986 3.2.2, but no IPvFuture. A zone stands
 * behind "%25" (RFC 6874 2); behind "%" alone, as people write it, too.
 */
static bool take_address(struct text literal, struct url *url)
{
    union endpoint endpoint;
    struct builder b = builder_on(url->host, sizeof(url->host));
    struct text zone = literal;
    const struct text address = text_take_until(&zone, '%');
    const bool has_zone = address.len < literal.len;
    if (text_starts_with(zone, TEXT("25")))
        zone = text_after(zone, 2);
    if (text_find(address, ':') == address.len || address.at[0] == '[' ||
        !endpoint_parse_host(address, 0, &endpoint) || (has_zone && !zone.len))
        return false;
    for (size_t i = 0; i < zone.len; i++)
        if (!is_unreserved(zone.at[i]))
            return false;
    builder_put(&b, address);
    if (has_zone)
        builder_put_byte(&b, '%');
    builder_put(&b, zone);
    builder_end(&b);
    return !b.full;
}

/* Letters, digits, marks of names, and UTF-8: what a resolver would look for. */
static bool take_name(struct text name, struct url *url)
{
    if (!name.len || !decode(name, url->host, sizeof(url->host)))
        return false;
    for (const char *c = url->host; *c; c++)
        if (!is_unreserved(*c) && (unsigned char)*c < 0x80)
            return false;
    return true;
}

static bool take_host(struct text host, struct url *url)
{
    uint64_t port = url->port;
    struct text port_text = host;
    struct text name;
    if (host.len && host.at[0] == '[') {
        size_t end = text_find(host, ']');
        name = (struct text){host.at + 1, end - 1};
        port_text = text_after(host, end + 1);
        if (end == host.len || (port_text.len && port_text.at[0] != ':') ||
            !take_address(name, url))
            return false;
        port_text = text_after(port_text, 1);
    } else {
        name = text_take_until(&port_text, ':');
        if (!take_name(name, url))
            return false;
    }
    /* RFC 3986 3.2.3: a port may be empty. */
    if (port_text.len && !text_to_number(port_text, UINT16_MAX, &port))
        return false;
    url->port = (uint16_t)port;
    return port != 0;
}

static bool take_path(struct text path, struct url *url)
{
    const struct text keyword = TEXT(";type=");
    const size_t semicolon = text_find_last(path, ';');
    const struct text type = text_after(path, semicolon);
    if (starts_with_any_case(type, keyword)) {
        if (type.len != keyword.len + 1)
            return false;
        url->type = text_upper(type.at[keyword.len]);
        if (url->type != 'A' && url->type != 'I' && url->type != 'D')
            return false;
        path.len = semicolon;
    }
    return decode(path, url->path, sizeof(url->path));
}

bool url_parse(struct text text, struct url *ret_url)
{
    struct url url = {.type = '\0'};
    struct text path = text;
    if (!take_scheme(&path, &url))
        return false;
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

/* `plain`: what need not be encoded besides RFC 3986's unreserved characters. */
static void encode(struct builder *b, struct text t, struct text plain)
{
    static const char hex[] = "0123456789ABCDEF"; /* RFC 3986 2.1: upper case is to be preferred */
    for (size_t i = 0; i < t.len; i++) {
        const unsigned char c = (unsigned char)t.at[i];
        if (is_unreserved(t.at[i]) || text_find(plain, t.at[i]) < plain.len) {
            builder_put_byte(b, t.at[i]);
            continue;
        }
        const char code[] = {'%', hex[c >> 4], hex[c & 15]};
        builder_put(b, (struct text){code, sizeof(code)});
    }
}

static void put_login(struct builder *b, const struct url *url, bool hide_password)
{
    encode(b, text_of(url->user), TEXT(""));
    if (url->has_password) {
        builder_put_byte(b, ':');
        if (hide_password)
            builder_put(b, TEXT("***"));
        else
            encode(b, text_of(url->password), TEXT(""));
    }
    builder_put_byte(b, '@');
}

static void put_host(struct builder *b, struct text host)
{
    if (text_find(host, ':') == host.len) {
        encode(b, host, TEXT(""));
        return;
    }
    builder_put_byte(b, '[');
    encode(b, host, TEXT(":")); /* the zone's "%" becomes %25, RFC 6874 2 */
    builder_put_byte(b, ']');
}

/* RFC 3986 3.3, but ";": it would begin a type. */
static void put_path(struct builder *b, struct text path)
{
    builder_put_byte(b, '/');
    if (path.len && path.at[0] == '/') {
        builder_put(b, TEXT("%2F")); /* RFC 1738 3.2.2 */
        path = text_after(path, 1);
    }
    encode(b, path, TEXT("/!$&'()*+,=:@"));
}

void url_put(struct builder *b, const struct url *url, bool hide_password)
{
    builder_put(b, url_schemes[url->scheme].word);
    builder_put(b, TEXT("://"));
    if (url->has_user)
        put_login(b, url, hide_password);
    put_host(b, text_of(url->host));
    if (url->port != url_schemes[url->scheme].port) {
        builder_put_byte(b, ':');
        builder_put_number(b, url->port);
    }
    put_path(b, text_of(url->path));
    if (url->type) {
        builder_put(b, TEXT(";type="));
        builder_put_byte(b, (char)(url->type - 'A' + 'a'));
    }
}
