/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replies: every reply the server can send, one row each: code and English
 * text, which is also the key of its translation (RFC 2640's LANG). The only
 * table that turns faults into FTP codes is here as well.
 *
 * {1} and {2} in a text stand for arguments. A text is sent in the session's
 * language; codes never change (RFC 959 4.2).
 */
#ifndef FERRY_SERVER_REPLIES_H
#define FERRY_SERVER_REPLIES_H

#include "base/fault.h"
#include "base/text.h"

/* Longest single reply: a path with every byte doubled twice, and its text. */
enum { REPLY_SIZE = 4 * 4096 + 512 };

#define REPLY_LIST(X)                                                                              \
    X(RESTART_MARK, 110, "MARK {1} = {2}")                                                         \
    X(OPEN_LISTING, 125, N_("Data connection already open; listing starting."))                    \
    X(OPEN_FILE, 125, N_("Data connection already open; transfer of {1} starting."))               \
    X(OPEN_UNIQUE, 125, "FILE: {1}")                                                               \
    X(OPENING_LISTING, 150, N_("Opening data connection for the listing."))                        \
    X(OPENING_SIZED, 150, N_("Opening data connection for {1} ({2} bytes)."))                      \
    X(OPENING_FILE, 150, N_("Opening data connection for {1}."))                                   \
    X(OPENING_UNIQUE, 150, "FILE: {1}")                                                            \
    X(OK, 200, N_("Command okay."))                                                                \
    X(TYPE_SET, 200, N_("Type set to {1}."))                                                       \
    X(STRUCTURE_SET, 200, N_("Structure set to {1}."))                                             \
    X(MODE_SET, 200, N_("Mode set to {1}."))                                                       \
    X(PORT_SET, 200, N_("Data port set."))                                                         \
    X(EPSV_ALL, 200, N_("EPSV ALL: only EPSV from now on."))                                       \
    X(ALLOCATED, 200, N_("{1} bytes will be reserved for the next file."))                         \
    X(WENT_UP, 200, N_("Directory is now {1}."))                                                   \
    X(LANGUAGE_SET, 200, N_("Replies are in English now."))                                        \
    X(UTF8_ON, 200, N_("UTF-8 names are on."))                                                     \
    X(UTF8_OFF, 200, N_("UTF-8 names are off: names pass byte for byte."))                         \
    X(MLST_OPTIONS, 200, "MLST OPTS{1}")                                                           \
    X(MODE_Z_OPTIONS, 200, N_("MODE Z LEVEL is {1}."))                                             \
    X(HASH_OPTIONS, 200, "{1}")                                                                    \
    X(CLIENT_NOTED, 200, N_("Noted."))                                                             \
    X(PROTECTION_SIZE, 200, "PBSZ=0")                                                              \
    X(PROTECTION_SET, 200, N_("Data connection protection level set to {1}."))                     \
    X(CONTROL_CLEARED, 200, N_("The control connection is in the clear from now on."))             \
    X(SERVER_IDENTITY, 200, "{1}")                                                                 \
    X(MODE_BITS_SET, 200, N_("Permissions changed."))                                              \
    X(UMASK_IS, 200, N_("Current UMASK is {1}."))                                                  \
    X(UMASK_SET, 200, N_("UMASK set to {1} (was {2})."))                                           \
    X(IDLE_IS, 200, N_("Idle time limit is {1} seconds; at most {2}."))                            \
    X(IDLE_SET, 200, N_("Idle time limit set to {1} seconds."))                                    \
    X(TIMES_SET, 200, N_("Times changed."))                                                        \
    X(LINK_MADE, 200, N_("Link made."))                                                            \
    X(COPIED, 250, N_("{1} copied."))                                                              \
    X(ACCT_SUPERFLUOUS, 202, N_("No account is needed."))                                          \
    X(PASS_SUPERFLUOUS, 202, N_("No password is needed."))                                         \
    X(FILE_SIZE, 213, "{1}")                                                                       \
    X(FILE_TIME, 213, "{1}")                                                                       \
    X(FILE_MODIFY, 213, "Modify={1}; {2}")                                                         \
    X(FILE_CREATE, 213, "Create={1}; {2}")                                                         \
    X(FACTS_BEGIN, 250, N_("Listing {1}"))                                                         \
    X(FACTS_END, 250, N_("End."))                                                                  \
    X(FACTS_SET, 213, "{1} {2}")                                                                   \
    X(HASH_IS, 213, "{1} {2}")                                                                     \
    X(SPACE_IS, 213, "{1}")                                                                        \
    X(QUOTA_BEGIN, 200, N_("Stored, and allowed:"))                                                \
    X(QUOTA_NONE, 200, N_("Nobody counts what is stored here."))                                   \
    X(QUOTA_TREE, 200, N_("in this tree:"))                                                        \
    X(QUOTA_OF, 200, "{1}")                                                                        \
    X(QUOTA_BYTES, 200, N_("{1} of {2} bytes"))                                                    \
    X(QUOTA_BYTES_FREE, 200, N_("{1} bytes, without a limit"))                                     \
    X(QUOTA_FILES, 200, N_("{1} of {2} files"))                                                    \
    X(QUOTA_FILES_FREE, 200, N_("{1} files, without a limit"))                                     \
    X(QUOTA_END, 200, N_("End of quotas."))                                                        \
    X(STATUS_OF, 211, N_("{1} status:"))                                                           \
    X(STATUS_PEER, 211, N_("Connected from {1}."))                                                 \
    X(STATUS_USER, 211, N_("Logged in as {1}."))                                                   \
    X(STATUS_NO_USER, 211, N_("Not logged in."))                                                   \
    X(STATUS_CONTROL_CLEAR, 211, N_("Control connection in the clear."))                           \
    X(STATUS_CONTROL_TLS, 211, N_("Control connection under {1}, {2}."))                           \
    X(STATUS_DATA_CLEAR, 211, N_("Data connections in the clear."))                                \
    X(STATUS_DATA_TLS, 211, N_("Data connections under TLS."))                                     \
    X(STATUS_PARAMETERS, 211, "{1}")                                                               \
    X(STATUS_PORT_DEFAULT, 211, N_("Data port: the default one."))                                 \
    X(STATUS_PORT_ACTIVE, 211, N_("Data port: connecting to {1}."))                                \
    X(STATUS_PORT_PASSIVE, 211, N_("Data port: listening."))                                       \
    X(STATUS_MOVING, 211, N_("Transfer of {1} in progress: {2} bytes so far."))                    \
    X(STATUS_RESTING, 211, N_("No transfer in progress."))                                         \
    X(STATUS_END, 211, N_("End of status."))                                                       \
    X(FEATURES, 211, N_("Extensions supported:"))                                                  \
    X(FEATURES_END, 211, N_("End."))                                                               \
    X(LIST_BEGIN, 212, N_("Status of {1}:"))                                                       \
    X(LIST_END, 212, N_("End of status."))                                                         \
    X(FILE_BEGIN, 213, N_("Status of {1}:"))                                                       \
    X(FILE_END, 213, N_("End of status."))                                                         \
    X(HELP_BEGIN, 214, N_("These commands are understood:"))                                       \
    X(HELP_SITE_BEGIN, 214, N_("These SITE commands are understood:"))                             \
    X(HELP_SYNTAX, 214, N_("Syntax: {1}"))                                                         \
    X(HELP_END, 214, N_("Send HELP and a command to learn about one."))                            \
    X(HELP_VERB_END, 214, N_("End of help."))                                                      \
    X(NAME_TYPE, 215, "UNIX Type: L8")                                                             \
    X(GREETING, 220, N_("{1} FTP server ready."))                                                  \
    X(REINITIALIZED, 220, N_("Service ready for new user."))                                       \
    X(HOST_OK, 220, N_("Host {1} selected."))                                                      \
    X(GOODBYE, 221, N_("Goodbye."))                                                                \
    X(TRANSFER_COMPLETE, 226, N_("Transfer complete."))                                            \
    X(UPLOAD_SUSPECT, 226, N_("File stored; the sender marked {1} bytes as suspect."))             \
    X(UPLOAD_COMPLETE, 226, N_("Transfer complete; file stored."))                                 \
    X(LISTING_COMPLETE, 226, N_("Listing complete."))                                              \
    X(ABORT_DONE, 226, N_("ABOR done; no transfer is running."))                                   \
    X(PASSIVE, 227, "Entering Passive Mode ({1}).")                                                \
    X(LONG_PASSIVE, 228, "Entering Long Passive Mode ({1}).")                                      \
    X(EXTENDED_PASSIVE, 229, "Entering Extended Passive Mode (|||{1}|).")                          \
    X(PASSWORD_CHANGED, 200, N_("Password changed."))                                              \
    X(LOGGED_IN, 230, N_("User {1} logged in."))                                                   \
    X(LOGGED_IN_PASSWORD, 230,                                                                     \
      N_("User {1} logged in; change your password first: SITE PSWD old new."))                    \
    X(LOGGED_IN_ANONYMOUS, 230, N_("Anonymous access granted."))                                   \
    X(LOGGED_IN_CERTIFICATE, 232, N_("User {1} logged in by certificate."))                        \
    X(TRANSFER_COMPLETE_OPEN, 250, N_("Transfer complete; data connection stays open."))           \
    X(UPLOAD_SUSPECT_OPEN, 250,                                                                    \
      N_("File stored; the sender marked {1} bytes as suspect; data connection stays open."))      \
    X(UPLOAD_COMPLETE_OPEN, 250, N_("File stored; data connection stays open."))                   \
    X(LISTING_COMPLETE_OPEN, 250, N_("Listing complete; data connection stays open."))             \
    X(TLS_BEGINS, 234, N_("AUTH {1} accepted: begin the TLS handshake."))                          \
    X(DIRECTORY_CHANGED, 250, N_("Directory is now {1}."))                                         \
    X(MOUNTED, 250, N_("Structure {1} mounted."))                                                  \
    X(DELETED, 250, N_("File deleted."))                                                           \
    X(DIRECTORY_REMOVED, 250, N_("Directory removed."))                                            \
    X(TREE_REMOVED, 250, N_("Directory and its contents removed."))                                \
    X(RENAMED, 250, N_("Renamed."))                                                                \
    X(COMBINED, 250, N_("Files combined into {1}."))                                               \
    X(DIGEST_IS, 250, "{1}")                                                                       \
    X(DIRECTORY_IS, 257, N_("{1} is the current directory."))                                      \
    X(DIRECTORY_MADE, 257, N_("{1} directory created."))                                           \
    X(SEND_PASSWORD, 331, N_("Password required for {1}."))                                        \
    X(SEND_ADDRESS, 331, N_("Anonymous login: send your e-mail address as password."))             \
    X(NEED_ACCOUNT, 332, N_("Need account for login."))                                            \
    X(RESTARTING, 350, N_("Restarting at {1}. Send the transfer command."))                        \
    X(RANGE_SET, 350, N_("Range set from {1} to {2}. Send the transfer command."))                 \
    X(RANGE_OFF, 350, N_("Range reset."))                                                          \
    X(RENAME_PENDING, 350, N_("File exists. Send the new name with RNTO."))                        \
    X(COPY_PENDING, 350, N_("File exists. Send the new name with SITE CPTO."))                     \
    X(CLOSING_IDLE, 421, N_("Idle for {1} seconds; closing the control connection."))              \
    X(CLOSING_LOGIN, 421, N_("No login in {1} seconds; closing the control connection."))          \
    X(CLOSING_SHUTDOWN, 421, N_("Server is shutting down; closing the control connection."))       \
    X(CLOSING_TOO_MANY, 421, N_("Too many connections; try again later."))                         \
    X(CLOSING_ATTEMPTS, 421, N_("Too many failed logins; closing the control connection."))        \
    X(CLOSING_ACCOUNT, 421, N_("Your access has ended; closing the control connection."))          \
    X(CLOSING_SESSION_TIME, 421,                                                                   \
      N_("The session has lasted {1} seconds; closing the control connection."))                   \
    X(CLOSING_KICKED, 421, N_("An administrator has ended this session."))                         \
    X(CLOSING_BANNED, 421, N_("Too many failed logins from this address; try again later."))       \
    X(CLOSING_FOREIGN, 421, N_("This is an FTP server; closing the control connection."))          \
    X(CLOSING_BUG, 421, N_("Internal error; closing the control connection."))                     \
    X(NO_DATA_CONNECTION, 425, N_("Cannot open data connection."))                                 \
    X(TOO_MANY_TRANSFERS, 425, N_("Cannot open data connection: too many transfers now."))         \
    X(NO_PASSIVE_PORT, 425, N_("No port is free for a passive data connection now."))              \
    X(TLS_FAILED, 425, N_("Cannot open data connection: TLS could not be agreed on."))             \
    X(CONNECTION_LOST, 426, N_("Data connection broken; transfer aborted."))                       \
    X(TIMED_OUT, 426, N_("Data connection stood still; transfer aborted."))                        \
    X(CANCELLED, 426, N_("Transfer aborted."))                                                     \
    X(BROKEN_OLD, 426, N_("Transfer aborted; the file that was there is unchanged."))              \
    X(BROKEN_PARTIAL, 426, N_("Transfer aborted; what arrived is kept to be resumed."))            \
    X(BROKEN_KEPT, 426, N_("Transfer aborted; it can go on from the last marker."))                \
    X(BROKEN_CHANGED, 426, N_("Transfer aborted; the file holds what arrived."))                   \
    X(BROKEN_NOTHING, 426, N_("Transfer aborted; nothing was stored."))                            \
    X(BUSY, 450, N_("File busy or server busy; try again later."))                                 \
    X(LIST_NOT_FOUND, 450, N_("No such file or directory."))                                       \
    X(LIST_DENIED, 450, N_("Permission denied."))                                                  \
    X(NO_CHANGE, 450, N_("File not available: local error."))                                      \
    X(LOCAL_ERROR, 451, N_("Local error in processing."))                                          \
    X(NAME_TAKEN, 451, N_("Nothing stored: a file of that name came meanwhile."))                  \
    X(ACTION_ABORTED, 451, N_("Requested action aborted."))                                        \
    X(LISTING_TOO_LARGE, 451, N_("Listing too large; it is not complete."))                        \
    X(DATA_MALFORMED, 451,                                                                         \
      N_("Data not in the form that TYPE, STRU and MODE say; transfer aborted."))                  \
    X(NO_SPACE, 452, N_("Insufficient storage space."))                                            \
    X(UNKNOWN, 500, N_("Command {1} not understood."))                                             \
    X(LINE_TOO_LONG, 500, N_("Command line too long."))                                            \
    X(SITE_UNKNOWN, 500, N_("SITE command {1} not understood; HELP SITE lists them."))             \
    X(ARGUMENT, 501, N_("Syntax error in parameters or arguments."))                               \
    X(NEEDS_ARGUMENT, 501, N_("{1} needs an argument."))                                           \
    X(TAKES_NO_ARGUMENT, 501, N_("{1} takes no argument."))                                        \
    X(NO_PASV_IPV6, 502, N_("PASV cannot name an IPv6 address; use EPSV."))                        \
    X(NO_HELP, 502, N_("No help on {1}: no such command."))                                        \
    X(BAD_SEQUENCE, 503, N_("Bad sequence of commands: send {1} first."))                          \
    X(LOGIN_FIRST_HOST, 503, N_("HOST comes before USER."))                                        \
    X(ONLY_EPSV, 503, N_("Refused: EPSV ALL was sent."))                                           \
    X(TLS_ALREADY, 503, N_("The control connection is under TLS already."))                        \
    X(TLS_CLEARED, 503, N_("Refused: CCC was sent."))                                              \
    X(NO_SECURITY_DATA, 503, N_("TLS needs no ADAT: its handshake follows AUTH."))                 \
    X(NOT_WITH_PARAMETER, 504, N_("Not implemented for that parameter."))                          \
    X(PORT_FOREIGN, 504, N_("Data ports must be on your own host."))                               \
    X(PORT_LOW, 504, N_("Data ports below 1024 are refused."))                                     \
    X(NO_SUCH_HOST, 504, N_("Unknown host."))                                                      \
    X(HOST_NOT_OF_TLS, 504, N_("TLS has begun for another host."))                                 \
    X(NO_SUCH_LANGUAGE, 504, N_("Language not available: see FEAT."))                              \
    X(LPRT_FAMILIES, 521, N_("Supported address families are (4,6)."))                             \
    X(EPRT_FAMILIES, 522, N_("Network protocol not supported, use {1}."))                          \
    X(DATA_TLS_FIRST, 522, N_("Data connections have to be private: send PROT P first."))          \
    X(NOT_LOGGED_IN, 530, N_("Please login with USER and PASS."))                                  \
    X(TLS_FIRST, 530, N_("This server wants TLS: send AUTH TLS first."))                           \
    X(TOO_MANY_SESSIONS, 530, N_("Too many sessions of this kind; try again later."))              \
    X(TLS_NOT_RESUMED, 522,                                                                        \
      N_("Data connection refused: it has to resume the TLS session of this one."))                \
    X(PASSWORD_FIRST, 530, N_("Change your password first: SITE PSWD old new."))                   \
    X(PASSWORD_WEAK, 553, N_("Password not changed: it {1}."))                                     \
    X(LOGIN_REFUSED, 530, N_("Login incorrect."))                                                  \
    X(NOTHING_TO_CLEAR, 533, N_("The control connection is in the clear."))                        \
    X(NO_PROTECTED_COMMANDS, 533, N_("Commands are protected by TLS as a whole, or not at all."))  \
    X(NO_TLS, 534, N_("There is no TLS here: the server has no certificate."))                     \
    X(CONTROL_STAYS_PRIVATE, 534, N_("The control connection has to stay under TLS."))             \
    X(DATA_STAYS_PRIVATE, 534, N_("Data connections have to be private here."))                    \
    X(NO_SUCH_PROTECTION, 536, N_("With TLS there are the levels C and P."))                       \
    X(NOT_FOUND, 550, N_("No such file or directory."))                                            \
    X(EXISTS, 550, N_("A file or directory of that name exists."))                                 \
    X(NOT_DIRECTORY, 550, N_("Not a directory."))                                                  \
    X(IS_DIRECTORY, 550, N_("Is a directory."))                                                    \
    X(NOT_PLAIN_FILE, 550, N_("Not a plain file."))                                                \
    X(NOT_EMPTY, 550, N_("Directory not empty."))                                                  \
    X(DENIED, 550, N_("Permission denied."))                                                       \
    X(NAME_INVALID, 550, N_("File name not allowed."))                                             \
    X(LINK_LOOP, 550, N_("Too many symbolic links."))                                              \
    X(CROSS_DEVICE, 550, N_("Names are on different file systems."))                               \
    X(UNSUPPORTED, 550, N_("Not supported by this file system."))                                  \
    X(FILE_MALFORMED, 550, N_("File not in the form that TYPE and STRU say."))                     \
    X(TREE_ERROR, 550, N_("Local error in processing."))                                           \
    X(TREE_NO_SPACE, 550, N_("Insufficient storage space."))                                       \
    X(PAGE_TYPE, 551, N_("Page type unknown; transfer aborted."))                                  \
    X(TOO_LARGE, 552, N_("Exceeded storage allocation."))                                          \
    X(NO_SPACE_MIDWAY, 552, N_("Insufficient storage space; transfer aborted."))                   \
    X(STORE_NOT_FOUND, 553, N_("Cannot store there: no such directory."))                          \
    X(STORE_EXISTS, 553, N_("Cannot store there: the name exists."))                               \
    X(STORE_NOT_FILE, 553, N_("Cannot store there: not a plain file."))                            \
    X(STORE_DENIED, 553, N_("Cannot store there: permission denied."))                             \
    X(STORE_REFUSED, 553, N_("File name not allowed."))                                            \
    X(MARKER_INVALID, 554, N_("That restart marker is not one of this transfer."))                 \
    X(RESTART_INVALID, 554, N_("Restart position is outside the file."))                           \
    X(RANGE_IN_TEXT, 554, N_("A range is of bytes: send TYPE I and STRU F first."))

enum reply_id {
    REPLY_NONE,
#define REPLY_ENUMERATOR(name, code, english) REPLY_##name,
    REPLY_LIST(REPLY_ENUMERATOR)
#undef REPLY_ENUMERATOR
        REPLY_ID_COUNT
};

/* Languages in the order of LANG's FEAT line; English is the default (RFC 2640 4.2). */
enum language { LANGUAGE_ENGLISH, LANGUAGE_SPANISH, LANGUAGE_COUNT };

/*
 * Loads the translations: those beside the program when it runs from its build
 * directory, else the installed ones. Once, before any thread starts; without
 * a catalogue English is sent.
 */
void replies_load(void);

/* "EN", "ES" and longer tags of them ("es-MX", RFC 1766), any case. */
bool language_parse(struct text tag, enum language *ret_language);
const char *language_tag(enum language language);
/* Is its catalogue installed? English always is. */
bool language_is_there(enum language language);

unsigned reply_code(enum reply_id id);
/*
 * The text in a language with its arguments put in, made fit for the line
 * (reply_put_text). `arguments` is as long as the text asks for.
 */
void reply_put_translated(struct builder *b, enum language language, enum reply_id id,
                          const struct text *arguments);
/* The whole reply line. */
void reply_put(struct builder *b, enum language language, enum reply_id id,
               const struct text *arguments);

/* Any text of the program in a language, if the catalogue has it. */
const char *translated(enum language language, const char *english);

/* By which column of the fault table a verb answers (RFC 959 5.4). */
enum reply_column {
    REPLY_COLUMN_FILE,   /* RETR DELE RNFR SIZE …: 450 550 */
    REPLY_COLUMN_STORE,  /* STOR STOU APPE RNTO: 450 452 553 */
    REPLY_COLUMN_LIST,   /* LIST NLST STAT: 450 */
    REPLY_COLUMN_TREE,   /* CWD CDUP MKD RMD SMNT: 550 */
    REPLY_COLUMN_MOVING, /* after 125 or 150: 425 426 451 552 */
    REPLY_COLUMN_COUNT
};

enum reply_id reply_of_fault(enum fault fault, enum reply_column column);

#endif
