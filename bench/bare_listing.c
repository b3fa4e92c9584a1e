/* SPDX-License-Identifier: Apache-2.0 */
#include "bare_listing.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    LINE_BYTES = 512, /* more than any line has: a name is 255 bytes at most */
    NUMBER_DIGITS = 20,
    DAY_SECONDS = 24 * 3600,
    HALF_YEAR_SECONDS = 182 * DAY_SECONDS,
};

/* Right-aligned in at least `width` columns; where it ends. */
static char *put_number(char *to, uint64_t number, size_t width)
{
    char digits[NUMBER_DIGITS];
    char *at = digits + sizeof(digits);
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    size_t len = (size_t)(digits + sizeof(digits) - at);
    for (; width > len; width--)
        *to++ = ' ';
    memcpy(to, at, len);
    return to + len;
}

static char *put_two(char *to, unsigned number)
{
    to[0] = (char)('0' + number / 10);
    to[1] = (char)('0' + number % 10);
    return to + 2;
}

static char *put_mode(char *to, unsigned mode)
{
    static const char rights[8][4] = {"---", "--x", "-w-", "-wx", "r--", "r-x", "rw-", "rwx"};
    static const char kinds[16] = "-pc-d-b---l-s---";
    *to = kinds[mode >> 12 & 15];
    memcpy(to + 1, rights[mode >> 6 & 7], 3);
    memcpy(to + 4, rights[mode >> 3 & 7], 3);
    memcpy(to + 7, rights[mode & 7], 3);
    return to + 10;
}

/* Files of a directory are often of one day: its date is made once. */
static void make_day(struct listing *l, int64_t when)
{
    struct tm tm;
    time_t seconds = when;
    l->day = when / DAY_SECONDS;
    gmtime_r(&seconds, &tm);
    (void)strftime(l->day_text, sizeof(l->day_text), "%b %e ", &tm);
    (void)strftime(l->year_text, sizeof(l->year_text), "%5Y ", &tm);
    if (tm.tm_year + 1900 > 9999)
        memcpy(l->year_text, " 9999 ", sizeof(" 9999 "));
}

static char *put_date(struct listing *l, char *to, int64_t when)
{
    if (when / DAY_SECONDS != l->day)
        make_day(l, when);
    memcpy(to, l->day_text, 7);
    to += 7;
    if (when < l->now - HALF_YEAR_SECONDS || when > l->now + 3600) {
        memcpy(to, l->year_text, 6);
        return to + 6;
    }
    unsigned minutes = (unsigned)(when % DAY_SECONDS) / 60;
    to = put_two(to, minutes / 60);
    *to++ = ':';
    to = put_two(to, minutes % 60);
    *to++ = ' ';
    return to;
}

static void put_entry(struct listing *l, const char *name)
{
    struct stat info;
    char *to = l->text + l->text_len;
    if (l->is_long) {
        if (fstatat(l->directory, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
            return; /* it is gone */
        to = put_mode(to, info.st_mode);
        to = put_number(to, info.st_nlink, 5);
        to = put_number(to, info.st_uid, 9);
        to = put_number(to, info.st_gid, 9);
        to = put_number(to, (uint64_t)info.st_size, 13);
        *to++ = ' ';
        to = put_date(l, to, info.st_mtim.tv_sec);
    }
    size_t len = strlen(name);
    memcpy(to, name, len + 1);
    to[len] = '\r';
    to[len + 1] = '\n';
    l->text_len = (size_t)(to + len + 2 - l->text);
    l->count++;
}

void listing_begin(struct listing *l, int directory, bool is_long)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    l->directory = directory;
    l->is_long = is_long;
    l->has_ended = false;
    l->now = now.tv_sec;
    l->day = -1;
    l->entries_at = l->entries_len = l->text_at = l->text_len = 0;
    l->count = 0;
}

bool listing_fill(struct listing *l)
{
    size_t size = l->count ? LISTING_TEXT_BYTES : LISTING_FIRST_BYTES;
    while (l->text_len + LINE_BYTES <= size) {
        if (l->entries_at == l->entries_len) {
            ssize_t n = getdents64(l->directory, l->entries, LISTING_ENTRIES_BYTES);
            l->has_ended = n <= 0;
            if (n <= 0)
                return n == 0;
            l->entries_at = 0;
            l->entries_len = (size_t)n;
        }
        struct dirent64 *entry = (struct dirent64 *)(void *)(l->entries + l->entries_at);
        l->entries_at += entry->d_reclen;
        const char *name = entry->d_name;
        if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])))
            continue;
        put_entry(l, name);
    }
    return true;
}

void listing_end(struct listing *l)
{
    if (l->directory >= 0)
        close(l->directory);
    l->directory = -1;
}
