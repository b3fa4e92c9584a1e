/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/line.h"

enum telnet {
    TELNET_SE = 240,
    TELNET_DM = 242,
    TELNET_IP = 244,
    TELNET_SB = 250,
    TELNET_WILL = 251,
    TELNET_WONT = 252,
    TELNET_DO = 253,
    TELNET_DONT = 254,
    TELNET_IAC = 255,
};

static void drop_line(struct line *line)
{
    line->len = 0;
    line->overlong = false;
}

static void put_byte(struct line *line, unsigned char byte)
{
    if (line->len < line->size)
        line->at[line->len++] = (char)byte;
    else
        line->overlong = true;
}

static enum line_event end_line(struct line *line)
{
    line->state = LINE_STATE_DATA;
    if (line->overlong) {
        drop_line(line);
        return LINE_TOO_LONG;
    }
    line->done = true;
    return LINE_READY;
}

static enum line_event feed_data(struct line *line, unsigned char byte)
{
    switch (byte) {
    case '\n':
        return end_line(line);
    case '\r':
        line->state = LINE_STATE_CR;
        return LINE_NEEDS_MORE;
    case TELNET_IAC:
        line->state = LINE_STATE_IAC;
        return LINE_NEEDS_MORE;
    default:
        put_byte(line, byte);
        return LINE_NEEDS_MORE;
    }
}

/* After a CR: LF ends the line, NUL makes it a bare CR (RFC 854); else it was data. */
static enum line_event feed_after_cr(struct line *line, unsigned char byte)
{
    line->state = LINE_STATE_DATA;
    if (byte == '\n')
        return end_line(line);
    put_byte(line, '\r');
    return byte == '\0' ? LINE_NEEDS_MORE : feed_data(line, byte);
}

static enum line_event feed_after_iac(struct line *line, unsigned char byte)
{
    line->state = LINE_STATE_DATA;
    switch (byte) {
    case TELNET_IAC:
        put_byte(line, TELNET_IAC);
        return LINE_NEEDS_MORE;
    case TELNET_WILL:
    case TELNET_WONT:
    case TELNET_DO:
    case TELNET_DONT:
        line->option_command = byte;
        line->state = LINE_STATE_OPTION;
        return LINE_NEEDS_MORE;
    case TELNET_SB:
        line->state = LINE_STATE_SUB;
        return LINE_NEEDS_MORE;
    case TELNET_IP:
        /* RFC 959 4.1: after IP exactly one command is looked for. */
        drop_line(line);
        return LINE_INTERRUPTED;
    case TELNET_DM:
        /* RFC 854: without urgent data a Data Mark is a no-op. */
        if (line->urgent)
            drop_line(line);
        return LINE_SYNCH;
    default:
        if (byte >= TELNET_SE)
            return LINE_NEEDS_MORE; /* NOP, AYT, GA …: nothing to do here */
        /* No Telnet command: a client that sends names unescaped meant both bytes. */
        put_byte(line, TELNET_IAC);
        return feed_data(line, byte);
    }
}

/* RFC 854: every option is refused; RFC 1123 4.1.2.12 wants nothing more of FTP. */
static enum line_event refuse_option(struct line *line, unsigned char option)
{
    bool offered = line->option_command == TELNET_WILL || line->option_command == TELNET_WONT;
    line->state = LINE_STATE_DATA;
    line->answer[0] = TELNET_IAC;
    line->answer[1] = offered ? TELNET_DONT : TELNET_WONT;
    line->answer[2] = option;
    return LINE_ANSWER;
}

static enum line_event feed_byte(struct line *line, unsigned char byte)
{
    switch (line->state) {
    case LINE_STATE_DATA:
        return feed_data(line, byte);
    case LINE_STATE_CR:
        return feed_after_cr(line, byte);
    case LINE_STATE_IAC:
        return feed_after_iac(line, byte);
    case LINE_STATE_OPTION:
        return refuse_option(line, byte);
    case LINE_STATE_SUB:
        if (byte == TELNET_IAC)
            line->state = LINE_STATE_SUB_IAC;
        return LINE_NEEDS_MORE;
    case LINE_STATE_SUB_IAC:
        line->state = byte == TELNET_SE ? LINE_STATE_DATA : LINE_STATE_SUB;
        return LINE_NEEDS_MORE;
    }
    return LINE_NEEDS_MORE;
}

size_t line_feed(struct line *line, struct text input, enum line_event *ret_event)
{
    if (line->done) {
        line->done = false;
        drop_line(line);
    }
    for (size_t i = 0; i < input.len; i++) {
        enum line_event event = feed_byte(line, (unsigned char)input.at[i]);
        if (event != LINE_NEEDS_MORE) {
            *ret_event = event;
            return i + 1;
        }
    }
    *ret_event = LINE_NEEDS_MORE;
    return input.len;
}
