/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fault.h"

#include <errno.h>

struct fault_row {
    const char *name;    /* borrowed: static text */
    const char *english; /* borrowed: static text */
};

static const struct fault_row rows[FAULT_COUNT] = {
#define FAULT_ROW(name, english) [FAULT_##name] = {#name, english},
    FAULT_LIST(FAULT_ROW)
#undef FAULT_ROW
};

static const struct fault_row *row_of(enum fault fault)
{
    return (unsigned)fault < FAULT_COUNT ? &rows[fault] : &rows[FAULT_BUG];
}

const char *fault_text(enum fault fault)
{
    return row_of(fault)->english;
}

const char *fault_name(enum fault fault)
{
    return row_of(fault)->name;
}

bool fault_is_of_the_way(enum fault fault)
{
    return fault == FAULT_CONNECTION_LOST || fault == FAULT_TIMED_OUT || fault == FAULT_CANCELLED;
}

enum fault fault_from_errno(int error)
{
    switch (error) {
    case 0:
        return FAULT_BUG; /* asked without an error: whoever asked believes there is one */
    case ENOENT:
    case ENXIO:
        return FAULT_NOT_FOUND;
    case EEXIST:
        return FAULT_EXISTS;
    case ENOTDIR:
        return FAULT_NOT_DIRECTORY;
    case EISDIR:
        return FAULT_IS_DIRECTORY;
    case ENOTEMPTY:
        return FAULT_NOT_EMPTY;
    case EACCES:
    case EPERM:
    case EROFS:
        return FAULT_DENIED;
    case ENAMETOOLONG:
    case EILSEQ:
        return FAULT_NAME_INVALID;
    case ELOOP:
        return FAULT_LINK_LOOP;
    case EXDEV:
        return FAULT_CROSS_DEVICE;
    case EOPNOTSUPP:
    case ENOSYS:
        return FAULT_UNSUPPORTED;
    case EINVAL:
        return FAULT_ARGUMENT;
    case ENOSPC:
        return FAULT_NO_SPACE;
    case EFBIG:
    case EDQUOT:
        return FAULT_TOO_LARGE;
    case ENOMEM:
        return FAULT_NO_MEMORY;
    case EBUSY:
    case ETXTBSY:
    case EAGAIN:
    case EMFILE:
    case ENFILE:
        return FAULT_BUSY;
    default:
        return FAULT_IO;
    }
}
