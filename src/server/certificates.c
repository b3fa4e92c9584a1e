/* SPDX-License-Identifier: Apache-2.0 */
#include "server/certificates.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "net/tls.h"

enum {
    FILE_BYTES_MAX = 16 << 20, /* a large authority has revoked many certificates */
    EXPIRES_SOON_S = 14 * 24 * 60 * 60,
    PATH_SIZE = 4096,
    HOST_NAME_SIZE = 256,
};

struct file {
    char *bytes; /* owned; NULL: not read */
    size_t len;
    const char *name; /* borrowed: the configuration's, or of the material */
};

/* What tls_new is given, while it is. */
struct material {
    struct file chains[TLS_PAIRS_MAX];
    struct file keys[TLS_PAIRS_MAX];
    struct file client_ca;
    struct file client_crl;
    char own_path[PATH_SIZE]; /* of the certificate of our own */
};

/* Where it is read from, and who hears what is wrong. */
struct reading {
    const struct opener *opener; /* borrowed: certificates_load's, as all here */
    char *message;               /* borrowed: CONFIG_MESSAGE_SIZE bytes */
};

/* ---- Reading --------------------------------------------------------------------------- */

/*
 * Root's key may be open to a group, which is how Debian shares keys (ssl-cert);
 * whoever else lets others read theirs did not mean to.
 */
static void warn_of_readers(const char *path, const struct stat *info)
{
    bool is_roots = info->st_uid == 0;
    if (info->st_mode & (is_roots ? S_IWGRP | S_IRWXO : S_IRWXG | S_IRWXO))
        log_warning("key-open-to-others", LOG_TEXT("file", text_of(path)),
                    LOG_TEXT("advice", TEXT("chmod 600")));
}

static bool read_all(int fd, struct file *file)
{
    size_t done = 0;
    while (done < file->len) {
        ssize_t got = read(fd, file->bytes + done, file->len - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            errno = got ? errno : EIO; /* it became shorter */
            return false;
        }
        done += (size_t)got;
    }
    return true;
}

static bool read_open(int fd, const char *setting, const char *path, bool has_key,
                      struct file *file, char *message)
{
    struct stat info;
    if (fstat(fd, &info))
        return config_complain(message, "%s: %s: %s", setting, path, strerrordesc_np(errno));
    if (!S_ISREG(info.st_mode))
        return config_complain(message, "%s: %s: is no plain file", setting, path);
    if (info.st_size == 0)
        return config_complain(message, "%s: %s: is empty", setting, path);
    if (info.st_size > FILE_BYTES_MAX)
        return config_complain(message, "%s: %s: is too large", setting, path);
    file->len = (size_t)info.st_size;
    file->bytes = memory_new(file->len);
    if (!file->bytes)
        return config_complain(message, "out of memory");
    if (!read_all(fd, file))
        return config_complain(message, "%s: %s: %s", setting, path, strerrordesc_np(errno));
    if (has_key)
        warn_of_readers(path, &info);
    return true;
}

static bool read_file(const struct reading *reading, const char *setting, const char *path,
                      bool has_key, struct file *file)
{
    const char *reason;
    file->name = path;
    int fd = reading->opener->open(reading->opener->context, path, &reason);
    if (fd < 0)
        return config_complain(reading->message, "%s: %s: %s", setting, path, reason);
    bool is_read = read_open(fd, setting, path, has_key, file, reading->message);
    (void)close(fd);
    return is_read;
}

static bool read_pairs(const struct reading *reading, const struct config_tls *files,
                       struct material *material)
{
    for (size_t i = 0; i < files->certificates.count; i++) {
        bool has_key = i >= files->keys.count;
        if (!read_file(reading, "tls-cert", files->certificates.items[i], has_key,
                       &material->chains[i]) ||
            (!has_key &&
             !read_file(reading, "tls-key", files->keys.items[i], true, &material->keys[i])))
            return false;
    }
    return true;
}

static bool read_clients(const struct reading *reading, const struct config_tls *files,
                         struct material *material)
{
    return (!files->client_ca ||
            read_file(reading, "tls-client-ca", files->client_ca, false, &material->client_ca)) &&
           (!files->client_crl ||
            read_file(reading, "tls-client-crl", files->client_crl, false, &material->client_crl));
}

static void material_done(struct material *material)
{
    for (size_t i = 0; i < TLS_PAIRS_MAX; i++) {
        memory_free_secret(material->chains[i].bytes, material->chains[i].len);
        memory_free_secret(material->keys[i].bytes, material->keys[i].len);
    }
    memory_free(material->client_ca.bytes);
    memory_free(material->client_crl.bytes);
}

/* ---- The certificate of our own -------------------------------------------------------- */

static bool write_all(int fd, struct text bytes)
{
    while (bytes.len) {
        ssize_t done = write(fd, bytes.at, bytes.len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return false;
        bytes = text_after(bytes, (size_t)done);
    }
    return true;
}

static bool write_new(int directory, const char *name, const char *certificate, const char *key)
{
    int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool is_written = write_all(fd, text_of(certificate)) && write_all(fd, text_of(key)) &&
                      fsync(fd) == 0;
    return close(fd) == 0 && is_written;
}

/* Under another name first: whoever looks sees all of it, or nothing. */
static bool keep(const char *state, const char *certificate, const char *key)
{
    static const char *const unfinished = CERTIFICATES_SELF_SIGNED ".new";
    int directory = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return false;
    (void)unlinkat(directory, unfinished, 0); /* of a start that was killed */
    bool is_kept = write_new(directory, unfinished, certificate, key) &&
                   renameat(directory, unfinished, directory, CERTIFICATES_SELF_SIGNED) == 0 &&
                   fsync(directory) == 0;
    int error = errno;
    (void)close(directory);
    errno = error;
    return is_kept;
}

static bool make_self_signed(const char *state, char *message)
{
    char host[HOST_NAME_SIZE];
    char *certificate = NULL;
    char *key = NULL;
    if (gethostname(host, sizeof(host)))
        return config_complain(message, "tls-self-signed: %s", strerrordesc_np(errno));
    if (tls_make_self_signed(host, &certificate, &key))
        return config_complain(message, "out of memory");
    bool is_kept = keep(state, certificate, key);
    int error = errno;
    memory_free(certificate);
    memory_free_secret(key, strlen(key));
    return is_kept || config_complain(message, "tls-self-signed: %s/%s: %s", state,
                                      CERTIFICATES_SELF_SIGNED, strerrordesc_np(error));
}

static bool read_self_signed(const struct reading *reading, const char *state,
                             struct material *material)
{
    struct stat info;
    struct builder b = builder_on(material->own_path, sizeof(material->own_path));
    if (!state)
        return config_complain(reading->message, "tls-self-signed: there is no state directory");
    builder_put_string(&b, state);
    builder_put(&b, TEXT("/" CERTIFICATES_SELF_SIGNED));
    builder_end(&b);
    if (b.full)
        return config_complain(reading->message, "tls-self-signed: %s: is too long", state);
    bool is_missing = stat(material->own_path, &info) && errno == ENOENT;
    return (!is_missing || make_self_signed(state, reading->message)) &&
           read_file(reading, "tls-self-signed", material->own_path, true, &material->chains[0]);
}

/* ---- Putting it together --------------------------------------------------------------- */

static struct text text_of_file(const struct file *file)
{
    return (struct text){file->bytes ? file->bytes : "", file->len};
}

static bool make_tls(struct config *config, const struct material *material, size_t pair_count,
                     char message[CONFIG_MESSAGE_SIZE])
{
    const struct config_tls *files = &config->tls_files;
    struct tls_pair pairs[TLS_PAIRS_MAX];
    char reason[TLS_MESSAGE_SIZE];
    for (size_t i = 0; i < pair_count; i++)
        pairs[i] = (struct tls_pair){.chain = text_of_file(&material->chains[i]),
                                     .key = text_of_file(&material->keys[i]),
                                     .chain_name = material->chains[i].name,
                                     .key_name = material->keys[i].name};
    const struct tls_rules rules = {
        .pairs = pairs,
        .pair_count = pair_count,
        .only_1_3 = files->only_1_3,
        .ciphers = files->ciphers,
        .client_ca = text_of_file(&material->client_ca),
        .client_crl = text_of_file(&material->client_crl),
        .clients = (enum tls_client_certificate)files->client_certificates,
        .with_tickets = config->data_tls_reuse != DATA_TLS_REUSE_OFF,
    };
    enum fault f = tls_new(&rules, &config->tls, reason);
    return !f || config_complain(message, "TLS: %s", f == FAULT_ARGUMENT ? reason : fault_text(f));
}

static void warn_of_expiry(const struct tls *tls)
{
    enum { DATE_SIZE = sizeof("2027-01-31") };
    time_t end = (time_t)tls_expires_at(tls);
    time_t left = end - time(NULL);
    struct tm tm;
    char date[DATE_SIZE] = "";
    if (left >= EXPIRES_SOON_S)
        return;
    if (gmtime_r(&end, &tm))
        (void)strftime(date, sizeof(date), "%Y-%m-%d", &tm);
    log_warning(left > 0 ? "certificate-expires-soon" : "certificate-expired",
                LOG_TEXT("date", text_of(date)));
}

/* For people to compare with what their client shows. */
static void tell_fingerprint(const struct tls *tls)
{
    char bytes[TLS_FINGERPRINT_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    tls_put_fingerprint(tls, 0, &b);
    log_info("tls-self-signed", LOG_TEXT("sha256", builder_text(&b)));
}

bool certificates_load(struct config *config, const struct opener *opener, const char *state,
                       char message[CONFIG_MESSAGE_SIZE])
{
    const struct config_tls *files = &config->tls_files;
    const struct reading reading = {opener, message};
    struct material material = {0};
    size_t pair_count = files->self_signed ? 1 : files->certificates.count;
    if (!pair_count)
        return true;
    bool is_made = (files->self_signed ? read_self_signed(&reading, state, &material)
                                       : read_pairs(&reading, files, &material)) &&
                   read_clients(&reading, files, &material) &&
                   make_tls(config, &material, pair_count, message);
    material_done(&material);
    if (!is_made)
        return false;
    warn_of_expiry(config->tls);
    if (files->self_signed)
        tell_fingerprint(config->tls);
    return true;
}
