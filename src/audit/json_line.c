/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/json_line.h"

enum {
    SCHEMA_VERSION = 1,
    ESCAPED_BYTES = 6,         /* of one byte, at most */
    FIELDS_BYTES = 1024 + 256, /* keys, numbers, words */
};

size_t json_line_size(const struct audit_event *event)
{
    const struct text texts[] = {
        event->host,
        event->user,
        event->detail,
        text_of(event->rule),
        event->folder,
        event->path,
        event->other_path,
        event->digest,
        event->algorithm,
        event->command,
        event->target,
        text_of(event->tls.version),
        text_of(event->tls.cipher),
    };
    size_t size = FIELDS_BYTES;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        size += ESCAPED_BYTES * texts[i].len;
    return size;
}

static void put_escape(struct builder *b, unsigned char code)
{
    builder_put(b, TEXT("\\u00"));
    builder_put_hex_byte(b, code);
}

/* U+0080 to U+009F: terminals obey them like the controls of ASCII. */
static bool is_c1_control(struct text t)
{
    return t.len >= 2 && t.at[0] == '\xC2' && (unsigned char)t.at[1] < 0xA0;
}

/* JSON string. Bytes that are not UTF-8 become U+00XX of the same value. */
static void put_json_text(struct builder *b, struct text t)
{
    builder_put_byte(b, '"');
    while (t.len) {
        unsigned char c = (unsigned char)t.at[0];
        size_t len = text_utf8_len(t);
        if (len == 2 && is_c1_control(t)) {
            put_escape(b, (unsigned char)t.at[1]);
        } else if (len == 0 || c < 0x20 || c == 0x7F) {
            put_escape(b, c);
            len = 1;
        } else {
            if (c == '"' || c == '\\')
                builder_put_byte(b, '\\');
            builder_put(b, (struct text){t.at, len});
        }
        t = text_after(t, len);
    }
    builder_put_byte(b, '"');
}

static void put_key(struct builder *b, const char *key)
{
    builder_put_byte(b, ',');
    builder_put_byte(b, '"');
    builder_put_string(b, key);
    builder_put(b, TEXT("\":"));
}

static void put_text(struct builder *b, const char *key, struct text value)
{
    put_key(b, key);
    put_json_text(b, value);
}

static void put_text_if_any(struct builder *b, const char *key, struct text value)
{
    if (value.len)
        put_text(b, key, value);
}

static void put_number(struct builder *b, const char *key, uint64_t value)
{
    put_key(b, key);
    builder_put_number(b, value);
}

static void begin(struct builder *b, const struct timespec *now)
{
    char date[32];
    struct tm tm;
    gmtime_r(&now->tv_sec, &tm);
    size_t len = strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S.", &tm);
    builder_put(b, TEXT("{\"v\":"));
    builder_put_number(b, SCHEMA_VERSION);
    put_key(b, "time");
    builder_put_byte(b, '"');
    builder_put(b, (struct text){date, len});
    builder_put_number_padded(b, (uint64_t)now->tv_nsec / 1000000, 3);
    builder_put(b, TEXT("Z\""));
}

static void put_who(struct builder *b, const struct audit_event *event)
{
    char host[ENDPOINT_TEXT_SIZE];
    struct builder peer = builder_on(host, sizeof(host));
    if (event->session)
        put_number(b, "session", event->session);
    if (event->peer.any.sa_family != AF_UNSPEC) {
        endpoint_put_host(&event->peer, &peer);
        put_text(b, "peer", builder_text(&peer));
    }
    put_text_if_any(b, "host", event->host);
    put_text_if_any(b, "user", event->user);
    put_text_if_any(b, "detail", event->detail);
}

static void put_login(struct builder *b, const struct audit_event *event)
{
    static const char *const words[] = {
#define PROOF_WORD(name, word) [AUDIT_PROOF_##name] = (word),
        AUDIT_PROOF_LIST(PROOF_WORD)
#undef PROOF_WORD
    };
    put_text(b, "auth", text_of(words[event->proof]));
}

static void put_tls(struct builder *b, const struct audit_tls *tls)
{
    put_text_if_any(b, "tls_version", text_of(tls->version));
    put_text_if_any(b, "tls_cipher", text_of(tls->cipher));
}

static void put_logout(struct builder *b, const struct audit_event *event)
{
    static const char *const words[] = {
#define END_WORD(name, word) [AUDIT_END_##name] = (word),
        AUDIT_END_LIST(END_WORD)
#undef END_WORD
    };
    put_number(b, "ms", event->duration_ms);
    put_text(b, "reason", text_of(words[event->end]));
    put_number(b, "bytes_up", event->tally.bytes_up);
    put_number(b, "bytes_down", event->tally.bytes_down);
    put_number(b, "files_up", event->tally.files_up);
    put_number(b, "files_down", event->tally.files_down);
}

static void put_transfer(struct builder *b, const struct audit_event *event)
{
    put_text(b, "direction", event->inbound ? TEXT("in") : TEXT("out"));
    put_text(b, "type", event->is_text ? TEXT("text") : TEXT("image"));
    put_number(b, "bytes", event->bytes);
    put_number(b, "ms", event->duration_ms);
}

void json_line_put(struct builder *b, const struct audit_event *event, const struct timespec *now)
{
    begin(b, now);
    put_who(b, event);
    put_text(b, "action", text_of(action_word(event->action)));
    put_text(b, "result", event->fault ? text_of(fault_name(event->fault)) : TEXT("OK"));
    put_text_if_any(b, "rule", text_of(event->rule));
    put_text_if_any(b, "folder", event->folder);
    put_text_if_any(b, "path", event->path);
    put_text_if_any(b, "other_path", event->other_path);
    if (event->is_transfer)
        put_transfer(b, event);
    if (event->action == ACTION_LOGIN)
        put_login(b, event);
    if (event->action == ACTION_LOGOUT)
        put_logout(b, event);
    put_tls(b, &event->tls);
    put_text_if_any(b, "algorithm", event->algorithm);
    put_text_if_any(b, "digest", event->digest);
    put_text_if_any(b, "command", event->command);
    put_text_if_any(b, "target", event->target);
    builder_put(b, TEXT("}\n"));
}

void json_line_put_lost(struct builder *b, uint64_t lines, const struct timespec *now)
{
    begin(b, now);
    put_text(b, "action", TEXT("audit-lost"));
    put_number(b, "lines", lines);
    builder_put(b, TEXT("}\n"));
}
