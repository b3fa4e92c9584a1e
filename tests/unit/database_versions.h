/* SPDX-License-Identifier: Apache-2.0 */
/*
 * database_versions: what a file of each released version of the schema held,
 * as SQL. What was released does not change: a new version is a new text. Each
 * has the user anna in the group staff, with the folder pool at /pub, and a
 * term of each kind of column.
 */
#ifndef FERRY_TESTS_DATABASE_VERSIONS_H
#define FERRY_TESTS_DATABASE_VERSIONS_H

static const char *const database_versions[] = {
    /* 1: ferry 0.1.0 */
    "PRAGMA journal_mode = WAL;"
    "PRAGMA application_id = 1718776441;"
    "PRAGMA user_version = 1;"
    "CREATE TABLE users(name TEXT PRIMARY KEY NOT NULL, password TEXT, root TEXT, charge "
    "TEXT, disabled INTEGER, expires INTEGER, must_change_password INTEGER, require_tls "
    "INTEGER, hours TEXT, allow_from TEXT, deny_from TEXT, read_only INTEGER, rule TEXT, "
    "allow_name TEXT, deny_name TEXT, hide_name TEXT, ignore_case INTEGER, max_sessions "
    "INTEGER, max_transfers INTEGER, max_per_address INTEGER, download_rate INTEGER, "
    "upload_rate INTEGER, max_session_time INTEGER, idle_time INTEGER, max_file_size "
    "INTEGER, quota_bytes INTEGER, quota_files INTEGER, ratio TEXT, comment TEXT) STRICT;"
    "CREATE TABLE groups(name TEXT PRIMARY KEY NOT NULL, disabled INTEGER, expires INTEGER, "
    "require_tls INTEGER, hours TEXT, allow_from TEXT, deny_from TEXT, read_only INTEGER, "
    "rule TEXT, allow_name TEXT, deny_name TEXT, hide_name TEXT, ignore_case INTEGER, "
    "max_sessions INTEGER, max_transfers INTEGER, max_per_address INTEGER, download_rate "
    "INTEGER, upload_rate INTEGER, max_session_time INTEGER, idle_time INTEGER, "
    "max_file_size INTEGER, quota_bytes INTEGER, quota_files INTEGER, ratio TEXT, comment "
    "TEXT) STRICT;"
    "CREATE TABLE folders(name TEXT PRIMARY KEY NOT NULL, path TEXT NOT NULL, read_only "
    "INTEGER, quota_bytes INTEGER, quota_files INTEGER, comment TEXT) STRICT;"
    "CREATE TABLE user_groups( user TEXT NOT NULL REFERENCES users(name) ON DELETE CASCADE, "
    "\"group\" TEXT NOT NULL REFERENCES groups(name), position INTEGER NOT NULL, PRIMARY KEY "
    "(user, \"group\")) STRICT, WITHOUT ROWID;"
    "CREATE TABLE user_mounts( user TEXT NOT NULL REFERENCES users(name) ON DELETE CASCADE, "
    "folder TEXT NOT NULL REFERENCES folders(name), at TEXT NOT NULL, PRIMARY KEY (user, "
    "at)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE group_mounts( \"group\" TEXT NOT NULL REFERENCES groups(name) ON DELETE "
    "CASCADE, folder TEXT NOT NULL REFERENCES folders(name), at TEXT NOT NULL, PRIMARY KEY "
    "(\"group\", at)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE usage(key TEXT PRIMARY KEY NOT NULL, bytes INTEGER NOT NULL, files INTEGER "
    "NOT NULL, uploaded_bytes INTEGER NOT NULL, downloaded_bytes INTEGER NOT NULL, is_open "
    "INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE bans(subject TEXT PRIMARY KEY NOT NULL, reason TEXT NOT NULL, until "
    "INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE server(id INTEGER PRIMARY KEY CHECK (id = 1), socket TEXT NOT NULL) STRICT;"
    "CREATE INDEX user_groups_of_group ON user_groups(\"group\", user);"
    "CREATE INDEX user_mounts_of_folder ON user_mounts(folder);"
    "CREATE INDEX group_mounts_of_folder ON group_mounts(folder);"
    "INSERT INTO groups(name, deny_name) VALUES ('staff', '*.exe');"
    "INSERT INTO folders(name, path, read_only) VALUES ('pool', '/srv/pool', 1);"
    "INSERT INTO users(name, password, max_sessions, ratio, hours)"
    " VALUES ('anna', '$y$x', 3, '1:3', 'Mon 08:00-18:00' || char(10) || 'Tue 08:00-12:00');"
    "INSERT INTO user_groups VALUES ('anna', 'staff', 0);"
    "INSERT INTO user_mounts VALUES ('anna', 'pool', '/pub');"
    "INSERT INTO group_mounts VALUES ('staff', 'pool', '/staff');"
    "INSERT INTO usage VALUES ('tree', 1, 2, 3, 4, 0);"
    "INSERT INTO bans VALUES ('192.0.2.1', 'guessing', 9000000000);"
    "INSERT INTO server VALUES (1, '/run/ferryd.sock');",
};

#endif
