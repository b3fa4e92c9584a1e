/* SPDX-License-Identifier: Apache-2.0 */
#include "client/exit_status.h"

static const struct row {
    enum exit_status status;
    const char *name;    /* borrowed: static */
    const char *meaning; /* borrowed: static */
} rows[] = {
#define EXIT_STATUS_ROW(enumerator, number, name, meaning)                                         \
    {EXIT_STATUS_##enumerator, name, meaning},
    EXIT_STATUS_LIST(EXIT_STATUS_ROW)
#undef EXIT_STATUS_ROW
};

static const struct row *row_of(enum exit_status status)
{
    static const struct row none = {EXIT_STATUS_LOCAL, "?", "?"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].status == status)
            return &rows[i];
    return &none;
}

const char *exit_status_name(enum exit_status status)
{
    return row_of(status)->name;
}

const char *exit_status_meaning(enum exit_status status)
{
    return row_of(status)->meaning;
}

/* RFC 959 4.2.2: the codes that are about the login and about connections, whatever was asked. */
static enum exit_status of_reply(enum fault f, unsigned code)
{
    switch (code) {
    case 332:
    case 530:
    case 532:
        return EXIT_STATUS_LOGIN;
    case 421:
    case 425:
    case 426:
        return EXIT_STATUS_TRANSFER;
    default:
        return f == FAULT_NOT_FOUND ? EXIT_STATUS_NOT_FOUND : EXIT_STATUS_REFUSED;
    }
}

enum exit_status exit_status_of(enum fault f, unsigned code)
{
    switch (f) {
    case FAULT_NONE:
        return EXIT_STATUS_DONE;
    case FAULT_CANCELLED:
        return EXIT_STATUS_INTERRUPTED;
    case FAULT_LOGIN_REFUSED:
    case FAULT_ACCOUNT_NEEDED:
        return EXIT_STATUS_LOGIN;
    case FAULT_TLS_FAILED:
        return EXIT_STATUS_CONNECT;
    case FAULT_CONNECTION_LOST:
    case FAULT_TIMED_OUT:
    case FAULT_NO_DATA_CONNECTION:
    case FAULT_TLS_NOT_RESUMED:
    case FAULT_MALFORMED:
    case FAULT_PAGE_TYPE:
        return EXIT_STATUS_TRANSFER;
    default:
        return code >= 300 ? of_reply(f, code) : EXIT_STATUS_LOCAL;
    }
}

enum exit_status exit_status_of_many(size_t done, size_t failed, enum exit_status last)
{
    if (!failed)
        return EXIT_STATUS_DONE;
    return done && last != EXIT_STATUS_INTERRUPTED ? EXIT_STATUS_PARTIAL : last;
}
