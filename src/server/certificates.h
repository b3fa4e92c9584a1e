/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certificates: from the files that the settings name, or the certificate that
 * ferryd makes itself, to config->tls. What was read of keys is wiped.
 */
#ifndef FERRY_SERVER_CERTIFICATES_H
#define FERRY_SERVER_CERTIFICATES_H

#include "server/config.h"
#include "server/opener.h"

/* The certificate that signs itself, with its key: a file in the state directory. */
#define CERTIFICATES_SELF_SIGNED "self-signed.pem"

/*
 * Sets config->tls, which stays NULL where the settings ask for no TLS. Files are
 * opened by `opener`; the certificate of our own is in the directory `state`; NULL:
 * there is none. False with a message that names the setting and the file. Warns of keys
 * that others can read, and of certificates that expire soon. Blocks; the thread
 * that loads the configuration, before it is shared.
 */
bool certificates_load(struct config *config, const struct opener *opener, const char *state,
                       char message[CONFIG_MESSAGE_SIZE]);

#endif
