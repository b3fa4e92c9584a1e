/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file is lines of text, appended with one write each, so that a kill at
 * any moment leaves whole lines and at most one torn one at the end, which is
 * ignored: its act had not begun.
 *
 *     T <record> <path>                                  a temporary to remove
 *     A <record> <length> <end> <device> <inode> <seconds> <nanoseconds> <path>
 *                                                        a file to cut back
 *     L <record> <length> <end> <device> <inode> <path>  the same as it once was
 *     - <record> …                                       struck out
 *
 * <end> is as long as the append would have made the file: one that is longer
 * has been written to by others since, and stays. The time is when it was
 * modified before: cut back, it is that version again, to which its annex belongs.
 *
 * A record is struck out in its place, by its first byte: that needs no room,
 * so a disk that is full by then cannot keep it alive, and with it the start
 * from undoing what was published.
 *
 * Paths are absolute, with bytes that are not printable, and '%', as %XX.
 */
#include "store/store_local_journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "store/store_local_path.h"
#include "store/store_local_spare.h"
#include "store/store_local_target.h"

#define JOURNAL_PREFIX "uploads-"

enum {
    /* All of a record behind its number, every byte of its path escaped. */
    REST_SIZE = 3 * (LOCAL_PATH_SIZE + LOCAL_NAME_SIZE) + 128,
    /* A file with more than this in records that are struck out is begun anew. */
    STRUCK_BYTES_MAX = 64 * 1024,
    READ_MAX = 64 * 1024 * 1024,
    NANOSECONDS_MAX = 999999999,
    /* Processes that start at once may take one another's new file away. */
    BEGIN_TRIES = 100,
};

/* A record that is not struck out, kept to be copied when the file is begun anew. */
struct entry {
    struct entry *next; /* owned: the rest of the list */
    journal_record record;
    uint64_t offset; /* of its line in the file */
    size_t len;
    char line[];
};

struct journal_file {
    int fd; /* owned; locked while it lives */
    char name[64];
    uint64_t bytes;
    bool is_name_synced; /* the directory was told to the disk since it is there */
};

struct journal {
    pthread_mutex_t lock;
    int directory; /* owned */
    struct journal_file file;
    struct entry *entries; /* owned */
    size_t entries_bytes;
    struct local_spares *spares; /* owned */
    uint64_t last_record;
    bool is_durable; /* somebody wanted a record to be on the disk */
};

static void put_path(struct builder *b, struct text path)
{
    for (size_t i = 0; i < path.len; i++) {
        unsigned char c = (unsigned char)path.at[i];
        if (c > ' ' && c < 0x7F && c != '%') {
            builder_put_byte(b, (char)c);
        } else {
            builder_put_byte(b, '%');
            builder_put_byte(b, "0123456789abcdef"[c >> 4]);
            builder_put_byte(b, "0123456789abcdef"[c & 15]);
        }
    }
}

static bool take_path(struct text written, char path[LOCAL_PATH_SIZE])
{
    struct builder b = builder_on(path, LOCAL_PATH_SIZE);
    for (size_t i = 0; i < written.len; i++) {
        if (written.at[i] != '%') {
            builder_put_byte(&b, written.at[i]);
            continue;
        }
        int high = i + 2 < written.len ? text_hex_value(written.at[i + 1]) : -1;
        int low = high >= 0 ? text_hex_value(written.at[i + 2]) : -1;
        if (low < 0)
            return false;
        builder_put_byte(&b, (char)(high << 4 | low));
        i += 2;
    }
    builder_end(&b);
    return !b.full && path[0] == '/';
}

/* ---- Undoing what a dead process left ---------------------------------- */

/* Each says whether it is done with, so that nothing is left to try again. */

static bool undo_temporary(struct text written)
{
    char path[LOCAL_PATH_SIZE];
    if (!take_path(written, path))
        return true;
    struct text whole = text_of(path);
    struct text name = text_after(whole, text_find_last(whole, '/') + 1);
    /* Only what the store itself names so is ever removed. */
    if (!local_is_temporary(name))
        return true;
    if (unlink(path) == 0)
        log_info("upload-leftover-removed", LOG_TEXT("path", whole));
    else if (errno != ENOENT && errno != ENOTDIR) {
        log_warning("upload-leftover-stays", LOG_TEXT("path", whole), LOG_ERRNO(errno));
        return false;
    }
    return true;
}

struct length_record {
    char path[LOCAL_PATH_SIZE];
    uint64_t length;
    uint64_t end;
    uint64_t device;
    uint64_t inode;
    bool has_time;
    uint64_t seconds; /* before 1970 as its complement */
    uint64_t nanoseconds;
};

static bool take_time(struct text *rest, struct length_record *r)
{
    return text_to_number(text_take_word(rest), UINT64_MAX, &r->seconds) &&
           text_to_number(text_take_word(rest), NANOSECONDS_MAX, &r->nanoseconds);
}

static bool take_length(struct text rest, bool has_time, struct length_record *r)
{
    r->has_time = has_time;
    return text_to_number(text_take_word(&rest), INT64_MAX, &r->length) &&
           text_to_number(text_take_word(&rest), INT64_MAX, &r->end) &&
           text_to_number(text_take_word(&rest), UINT64_MAX, &r->device) &&
           text_to_number(text_take_word(&rest), UINT64_MAX, &r->inode) &&
           (!has_time || take_time(&rest, r)) && take_path(rest, r->path);
}

/* Cuts the file back under the lock that living processes append under. */
static enum fault cut_back(int fd, const struct length_record *r)
{
    struct stat info;
    if (fstat(fd, &info))
        return fault_from_errno(errno);
    if (!S_ISREG(info.st_mode) || info.st_dev != r->device || info.st_ino != r->inode)
        return FAULT_NONE; /* another one has the name */
    enum fault f = local_lock(fd, LOCK_EX, LOCAL_WAIT_MS);
    if (f)
        return f;
    if (fstat(fd, &info))
        return fault_from_errno(errno);
    if ((uint64_t)info.st_size <= r->length)
        return FAULT_NONE;
    if ((uint64_t)info.st_size > r->end) {
        log_warning("append-overtaken", LOG_TEXT("path", text_of(r->path)),
                    LOG_NUMBER("bytes", r->length));
        return FAULT_NONE;
    }
    if (ftruncate(fd, (off_t)r->length))
        return fault_from_errno(errno);
    const struct timespec times[2] = {
        {.tv_nsec = UTIME_OMIT}, {.tv_sec = (time_t)r->seconds, .tv_nsec = (long)r->nanoseconds}};
    if (r->has_time)
        (void)futimens(fd, times); /* its owner's to set, not everybody's who may write */
    if (fsync(fd))
        return fault_from_errno(errno);
    log_info("append-undone", LOG_TEXT("path", text_of(r->path)), LOG_NUMBER("bytes", r->length));
    return FAULT_NONE;
}

static bool undo_length(struct text written, bool has_time)
{
    struct length_record r;
    if (!take_length(written, has_time, &r))
        return true;
    int fd = open(r.path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    /* It was removed, or a link has its name now. */
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
        return true;
    enum fault f = fd < 0 ? fault_from_errno(errno) : cut_back(fd, &r);
    if (f)
        log_warning("append-not-undone", LOG_TEXT("path", text_of(r.path)),
                    LOG_TEXT("fault", text_of(fault_text(f))));
    if (fd >= 0)
        close(fd);
    return f == FAULT_NONE;
}

/* Strikes out what is done; false when something is left for the next start. */
static bool undo_all(int fd, struct text journal)
{
    bool all = true;
    struct text rest = journal;
    while (text_find(rest, '\n') != rest.len) {
        struct text line = text_take_until(&rest, '\n');
        off_t offset = line.at - journal.at;
        struct text kind = text_take_word(&line);
        (void)text_take_word(&line); /* its number */
        bool done = true;
        if (text_equal(kind, TEXT("T")))
            done = undo_temporary(line);
        else if (text_equal(kind, TEXT("A")) || text_equal(kind, TEXT("L")))
            done = undo_length(line, kind.at[0] == 'A');
        if (done && kind.len)
            (void)!pwrite(fd, "-", 1, offset);
        all &= done;
    }
    return all;
}

static enum fault read_all(int fd, char **ret_bytes, size_t *ret_len)
{
    struct stat info;
    if (fstat(fd, &info))
        return fault_from_errno(errno);
    if (info.st_size > READ_MAX)
        return FAULT_TOO_LARGE;
    size_t size = (size_t)info.st_size;
    char *bytes = memory_new(size + 1);
    if (!bytes)
        return FAULT_NO_MEMORY;
    size_t len = 0;
    while (len < size) {
        ssize_t n = pread(fd, bytes + len, size - len, (off_t)len);
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    *ret_bytes = bytes;
    *ret_len = len;
    return FAULT_NONE;
}

/* Is it still in the directory under this name? */
static bool is_named(int directory, const char *name, int fd)
{
    struct stat named;
    struct stat open;
    return fstatat(directory, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &open) == 0 &&
           named.st_ino == open.st_ino && named.st_dev == open.st_dev;
}

/* Undoes one journal unless its process is alive (it holds the lock). */
static void recover(int directory, const char *name)
{
    char *bytes = NULL;
    size_t len = 0;
    int fd = openat(directory, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return;
    /* While its lock was awaited another start may have undone and removed it. */
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && is_named(directory, name, fd)) {
        enum fault f = read_all(fd, &bytes, &len);
        if (f)
            log_error("journal-unreadable", LOG_TEXT("file", text_of(name)),
                      LOG_TEXT("fault", text_of(fault_text(f))));
        else if (undo_all(fd, (struct text){bytes, len}))
            unlinkat(directory, name, 0);
        memory_free(bytes);
    }
    close(fd);
}

static void recover_all(int directory)
{
    int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *names = copy >= 0 ? fdopendir(copy) : NULL;
    if (!names) {
        if (copy >= 0)
            close(copy);
        return;
    }
    struct dirent *entry;
    while ((entry = readdir(names)))
        if (text_starts_with(text_of(entry->d_name), TEXT(JOURNAL_PREFIX)))
            recover(directory, entry->d_name);
    closedir(names);
}

/* ---- This process's journal --------------------------------------------- */

enum fault journal_make_directory(const char *path)
{
    char copy[LOCAL_PATH_SIZE];
    struct builder b = builder_on(copy, sizeof(copy));
    builder_put_string(&b, path);
    builder_end(&b);
    if (b.full || !b.len)
        return FAULT_NAME_INVALID;
    for (char *slash = copy + 1;; slash++) {
        if (*slash && *slash != '/')
            continue;
        bool last = *slash == '\0';
        *slash = '\0';
        if (mkdir(copy, last ? 0700 : 0755) && errno != EEXIST)
            return fault_from_errno(errno);
        if (last)
            return FAULT_NONE;
        *slash = '/';
    }
}

/*
 * Locks a file just made. Before that, a process that starts at the same time
 * takes it for a dead one's and removes it: FAULT_EXISTS, and another is to be
 * made.
 */
static enum fault claim(int directory, const struct journal_file *file)
{
    if (flock(file->fd, LOCK_EX | LOCK_NB)) {
        if (errno == EWOULDBLOCK)
            return FAULT_EXISTS;
        enum fault f = fault_from_errno(errno);
        unlinkat(directory, file->name, 0);
        return f;
    }
    return is_named(directory, file->name, file->fd) ? FAULT_NONE : FAULT_EXISTS;
}

static enum fault begin_once(int directory, struct journal_file *ret_file)
{
    struct journal_file file = {.fd = -1};
    (void)snprintf(file.name, sizeof(file.name), JOURNAL_PREFIX "%ld-%08x", (long)getpid(),
                   arc4random());
    file.fd = openat(directory, file.name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file.fd < 0)
        return fault_from_errno(errno);
    enum fault f = claim(directory, &file);
    if (f)
        close(file.fd);
    else
        *ret_file = file;
    return f;
}

static enum fault begin(int directory, struct journal_file *ret_file)
{
    enum fault f = FAULT_EXISTS;
    for (int i = 0; i < BEGIN_TRIES && f == FAULT_EXISTS; i++)
        f = begin_once(directory, ret_file);
    return f;
}

enum fault journal_open(const char *directory, struct journal **ret_journal)
{
    enum fault f = journal_make_directory(directory);
    if (f)
        return f;
    struct journal *journal = memory_new(sizeof(*journal));
    if (!journal)
        return FAULT_NO_MEMORY;
    pthread_mutex_init(&journal->lock, NULL);
    journal->file.fd = -1;
    journal->spares = local_spares_new();
    journal->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (!journal->spares || journal->directory < 0) {
        f = journal->spares ? fault_from_errno(errno) : FAULT_NO_MEMORY;
    } else {
        recover_all(journal->directory);
        f = begin(journal->directory, &journal->file);
    }
    if (f) {
        journal_close(journal);
        return f;
    }
    *ret_journal = journal;
    return FAULT_NONE;
}

void journal_close(struct journal *journal)
{
    if (!journal)
        return;
    if (journal->file.fd >= 0) {
        unlinkat(journal->directory, journal->file.name, 0);
        close(journal->file.fd);
    }
    if (journal->directory >= 0)
        close(journal->directory);
    while (journal->entries) {
        struct entry *entry = journal->entries;
        journal->entries = entry->next;
        memory_free(entry);
    }
    local_spares_free(journal->spares);
    pthread_mutex_destroy(&journal->lock);
    memory_free(journal);
}

/* With the lock held. What is in the file is on the disk, and so is its name. */
static enum fault sync_file(struct journal *journal)
{
    if (fdatasync(journal->file.fd))
        return fault_from_errno(errno);
    if (!journal->file.is_name_synced && fsync(journal->directory))
        return fault_from_errno(errno);
    journal->file.is_name_synced = true;
    return FAULT_NONE;
}

/* With the lock held. One line, one write. */
static enum fault append(struct journal *journal, struct text line, bool sync)
{
    struct journal_file *file = &journal->file;
    ssize_t n = pwrite(file->fd, line.at, line.len, (off_t)file->bytes);
    if (n < 0)
        return fault_from_errno(errno);
    if ((size_t)n != line.len) /* torn: the next line is written over it */
        return FAULT_NO_SPACE;
    journal->is_durable |= sync;
    enum fault f = sync ? sync_file(journal) : FAULT_NONE;
    if (f) /* what it is about will not be done: it must not be undone either */
        (void)!pwrite(file->fd, "-", 1, (off_t)file->bytes);
    file->bytes += line.len;
    return f;
}

/*
 * With the lock held. Copies what is outstanding to a new file and removes the
 * old one, once the new one is as safe as that was. A crash in between leaves
 * both, which undo the same things twice: harmless. On a fault the old file
 * goes on.
 */
static void begin_anew(struct journal *journal)
{
    struct journal_file before = journal->file;
    enum fault f = begin(journal->directory, &journal->file);
    if (f)
        return;
    for (struct entry *e = journal->entries; e && !f; e = e->next)
        f = append(journal, (struct text){e->line, e->len}, false);
    if (!f && journal->is_durable)
        f = sync_file(journal);
    struct journal_file drop = f ? journal->file : before;
    unlinkat(journal->directory, drop.name, 0);
    close(drop.fd);
    if (f) {
        journal->file = before;
        return;
    }
    uint64_t offset = 0;
    for (struct entry *e = journal->entries; e; e = e->next) {
        e->offset = offset;
        offset += e->len;
    }
}

/* Writes the record "<kind> <record> <line>" and remembers it. */
static enum fault add(struct journal *journal, char kind, const struct builder *rest, bool sync,
                      journal_record *ret_record)
{
    if (rest->full)
        return FAULT_NAME_INVALID;
    enum { HEAD_SIZE = 32 };
    size_t size = HEAD_SIZE + rest->len;
    struct entry *entry = memory_new(sizeof(*entry) + size);
    if (!entry)
        return FAULT_NO_MEMORY;
    pthread_mutex_lock(&journal->lock);
    struct builder line = builder_on(entry->line, size);
    entry->record = ++journal->last_record;
    builder_put_byte(&line, kind);
    builder_put_byte(&line, ' ');
    builder_put_number(&line, entry->record);
    builder_put_byte(&line, ' ');
    builder_put(&line, builder_text(rest));
    builder_put_byte(&line, '\n');
    entry->len = line.len;
    entry->offset = journal->file.bytes;
    enum fault f = append(journal, builder_text(&line), sync);
    if (!f) {
        entry->next = journal->entries;
        journal->entries = entry;
        journal->entries_bytes += entry->len;
        *ret_record = entry->record;
        entry = NULL;
    }
    pthread_mutex_unlock(&journal->lock);
    memory_free(entry);
    return f;
}

struct local_spares *journal_spares(struct journal *journal)
{
    return journal->spares;
}

enum fault journal_add_temporary(struct journal *journal, int parent, const char *name, bool sync,
                                 journal_record *ret_record)
{
    char directory[LOCAL_PATH_SIZE];
    char bytes[REST_SIZE];
    struct builder rest = builder_on(bytes, sizeof(bytes));
    enum fault f = local_absolute_path(parent, directory);
    if (f)
        return f;
    put_path(&rest, text_of(directory));
    builder_put_byte(&rest, '/');
    put_path(&rest, text_of(name));
    return add(journal, 'T', &rest, sync, ret_record);
}

enum fault journal_add_length(struct journal *journal, int fd, uint64_t length, uint64_t end,
                              bool sync, journal_record *ret_record)
{
    char path[LOCAL_PATH_SIZE];
    char bytes[REST_SIZE];
    struct stat info;
    struct builder rest = builder_on(bytes, sizeof(bytes));
    enum fault f = local_absolute_path(fd, path);
    if (!f && fstat(fd, &info))
        f = fault_from_errno(errno);
    if (f)
        return f;
    const uint64_t numbers[] = {length,
                                end,
                                info.st_dev,
                                info.st_ino,
                                (uint64_t)info.st_mtim.tv_sec,
                                (uint64_t)info.st_mtim.tv_nsec};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        builder_put_number(&rest, numbers[i]);
        builder_put_byte(&rest, ' ');
    }
    put_path(&rest, text_of(path));
    return add(journal, 'A', &rest, sync, ret_record);
}

/* With the lock held. Where the list points to a record; to NULL when it is not there. */
static struct entry **find_entry(struct journal *journal, journal_record record)
{
    struct entry **link = &journal->entries;
    while (*link && (*link)->record != record)
        link = &(*link)->next;
    return link;
}

/* With the lock held. */
static enum fault strike(struct journal *journal, struct entry **link, bool sync)
{
    struct entry *entry = *link;
    if (pwrite(journal->file.fd, "-", 1, (off_t)entry->offset) != 1)
        return fault_from_errno(errno);
    *link = entry->next;
    journal->entries_bytes -= entry->len;
    memory_free(entry);
    if (sync && fdatasync(journal->file.fd))
        return fault_from_errno(errno);
    return FAULT_NONE;
}

enum fault journal_strike(struct journal *journal, journal_record record, bool sync)
{
    if (!journal || !record)
        return FAULT_NONE;
    pthread_mutex_lock(&journal->lock);
    struct entry **link = find_entry(journal, record);
    enum fault f = *link ? strike(journal, link, sync) : FAULT_NONE;
    if (f)
        log_warning("journal-write-failed", LOG_TEXT("fault", text_of(fault_text(f))));
    if (journal->file.bytes - journal->entries_bytes > STRUCK_BYTES_MAX)
        begin_anew(journal);
    pthread_mutex_unlock(&journal->lock);
    return f;
}
