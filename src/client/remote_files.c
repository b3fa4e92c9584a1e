/* SPDX-License-Identifier: Apache-2.0 */
#include "client/remote_files.h"

#include "protocol/facts.h"

enum { ARGUMENT_SIZE = 4096 + 64 };

enum fault remote_make_directory(struct remote *remote, const char *path)
{
    return remote_command(remote, "MKD", text_of(path), false);
}

/* Is it there as a directory? What some servers say of MKD does not tell. */
static bool is_directory(struct remote *remote, const char *path)
{
    struct entry entry;
    return !remote_look(remote, path, &entry) && entry.kind == ENTRY_DIRECTORY;
}

enum fault remote_make_path(struct remote *remote, const char *path)
{
    char bytes[ARGUMENT_SIZE];
    enum fault f = remote_make_directory(remote, path);
    if (!f || is_directory(remote, path))
        return FAULT_NONE;
    /* From the top on: what is there already refuses, and does not matter until the last one. */
    struct text whole = text_of(path);
    for (size_t len = 1; len <= whole.len; len++) {
        bool is_whole_part = path[len - 1] != '/' && (path[len] == '/' || !path[len]);
        struct builder b = builder_on(bytes, sizeof(bytes));
        if (!is_whole_part)
            continue;
        builder_put(&b, (struct text){path, len});
        builder_end(&b);
        if (b.full)
            return FAULT_NAME_INVALID;
        f = remote_make_directory(remote, bytes);
        if (f == FAULT_CONNECTION_LOST || f == FAULT_TIMED_OUT)
            return f;
    }
    return f && !is_directory(remote, path) ? f : FAULT_NONE;
}

enum fault remote_remove(struct remote *remote, const char *path)
{
    return remote_command(remote, "DELE", text_of(path), false);
}

enum fault remote_remove_directory(struct remote *remote, const char *path)
{
    return remote_command(remote, "RMD", text_of(path), false);
}

/* RFC 959 5.4: RNFR 350 RNTO 250. */
static enum fault begin_renaming(struct remote *remote, const char *from)
{
    enum fault f = remote_command(remote, "RNFR", text_of(from), false);
    if (remote_pi(remote) && user_pi_code(remote_pi(remote)) / 100 == 3)
        return FAULT_NONE;
    return f ? f : FAULT_UNSUPPORTED;
}

enum fault remote_rename(struct remote *remote, const char *from, const char *to)
{
    enum fault f = begin_renaming(remote, from);
    return f ? f : remote_command(remote, "RNTO", text_of(to), false);
}

/*
 * A directory would go aside as well as a file, with all that is in it: who cannot tell that it is
 * a file lets it be.
 */
static enum fault put_aside(struct remote *remote, const char *path, const char *aside,
                            bool *ret_is_aside)
{
    struct entry there;
    enum fault f = remote_look_at_file(remote, path, &there);
    if (!f && there.kind != ENTRY_FILE)
        f = FAULT_EXISTS;
    if (!f)
        f = begin_renaming(remote, path);
    if (f)
        return f;
    f = remote_command(remote, "RNTO", text_of(aside), false);
    *ret_is_aside = *ret_is_aside || !f || fault_is_of_the_way(f);
    return f;
}

/* Not by remote_command: what there is to tell is why the new one did not get the name. */
static bool give_back(struct remote *remote, const char *aside, const char *path)
{
    struct user_pi *pi = remote_pi(remote);
    bool may = pi && !user_pi_command(pi, "RNFR", text_of(aside)) && user_pi_code(pi) / 100 == 3;
    return may && !user_pi_command(pi, "RNTO", text_of(path)) && !user_pi_fault(pi);
}

enum fault remote_rename_over(struct remote *remote, const char *from, const char *to,
                              const char *aside, bool *ret_is_aside)
{
    enum fault f = begin_renaming(remote, from);
    if (f)
        return f;
    f = remote_command(remote, "RNTO", text_of(to), false);
    bool may_be_there = f == FAULT_EXISTS || f == FAULT_NAME_INVALID || f == FAULT_NOT_FOUND ||
                        f == FAULT_DENIED;
    if (!may_be_there)
        return f;
    f = put_aside(remote, to, aside, ret_is_aside);
    if (f)
        return f;
    f = remote_rename(remote, from, to);
    if (f && !fault_is_of_the_way(f) && give_back(remote, aside, to))
        *ret_is_aside = false;
    return f;
}

enum fault remote_set_mode(struct remote *remote, const char *path, unsigned mode)
{
    char bytes[ARGUMENT_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    builder_put_string(&b, "CHMOD ");
    builder_put_octal(&b, mode & 07777, 3);
    builder_put_byte(&b, ' ');
    builder_put_string(&b, path);
    return b.full ? FAULT_NAME_INVALID : remote_command(remote, "SITE", builder_text(&b), true);
}

/* MFMT (draft-somers-ftp-mfxx), else MDTM with a time in front as vsftpd and Serv-U have it. */
enum fault remote_set_time(struct remote *remote, const char *path, int64_t seconds)
{
    char bytes[ARGUMENT_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    enum fault f = FAULT_UNSUPPORTED;
    facts_put_time(&b, seconds);
    builder_put_byte(&b, ' ');
    builder_put_string(&b, path);
    if (b.full)
        return FAULT_NAME_INVALID;
    if (features_has(remote_features(remote), FEATURE_MFMT)) {
        f = remote_command(remote, "MFMT", builder_text(&b), true);
        if (!remote_lacks_command(remote))
            return f;
        remote_forget_feature(remote, FEATURE_MFMT);
    }
    if (features_has(remote_features(remote), FEATURE_MDTM))
        f = remote_command(remote, "MDTM", builder_text(&b), true);
    return f;
}

/* ---- Digests --------------------------------------------------------------------------- */

static const struct {
    enum feature feature;
    const char *verb; /* borrowed: static */
    enum digest_kind kind;
} digest_verbs[] = {
    {FEATURE_XSHA256, "XSHA256", DIGEST_SHA256}, {FEATURE_XSHA512, "XSHA512", DIGEST_SHA512},
    {FEATURE_XSHA1, "XSHA1", DIGEST_SHA1},       {FEATURE_XSHA, "XSHA", DIGEST_SHA1},
    {FEATURE_XMD5, "XMD5", DIGEST_MD5},          {FEATURE_MD5, "MD5", DIGEST_MD5},
    {FEATURE_XCRC, "XCRC", DIGEST_CRC32},
};

/* How many digits each kind has. */
static size_t digits_of(enum digest_kind kind)
{
    static const size_t digits[] = {
        [DIGEST_SHA256] = 64, [DIGEST_SHA512] = 128, [DIGEST_SHA1] = 40,
        [DIGEST_MD5] = 32,    [DIGEST_CRC32] = 8,
    };
    return digits[kind];
}

static bool is_hex(struct text word)
{
    for (size_t i = 0; i < word.len; i++)
        if (text_hex_value(word.at[i]) < 0)
            return false;
    return word.len != 0;
}

/* The first word of the reply that can be the digest; a CRC may have lost zeros in front. */
static bool find_digest(struct text reply, enum digest_kind kind, char ret_hex[DIGEST_HEX_SIZE])
{
    struct builder b = builder_on(ret_hex, DIGEST_HEX_SIZE);
    while (reply.len) {
        struct text word = text_take_word(&reply);
        bool fits = word.len == digits_of(kind) ||
                    (kind == DIGEST_CRC32 && word.len < digits_of(kind));
        if (!fits || !is_hex(word))
            continue;
        for (size_t i = word.len; i < digits_of(kind); i++)
            builder_put_byte(&b, '0');
        for (size_t i = 0; i < word.len; i++) /* ours are lower case */
            builder_put_byte(&b, word.at[i] >= 'A' && word.at[i] <= 'F' ? (char)(word.at[i] + 32)
                                                                        : word.at[i]);
        builder_end(&b);
        return true;
    }
    return false;
}

/* The kind that HASH is in now; the server's choice is as good as any other. */
static bool selected_hash(const struct features *features, enum digest_kind *ret_kind)
{
    struct text list = features_hashes(features);
    struct text name;
    bool is_selected;
    while (features_take_item(&list, &name, &is_selected))
        if (is_selected)
            return digest_kind_parse(name, ret_kind);
    return false;
}

/* What `verb` says of the file is its digest in that kind. */
static enum fault ask_digest(struct remote *remote, const char *verb, const char *path,
                             enum digest_kind kind, char ret_hex[DIGEST_HEX_SIZE])
{
    enum fault f = remote_command(remote, verb, text_of(path), true);
    if (!f && !find_digest(user_pi_text(remote_pi(remote)), kind, ret_hex))
        return FAULT_UNSUPPORTED;
    return f;
}

enum fault remote_digest(struct remote *remote, const char *path, enum digest_kind *ret_kind,
                         char ret_hex[DIGEST_HEX_SIZE])
{
    const struct features *features = remote_features(remote);
    struct parameters image = PARAMETERS_DEFAULT;
    image.type = TYPE_IMAGE;
    enum fault f = remote_set_parameters(remote, &image);
    if (f)
        return f;
    if (features_has(features, FEATURE_HASH) && selected_hash(features, ret_kind)) {
        f = ask_digest(remote, "HASH", path, *ret_kind, ret_hex);
        if (!remote_lacks_command(remote))
            return f;
        remote_forget_feature(remote, FEATURE_HASH);
    }
    for (size_t i = 0; i < sizeof(digest_verbs) / sizeof(digest_verbs[0]); i++) {
        if (!features_has(features, digest_verbs[i].feature))
            continue;
        *ret_kind = digest_verbs[i].kind;
        return ask_digest(remote, digest_verbs[i].verb, path, *ret_kind, ret_hex);
    }
    return FAULT_UNSUPPORTED;
}
