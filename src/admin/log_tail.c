/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last lines of the audit file, and those that came since: an answer says
 * where it ended, in which file, and the next request goes on there. A file
 * that was rotated away begins anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/commands.h"
#include "admin/fields.h"
#include "base/memory.h"

enum {
    TAIL_SIZE = 256 * 1024, /* bytes of one answer's lines, at most */
    TAIL_LINES = 1000,
    TAIL_LINES_DEFAULT = 10,
};

struct tail {
    uint64_t lines; /* from the end, of a first request */
    uint64_t from;  /* byte that a later one goes on at */
    uint64_t file;  /* inode that it was in; 0: a first request */
};

static bool read_request(const json_t *request, struct tail *tail, struct refusal *refusal)
{
    *tail = (struct tail){.lines = TAIL_LINES_DEFAULT};
    return fields_number(request, "lines", TAIL_LINES, &tail->lines, refusal) &&
           fields_number(request, "from", INT64_MAX, &tail->from, refusal) &&
           fields_number(request, "file", INT64_MAX, &tail->file, refusal);
}

/* As much as there is, at most `size`. */
static size_t read_at(int fd, char *bytes, size_t size, off_t offset)
{
    size_t len = 0;
    while (len < size) {
        ssize_t count = pread(fd, bytes + len, size - len, offset + (off_t)len);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            break;
        len += (size_t)count;
    }
    return len;
}

/* Whole lines only: the last may be half written. */
static struct text whole_lines(struct text bytes)
{
    size_t end = text_find_last(bytes, '\n');
    return (struct text){bytes.at, end < bytes.len ? end + 1 : 0};
}

/* The last `count` of them; `from_middle`: the first is the rest of one. */
static struct text last_lines(struct text lines, uint64_t count, bool from_middle)
{
    size_t start = lines.len;
    while (start > 0 && count) {
        size_t before = text_find_last((struct text){lines.at, start - 1}, '\n');
        bool is_first = before == start - 1;
        if (is_first && from_middle)
            break;
        start = is_first ? 0 : before + 1;
        count--;
    }
    return text_after(lines, start);
}

static json_t *split_lines(struct text lines)
{
    json_t *array = json_array();
    while (lines.len) {
        struct text line = text_take_until(&lines, '\n');
        json_t *text = json_stringn(line.at ? line.at : "", line.len);
        if (text) /* who writes into our file something that is no UTF-8 is not shown */
            answer_append(&array, text);
    }
    return array;
}

static json_t *answer_lines(int fd, const struct stat *info, const struct tail *tail, char *buffer)
{
    uint64_t size = (uint64_t)info->st_size;
    bool goes_on = tail->file == info->st_ino && tail->from <= size;
    uint64_t start = size > TAIL_SIZE ? size - TAIL_SIZE : 0;
    if (tail->file)
        start = goes_on ? tail->from : 0;
    struct text lines = {buffer, read_at(fd, buffer, TAIL_SIZE, (off_t)start)};
    lines = whole_lines(lines);
    uint64_t next = start + lines.len;
    if (!tail->file)
        lines = last_lines(lines, tail->lines, start > 0);
    json_t *answer = answer_with("lines", split_lines(lines));
    answer_put_number(&answer, "from", next);
    answer_put_number(&answer, "file", info->st_ino);
    return answer;
}

json_t *admin_log_tail(const struct admin *admin, const json_t *request)
{
    struct refusal refusal;
    struct stat info;
    struct tail tail;
    if (!read_request(request, &tail, &refusal))
        return answer_refusal(&refusal);
    if (!admin->audit_file) {
        (void)refuse(&refusal, FAULT_UNSUPPORTED, NULL, "no audit file is written");
        return answer_refusal(&refusal);
    }
    char *buffer = memory_new(TAIL_SIZE);
    int fd = open(admin->audit_file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    json_t *answer = NULL;
    if (!buffer || fd < 0 || fstat(fd, &info)) {
        (void)refuse(&refusal, fault_from_errno(buffer ? errno : ENOMEM), NULL, "%s: %s",
                     admin->audit_file, fault_text(fault_from_errno(buffer ? errno : ENOMEM)));
        answer = answer_refusal(&refusal);
    } else {
        answer = answer_lines(fd, &info, &tail, buffer);
    }
    if (fd >= 0)
        close(fd);
    memory_free(buffer);
    return answer;
}
