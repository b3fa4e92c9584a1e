/* SPDX-License-Identifier: Apache-2.0 */
#include "net/proxy_form.h"

#include "base/endpoint.h"

static enum fault refuse(struct builder *message, enum fault f, const char *why)
{
    builder_put_string(message, why);
    return f;
}

static struct builder say(struct proxy_dialogue *dialogue)
{
    return builder_on(dialogue->said, sizeof(dialogue->said));
}

static void put_short(struct builder *b, unsigned number)
{
    builder_put_byte(b, (char)(number >> 8));
    builder_put_byte(b, (char)(number & 0xFF));
}

/* A length of one byte, and the bytes. */
static void put_counted(struct builder *b, struct text t)
{
    builder_put_byte(b, (char)t.len);
    builder_put(b, t);
}

/* ---- SOCKS5 ---------------------------------------------------------------------- */

enum {
    SOCKS_VERSION = 5,
    SOCKS_USER_VERSION = 1, /* RFC 1929 2 */
    SOCKS_CONNECT = 1,
    METHOD_NONE = 0,
    METHOD_USER = 2,
    METHOD_REFUSED = 0xFF,
    ADDRESS_V4 = 1,
    ADDRESS_NAME = 3,
    ADDRESS_V6 = 4,
    SHORT_REPLY = 2,  /* version, and what was chosen or whether it is well */
    CONNECT_HEAD = 4, /* version, reply, reserved, kind of address */
    PORT_BYTES = 2
};

/* RFC 1928 3: the methods that we know. */
static void say_methods(struct proxy_dialogue *dialogue)
{
    struct builder b = say(dialogue);
    bool has_user = dialogue->proxy->user.len != 0;
    builder_put_byte(&b, SOCKS_VERSION);
    builder_put_byte(&b, has_user ? 2 : 1);
    builder_put_byte(&b, METHOD_NONE);
    if (has_user)
        builder_put_byte(&b, METHOD_USER);
    dialogue->said_len = b.len;
    dialogue->stage = PROXY_STAGE_METHOD;
}

/* RFC 1929 2. */
static void say_user(struct proxy_dialogue *dialogue)
{
    struct builder b = say(dialogue);
    builder_put_byte(&b, SOCKS_USER_VERSION);
    put_counted(&b, dialogue->proxy->user);
    put_counted(&b, dialogue->proxy->password);
    dialogue->said_len = b.len;
    dialogue->stage = PROXY_STAGE_USER;
}

/* RFC 1928 4: a name is the proxy's to look up. */
static void say_connect(struct proxy_dialogue *dialogue)
{
    struct builder b = say(dialogue);
    union endpoint address;
    builder_put_byte(&b, SOCKS_VERSION);
    builder_put_byte(&b, SOCKS_CONNECT);
    builder_put_byte(&b, 0);
    if (!endpoint_parse_host(dialogue->host, dialogue->port, &address)) {
        builder_put_byte(&b, ADDRESS_NAME);
        put_counted(&b, dialogue->host);
    } else if (address.any.sa_family == AF_INET) {
        builder_put_byte(&b, ADDRESS_V4);
        builder_put(&b,
                    (struct text){(const char *)&address.v4.sin_addr, sizeof(address.v4.sin_addr)});
    } else {
        builder_put_byte(&b, ADDRESS_V6);
        builder_put(
            &b, (struct text){(const char *)&address.v6.sin6_addr, sizeof(address.v6.sin6_addr)});
    }
    put_short(&b, dialogue->port);
    dialogue->said_len = b.len;
    dialogue->stage = PROXY_STAGE_CONNECT;
}

static enum fault hear_method(struct proxy_dialogue *dialogue, struct builder *message)
{
    bool has_user = dialogue->proxy->user.len != 0;
    if (dialogue->heard[0] != SOCKS_VERSION)
        return refuse(message, FAULT_ARGUMENT, "what answers is no SOCKS5 proxy");
    switch (dialogue->heard[1]) {
    case METHOD_NONE:
        say_connect(dialogue);
        return FAULT_NONE;
    case METHOD_USER:
        if (!has_user)
            break;
        say_user(dialogue);
        return FAULT_NONE;
    case METHOD_REFUSED:
        return refuse(message, FAULT_LOGIN_REFUSED,
                      has_user ? "the proxy wants another way to log in"
                               : "the proxy wants a user and a password");
    default:
        break;
    }
    return refuse(message, FAULT_ARGUMENT, "the proxy chose what it was not offered");
}

static enum fault hear_user(struct proxy_dialogue *dialogue, struct builder *message)
{
    if (dialogue->heard[0] != SOCKS_USER_VERSION)
        return refuse(message, FAULT_ARGUMENT, "the proxy's answer is no SOCKS5");
    if (dialogue->heard[1] != 0)
        return refuse(message, FAULT_LOGIN_REFUSED, "the proxy refused the user or the password");
    say_connect(dialogue);
    return FAULT_NONE;
}

/* RFC 1928 6, from 1 on. */
static const struct {
    enum fault fault;
    const char *text; /* borrowed: static */
} socks_replies[] = {
    {FAULT_CONNECTION_LOST, "the proxy failed"},
    {FAULT_DENIED, "the proxy does not allow this connection"},
    {FAULT_CONNECTION_LOST, "the proxy does not reach the host's network"},
    {FAULT_CONNECTION_LOST, "the proxy does not reach the host"},
    {FAULT_CONNECTION_LOST, "the host refused the proxy's connection"},
    {FAULT_TIMED_OUT, "the way from the proxy to the host is too long"},
    {FAULT_UNSUPPORTED, "the proxy cannot connect"},
    {FAULT_UNSUPPORTED, "the proxy cannot connect to such an address"},
};

static enum fault hear_connected(struct proxy_dialogue *dialogue, struct builder *message)
{
    unsigned reply = dialogue->heard[1];
    if (dialogue->heard[0] != SOCKS_VERSION)
        return refuse(message, FAULT_ARGUMENT, "the proxy's answer is no SOCKS5");
    if (reply > sizeof(socks_replies) / sizeof(socks_replies[0]))
        return refuse(message, FAULT_CONNECTION_LOST, "the proxy failed for an unknown reason");
    if (reply)
        return refuse(message, socks_replies[reply - 1].fault, socks_replies[reply - 1].text);
    if (dialogue->heard_len == CONNECT_HEAD)
        return refuse(message, FAULT_ARGUMENT, "the proxy's answer has an unknown address");
    dialogue->stage = PROXY_STAGE_OPEN; /* where it connects from is nothing to us */
    return FAULT_NONE;
}

/* How long the answer is, as far as that can be known. */
static size_t socks_reply_len(const struct proxy_dialogue *dialogue)
{
    if (dialogue->stage != PROXY_STAGE_CONNECT)
        return SHORT_REPLY;
    if (dialogue->heard_len < CONNECT_HEAD || dialogue->heard[0] != SOCKS_VERSION ||
        dialogue->heard[1] != 0)
        return CONNECT_HEAD; /* the rest of a refusal is not waited for */
    switch (dialogue->heard[CONNECT_HEAD - 1]) {
    case ADDRESS_V4:
        return CONNECT_HEAD + sizeof(struct in_addr) + PORT_BYTES;
    case ADDRESS_V6:
        return CONNECT_HEAD + sizeof(struct in6_addr) + PORT_BYTES;
    case ADDRESS_NAME:
        if (dialogue->heard_len == CONNECT_HEAD)
            return CONNECT_HEAD + 1;
        return CONNECT_HEAD + 1 + dialogue->heard[CONNECT_HEAD] + PORT_BYTES;
    default:
        return CONNECT_HEAD;
    }
}

static enum fault hear_socks(struct proxy_dialogue *dialogue, struct text bytes, size_t *ret_used,
                             struct builder *message)
{
    size_t used = 0;
    while (dialogue->heard_len < socks_reply_len(dialogue)) {
        if (used == bytes.len) {
            *ret_used = used;
            return FAULT_NONE;
        }
        dialogue->heard[dialogue->heard_len++] = (unsigned char)bytes.at[used++];
    }
    enum fault f = FAULT_NONE;
    if (dialogue->stage == PROXY_STAGE_METHOD)
        f = hear_method(dialogue, message);
    else if (dialogue->stage == PROXY_STAGE_USER)
        f = hear_user(dialogue, message);
    else
        f = hear_connected(dialogue, message);
    dialogue->heard_len = 0;
    if (!f)
        *ret_used = used;
    return f;
}

/* ---- HTTP ------------------------------------------------------------------------- */

/* RFC 4648 4. */
static void put_base64(struct builder *b, struct text t)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < t.len; i += 3) {
        unsigned long group = (unsigned long)(unsigned char)t.at[i] << 16;
        if (i + 1 < t.len)
            group |= (unsigned long)(unsigned char)t.at[i + 1] << 8;
        if (i + 2 < t.len)
            group |= (unsigned char)t.at[i + 2];
        builder_put_byte(b, digits[group >> 18]);
        builder_put_byte(b, digits[group >> 12 & 63]);
        builder_put_byte(b, i + 1 < t.len ? digits[group >> 6 & 63] : '=');
        builder_put_byte(b, i + 2 < t.len ? digits[group & 63] : '=');
    }
}

/* RFC 7617 2: a colon ends the user. */
static void put_credentials(struct builder *b, const struct proxy *proxy)
{
    char bytes[PROXY_NAME_MAX + 1 + PROXY_SECRET_MAX];
    struct builder both = builder_on(bytes, sizeof(bytes));
    builder_put(&both, proxy->user);
    builder_put_byte(&both, ':');
    builder_put(&both, proxy->password);
    builder_put(b, TEXT("Proxy-Authorization: Basic "));
    put_base64(b, builder_text(&both));
    builder_put(b, TEXT("\r\n"));
    explicit_bzero(bytes, sizeof(bytes));
}

static void put_authority(struct builder *b, const struct proxy_dialogue *dialogue)
{
    union endpoint address;
    if (endpoint_parse_host(dialogue->host, dialogue->port, &address)) {
        endpoint_put(&address, b);
        return;
    }
    builder_put(b, dialogue->host);
    builder_put_byte(b, ':');
    builder_put_number(b, dialogue->port);
}

/* RFC 9110 9.3.6, RFC 9112 3.2.3. */
static void say_http(struct proxy_dialogue *dialogue)
{
    struct builder b = say(dialogue);
    builder_put(&b, TEXT("CONNECT "));
    put_authority(&b, dialogue);
    builder_put(&b, TEXT(" HTTP/1.1\r\nHost: "));
    put_authority(&b, dialogue);
    builder_put(&b, TEXT("\r\n"));
    if (dialogue->proxy->user.len)
        put_credentials(&b, dialogue->proxy);
    builder_put(&b, TEXT("\r\n"));
    dialogue->said_len = b.len;
    dialogue->stage = PROXY_STAGE_STATUS;
}

/* "the proxy refused: 403 Forbidden", of its words what can be printed */
static void put_status(struct builder *message, struct text status)
{
    enum { WORDS_MAX = 120 };
    if (status.len > WORDS_MAX)
        status.len = WORDS_MAX;
    builder_put_string(message, "the proxy refused: ");
    for (size_t i = 0; i < status.len; i++)
        builder_put_byte(message, status.at[i] >= ' ' && status.at[i] <= '~' ? status.at[i] : '.');
}

static enum fault refuse_http(const struct proxy_dialogue *dialogue, unsigned code,
                              struct text status, struct builder *message)
{
    enum { AUTHENTICATION_REQUIRED = 407, GATEWAY_TIMEOUT = 504, SERVER_ERRORS = 500 };
    if (code == AUTHENTICATION_REQUIRED)
        return refuse(message, FAULT_LOGIN_REFUSED,
                      dialogue->proxy->user.len ? "the proxy refused the user or the password"
                                                : "the proxy wants a user and a password");
    put_status(message, status);
    if (code == GATEWAY_TIMEOUT)
        return FAULT_TIMED_OUT;
    return code >= SERVER_ERRORS ? FAULT_CONNECTION_LOST : FAULT_DENIED;
}

/* RFC 9112 4: "HTTP/1.1 200 words", where some leave the words and their space out. */
static enum fault hear_status(struct proxy_dialogue *dialogue, struct builder *message)
{
    enum { CODE_DIGITS = 3, CODE_MAX = 599, CODE_OK = 200, CODE_OTHERS = 300 };
    struct text line = {(const char *)dialogue->heard, dialogue->heard_len};
    uint64_t code = 0;
    if (line.len && line.at[line.len - 1] == '\r')
        line.len--;
    bool is_http = text_starts_with(line, TEXT("HTTP/1."));
    (void)text_take_until(&line, ' ');
    struct text status = line;
    struct text digits = text_take_until(&line, ' ');
    if (!is_http || digits.len != CODE_DIGITS || !text_to_number(digits, CODE_MAX, &code) ||
        code < 100)
        return refuse(message, FAULT_ARGUMENT, "what answers is no HTTP proxy");
    if (code >= CODE_OTHERS)
        return refuse_http(dialogue, (unsigned)code, status, message);
    dialogue->is_interim = code < CODE_OK;
    dialogue->stage = PROXY_STAGE_HEADERS;
    return FAULT_NONE;
}

/* An empty line ends the headers: the answer, or one before it (RFC 9110 15.2). */
static void hear_header(struct proxy_dialogue *dialogue)
{
    if (dialogue->line_len > 1 || (dialogue->line_len && dialogue->line_last != '\r'))
        return;
    dialogue->stage = dialogue->is_interim ? PROXY_STAGE_STATUS : PROXY_STAGE_OPEN;
    dialogue->heard_len = 0;
}

static enum fault hear_line(struct proxy_dialogue *dialogue, struct builder *message)
{
    enum fault f = FAULT_NONE;
    if (dialogue->stage == PROXY_STAGE_STATUS)
        f = hear_status(dialogue, message);
    else
        hear_header(dialogue);
    dialogue->line_len = 0;
    return f;
}

static enum fault hear_http(struct proxy_dialogue *dialogue, struct text bytes, size_t *ret_used,
                            struct builder *message)
{
    size_t used = 0;
    while (used < bytes.len && dialogue->stage != PROXY_STAGE_OPEN) {
        char c = bytes.at[used++];
        if (++dialogue->headers_len > PROXY_HEADERS_MAX)
            return refuse(message, FAULT_ARGUMENT, "the proxy's answer does not end");
        if (c == '\n') { /* RFC 9112 2.2: with CR before it, or without */
            enum fault f = hear_line(dialogue, message);
            if (f)
                return f;
            continue;
        }
        if (dialogue->stage == PROXY_STAGE_STATUS && dialogue->heard_len < PROXY_REPLY_SIZE)
            dialogue->heard[dialogue->heard_len++] = (unsigned char)c;
        dialogue->line_len++;
        dialogue->line_last = c;
    }
    *ret_used = used;
    return FAULT_NONE;
}

/* ---- Both ---------------------------------------------------------------------------- */

/* A name with one of these would be something else, to some proxy. */
static bool is_host(struct text host)
{
    const struct text others = TEXT("/?#@:\\[]%\"");
    union endpoint address;
    if (endpoint_parse_host(host, 0, &address))
        return true;
    for (size_t i = 0; i < host.len; i++) {
        unsigned char c = (unsigned char)host.at[i];
        if (c <= ' ' || c == 0x7F || text_find(others, host.at[i]) < others.len)
            return false;
    }
    return host.len && host.len <= PROXY_HOST_MAX;
}

/* RFC 7617 2: no control characters, and no colon in a user. */
static bool is_credential(struct text t, bool may_have_colon)
{
    for (size_t i = 0; i < t.len; i++) {
        unsigned char c = (unsigned char)t.at[i];
        if (c < ' ' || c == 0x7F || (c == ':' && !may_have_colon))
            return false;
    }
    return true;
}

enum fault proxy_dialogue_begin(struct proxy_dialogue *dialogue, const struct proxy *proxy,
                                struct text host, uint16_t port, struct builder *message)
{
    bool is_http = proxy->kind == PROXY_HTTP;
    if (!is_host(host))
        return refuse(message, FAULT_ARGUMENT, "a proxy cannot be told such a host");
    if (proxy->user.len > PROXY_NAME_MAX || proxy->password.len > PROXY_SECRET_MAX)
        return refuse(message, FAULT_ARGUMENT, "the user or password of the proxy is too long");
    if (is_http && (!is_credential(proxy->user, false) || !is_credential(proxy->password, true)))
        return refuse(message, FAULT_ARGUMENT, "a proxy cannot be told such a user or password");
    *dialogue = (struct proxy_dialogue){.proxy = proxy, .host = host, .port = port};
    if (is_http)
        say_http(dialogue);
    else
        say_methods(dialogue);
    return FAULT_NONE;
}

enum fault proxy_dialogue_hear(struct proxy_dialogue *dialogue, struct text bytes, size_t *ret_used,
                               struct builder *message)
{
    dialogue->said_len = 0;
    return dialogue->proxy->kind == PROXY_HTTP ? hear_http(dialogue, bytes, ret_used, message)
                                               : hear_socks(dialogue, bytes, ret_used, message);
}
